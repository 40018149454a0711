r"""P-values of sums of products, from their moments over all permutations.

Counts that are mostly zero and rare states are far from normal: where few rows of x and few of y
stand out, how many they share is nearly a Poisson number, which is skewed. The moments of
:math:`T = \sum_i u_i v_i` over all permutations of v within strata of :math:`n_s` rows, in each of
which u and v sum to zero, are exact: mean 0 and cumulants (Pitman 1937)

.. math:: \kappa_2 = \sum_s \frac{\sum u^2 \sum v^2}{n_s - 1}, \qquad
          \kappa_3 = \sum_s \frac{n_s \sum u^3 \sum v^3}{(n_s - 1)(n_s - 2)}.

In one stratum :math:`T^2 / \kappa_2 = (n - 1) r^2`, and without skewness r follows its beta
distribution. A gamma distribution with the three moments, shifted, against a normal one tells how
much larger the tail is than that, and the p-value grows by this factor. For a large skewness the
gamma distribution itself is the better of the two, so the p-value is no smaller than that in
proportion to the skewness.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammainc, gammaincc, ndtr

from mistruct._typing import Floats
from mistruct.data.dataset import Dataset
from mistruct.information.blocks import normal_scores

# Skewness below which a column is near enough to normal.
NEGLIGIBLE_SKEWNESS = 0.1
_NEGLIGIBLE_OF_SUM = 1e-3


def standardised_sum(u: Floats, v: Floats, strata: NDArray[Any]) -> tuple[float, float]:
    """The sum T over its standard deviation, and its skewness; NaN if it is constant.

    The rows of `u` and `v`, shape (n,), sum to zero in each of the `strata`, shape (n,), from 0.
    """
    sizes = np.bincount(strata).astype(np.float64)

    def sums(power: int) -> Floats:
        return np.asarray(
            np.bincount(strata, weights=u**power) * np.bincount(strata, weights=v**power)
        )

    variance = float((sums(2) / np.maximum(sizes - 1.0, 1.0))[sizes > 1].sum())
    third = float((sizes * sums(3) / np.maximum((sizes - 1) * (sizes - 2), 1.0))[sizes > 2].sum())
    if not variance > 0:
        return np.nan, np.nan
    return float(u @ v) / variance**0.5, third / variance**1.5


def tail(standardised: Floats | float, skewness: Floats | float, n_error: int) -> Floats:
    """Two-sided p-values of standardised sums with the given skewness.

    Without skewness their squares over `n_error` have the beta distribution of a squared
    correlation with as many degrees of freedom; without z that is n - 1.
    """
    standardised, skewness = np.atleast_1d(standardised, skewness)
    rest = 1.0 - np.minimum(standardised**2 / n_error, 1.0)
    p_value = np.asarray(betainc((n_error - 1) / 2, 0.5, rest))
    # Only that towards the side on which the sum lies makes it less rare.
    towards = np.sign(standardised) * skewness
    some = np.flatnonzero(towards > _NEGLIGIBLE_OF_SUM)
    s, t = towards[some], np.abs(standardised[some])
    shape = 4.0 / s**2
    far, near = shape + t * np.sqrt(shape), np.maximum(shape - t * np.sqrt(shape), 0.0)
    gamma = gammaincc(shape, far) + gammainc(shape, near)
    normal = np.maximum(2.0 * ndtr(-t), np.finfo(np.float64).tiny)
    grown = np.minimum(p_value[some] * np.maximum(gamma / normal, 1.0), 1.0)
    p_value[some] = np.maximum(grown, np.minimum(s, 1.0) * gamma)
    return p_value


def scores_of(data: Dataset, name: str) -> Floats | None:
    """The standardised scores of a complete column, None if they need more than one dimension."""
    row = data.row(name)
    if not data.is_discrete(name):
        scores = normal_scores(data.values[[row]])[0]
    elif data.n_observed[row] == 2:
        scores = (data.codes[row] == data.codes[row].max()).astype(np.float64)
    else:
        return None
    scores = scores - scores.mean()
    return np.asarray(scores / np.sqrt((scores**2).mean()))


def is_skewed(data: Dataset, name: str) -> bool:
    """Whether the scores of a complete column are far from symmetric."""
    if not data.is_discrete(name):
        ordered = np.sort(data.values[data.row(name)])
        if (ordered[1:] > ordered[:-1]).all() or ordered[0] == ordered[-1]:
            return False
    scores = scores_of(data, name)
    return scores is not None and abs(float((scores**3).mean())) > NEGLIGIBLE_SKEWNESS
