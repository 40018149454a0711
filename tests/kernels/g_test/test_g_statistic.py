"""The G test, however it counts, against the reference; permutations against every table."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, gamma, nbinom

from mistruct.information.counts.packing import pack
from mistruct.kernels.counts.coded_columns import CodedColumns, no_strata
from mistruct.kernels.counts.stratum_bitsets import no_intersections
from mistruct.kernels.g_test.g_statistic import DOF, HOW, N_SAMPLES, P_VALUE, G, g_test
from mistruct.kernels.g_test.margins import expected_below
from mistruct.kernels.g_test.sparse_null import (
    CHI_SQUARE,
    EXACT,
    MOMENTS,
    PERMUTATION,
    UNTESTABLE,
    SparseRule,
)
from tests import reference as ref
from tests import reference_tables as listed
from tests import strategies

Counts = listed.Counts

# States enough for a column never to be packed, and for two never to be counted in a histogram.
MANY_STATES = 2000


def coded(columns: list[np.ndarray], n_states: list[int], packed: bool = True) -> CodedColumns:
    codes, states = np.array(columns), np.array(n_states, dtype=np.int64)
    words = pack(codes, states)
    if not packed:
        words = words._replace(first_word=np.full_like(words.first_word, -1))
    keys = np.array([33, 44, 55, 66, 77, 11, 22], dtype=np.uint64)[-len(codes) :]
    one_each = np.empty(0, dtype=np.int64)
    return CodedColumns(codes, states, keys, words, one_each, codes.shape[1])


def outcome(
    x: np.ndarray,
    y: np.ndarray,
    z: list[np.ndarray],
    way: str = "histogram",
    method: int = MOMENTS,
    n_permutations: int = 99,
    seed: int = 0,
    n_states: list[int] | None = None,
) -> np.ndarray:
    """The test of x and y given z; `way` is how rows are counted."""
    columns = [*z, x, y]
    states = n_states or [int(c.max()) + 1 for c in columns]
    data = coded(columns, states, way == "words")
    if way == "rows":
        columns = [c.astype(np.uint16) for c in columns]
        for c, r in zip(columns, states, strict=True):
            c[c >= r] = MANY_STATES
        data = coded(columns, [*states[:-2], MANY_STATES, MANY_STATES])
    result = np.full(5, -7.0)
    room = no_intersections(len(z) + 1), no_strata(x.size, len(z))
    g_test(
        data, np.arange(len(columns)), len(z) + 1, *room,
        SparseRule(method, n_permutations, np.uint64(seed)), result,
    )  # fmt: skip
    return result


def cochran_and_williams(x: np.ndarray, y: np.ndarray, z: list[np.ndarray]) -> tuple[bool, float]:
    """The rule of Cochran (1954) and q of Williams (1976), expected count by expected count."""
    expected: list[float] = []
    weighted, dof = 0.0, 0
    configurations = list(zip(*(c.tolist() for c in z), strict=True)) or [()] * x.size
    for configuration in set(configurations):
        here = np.array([c == configuration for c in configurations])
        rows = np.unique(x[here], return_counts=True)[1]
        columns = np.unique(y[here], return_counts=True)[1]
        n, d = here.sum(), (len(rows) - 1) * (len(columns) - 1)
        if d == 0:
            continue
        expected += (np.outer(rows, columns) / n).ravel().tolist()
        q = 1 + (n * (1 / rows).sum() - 1) * (n * (1 / columns).sum() - 1) / (6 * n * d)
        weighted += d * q
        dof += d
    few = sum(e < 5 for e in expected)
    allowed = all(e >= 1 for e in expected) and few <= 0.2 * len(expected)
    return allowed, weighted / max(dof, 1)


@given(strategies.conditioned_pairs(n_rows=st.integers(1, 200)))
@settings(max_examples=120, deadline=None)
def test_all_ways_are_the_reference(
    drawn: tuple[np.ndarray, np.ndarray, list[np.ndarray]],
) -> None:
    x, y, z = drawn
    statistic, dof, _ = ref.g_test(x.tolist(), y.tolist(), [c.tolist() for c in z])
    allowed, williams = cochran_and_williams(x, y, z)
    for way, method in itertools.product(("histogram", "rows"), (MOMENTS, CHI_SQUARE, PERMUTATION)):
        result = outcome(x, y, z, way, method)
        assert result[G] == pytest.approx(statistic, rel=1e-9, abs=1e-9)
        assert result[DOF] == dof
        assert result[N_SAMPLES] == x.size
        if dof == 0:
            assert result[HOW] == UNTESTABLE
            assert np.isnan(result[P_VALUE])
        elif allowed or method == CHI_SQUARE:
            assert result[HOW] == CHI_SQUARE
            p = chi2.sf(statistic / (williams if allowed else 1), dof)
            assert result[P_VALUE] == pytest.approx(p, rel=1e-6, abs=1e-9)
        else:
            assert result[HOW] in ((MOMENTS, EXACT) if method == MOMENTS else (PERMUTATION,))
            assert 0 < result[P_VALUE] <= 1


@given(strategies.conditioned_pairs(n_rows=st.integers(1, 60)), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_neither_the_way_nor_any_order_matters_to_the_p_value(
    drawn: tuple[np.ndarray, np.ndarray, list[np.ndarray]], seed: int
) -> None:
    x, y, z = drawn
    expected = outcome(x, y, z)
    np.testing.assert_allclose(outcome(x, y, z, "rows"), expected, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(outcome(y, x, z), expected, rtol=1e-7, atol=1e-9)
    order = np.random.default_rng(seed).permutation(x.size)
    shuffled = outcome(x[order], y[order], [c[order] for c in z])
    np.testing.assert_array_equal(shuffled, expected)
    # Other labels put rows, columns and strata into another order.
    relabelled = [c.max() - c for c in (x, y, *z)]
    np.testing.assert_allclose(
        outcome(relabelled[0], relabelled[1], relabelled[2:]), expected, rtol=1e-7, atol=1e-9
    )
    # By permutation too, the way does not matter: the draws are the same.
    permuted = [outcome(x, y, z, way, PERMUTATION, seed=seed) for way in ("histogram", "rows")]
    assert permuted[0][HOW] == permuted[1][HOW]
    np.testing.assert_allclose(*permuted, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("method", [MOMENTS, CHI_SQUARE, PERMUTATION])
def test_words_and_histograms_give_the_same_to_the_last_digit(method: int) -> None:
    rng = np.random.default_rng(0)
    x, y, z = (rng.random((3, 4000)) < np.array([[0.01], [0.02], [0.03]])).astype(np.uint8)
    by_words, by_histogram = (outcome(x, y, [z], way, method) for way in ("words", "histogram"))
    np.testing.assert_array_equal(by_words, by_histogram)
    assert by_words[HOW] == method


@given(
    strategies.conditioned_pairs(n_rows=st.integers(1, 60), n_given=st.integers(1, 2)),
    st.integers(0, 2**32),
)
@settings(max_examples=60, deadline=None)
def test_rows_with_a_missing_entry_do_not_count(
    drawn: tuple[np.ndarray, np.ndarray, list[np.ndarray]], seed: int
) -> None:
    x, y, z = drawn
    rng = np.random.default_rng(seed)
    sizes = [int(c.max()) + 1 for c in (*z, x, y)]
    holed = [
        np.where(rng.random(c.size) < 0.2, r, c).astype(np.uint8)
        for c, r in zip((*z, x, y), sizes, strict=True)
    ]
    known = np.all([c < r for c, r in zip(holed, sizes, strict=True)], axis=0)
    *z_known, x_known, y_known = (c[known] for c in holed)
    if not known.any():
        return
    for way in ("histogram", "rows"):
        result = outcome(holed[-2], holed[-1], holed[:-2], way, n_states=sizes)
        expected = outcome(x_known, y_known, z_known, n_states=sizes)
        np.testing.assert_allclose(result, expected, rtol=1e-7, atol=1e-9)


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=90),
    st.lists(st.integers(1, 40), min_size=1, max_size=90),
    st.integers(1, 1700),
)
def test_expected_counts_are_told_apart(rows: list[int], columns: list[int], bound: int) -> None:
    expected = sum(r * c < bound for r in rows for c in columns)
    assert expected_below(np.array(rows), np.array(columns), bound) == expected


# Moments ---------------------------------------------------------------------------------------


def _columns_of(tables: list[Counts], seed: int) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Rows in any order that make these tables, one per stratum."""
    rows = [
        (i, j, s)
        for s, table in enumerate(tables)
        for i, r in enumerate(table)
        for j, o in enumerate(r)
        for _ in range(o)
    ]
    x, y, z = np.random.default_rng(seed).permutation(np.array(rows, dtype=np.uint8)).T.copy()
    return x, y, [z]


