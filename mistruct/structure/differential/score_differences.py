r"""Tests of equal dependence of pairs of ordered columns in groups of rows.

Each column is replaced by its normal scores within each group, so that only dependence is
compared, not location, scale or shape. In each group g of :math:`n_g` rows, with Fisher's
transform :math:`z_g` of the correlation of the scores, the linear statistic is

.. math:: Q = \sum_g (n_g - 3) (z_g - \bar z)^2,

and that of form is the same of the correlations that involve the second Hermite polynomial of the
scores: of each column's polynomial with the other's scores, and of both polynomials. It sees
dependence that rises and falls, or that changes the spread.

Labels of the groups are permuted, within strata, and everything is ranked again in the new groups.
The statistic of each pair is divided by its mean over the permutations, which removes most of what
makes its distribution depend on the pair, and its p-value is the share of the statistics of all
pairs and permutations that are as large. If the dependence of a pair is the same in all groups,
the scores of its rows are exchangeable between them but for the ranking.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from mistruct._typing import Floats, Positions
from mistruct.information.copula.blas import one_blas_thread
from mistruct.kernels.gaussian.cell_scores import score_in_cells
from mistruct.parallel import for_each, slices

# Columns of a tile of pairs, whose statistics under all permutations are held at once.
_COLUMNS_AT_ONCE = 256
# Of more statistics under permutation than this, the largest are kept, and others by their share.
_MOST_DRAWS = 4_000_000
_LARGEST = 1_000_000
# A correlation of 1 has no finite transform.
_LARGEST_CORRELATION = 1.0 - 1e-9


class Groups(NamedTuple):
    """Group and stratum of each row, as codes without gaps."""

    group: Positions
    stratum: Positions

    @property
    def cell(self) -> Positions:
        """Codes of group and stratum together, ordered by group."""
        return self.group * (int(self.stratum.max()) + 1) + self.stratum

    def permuted(self, rng: np.random.Generator) -> Groups:
        """The groups with their labels permuted within each stratum."""
        group = self.group.copy()
        for s in range(int(self.stratum.max()) + 1):
            rows = np.flatnonzero(self.stratum == s)
            group[rows] = rng.permutation(group[rows])
        return Groups(group, self.stratum)


class Scores(NamedTuple):
    """Unit scores of the columns in each group, and which entries are known, if not all are."""

    scores: list[Floats]
    known: list[Floats] | None


class Sorted(NamedTuple):
    """Sorted columns, from which ranks within any groups follow by counting."""

    order: Positions
    n_known: Positions
    tied: NDArray[np.bool_]

    @classmethod
    def of(cls, values: Floats) -> Sorted:
        """Sort each row of `values`, shape (n_columns, n_rows); NaN comes last."""
        order = np.argsort(values, axis=1, kind="stable")
        ordered = np.take_along_axis(values, order, axis=1)
        tied = np.zeros(values.shape, dtype=bool)
        tied[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
        return cls(order, (~np.isnan(values)).sum(axis=1), tied)

    def take(self, columns: slice) -> Sorted:
        """Select some of the columns."""
        return Sorted(self.order[columns], self.n_known[columns], self.tied[columns])


def scores_within(columns: Sorted, cell: Positions) -> tuple[Floats, Positions]:
    """Normal scores of the ranks in each cell of rows, cell by cell; and the order of the rows."""
    sizes = np.bincount(cell)
    quantiles = np.concatenate([ndtri(np.arange(2 * m + 2) / (2 * m + 2)) for m in sizes])
    starts = np.concatenate([[0], np.cumsum(2 * sizes + 2)])
    rows = np.argsort(cell, kind="stable")
    slot = np.empty(len(cell), dtype=np.int64)
    slot[rows] = np.arange(len(cell))
    scores = np.empty(columns.order.shape)
    score_in_cells(*columns, cell, slot, starts, quantiles, scores)
    return scores, rows


def score_differences(
    values: Floats, groups: Groups, n_permutations: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """P-values of a difference in linear dependence and in form between groups, for all pairs.

    Parameters
    ----------
    values : ndarray of float, shape (n_columns, n_rows)
        Missing entries are NaN.
    groups : Groups
    n_permutations : int
    rng : Generator

    Returns
    -------
    linear, form : ndarray of float, shape (n_columns * (n_columns - 1) / 2,)
        In the order of ``numpy.triu_indices``; NaN where a column is constant in a group.
    """
    n_columns = len(values)
    inside, rows = scores_within(Sorted.of(values), groups.cell)
    comparable = np.empty_like(values)
    comparable[:, rows] = inside
    comparable[np.isnan(values)] = np.nan
    columns = Sorted.of(comparable)
    varies = _vary(comparable, groups)
    relabelled = [groups, *(groups.permuted(rng) for _ in range(n_permutations))]
    blocks = slices(n_columns, _COLUMNS_AT_ONCE)
    observed = np.full((2, n_columns, n_columns), np.nan, dtype=np.float32)
    pools = tuple(_Pool(n_columns * (n_columns - 1) // 2 * n_permutations) for _ in range(2))
    for a, first in enumerate(blocks):
        for second in blocks[a:]:
            drawn = _tile(columns, first, second, relabelled)
            tested = np.outer(varies[first], varies[second])
            if first == second:
                tested = np.triu(tested, 1)
            if not tested.any():
                continue
            for of_kind, found, pool in zip(drawn, observed[:, first, second], pools, strict=True):
                relative = of_kind[:, tested]
                relative /= _shrunken_means(relative)
                pool.add(relative[1:])
                found[tested] = relative[0]
    upper = np.triu_indices(n_columns, 1)
    linear, form = (
        pool.p_values(found[upper]) for found, pool in zip(observed, pools, strict=True)
    )
    return linear, form


def _shrunken_means(drawn: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of each column, drawn to that of all columns as far as chance explains their spread.

    Means of few draws are uncertain, which costs power; the shares are those of the variance
    between columns and of that of a mean (Efron and Morris 1973).
    """
    means = drawn.mean(axis=0, dtype=np.float64)
    within = drawn.var(axis=0, dtype=np.float64).mean() / len(drawn)
    total = means.var()
    kept = max(total - within, 0.0) / total if total > 0 else 0.0
    return np.asarray(kept * means + (1.0 - kept) * means.mean(), dtype=np.float32)


