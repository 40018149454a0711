"""Terms of G, and of the rule for chi-square, from the margins of one stratum's table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.counts.log_tables import c_log_c

# Expected counts are told apart one by one up to so many cells of a stratum.
_FEW_CELLS = 1024


@kernel
def expected_below(rows: NDArray[np.int64], columns: NDArray[np.int64], bound: int) -> int:
    """Number of products of a row total and a column total below `bound`."""
    n_below = 0
    ascending = np.sort(columns)
    reached = columns.size
    for row in np.sort(rows):
        while reached > 0 and row * ascending[reached - 1] >= bound:
            reached -= 1
        n_below += reached
    return n_below


@kernel
def sum_of_margins(
    rows: NDArray[np.int64], n_rows: int, columns: NDArray[np.int64], n_columns: int
) -> float:
    """Sum of m log m over one stratum's margins, to be taken off that of its cells."""
    n = np.int64(0)
    margins = 0.0
    for a in range(n_rows):
        n += rows[a]
        margins += c_log_c(rows[a])
    for b in range(n_columns):
        margins += c_log_c(columns[b])
    return margins - c_log_c(n)


@kernel
def weigh_expected(rows: NDArray[np.int64], columns: NDArray[np.int64]):  # type: ignore[no-untyped-def]
    """Summary of the expected counts of one stratum, for the rule for chi-square.

    Returns how many there are, how many are below 5 and below 1, and dof times Williams' q - 1.
    """
    n = rows.sum()
    if rows.size * columns.size > _FEW_CELLS:
        small = expected_below(rows, columns, 5 * n)
        tiny = expected_below(rows, columns, n)
    else:
        small, tiny = 0, 0
        for row in rows:
            for column in columns:
                small += row * column < 5 * n
                tiny += row * column < n
    inverse_rows, inverse_columns = 0.0, 0.0
    for row in rows:
        inverse_rows += 1.0 / row
    for column in columns:
        inverse_columns += 1.0 / column
    williams = (n * inverse_rows - 1.0) * (n * inverse_columns - 1.0) / (6.0 * n)
    return rows.size * columns.size, small, tiny, williams