def _moments_by_listing(tables: list[Counts]) -> float:
    """The p-value of the sum over strata: of G where a stratum is 2 x 2 and small, else of X^2."""
    excess, mean, variance, third = 0.0, 0.0, 0.0, 0.0
    for table in tables:
        table = tuple(row for row in table if any(row))
        table = tuple(zip(*(c for c in zip(*table, strict=True) if any(c)), strict=True))
        rows, columns = listed.margins(table)
        if len(rows) < 2 or len(columns) < 2:
            continue
        small = len(rows) == len(columns) == 2 and min(rows) * min(columns) < 5 * sum(rows)
        statistic = listed.g_statistic if small else listed.pearson
        all_tables = listed.tables_with(rows, columns)
        p = np.array([float(listed.probability(t)) for t in all_tables])
        values = np.array([float(statistic(t)) for t in all_tables])
        own = float(p @ values)
        excess += float(statistic(table)) - own
        mean += own
        variance += float(p @ (values - own) ** 2)
        third += float(p @ (values - own) ** 3)
    skewness = third / variance**1.5
    shape = 4 / skewness**2
    scale = skewness / 2 * variance**0.5
    return float(gamma.sf(excess, shape, -shape * scale, scale))


SPARSE: dict[str, list[Counts]] = {
    "2 x 3": [((3, 1, 2), (1, 4, 3))],
    "3 x 3": [((2, 1, 0), (1, 2, 1), (0, 1, 3))],
    "3 x 3, rare": [((6, 1, 0), (1, 6, 1), (0, 1, 4))],
    "two strata, 2 x 2": [((3, 1), (1, 3)), ((2, 1), (2, 4))],
    "two strata, 2 x 2, dense beside sparse": [((15, 10), (9, 16)), ((1, 0), (2, 4))],
    "three strata, one of which says nothing": [
        ((3, 1, 1), (1, 3, 0)), ((2, 3, 1), (0, 0, 0)), ((2, 0, 0), (1, 4, 0)),
    ],
}  # fmt: skip


