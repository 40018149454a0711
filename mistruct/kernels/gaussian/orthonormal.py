"""Orthonormal bases, by the Gram-Schmidt method with pivots.

The longest row that is left comes next, and is made orthogonal twice, which leaves no more than
rounding of those before it (Giraud, Langou and Rozloznik 2005). For few rows this takes a
fraction of what LAPACK's pivoted QR does.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.simd import LANES, add, fill, load, multiply, store

Floats = NDArray[np.float64]


@kernel
def _dot(a: Floats, b: Floats, lanes: Floats) -> float:
    """Inner product of two rows."""
    n = a.size
    even, odd = fill(0.0), fill(0.0)
    last = n - n % (2 * LANES)
    for i in range(0, last, 2 * LANES):
        even = add(even, multiply(load(a, i), load(b, i)))
        odd = add(odd, multiply(load(a, i + LANES), load(b, i + LANES)))
    store(lanes, 0, add(even, odd))
    total = 0.0
    for i in range(LANES):
        total += lanes[i]
    for i in range(last, n):
        total += a[i] * b[i]
    return total


@kernel
def _subtract(row: Floats, along: float, other: Floats) -> None:
    """Subtract a multiple of one row from another."""
    n = row.size
    share = fill(-along)
    last = n - n % LANES
    for i in range(0, last, LANES):
        store(row, i, add(load(row, i), multiply(share, load(other, i))))
    for i in range(last, n):
        row[i] -= along * other[i]


@kernel
def orthonormalise(rows: Floats, least: float) -> int:
    """Turn `rows`, shape (d, n), into an orthonormal basis in place; returns its size.

    A row of which no more than `least` is left once those before it are taken out adds none.
    """
    d, n = rows.shape
    lanes = np.empty(LANES)
    for j in range(d):
        longest, at = -1.0, j
        for i in range(j, d):
            square = _dot(rows[i], rows[i], lanes)
            if square > longest:
                longest, at = square, i
        if not longest > least * least:
            return j
        if at != j:
            for t in range(n):
                rows[j, t], rows[at, t] = rows[at, t], rows[j, t]
        row = rows[j]
        for i in range(j):
            _subtract(row, _dot(rows[i], row, lanes), rows[i])
        length = math.sqrt(_dot(row, row, lanes))
        if not length > least:
            return j
        for t in range(n):
            row[t] /= length
        for i in range(j + 1, d):
            _subtract(rows[i], _dot(row, rows[i], lanes), row)
    return d
