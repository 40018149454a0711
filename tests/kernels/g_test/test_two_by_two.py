"""2 x 2 tables: Fisher's exact test against scipy's, and moments against every table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact, hypergeom

from mistruct.kernels.g_test.two_by_two import fisher_mid_p, g_cumulants
from tests import reference_tables as ref

_counts = st.integers(0, 9)
_tables = st.tuples(st.tuples(_counts, _counts), st.tuples(_counts, _counts)).filter(
    lambda table: all(map(all, ref.margins(table)))
)


def _margins(table: ref.Counts) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = ref.margins(table)
    return np.array(rows), np.array(columns)


def _mid_p(table: ref.Counts) -> float:
    return float(fisher_mid_p(*_margins(table), table[0][0]))


def _turned(table: ref.Counts) -> list[ref.Counts]:
    """The same table with x and y, and with states, exchanged."""
    return [tuple(zip(*table, strict=True)), table[::-1], tuple(row[::-1] for row in table)]


@given(_tables)
@settings(max_examples=100, deadline=None)
def test_it_is_the_mid_p_of_all_tables(table: ref.Counts) -> None:
    all_alike = len({ref.probability(t) for t in ref.tables_with(*ref.margins(table))}) == 1
    expected = 1.0 if all_alike else ref.mid_p_value([table])
    assert _mid_p(table) == pytest.approx(expected, rel=1e-9)
    for same in _turned(table):
        assert _mid_p(same) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    "table", [((3, 5), (60, 20)), ((0, 9), (11, 500)), ((7, 2), (9, 10**6)), ((40, 1), (3, 35))]
)
def test_it_is_fisher_exact_less_half_of_what_is_as_probable(table: ref.Counts) -> None:
    (a, b), (c, d) = table
    n = a + b + c + d
    free = np.arange(max(0, a + b + a + c - n), min(a + b, a + c) + 1)
    p = hypergeom.pmf(free, n, a + b, a + c)
    same = p[np.isclose(p, p[free == a], rtol=1e-7, atol=0)].sum()
    expected = fisher_exact(table).pvalue - same / 2
    assert _mid_p(table) == pytest.approx(expected, rel=1e-6)


def test_wide_margins_make_no_overflow() -> None:
    assert _mid_p(((2000, 0), (0, 2000))) == 0.0  # about 1e-1200
    least_evident = 1 - hypergeom.pmf(1000, 4000, 2000, 2000) / 2
    assert _mid_p(((1000, 1000), (1000, 1000))) == pytest.approx(least_evident, rel=1e-9)


@given(_tables)
@settings(max_examples=100, deadline=None)
def test_the_moments_of_g_are_those_over_all_tables(table: ref.Counts) -> None:
    all_tables = ref.tables_with(*ref.margins(table))
    p = np.array([float(ref.probability(t)) for t in all_tables])
    g = np.array([ref.g_statistic(t) for t in all_tables])
    mean = p @ g
    expected = [ref.g_statistic(table) - mean, mean, p @ (g - mean) ** 2, p @ (g - mean) ** 3]
    for same in (table, *_turned(table)):
        found = g_cumulants(*_margins(same), same[0][0])
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_g_of_a_table_too_improbable_to_list_is_still_its_own() -> None:
    table = ((300, 0), (0, 300))
    excess, mean, variance, _ = g_cumulants(*_margins(table), 300)
    assert excess + mean == pytest.approx(ref.g_statistic(table))
    # Far from any bound G is near chi-square with one degree of freedom.
    assert mean == pytest.approx(1, abs=0.01)
    assert variance == pytest.approx(2, abs=0.05)
