"""The moments of Pearson's statistic against every table with the margins, and its tail."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom, norm, pearson3

from mistruct.kernels.chi_square import shifted_gamma_upper_tail
from mistruct.kernels.g_test.pearson_moments import N_GRAPHS, pearson_cumulants, tail_of_cumulants
from tests import reference_tables as ref


def _cumulants(rows: list[int], columns: list[int]) -> tuple[float, float, float]:
    of_rows, of_columns = np.empty(N_GRAPHS), np.empty(N_GRAPHS)
    excess, mean, variance, third = pearson_cumulants(
        7.0, np.array(rows), np.array(columns), of_rows, of_columns
    )
    assert excess == 7.0 - mean
    return mean, variance, third


def _split(n: int, cuts: list[int]) -> list[int]:
    """`n` rows cut at these places."""
    places = sorted({0, n, *(1 + c % (n - 1) for c in cuts)})
    return np.diff(places).tolist()


_cuts = st.lists(st.integers(0, 100), min_size=1, max_size=3)


@given(st.integers(2, 9), _cuts, _cuts)
@settings(max_examples=80, deadline=None)
def test_they_are_those_over_all_tables(n: int, of_rows: list[int], of_columns: list[int]) -> None:
    rows, columns = _split(n, of_rows), _split(n, of_columns)
    expected = [float(m) for m in ref.pearson_cumulants(rows, columns)]
    # Of fewer than 6 rows some graphs do not exist, and of fewer than 4 the formula of the variance
    # has terms that do not.
    np.testing.assert_allclose(_cumulants(rows, columns), expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(("n", "row", "column"), [(40, 3, 17), (10_000, 5, 900), (10**6, 3, 4)])
def test_they_keep_their_digits_where_rows_are_many(n: int, row: int, column: int) -> None:
    free = np.arange(0, min(row, column) + 1)
    p = hypergeom.pmf(free, n, column, row)
    expected = row * column / n
    x = (free - expected) ** 2 * sum(
        n / (r * c) for r in (row, n - row) for c in (column, n - column)
    )
    mean = p @ x
    moments = [mean, p @ (x - mean) ** 2, p @ (x - mean) ** 3]
    np.testing.assert_allclose(_cumulants([row, n - row], [n - column, column]), moments, rtol=1e-8)


def test_mean_and_variance_are_those_of_mielke_and_berry() -> None:
    rows, columns = [400, 77, 21, 2, 1, 1], [300, 150, 50, 2]
    n = sum(rows)

    def v_and_w(totals: list[int]) -> tuple[float, float]:
        r = len(totals)
        return (n - r) * (r - 1) / (n - 1), (n * sum(1 / t for t in totals) - r * r) / (n - 2)

    (v_x, w_x), (v_y, w_y) = v_and_w(rows), v_and_w(columns)
    variance = 2 * n / (n - 3) * (v_x - w_x) * (v_y - w_y) + n * n / (n - 1) * w_x * w_y
    mean, found, _ = _cumulants(rows, columns)
    assert mean == pytest.approx(n * 5 * 3 / (n - 1))
    assert found == pytest.approx(variance)


@given(st.integers(2, 300), _cuts, _cuts, st.randoms())
@settings(max_examples=50, deadline=None)
def test_neither_order_nor_sides_matter(n, of_rows, of_columns, random) -> None:
    rows, columns = _split(n, of_rows), _split(n, of_columns)
    expected = _cumulants(rows, columns)
    np.testing.assert_allclose(_cumulants(columns, rows), expected, rtol=1e-9, atol=1e-9)
    random.shuffle(rows)
    np.testing.assert_allclose(_cumulants(rows, columns), expected, rtol=1e-9, atol=1e-9)


def test_of_a_column_of_distinct_states_there_is_no_spread() -> None:
    for n in (5, 500, 50_000):
        columns = [n - n // 3, n // 3]
        mean, variance, third = _cumulants([1] * n, columns)
        assert mean == pytest.approx(n)  # X^2 is n (c - 1) whatever the order
        assert tail_of_cumulants(0.0, mean, variance, third) == 1.0
        assert tail_of_cumulants(1.0, mean, variance, third) == 1.0


@pytest.mark.parametrize("skewness", [0.003, 0.3, 2.0, 9.0, -0.4])
@pytest.mark.parametrize("z", [-3.0, -0.4, 0.0, 0.7, 3.0, 9.0])
def test_the_tail_is_that_of_pearson_iii(z: float, skewness: float) -> None:
    expected = pearson3.sf(z, skewness)
    assert shifted_gamma_upper_tail(z, skewness) == pytest.approx(expected, rel=1e-7, abs=1e-14)


@pytest.mark.parametrize("skewness", [0.0, 1e-3, -1e-3, 0.00201])
@pytest.mark.parametrize("z", [-1.0, 0.0, 2.0, 3.5])
def test_without_skewness_it_is_the_normal_tail(z: float, skewness: float) -> None:
    assert shifted_gamma_upper_tail(z, skewness) == pytest.approx(norm.sf(z), rel=0.02)
