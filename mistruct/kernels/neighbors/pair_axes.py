"""Axes: two columns arranged for searches along either of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.neighbors.sorted_line import COUNTED
from mistruct.kernels.simd import LANES


class SortedColumns(NamedTuple):
    """Columns in ascending order, each array of shape (n_columns, n).

    Attributes
    ----------
    ordered : ndarray of float64
        The values of each column in ascending order.
    order : ndarray of int32
        The row of each of these values.
    rank : ndarray of int32
        The position of each row among them.
    """

    ordered: NDArray[np.float64]
    order: NDArray[np.int32]
    rank: NDArray[np.int32]


class PairAxes(NamedTuple):
    """The points of two columns in the order of x and in the order of y.

    Attributes
    ----------
    x, y : ndarray of float64, shape (n + 2 * pad,)
        Sorted coordinates between infinities, so that a search runs off neither end.
    y_by_x, x_by_y : ndarray of float64, shape (n + 2 * pad,)
        The other coordinate of the same points.
    place : ndarray of int, shape (n,)
        Point i in the order of x is point ``place[i]`` in the order of y.
    pad : int
        Index at which the coordinates begin.
    """

    x: NDArray[np.float64]
    y_by_x: NDArray[np.float64]
    y: NDArray[np.float64]
    x_by_y: NDArray[np.float64]
    place: NDArray[np.int64]
    pad: int


@kernel
def make_axes(n: int, reach: int) -> PairAxes:
    """Allocate axes for n points, for searches of whole lanes up to `reach` steps away."""
    pad = max(reach, COUNTED) + 2 * LANES  # counts look COUNTED steps away
    axes = np.empty((4, n + 2 * pad))
    axes[:, :pad] = -np.inf
    axes[:, pad + n :] = np.inf
    return PairAxes(axes[0], axes[1], axes[2], axes[3], np.empty(n, np.int64), pad)


@kernel
def first_points(axes: PairAxes, n: int) -> PairAxes:
    """Axes for n points in the memory of axes for more."""
    pad = axes.pad
    size = n + 2 * pad
    for t in range(pad + n, size):
        axes.x[t], axes.y_by_x[t], axes.y[t], axes.x_by_y[t] = np.inf, np.inf, np.inf, np.inf
    return PairAxes(
        axes.x[:size], axes.y_by_x[:size], axes.y[:size], axes.x_by_y[:size], axes.place[:n], pad
    )


@kernel
def lay_out(columns: SortedColumns, x: int, y: int, axes: PairAxes) -> bool:
    """Fill `axes` with columns x and y; returns whether one is the other, or its negative."""
    ordered_x, ordered_y = columns.ordered[x], columns.ordered[y]
    order_x, rank_y, pad = columns.order[x], columns.rank[y], axes.pad
    same, mirrored = True, True
    for i in range(ordered_x.size):
        p = np.int64(rank_y[order_x[i]])
        axes.place[i] = p
        axes.x[pad + i] = ordered_x[i]
        axes.y_by_x[pad + i] = ordered_y[p]
        axes.y[pad + i] = ordered_y[i]
        axes.x_by_y[pad + p] = ordered_x[i]
        same &= ordered_x[i] == ordered_y[p]
        mirrored &= ordered_x[i] == -ordered_y[p]
    return same or mirrored
