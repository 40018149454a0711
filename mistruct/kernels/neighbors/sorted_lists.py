"""Lists of points in ascending distance, sorted only as far as they are read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.neighbors.tree import partition_points
from mistruct.kernels.simd import (
    LANES,
    fill,
    gather,
    greater_or_inf,
    higher,
    load,
    lower,
    n_less,
    store,
    subtract,
)

#: A point's lists are sorted as far as so many times the typical number of points within reach.
ROOM = 4.0


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
    """Number of the first, sorted distances that are below the limit."""
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
    """Number of points to sort in a list, for neighbours in a share of all dimensions."""
    typical = size * ((n_neighbors + 1.0) / size) ** share
    return min(size, int(ROOM * typical) + LANES)


@kernel
def n_beyond(values: NDArray[np.float64], size: int, limit: float) -> int:
    """Number of the first values, in whole lanes, that are larger than the limit."""
    beyond = 0
    for t in range(0, size, LANES):
        beyond += n_less(fill(limit), load(values, t))
    return beyond


@kernel
def nth_smallest(
    values: NDArray[np.float64], size: int, n: int, floors: NDArray[np.float64], n_floors: int
) -> float:
    """The n-th smallest, from 1, of the first values, which are at least their ascending floors.

    The values fill whole lanes.
    """
    low, high = 0, n_floors
    while low < high:
        middle = (low + high) // 2
        if size - n_beyond(values, size, floors[middle]) >= n:
            high = middle
        else:
            low = middle + 1
    nth = floors[low - 1] if low > 0 else -1.0
    smallest = np.empty(LANES)
    while size - n_beyond(values, size, nth) < n:
        nearest = fill(np.inf)
        for t in range(0, size, LANES):
            nearest = lower(nearest, greater_or_inf(load(values, t), fill(nth)))
        store(smallest, 0, nearest)
        nth = smallest.min()
    return nth


@kernel
def n_within(
    x: NDArray[np.float64], places: NDArray[np.int64], first: int, last: int, i: int, limit: float
) -> int:
    """Number of ``x[first:last]`` that are closer than the limit to ``x[i]``.

    Where there are `places`, of ``x[places[first:last]]``.
    """
    inside = 0
    here, limits = fill(x[i]), fill(limit)
    t = first
    while t + LANES <= last:
        across = load(x, t) if places.size == 0 else gather(x, places, t)
        inside += n_less(higher(subtract(across, here), subtract(here, across)), limits)
        t += LANES
    for u in range(t, last):
        inside += abs(x[u if places.size == 0 else places[u]] - x[i]) < limit
    return inside
