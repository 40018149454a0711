"""Information of two columns given continuous ones, for many surrogates of the first.

A surrogate of x changes nothing about y and z. So the other points are sorted once around each
point by their distance in (y, z), and every surrogate walks along that list until enough points lie
as near in x too; how many are closer in (y, z) is then a matter of bisection. Those closer in
(x, z) are counted among those closer in z: a stretch of the points, which are sorted by z, if z is
one column; else the beginning of a second list. Only the beginning of a list, which nearly always
suffices, is sorted.

Different categories are coordinates `APART` from each other, and neighbours are sought in the own
one only. A point alone in its joint category has no neighbour and adds nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.neighbors.conditional_ties import COUNTS, add_points
from mistruct.kernels.neighbors.sorted_line import stretch
from mistruct.kernels.neighbors.sorted_lists import (
    ROOM,
    n_below,
    n_beyond,
    n_sorted_of,
    n_within,
    nth_smallest,
    sort_around,
)
from mistruct.kernels.neighbors.ties import add_mean_psi
from mistruct.kernels.simd import (
    LANES,
    fill,
    gather,
    higher,
    load,
    store,
    subtract,
)

#: Between the coordinates of categories; normal scores differ by less than half of it.
APART = 64.0


class Around(NamedTuple):
    """Buffers for the points around one point, which are reused for each point.

    Attributes
    ----------
    in_z, by_z : ndarray, shape (n + LANES,)
        Distances in z, and the points at these; `by_z` is empty where z is one column.
    in_yz, by_yz : ndarray, shape (n + LANES,)
        Distances in (y, z), and the points at these.
    in_xyz : ndarray of float64, shape (n + LANES,)
        Distances in (x, y, z) of the points `by_yz`.
    keys, others : ndarray, shape (n,)
        For sorting.
    counts : ndarray of int
        For ties, as `add_points` counts them.
    means : ndarray, shape (3,)
        Mean psi of these counts in (x, z), (y, z) and z.
    """

    in_z: NDArray[np.float64]
    by_z: NDArray[np.int64]
    in_yz: NDArray[np.float64]
    by_yz: NDArray[np.int64]
    in_xyz: NDArray[np.float64]
    keys: NDArray[np.float64]
    others: NDArray[np.int64]
    counts: NDArray[np.int64]
    means: NDArray[np.float64]


class Point(NamedTuple):
    """Point i of a stratum of `size` points from `begin` on.

    `n_by_z` and `n_by_yz` are how far its lists are sorted, and `n_in_category` is how many points
    are in its category of y.
    """

    i: int
    begin: int
    size: int
    n_by_z: int
    n_by_yz: int
    n_in_category: int


class Closer(NamedTuple):
    """Numbers of points closer than a radius in z, in (x, z) and in (y, z).

    Where `is_short`, the sorted lists hold them all: those closer in z are the points from `z_low`
    to before `z_high`.
    """

    n_z: int
    n_xz: int
    n_yz: int
    is_short: bool
    z_low: int
    z_high: int


@kernel
def look_around(
    y: NDArray[np.float64],
    z: NDArray[np.float64],
    i: int,
    begin: int,
    size: int,
    most: int,
    around: Around,
) -> Point:
    """Sort the points of a stratum around point i, as far as `most` neighbours need it."""
    keys, others = around.keys, around.others
    d = z.shape[0]
    for t in range(size):
        others[t] = begin + t
        keys[t] = 0.0
    for c in range(d):
        for t in range(size):
            along = abs(z[c, begin + t] - z[c, i])
            keys[t] = along if along > keys[t] else keys[t]
    n_by_z = 0
    if d > 1:
        n_by_z = n_sorted_of(size, most, d / (d + 2.0))
        sort_around(keys, others, size, n_by_z, around.in_z, around.by_z)
        for t in range(size):
            keys[t] = around.in_z[t]
            others[t] = around.by_z[t]
    for t in range(size):
        along = abs(y[others[t]] - y[i])
        keys[t] = along if along > keys[t] else keys[t]
    n_by_yz = n_sorted_of(size, most, (d + 1.0) / (d + 2.0))
    sort_around(keys, others, size, n_by_yz, around.in_yz, around.by_yz)
    n_in_category = n_below(around.in_yz, n_by_yz, 0.5 * APART)
    if n_in_category == n_by_yz:
        n_in_category = size
    return Point(i, begin, size, n_by_z, n_by_yz, n_in_category)


@kernel
def walk(
    x: NDArray[np.float64],
    in_yz: NDArray[np.float64],
    by_yz: NDArray[np.int64],
    point: Point,
    most: int,
    in_xyz: NDArray[np.float64],
) -> int:
    """Fill `in_xyz` along the points by (y, z) until `most` are as near; returns their number."""
    here = fill(x[point.i])
    enough = max(most + 1, int(point.n_by_yz / ROOM / 2.0))
    n_walked = 0
    while True:
        until = max(enough, n_walked + n_walked // 4)
        if until + LANES > min(point.n_by_yz, point.n_in_category):
            until = point.n_in_category
        while n_walked < until:
            across = gather(x, by_yz, n_walked)
            across = higher(subtract(across, here), subtract(here, across))
            store(in_xyz, n_walked, higher(across, load(in_yz, n_walked)))
            n_walked += LANES
        if until == point.n_in_category:
            return n_walked
        n_near = n_walked - n_beyond(in_xyz, n_walked, in_yz[n_walked - 1])
        if n_near > most:
            return n_walked


@kernel
def count_all(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    z: NDArray[np.float64],
    point: Point,
    radius: float,
) -> tuple[int, int, int]:
    """Count the points closer than the radius in z, in (x, z) and in (y, z), one by one."""
    n_z, n_xz, n_yz = 0, 0, 0
    for u in range(point.begin, point.begin + point.size):
        apart = 0.0
        for c in range(z.shape[0]):
            along = abs(z[c, u] - z[c, point.i])
            apart = along if along > apart else apart
        if apart < radius:
            n_z += 1
            n_xz += abs(x[u] - x[point.i]) < radius
            n_yz += abs(y[u] - y[point.i]) < radius
    return n_z, n_xz, n_yz


@kernel
def count_closer(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    z: NDArray[np.float64],
    in_z: NDArray[np.float64],
    by_z: NDArray[np.int64],
    in_yz: NDArray[np.float64],
    point: Point,
    radius: float,
) -> Closer:
    """Count the points closer than the radius."""
    i, begin, size = point.i, point.begin, point.size
    d = z.shape[0]
    n_yz = n_below(in_yz, point.n_by_yz, radius)
    if d == 1:
        z_low, z_high = stretch(z[0], begin, begin + size, i, radius)
    else:
        z_low, z_high = 0, n_below(in_z, point.n_by_z, radius)
    is_short = n_yz < point.n_by_yz and (d == 1 or z_high < point.n_by_z)
    if is_short:
        n_xz = n_within(x, by_z, z_low, z_high, i, radius)
        return Closer(z_high - z_low, n_xz, n_yz, is_short, z_low, z_high)
    n_z, n_xz, n_yz = count_all(x, y, z, point, radius)  # lists as long as this are rare
    return Closer(n_z, n_xz, n_yz, is_short, z_low, z_high)


@kernel
def count_ties(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    z: NDArray[np.float64],
    point: Point,
    radius: float,
    closer: Closer,
    n_walked: int,
    around: Around,
) -> bool:
    """Count the points at the radius; False if only the neighbour is there."""
    i, begin, size = point.i, point.begin, point.size
    by_z, z_low, z_high = around.by_z, closer.z_low, closer.z_high
    d = z.shape[0]
    z_values = z[0] if d == 1 else around.in_z
    beyond = np.nextafter(radius, np.inf)
    if d == 1:
        z_first, z_last = stretch(z[0], begin, begin + size, i, beyond)
    else:
        z_first, z_last = 0, n_below(around.in_z, point.n_by_z, beyond)
        z_last = z_last if z_last < point.n_by_z else size
    at_xy = 2  # how many are closer in z and at the radius in x or y: unknown
    if closer.is_short and radius > 0.0:
        at_xy = n_within(x, by_z, z_low, z_high, i, beyond) - closer.n_xz
        at_xy += n_within(y, by_z, z_low, z_high, i, beyond) - closer.n_yz
    if at_xy == 1 and z_last - z_first == closer.n_z:
        return False
    counts = around.counts
    counts[:] = 0
    if at_xy == 0:
        below = np.nextafter(radius, 0.0)
        counts[0, 0] = n_walked - n_beyond(around.in_xyz, n_walked, below) - 1
        counts[1, 0], counts[2, 0] = closer.n_xz - 1, closer.n_yz - 1
        counts[3, 0] = closer.n_z - 1
        add_points(x, y, z_values, by_z, z_first, z_low, i, radius, counts)
        add_points(x, y, z_values, by_z, z_high, z_last, i, radius, counts)
    else:
        add_points(x, y, z_values, by_z, z_first, z_last, i, radius, counts)
    return True


@kernel
def information_of_surrogates(
    surrogates: NDArray[np.float64],
    y: NDArray[np.float64],
    z: NDArray[np.float64],
    strata: NDArray[np.int64],
    n_neighbors: NDArray[np.int64],
    with_ties: bool,
    psi: NDArray[np.float64],
    first: int,
    last: int,
    sums: NDArray[np.float64],
) -> None:
    """Add the contributions of the points from `first` to before `last` to n I(x; y | z).

    `surrogates` of x have shape (n_surrogates, n), `z` has shape (d, n) with d > 0. Points in
    different strata, which begin at ``strata[s]`` and end with the points, are infinitely far
    apart; those of a stratum ascend in z if d is 1. `sums`, of shape (n_surrogates, n_scales), has
    a column for each of the ascending `n_neighbors`; `psi` is tabulated up to n. Ties at the
    radius are counted as in `ties` if asked for, as must be where a column that is not of
    categories repeats values.
    """
    n_surrogates, n = surrogates.shape
    n_scales = n_neighbors.size
    most = n_neighbors[n_scales - 1]
    around = Around(
        np.empty(n + LANES),
        np.empty(n + LANES if z.shape[0] > 1 else 0, np.int64),
        np.empty(n + LANES),
        np.empty(n + LANES, np.int64),
        np.empty(n + LANES),
        np.empty(n),
        np.empty(n, np.int64),
        np.empty(COUNTS, np.int64),
        np.empty(COUNTS[0] - 1),
    )
    in_z, by_z, in_yz, by_yz, in_xyz = around[:5]
    means = around.means
    s = 0
    for i in range(first, last):
        while strata[s + 1] <= i:
            s += 1
        begin, size = strata[s], strata[s + 1] - strata[s]
        point = look_around(y, z, i, begin, size, most, around)
        for b in range(n_surrogates):
            x = surrogates[b]
            n_walked = walk(x, in_yz, by_yz, point, most, in_xyz)
            n_floors = min(n_walked, point.n_by_yz)
            n_found = n_walked - n_beyond(in_xyz, n_walked, 0.5 * APART) - 1
            if n_found == 0:
                continue
            for scale in range(n_scales):
                k = min(n_neighbors[scale], n_found)
                radius = nth_smallest(in_xyz, n_walked, k + 1, in_yz, n_floors)
                closer = count_closer(x, y, z, in_z, by_z, in_yz, point, radius)
                if with_ties and count_ties(x, y, z, point, radius, closer, n_walked, around):
                    means[:] = 0.0
                    add_mean_psi(around.counts, k, psi, means)
                    sums[b, scale] += psi[k] - means[0] - means[1] + means[2]
                else:
                    sums[b, scale] += psi[k] - psi[closer.n_xz] - psi[closer.n_yz] + psi[closer.n_z]
