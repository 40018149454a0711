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

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from mistruct._typing import Floats
from mistruct.information.copula.blas import one_blas_thread
from mistruct.parallel import run_blocks, slices
from mistruct.structure.differential.edge_changes import place_of_pair
from mistruct.structure.differential.group_scores import (
    Groups,
    Scores,
    Sorted,
    scores_within,
    unit_scores,
)
from mistruct.structure.differential.permutation_pool import PermutationPool

_Array = NDArray[np.float32]

# Most columns of a tile of pairs, and most bytes of its statistics under all permutations.
_COLUMNS_AT_ONCE = 512
_BYTES_AT_ONCE = 220_000_000
# Columns whose correlations with all others of a tile stay in the cache, and the labellings that a
# thread goes through.
_COLUMNS_IN_CACHE, _LABELLINGS_AT_ONCE = 64, 8
# A correlation of 1 has no finite transform.
_LARGEST_CORRELATION = np.float32(1.0 - 1e-6)
# A pair is taken to depend if its four mean correlations are this far from 0: a chance of .01.
_DEPENDS = float(chdtri(4, 0.01))


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
            i, j = (np.arange(n_columns)[part] for part in (first, second))
            tested = np.outer(varies[first], varies[second]) & (i[:, np.newaxis] < j)
            if not tested.any():
                continue
            tile = _tile(columns, first, second, tested, relabelled, n_given)
            place = place_of_pair(i[:, np.newaxis], j, n_columns)[tested]
            depends[place] = tile.dependence[tested] > _DEPENDS
            add = partial(_add, tile, tested)
            kinds = list(enumerate(pools))
            observed[:, place] = list(run_blocks(add, kinds, description="ranks of pairs"))
    linear, form = (pool.p_values(found) for found, pool in zip(observed, pools, strict=True))
    return Differences(linear, form, depends)


def columns_at_once(n_permutations: int) -> int:
    """Columns of a tile of pairs, such that its statistics take a bounded memory."""
    pairs = _BYTES_AT_ONCE / (2 * 4 * (n_permutations + 1))
    return max(16, min(_COLUMNS_AT_ONCE, int(pairs**0.5)))


def _add(tile: _Tile, tested: NDArray[np.bool_], of_kind: tuple[int, PermutationPool]) -> _Array:
    """Add the draws of one statistic to its pool, and return the statistic of each pair."""
    kind, pool = of_kind
    relative = tile.drawn[kind].reshape(tile.drawn.shape[1], -1)
    if not tested.all():
        relative = relative[:, tested.ravel()]
    means = _shrunken_means(relative, tile.noise)
    np.divide(relative, means, out=relative, where=means > 0)  # where a mean is 0, so are all
    pool.add(relative[1:])
    return np.asarray(relative[0])


def _shrunken_means(drawn: _Array, noise: float) -> _Array:
    """Mean of each column, drawn to that of all columns as far as chance explains their spread.

    A mean over few draws is uncertain, and so is what a mean over all draws says of the pair, by a
    relative variance of `noise`. To divide by uncertain means costs power, and most where groups
    differ. The shares are those of the variance between columns and of that of a mean (Efron and
    Morris 1973).
    """
    means = drawn.mean(axis=0).astype(np.float64)
    squares = np.einsum("ij,ij->j", drawn, drawn).astype(np.float64) / len(drawn)
    within = (squares - means**2).mean() / len(drawn) + noise * means.mean() ** 2
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


class _Tile(NamedTuple):
    """Statistics of a tile of pairs.

    Attributes
    ----------
    drawn : ndarray of float32, shape (2, n_labellings, n_first, n_second)
        The linear statistic and that of form, first with the labels of the data.
    dependence : ndarray of float, shape (n_first, n_second)
        Mean over the labellings.
    noise : float
        Mean over the permutations and the pairs that are tested.
    """

    drawn: _Array
    dependence: Floats
    noise: float


