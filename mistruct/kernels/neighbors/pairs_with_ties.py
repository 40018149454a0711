"""Mutual information of two columns that repeat values, from the distances to nearest neighbours.

The radii are found as in `pairs`, and what lies at a radius is counted as in `ties`.
Points that are equal in both columns have all in common, so one of them is looked at.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.neighbors.pair_axes import PairAxes, SortedColumns, lay_out, make_axes
from mistruct.kernels.neighbors.pairs import find_radii
from mistruct.kernels.neighbors.ties import count_tied, psi_of_axes, shell
from mistruct.kernels.simd import LANES


@kernel
def spread_of_neighbors(
    u: NDArray[np.float64],
    v_by_u: NDArray[np.float64],
    at: int,
    begin: int,
    end: int,
    radius: float,
) -> tuple[int, float, float]:
    """Number of points from `begin` to before `end` within the radius, itself included.

    Then how far these are along u, and along v.
    """
    n_near, along, across = 0, 0.0, 0.0
    for j in range(begin, end):
        here = abs(v_by_u[j] - v_by_u[at])
        if here <= radius:
            n_near += 1
            across = max(across, here)
            along = max(along, abs(u[j] - u[at]))
    return n_near, along, across


@kernel
def count_in_rectangle(axes: PairAxes, i: int, k: int, radius: float) -> tuple[int, int]:
    """Numbers of other points no farther along each axis than the k neighbours of point i.

    Zero where this is not clear, as there are more than k, or several that reach as far.
    """
    u, v_by_u, v, u_by_v, place, pad = axes
    at, at_v = pad + i, pad + place[i]
    last, last_v = u.size - pad, v.size - pad
    begin, _, _, end = shell(u, at, pad, last, radius)
    begin_v, _, _, end_v = shell(v, at_v, pad, last_v, radius)
    if end - begin <= end_v - begin_v:
        n_near, reach, reach_v = spread_of_neighbors(u, v_by_u, at, begin, end, radius)
    else:
        n_near, reach_v, reach = spread_of_neighbors(v, u_by_v, at_v, begin_v, end_v, radius)
    n_u, tied = count_tied(u, at, pad, last, reach)
    n_v, tied_v = count_tied(v, at_v, pad, last_v, reach_v)
    if n_near - 1 > k or tied > 1 or tied_v > 1:
        return 0, 0
    return n_u + 1, n_v + 1


@kernel
def sum_with_ties(
    axes: PairAxes,
    k: int,
    variant: int,
    first: int,
    last: int,
    radius: NDArray[np.float64],
    psi: NDArray[np.float64],
) -> float:
    """Sum of the contributions of points to n times the information, without psi(n).

    Done are those from `first` to before `last` in the order of x. In variant 2 the rectangle of a
    point counts, but where ties leave it open it is as in variant 1.
    """
    x, y, place, pad = axes.x, axes.y, axes.place, axes.pad
    n = place.size
    run_of_y = np.empty(n, np.int64)
    seen_in_run = np.empty(n, np.int64)
    known = np.empty(n)
    run = 0
    for j in range(n):
        if y[pad + j] != y[pad + run]:
            run = j
        run_of_y[j] = run
        seen_in_run[j] = -1
    total = 0.0
    run = first
    for i in range(first, last):
        if x[pad + i] != x[pad + run]:
            run = i
        cell = run_of_y[place[i]]
        if seen_in_run[cell] != run:
            seen_in_run[cell] = run
            n_x = 0
            if variant == 2:
                n_x, n_y = count_in_rectangle(axes, i, k, radius[i])
            if n_x > 0:
                known[cell] = psi[k] - 1.0 / k - psi[n_x] - psi[n_y]
            else:
                known[cell] = psi[k] - psi_of_axes(axes, i, k, radius[i], psi)
        total += known[cell]
    return total


@kernel
def information_of_tied_pairs(
    columns: SortedColumns,
    x_rows: NDArray[np.int64],
    y_rows: NDArray[np.int64],
    reach: int,
    k: int,
    variant: int,
    psi: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Information between rows `x_rows` and `y_rows`, pair by pair; inf where one is the other.

    As `information_of_pairs`, with psi tabulated up to n.
    """
    n = columns.ordered.shape[1]
    axes = make_axes(n, reach)
    radius = np.empty(n + LANES)
    result = np.empty(x_rows.size)
    for p in range(x_rows.size):
        if lay_out(columns, x_rows[p], y_rows[p], axes):
            result[p] = math.inf
            continue
        find_radii(axes, reach, k, 0, n, radius)
        total = sum_with_ties(axes, k, variant, 0, n, radius, psi)
        result[p] = total / n + psi[n]
    return result
