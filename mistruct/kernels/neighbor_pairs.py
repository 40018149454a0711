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
from mistruct.kernels.lanes import LANES, any_less, fill, higher, load, lower, store, subtract
from mistruct.kernels.line_counts import n_closer, sum_over_counts


@kernel
def shorten(
    u: NDArray[np.float64], v: NDArray[np.float64], at: int, nearest: NDArray[np.float64]
) -> None:
    """Take the points around one into its sorted `nearest` distances, outwards along `u`."""
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
    x: NDArray[np.float64],
    y_by_x: NDArray[np.float64],
    y: NDArray[np.float64],
    x_by_y: NDArray[np.float64],
    place: NDArray[np.int64],
    pad: int,
    reach: int,
    k: int,
    first: int,
    last: int,
    radius: NDArray[np.float64],
) -> None:
    """Fill ``radius[first:last]`` with the distances to the k-th neighbours, in the order of x.

    `x` and `y` are sorted, ``y_by_x`` and ``x_by_y`` the other coordinates of the same points;
    they begin at index `pad` and have infinities on both sides of sorted coordinates. Point i in
    the order of x is point ``place[i]`` in that of y.
    """
    n = x.size - 2 * pad
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
    x: NDArray[np.float64],
    y_by_x: NDArray[np.float64],
    y: NDArray[np.float64],
    x_by_y: NDArray[np.float64],
    place: NDArray[np.int64],
    pad: int,
    reach: int,
    first: int,
    last: int,
    radius: NDArray[np.float64],
    radius_y: NDArray[np.float64],
) -> None:
    """Turn radii into how far the points within them, or at them, reach along x and along y.

    What is as far counts as closer, so they become the next numbers above. `radius_y` is in the
    order of y.
    """
    n = x.size - 2 * pad
    for i in range(first, last):
        limit = radius[i]
        at, at_y = pad + i, pad + place[i]
        of_x = min(x[at + reach] - x[at], x[at] - x[at - reach]) > limit
        if not of_x:
            of_x = n_closer(x, at, pad, pad + n, limit) <= n_closer(y, at_y, pad, pad + n, limit)
        u, v, here = (x, y_by_x, at) if of_x else (y, x_by_y, at_y)
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
        radius[i] = np.nextafter(farthest if of_x else farthest_across, np.inf)
        radius_y[place[i]] = np.nextafter(farthest_across if of_x else farthest, np.inf)


@kernel
def lay_out(
    ordered_x: NDArray[np.float64],
    order_x: NDArray[np.int32],
    ordered_y: NDArray[np.float64],
    rank_y: NDArray[np.int32],
    pad: int,
    axes: NDArray[np.float64],
    place: NDArray[np.int64],
) -> bool:
    """Fill `axes`, the coordinates x, y in the order of x, y, and x in the order of y, and `place`.

    Returns whether y is x, or its mirror image.
    """
    n = ordered_x.size
    same, mirrored = True, True
    for i in range(n):
        p = np.int64(rank_y[order_x[i]])
        place[i] = p
        axes[0, pad + i] = ordered_x[i]
        axes[1, pad + i] = ordered_y[p]
        axes[2, pad + i] = ordered_y[i]
        axes[3, pad + p] = ordered_x[i]
        same &= ordered_x[i] == ordered_y[p]
        mirrored &= ordered_x[i] == -ordered_y[p]
    return same or mirrored


@kernel
def information_of_pairs(
    ordered: NDArray[np.float64],
    order: NDArray[np.int32],
    rank: NDArray[np.int32],
    of_x: NDArray[np.int64],
    of_y: NDArray[np.int64],
    pad: int,
    reach: int,
    k: int,
    variant: int,
    terms: NDArray[np.float64],
    digamma: float,
) -> NDArray[np.float64]:
    """Information between rows `of_x` and `of_y`, pair by pair; inf where one is the other.

    The columns come sorted, with the `order` that sorts them and the `rank` of each row; none
    repeats a value. ``terms[c]`` is what a count of c adds: psi(c), or psi(c - 1) in variant 2,
    where the point itself does not count; and `digamma` is psi(n).
    """
    n = ordered.shape[1]
    axes = np.empty((4, n + 2 * pad))
    x, y_by_x, y, x_by_y = axes[0], axes[1], axes[2], axes[3]
    for t in range(pad):
        for axis in range(4):
            axes[axis, t] = -np.inf
            axes[axis, pad + n + t] = np.inf
    place = np.empty(n, np.int64)
    radius = np.empty(n + LANES)
    radius_y = np.empty(n + LANES)
    result = np.empty(of_x.size)
    for p in range(of_x.size):
        i, j = of_x[p], of_y[p]
        if lay_out(ordered[i], order[i], ordered[j], rank[j], pad, axes, place):
            result[p] = math.inf
            continue
        find_radii(x, y_by_x, y, x_by_y, place, pad, reach, k, 0, n, radius)
        if variant == 2:
            find_extents(x, y_by_x, y, x_by_y, place, pad, reach, 0, n, radius, radius_y)
            total = n * (terms[k + 1] - 1.0 / k)
        else:
            total = n * terms[k]
            for t in range(n):
                radius_y[place[t]] = radius[t]
        total -= sum_over_counts(x, radius, pad, 0, n, terms)
        total -= sum_over_counts(y, radius_y, pad, 0, n, terms)
        result[p] = total / n + digamma
    return result
