"""Adaptive partitions of pairs of columns, by ranks (Darbellay and Vajda 1999).

A column is its samples in the order of their values, and a range of it is a range of positions in
that order. Tied samples form a group of positions, and a cut is always the end of a group, so the
cut of a range is the same in every cell. A discrete column is a column of ties whose states are
cells from the beginning and are never joined. A point is named by its x position, and the points
of a cell are kept in ascending order.

Terms are added as integers, from logarithms scaled by a power of two, so that a sum depends
neither on the order of the cells nor on which of the two columns is x.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel

#: Positions and samples are of one unsigned type; short ones are read from memory the fastest.
Ranks = NDArray[Any]

# A cell with fewer points is never split.
_FEWEST = 4

# A range is halved by two cuts at most, so a cell lies below fewer than 2 * 2 * 64 others, and
# each of them leaves three to be treated.
_DEEPEST = 1024


class Groups(NamedTuple):
    """Start and end of the group of ties at each position of a column, shape (n,) each."""

    start: Ranks
    end: Ranks


class Splitting(NamedTuple):
    """Parameters of splitting: when a cell is split, and the terms of its counts.

    Attributes
    ----------
    critical : ndarray of float64
        The chi-square above which a cell is split, by degrees of freedom.
    logs : ndarray of int64, shape (n_samples + 1,)
        Logarithms of counts in units of `unit`, rounded.
    unit : float
    """

    critical: NDArray[np.float64]
    logs: NDArray[np.int64]
    unit: float


@kernel
def _cut(groups: Groups, first: np.int64, last: np.int64) -> np.int64:
    """Cut of a range: the end of a group nearest to its middle; `last` if there is none."""
    middle = (first + last) // 2
    if middle > first and np.int64(groups.end[middle - 1]) == middle:
        return middle
    below = np.int64(groups.start[middle])
    above = np.int64(groups.end[middle])
    if below > first and (above >= last or first + last - 2 * below <= 2 * above - first - last):
        return below
    return min(above, last)


@kernel
def _divide(points: Ranks, y_of: Ranks, cut: int, target: Ranks, low: int, high: int) -> None:
    """Copy the points below a cut of y to `target` from `low` on, the others from `high` on."""
    for point in points:
        is_low = y_of[point] < cut
        target[low if is_low else high] = point
        low += is_low
        high += not is_low


@kernel
def _push(
    stack: NDArray[np.int64],
    at: int,
    first: int,
    m: int,
    x0: int,
    x1: int,
    y0: int,
    y1: int,
    side: int,
) -> None:
    """Push a cell on the stack: its points ``work[side, first:first + m]`` and two ranges."""
    stack[at, 0] = first
    stack[at, 1] = m
    stack[at, 2] = x0
    stack[at, 3] = x1
    stack[at, 4] = y0
    stack[at, 5] = y1
    stack[at, 6] = side


@kernel
def _statistic(
    low: tuple[np.int64, np.int64],
    high: tuple[np.int64, np.int64],
    width: tuple[np.int64, np.int64],
    height: tuple[np.int64, np.int64],
) -> float:
    """Pearson's statistic of even counts in the quadrants of a cell.

    `low` holds the points in the lower part of x, below and above the cut of y, `high` those in
    its upper part; the parts of x have the `width`, those of y the `height`.
    """
    # A range that cannot be cut has an upper part without width and without points.
    low_x, high_x = float(width[0]), max(float(width[1]), 0.5)
    low_y, high_y = float(height[0]), max(float(height[1]), 0.5)
    # The sum of (O - E)^2 / E is that of O^2 / E, less m; E is m times the share of the area.
    # Grouped so that x and y can change places.
    squares = (float(low[0]) ** 2 / (low_x * low_y) + float(high[1]) ** 2 / (high_x * high_y)) + (
        float(low[1]) ** 2 / (low_x * high_y) + float(high[0]) ** 2 / (high_x * low_y)
    )
    m = low[0] + low[1] + high[0] + high[1]
    area = float(width[0] + width[1]) * float(height[0] + height[1])
    return squares * area / m - m


@kernel
def _partition(
    y_of: Ranks,
    x_groups: Groups,
    y_groups: Groups,
    y0: np.int64,
    y1: np.int64,
    splitting: Splitting,
    work: Ranks,
    stack: NDArray[np.int64],
) -> np.int64:
    """Sum of m log(m n / (n_x n_y)) over the final cells of the range ``[y0, y1)``.

    m are the points in the cell, n_x and n_y those in its range of x and in its range of y. The
    points of the first cell are ``work[0, y0:y1]``; `y_of` holds the y position of each.
    """
    logs = splitting.logs
    n = y_of.size
    whole = y1 - y0
    none = np.int64(0)
    total = none
    _push(stack, none, y0, whole, none, n, y0, y1, none)
    top = none + 1
    while top > 0:
        top -= 1
        first, m, side = stack[top, 0], stack[top, 1], stack[top, 6]
        x0, x1, y0, y1 = stack[top, 2], stack[top, 3], stack[top, 4], stack[top, 5]
        split = False
        if m >= _FEWEST:
            x = _cut(x_groups, x0, x1)
            y = _cut(y_groups, y0, y1)
            if x < x1 or y < y1:
                points = work[side, first : first + m]
                n_x = none
                for point in points:
                    n_x += point < x
                low_low = none
                for point in points[:n_x]:
                    low_low += y_of[point] < y
                high_low = none
                for point in points[n_x:]:
                    high_low += y_of[point] < y
                low_high = n_x - low_low
                high_high = m - n_x - high_low
                statistic = _statistic(
                    (low_low, low_high), (high_low, high_high), (x - x0, x1 - x), (y - y0, y1 - y)
                )
                dof = 3 if x < x1 and y < y1 else 1
                is_first = x1 - x0 == n and y1 - y0 == whole
                split = is_first or statistic > splitting.critical[dof]
        if not split:
            if m > 0:
                total += m * (logs[m] + logs[n] - logs[x1 - x0] - logs[y1 - y0])
            continue
        side = 1 - side
        target = work[side, first : first + m]
        upper = n_x + high_low
        _divide(points[:n_x], y_of, y, target, none, low_low)
        _divide(points[n_x:], y_of, y, target, n_x, upper)
        _push(stack, top, first, low_low, x0, x, y0, y, side)
        _push(stack, top + 1, first + low_low, low_high, x0, x, y, y1, side)
        _push(stack, top + 2, first + n_x, high_low, x, x1, y0, y, side)
        _push(stack, top + 3, first + upper, high_high, x, x1, y, y1, side)
        top += 4
    return total


@kernel
def _partition_states(
    y_of: Ranks,
    x_groups: Groups,
    y_groups: Groups,
    discrete_x: bool,
    splitting: Splitting,
    work: Ranks,
    stack: NDArray[np.int64],
) -> np.int64:
    """The sum of `_partition` where y is discrete, and x too if `discrete_x`."""
    logs = splitting.logs
    n = np.int64(y_of.size)
    filled = np.zeros(n, np.int64)
    for t in range(n):
        first = np.int64(y_groups.start[y_of[t]])
        work[0, first + filled[first]] = t
        filled[first] += 1
    total = np.int64(0)
    y0 = np.int64(0)
    while y0 < n:
        y1 = np.int64(y_groups.end[y0])
        if not discrete_x:
            total += _partition(y_of, x_groups, y_groups, y0, y1, splitting, work, stack)
        at = y0
        while discrete_x and at < y1:
            # The points of a state of y are in the order of x, so each run of a state is a cell.
            x0 = np.int64(x_groups.start[work[0, at]])
            x1 = np.int64(x_groups.end[x0])
            m = np.int64(0)
            while at + m < y1 and work[0, at + m] < x1:
                m += 1
            total += m * (logs[m] + logs[n] - logs[x1 - x0] - logs[y1 - y0])
            at += m
        y0 = y1
    return total


@kernel
def _determine_each_other(y_of: Ranks, end_x: Ranks, end_y: Ranks) -> bool:
    """Whether the ranks of two columns that are not constant are equal, or exactly reversed."""
    n = y_of.size
    if end_x[0] == n:
        return False
    rising = y_of[0] < y_of[n - 1]
    for t in range(n - 1):
        apart = end_x[t] != end_x[t + 1]
        if apart != (end_y[y_of[t]] != end_y[y_of[t + 1]]):
            return False
        if apart and (y_of[t] < y_of[t + 1]) != rising:
            return False
    return True


@kernel
def _keep_known(column: Ranks, n_known: int, place_in_other: Ranks, new: Ranks) -> np.int64:
    """Fill `new` with a column in the rows known in another one too; returns their number."""
    order, place, end = column[0], column[1], column[3]
    n = np.int64(0)
    for sample in order[:n_known]:
        if place_in_other[sample] < place_in_other.size:
            new[0, n] = sample
            new[1, sample] = n
            n += 1
    for t in range(n):
        tied = t > 0 and end[place[new[0, t]]] == end[place[new[0, t - 1]]]
        new[2, t] = new[2, t - 1] if tied else t
    for t in range(n - 1, -1, -1):
        tied = t < n - 1 and new[2, t] == new[2, t + 1]
        new[3, t] = new[3, t + 1] if tied else t + 1
    return n


@kernel
def partition_tile(
    columns: Ranks,
    n_known: NDArray[np.int64],
    discrete: NDArray[np.bool_],
    splitting: Splitting,
    x_rows: NDArray[np.int64],
    y_rows: NDArray[np.int64],
    symmetric: bool,
    tile: NDArray[np.float64],
) -> None:
    """Fill ``tile[a, b]`` with the information between columns ``x_rows[a]`` and ``y_rows[b]``.

    ``columns[j]`` holds four rows: the samples by value, the ``n_known[j]`` known ones first; the
    position of each sample, n_samples if missing; and start and end of the group of ties at each
    position. With `symmetric` only ``a <= b`` is filled. NaN where there is no row, infinite where
    continuous columns determine each other.
    """
    n_samples = columns.shape[2]
    known = np.empty((2, 4, n_samples), columns.dtype)
    all_y_of = np.empty(n_samples, columns.dtype)
    work = np.empty((2, n_samples), columns.dtype)
    stack = np.empty((_DEEPEST, 7), np.int64)
    for a in range(x_rows.size):
        for b in range(a if symmetric else 0, y_rows.size):
            i, j = x_rows[a], y_rows[b]
            if discrete[i] and not discrete[j]:
                i, j = j, i
            x, y = columns[i], columns[j]
            n = np.int64(n_samples)
            if n_known[i] < n_samples or n_known[j] < n_samples:
                n = _keep_known(x, n_known[i], y[1], known[0])
                _keep_known(y, n_known[j], x[1], known[1])
                x, y = known[0], known[1]
            if n == 0:
                tile[a, b] = math.nan
                continue
            groups_x, groups_y = Groups(x[2], x[3]), Groups(y[2], y[3])
            y_of = all_y_of[:n]
            for t in range(n):
                y_of[t] = y[1, x[0, t]]
            enough = n >= _FEWEST or i == j
            if enough and not discrete[j] and _determine_each_other(y_of, x[3], y[3]):
                tile[a, b] = math.inf
                continue
            if discrete[j]:
                total = _partition_states(
                    y_of, groups_x, groups_y, discrete[i], splitting, work, stack
                )
            else:
                for t in range(n):
                    work[0, t] = t
                total = _partition(y_of, groups_x, groups_y, np.int64(0), n, splitting, work, stack)
            tile[a, b] = total / (splitting.unit * n)
