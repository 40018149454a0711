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
    p_values: NDArray[np.float64], n_tests: int, alpha: float | None, correction: Correction
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
        ranks = np.arange(start + 1, end + 1)
        passing = np.flatnonzero(ordered[start:end] <= alpha * ranks / n_tests)
        if passing.size:
            return float(ordered[start + passing[-1]])
    return -1.0
