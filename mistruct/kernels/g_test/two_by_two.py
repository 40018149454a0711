"""Exact distribution of 2 x 2 tables given margins: Fisher's test, and moments of G.

Given its margins a 2 x 2 table has one free cell, which is hypergeometric, so all tables can be
listed. The p-value of Fisher's exact test is the probability of the tables that are less probable
than the one observed, and half that of those which are as probable (the mid-p of Lancaster 1961):
without the half the test would hardly ever reject, as few p-values are possible.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.counts.log_tables import c_log_c

# Equal probabilities are computed in another order.
_SAME = 1e-7

# Tables less probable than this change no moment.
_NEGLIGIBLE = 1e-18


@kernel
def free_cell(row: int, column: int, n: int):  # type: ignore[no-untyped-def]
    """Probability of each value of the cell of a row and a column with these totals.

    Returns the least value, and the probabilities from it on.
    """
    least = max(0, row + column - n)
    most = min(row, column)
    probabilities = np.empty(most - least + 1)
    # Outwards from the mode, so that nothing overflows.
    mode = min(max(int((row + 1.0) * (column + 1.0) / (n + 2.0)), least), most)
    probabilities[mode - least] = 1.0
    for k in range(mode, most):
        odds = float(row - k) * (column - k) / ((k + 1.0) * (n - row - column + k + 1.0))
        probabilities[k + 1 - least] = probabilities[k - least] * odds
    for k in range(mode, least, -1):
        odds = k * float(n - row - column + k) / ((row - k + 1.0) * (column - k + 1.0))
        probabilities[k - 1 - least] = probabilities[k - least] * odds
    return least, probabilities / probabilities.sum()


@kernel
def fisher_mid_p(rows: NDArray[np.int64], columns: NDArray[np.int64], count: int) -> float:
    """Two-sided mid-p of a table with these totals and `count` in its first cell.

    1 where all tables are equally probable, of which none is evidence.
    """
    least, probabilities = free_cell(rows[0], columns[0], rows[0] + rows[1])
    observed = probabilities[count - least]
    below = 0.0
    same = 0.0
    for probability in probabilities:
        if probability < observed * (1.0 - _SAME):
            below += probability
        elif probability <= observed * (1.0 + _SAME):
            same += probability
    return 1.0 if same > 1.0 - _SAME else below + 0.5 * same


@kernel
def g_cumulants(rows: NDArray[np.int64], columns: NDArray[np.int64], count: int):  # type: ignore[no-untyped-def]
    """Cumulants of G given the totals, and G of a table with this `count` less its mean.

    Returns also mean, variance and third central moment.
    """
    row, column, n = rows[0], columns[0], rows[0] + rows[1]
    least, probabilities = free_cell(row, column, n)
    of_margins = (
        c_log_c(n) - c_log_c(row) - c_log_c(rows[1]) - c_log_c(column) - c_log_c(columns[1])
    )
    g = np.zeros(probabilities.size)
    mean = 0.0
    for i in range(g.size):
        k = least + i
        if probabilities[i] > _NEGLIGIBLE or k == count:
            of_cells = (
                c_log_c(k) + c_log_c(row - k) + c_log_c(column - k) + c_log_c(n - row - column + k)
            )
            g[i] = 2.0 * (of_margins + of_cells)
            mean += probabilities[i] * g[i]
    variance, third = 0.0, 0.0
    for i in range(g.size):
        if probabilities[i] > _NEGLIGIBLE:
            above = g[i] - mean
            variance += probabilities[i] * above**2
            third += probabilities[i] * above**3
    return g[count - least] - mean, mean, variance, third
