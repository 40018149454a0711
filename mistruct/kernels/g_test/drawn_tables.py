"""Random tables with given margins, cell by cell.

A shuffle of y within a stratum matters only through the table it gives, whose cells follow the
multivariate hypergeometric distribution of the margins. Drawn cell by cell, a table costs the
same for a thousand rows and nearly the same for a hundred million.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.counts.sparse_tables import SparseTables
from mistruct.kernels.random import draw_hypergeometric

# To draw a cell costs about as much as to shuffle this many rows.
ROWS_PER_CELL = 50


@kernel
def cells_are_few(tables: SparseTables) -> bool:
    """Whether drawing tables costs less than shuffling rows."""
    n_cells = np.int64(0)
    for s in range(tables.row_starts.size - 1):
        n_rows = tables.row_starts[s + 1] - tables.row_starts[s]
        n_cells += n_rows * (tables.column_starts[s + 1] - tables.column_starts[s])
    return bool(n_cells * ROWS_PER_CELL <= tables.rows.sum())


@kernel
def draw_tables(
    tables: SparseTables,
    left: NDArray[np.int64],
    state: NDArray[np.uint64],
) -> float:
    """Sum of c log c over the cells of random tables with the margins of all strata.

    `left` is room for one number per column.
    """
    total = 0.0
    left[:] = tables.columns
    for s in range(tables.row_starts.size - 1):
        first, stop = tables.column_starts[s], tables.column_starts[s + 1]
        n_left = left[first:stop].sum()
        for row in range(tables.row_starts[s], tables.row_starts[s + 1]):
            row_left = tables.rows[row]
            among = n_left
            n_left -= row_left
            for b in range(first, stop):
                count = draw_hypergeometric(row_left, left[b], among, state)
                among -= left[b]
                row_left -= count
                left[b] -= count
                if count > 1:
                    total += count * math.log(count)
    return total
