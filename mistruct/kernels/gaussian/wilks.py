"""The null distribution of Wilks' lambda, for tests of Gaussian independence.

Between normal blocks of d_x and d_y dimensions that are independent given others, the lambda
|S_xy| / (|S_x| |S_y|) of their residual covariances depends on n and the dimensions alone. Where
one of the two has a single dimension it follows a beta distribution exactly, which for two single
columns is Student's t test of the correlation; otherwise Bartlett's (1938) factor makes
-log lambda nearly chi-square.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.chi_square import chi_square_upper_tail
from mistruct.kernels.compiler import kernel

_PRECISION = 4e-16
_TINY = 1e-300


def _series(n_terms: int) -> NDArray[np.float64]:
    """Coefficients of w^2, w^4, ... in sqrt(w / sinh w), by J.C.P. Miller's recurrence."""
    of_power = [1.0]
    for n in range(1, n_terms + 1):
        terms = [
            (0.5 * m - n) * of_power[n - m] / math.factorial(2 * m + 1) for m in range(1, n + 1)
        ]
        of_power.append(sum(terms) / n)
    return np.array(of_power[1:])


# Of two columns: where these terms give all digits of the tail.
_SERIES = _series(8)
_LEAST_A, _MOST_NATS = 10.0, 0.3

# The fields of a result.
STATISTIC, P_VALUE = 0, 1


@kernel
def log_inverse_beta(a: float, b: float) -> float:
    """Negative log of B(a, b), by the faster expansion DLMF 5.11.13 for b = 1/2 and large a."""
    if b == 0.5 and a >= 50.0:
        of_a = 1.0 / (a * a)
        series = (-1.0 / 8.0 + of_a * (1.0 / 192.0 + of_a * (-1.0 / 640.0))) / a
        return 0.5 * math.log(a / math.pi) + series
    return math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)


@kernel
def beta_lower_tail(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function I_x(a, b), for a, b > 0."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    front = math.exp(a * math.log(x) + b * math.log1p(-x) + log_inverse_beta(a, b))
    # The continued fraction (DLMF 8.17.22, by Lentz's method) converges fast below the mean.
    mirrored = x > (a + 1.0) / (a + b + 2.0)
    if mirrored:
        x, a, b = 1.0 - x, b, a
    c, d, fraction, change = 1.0, 0.0, 1.0, 0.0
    i = 0
    while abs(change - 1.0) > _PRECISION and i < 100_000:
        i += 1
        m = float(i // 2)
        if i % 2:
            step = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        else:
            step = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        d = 1.0 + step * d
        if abs(d) < _TINY:
            d = _TINY
        c = 1.0 + step / c
        if abs(c) < _TINY:
            c = _TINY
        d = 1.0 / d
        change = c * d
        fraction *= change
    tail = front / (a * fraction)
    return 1.0 - tail if mirrored else tail


@kernel
def correlation_tail(nats: float, a: float) -> float:
    """Tail of a correlation, I_x(a, 1/2) for x = exp(-2 nats), a >= `_LEAST_A`.

    With t = exp(-2 w) the density of the beta distribution is exp(-s) / sqrt(s) times
    sqrt(w / sinh w), where s = (2a - 1/2) w. A power series of the latter leaves incomplete gamma
    functions of n + 1/2, each of which is the one before it, and so erfc, and an elementary term
    (Didonato and Morris 1992, ACM Transactions on Mathematical Software 18, section 9).
    """
    scale = 1.0 / (2.0 * a - 0.5)
    u = max(nats, 0.0) / scale
    part, gamma, power = 0.0, 1.0, scale
    beyond, whole = 0.0, 1.0
    for n in range(_SERIES.size):
        c = 2.0 * n + 1.5
        step = c * (c - 1.0) * scale * scale
        part = step * part + power * (nats + c * scale)
        gamma *= step
        power *= nats * nats
        beyond += _SERIES[n] * part
        whole += _SERIES[n] * gamma
        if abs(_SERIES[n]) * part * (u + 1.0) < 0.01 * _PRECISION:
            break
    return math.erfc(math.sqrt(u)) + math.sqrt(u / math.pi) * math.exp(-u) * beyond / whole


@kernel
def wilks_test(nats: float, n_x: int, n_y: int, n_error: int, result: NDArray[np.float64]) -> None:
    """Fill STATISTIC and P_VALUE for -1/2 log lambda = `nats`, `n_error` = n - 1 - n_z.

    The statistic is Bartlett's, about chi-square with n_x n_y degrees of freedom; NaN where the
    rows are too few to test anything.
    """
    result[P_VALUE] = math.nan
    result[STATISTIC] = math.nan
    if min(n_x, n_y) == 0 or n_x + n_y >= n_error:
        return
    result[STATISTIC] = 2.0 * (n_error - 0.5 * (n_x + n_y + 1)) * nats
    widest = max(n_x, n_y)
    if math.isinf(nats):
        result[P_VALUE] = 0.0
    elif min(n_x, n_y) == 1:
        a = 0.5 * (n_error - widest)
        if widest == 1 and a >= _LEAST_A and nats <= _MOST_NATS:
            result[P_VALUE] = correlation_tail(nats, a)
        else:
            result[P_VALUE] = beta_lower_tail(math.exp(-2.0 * nats), a, 0.5 * widest)
    else:
        result[P_VALUE] = chi_square_upper_tail(result[STATISTIC], n_x * n_y)
