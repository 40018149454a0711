r"""Confidence intervals from likelihood ratios, for counts and for copulas.

Without correction for bias, such an estimate :math:`\hat I` from n rows makes
:math:`T = 2n\hat I` the likelihood ratio statistic of independence. Where dependence is weak, T is
chi-square with d degrees of freedom, non-central by :math:`2nI`. Where it is strong,
:math:`\hat I` is normal about :math:`I + d/2n`, with a variance :math:`\sigma^2/n` that the delta
method gives. Both are met by

.. math:: T / s^2 \sim \chi^2_{d/s^2}(2nI / s^2), \qquad s^2 = \sigma^2 / 2I,

whose mean is :math:`d + 2nI` and whose variance is :math:`2 s^2 d + 4n\sigma^2`; :math:`s^2` goes
from 1 at I = 0 to what is estimated at :math:`\hat I`. The interval holds each I under which T is
no surprise, so it begins at 0 just where the chi-square test does not reject independence. Where T
is less than independence lets expect, surprise is measured in proportion to that under
independence, lest the interval shrink to a point.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import chdtr, chdtri, chndtr

from mistruct.data.dataset import Dataset
from mistruct.errors import MistructWarning
from mistruct.information.blocks import complete, joint_labels
from mistruct.information.copula.basis import information_of
from mistruct.information.copula.residual_blocks import Block, Known

Interval = tuple[float, float]
Names = Sequence[str]

# The statistic is taken to be at least this quantile of it under independence.
_LEAST = 1e-3
# The series for the non-central chi-square gets long beyond, and the interval hardly shorter.
_LARGEST = 1e8


def interval_of_counts(data: Dataset, x: Names, y: Names, z: Names, level: float) -> Interval:
    r"""Confidence interval of information between discrete columns, in complete rows.

    The variance is that of :math:`\log (p_{xyz} p_z / p_{xz} p_{yz})` over the rows (Roulston
    1999), once half a row has been added to each possible joint state: a state that was not seen
    may still occur, and rare ones decide the variance. (0, 0) where nothing varies.
    """
    data = complete(data, (*x, *y, *z))
    of_z, n_strata = joint_labels(data, z)
    first_x, of_xz, n_xz = _distinct(data, (*z, *x))
    first_y, of_yz, n_yz = _distinct(data, (*z, *y))
    first, _, n_xyz = _distinct(data, (*z, *x, *y))
    z_of_x, z_of_y, z_of_cell = (of_z[rows] for rows in (first_x, first_y, first))
    x_of_cell, y_of_cell = of_xz[first], of_yz[first]
    n_z, r, c = (np.bincount(labels, minlength=n_strata) for labels in (of_z, z_of_x, z_of_y))
    dof = float((r - 1.0) @ (c - 1.0))
    if not dof:
        return 0.0, 0.0
    n, n_cells = data.n_samples, float(r @ c)
    if n_cells > n:
        warnings.warn(
            f"confidence: {n} rows are spread over {n_cells:.0f} joint states of "
            f"{', '.join(map(repr, data.names))}, too thinly for the interval to be reliable",
            MistructWarning,
            stacklevel=2,
        )
    log_ratio = np.log(n_xyz * n_z[z_of_cell] / (n_xz[x_of_cell] * n_yz[y_of_cell]))
    nats = float(n_xyz @ log_ratio) / n

    # All possible joint states as if of half a row, by sums, since they may be many; then those
    # that occur as they are.
    a = np.log(0.5 * (n_z + r * c / 2))
    b, d = np.log(n_xz + c[z_of_x] / 2), np.log(n_yz + r[z_of_y] / 2)
    b1, b2 = (np.bincount(z_of_x, weights=b**k) for k in (1, 2))
    d1, d2 = (np.bincount(z_of_y, weights=d**k) for k in (1, 2))
    sums = (
        np.array(
            [
                r * c * a - c * b1 - r * d1,
                r * c * a**2 + c * b2 + r * d2 - 2 * a * (c * b1 + r * d1) + 2 * b1 * d1,
            ]
        ).sum(axis=1)
        / 2
    )
    half = a[z_of_cell] - b[x_of_cell] - d[y_of_cell]
    whole = half + np.log(2 * n_xyz + 1)
    for k in (0, 1):
        sums[k] += (n_xyz + 0.5) @ whole ** (k + 1) - 0.5 * (half ** (k + 1)).sum()
    mean, mean_square = sums / (n + n_cells / 2)
    return _interval(nats, mean_square - mean**2, mean, dof, n, level)


def _distinct(
    data: Dataset, names: Names
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """Distinct joint states: an example row, the state of each row, and counts of rows."""
    labels, _ = joint_labels(data, names)
    _, first, counts = np.unique(labels, return_index=True, return_counts=True)
    return first, labels, counts


def interval_of_copula(data: Dataset, x: Names, y: Names, z: Names, level: float) -> Interval:
    r"""Confidence interval of the information of the Gaussian copula, in complete rows.

    The variance is the sum of the squared canonical correlations, as of normal variables, and n is
    Bartlett's :math:`n - d_z - (d_x + d_y + 3) / 2`. For two columns the interval is that of
    Fisher's transform of their correlation. (0, 0) where z determines x or y.
    """
    data = complete(data, (*x, *y, *z))
    known = Known.of(data, z)
    of_x, of_y = (Block.of(data, block, known) for block in (x, y))
    n_x, n_y = len(of_x), len(of_y)
    if not n_x or not n_y:
        return 0.0, 0.0
    products = of_x.products(of_y)
    nats = information_of(products)
    n = data.n_samples - known.rank - (n_x + n_y + 3) / 2
    return _interval(nats, float((products**2).sum()), nats, float(n_x * n_y), n, level)


def _interval(
    nats: float, variance: float, mean: float, dof: float, n: float, level: float
) -> Interval:
    """Confidence interval of I from an estimate, which is a likelihood ratio over 2 n.

    `variance` over n is that of the estimate where the information is `mean`.
    """
    statistic = max(2 * n * nats, float(chdtri(dof, 1 - _LEAST)))
    ratio = max(variance / (2 * mean), statistic / _LARGEST) if mean > 1e-9 else 1.0
    # Where the estimate lies, or as far from 0 as chance alone would bring it.
    far = max(statistic - dof, np.sqrt(2 * dof))

    def probability(noncentrality: float) -> float:
        """Probability of at most the observed statistic."""
        s2 = 1 + (ratio - 1) * min(noncentrality / far, 1.0)
        return float(chndtr(statistic / s2, dof / s2, noncentrality / s2))

    def solve(wanted: float) -> float:
        if probability(0.0) <= wanted:
            return 0.0
        above = far
        while probability(above) > wanted:
            above *= 2
        return float(brentq(lambda v: probability(v) - wanted, 0.0, above))

    tail = (1 - level) / 2
    low, high = solve(1 - tail), solve(tail * float(chdtr(dof, statistic)))
    return low / (2 * n), high / (2 * n)
