"""Corrections for multiple testing: which p-values are significant among many.

Bonferroni's correction compares each p-value with alpha / m, where m is the number of tests. The
step-up rule of Benjamini and Hochberg (1995) compares the k-th smallest with alpha k / m and takes
the largest k that passes. ``scipy.stats.false_discovery_control`` needs all m p-values; here those
that cannot pass are not kept, as there may be 200 million.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Correction = Literal["bh", "bonferroni", "none"]

# P-values that are compared at a time.
_AT_ONCE = 1_000_000


def threshold(
    p_values: NDArray[np.float64],
    n_tests: int,
    alpha: float | None,
    correction: Correction,
    n_smaller: int = 0,
) -> float:
    """Largest p-value that is significant.

    Parameters
    ----------
    p_values : ndarray of float, shape (n_p_values,)
        P-values; NaN where nothing could be tested, which is never significant.
    n_tests : int
        Number of tests. The p-values that are missing from `p_values` are larger than alpha.
    alpha : float or None
        Level of significance; None takes every p-value.
    correction : {"bh", "bonferroni", "none"}
        What alpha bounds: the share of false discoveries, the chance of any, or of each.
    n_smaller : int
        Number of p-values that are missing from `p_values` because they are smaller than these.

    Returns
    -------
    float
        -1 if no p-value is significant by Benjamini and Hochberg's rule.

    Examples
    --------
    >>> import numpy as np
    >>> from mistruct.independence.multiple_testing import threshold
    >>> p_values = np.array([0.001, 0.02, 0.03, 0.5])
    >>> threshold(p_values, 4, 0.05, "bh")
    0.03
    >>> threshold(p_values, 4, 0.05, "bonferroni")
    0.0125
    """
    if alpha is None:
        return 1.0
    if correction == "none":
        return alpha
    if correction == "bonferroni":
        return alpha / n_tests
    ordered = np.sort(p_values)  # NaN comes last
    for end in range(len(ordered), 0, -_AT_ONCE):
        start = max(0, end - _AT_ONCE)
        ranks = np.arange(start + 1, end + 1) + n_smaller
        passing = np.flatnonzero(ordered[start:end] <= alpha * ranks / n_tests)
        if passing.size:
            return float(ordered[start + passing[-1]])
    return -1.0


def bound_of_cut(
    levels: NDArray[np.float64], counts: NDArray[np.int64], n_tests: int, alpha: float
) -> float:
    """A bound of what `threshold` says by Benjamini and Hochberg's rule, from counts alone.

    Parameters
    ----------
    levels : ndarray of float, shape (n_levels,)
        From `alpha` down to alpha / n_tests or less.
    counts : ndarray of int, shape (n_levels,)
        Number of p-values of at most each level, or more than that.
    n_tests : int
        Number of tests.
    alpha : float
        Level of significance.

    Examples
    --------
    >>> import numpy as np
    >>> from mistruct.independence.multiple_testing import bound_of_cut
    >>> levels = np.array([0.05, 0.03, 0.02, 0.01])
    >>> round(bound_of_cut(levels, np.array([3, 3, 2, 1]), 4, 0.05), 6)
    0.0375
    """
    # The cut p has p <= alpha N(p) / m, so in an interval of levels it is at most its upper end's.
    reached = np.minimum(levels, alpha * counts / n_tests)
    below = np.append(levels[1:], 0.0)
    possible = np.flatnonzero(reached > below)
    return float(reached[possible[0]]) if possible.size else 0.0


def discovery_rates(p_values: NDArray[np.float64], n_tests: int) -> NDArray[np.float64]:
    """False discovery rates at which p-values become significant, by Benjamini and Hochberg.

    Parameters
    ----------
    p_values : ndarray of float, shape (n_p_values,)
        P-values without NaN.
    n_tests : int
        Number of tests. The p-values that are missing from `p_values` are taken as 1.

    Returns
    -------
    ndarray of float, shape (n_p_values,)

    Examples
    --------
    >>> import numpy as np
    >>> from mistruct.independence.multiple_testing import discovery_rates
    >>> discovery_rates(np.array([0.02, 0.001, 0.03]), 4).tolist()
    [0.04, 0.004, 0.04]
    """
    order = np.argsort(p_values)
    raised = p_values[order] * n_tests / np.arange(1, len(order) + 1)
    rates = np.empty(len(order))
    rates[order] = np.minimum(1.0, np.minimum.accumulate(raised[::-1])[::-1])
    return rates
