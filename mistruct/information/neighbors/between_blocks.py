r"""Information between blocks of columns of any kind, from distances to nearest neighbours.

Where points lie close together, their density is high: the distance :math:`\rho_i` from point i to
its k-th neighbour in the joint space tells the density there, and the numbers of points within
that distance in the subspaces tell theirs, with errors that nearly cancel (Kraskov, Stögbauer and
Grassberger 2004). Distances are in the max norm, and different categories are infinitely far apart
(Mesner and Shalizi 2021). One count then serves all columns:

- The neighbour of point i is its :math:`k_i`-th, with :math:`k_i` the smaller of k and the number
  of other points in its joint category. A point alone there has no neighbour: it is left out of
  everything, unless all columns are discrete.
- :math:`n_{s,i}` in subspace s is 1 and the number of other points strictly closer than
  :math:`\rho_i`. Where a continuous column repeats values, several points may be as far, and
  :math:`\psi(n_{s,i})` is its mean over all ways to break such ties (`ties`).

:math:`I(X; Y | Z)` is the mean of :math:`\psi(k_i) - \psi(n_{xz,i}) - \psi(n_{yz,i}) +
\psi(n_{z,i})`, with :math:`n_{z,i} = n` where there is no z. If all columns are discrete all of
these are numbers of equal points, :math:`k_i` as well.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import psi

from mistruct._typing import Floats
from mistruct.data.dataset import Dataset
from mistruct.errors import DataError, MistructWarning, TooFewRowsError
from mistruct.information.blocks import complete, joint_labels, normal_scores
from mistruct.information.neighbors.points import Counts, Tree, arrange
from mistruct.information.neighbors.ties import mean_psi_of_spaces, repeat_values

# A category is a coordinate whose values are so far apart that no neighbour is sought in another
# one: normal scores differ by less than 20, and other values are scaled to at most 1 in size.
_APART = 64.0

# Fewer rows say nothing.
_FEWEST_ROWS = 4

Names = Sequence[str]


def information_of_blocks(
    data: Dataset, x: Names, y: Names, z: Names, n_neighbors: int, variant: int, scores: bool
) -> float:
    """Estimate I(x; y | z) in complete rows, from normal scores if `scores` is True.

    Variant 2 is for continuous columns without z.
    """
    points = Points(data, (*x, *y, *z), n_neighbors, scores)
    z = points.varying(z)
    x, y = points.beyond(z, points.varying(x)), points.beyond(z, points.varying(y))
    if not x or not y:
        return 0.0
    if twins := points.twins(x, y):
        _warn(f"the information is infinite: {twins}")
        return math.inf
    near = Neighborhood(points, (x, z, y), n_neighbors)
    if not near.n_points:
        return 0.0
    if variant == 2:
        return near.redundancy_in_rectangles((x, y))
    psi_xz, psi_yz, psi_z = near.mean_psi([(*x, *z), (*y, *z), z])
    return _mean_psi(near.n_nearest) + psi_z - (psi_xz + psi_yz)


def total_correlation_of_columns(
    data: Dataset, names: Names, n_neighbors: int, variant: int, scores: bool
) -> float:
    """Estimate the total correlation of columns, as in `information_of_blocks`."""
    points = Points(data, names, n_neighbors, scores)
    names = points.varying(names)
    if len(names) < 2:
        return 0.0
    for i, name in enumerate(names):
        if twins := points.twins([name], names[:i]):
            _warn(f"the total correlation is infinite: {twins}")
            return math.inf
    columns = [(name,) for name in names]
    near = Neighborhood(points, sorted(columns), n_neighbors)
    if not near.n_points:
        return 0.0
    if variant == 2:
        return near.redundancy_in_rectangles(columns)
    singles = sum(near.mean_psi(columns))
    return _mean_psi(near.n_nearest) + (len(names) - 1) * float(psi(near.n_points)) - singles


def entropy_of_block(data: Dataset, names: Names, n_neighbors: int) -> float:
    """Estimate the entropy of a block: H(discrete) + h(continuous | discrete)."""
    points = Points(data, names, n_neighbors, scores=False)
    ranked = Points(data, names, n_neighbors, scores=True)
    names = tuple(dict.fromkeys(names))
    continuous = [name for name in names if not data.is_discrete(name)]
    listed = ", ".join(map(repr, continuous))
    degenerate = f"the entropy of {listed} is that of a density and minus infinity: "
    if constant := set(continuous) - set(ranked.varying(names)):
        _warn(f"{degenerate}{min(constant)!r} is constant")
        return -math.inf
    for i, name in enumerate(continuous):
        if twins := ranked.twins([name], continuous[:i]):
            _warn(degenerate + twins)
            return -math.inf
    near = Neighborhood(points, (names,), n_neighbors)
    if not near.n_points:
        raise DataError(f"the entropy of {listed} needs two rows of one category, and all differ")
    nats = float(psi(near.n_points)) - _mean_psi(near.n_nearest)
    if not continuous:
        return nats
    if not near.radii.all():
        _warn(f"{degenerate}a row occurs more than n_neighbors={n_neighbors} times")
        return -math.inf
    log_diameter = float(np.log(2.0 * near.radii).mean()) + points.exponent * math.log(2.0)
    return nats + len(continuous) * log_diameter


class Points:
    """Complete rows of some columns, as points.

    Attributes
    ----------
    table : Dataset
        The columns in these rows.
    values : ndarray, shape (n_continuous, n_samples)
        The normal scores, or the table's values times 2 to the power of minus `exponent`: of
        size 1 at most and, since that changes no digit, with the same order of all distances.
    """

    def __init__(self, data: Dataset, names: Names, n_neighbors: int, scores: bool) -> None:
        self.table = complete(data, names)
        self.values = self.table.values
        self.exponent = 0
        if not self.table.continuous:
            return
        n_samples = self.table.n_samples
        if n_samples < _FEWEST_ROWS or n_neighbors >= n_samples:
            raise TooFewRowsError(
                f"columns {', '.join(map(repr, self.table.names))} have {n_samples} complete rows, "
                f"but n_neighbors={n_neighbors} needs at least {max(_FEWEST_ROWS, n_neighbors + 1)}"
            )
        if scores:
            self.values = normal_scores(self.values)
        else:
            self.exponent = int(np.frexp(np.abs(self.values).max())[1])
            self.values = np.ldexp(self.values, -self.exponent)

    def varying(self, names: Iterable[str]) -> tuple[str, ...]:
        """Columns that are not constant, each once."""
        return tuple(n for n in dict.fromkeys(names) if np.ptp(self._column(n)) > 0)

    def beyond(self, known: Names, names: Names) -> tuple[str, ...]:
        """Columns that are not discrete or twins of `known` ones."""
        n_labels = joint_labels(self.table, known)[1]
        return tuple(
            name
            for name in names
            if not self.twins([name], known)
            and (
                not self.table.is_discrete(name)
                or joint_labels(self.table, (*known, name))[1] > n_labels
            )
        )

    def twins(self, x: Iterable[str], y: Iterable[str]) -> str:
        """Description of a continuous column of x with a twin in y; empty if there is none.

        Twins are equal or exact mirror images, as the same ranks upwards and downwards are.
        """
        for a in x:
            for b in y:
                if self.table.is_discrete(a) or self.table.is_discrete(b):
                    continue
                if a == b:
                    return f"continuous column {a!r} is on both sides"
                of_a, of_b = self._column(a), self._column(b)
                if np.array_equal(of_a, of_b) or np.array_equal(of_a, -of_b):
                    return f"continuous columns {a!r} and {b!r} determine each other"
        return ""

    def _column(self, name: str) -> NDArray[Any]:
        is_continuous = not self.table.is_discrete(name)
        rows = self.values if is_continuous else self.table.codes
        column: NDArray[Any] = rows[self.table.row(name)]
        return column


class Neighborhood:
    """Nearest neighbours of all points in the joint space of blocks of columns.

    Attributes
    ----------
    n_points : int
        How many points have one.
    radii : ndarray, shape (n_points,)
        The distance to it.
    n_nearest : ndarray of int, shape (n_points,)
        Which neighbour it is, or how many points there are where all columns are discrete.
    """

    def __init__(self, points: Points, blocks: Sequence[Names], n_neighbors: int) -> None:
        self._table, self._values = points.table, points.values
        self._names = tuple(dict.fromkeys(name for block in blocks for name in block))
        self._block = {name: b for b, block in enumerate(blocks) for name in block}
        self._n_neighbors = n_neighbors
        n_members = self._n_members(self._names)
        self._is_tied = False
        if not self._continuous(self._names):
            self.n_points = n_members.size
            self.radii = np.zeros(self.n_points)
            self.n_nearest = n_members
            return
        kept = n_members > 1
        if not kept.all():
            self._table, self._values = self._table.take(kept), self._values[:, kept]
        self.n_points = int(kept.sum())
        if not self.n_points:
            return
        self._tree = Tree(self._coordinates(self._names))
        self.n_nearest = np.minimum(n_neighbors, n_members[kept] - 1)
        self.radii = self._tree.nearest(self.n_nearest)
        rows = [self._table.row(name) for name in self._continuous(self._names)]
        self._is_tied = repeat_values(self._values[rows])

    def mean_psi(self, spaces: Sequence[Names]) -> list[float]:
        """Mean psi of 1 + the number of points closer than the neighbour, in each subspace.

        Points that are as far as the neighbour are counted as in `ties`.
        """
        if self._is_tied:
            return [math.fsum(values) / self.n_points for values in self._psi_with_ties(spaces)]
        return [_mean_psi(counts) for counts in self._closer(spaces, [self.radii] * len(spaces))]

    def redundancy_in_rectangles(self, blocks: Sequence[Names]) -> float:
        """Redundancy of blocks of continuous columns, by counts in rectangles.

        Kraskov, Stögbauer and Grassberger (2004), eq. 9 and 24. Where ties leave open which the
        neighbours are, or in a block which of them is the farthest, it is eq. 8 or 23.
        """
        block_of = {name: b for b, block in enumerate(blocks) for name in block}
        reach = self._tree.reach(self.radii, np.array([block_of[name] for name in self._names]))
        counts = self._count(blocks, list(reach))
        k, m = self._n_neighbors, len(blocks)
        of_all = float(psi(k)) - (m - 1) / k + (m - 1) * float(psi(self.n_points))
        if not self._is_tied:
            return of_all - sum(_mean_psi(n - 1) for n in counts)
        clear = self._tree.within(self.radii) == k + 1
        for n, far, closer in zip(counts, reach, self._closer(blocks, reach), strict=True):
            clear &= n - np.where(far > 0, closer, 1) == 1
        by_radius = sum(self._psi_with_ties(blocks)) - (m - 1) / k
        singles = np.where(clear, sum(psi(n - 1) for n in counts), by_radius)
        return of_all - math.fsum(singles) / self.n_points

    def _psi_with_ties(self, spaces: Sequence[Names]) -> list[Floats]:
        continuous = [s for s in spaces if self._continuous(s)]
        found = iter(
            mean_psi_of_spaces(
                self._tree,
                self._blocks_of(self._names),
                arrange([self._coordinates(s) for s in continuous]),
                [self._blocks_of(s) for s in continuous],
                self.n_nearest,
                self.radii,
            )
        )
        return [next(found) if s in continuous else psi(self._n_members(s)) for s in spaces]

    def _closer(self, spaces: Sequence[Names], limits: Iterable[Floats]) -> list[Counts]:
        """Number of points closer than a positive limit, with the point itself."""
        return self._count(spaces, [np.nextafter(limit, 0.0) for limit in limits])

    def _count(self, spaces: Sequence[Names], limits: Sequence[Floats]) -> list[Counts]:
        continuous = [s for s in spaces if self._continuous(s)]
        arranged = iter(arrange([self._coordinates(s) for s in continuous]))
        return [
            next(arranged).within(limit) if space in continuous else self._n_members(space)
            for space, limit in zip(spaces, limits, strict=True)
        ]

    def _continuous(self, names: Names) -> list[str]:
        return [name for name in names if not self._table.is_discrete(name)]

    def _blocks_of(self, names: Names) -> Counts:
        """Block of each continuous coordinate; the coordinate of categories has none."""
        return np.array([*(self._block[name] for name in self._continuous(names)), -1])

    def _n_members(self, names: Names) -> Counts:
        labels, _ = joint_labels(self._table, names)
        return np.bincount(labels)[labels]

    def _coordinates(self, names: Names) -> Floats:
        coordinates = self._values[[self._table.row(name) for name in self._continuous(names)]]
        labels, n_labels = joint_labels(self._table, names)
        return np.vstack([coordinates, _APART * labels]) if n_labels > 1 else coordinates


def _mean_psi(counts: Counts) -> float:
    """Mean of psi over positive counts, independent of their order."""
    n_times = np.bincount(counts)
    occurring = np.flatnonzero(n_times)
    return float((n_times[occurring] * psi(occurring)).sum() / counts.size)


def _warn(message: str) -> None:
    warnings.warn(message, MistructWarning, stacklevel=3)
