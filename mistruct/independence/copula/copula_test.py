"""The test of independence by Gaussian copulas, for columns of any kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.independence.base import IndependenceTest
from mistruct.independence.copula.copula_batch import copula_batch
from mistruct.independence.copula.mixed_pairs import (
    FEWEST_ROWS,
    N_RESULTS,
    MixedPairs,
    in_common_rows,
    result_in_common_rows,
)
from mistruct.independence.permutation_moments import NEGLIGIBLE_SKEWNESS
from mistruct.independence.protocol import Ragged, Separations, TestBatch
from mistruct.independence.streams import column_keys, in_key_order
from mistruct.information.base import Estimator
from mistruct.information.copula.basis import RESOLUTION
from mistruct.information.copula.blas import one_blas_thread
from mistruct.information.copula.gaussian_copula import GaussianCopula
from mistruct.information.copula.residual_blocks import vectors_held
from mistruct.information.copula.score_correlations import (
    MOST_CORRELATED,
    cut_pairs,
    row_of_scores,
    score_correlations,
    skewness_of_scores,
)
from mistruct.kernels.gaussian.partial_correlation import (
    Correlations,
    copula_separate,
    copula_test_pairs,
    may_determine,
)
from mistruct.kernels.gaussian.wilks import P_VALUE
from mistruct.parallel import blocks_by_cost, for_each

_NANOSECONDS_OF_A_PAIR = 1e5
_NANOSECONDS_OF_A_PAIR_WITH_GAPS = 1e6
_NANOSECONDS_OF_A_PLAIN_TEST = 100.0
# Of searches on one core: 50 columns of 1,000 rows, 11 of 7,900, and 13 with 166 states of 1,400.
_NANOSECONDS_OF_A_REGRESSED_ROW = 500.0
_STATES_AT_TWICE_THE_COST = 25.0


@dataclass(frozen=True)
class CopulaTest(IndependenceTest):
    r"""Test of x independent of y given z by Gaussian-copula information; any kinds of columns.

    Continuous and ordinal columns become normal scores, discrete ones indicators of their states, z
    is regressed out of both, and Wilks' lambda :math:`\Lambda = \exp(-2 I)` of the residuals tells
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
    z. If z is discrete there is no regression: residuals are those from the means of each joint
    state, and their products have the covariance of permutations within it.

    Where x or y has more than six states, given z or beside another discrete column, the statistic
    is a weighted sum of squares of the same products, and a gamma distribution with its mean and
    variance over permutations within strata gives the p-value. Strata are the joint states of z,
    cut along its continuous columns where rows are enough. Of more than 2,000 states the rarest
    share one.

    The discrete columns of z enter by their joint states as long as five rows are left for each.
    With fewer rows, the one with the most states enters by its states and each of the others by
    terms of its own, up to 200 of these; with more, by their joint states again.

    `mi` is the copula's estimate of I(x; y | z). The test is not testable where z determines x or
    y, or where there are fewer rows than dimensions.

    References
    ----------
    Wilks (1932), "Certain generalizations in the analysis of variance", Biometrika 24.
    Bartlett (1938), "Further aspects of the theory of multiple regression".
    Pitman (1937), "Significance tests which may be applied to samples from any populations. II.
    The correlation coefficient test", Journal of the Royal Statistical Society Supplement 4.
    Kazi-Aoual, Hitier, Sabatier and Lebreton (1995), "Refined approximations to permutation tests
    for multivariate inference", Computational Statistics and Data Analysis 20.
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

    agrees_with_scores = True

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
            (np.flatnonzero(~by_kernel), _separate_any),
        ):
            if len(places):
                of_places = candidates.take(places)
                parts.append((places, search(data, pairs[places], of_places, size, alpha)))
        return Separations.join(parts)

    def may_determine(
        self, data: Dataset, pairs: Positions, candidates: Ragged, size: int
    ) -> NDArray[np.bool_]:
        """Whether a set of this size may determine one of each pair, to the copula's resolution.

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

    def leaves_something(self, data: Dataset, pair: Positions, given: Sequence[int]) -> bool | None:
        """Whether a set leaves something of both columns of a pair; None with too few rows."""
        x, y = pair[0].tolist()
        rows, x, y, given = in_common_rows(data, x, y, given)
        if rows.n_samples < FEWEST_ROWS:
            return None
        return all(len(MixedPairs(rows, given).left_of(c)) > 0 for c in (x, y))

    def travels(self, data: Dataset) -> bool:
        """False: a kernel searches, or threads that share what has been regressed."""
        return False

    def n_bytes(self, data: Dataset) -> int:
        """Expected memory: normal scores, twice as they are joined, and their correlations."""
        n_vectors, held = vectors_held(data, data.names)
        return held + 8 * min(n_vectors, MOST_CORRELATED) ** 2

    def seconds(self, data: Dataset, pairs: Positions, size: int) -> NDArray[np.float64]:
        """Expected seconds for a test of each pair given `size` columns such as those of pairs."""
        plain = _plain(data)
        share_plain = float(plain[pairs].mean()) ** size if len(pairs) else 1.0
        n_states = np.array(
            [data.n_observed[data.row(n)] if n in data.states else 1 for n in data.names]
        )
        of_pairs = n_states[pairs].max(axis=1, initial=1)
        regressed = _NANOSECONDS_OF_A_REGRESSED_ROW * data.n_samples * (1.0 if size else 0.1)
        mixed = _NANOSECONDS_OF_A_PAIR + regressed * (1 + of_pairs / _STATES_AT_TWICE_THE_COST)
        by_kernel = np.where(_is_plain(data, pairs), share_plain, 0.0)
        return np.asarray(
            1e-9 * (by_kernel * _NANOSECONDS_OF_A_PLAIN_TEST + (1 - by_kernel) * mixed)
        )

    def estimator(self, data: Dataset, *, penalised: bool = False) -> Estimator:
        """The Gaussian copula, on which the test rests."""
        return GaussianCopula(bias_correction=not penalised)


def _plain(data: Dataset) -> NDArray[np.bool_]:
    """Mask of the columns that are continuous and complete."""
    return row_of_scores(data) >= 0


def _is_plain(data: Dataset, pairs: Positions) -> NDArray[np.bool_]:
    """Mask of the pairs for which the correlation suffices: plain, and not both skewed."""
    plain = _plain(data)
    x, y = pairs.T
    of_pairs = plain[x] & plain[y] & (data.n_samples >= FEWEST_ROWS)
    if of_pairs.any():
        skewed = np.zeros(data.n_variables, dtype=bool)
        skewed[plain] = np.abs(skewness_of_scores(data)) > NEGLIGIBLE_SKEWNESS
        of_pairs &= ~(skewed[x] & skewed[y])
    return np.asarray(of_pairs)


def _test_continuous(data: Dataset, pairs: Positions, given: Sequence[int]) -> TestBatch:
    """Test pairs of complete continuous columns given others."""
    results = _results_of_continuous(data, pairs, given)
    return copula_batch(results, np.full(len(pairs), data.n_samples))


def _results_of_continuous(
    data: Dataset, pairs: Positions, given: Sequence[int]
) -> NDArray[np.float64]:
    """Results of tests of complete continuous columns, as the kernel fills them."""
    results = np.empty((N_RESULTS, len(pairs)))
    for some in cut_pairs(data, pairs):
        results[:, some] = _results_together(data, pairs[some], given)
    return results


def _results_together(data: Dataset, pairs: Positions, given: Sequence[int]) -> NDArray[np.float64]:
    others = np.array(given, dtype=np.int64)
    correlations, row = score_correlations(data, pairs, others)
    known = Correlations(correlations, data.n_samples, RESOLUTION**2)
    results = np.empty((N_RESULTS, len(pairs)))

    def run(block: slice) -> None:
        copula_test_pairs(known, row[pairs[block]], row[others], block.start, results)

    blocks = blocks_by_cost(len(pairs), _NANOSECONDS_OF_A_PLAIN_TEST)
    for_each(run, blocks, description="independence tests")
    return results


def _test_any(data: Dataset, pairs: Positions, given: Sequence[int]) -> TestBatch:
    """Test pairs of columns of any kinds, in the rows where each test's columns are known."""
    used = [data.names[p] for p in np.union1d(pairs, np.array(given, dtype=np.int64))]
    complete = not any(data.n_missing[n] for n in used)
    results = np.full((N_RESULTS, len(pairs)), np.nan)
    n_rows = np.full(len(pairs), data.n_samples)
    if complete and data.n_samples < FEWEST_ROWS:
        return copula_batch(results, n_rows)
    shared = MixedPairs(data, given) if complete and len(pairs) else None

    def run(block: slice) -> None:
        for k in range(block.start, block.stop):
            x, y = pairs[k].tolist()
            if shared is not None:
                results[:, k] = shared.test(x, y)
            else:
                results[:, k], n_rows[k] = result_in_common_rows(data, x, y, given)

    cost = _NANOSECONDS_OF_A_PAIR if complete else _NANOSECONDS_OF_A_PAIR_WITH_GAPS
    blocks = blocks_by_cost(len(pairs), cost)
    with one_blas_thread():
        for_each(run, blocks, description="independence tests")
    return copula_batch(results, n_rows)


