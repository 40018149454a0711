"""Information of many pairs of columns beyond their Gaussian copulas, by nearest neighbours.

The twin of `mistruct.information.copula.beyond_copula` for pairs of columns in which no two rows
are equal: the same halves, the same terms and the same choice, without a tree.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.neighbors.pair_axes import PairAxes, first_points, make_axes
from mistruct.kernels.neighbors.pairs import find_radii
from mistruct.kernels.neighbors.sorted_line import n_closer
from mistruct.kernels.neighbors.ties import psi_of_axes
from mistruct.kernels.simd import LANES

# The rows that take part: one half, or all.
ALL = 2


class ScoredColumns(NamedTuple):
    """Columns of unit variance without gaps, each array of shape (n_columns, n) but the last.

    Attributes
    ----------
    values : ndarray of float64
    order : ndarray of int32
        The rows in ascending order of the values.
    codes : ndarray of uint64
        What the rows of two columns are dealt out by, once added up.
    is_tied : ndarray of bool, shape (n_columns,)
        Whether a column repeats a value.
    """

    values: NDArray[np.float64]
    order: NDArray[np.int32]
    codes: NDArray[np.uint64]
    is_tied: NDArray[np.bool_]


@kernel
def halve(codes: NDArray[np.uint64], half: NDArray[np.int8]) -> None:
    """Split the rows in halves 0 and 1 in the order of their codes, equal ones together."""
    order = np.argsort(codes)
    side = 1
    for t in range(order.size):
        if t == 0 or codes[order[t]] != codes[order[t - 1]]:
            side = 1 - side
        half[order[t]] = side


@kernel
def lay_out_part(
    columns: ScoredColumns,
    i: int,
    j: int,
    half: NDArray[np.int8],
    part: int,
    room: PairAxes,
    index: NDArray[np.int64],
) -> PairAxes:
    """Columns i and j over the rows of one part; `index` is overwritten."""
    values, order, pad = columns.values, columns.order, room.pad
    n = half.size
    m = 0
    for t in range(n):
        row = order[i, t]
        if part == ALL or half[row] == part:
            room.x[pad + m] = values[i, row]
            room.y_by_x[pad + m] = values[j, row]
            index[row] = m
            m += 1
    m = 0
    for t in range(n):
        row = order[j, t]
        if part == ALL or half[row] == part:
            room.y[pad + m] = values[j, row]
            room.x_by_y[pad + m] = values[i, row]
            room.place[index[row]] = m
            m += 1
    return first_points(room, m)


@kernel
def mean_excess(
    axes: PairAxes,
    rho: float,
    is_tied: bool,
    reach: int,
    k: int,
    psi: NDArray[np.float64],
    radius: NDArray[np.float64],
) -> tuple[float, float]:
    """Mean over all points of the information beyond the correlation `rho`.

    Then the standard error of that mean.
    """
    x, y_by_x, y, _, place, pad = axes
    m = place.size
    find_radii(axes, reach, k, 0, m, radius)
    left = 1.0 - rho * rho
    log_left = math.log(left)
    total, squares = 0.0, 0.0
    for t in range(m):
        term = psi[k] + psi[m]
        if is_tied:
            term -= psi_of_axes(axes, t, k, radius[t], psi)
        else:
            term -= psi[n_closer(x, pad + t, pad, pad + m, radius[t])]
            term -= psi[n_closer(y, pad + place[t], pad, pad + m, radius[t])]
        a, b = x[pad + t], y_by_x[pad + t]
        quadratic = rho * rho * (a * a + b * b) - 2.0 * rho * a * b
        term += 0.5 * (log_left + quadratic / left)
        total += term
        squares += term * term
    mean = total / m
    return mean, math.sqrt(max(squares / m - mean * mean, 0.0) / m)


@kernel
def excess_of_pairs(
    columns: ScoredColumns,
    x_rows: NDArray[np.int64],
    y_rows: NDArray[np.int64],
    correlations: NDArray[np.float64],
    reach: int,
    k: int,
    psi: NDArray[np.float64],
    none: float,
    clear: float,
    result: NDArray[np.float64],
) -> None:
    """Add to `result` the excess between columns `x_rows` and `y_rows`, pair by pair.

    An excess counts from `none`, and is clear from `clear` standard errors on. `psi` is tabulated
    from 0 to n.
    """
    n = columns.values.shape[1]
    half = np.empty(n, np.int8)
    codes = np.empty(n, np.uint64)
    index = np.empty(n, np.int64)
    radius = np.empty(n + LANES)
    room = make_axes(n, reach)
    means = np.zeros(3)
    is_clear = np.zeros(3, np.bool_)
    for p in range(x_rows.size):
        i, j = x_rows[p], y_rows[p]
        for t in range(n):
            codes[t] = columns.codes[i, t] + columns.codes[j, t]
        halve(codes, half)
        n_second = half.sum()
        if min(n_second, n - n_second) <= k:
            continue
        is_tied = columns.is_tied[i] or columns.is_tied[j]
        for part in range(3):
            if part == ALL and not (is_clear[0] and is_clear[1]):
                continue
            axes = lay_out_part(columns, i, j, half, part, room, index)
            mean, error = mean_excess(axes, correlations[p], is_tied, reach, k, psi, radius)
            means[part] = mean - none
            is_clear[part] = means[part] > clear * error
        if is_clear[0] and is_clear[1]:
            result[p] += means[ALL]
        elif is_clear[0]:
            result[p] += means[1] * n_second / n
        elif is_clear[1]:
            result[p] += means[0] * (n - n_second) / n
