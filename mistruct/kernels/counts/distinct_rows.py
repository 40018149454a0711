"""Distinct rows of some columns, and how many rows each stands for.

Whatever is counted of these columns is the same with the weights, and much faster where a few
thousand distinct rows stand for millions. Each row gets a number from the states of its columns, as
digits of different radix, and is counted by it. Where there are too many such numbers, those of the
first columns are replaced by numbers of what occurs of them before the others are added.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel

# Numbers of rows to be counted by, at most (24 MB) and for each row; and rows numbered at a time.
_MOST_NUMBERS = 1 << 21
_NUMBERS_PER_ROW = 4
_BLOCK = 4096


@kernel
def append_digits(
    codes: NDArray[Any],
    radix: NDArray[np.int32],
    columns: NDArray[np.int64],
    start: int,
    numbers: NDArray[np.int32],
) -> None:
    """Append the states of columns to the numbers of some rows; what is missing is the last one."""
    for c in columns:
        # A part of its own, as an index that could be negative keeps a loop from being vectorised.
        states, n = codes[c, start : start + numbers.size], radix[c]
        for t in range(numbers.size):
            numbers[t] = np.int32(numbers[t] * n + min(np.int32(states[t]), np.int32(n - 1)))


@kernel
def n_fitting(  # type: ignore[no-untyped-def]
    radix: NDArray[np.int32], columns: NDArray[np.int64], n: np.int64, most: int
):
    """How many of the columns can be appended to `n` numbers, and how many numbers that makes."""
    for k in range(columns.size):
        if n * radix[columns[k]] > most:
            return k, n
        n *= np.int64(radix[columns[k]])
    return columns.size, n


@kernel
def distinct_rows(  # type: ignore[no-untyped-def]
    codes: NDArray[Any],
    radix: NDArray[np.int32],
    weights: NDArray[np.int64],
    columns: NDArray[np.int64],
):
    """Find a row for each distinct row of the columns, and the weight of all that are like it.

    Codes from ``radix[c] - 1`` on are one state of column c. `weights` are those of the rows, and
    empty where all are 1. Both results are empty where the columns have too many states.
    """
    n_samples = codes.shape[1]
    most = min(_NUMBERS_PER_ROW * n_samples + 1024, _MOST_NUMBERS)
    n_first, n_numbers = n_fitting(radix, columns, np.int64(1), most)
    first, rest = columns[:n_first], columns[n_first:]
    buffer = np.empty(_BLOCK, np.int32)
    shorter = np.empty(0, np.int32)
    if rest.size > 0:
        shorter = np.zeros(n_numbers, np.int32)
        for start in range(0, n_samples, _BLOCK):
            numbers = buffer[: min(_BLOCK, n_samples - start)]
            numbers[:] = 0
            append_digits(codes, radix, first, start, numbers)
            for number in numbers:
                shorter[number] = 1
        n_numbers = np.int64(0)
        for k in range(shorter.size):
            occurs = shorter[k]
            shorter[k] = n_numbers
            n_numbers += occurs
        n_fitted, n_numbers = n_fitting(radix, rest, n_numbers, most)
        if n_fitted < rest.size:
            return np.empty(0, np.int64), np.empty(0, np.int64)
    counts = np.zeros(n_numbers, np.int32)  # which is enough to number all rows
    row_of = np.empty(n_numbers, np.int32)
    for start in range(0, n_samples, _BLOCK):
        numbers = buffer[: min(_BLOCK, n_samples - start)]
        numbers[:] = 0
        append_digits(codes, radix, first, start, numbers)
        if rest.size > 0:
            for t in range(numbers.size):
                numbers[t] = shorter[numbers[t]]
            append_digits(codes, radix, rest, start, numbers)
        for t in range(numbers.size):
            row_of[numbers[t]] = start + t
            counts[numbers[t]] += 1 if weights.size == 0 else weights[start + t]
    found = np.flatnonzero(counts)
    return row_of[found].astype(np.int64), counts[found].astype(np.int64)