@pytest.mark.parametrize("case", SPARSE)
@pytest.mark.parametrize("way", ["histogram", "rows"])
def test_the_p_value_is_that_of_three_moments(case: str, way: str) -> None:
    result = outcome(*_columns_of(SPARSE[case], 0), way)
    least = float(np.prod([float(listed.probability(t)) for t in SPARSE[case]]))
    assert result[HOW] == MOMENTS
    expected = max(_moments_by_listing(SPARSE[case]), least)
    assert result[P_VALUE] == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("way", ["histogram", "rows"])
def test_one_2_by_2_table_gets_fishers_test(way: str) -> None:
    table = ((1, 4), (9, 40))
    strata: list[Counts] = [table, ((3, 2), (0, 0))]  # of which the second says nothing
    for tables in ([table], strata):
        result = outcome(*_columns_of(tables, 1), way)
        assert result[HOW] == EXACT
        assert result[P_VALUE] == pytest.approx(listed.mid_p_value([table]), rel=1e-9)


# Permutations against the enumeration of every table with the same margins ---------------------


def _p_value(tables: list[Counts], n_permutations: int, seed: int, way: str) -> float:
    result = outcome(*_columns_of(tables, seed), way, PERMUTATION, n_permutations, seed)
    assert result[HOW] == PERMUTATION
    return float(result[P_VALUE])


FREQUENT: dict[str, list[Counts]] = {
    "2 x 2": [((3, 5), (6, 2))],
    "2 x 2, rare": [((1, 4), (9, 40))],
    "2 x 3": [((3, 1, 2), (1, 4, 3))],
    "3 x 3": [((2, 1, 0), (1, 2, 1), (0, 1, 3))],
    "two strata": [((3, 1), (1, 3)), ((2, 1), (2, 4))],
    "a stratum that says nothing": [((3, 1), (1, 3)), ((2, 3), (0, 0))],
}


@pytest.mark.parametrize("case", FREQUENT)
def test_a_large_p_value_is_the_exact_one_within_chance(case: str) -> None:
    truth = listed.exact_p_value(FREQUENT[case])
    assert truth > 0.02
    for seed in range(5):
        n_shuffles = 10 / _p_value(FREQUENT[case], 10_000, seed, "rows")
        # How many shuffles it takes until ten reach G is negative binomial.
        low, high = nbinom.ppf([1e-4, 1 - 1e-4], 10, min(truth, 1.0)) + 10
        assert low <= n_shuffles + 1e-6
        assert n_shuffles - 1e-6 <= high


