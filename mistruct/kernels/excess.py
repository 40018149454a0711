"""What nearest neighbours find between two columns beyond their Gaussian copula, for many pairs.

The twin of `mistruct.information.excess` for pairs of columns in which no two rows are equal: the
same halves, the same terms and the same choice, without a tree.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.lanes import LANES
from mistruct.kernels.line_counts import n_closer
from mistruct.kernels.neighbor_pairs import find_radii
from mistruct.kernels.ties import psi_of_axes

# Which rows take part: those of one half, or all.
ALL = 2


@kernel
def halve(codes: NDArray[np.uint64], half: NDArray[np.int8]) -> None:
    """Deal the rows out to the halves 0 and 1 in the order of their codes, equal ones together."""
    order = np.argsort(codes)
    side = 1
    for t in range(order.size):
        if t == 0 or codes[order[t]] != codes[order[t - 1]]:
            side = 1 - side
        half[order[t]] = side


@kernel
def excess_of_pairs(
    values: NDArray[np.float64],
    order: NDArray[np.int32],
    codes: NDArray[np.uint64],
    of_x: NDArray[np.int64],
    of_y: NDArray[np.int64],
    correlations: NDArray[np.float64],
    pad: int,
    reach: int,
    k: int,
    psi: NDArray[np.float64],
    none: float,
    clear: float,
    is_tied: NDArray[np.bool_],
    result: NDArray[np.float64],
) -> None:
    """Add to `result` the excess between rows `of_x` and `of_y` of `values`, pair by pair.

    `values` have unit variance, `order` sorts them, and the sum of the `codes` of two columns is
    what their rows are dealt out by. Rows of `values` that repeat one are marked by `is_tied`. An
    excess counts from `none`, and is clear from so many standard errors on. `psi` is tabulated from
    0 to n.
    """
    n = values.shape[1]
    half = np.empty(n, np.int8)
    row_codes = np.empty(n, np.uint64)
    index = np.empty(n, np.int64)
    place = np.empty(n, np.int64)
    radius = np.empty(n + LANES)
    room_x = np.empty(n + 2 * pad)
    room_y_by_x = np.empty(n + 2 * pad)
    room_y = np.empty(n + 2 * pad)
    room_x_by_y = np.empty(n + 2 * pad)
    means = np.zeros(3)
    sizes = np.zeros(3)
    is_clear = np.zeros(3, np.bool_)
    for p in range(of_x.size):
        i, j, rho = of_x[p], of_y[p], correlations[p]
        left = 1.0 - rho * rho
        log_left = math.log(left)
        for t in range(n):
            row_codes[t] = codes[i, t] + codes[j, t]
        halve(row_codes, half)
        sizes[0] = 0
        for t in range(n):
            sizes[0] += half[t] == 0
        sizes[1] = n - sizes[0]
        if min(sizes[0], sizes[1]) <= k:
            continue
        for part in range(3):
            if part == ALL and not (is_clear[0] and is_clear[1]):
                continue
            m = 0
            for t in range(n):
                row = order[i, t]
                if part == ALL or half[row] == part:
                    room_x[pad + m] = values[i, row]
                    room_y_by_x[pad + m] = values[j, row]
                    index[row] = m
                    m += 1
            m = 0
            for t in range(n):
                row = order[j, t]
                if part == ALL or half[row] == part:
                    room_y[pad + m] = values[j, row]
                    room_x_by_y[pad + m] = values[i, row]
                    place[index[row]] = m
                    m += 1
            size = m + 2 * pad
            x, y_by_x, y, x_by_y = (
                room_x[:size],
                room_y_by_x[:size],
                room_y[:size],
                room_x_by_y[:size],
            )
            for t in range(pad):
                x[t], y[t], x[pad + m + t], y[pad + m + t] = -np.inf, -np.inf, np.inf, np.inf
                y_by_x[t], x_by_y[t] = -np.inf, -np.inf
                y_by_x[pad + m + t], x_by_y[pad + m + t] = np.inf, np.inf
            find_radii(x, y_by_x, y, x_by_y, place, pad, reach, k, 0, m, radius)
            total, squares = 0.0, 0.0
            for t in range(m):
                at, at_y = pad + t, pad + place[t]
                term = psi[k] + psi[m]
                if is_tied[i] or is_tied[j]:
                    term -= psi_of_axes(x, y_by_x, y, x_by_y, at, at_y, pad, k, radius[t], psi)
                else:
                    term -= psi[n_closer(x, at, pad, pad + m, radius[t])]
                    term -= psi[n_closer(y, at_y, pad, pad + m, radius[t])]
                a, b = x[pad + t], y_by_x[pad + t]
                quadratic = rho * rho * (a * a + b * b) - 2.0 * rho * a * b
                term += 0.5 * (log_left + quadratic / left)
                total += term
                squares += term * term
            mean = total / m
            means[part] = mean - none
            variance = max(squares / m - mean * mean, 0.0)
            is_clear[part] = means[part] > clear * math.sqrt(variance / m)
        if is_clear[0] and is_clear[1]:
            result[p] += means[ALL]
        elif is_clear[0]:
            result[p] += means[1] * sizes[1] / n
        elif is_clear[1]:
            result[p] += means[0] * sizes[0] / n
