"""The test of independence by nearest neighbours, for relations of any form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import psi

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset
from mistruct.errors import check_count
from mistruct.independence.base import IndependenceTest
from mistruct.independence.neighbors.statistic import DESCRIPTION, estimates_of, largest
from mistruct.independence.neighbors.surrogates import LocalShuffles
from mistruct.independence.nulls import Null, independent_columns
from mistruct.independence.protocol import TestBatch
from mistruct.independence.streams import column_keys, entropy_of, in_key_order
from mistruct.information.neighbors.pairs import PairTable
from mistruct.kernels.g_test.permutation import ENOUGH_EXCEEDING, stream_of
from mistruct.kernels.random import mix
from mistruct.parallel import blocks_by_cost, for_each, run_anywhere

# Two resolutions: the finest that neighbours have, and one where they are as many as a coarse
# relation can be seen with, up to which a search is cheap.
_FINE, _COARSE = 3, 20
_ROWS_PER_NEIGHBOR = 10

# Surrogates that tell centre and spread of the estimates, and those drawn before the rest.
_PILOT, _FIRST = 20, 40

# Draws of the null, and the most rows they are made for: beyond, only the spread still changes.
_DRAWS = 4000
_MOST_ROWS = 1000

# Of an estimate by the table, and of one with surrogates for each of them.
_SECONDS_PER_ROW = 3e-7
_SECONDS_PER_ROW_DRAWN = 7e-7


@dataclass(frozen=True)
class KNNTest(IndependenceTest):
    r"""Test of x independent of y given z by nearest neighbours; any kinds of columns.

    It sees every form of dependence, at the price of being slower than the others and of needing
    more rows for a monotone effect.

    Parameters
    ----------
    n_neighbors : int, optional
        Which neighbour sets the distance. By default both 3, which sees fine structure, and a
        tenth of the rows, at most 20, which sees weak dependence.
    n_permutations : int
        Surrogates of x, at most, besides twenty that standardise.
    seed : int or None
        Of the surrogates; None draws a fresh one. The stream of a test depends on the seed and
        the names of its columns alone.

    Notes
    -----
    The estimate is that of :class:`MixedKNN`, in normal scores. With two resolutions, the statistic
    is the larger of the two estimates, each standardised by how it varies without dependence.

    Without z, between continuous columns without ties, it has one distribution under independence
    for each number of rows, which is drawn once and whose tail is fitted; beyond 1000 rows only
    its spread changes, in proportion to one over the square root of their number.
    Elsewhere x is shuffled among rows that are alike in z, after what a regression on z explains of
    continuous columns has been taken out. If x and y are both discrete and z is not, the shuffles
    follow a logistic regression of x on z. Twenty shuffles standardise; then they go on until ten
    reach the statistic (Besag and Clifford 1991), or with the fitted tail where none of all does,
    which is never below the share of the shuffles that give back the table.

    `mi` is the estimate at the finer resolution. `dof` is 0, as there are none. The test is not
    testable where x or y does not vary given z, no shuffle changes anything, or there are not more
    rows than neighbours.

    References
    ----------
    Runge (2018), "Conditional independence testing based on a nearest-neighbor estimator of
    conditional mutual information", PMLR 84.
    Kim, Neykov, Balakrishnan and Wasserman (2022), "Local permutation tests for conditional
    independence", Annals of Statistics 50.
    Berrett, Wang, Barber and Samworth (2020), "The conditional permutation test for independence
    while controlling for confounders", Journal of the Royal Statistical Society B 82.
    Besag and Clifford (1991), "Sequential Monte Carlo p-values", Biometrika 78.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> x, z = rng.normal(size=(2, 300))
    >>> table = pd.DataFrame({"x": x, "y": x**2 + z + 0.3 * rng.normal(size=300), "z": z})
    >>> ms.independence_test(table, "x", "y", given=["z"], test="knn").p_value < 0.01
    True
    >>> ms.independence_test(table, "x", "z", test="knn").p_value > 0.05
    True
    """

    n_neighbors: int | None = None
    n_permutations: int = 200
    seed: int | None = 0
    _entropy: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.n_neighbors is not None:
            check_count("n_neighbors", self.n_neighbors)
        check_count("n_permutations", self.n_permutations, least=99)
        object.__setattr__(self, "_entropy", entropy_of(self.seed))

    @property
    def name(self) -> str:
        """The name that resolves to this test."""
        return "knn"

    def test_pairs(self, data: Dataset, pairs: Positions, given: Sequence[int] = ()) -> TestBatch:
        """Test each pair of columns, shape (n_pairs, 2), given one conditioning set."""
        keys = column_keys(data.names)
        pairs = in_key_order(pairs, keys)
        given = sorted(given, key=lambda z: int(keys[z]))
        plain = np.zeros(len(pairs), dtype=np.bool_)
        if not given and data.n_samples > self._scales(data.n_samples)[-1]:
            smooth = np.array([_is_smooth(data, name) for name in data.names], dtype=np.bool_)
            plain[:] = smooth[pairs].all(axis=1)
        of_plain, others = np.flatnonzero(plain), np.flatnonzero(~plain)
        z_key = sum(int(mix(keys[z])) for z in given) % 2**64
        alone = len(others) == 1
        asked = _Asked(self, data, pairs, given, keys, z_key, alone)
        made = run_anywhere(_tested, asked, others.tolist(), description=DESCRIPTION)
        parts = [(np.array([k]), batch) for k, batch in zip(others, made, strict=True)]
        if len(of_plain) or not len(pairs):
            parts.append((of_plain, self._by_table(data, pairs[of_plain])))
        return TestBatch.join(parts)

    def seconds(self, data: Dataset, pairs: Positions, size: int) -> NDArray[np.float64]:
        """Expected seconds for a test of each pair, by a stored null or by surrogates given z."""
        each = _SECONDS_PER_ROW_DRAWN * self.n_permutations if size else _SECONDS_PER_ROW
        return np.full(len(pairs), each * data.n_samples)

    def _scales(self, n: int) -> tuple[int, ...]:
        if self.n_neighbors is not None:
            return (self.n_neighbors,)
        coarse = min(_COARSE, n // _ROWS_PER_NEIGHBOR)
        return (_FINE, coarse) if coarse > _FINE else (_FINE,)

    def _by_table(self, data: Dataset, pairs: Positions) -> TestBatch:
        """Test pairs of complete continuous columns without ties."""
        n, scales = data.n_samples, self._scales(data.n_samples)
        used, of_used = np.unique(pairs, return_inverse=True)
        columns = data.select([data.names[p] for p in used])
        tables = [PairTable(columns, k, 1, normal_scores=True) for k in scales]
        x, y = of_used.reshape(pairs.shape).T
        estimates = np.empty((len(pairs), len(scales)))

        def run(block: slice) -> None:
            for s, table in enumerate(tables):
                estimates[block, s] = table.information(x[block], y[block])

        if len(pairs):
            null = _null_of_ranks(n, scales)
            blocks = blocks_by_cost(len(pairs), 100.0 * n * scales[-1])
            for_each(run, blocks, description=DESCRIPTION)
            statistics = null.statistic(np.minimum(estimates, psi(n)))  # as in the null
            # Of all orders of the ranks none is as rare as half of this: its mirror image ties.
            least = 2.0 / math.factorial(n) if n < 20 else 0.0
            p_values = np.maximum(null.distribution.p_values(statistics), least)
        else:
            statistics = p_values = np.empty(0)
        return _batch(statistics, p_values, estimates[:, 0], n, "knn, tabulated null")

    def _by_surrogates(
        self, data: Dataset, names: Sequence[str], state: NDArray[np.uint64], spread: bool
    ) -> TestBatch:
        """Test one pair in a complete table."""
        n, scales = data.n_samples, self._scales(data.n_samples)
        x, y, *z = names
        if n <= scales[0]:
            return _untestable(n, math.nan)
        shuffles = LocalShuffles(data, x, y, z, state)
        if not shuffles.vary:
            return _untestable(n, 0.0)
        estimate = partial(estimates_of, shuffles, np.array(scales), spread)
        sizes = (1 + _PILOT + _FIRST, self.n_permutations - _FIRST)
        drawn = np.empty((0, len(scales)))
        for size in sizes:
            surrogates = shuffles.surrogates(size)
            if not len(drawn):
                surrogates[0] = shuffles.x
            drawn = np.concatenate([drawn, estimate(surrogates)])
            if (np.ptp(drawn, axis=0) == 0).all():
                return _untestable(n, float(drawn[0, 0]))
            pilot = drawn[1 : 1 + _PILOT]
            statistic, *others = largest(drawn, pilot.mean(axis=0), pilot.std(axis=0))
            null = np.array(others[_PILOT:])
            reached = np.flatnonzero(null >= statistic)
            if len(reached) >= ENOUGH_EXCEEDING:
                p_value = ENOUGH_EXCEEDING / (1.0 + reached[ENOUGH_EXCEEDING - 1])
                break
        else:
            p_value = (1.0 + len(reached)) / (1.0 + null.size)
        method = "knn, local permutation" if len(shuffles.z) else "knn, permutation"
        if not len(reached):
            beyond = float(Null(null).p_values(statistic))
            p_value = min(p_value, max(beyond, shuffles.least_p_value()))
            method += ", fitted tail"
        return _batch(np.array([statistic]), np.array([p_value]), drawn[:1, 0], n, method)


class _Asked(NamedTuple):
    """Arguments that all pairs of one call share; a pair that is `alone` has all threads."""

    test: KNNTest
    data: Dataset
    pairs: Positions
    given: Sequence[int]
    keys: NDArray[np.uint64]
    z_key: int
    alone: bool


def _tested(asked: _Asked, k: int) -> TestBatch:
    """The test of one pair by surrogates, which have a stream of their own."""
    x, y = asked.pairs[k]
    keys, names = asked.keys, [asked.data.names[p] for p in (x, y, *asked.given)]
    state = stream_of(asked.test._entropy, keys[x], keys[y], np.uint64(asked.z_key))
    rows = asked.data.select(names).complete_rows()
    return asked.test._by_surrogates(rows, names, state, asked.alone)


@dataclass(frozen=True, eq=False)
class _NullOfRanks:
    """Null distribution of the estimates, and of the largest standardised one."""

    mean: Floats
    spread: Floats
    distribution: Null

    def statistic(self, estimates: Floats) -> Floats:
        return largest(estimates, self.mean, self.spread)


@lru_cache(maxsize=64)
def _null_of_ranks(n: int, scales: tuple[int, ...]) -> _NullOfRanks:
    drawn_for = min(n, max(_MOST_ROWS, scales[-1] + 1))
    columns = independent_columns(drawn_for, _DRAWS)
    first, others = np.zeros(_DRAWS, dtype=np.int64), np.arange(1, _DRAWS + 1)
    estimates = np.empty((_DRAWS, len(scales)))
    tables = [PairTable(columns, k, 1, normal_scores=True) for k in scales]

    def run(block: slice) -> None:
        for s, table in enumerate(tables):
            found = table.information(first[block], others[block])
            estimates[block, s] = np.minimum(found, psi(drawn_for))  # few rows may be in order

    blocks = blocks_by_cost(_DRAWS, 100.0 * drawn_for * scales[-1])
    for_each(run, blocks, description="null distribution (nearest neighbours)")
    mean, spread = estimates.mean(axis=0), estimates.std(axis=0)
    distribution = Null(largest(estimates, mean, spread))
    shrunk = (drawn_for / n) ** 0.5
    return _NullOfRanks(mean * shrunk**2, spread * shrunk, distribution)


def _is_smooth(data: Dataset, name: str) -> bool:
    """Whether a column is continuous, complete and without ties."""
    if data.is_discrete(name) or data.n_missing[name]:
        return False
    ordered = np.sort(data.values[data.row(name)])
    return bool((ordered[1:] > ordered[:-1]).all())


def _batch(
    statistics: Floats, p_values: Floats, mi: Floats, n_samples: int, method: str
) -> TestBatch:
    return TestBatch.of(p_values, n_samples=n_samples, statistic=statistics, mi=mi, method=method)


def _untestable(n_samples: int, mi: float) -> TestBatch:
    return _batch(
        np.array([math.nan]), np.array([math.nan]), np.array([mi]), n_samples, "knn, untestable"
    )