def _tile(
    columns: Sorted,
    first: slice,
    second: slice,
    tested: NDArray[np.bool_],
    relabelled: list[Groups],
    n_given: int,
) -> _Tile:
    gaps = bool((columns.n_known < columns.order.shape[1]).any())
    drawn: _Array = np.empty((2, len(relabelled), *tested.shape), dtype=np.float32)

    def fill(labellings: slice) -> tuple[_Array, float]:
        dependence, noise = np.zeros(tested.shape, dtype=np.float32), 0.0
        for k in range(labellings.start, labellings.stop):
            x = unit_scores(columns.take(first), relabelled[k], gaps=gaps)
            y = x
            if second != first:
                y = unit_scores(columns.take(second), relabelled[k], gaps=gaps)
            for part in slices(len(tested), _COLUMNS_IN_CACHE):
                # Only the labels of the data are those in which columns were taken out.
                found = _statistics(x.take(part), y, 0 if k else n_given)
                drawn[:, k, part] = found[:2]
                dependence[part] += found[2]
                noise += float(found[3].sum(where=tested[part], dtype=np.float64)) if k else 0.0
        return dependence, noise

    with one_blas_thread():
        some = slices(len(relabelled), _LABELLINGS_AT_ONCE)
        found = list(run_blocks(fill, some, description="permutations"))
    dependence = sum((part.astype(np.float64) for part, _ in found), np.zeros(tested.shape))
    noise = sum(part for _, part in found) / ((len(relabelled) - 1) * tested.sum())
    return _Tile(drawn, dependence / len(relabelled), float(noise))


def _statistics(x: Scores, y: Scores, n_given: int = 0) -> tuple[_Array, _Array, _Array, _Array]:
    """The statistics of each pair, each of shape (n_x, n_y).

    The linear one and that of form; that of dependence, which is chi-square with four degrees of
    freedom if there is none; and the variance, relative to its square, of the kurtosis of a pair,
    which is what the variance of its correlation is in units of that of a normal pair.
    """
    transformed, kurtosis, weights = [], [], []
    for g, (of_x, of_y) in enumerate(zip(x.vectors, y.vectors, strict=True)):
        correlations = _products(of_x, of_y)
        n = np.asarray(of_x.shape[2], dtype=np.float32)
        if x.known is not None and y.known is not None:
            n = x.known[g] @ y.known[g].T
            _correct_lengths(correlations, of_x, of_y, x.known[g], y.known[g])
        weights.append(np.maximum(n - np.float32(3 + n_given), np.float32(1)))
        of_pair, of_squares = correlations[0, :, 0], correlations[1, :, 1]
        kurtosis.append((1.0 + 2.0 * of_squares) / (1.0 + 2.0 * of_pair**2))
        transformed.append(_fisher(correlations))
    spread, mean = _spread(kurtosis, weights)
    total = _sum(weights)
    noise = spread / (total * (len(weights) - 1) * mean**2)
    shares = [w[:, np.newaxis] if w.ndim else w for w in weights]
    spread, mean = _spread(transformed, shares)
    mean *= mean
    linear = spread[0, :, 0]
    form = spread[0, :, 1] + spread[1, :, 0] + spread[1, :, 1]
    dependence = total * (mean[0, :, 0] + mean[0, :, 1] + mean[1, :, 0] + mean[1, :, 1])
    return linear, form, dependence, noise


def _products(of_x: _Array, of_y: _Array) -> _Array:
    """Products of vectors, shape (2, n_x, 2, n_y)."""
    rows = of_x.shape[2]
    found = of_x.reshape(-1, rows) @ of_y.reshape(-1, rows).T
    return found.reshape(2, of_x.shape[1], 2, of_y.shape[1])


def _correct_lengths(
    products: _Array, of_x: _Array, of_y: _Array, known_x: _Array, known_y: _Array
) -> None:
    """Divide products by the lengths of the vectors in the rows that both columns have."""
    lengths = np.sqrt(
        ((of_x * of_x) @ known_y.T)[:, :, np.newaxis]
        * np.swapaxes(known_x @ (of_y * of_y).swapaxes(1, 2), 0, 1)
    )
    longer = lengths > 1e-6
    np.divide(products, lengths, out=products, where=longer)
    products[~longer] = 0.0


def _fisher(correlations: _Array) -> _Array:
    """Fisher's transform, in place."""
    np.clip(correlations, -_LARGEST_CORRELATION, _LARGEST_CORRELATION, out=correlations)
    rest = np.float32(1.0) - correlations
    correlations += np.float32(1.0)
    correlations /= rest
    np.log(correlations, out=correlations)
    correlations *= np.float32(0.5)
    return correlations


def _spread(of_groups: list[_Array], weights: list[_Array]) -> tuple[_Array, _Array]:
    """The weighted sum of squares of groups around their mean, and the mean; in place."""
    mean = _sum([w * v for w, v in zip(weights, of_groups, strict=True)])
    mean /= _sum(weights)
    spread = np.zeros_like(mean)
    for w, v in zip(weights, of_groups, strict=True):
        v -= mean
        v *= v
        v *= w
        spread += v
    return spread, mean


def _sum(arrays: list[_Array]) -> _Array:
    total = arrays[0].copy()
    for array in arrays[1:]:
        total += array
    return total
