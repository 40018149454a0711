"""Sums over the pairs that each column is in, from one panel of their information."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel


@kernel
def sum_pairs(
    values: NDArray[Any],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    is_row: NDArray[np.bool_],
    origin: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """Add the finite entries of a panel to the `sums` of both columns of their pair.

    Entry (a, b) is of the columns ``rows[a]`` and ``columns[b]``. A pair of two rows counts where
    the second is the later one. `sums` has a row for each column: the number of entries, their
    sum and the sum of their squares, after ``origin`` of the column has been subtracted. It is set
    to the first entry, where it is NaN, so that equal entries have a variance of exactly 0.
    """
    for a in range(rows.size):
        i = rows[a]
        for b in range(columns.size):
            j = columns[b]
            value = values[a, b]
            if (is_row[j] and j <= i) or not np.isfinite(value):
                continue
            for k in (i, j):
                if np.isnan(origin[k]):
                    origin[k] = value
                excess = value - origin[k]
                sums[k, 0] += 1.0
                sums[k, 1] += excess
                sums[k, 2] += excess * excess