def _separate_continuous(
    data: Dataset, pairs: Positions, candidates: Ragged, size: int, alpha: float
) -> Separations:
    """Separate pairs of complete continuous columns by others."""
    results, sets, n_tests = _search_continuous(data, pairs, candidates, size, alpha)
    return Separations(copula_batch(results, np.full(len(pairs), data.n_samples)), sets, n_tests)


def _search_continuous(
    data: Dataset, pairs: Positions, candidates: Ragged, size: int, alpha: float
) -> tuple[NDArray[np.float64], Positions, Positions]:
    """Results of tests of complete continuous columns, their sets and the number of tests."""
    correlations, row = score_correlations(data, pairs, candidates.flat)
    position = np.flatnonzero(row >= 0)
    known = Correlations(correlations, data.n_samples, RESOLUTION**2)
    places, flat = row[pairs], row[candidates.flat]
    results = np.empty((N_RESULTS, len(pairs)))
    sets = np.empty((len(pairs), size), dtype=np.int64)
    n_tests = np.empty(len(pairs), dtype=np.int64)

    def run(block: slice) -> None:
        copula_separate(
            known, places, flat, candidates.starts, alpha, block.start, block.stop,
            results, sets, n_tests,
        )  # fmt: skip

    n_sets = comb(candidates.lengths, size).mean() if len(pairs) else 0.0
    blocks = blocks_by_cost(len(pairs), _NANOSECONDS_OF_A_PLAIN_TEST * n_sets)
    for_each(run, blocks, description="separations")
    return results, np.where(sets >= 0, position[sets], sets), n_tests


