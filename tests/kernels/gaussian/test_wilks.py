"""The incomplete beta function and the null distribution of Wilks' lambda, against scipy's."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betainc
from scipy.stats import f, kstest, pearsonr, t

from mistruct.kernels.gaussian.wilks import (
    P_VALUE,
    STATISTIC,
    beta_lower_tail,
    correlation_tail,
    log_inverse_beta,
    wilks_test,
)
from tests import reference_continuous as ref

HALVES = [0.5, 1.0, 1.5, 3.0, 7.5, 24.0, 98.5, 1e3, 49_999.5, 5e6]


def _wilks(nats: float, n_x: int, n_y: int, n_error: int) -> tuple[float, float]:
    result = np.full(2, -7.0)
    wilks_test(np.float64(nats), np.int64(n_x), np.int64(n_y), np.int64(n_error), result)
    return float(result[STATISTIC]), float(result[P_VALUE])


# The incomplete beta function ------------------------------------------------------------------


@pytest.mark.parametrize("a", HALVES)
@pytest.mark.parametrize("b", [0.5, 1.0, 2.5, 10.0, 300.0])
def test_the_tail_is_that_of_scipy(a: float, b: float) -> None:
    mean, variance = a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))
    near = mean + np.linspace(-8, 8, 33) * math.sqrt(variance)
    meeting = (a + 1) / (a + b + 2) + np.array([-1e-9, -1e-15, 0, 1e-15, 1e-9])
    xs = np.concatenate(
        [
            near, meeting, 10.0 ** -np.arange(1.0, 301.0, 13), 1 - 10.0 ** -np.arange(1.0, 8.0),
            # Down to tails of 1e-300, however large a is.
            mean * np.exp(-np.array([1, 5, 20, 100, 300, 500]) / a),
        ]
    )  # fmt: skip
    xs = np.unique(xs[(xs > 0) & (xs < 1)])
    expected = betainc(a, b, xs)
    found = np.array([beta_lower_tail(x, a, b) for x in xs])
    resolved = expected > 1e-250
    assert (expected[resolved] < 1e-90).any()
    # log gamma of a + b loses as many digits as it has before the point; so does a log x.
    tolerance = 1e-12 + 3e-15 * (a + b) * math.log(a + b + 2)
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= -tolerance).all()
    np.testing.assert_allclose(found[resolved], expected[resolved], rtol=tolerance)
    assert (found[~resolved] < 1e-240).all()


@pytest.mark.parametrize("a", [1, 7, 49, 50, 51, 80, 500, 20_000])
def test_the_constant_of_a_half_is_that_of_a_central_binomial(a: int) -> None:
    # Gamma(a + 1/2) = Gamma(1/2) (2a)! / (4^a a!), so 1 / B(a, 1/2) = a C(2a, a) / 4^a.
    exact = math.log(Fraction(a * math.comb(2 * a, a), 4**a))
    expected = pytest.approx(exact, rel=1e-14, abs=1e-14 if a >= 50 else 1e-12)
    assert log_inverse_beta(float(a), 0.5) == expected


def _of_even_dof(nats: float, a: int) -> Decimal:
    """Student's t of 2a degrees of freedom as a finite sum, with digits enough for its tail."""
    with localcontext(prec=400):
        x = (-2 * Decimal(nats)).exp()
        term = total = Decimal(1)
        for j in range(1, a):
            term *= x * (2 * j - 1) / (2 * j)
            total += term
        return 1 - (1 - x).sqrt() * total


@pytest.mark.parametrize("a", [10, 11, 20, 100, 498, 2000])
def test_the_tail_of_a_correlation_has_all_its_digits(a: int) -> None:
    for nats in (0.0, 1e-20, 1e-12, 1e-6, 1e-4, 0.001, 0.01, 0.05, 0.1, 0.2, 0.3):
        expected = _of_even_dof(nats, a)
        if expected < Decimal("1e-290"):
            continue
        # A rounding of the exponent 2 a nats is a factor of the tail.
        tolerance = 2e-15 + 4e-16 * 2 * a * nats
        assert correlation_tail(nats, float(a)) == pytest.approx(float(expected), rel=tolerance)
    assert correlation_tail(-1e-16, float(a)) == 1.0


@pytest.mark.parametrize("a", HALVES)
@pytest.mark.parametrize("b", [0.5, 2.5])
def test_the_ends(a: float, b: float) -> None:
    assert [beta_lower_tail(x, a, b) for x in (-1.0, -1e-300, 0.0)] == [0.0] * 3
    assert [beta_lower_tail(x, a, b) for x in (1.0, 1.0 + 1e-12, 3.0)] == [1.0] * 3


@given(st.floats(1e-6, 1 - 1e-6), st.floats(0.1, 200), st.floats(0.1, 200))
def test_both_tails_together_are_one(x: float, a: float, b: float) -> None:
    assert beta_lower_tail(x, a, b) + beta_lower_tail(1 - x, b, a) == pytest.approx(1, abs=1e-9)


def test_closed_forms() -> None:
    for x in (1e-30, 0.2, 0.5, 0.9):
        assert beta_lower_tail(x, 1.0, 1.0) == pytest.approx(x, rel=1e-13)
        assert beta_lower_tail(x, 7.0, 1.0) == pytest.approx(x**7, rel=1e-12)
        assert beta_lower_tail(x, 1.0, 7.0) == pytest.approx(-math.expm1(7 * math.log1p(-x)))
        arcsine = 2 / math.pi * math.asin(math.sqrt(x))
        assert beta_lower_tail(x, 0.5, 0.5) == pytest.approx(arcsine, rel=1e-13)