def _vary(values: Floats, groups: Groups) -> NDArray[np.bool_]:
    """Mask of the columns that vary in each group, in some stratum."""
    varies = np.ones(len(values), dtype=bool)
    for g in range(int(groups.group.max()) + 1):
        inside = values[:, groups.group == g]
        varies &= np.fmax.reduce(inside, axis=1) > np.fmin.reduce(inside, axis=1)
    return varies


def _tile(
    columns: Sorted, first: slice, second: slice, relabelled: list[Groups]
) -> NDArray[np.float32]:
    """Both statistics of a tile of pairs, shape (2, n_labellings, n_first, n_second)."""
    width, height = first.stop - first.start, second.stop - second.start
    drawn = np.zeros((2, len(relabelled), width, height), dtype=np.float32)

    def fill(k: int) -> None:
        of_first = _unit_scores(columns.take(first), relabelled[k])
        of_second = of_first
        if second != first:
            of_second = _unit_scores(columns.take(second), relabelled[k])
        drawn[:, k] = _statistics(of_first, of_second)

    with one_blas_thread():
        for_each(fill, range(len(relabelled)), description="permutations")
    return drawn


def _unit_scores(columns: Sorted, groups: Groups) -> Scores:
    scores, rows = scores_within(columns, groups.cell)
    ends = np.cumsum(np.bincount(groups.group)).tolist()
    cells = np.cumsum(np.bincount(groups.cell)).tolist()
    known = None
    if (columns.n_known < scores.shape[1]).any():
        there = np.ones(scores.shape)
        for i, n_known in enumerate(columns.n_known):
            there[i, columns.order[i, n_known:]] = 0.0
        there = there[:, rows]
        known = np.split(there, ends[:-1], axis=1)
    start = 0
    for end in cells:
        part = scores[:, start:end]
        weight = 1.0 if known is None else there[:, start:end]
        n = np.maximum(np.sum(np.broadcast_to(weight, part.shape), axis=1, keepdims=True), 1.0)
        part -= part.sum(axis=1, keepdims=True) / n * weight
        start = end
    return Scores([_unit(part) for part in np.split(scores, ends[:-1], axis=1)], known)


