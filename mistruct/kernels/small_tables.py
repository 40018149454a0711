"""The exact test of Fisher for tables so small that all of them can be listed.

Given its margins a 2 x 2 table has one free cell, which is hypergeometric. The p-value is the
probability of all tables that are less probable than the one observed, and half that of those
which are as probable (the mid-p of Lancaster 1961): without the half the test would hardly ever
reject, as few p-values are possible. Of several strata, each 2 x 2, the table of all is as probable
as the product says (Freeman and Halton 1951).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.sparse_tables import SparseTables

# So many tables are listed at most. A table of one stratum is always listed.
_MOST_TABLES = 4096

# Equal probabilities may have been multiplied in another order.
_SAME = 1e-7


@kernel
def n_free(tables: SparseTables, s: int) -> int:
    """How many values the free cell of a 2 x 2 stratum can take; 1 if all are equally probable."""
    a, b = tables.rows[tables.row_starts[s]], tables.rows[tables.row_starts[s] + 1]
    c, d = tables.columns[tables.column_starts[s]], tables.columns[tables.column_starts[s] + 1]
    least = min(min(a, b), min(c, d))
    return 1 if least == 1 and (a == b or c == d) else least + 1


@kernel
def n_tables(tables: SparseTables) -> int:
    """How many tables of 2 x 2 strata have the margins; 0 where there are too many to list.

    A stratum whose tables are all equally probable decides nothing and is not counted.
    """
    n_strata = tables.row_starts.size - 1
    if tables.rows.size != 2 * n_strata or tables.columns.size != 2 * n_strata:
        return 0
    n = 1
    for s in range(n_strata):
        n *= n_free(tables, s)
        if n > _MOST_TABLES and n_strata > 1:
            return 0
    return n


@kernel
def probabilities_of_stratum(tables: SparseTables, s: int) -> NDArray[np.float64]:
    """Of all values of a 2 x 2 stratum's free cell, from the least on."""
    row, column = tables.rows[tables.row_starts[s]], tables.columns[tables.column_starts[s]]
    n = row + tables.rows[tables.row_starts[s] + 1]
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
    return probabilities / probabilities.sum()


@kernel
def exact_p_value(tables: SparseTables, n: int) -> float:
    """Mid-p of the `n` tables with the margins of 2 x 2 strata, as `n_tables` counts them."""
    if n == 1:
        return 1.0
    probabilities = np.ones(n)
    filled = 1
    observed = 1.0
    for s in range(tables.row_starts.size - 1):
        if n_free(tables, s) == 1:
            continue
        of_stratum = probabilities_of_stratum(tables, s)
        row, column = tables.rows[tables.row_starts[s]], tables.columns[tables.column_starts[s]]
        n_rows = row + tables.rows[tables.row_starts[s] + 1]
        # A stratum's first cell is that of its first row and column.
        observed *= of_stratum[tables.counts[tables.cell_starts[s]] - max(0, row + column - n_rows)]
        for k in range(of_stratum.size - 1, -1, -1):  # 0 comes last, as all are made of its share
            for i in range(filled):
                probabilities[k * filled + i] = probabilities[i] * of_stratum[k]
        filled *= of_stratum.size
    below = 0.0
    same = 0.0
    for probability in probabilities:
        if probability < observed * (1.0 - _SAME):
            below += probability
        elif probability <= observed * (1.0 + _SAME):
            same += probability
    return below + 0.5 * same
