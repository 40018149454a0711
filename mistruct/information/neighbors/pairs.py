r"""Information between single columns from distances to nearest neighbours, for all pairs at once.

For two continuous columns it is that of Kraskov, Stögbauer and Grassberger (2004), with the
distance to the k-th neighbour of each point in the max norm: in variant 1 (eq. 8)

.. math:: \psi(k) + \psi(n) - \langle \psi(n_x + 1) + \psi(n_y + 1) \rangle

with the numbers :math:`n_x`, :math:`n_y` of other points strictly closer along one axis, in
variant 2 (eq. 9)

.. math:: \psi(k) - 1/k + \psi(n) - \langle \psi(n_x) + \psi(n_y) \rangle

with those no farther than the k neighbours reach along that axis. Where a column repeats values,
:math:`\psi(n_x + 1)` is its mean over all ways to break ties with the k-th neighbour
(`mistruct.kernels.neighbors.ties`), so that neither noise is needed nor lattices add information,
and what is discrete in all but name gets its counts. In variant 2 a point is counted so if ties
leave open which the k neighbours are, or which of them reaches farthest along an axis.

With a discrete column, whose categories are infinitely far apart, the neighbours are those in the
own category (Ross 2014): :math:`\psi(k_i) + \psi(n) - \psi(N_x) - \psi(m)`, with
:math:`k_i = \min(k, N_x - 1)` in a category of :math:`N_x` points and m - 1 other points strictly
closer than the :math:`k_i`-th, or the mean over all ways to break ties. A point alone in its
category is left out. Two discrete columns have only ties: :math:`\langle \psi(N_{xy}) - \psi(N_x)
- \psi(N_y) \rangle + \psi(n)`.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.special import psi

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.errors import MistructWarning, TooFewRowsError
from mistruct.information.blocks import complete
from mistruct.information.blocks import normal_scores as scores_of
from mistruct.information.tiles import Pairs, infinite_pairs, pairwise_by_tiles
from mistruct.kernels.neighbors.pair_axes import SortedColumns, lay_out, make_axes
from mistruct.kernels.neighbors.pairs import find_extents, find_radii, information_of_pairs
from mistruct.kernels.neighbors.pairs_with_classes import (
    information_between_classes,
    information_with_classes,
)
from mistruct.kernels.neighbors.pairs_with_ties import information_of_tied_pairs, sum_with_ties
from mistruct.kernels.neighbors.sorted_line import COUNTED, sum_over_counts
from mistruct.kernels.simd import LANES
from mistruct.parallel import for_each, run_blocks

# Fewer rows say nothing.
_FEWEST_ROWS = 4

# Points of a single pair that one thread takes at a time, some milliseconds of work. The sums
# over blocks are added in order, so the result does not depend on the number of threads.
_POINTS_OF_A_BLOCK = 8192

# Columns that one thread sorts at a time.
_COLUMNS_AT_ONCE = 64

# Beyond this multiple of the typical distance to a k-th neighbour, a point is searched alone.
_WINDOWS_SIDE_BY_SIDE = 4.0

# What a point takes, on about two cores of 2023, to be sorted in and for each step of its search.
_NANOSECONDS_PER_POINT = 30.0
_NANOSECONDS_PER_STEP = 1.4

_DESCRIPTION = "mutual information (nearest neighbors)"


def pairwise_by_neighbors(
    data: Dataset,
    rows: Positions,
    columns: Positions,
    n_neighbors: int,
    variant: int,
    normal_scores: bool,
    dtype: DTypeLike = np.float64,
) -> Pairs:
    """Information between the columns at positions `rows` and `columns`.

    Each pair over its own complete rows, on which continuous columns become normal scores if
    asked for; NaN where there are none. A continuous column has infinite information with itself
    and with one of equal or exactly reversed values, a constant column has none with any.

    Raises
    ------
    DataError
        A pair with a continuous column has fewer complete rows than 4 or ``n_neighbors + 1``.
    """
    if not len(rows) or not len(columns):
        return np.empty((len(rows), len(columns)), dtype=dtype)
    used = np.unique(np.concatenate([rows, columns]))
    chosen = data.select([data.names[i] for i in used])
    matrix = _Matrix(chosen, n_neighbors, variant, normal_scores)
    rows, columns = np.searchsorted(used, rows), np.searchsorted(used, columns)
    result = pairwise_by_tiles(
        matrix.fill, rows, columns, matrix.nanoseconds_per_pair, dtype, _DESCRIPTION
    )
    infinite = infinite_pairs(rows, columns, result)
    _warn_of_infinite([(chosen.names[x], chosen.names[y]) for x, y in infinite])
    return result


def pair_by_neighbors(
    data: Dataset, x: str, y: str, n_neighbors: int, variant: int, normal_scores: bool
) -> float:
    """Information between two columns over their complete rows; threads share the points.

    As an entry of the matrix, but DataError where no row is complete.
    """
    pair = complete(data, (x, y))
    if "continuous" in pair.kinds.values():
        _require_rows(pair.n_samples, n_neighbors, x, y)
    shared = pair.n_samples > _POINTS_OF_A_BLOCK
    table = PairTable(pair, n_neighbors, variant, normal_scores, shared)
    value = table.information_of_one(pair.names.index(x), pair.names.index(y))
    _warn_of_infinite([(x, y)] if math.isinf(value) else [])
    return value


class _Matrix:
    """Computation of tiles of the matrix of all columns of a table, complete or not."""

    def __init__(self, data: Dataset, n_neighbors: int, variant: int, normal_scores: bool) -> None:
        self.data = data
        self.settings = (n_neighbors, variant, normal_scores)
        self.complete = np.array([data.n_missing[name] == 0 for name in data.names])
        self.is_continuous = ~data.discrete_mask
        of_table = [name for name in data.names if data.n_missing[name] == 0]
        self.table = PairTable(data.select(of_table), *self.settings)
        self.place = np.cumsum(self.complete) - 1
        in_window = math.sqrt(n_neighbors * data.n_samples)
        self.nanoseconds_per_pair = data.n_samples * (
            _NANOSECONDS_PER_POINT + _NANOSECONDS_PER_STEP * in_window * (1 + n_neighbors / 10)
        )

    def fill(
        self, rows: Positions, columns: Positions, symmetric: bool, tile: NDArray[np.float64]
    ) -> None:
        wanted = np.ones(tile.shape, dtype=np.bool_)
        a, b = np.nonzero(np.triu(wanted) if symmetric else wanted)
        x, y = rows[a], columns[b]
        known = self.complete[x] & self.complete[y]
        for p in np.flatnonzero(known & (self.is_continuous[x] | self.is_continuous[y]))[:1]:
            self._require_rows(self.data.n_samples, x[p], y[p])
        values = np.empty(a.size)
        values[known] = self.table.information(self.place[x[known]], self.place[y[known]])
        for p in np.flatnonzero(~known):
            values[p] = self._information_of_gapped(x[p], y[p])
        tile[a, b] = values

    def _information_of_gapped(self, x: int, y: int) -> float:
        names = dict.fromkeys((self.data.names[x], self.data.names[y]))
        pair = self.data.select(names).complete_rows()
        ranked = self.is_continuous[x] or self.is_continuous[y]
        if pair.n_samples < (_least_rows(self.settings[0]) if ranked else 1):
            return math.nan
        table = PairTable(pair, *self.settings)
        return float(table.information(np.array([0]), np.array([len(names) - 1]))[0])

    def _require_rows(self, n: int, x: int, y: int) -> None:
        _require_rows(n, self.settings[0], self.data.names[x], self.data.names[y])


class PairTable:
    """Complete columns: the continuous ones sorted, and the margins of the discrete ones."""

    def __init__(
        self,
        data: Dataset,
        n_neighbors: int,
        variant: int,
        normal_scores: bool,
        shared: bool = False,
    ) -> None:
        n = data.n_samples
        self.n_neighbors = n_neighbors
        self.variant = variant
        self.is_continuous = ~data.discrete_mask
        self.row = np.array([data.row(name) for name in data.names])
        self.psi = psi(np.maximum(np.arange(n + 2), 1))
        self.codes, self.n_states = data.codes, data.n_states
        counts = [np.bincount(codes) for codes in data.codes]
        self.grouped = np.argsort(data.codes, axis=1, kind="stable").astype(np.int32)
        self.margins = np.array([(c * self.psi[c]).sum() for c in counts])
        shape = data.values.shape
        self.sorted = SortedColumns(
            np.empty(shape), np.empty(shape, np.int32), np.empty(shape, np.int32)
        )
        self.is_tied = np.empty(len(data.values), dtype=np.bool_)

        places = np.arange(n, dtype=np.int32)
        untied = scores_of(places[np.newaxis].astype(np.float64))[0]

        def sort(rows: slice) -> None:
            values = data.values[rows]
            order = np.argsort(values, axis=1)
            ordered = np.take_along_axis(values, order, axis=1)
            tied = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
            if normal_scores:
                ordered[~tied] = untied
                scores = scores_of(values[tied])
                order[tied] = np.argsort(scores, axis=1)
                ordered[tied] = np.take_along_axis(scores, order[tied], axis=1)
            self.sorted.order[rows], self.sorted.ordered[rows] = order, ordered
            self.is_tied[rows] = tied
            np.put_along_axis(self.sorted.rank[rows], order, places[np.newaxis], axis=1)

        n_rows, step = len(data.values), 1 if shared else _COLUMNS_AT_ONCE
        chunks = [slice(a, a + step) for a in range(0, n_rows, step)]
        several = len(chunks) > 1  # else a thread would cost more
        for _ in (
            run_blocks(sort, chunks, description=_DESCRIPTION) if several else map(sort, chunks)
        ):
            pass
        self.is_constant = np.array(
            [
                self.sorted.ordered[row, 0] == self.sorted.ordered[row, -1]
                if continuous
                else np.count_nonzero(counts[row]) == 1
                for row, continuous in zip(self.row, self.is_continuous, strict=True)
            ],
            dtype=np.bool_,
        )
        # A point counts for itself, but not in variant 2.
        self.terms = self.psi if variant == 1 else np.roll(self.psi, 1)
        self.reach = max(COUNTED, int(_WINDOWS_SIDE_BY_SIDE * math.sqrt(n_neighbors * n)))

    def information(self, x: Positions, y: Positions) -> NDArray[np.float64]:
        """Information between columns `x` and `y`, pair by pair."""
        values = np.zeros(x.size)
        x_continuous, y_continuous = self.is_continuous[x], self.is_continuous[y]
        x, y = np.where(x_continuous > y_continuous, (y, x), (x, y))  # discrete before continuous
        varying = ~(self.is_constant[x] | self.is_constant[y])
        x_rows, y_rows = self.row[x], self.row[y]
        for chosen, estimate in (
            (x_continuous & y_continuous, self._of_continuous),
            (x_continuous ^ y_continuous, self._of_mixed),
            (~x_continuous & ~y_continuous, self._of_discrete),
        ):
            pairs = chosen & varying
            if pairs.any():  # else its kernel would be compiled for nothing
                values[pairs] = estimate(x_rows[pairs], y_rows[pairs])
        return values

    def _of_continuous(self, x_rows: Positions, y_rows: Positions) -> Any:
        tied = self.is_tied[x_rows] | self.is_tied[y_rows]
        settings = self.reach, self.n_neighbors, self.variant
        values = np.empty(x_rows.size)
        for chosen, kernel, tables in (
            (~tied, information_of_pairs, (self.terms, self.psi[-2])),
            (tied, information_of_tied_pairs, (self.psi,)),
        ):
            if chosen.any():  # else it would be compiled for nothing
                values[chosen] = kernel(
                    self.sorted, x_rows[chosen], y_rows[chosen], *settings, *tables
                )
        return values

    def _of_mixed(self, x_rows: Positions, y_rows: Positions) -> Any:
        return information_with_classes(
            self.sorted.ordered, self.sorted.order, self.codes, self.n_states, x_rows, y_rows,
            self.n_neighbors, self.psi,
        )  # fmt: skip

    def _of_discrete(self, x_rows: Positions, y_rows: Positions) -> Any:
        return information_between_classes(
            self.codes,
            self.grouped,
            int(self.n_states.max()),
            self.margins,
            x_rows,
            y_rows,
            self.psi,
        )

    def information_of_one(self, x: int, y: int) -> float:
        """Information between columns `x` and `y`; threads share the points of continuous ones."""
        n = self.sorted.ordered.shape[1]
        both = np.array([x]), np.array([y])
        if not self.is_continuous[[x, y]].all() or self.is_constant[[x, y]].any():
            return float(self.information(*both)[0])
        x, y = self.row[x], self.row[y]
        axes = make_axes(n, self.reach)
        if lay_out(self.sorted, x, y, axes):
            return math.inf
        radius, radius_y = np.empty((2, n + LANES))
        tied = self.is_tied[x] or self.is_tied[y]
        blocks = range(0, n, _POINTS_OF_A_BLOCK)

        def measure(first: int) -> None:
            last = min(first + _POINTS_OF_A_BLOCK, n)
            find_radii(axes, self.reach, self.n_neighbors, first, last, radius)
            if self.variant == 2 and not tied:
                find_extents(axes, self.reach, first, last, radius, radius_y)

        def count(first: int) -> float:
            last = min(first + _POINTS_OF_A_BLOCK, n)
            if tied:
                return -float(
                    sum_with_ties(
                        axes, self.n_neighbors, self.variant, first, last, radius, self.psi
                    )
                )
            return float(
                sum_over_counts(axes.x, radius, axes.pad, first, last, self.terms)
                + sum_over_counts(axes.y, radius_y, axes.pad, first, last, self.terms)
            )

        for_each(measure, blocks, description=_DESCRIPTION)
        k = self.n_neighbors
        if tied:
            total = 0.0
        elif self.variant == 2:
            total = n * (self.psi[k] - 1 / k)
        else:
            radius_y[axes.place] = radius[:n]
            total = n * self.psi[k]
        total -= sum(run_blocks(count, blocks, description=_DESCRIPTION))
        return float(total / n + self.psi[-2])


def _least_rows(n_neighbors: int) -> int:
    return max(n_neighbors + 1, _FEWEST_ROWS)


def _require_rows(n: int, n_neighbors: int, x: str, y: str) -> None:
    least = _least_rows(n_neighbors)
    if n < least:
        raise TooFewRowsError(
            f"columns {x!r} and {y!r} have {n} complete rows, "
            f"but n_neighbors={n_neighbors} needs at least {least}"
        )


def _warn_of_infinite(pairs: list[tuple[str, str]]) -> None:
    if pairs:
        shown = ", ".join(f"{x!r} and {y!r}" for x, y in pairs[:3])
        more = f" and {len(pairs) - 3} more pairs" if len(pairs) > 3 else ""
        warnings.warn(
            f"the information between {shown}{more} is infinite: "
            "one column has the values of the other, or the reverse of them",
            MistructWarning,
            stacklevel=3,
        )