def _unit(vectors: Floats) -> Floats:
    lengths = np.sqrt((vectors * vectors).sum(axis=1, keepdims=True))
    longer = lengths > 1e-12
    return np.asarray(np.divide(vectors, lengths, out=np.zeros_like(vectors), where=longer))


def _second(scores: Floats, known: Floats | float) -> Floats:
    """The second Hermite polynomial of unit scores, made orthogonal to them and to constants."""
    squares = scores * scores
    means = squares.sum(axis=1, keepdims=True) / np.maximum(
        np.sum(np.broadcast_to(known, squares.shape), axis=1, keepdims=True), 1.0
    )
    squares -= means * known
    squares -= (squares * scores).sum(axis=1, keepdims=True) * scores
    return _unit(squares)


def _statistics(x: Scores, y: Scores) -> tuple[Floats, Floats]:
    """The linear statistic and that of form, each of shape (n_x, n_y)."""
    found: list[tuple[Floats, ...]] = []
    weights = []
    for g, (of_x, of_y) in enumerate(zip(x.scores, y.scores, strict=True)):
        known_x, known_y = (1.0 if s.known is None else s.known[g] for s in (x, y))
        second_x, second_y = _second(of_x, known_x), _second(of_y, known_y)
        vectors = ((of_x, of_y), (of_x, second_y), (second_x, of_y), (second_x, second_y))
        found.append(tuple(_correlations(a, b, known_x, known_y) for a, b in vectors))
        weights.append(max(of_x.shape[1] - 3.0, 1.0))
    linear, *form = (_spread(np.array(c), weights) for c in zip(*found, strict=True))
    return linear, form[0] + form[1] + form[2]


def _correlations(a: Floats, b: Floats, known_a: Floats | float, known_b: Floats | float) -> Floats:
    """Correlations between unit vectors, over the entries that both have."""
    products = a @ b.T
    if isinstance(known_a, float) or isinstance(known_b, float):
        return products
    lengths = np.sqrt(((a * a) @ known_b.T) * (known_a @ (b * b).T))
    return np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 1e-12)


def _spread(correlations: Floats, weights: list[float]) -> Floats:
    """The weighted sum of squares around their mean of the transforms of the groups."""
    transformed = np.arctanh(np.clip(correlations, -_LARGEST_CORRELATION, _LARGEST_CORRELATION))
    mean = np.average(transformed, axis=0, weights=weights)
    return np.asarray(np.tensordot(np.array(weights), (transformed - mean) ** 2, axes=1))


class _Pool:
    """Statistics under permutation: all of them, or the largest and an even share of the others."""

    def __init__(self, n: int) -> None:
        self._step = -(-n // _MOST_DRAWS)
        self._share = min(1.0, _LARGEST / max(n, 1))
        self._cut = np.inf
        self._n = 0
        self._some: list[NDArray[np.float32]] = []
        self._largest: list[NDArray[np.float32]] = []

    def add(self, drawn: NDArray[np.float32]) -> None:
        values = drawn.ravel()
        if not values.size:
            return
        if self._step > 1 and not self._some:
            self._cut = float(np.quantile(values, 1.0 - self._share))
        self._n += values.size
        self._some.append(values[:: self._step])
        self._largest.append(values[values > self._cut])

    def p_values(self, statistics: NDArray[np.float32]) -> Floats:
        """Shares of the pool that are as large, with the statistic itself; NaN of NaN."""
        if not self._n:
            return np.full(len(statistics), np.nan)
        some, largest = (np.sort(np.concatenate(v)) for v in (self._some, self._largest))
        as_large = (len(some) - np.searchsorted(some, statistics)) * (self._n / len(some))
        beyond = len(largest) - np.searchsorted(largest, statistics)
        counts = np.where(statistics > self._cut, beyond, as_large)
        return np.where(np.isnan(statistics), np.nan, (1.0 + counts) / (1.0 + self._n))
