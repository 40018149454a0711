"""Upper tails of gamma, chi-square and Pearson III distributions, for p-values in kernels.

scipy's ``gammaincc`` cannot be called from a cached kernel; this one is held against it in tests.
The power series (DLMF 8.7.1) serves below x = a + 1, the continued fraction (DLMF 8.9.2, by
Lentz's method) above.
"""

from __future__ import annotations

import math

from mistruct.kernels.compiler import kernel

_PRECISION = 4e-16  # twice the spacing of doubles at 1, or rounding may keep the loops from ending
_TINY = 1e-300

# The gamma distribution differs from the normal one by less than a hundredth of any p-value that
# matters, and would take thousands of terms.
_NEARLY_NORMAL = 0.002


@kernel
def gamma_upper_tail(a: float, x: float) -> float:
    """Regularised upper incomplete gamma function Q(a, x), for a > 0."""
    if x <= 0.0:
        return 1.0
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1.0:
        term = 1.0 / a
        total = term
        k = a
        while term > total * _PRECISION:
            k += 1.0
            term *= x / k
            total += term
        return 1.0 - total * scale
    b = x + 1.0 - a
    c = 1.0 / _TINY
    d = 1.0 / b
    fraction = d
    i = 0.0
    change = 0.0
    while abs(change - 1.0) > _PRECISION and i < 100_000.0:
        i += 1.0
        numerator = -i * (i - a)
        b += 2.0
        d = numerator * d + b
        if abs(d) < _TINY:
            d = _TINY
        c = b + numerator / c
        if abs(c) < _TINY:
            c = _TINY
        d = 1.0 / d
        change = c * d
        fraction *= change
    return scale * fraction


@kernel
def chi_square_upper_tail(statistic: float, dof: float) -> float:
    """P(X >= statistic) of a chi-square variable with `dof` degrees of freedom."""
    return gamma_upper_tail(0.5 * dof, 0.5 * statistic)


@kernel
def shifted_gamma_upper_tail(z: float, skewness: float) -> float:
    """P(Z >= z) for a shifted gamma (Pearson III) variable of mean 0, variance 1 and `skewness`.

    Where `skewness` is negative, the variable is the mirror image of one where it is positive.
    """
    if abs(skewness) < _NEARLY_NORMAL:
        return 0.5 * math.erfc(z * math.sqrt(0.5))
    shape = 4.0 / skewness**2
    tail = gamma_upper_tail(shape, shape + 2.0 * z / skewness)
    return tail if skewness > 0.0 else 1.0 - tail
