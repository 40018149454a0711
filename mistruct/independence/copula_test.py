"""The test of Gaussian-copula independence, for columns of any kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb, gammaincc

from mistruct.data.dataset import Dataset
from mistruct.independence.base import IndependenceTest
from mistruct.independence.permutation_moments import NEGLIGIBLE_SKEWNESS, standardised_sum, tail
from mistruct.independence.protocol import Positions, Ragged, Separations, TestBatch
from mistruct.independence.residuals import Condition, is_skewed_kept, score
from mistruct.independence.streams import column_keys, in_key_order, pair_blocks
from mistruct.information.base import Estimator
from mistruct.information.copula import GaussianCopula, gaussian_bias
from mistruct.information.embedding import RESOLUTION, Bases, information_of
from mistruct.information.score_correlations import (
    row_of_scores,
    score_correlations,
    skewness_of_scores,
)
from mistruct.kernels.partial_correlation import (
    DOF,
    HOW,
    N_X,
    N_Y,
    N_Z,
    NATS,
    SCORE,
    WILKS,
    copula_separate,
    copula_test_pairs,
    may_determine,
)
from mistruct.kernels.wilks import P_VALUE, STATISTIC, wilks_test
from mistruct.parallel import run_blocks

_N_RESULTS = 8
_METHODS = np.array(
    [
        "copula",
        "copula, products of residuals",
        "copula, permutations within strata",
        "copula, untestable",
    ],
    dtype=object,
)
_SHUFFLED, _UNTESTABLE = 2, 3  # after WILKS and SCORE
_FEWEST_ROWS = 4
_NANOSECONDS_OF_A_PAIR = 1e5
_NANOSECONDS_OF_A_PAIR_WITH_GAPS = 1e6
_NANOSECONDS_OF_A_PLAIN_TEST = 100.0


@dataclass(frozen=True)
class CopulaTest(IndependenceTest):
    r"""Test of x independent of y given z by Gaussian-copula information; any kinds of columns.

    Continuous columns become normal scores, discrete ones indicators of their states, z is
    regressed out of both, and Wilks' lambda :math:`\Lambda = \exp(-2 I)` of the residuals tells
    whether they are correlated. It is analytic, and finds monotone effects in few rows; an effect
    without a monotone part, such as y = x^2 with symmetric x, it cannot see.

    Notes
    -----
    The statistic is Bartlett's :math:`-(n - 1 - d_z - (d_x + d_y + 1)/2) \log \Lambda`, with
    :math:`d_x d_y` degrees of freedom, where d are the dimensions that are left once what z
    determines is taken out. Where d_x or d_y is 1 the p-value is that of the exact null
    distribution of the lambda (for two continuous columns: Student's t test of the partial
    correlation), else that of chi-square.

    Where most rows of x have one value and most rows of y too, as in counts of single cells, the
    tail is that of a gamma distribution with the skewness which the sum of products has over all
    permutations, if that is larger. If z consists of discrete columns, and x and y have one
    dimension each, all moments are those of the permutations within the joint states of z.

    Elsewhere given z, where x, y or z is discrete, a lambda would take a curved dependence on z, or
    a spread that differs between the states of z, for a dependence between x and y. There the
    statistic is the sum of squares of the standardised products of residuals (the generalised
    covariance measure), where a discrete column's residuals are those of a logistic regression on
    z; the discrete columns of z enter by their joint states as long as five rows are left for each.

    `mi` is the copula's estimate of I(x; y | z). The test is not testable where z determines x or
    y, or where there are fewer rows than dimensions.

    References
    ----------
    Wilks (1932), "Certain generalizations in the analysis of variance", Biometrika 24.
    Bartlett (1938), "Further aspects of the theory of multiple regression".
    Pitman (1937), "Significance tests which may be applied to samples from any populations. II.
    The correlation coefficient test", Journal of the Royal Statistical Society Supplement 4.
    Shah and Peters (2020), "The hardness of conditional independence testing and the generalised
    covariance measure", Annals of Statistics 48, section 3.
    Andrews, Ramsey and Cooper (2019), "Learning high-dimensional directed acyclic graphs with
    mixed data-types", PMLR 104.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> z = rng.normal(size=500)
    >>> table = pd.DataFrame({"x": z + rng.normal(size=500), "y": z > rng.normal(size=500), "z": z})
    >>> ms.independence_test(table, "x", "y", test="copula").p_value < 1e-9
    True
    >>> ms.independence_test(table, "x", "y", given=["z"], test="copula").p_value > 0.05
    True
    """

    @property
    def name(self) -> str:
        """The name that resolves to this test."""
        return "copula"

    def test_pairs(self, data: Dataset, pairs: Positions, given: Sequence[int] = ()) -> TestBatch:
        """Test each pair of columns, shape (n_pairs, 2), given one conditioning set."""
        pairs = in_key_order(pairs, column_keys(data.names))
        by_kernel = _is_plain(data, pairs) & bool(_plain(data)[list(given)].all())
        others = np.flatnonzero(~by_kernel)
        if not len(others):
            return _test_continuous(data, pairs, given)
        parts = [(others, _test_any(data, pairs[others], given))]
        if by_kernel.any():
            plain = np.flatnonzero(by_kernel)
            parts.append((plain, _test_continuous(data, pairs[plain], given)))
        return TestBatch.join(parts)

    def separate(
        self,
        data: Dataset,
        pairs: Positions,
        candidates: Ragged,
        size: int,
        alpha: float,
    ) -> Separations:
        """Find a separating set of one size for each pair among its own candidates."""
        pairs = in_key_order(pairs, column_keys(data.names))
        plain = _plain(data)
        by_kernel = _is_plain(data, pairs) & candidates.all(plain)
        if by_kernel.all():
            return _separate_continuous(data, pairs, candidates, size, alpha)
        parts = []
        for places, search in (
            (np.flatnonzero(by_kernel), _separate_continuous),
            (np.flatnonzero(~by_kernel), super().separate),
        ):
            if len(places):
                of_places = candidates.take(places)
                parts.append((places, search(data, pairs[places], of_places, size, alpha)))
        return Separations.join(parts)

    def may_determine(
        self, data: Dataset, pairs: Positions, candidates: Ragged, size: int
    ) -> NDArray[np.bool_]:
        """Whether a set of this size may determine one of a pair, to the copula's resolution.

        Told from correlations, so that it takes no tests; True where some column has none.
        """
        plain = _plain(data)
        found = ~(plain[pairs].all(axis=1) & candidates.all(plain))
        places = np.flatnonzero(~found)
        of_places = candidates.take(places)
        correlations, row = score_correlations(data, pairs[places], of_places.flat)
        may = np.empty(len(places), dtype=bool)
        may_determine(
            correlations, RESOLUTION**2, row[pairs[places]], row[of_places.flat],
            of_places.starts, size, may,
        )  # fmt: skip
        found[places] = may
        return found

    def estimator(self, data: Dataset, *, penalised: bool = False) -> Estimator:
        """The information of the Gaussian copula."""
        return GaussianCopula(bias_correction=not penalised)


def _plain(data: Dataset) -> NDArray[np.bool_]:
    """Which columns are continuous and without gaps."""
    return row_of_scores(data) >= 0


def _is_plain(data: Dataset, pairs: Positions) -> NDArray[np.bool_]:
    """Which pairs need nothing but their correlation: plain, and not both far from symmetric."""
    plain = _plain(data)
    x, y = pairs.T
    of_pairs = plain[x] & plain[y] & (data.n_samples >= _FEWEST_ROWS)
    if of_pairs.any():
        skewed = np.zeros(data.n_variables, dtype=bool)
        skewed[plain] = np.abs(skewness_of_scores(data)) > NEGLIGIBLE_SKEWNESS
        of_pairs &= ~(skewed[x] & skewed[y])
    return np.asarray(of_pairs)


def _test_continuous(data: Dataset, pairs: Positions, given: Sequence[int]) -> TestBatch:
    """Test pairs of continuous columns given such columns, all without missing entries."""
    others = np.array(given, dtype=np.int64)
    correlations, row = score_correlations(data, pairs, others)
    results = np.empty((_N_RESULTS, len(pairs)))

    def run(block: slice) -> None:
        copula_test_pairs(
            correlations, data.n_samples, RESOLUTION**2, row[pairs[block]], row[others],
            block.start, results,
        )  # fmt: skip

    blocks = pair_blocks(len(pairs), _NANOSECONDS_OF_A_PLAIN_TEST)
    for _ in run_blocks(run, blocks, description="independence tests"):
        pass
    return _batch(results, np.full(len(pairs), data.n_samples))


def _test_any(data: Dataset, pairs: Positions, given: Sequence[int]) -> TestBatch:
    """Test pairs of columns of any kinds, in the rows where each test's columns are known."""
    used = [data.names[p] for p in np.union1d(pairs, np.array(given, dtype=np.int64))]
    if not any(data.n_missing[n] for n in used):
        results, n_samples = _test_complete(data, pairs, given), data.n_samples
        return _batch(results, np.full(len(pairs), n_samples))
    results = np.empty((_N_RESULTS, len(pairs)))
    n_rows = np.empty(len(pairs), dtype=np.int64)

    def run(block: slice) -> None:
        for k in range(block.start, block.stop):
            rows = data.select([data.names[p] for p in (*pairs[k], *given)]).complete_rows()
            n_rows[k] = rows.n_samples
            results[:, [k]] = _test_complete(rows, np.array([[0, 1]]), range(2, rows.n_variables))

    blocks = pair_blocks(len(pairs), _NANOSECONDS_OF_A_PAIR_WITH_GAPS)
    for _ in run_blocks(run, blocks, description="independence tests"):
        pass
    return _batch(results, n_rows)


