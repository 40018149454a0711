"""Information of two columns given continuous ones, under many surrogates of the first at once.

A surrogate of x changes nothing about y and z. So the other points are sorted once around each
point, by their distance in z and by that in (y, z), and every surrogate walks along the second list
until it has its nearest neighbours, and along the first to count those closer in (x, z); how many
are closer in (y, z) and in z is then a matter of bisection. Only the beginning of a list, which
nearly always suffices, is sorted.

Different categories are coordinates `APART` from each other, and neighbours are sought in the own
one only. A point alone in its joint category has no neighbour and adds nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.lanes import (
    LANES,
    add,
    any_less,
    fill,
    gather,
    higher,
    is_less,
    load,
    store,
    subtract,
)
from mistruct.kernels.line_counts import TINY
from mistruct.kernels.neighbors import partition_points

#: Between the coordinates of categories; normal scores differ by less than half of it.
APART = 64.0

# A point's lists are sorted as far as so many times the typical number of points within reach.
_ROOM = 4.0


@kernel
def sort_around(
    keys: NDArray[np.float64],
    others: NDArray[np.int64],
    size: int,
    n_sorted: int,
    distance: NDArray[np.float64],
    place: NDArray[np.int64],
) -> None:
    """Write `others` to `place` and their `keys` to `distance`, the smallest `n_sorted` in order.

    What lies behind the `size` points is filled up for whole lanes, infinitely far away.
    """
    if n_sorted < size:
        partition_points(others, keys, 0, size - 1, n_sorted)
    order = np.argsort(keys[:n_sorted])
    for t in range(size):
        from_t = order[t] if t < n_sorted else t
        distance[t] = keys[from_t]
        place[t] = others[from_t]
    for t in range(size, size + LANES):
        distance[t] = np.inf
        place[t] = place[0]


@kernel
def n_below(distance: NDArray[np.float64], n_sorted: int, limit: float) -> int:
    """How many of the first, sorted distances are below the limit."""
    low, high = 0, n_sorted
    while low < high:
        middle = (low + high) // 2
        if distance[middle] < limit:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def n_sorted_of(size: int, n_neighbors: int, share: float) -> int:
    """How far to sort a list in which neighbours are sought in a share of all dimensions."""
    typical = size * ((n_neighbors + 1.0) / size) ** share
    return min(size, int(_ROOM * typical) + LANES)


@kernel
def information_of_surrogates(
    surrogates: NDArray[np.float64],
    y: NDArray[np.float64],
    z: NDArray[np.float64],
    strata: NDArray[np.int64],
    n_neighbors: NDArray[np.int64],
    psi: NDArray[np.float64],
    first: int,
    last: int,
    sums: NDArray[np.float64],
) -> None:
    """Add what the points from `first` to before `last` contribute to n times I(x; y | z).

    `surrogates` of x have shape (n_surrogates, n), `z` has shape (d, n) with d > 0. Points in
    different strata, which begin at ``strata[s]`` and end with the points, are infinitely far
    apart. `sums`, of shape (n_surrogates, n_scales), has a column for each of the ascending
    `n_neighbors`; `psi` is tabulated up to n.
    """
    n_surrogates, n = surrogates.shape
    d = z.shape[0]
    n_scales = n_neighbors.size
    most = n_neighbors[n_scales - 1]
    keys = np.empty(n)
    others = np.empty(n, np.int64)
    in_z = np.empty(n + LANES)
    in_yz = np.empty(n + LANES)
    by_z = np.empty(n + LANES, np.int64)
    by_yz = np.empty(n + LANES, np.int64)
    lanes = np.empty(LANES)
    nearest = np.empty(most + 1)  # the point itself is the first
    s = 0
    for i in range(first, last):
        while strata[s + 1] <= i:
            s += 1
        begin, size = strata[s], strata[s + 1] - strata[s]
        for t in range(size):
            others[t] = begin + t
            keys[t] = 0.0
        for c in range(d):
            for t in range(size):
                along = abs(z[c, begin + t] - z[c, i])
                keys[t] = along if along > keys[t] else keys[t]
        n_by_z = n_sorted_of(size, most, d / (d + 2.0))
        sort_around(keys, others, size, n_by_z, in_z, by_z)
        for t in range(size):
            along = abs(y[by_z[t]] - y[i])
            keys[t] = along if along > in_z[t] else in_z[t]
            others[t] = by_z[t]
        n_by_yz = n_sorted_of(size, most, (d + 1.0) / (d + 2.0))
        sort_around(keys, others, size, n_by_yz, in_yz, by_yz)
        for b in range(n_surrogates):
            x = surrogates[b]
            here = fill(x[i])
            bound = 0.5 * APART
            for p in range(most + 1):
                nearest[p] = bound
            n_found = 0
            t = 0
            while t < size and (t >= n_by_yz or in_yz[t] < bound):
                across = gather(x, by_yz, t)
                across = higher(subtract(across, here), subtract(here, across))
                across = higher(across, load(in_yz, t))
                if any_less(across, fill(bound)):
                    store(lanes, 0, across)
                    for lane in range(LANES):
                        distance = lanes[lane]
                        if distance < bound:
                            p = min(n_found, most)
                            while p > 0 and nearest[p - 1] > distance:
                                nearest[p] = nearest[p - 1]
                                p -= 1
                            nearest[p] = distance
                            n_found += 1
                            bound = nearest[most]
                t += LANES
            n_found = min(n_found, most + 1) - 1
            if n_found == 0:
                continue
            for scale in range(n_scales):
                k = min(n_neighbors[scale], n_found)
                radius = nearest[k]
                limit = radius if radius > 0.0 else TINY
                n_z = n_below(in_z, n_by_z, limit)
                n_yz = n_below(in_yz, n_by_yz, limit)
                if radius > 0.0 and n_z < n_by_z and n_yz < n_by_yz:
                    inside = fill(0.0)
                    t = 0
                    while t + LANES <= n_z:
                        across = gather(x, by_z, t)
                        across = higher(subtract(across, here), subtract(here, across))
                        inside = add(inside, is_less(across, fill(limit)))
                        t += LANES
                    store(lanes, 0, inside)
                    n_xz = 0
                    for lane in range(LANES):
                        n_xz += int(lanes[lane])
                    for u in range(t, n_z):
                        n_xz += abs(x[by_z[u]] - x[i]) < limit
                else:  # lists as long as this are rare, and so are equal points
                    n_z, n_xz, n_yz, n_equal = 0, 0, 0, 0
                    for u in range(size):
                        if in_z[u] < limit:
                            n_z += 1
                            n_xz += abs(x[by_z[u]] - x[i]) < limit
                        if in_yz[u] < limit:
                            n_yz += 1
                            n_equal += abs(x[by_yz[u]] - x[i]) < limit
                    if radius == 0.0:
                        k = n_equal
                sums[b, scale] += psi[k] - psi[n_xz] - psi[n_yz] + psi[n_z]