RARE: dict[str, list[Counts]] = {
    "2 x 2, balanced": [((9, 1), (1, 8))],
    "2 x 2, rare": [((4, 4), (1, 91))],
    "2 x 2, rarer": [((3, 0), (2, 195))],
    "2 x 3": [((8, 1, 1), (0, 5, 6))],
    "3 x 3": [((6, 1, 0), (1, 6, 1), (0, 1, 4))],
    "two strata": [((5, 1), (0, 6)), ((6, 1), (1, 5))],
    "three strata": [((3, 0), (1, 9)), ((2, 1), (0, 8)), ((4, 1), (1, 7))],
}


@pytest.mark.parametrize("case", RARE)
def test_a_small_p_value_is_the_exact_one_within_a_factor(case: str) -> None:
    truth = listed.exact_p_value(RARE[case])
    assert 1e-7 < truth < 2e-3
    for seed in range(5):
        p = _p_value(RARE[case], 999, seed, "rows")
        # As soon as one shuffle reaches G, shuffles are counted: up to nine of a thousand. Where
        # none does, the tail is fitted to 999 draws of a statistic that takes few values.
        assert truth / 5 < p < max(5 * truth, 0.01)


@pytest.mark.parametrize("method", [MOMENTS, PERMUTATION])
def test_no_p_value_is_below_the_probability_of_the_table(method: int) -> None:
    for n, r, c in itertools.product((40, 200), (2, 4, 8), (3, 5, 8)):
        for a in range(min(r, c) + 1):
            table = ((a, r - a, 0), (c - a, n - r - c + a, 0), (0, 0, 1))
            if min(r, c) * max(r, c) / n < 1:
                least = float(listed.probability(table)) * (1 - 1e-9)
                assert outcome(*_columns_of([table], a), method=method)[P_VALUE] >= least


@pytest.mark.parametrize("method", [MOMENTS, PERMUTATION])
def test_where_all_tables_are_alike_p_is_one(method: int) -> None:
    distinct = np.arange(30, dtype=np.uint8)
    result = outcome(distinct, distinct[::-1].copy(), [], method=method)
    assert result[HOW] == method
    assert result[P_VALUE] == 1.0


@pytest.mark.parametrize("method", [MOMENTS, PERMUTATION])
def test_almost_no_spread_makes_no_tail(method: int) -> None:
    # One pair of equal states in each of two columns of otherwise distinct ones: they coincide.
    n = 250
    codes = np.arange(n, dtype=np.uint8)
    codes[1] = 0
    p = outcome(codes, codes.copy(), [], method=method, n_permutations=999)[P_VALUE]
    truth = 2 / (n * (n - 1))
    assert truth / 10 <= p <= 1e-2


# Input that is hard to bear ----------------------------------------------------------------------


def test_strata_of_one_row_each_say_nothing() -> None:
    n = 5000
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 3, (2, n)).astype(np.uint16)
    for method in (MOMENTS, PERMUTATION, CHI_SQUARE):
        result = outcome(x, y, [np.arange(n, dtype=np.uint16)], method=method)
        assert result[HOW] == UNTESTABLE
        assert np.isnan(result[P_VALUE])
        assert result[N_SAMPLES] == n


def test_columns_of_50_000_states() -> None:
    n = 100_000
    rng = np.random.default_rng(1)
    wide, other = rng.integers(0, 50_000, (2, n)).astype(np.uint16)
    coin = rng.integers(0, 2, n).astype(np.uint16)
    assert 0.001 < outcome(wide, coin, [])[P_VALUE] < 0.999
    assert 0.001 < outcome(wide, other, [])[P_VALUE] < 0.999
    assert outcome(wide, (wide // 7).astype(np.uint16), [])[P_VALUE] < 1e-8


def test_a_rare_state_in_a_million_rows() -> None:
    n = 1_000_000
    x, y = np.zeros((2, n), np.uint8)
    x[:4] = y[2:5] = 1
    x[10:15] = y[500:900] = 2
    result = outcome(x, y, [])
    assert result[HOW] == MOMENTS
    # That two of the four and three rows meet has a probability near 6 * 3 * 2 / n^2. The tail
    # reaches as far as that, and stays on the safe side of it.
    assert 6 * 3 * 2 / n**2 < result[P_VALUE] < 1e-7