# The test --------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [4, 5, 9, 40, 1000, 100_000])
@pytest.mark.parametrize("effect", [0.0, 1e-6, 0.3, 3.0])
def test_of_two_columns_it_is_pearsons(n: int, effect: float) -> None:
    rng = np.random.default_rng(n)
    x, noise = rng.normal(size=(2, n))
    y = effect * x + noise
    r = float(np.corrcoef(x, y)[0, 1])
    expected = pearsonr(x, y).pvalue
    _, p_value = _wilks(-0.5 * math.log1p(-(r**2)), 1, 1, n - 1)
    assert p_value == pytest.approx(expected, rel=1e-8, abs=1e-250)
    by_t = 2 * t.sf(abs(r) * math.sqrt((n - 2) / (1 - r**2)), n - 2)
    assert p_value == pytest.approx(by_t, rel=1e-8, abs=1e-250)


@pytest.mark.parametrize("d", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("n_z", [0, 1, 5])
def test_of_one_column_and_a_block_it_is_the_f_test(d: int, n_z: int) -> None:
    n_error = 47 - 1 - n_z
    for share in (1e-9, 0.01, 0.2, 0.5, 0.99, 0.999999):  # of the variance explained
        ratio = share / (1 - share) * (n_error - d) / d
        expected = f.sf(ratio, d, n_error - d)
        for sizes in ((1, d), (d, 1)):
            _, p_value = _wilks(-0.5 * math.log1p(-share), *sizes, n_error)
            assert p_value == pytest.approx(expected, rel=1e-10)


@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 3), st.integers(0, 3))
@settings(max_examples=60)
def test_it_is_that_of_the_reference(seed: int, d_x: int, d_y: int, d_z: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(d_x + d_y + d_z + 4, 60))
    z = rng.normal(size=(n, d_z))
    of_z = z.sum(axis=1, keepdims=True)
    x, y = (rng.normal(size=(n, d)) + 0.5 * of_z for d in (d_x, d_y))
    nats = ref.gaussian_information(x, y, z, bias_correction=False)
    statistic, p_value = _wilks(nats, d_x, d_y, n - 1 - d_z)
    expected, dof, of_reference = ref.wilks_test(x, y, z)
    if d_x == d_y == 1:
        assert dof == n - 2 - d_z
        assert p_value == pytest.approx(of_reference, rel=1e-8)
    else:
        assert dof == d_x * d_y
        assert statistic == pytest.approx(expected, rel=1e-9, abs=1e-9)
        # The reference has Bartlett's chi-square throughout; ours is exact beside one column.
        assert p_value == pytest.approx(of_reference, rel=1e-8 if min(d_x, d_y) > 1 else 0.5)


@pytest.mark.parametrize(("d_x", "d_y", "n"), [(1, 1, 6), (1, 4, 12), (2, 3, 30), (4, 4, 80)])
def test_p_values_are_uniform_where_the_columns_are_independent(d_x: int, d_y: int, n: int) -> None:
    rng = np.random.default_rng(d_x + 10 * d_y)
    p_values = []
    for _ in range(1500):
        x, y = rng.normal(size=(n, d_x)), rng.normal(size=(n, d_y))
        q_x, q_y = (np.linalg.qr(b - b.mean(axis=0))[0] for b in (x, y))
        squares = np.linalg.svd(q_x.T @ q_y, compute_uv=False) ** 2
        p_values.append(_wilks(-0.5 * np.log1p(-squares).sum(), d_x, d_y, n - 1)[1])
    assert kstest(p_values, "uniform").pvalue > 0.001


@pytest.mark.parametrize(
    ("n_x", "n_y", "n_error"),
    [(0, 1, 50), (1, 0, 50), (0, 0, 50), (1, 1, 1), (1, 1, 0), (1, 1, -5), (3, 4, 6), (9, 1, 4)],
)
def test_where_there_is_nothing_to_test(n_x: int, n_y: int, n_error: int) -> None:
    assert np.isnan(_wilks(0.3, n_x, n_y, n_error)).all()


@pytest.mark.parametrize("sizes", [(1, 1), (1, 3), (2, 2)])
def test_infinite_information_leaves_no_doubt(sizes: tuple[int, int]) -> None:
    assert _wilks(math.inf, *sizes, 20) == (math.inf, 0.0)


@pytest.mark.parametrize("sizes", [(1, 1), (1, 3), (2, 2)])
def test_no_information_is_no_evidence(sizes: tuple[int, int]) -> None:
    assert _wilks(0.0, *sizes, 20) == (0.0, 1.0)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(10, 500), st.floats(0, 2), st.floats(0, 1))
def test_more_information_makes_a_smaller_p_value(
    n_x: int, n_y: int, n_error: int, nats: float, more: float
) -> None:
    assert _wilks(nats + more, n_x, n_y, n_error)[1] <= _wilks(nats, n_x, n_y, n_error)[1] + 1e-12
    assert _wilks(nats, n_x, n_y, n_error) == _wilks(nats, n_y, n_x, n_error)
