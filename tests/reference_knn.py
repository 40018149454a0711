"""Slow, obvious versions of what the test by nearest neighbours computes, to hold it against.

Written from the papers with loops over all pairs of rows; nothing here comes from the package under
test. A column that is a float array is continuous, any other is labels. Everything is in nats, raw,
never clipped at zero, and nothing transforms a column.

References
----------
.. [FP07] Frenzel, Pompe (2007), "Partial mutual information for coupling analysis of
   multivariate time series", Phys. Rev. Lett. 99, 204101.
.. [MS21] Mesner, Shalizi (2021), "Conditional mutual information estimation for mixed, discrete
   and continuous data", IEEE Trans. Inf. Theory 67, 464-484, arXiv:1912.03387.
.. [BC91] Besag, Clifford (1991), "Sequential Monte Carlo p-values", Biometrika 78, 301-304.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from scipy.special import psi

from tests.reference_continuous import psi_with_ties

Values = np.ndarray[Any, np.dtype[Any]]
Column = Values | Sequence[Hashable]


def distance(columns: Sequence[Column], i: int, j: int) -> float:
    """Between rows i and j in the max norm; different labels are infinitely far apart ([MS21])."""
    farthest = 0.0
    for column in columns:
        if isinstance(column, np.ndarray) and column.dtype.kind == "f":
            farthest = max(farthest, abs(float(column[i]) - float(column[j])))
        elif column[i] != column[j]:
            return math.inf
    return farthest


def local_information(
    x: Column, y: Column, z: Sequence[Column], n_neighbors: Sequence[int]
) -> list[float]:
    """I(x; y | z) for each number of neighbours k ([FP07], with the labels of [MS21]).

    Row i has f other rows at a finite distance in (x, y, z). Its radius is the distance to the
    k_i-th of them, k_i = min(k, f), and it adds psi(k_i) - psi(n_xz) - psi(n_yz) + psi(n_z), with
    n_s the number of rows strictly closer than the radius in the space s, itself among them.
    If a column of floats has a value twice, the last three are `psi_with_ties` along x, z and y.
    Without other rows, f = 0, it adds nothing; it counts for others like any row. The sum is
    divided by the number of all rows.
    """
    n = len(x)
    columns = (x, *z, y)
    tied = any(
        isinstance(c, np.ndarray) and c.dtype.kind == "f" and len(set(c)) < n for c in columns
    )
    axes = [
        np.array([[distance(of_axis, i, j) for j in range(n)] for i in range(n)])
        for of_axis in ((x,), z, (y,))
    ]
    spaces = [(0, 1), (1, 2), (1,)]
    terms: dict[int, list[float]] = {k: [] for k in n_neighbors}
    for i in range(n):
        joint = np.max(axes, axis=0)[i]
        others = sorted(d for j, d in enumerate(joint) if j != i and d < math.inf)
        for k in n_neighbors if others else ():
            k_i = min(k, len(others))
            if tied:
                of_xz, of_yz, of_z = psi_with_ties(axes, spaces, i, k_i)
            else:
                far = [np.max([axes[a][i] for a in space], axis=0) for space in spaces]
                of_xz, of_yz, of_z = (psi(np.sum(d < others[k_i - 1])) for d in far)
            terms[k] += [psi(k_i), of_z, -of_xz, -of_yz]
    return [math.fsum(terms[k]) / n for k in n_neighbors]


def standardised_largest(
    estimates: Sequence[Sequence[float]], pilot: Sequence[Sequence[float]]
) -> list[float]:
    """The largest of each row's estimates, less the means of the pilot's, over their spreads."""
    columns = [list(column) for column in zip(*pilot, strict=True)]
    means = [math.fsum(column) / len(column) for column in columns]
    spreads = [
        math.sqrt(math.fsum((e - mean) ** 2 for e in column) / len(column))
        for column, mean in zip(columns, means, strict=True)
    ]
    return [
        max((e - mean) / spread for e, mean, spread in zip(row, means, spreads, strict=True))
        for row in estimates
    ]


def besag_clifford(statistic: float, drawn: Sequence[float], enough: int = 10) -> float:
    """P-value of a statistic among those drawn one after another under the null ([BC91]).

    As soon as `enough` of them are as large, after l draws, it is enough / l. If they never are,
    it is (1 + those that are) / (1 + all that were drawn).
    """
    as_large = 0
    for n_drawn, value in enumerate(drawn, start=1):
        as_large += value >= statistic
        if as_large == enough:
            return enough / n_drawn
    return (1 + as_large) / (1 + len(drawn))
