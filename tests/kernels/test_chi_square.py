"""The gamma tail against scipy's, by relative error also deep in the tail."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammaincc
from scipy.stats import chi2

from mistruct.kernels.chi_square import chi_square_upper_tail, gamma_upper_tail


@pytest.mark.parametrize("a", [0.01, 0.3, 0.5, 1.0, 1.5, 2.0, 7.5, 50.0, 100.0, 1e3, 1e4, 1e5])
def test_the_tail_is_that_of_scipy(a: float) -> None:
    deviations = np.concatenate([np.linspace(-6, 6, 41), [10, 20, 35]])
    near = a + 1 + np.array([-1e-6, -1e-12, 0.0, 1e-12, 1e-6])  # where the two methods meet
    wide = np.concatenate(
        [a * np.array([1e-8, 1e-3, 0.5, 0.9, 1.1, 2, 5]), [1e-300, a + 600, a + 900]]
    )
    xs = np.concatenate([a + deviations * np.sqrt(a), near, wide])
    xs = xs[xs > 0]
    expected = gammaincc(a, xs)
    found = np.array([gamma_upper_tail(a, x) for x in xs])
    resolved = expected > 1e-290
    assert (expected[resolved] < 1e-100).any() or a > 100  # the grid is deep
    # a log x - x - log gamma(a) is a difference of numbers of the size of a log a.
    tolerance = 1e-12 + 4e-15 * a * max(np.log(a), 0.0)
    np.testing.assert_allclose(found[resolved], expected[resolved], rtol=tolerance)
    assert (found[~resolved] < 1e-285).all()


@pytest.mark.parametrize("x", [0.0, -1e-13, -5.0])
def test_nothing_lies_below_zero(x: float) -> None:
    assert gamma_upper_tail(2.5, x) == 1.0


@pytest.mark.parametrize("dof", [1, 2, 5, 40, 900])
def test_chi_square(dof: int) -> None:
    for statistic in (1e-9, 0.3 * dof, dof, 2.0 * dof, dof + 200.0):
        found = chi_square_upper_tail(statistic, dof)
        assert found == pytest.approx(chi2.sf(statistic, dof), rel=1e-10)
