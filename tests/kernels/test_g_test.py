"""Both forms of the G test against the reference, and permutations against every table."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, nbinom

from mistruct.kernels.contingency import join_strata
from mistruct.kernels.g_permutation import g_test_sorted
from mistruct.kernels.g_tables import g_test_drawn
from mistruct.kernels.g_test import (
    CHI_SQUARE,
    DOF,
    HOW,
    N_SAMPLES,
    P_VALUE,
    PERMUTATION,
    SPARSE,
    UNTESTABLE,
    G,
    g_test_dense,
)
from tests import reference as ref
from tests import strategies


def _strata(z: list[np.ndarray], n_samples: int) -> tuple[np.ndarray, int]:
    strata, n_strata = np.zeros(n_samples, np.int32), 1
    for column in z:
        n_strata = join_strata(strata, n_strata, column, int(column.max()) + 1)
    return strata, n_strata


def _dense(x: np.ndarray, y: np.ndarray, z: list[np.ndarray], n_x: int, n_y: int) -> np.ndarray:
    result = np.full(5, -7.0)
    g_test_dense(x, y, *_order(_strata(z, x.size), n_x, n_y), result)
    return result


def _order(strata: tuple[np.ndarray, int], n_x: int, n_y: int) -> tuple[np.ndarray, int, int, int]:
    return strata[0], n_x, n_y, strata[1]


def _permuted(
    x: np.ndarray,
    y: np.ndarray,
    z: list[np.ndarray],
    n_x: int,
    n_y: int,
    n_permutations: int = 99,
    seed: int = 0,
    form: Callable[..., None] = g_test_sorted,
) -> np.ndarray:
    result = np.full(5, -7.0)
    keys = np.array([11, 22], dtype=np.uint64)
    form(
        np.array([x, y]), np.array([n_x, n_y]), keys, 0, 1, *_strata(z, x.size), np.uint64(5),
        n_permutations, np.uint64(seed), result,
    )  # fmt: skip
    return result


Counts = tuple[tuple[int, ...], ...]


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
def test_both_forms_are_the_reference(
    drawn: tuple[np.ndarray, np.ndarray, list[np.ndarray]],
) -> None:
    x, y, z = drawn
    n_x, n_y = int(x.max()) + 1, int(y.max()) + 1
    statistic, dof, _ = ref.g_test(x.tolist(), y.tolist(), [c.tolist() for c in z])
    allowed, williams = cochran_and_williams(x, y, z)
    dense, by_sorting = _dense(x, y, z, n_x, n_y), _permuted(x, y, z, n_x, n_y)
    for result in (dense, by_sorting):
        assert result[G] == pytest.approx(statistic, rel=1e-9, abs=1e-9)
        assert result[DOF] == dof
        assert result[N_SAMPLES] == x.size
    if dof == 0:
        assert dense[HOW] == by_sorting[HOW] == UNTESTABLE
        assert np.isnan(dense[P_VALUE])
        assert np.isnan(by_sorting[P_VALUE])
    elif allowed:
        assert dense[HOW] == by_sorting[HOW] == CHI_SQUARE
        for result in (dense, by_sorting):
            p = chi2.sf(statistic / williams, dof)
            assert result[P_VALUE] == pytest.approx(p, rel=1e-6, abs=1e-9)
    else:
        assert (dense[HOW], by_sorting[HOW]) == (SPARSE, PERMUTATION)
        assert 0 < by_sorting[P_VALUE] <= 1


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
    sizes = [int(c.max()) + 1 for c in (x, y, *z)]
    holed = [
        np.where(rng.random(c.size) < 0.2, r, c).astype(np.uint8)
        for c, r in zip((x, y, *z), sizes, strict=True)
    ]
    known = np.all([c < r for c, r in zip(holed, sizes, strict=True)], axis=0)
    statistic, dof, _ = ref.g_test(
        holed[0][known].tolist(), holed[1][known].tolist(), [c[known].tolist() for c in holed[2:]]
    )
    strata, n_strata = np.zeros(x.size, np.int32), 1
    for column, r in zip(holed[2:], sizes[2:], strict=True):
        n_strata = join_strata(strata, n_strata, column, r)
    dense, by_sorting = np.full(5, -7.0), np.full(5, -7.0)
    g_test_dense(holed[0], holed[1], strata, sizes[0], sizes[1], n_strata, dense)
    g_test_sorted(
        np.array(holed[:2]), np.array(sizes[:2]), np.array([3, 4], dtype=np.uint64), 0, 1, strata,
        n_strata, np.uint64(0), 99, np.uint64(0), by_sorting,
    )  # fmt: skip
    for result in (dense, by_sorting):
        assert result[G] == pytest.approx(statistic, rel=1e-9, abs=1e-9)
        assert result[DOF] == dof
        assert result[N_SAMPLES] == known.sum()


# Permutations against the enumeration of every table with the same margins ---------------------


def _tables(rows: tuple[int, ...], columns: tuple[int, ...]) -> list[Counts]:
    """Every table of counts with these margins."""
    if len(rows) == 1:
        return [(columns,)]
    firsts = (
        first
        for first in itertools.product(*(range(min(rows[0], c) + 1) for c in columns))
        if sum(first) == rows[0]
    )
    return [
        (first, *rest)
        for first in firsts
        for rest in _tables(rows[1:], tuple(c - f for c, f in zip(columns, first, strict=True)))
    ]


def _g_and_probability(table: Counts) -> tuple[float, float]:
    rows = [sum(r) for r in table]
    columns = [sum(c) for c in zip(*table, strict=True)]
    n = sum(rows)
    g = 2 * sum(
        o * math.log(o * n / (rows[i] * columns[j]))
        for i, r in enumerate(table)
        for j, o in enumerate(r)
        if o
    )
    logs = [math.lgamma(m + 1) for m in rows + columns]
    cells = [math.lgamma(o + 1) for r in table for o in r]
    return g, math.exp(sum(logs) - math.lgamma(n + 1) - sum(cells))


def _exact(tables: list[Counts]) -> float:
    """P(G >= observed) given all margins of independent strata, by enumeration."""
    observed = sum(_g_and_probability(t)[0] for t in tables)
    g, p = np.zeros(1), np.ones(1)
    for table in tables:
        margins = tuple(map(sum, table)), tuple(map(sum, zip(*table, strict=True)))
        all_g, all_p = np.array([_g_and_probability(t) for t in _tables(*margins)]).T
        assert all_p.sum() == pytest.approx(1)
        g, p = np.add.outer(g, all_g).ravel(), np.multiply.outer(p, all_p).ravel()
    return float(p[g >= observed - 1e-9].sum())


def _p_value(
    tables: list[Counts], n_permutations: int, seed: int, form: Callable[..., None]
) -> float:
    rows = [
        (i, j, s)
        for s, table in enumerate(tables)
        for i, r in enumerate(table)
        for j, o in enumerate(r)
        for _ in range(o)
    ]
    x, y, z = np.random.default_rng(seed).permutation(np.array(rows, dtype=np.uint8)).T.copy()
    result = _permuted(x, y, [z], len(tables[0]), len(tables[0][0]), n_permutations, seed, form)
    assert result[HOW] == PERMUTATION
    return float(result[P_VALUE])


FORMS = pytest.mark.parametrize("form", [g_test_sorted, g_test_drawn], ids=["rows", "tables"])

FREQUENT: dict[str, list[Counts]] = {
    "2 x 2": [((3, 5), (6, 2))],
    "2 x 2, rare": [((1, 4), (9, 40))],
    "2 x 3": [((3, 1, 2), (1, 4, 3))],
    "3 x 3": [((2, 1, 0), (1, 2, 1), (0, 1, 3))],
    "two strata": [((3, 1), (1, 3)), ((2, 1), (2, 4))],
    "a stratum that says nothing": [((3, 1), (1, 3)), ((2, 3), (0, 0))],
}


@FORMS
@pytest.mark.parametrize("case", FREQUENT)
def test_a_large_p_value_is_the_exact_one_within_chance(
    case: str, form: Callable[..., None]
) -> None:
    truth = _exact(FREQUENT[case])
    assert truth > 0.02
    for seed in range(5):
        n_shuffles = 10 / _p_value(FREQUENT[case], 10_000, seed, form)
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


@FORMS
@pytest.mark.parametrize("case", RARE)
def test_a_small_p_value_is_the_exact_one_within_a_factor(
    case: str, form: Callable[..., None]
) -> None:
    truth = _exact(RARE[case])
    assert 1e-7 < truth < 2e-3
    for seed in range(5):
        p = _p_value(RARE[case], 999, seed, form)
        # As soon as one shuffle reaches G, shuffles are counted: up to nine of a thousand. Where
        # none does, the tail is fitted to 999 draws of a statistic that takes few values.
        assert truth / 5 < p < max(5 * truth, 0.01)


def test_no_p_value_is_below_the_probability_of_the_table() -> None:
    for n, r, c in itertools.product((40, 300), (2, 4, 8), (3, 5, 8)):
        for a in range(min(r, c) + 1):
            table = ((a, r - a), (c - a, n - r - c + a))
            if min(r, c) * max(r, c) / n < 1:
                least = _g_and_probability(table)[1] * (1 - 1e-9)
                assert _p_value([table], 99, a, g_test_sorted) >= least
                assert _p_value([table], 99, a, g_test_drawn) >= least


def test_where_all_shuffles_are_alike_p_is_one() -> None:
    distinct = np.arange(30, dtype=np.uint8)
    result = _permuted(distinct, distinct[::-1].copy(), [], 30, 30)
    assert result[HOW] == PERMUTATION
    assert result[P_VALUE] == 1.0


def test_almost_no_spread_makes_no_tail() -> None:
    # One pair of equal states in each of two columns of otherwise distinct ones: they coincide.
    n = 250
    codes = np.arange(n, dtype=np.uint8)
    codes[1] = 0
    p = _permuted(codes, codes.copy(), [], n, n, n_permutations=999)[P_VALUE]
    truth = 2 / (n * (n - 1))
    assert truth <= p <= 1e-2
