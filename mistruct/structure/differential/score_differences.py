r"""Tests of equal dependence of pairs of ordered columns in groups of rows.

Each column is replaced by its normal scores within each group, so that only dependence is
compared, not location, scale or shape. In each group g of :math:`n_g` rows, with Fisher's
transform :math:`z_g` of the correlation of the scores, the linear statistic is

.. math:: Q = \sum_g (n_g - 3) (z_g - \bar z)^2,

and that of form is the same of the correlations that involve the second Hermite polynomial of the
scores: of each column's polynomial with the other's scores, and of both polynomials. It sees
dependence that rises and falls, or that changes the spread.

Labels of the groups are permuted, within strata, and everything is ranked again in the new groups.
The statistic of each pair is divided by its mean over the permutations, as far as such means differ
between pairs by more than chance, which removes most of what makes its distribution depend on the
pair. Its p-value is the share of the statistics of all pairs and permutations that are as large. If
the dependence of a pair is the same in all groups, the scores of its rows are exchangeable between
them but for the ranking.

Whether a pair depends at all says nothing about whether groups differ in it where they do not: the
mean of :math:`z_g` is independent of Q. So it may be used to weigh the tests (`pair_differences`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, ndtri

from mistruct._typing import Floats, Positions
from mistruct.information.copula.blas import one_blas_thread
from mistruct.kernels.gaussian.cell_scores import score_in_cells
from mistruct.parallel import for_each, slices
from mistruct.structure.differential.edge_changes import place_of_pair
from mistruct.structure.differential.permutation_pool import PermutationPool

# Most columns of a tile of pairs, and most bytes of its statistics under all permutations.
_COLUMNS_AT_ONCE = 256
_BYTES_AT_ONCE = 220_000_000
# A correlation of 1 has no finite transform.
_LARGEST_CORRELATION = 1.0 - 1e-9
# A pair is taken to depend if its four mean correlations are this far from 0: a chance of .01.
_DEPENDS = float(chdtri(4, 0.01))
# Statistics of a pair in a labelling.
_LINEAR, _FORM, _DEPENDENCE, _NOISE = range(4)


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
    """Sorted columns, which give ranks within any groups by counting."""

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


class Differences(NamedTuple):
    """Differences of all pairs between the groups, in the order of ``numpy.triu_indices``.

    Attributes
    ----------
    linear, form : ndarray of float
        P-values of a difference; NaN where a column is constant in a group.
    depends : ndarray of bool
        Whether the columns depend on each other, in the mean of the groups.
    """

    linear: Floats
    form: Floats
    depends: NDArray[np.bool_]


def score_differences(
    values: Floats,
    groups: Groups,
    n_permutations: int,
    rng: np.random.Generator,
    *,
    n_given: int = 0,
) -> Differences:
    """Test all pairs of columns for a difference in linear dependence and in form between groups.

    Parameters
    ----------
    values : ndarray of float, shape (n_columns, n_rows)
        Missing entries are NaN.
    groups : Groups
    n_permutations : int
    rng : Generator
    n_given : int
        In each group, `values` are what so many columns leave of them.
    """
    n_columns = len(values)
    n_pairs = n_columns * (n_columns - 1) // 2
    inside, rows = scores_within(Sorted.of(values), groups.cell)
    comparable = np.empty_like(values)
    comparable[:, rows] = inside
    comparable[np.isnan(values)] = np.nan
    columns = Sorted.of(comparable)
    varies = _vary(comparable, groups)
    relabelled = [groups, *(groups.permuted(rng) for _ in range(n_permutations))]
    blocks = slices(n_columns, columns_at_once(n_permutations))
    observed = np.full((2, n_pairs), np.nan, dtype=np.float32)
    depends = np.zeros(n_pairs, dtype=bool)
    pools = tuple(PermutationPool(n_pairs * n_permutations) for _ in range(2))
    for a, first in enumerate(blocks):
        for second in blocks[a:]:
            drawn = _tile(columns, first, second, relabelled, n_given)
            i, j = (np.arange(n_columns)[part] for part in (first, second))
            tested = np.outer(varies[first], varies[second]) & (i[:, np.newaxis] < j)
            if not tested.any():
                continue
            place = place_of_pair(i[:, np.newaxis], j, n_columns)[tested]
            noise = float(drawn[_NOISE, 1:, tested].mean(dtype=np.float64))
            depends[place] = drawn[_DEPENDENCE][:, tested].mean(axis=0) > _DEPENDS
            for of_kind, found, pool in zip(drawn, observed, pools, strict=False):
                relative = of_kind[:, tested]
                means = _shrunken_means(relative, noise)
                np.divide(
                    relative, means, out=relative, where=means > 0
                )  # where it is 0, so are all
                pool.add(relative[1:])
                found[place] = relative[0]
    linear, form = (pool.p_values(found) for found, pool in zip(observed, pools, strict=True))
    return Differences(linear, form, depends)


def columns_at_once(n_permutations: int) -> int:
    """Columns of a tile of pairs, such that its statistics take a bounded memory."""
    pairs = _BYTES_AT_ONCE / (4 * 4 * (n_permutations + 1))
    return max(16, min(_COLUMNS_AT_ONCE, int(pairs**0.5)))


def _shrunken_means(drawn: NDArray[np.float32], noise: float) -> NDArray[np.float32]:
    """Mean of each column, drawn to that of all columns as far as chance explains their spread.

    A mean over few draws is uncertain, and so is what a mean over all draws says of the pair, by a
    relative variance of `noise`. To divide by uncertain means costs power, and most where groups
    differ. The shares are those of the variance between columns and of that of a mean (Efron and
    Morris 1973).
    """
    means = drawn.mean(axis=0, dtype=np.float64)
    within = drawn.var(axis=0, dtype=np.float64).mean() / len(drawn) + noise * means.mean() ** 2
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
    columns: Sorted, first: slice, second: slice, relabelled: list[Groups], n_given: int
) -> NDArray[np.float32]:
    """The statistics of a tile of pairs, shape (4, n_labellings, n_first, n_second)."""
    width, height = first.stop - first.start, second.stop - second.start
    drawn = np.zeros((4, len(relabelled), width, height), dtype=np.float32)

    def fill(k: int) -> None:
        of_first = _unit_scores(columns.take(first), relabelled[k])
        of_second = of_first
        if second != first:
            of_second = _unit_scores(columns.take(second), relabelled[k])
        # Only the labels of the data are those in which columns were taken out.
        drawn[:, k] = _statistics(of_first, of_second, 0 if k else n_given)

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


def _statistics(x: Scores, y: Scores, n_given: int = 0) -> tuple[Floats, ...]:
    """The statistics of each pair, each of shape (n_x, n_y).

    The linear one and that of form; that of dependence, which is chi-square with four degrees of
    freedom if there is none; and the variance, relative to its square, of the kurtosis of a pair,
    which is what the variance of its correlation is in units of that of a normal pair.
    """
    found: list[tuple[Floats, ...]] = []
    sizes = []
    for g, (of_x, of_y) in enumerate(zip(x.scores, y.scores, strict=True)):
        known_x, known_y = (1.0 if s.known is None else s.known[g] for s in (x, y))
        second_x, second_y = _second(of_x, known_x), _second(of_y, known_y)
        vectors = ((of_x, of_y), (of_x, second_y), (second_x, of_y), (second_x, second_y))
        found.append(tuple(_correlations(a, b, known_x, known_y) for a, b in vectors))
        sizes.append(_n_complete(of_x, known_x, known_y) - 3.0 - n_given)
    weights = np.maximum(np.array(sizes), 1.0)
    correlations = np.array(found)  # of each group and kind
    kurtosis = (1.0 + 2.0 * correlations[:, 3]) / (1.0 + 2.0 * correlations[:, 0] ** 2)
    spread, mean = _spread(kurtosis, weights)
    noise = spread / (weights.sum(axis=0) * (len(weights) - 1) * mean**2)
    limited = np.clip(correlations, -_LARGEST_CORRELATION, _LARGEST_CORRELATION)
    of_kinds = [_spread(c, weights) for c in np.arctanh(limited).swapaxes(0, 1)]
    linear, *form = (spread for spread, _ in of_kinds)
    dependence = weights.sum(axis=0) * sum(mean**2 for _, mean in of_kinds)
    return linear, form[0] + form[1] + form[2], dependence, noise


def _n_complete(of_x: Floats, known_x: Floats | float, known_y: Floats | float) -> Floats | float:
    """Rows that each pair has in a group."""
    if isinstance(known_x, float) or isinstance(known_y, float):
        return float(of_x.shape[1])
    return np.asarray(known_x @ known_y.T)


def _correlations(a: Floats, b: Floats, known_a: Floats | float, known_b: Floats | float) -> Floats:
    """Correlations between unit vectors, over the entries that both have."""
    products = a @ b.T
    if isinstance(known_a, float) or isinstance(known_b, float):
        return products
    lengths = np.sqrt(((a * a) @ known_b.T) * (known_a @ (b * b).T))
    return np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 1e-12)


def _spread(of_groups: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """The weighted sum of squares of groups around their mean, and the mean."""
    shares = weights.reshape(len(weights), *(weights.shape[1:] or (1, 1)))
    mean = (shares * of_groups).sum(axis=0) / shares.sum(axis=0)
    return (shares * (of_groups - mean) ** 2).sum(axis=0), mean
