"""Tests of no three-way interaction: whether two columns depend on each other alike in groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel

_MOST_ROUNDS = 200
_TOLERANCE = 1e-8


@kernel
def three_way_interaction(table: NDArray[np.float64]) -> tuple[float, int]:
    """Pearson's statistic and degrees of freedom of no interaction, for counts (group, x, y).

    The expected counts have the margins of each two of the three, found by iterative proportional
    fitting. Degrees of freedom are the cells that can occur less the free margins.
    """
    n_groups, n_x, n_y = table.shape
    gx, gy, xy = table.sum(axis=2), table.sum(axis=1), table.sum(axis=0)
    fitted = np.ones(table.shape)
    for _ in range(_MOST_ROUNDS):
        change = 0.0
        for g in range(n_groups):
            for i in range(n_x):
                total = fitted[g, i].sum()
                fitted[g, i] *= gx[g, i] / total if total > 0 else 0.0
        for g in range(n_groups):
            for j in range(n_y):
                total = fitted[g, :, j].sum()
                fitted[g, :, j] *= gy[g, j] / total if total > 0 else 0.0
        for i in range(n_x):
            for j in range(n_y):
                total = fitted[:, i, j].sum()
                change = max(change, abs(total - xy[i, j]))
                fitted[:, i, j] *= xy[i, j] / total if total > 0 else 0.0
        if change < _TOLERANCE:
            break
    statistic, dof = 0.0, -1
    for g in range(n_groups):
        for i in range(n_x):
            dof -= gx[g, i] > 0
            for j in range(n_y):
                if gx[g, i] > 0 and gy[g, j] > 0 and xy[i, j] > 0:
                    dof += 1
                    # A cell that the margins empty only in the limit has no count either.
                    if fitted[g, i, j] > _TOLERANCE:
                        statistic += (table[g, i, j] - fitted[g, i, j]) ** 2 / fitted[g, i, j]
        dof += gx[g].sum() > 0
        for j in range(n_y):
            dof -= gy[g, j] > 0
    for i in range(n_x):
        dof += xy[i].sum() > 0
        for j in range(n_y):
            dof -= xy[i, j] > 0
    for j in range(n_y):
        dof += xy[:, j].sum() > 0
    return statistic, max(dof, 0)


@kernel
def interactions(
    codes: NDArray[np.int64],
    n_states: NDArray[np.int64],
    pairs: NDArray[np.int64],
    group: NDArray[np.int64],
    stratum: NDArray[np.int64],
    statistic: NDArray[np.float64],
    dof: NDArray[np.int64],
) -> None:
    """Statistic and degrees of freedom of pairs of columns, summed over strata of the rows.

    The codes of missing entries are those from ``n_states`` on; rows with one are left out.
    """
    n_groups, n_strata = group.max() + 1, stratum.max() + 1
    for k in range(pairs.shape[0]):
        x, y = pairs[k]
        tables = np.zeros((n_strata, n_groups, n_states[x], n_states[y]))
        for row in range(group.size):
            i, j = codes[x, row], codes[y, row]
            if i < n_states[x] and j < n_states[y]:
                tables[stratum[row], group[row], i, j] += 1.0
        statistic[k], dof[k] = 0.0, 0
        for s in range(n_strata):
            of_stratum, free = three_way_interaction(tables[s])
            if free > 0:
                statistic[k] += of_stratum
                dof[k] += free
