"""Mutual information of two columns from the distances to nearest neighbours.

In the order of x, the neighbours of a point are sought outwards from it, until the next x alone is
farther than the k-th nearest so far. Among n points that takes about 2 sqrt(k n) steps, but eight
consecutive points take them side by side without a branch, which beats trees up to 10^5 points. A
point that is not done after `reach` steps, as one among many ties in x is not, is finished on its
own, along the axis on which fewer points lie within the distance that it has come down to.

Distances are compared as computed, so every result is that of a loop over all pairs.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.neighbors.pair_axes import PairAxes, SortedColumns, lay_out, make_axes
from mistruct.kernels.neighbors.sorted_line import n_closer, sum_over_counts
from mistruct.kernels.simd import LANES, any_less, fill, higher, load, lower, store, subtract


@kernel
def shorten(
    u: NDArray[np.float64], v: NDArray[np.float64], at: int, nearest: NDArray[np.float64]
) -> None:
    """Update the sorted `nearest` distances of a point by the points around it along `u`."""
    k = nearest.size
    for side in range(-1, 2, 2):
        other = at + side
        along = abs(u[other] - u[at])
        while along < nearest[k - 1]:
            across = abs(v[other] - v[at])
            distance = across if across > along else along
            if distance < nearest[k - 1]:
                place = k - 1
                while place > 0 and nearest[place - 1] > distance:
                    nearest[place] = nearest[place - 1]
                    place -= 1
                nearest[place] = distance
            other += side
            along = abs(u[other] - u[at])


@kernel
def find_radii(
    axes: PairAxes,
    reach: int,
    k: int,
    first: int,
    last: int,
    radius: NDArray[np.float64],
) -> None:
    """Fill ``radius[first:last]`` with the distances to the k-th neighbours, in the order of x."""
    x, y_by_x, y, x_by_y, place, pad = axes
    n = place.size
    nearest = np.empty(k)
    best = np.empty(k * LANES)
    worst = (k - 1) * LANES
    for start in range(first, last, LANES):
        s = pad + start
        step = 1
        here_x = load(x, s)
        here_y = load(y_by_x, s)
        for j in range(k):
            store(best, j * LANES, fill(np.inf))
        while step <= reach:
            right = subtract(load(x, s + step), here_x)
            left = subtract(here_x, load(x, s - step))
            if not any_less(lower(left, right), load(best, worst)):
                break
            other = load(y_by_x, s + step)
            one = higher(right, higher(subtract(other, here_y), subtract(here_y, other)))
            other = load(y_by_x, s - step)
            two = higher(left, higher(subtract(other, here_y), subtract(here_y, other)))
            for j in range(k):
                held = load(best, j * LANES)
                least = lower(held, one)
                one = higher(held, one)
                store(best, j * LANES, lower(least, two))
                two = higher(least, two)
            step += 1
        for lane in range(min(LANES, last - start)):
            at = s + lane
            bound = best[worst + lane]
            if not min(x[at + step] - x[at], x[at] - x[at - step]) < bound:
                radius[start + lane] = bound
                continue
            for j in range(k):
                nearest[j] = bound
            at_y = pad + place[start + lane]
            if n_closer(x, at, pad, pad + n, bound) <= n_closer(y, at_y, pad, pad + n, bound):
                shorten(x, y_by_x, at, nearest)
            else:
                shorten(y, x_by_y, at_y, nearest)
            radius[start + lane] = nearest[k - 1]


@kernel
def find_extents(
    axes: PairAxes,
    reach: int,
    first: int,
    last: int,
    radius: NDArray[np.float64],
    radius_y: NDArray[np.float64],
) -> None:
    """Turn radii into the largest distances along x and y of the points within them.

    What is as far counts as closer, so they become the next numbers above. `radius_y` is in the
    order of y.
    """
    x, y_by_x, y, x_by_y, place, pad = axes
    n = place.size
    for i in range(first, last):
        limit = radius[i]
        at, at_y = pad + i, pad + place[i]
        along_x = min(x[at + reach] - x[at], x[at] - x[at - reach]) > limit
        if not along_x:
            along_x = n_closer(x, at, pad, pad + n, limit) <= n_closer(y, at_y, pad, pad + n, limit)
        u, v, here = (x, y_by_x, at) if along_x else (y, x_by_y, at_y)
        farthest, farthest_across = 0.0, 0.0
        for side in range(-1, 2, 2):
            other = here + side
            along = abs(u[other] - u[here])
            while along <= limit:
                across = abs(v[other] - v[here])
                if across <= limit:
                    farthest = along if along > farthest else farthest
                    farthest_across = across if across > farthest_across else farthest_across
                other += side
                along = abs(u[other] - u[here])
        radius[i] = np.nextafter(farthest if along_x else farthest_across, np.inf)
        radius_y[place[i]] = np.nextafter(farthest_across if along_x else farthest, np.inf)


@kernel
def information_of_pairs(
    columns: SortedColumns,
    x_rows: NDArray[np.int64],
    y_rows: NDArray[np.int64],
    reach: int,
    k: int,
    variant: int,
    terms: NDArray[np.float64],
    digamma: float,
) -> NDArray[np.float64]:
    """Information between rows `x_rows` and `y_rows`, pair by pair; inf where one is the other.

    No column repeats a value. ``terms[c]`` is what a count of c adds: psi(c), or psi(c - 1) in
    variant 2, where the point itself does not count; and `digamma` is psi(n).
    """
    n = columns.ordered.shape[1]
    axes = make_axes(n, reach)
    radius = np.empty(n + LANES)
    radius_y = np.empty(n + LANES)
    result = np.empty(x_rows.size)
    for p in range(x_rows.size):
        if lay_out(columns, x_rows[p], y_rows[p], axes):
            result[p] = math.inf
            continue
        find_radii(axes, reach, k, 0, n, radius)
        if variant == 2:
            find_extents(axes, reach, 0, n, radius, radius_y)
            total = n * (terms[k + 1] - 1.0 / k)
        else:
            total = n * terms[k]
            for t in range(n):
                radius_y[axes.place[t]] = radius[t]
        total -= sum_over_counts(axes.x, radius, axes.pad, 0, n, terms)
        total -= sum_over_counts(axes.y, radius_y, axes.pad, 0, n, terms)
        result[p] = total / n + digamma
    return result