def _separate_continuous(
    data: Dataset, pairs: Positions, candidates: Ragged, size: int, alpha: float
) -> Separations:
    """Separate pairs of continuous columns by such columns, all without missing entries."""
    correlations, row = score_correlations(data, pairs, candidates.flat)
    position = np.flatnonzero(row >= 0)
    places, flat = row[pairs], row[candidates.flat]
    results = np.empty((_N_RESULTS, len(pairs)))
    sets = np.empty((len(pairs), size), dtype=np.int64)
    n_tests = np.empty(len(pairs), dtype=np.int64)

    def run(block: slice) -> None:
        copula_separate(
            correlations, data.n_samples, RESOLUTION**2, places, flat, candidates.starts, size,
            alpha, block.start, block.stop, results, sets, n_tests,
        )  # fmt: skip

    n_sets = comb(candidates.lengths, size).mean() if len(pairs) else 0.0
    blocks = pair_blocks(len(pairs), _NANOSECONDS_OF_A_PLAIN_TEST * n_sets)
    for _ in run_blocks(run, blocks, description="separations"):
        pass
    sets = np.where(sets >= 0, position[sets], sets)
    return Separations(_batch(results, np.full(len(pairs), data.n_samples)), sets, n_tests)


def _test_complete(data: Dataset, pairs: Positions, given: Sequence[int]) -> NDArray[np.float64]:
    """Test pairs of columns without missing entries."""
    results = np.full((_N_RESULTS, len(pairs)), np.nan)
    if data.n_samples < _FEWEST_ROWS or not len(pairs):
        return results
    condition = Condition.of(data, [data.names[z] for z in given])
    used, of_used = np.unique(pairs, return_inverse=True)
    names = [data.names[p] for p in used]
    if len(used) > 2:
        of_column: Callable[[int], NDArray[Any]] = Bases(data, used, known=condition.basis).of
    else:  # as in a search for a separating set, which comes back to the same columns
        of_column = dict(enumerate(condition.left(data, n) for n in names)).__getitem__
    x, y = of_used.reshape(pairs.shape).T
    discrete = np.array([data.kinds[n] == "discrete" for n in names])
    n_z = len(condition.basis)
    by_scores = condition.has_discrete | ((discrete[x] | discrete[y]) & (n_z > 0))
    skewed = [is_skewed_kept(data, n) for n in names]
    n_error = data.n_samples - 1 - n_z
    strata = condition.strata if condition.by_strata else np.zeros(data.n_samples, dtype=np.int64)

    def run(block: slice) -> None:
        for k in range(block.start, block.stop):
            result, of_x, of_y = np.empty(_N_RESULTS), of_column(x[k]), of_column(y[k])
            d_x, d_y = len(of_x), len(of_y)
            result[[N_X, N_Y, N_Z]] = d_x, d_y, n_z
            result[[DOF, HOW]] = d_x * d_y, WILKS
            result[NATS] = information_of(of_x @ of_y.T) if d_x and d_y else 0.0
            wilks_test(result[NATS], d_x, d_y, n_error, result)
            if by_scores[k] and not np.isnan(result[P_VALUE]):
                residuals = [condition.residuals(data, names[c]) for c in (x[k], y[k])]
                statistic, dof = score(residuals[0], residuals[1])
                fitted = bool(discrete[x[k]] or discrete[y[k]])
                result[[STATISTIC, DOF, HOW]] = statistic, dof, SCORE
                result[P_VALUE] = _p_value_of_score(statistic, dof, fitted, n_error)
            if d_x == d_y == 1 and not np.isnan(result[P_VALUE]):
                in_strata = condition.by_strata and n_z > 0
                if in_strata or (skewed[x[k]] and skewed[y[k]]):
                    total, skewness = standardised_sum(of_x[0], of_y[0], strata)
                    p_value = tail(total, skewness, n_error)[0]
                    if in_strata:
                        result[[STATISTIC, DOF, HOW]] = total**2, 1, _SHUFFLED
                        result[P_VALUE] = p_value
                    else:
                        result[P_VALUE] = max(result[P_VALUE], p_value)
            results[:, k] = result

    blocks = pair_blocks(len(pairs), _NANOSECONDS_OF_A_PAIR)
    for _ in run_blocks(run, blocks, description="independence tests"):
        pass
    return results