def _separate_any(
    data: Dataset, pairs: Positions, candidates: Ragged, size: int, alpha: float
) -> Separations:
    """Separate pairs of columns of any kinds.

    The sets of continuous columns of a continuous pair are all tried by the kernel first, and take
    their place in the order of the others, which are tested one at a time.
    """
    results = np.full((N_RESULTS, len(pairs)), np.nan)
    sets = np.full((len(pairs), size), -1, dtype=np.int64)
    n_tests = np.zeros(len(pairs), dtype=np.int64)
    n_rows = np.zeros(len(pairs), dtype=np.int64)
    plain, by_kernel = _plain(data), _is_plain(data, pairs)
    others = set(np.flatnonzero(~plain).tolist())
    places = np.flatnonzero(by_kernel)
    among = candidates.take(places).where(plain)
    plain_results, plain_sets, _ = _search_continuous(data, pairs[places], among, size, alpha)
    plain_row = np.cumsum(by_kernel) - 1

    def search(k: int) -> None:
        x, y = pairs[k].tolist()
        known = tuple(plain_sets[plain_row[k]].tolist()) if by_kernel[k] else ()
        for given in combinations(candidates[k], size):
            n_tests[k] += 1
            if not by_kernel[k] or not others.isdisjoint(given):
                found, n_found = result_in_common_rows(data, x, y, given)
            elif given == known:
                found, n_found = plain_results[:, plain_row[k]], data.n_samples
            else:
                continue
            if not found[P_VALUE] <= results[P_VALUE, k] and not np.isnan(found[P_VALUE]):
                results[:, k], sets[k], n_rows[k] = found, given, n_found
            if found[P_VALUE] > alpha:
                return

    with one_blas_thread():
        for_each(search, range(len(pairs)), description="separations")
    return Separations(copula_batch(results, n_rows), sets, n_tests)