def _p_value_of_score(statistic: float, dof: int, fitted: bool, n_error: int) -> float:
    """Chi-square where variances are fitted; else what is exact for a sum of normal products."""
    if not dof:
        return np.nan
    if fitted:
        return float(gammaincc(dof / 2, statistic / 2))
    return float(tail(statistic**0.5, 0.0, n_error)[0])


def _batch(results: NDArray[np.float64], n_samples: NDArray[np.int64]) -> TestBatch:
    testable = ~np.isnan(results[P_VALUE])
    # Where z leaves something of x and y but no row to test it with, nothing is known.
    known = testable | (results[N_X] == 0) | (results[N_Y] == 0)
    mi = np.where(known, results[NATS], np.nan)
    some = slice(None) if testable.all() else testable  # all, as mostly, without a copy
    mi[some] -= _biases([n_samples[some], *results[N_X : N_Z + 1, some]])
    how = np.where(testable, results[HOW], _UNTESTABLE)
    return TestBatch(
        statistic=np.where(testable, results[STATISTIC], np.nan),
        p_value=results[P_VALUE].copy(),
        dof=np.nan_to_num(results[DOF]).astype(np.int64),
        mi=mi,
        n_samples=n_samples,
        method=_METHODS[how.astype(np.intp)],
        bias=np.zeros(len(n_samples)),
    )


def _biases(sizes: Sequence[NDArray[Any]]) -> NDArray[np.float64] | float:
    """The bias of information from so many rows between so many dimensions."""
    if len(sizes[0]) and all((of_tests == of_tests[0]).all() for of_tests in sizes):
        return gaussian_bias(*(int(of_tests[0]) for of_tests in sizes))
    # As one number each, which is faster to sort than rows are.
    whole = [of_tests.astype(np.int64) for of_tests in sizes]
    shape = tuple(int(of_tests.max(initial=0)) + 1 for of_tests in whole)
    distinct, which = np.unique(np.ravel_multi_index(whole, shape), return_inverse=True)
    of_distinct = zip(*np.unravel_index(distinct, shape), strict=True)
    return np.array([gaussian_bias(*map(int, s)) for s in of_distinct])[which]
