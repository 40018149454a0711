"""Means over all ways to break ties among neighbours at random.

On a lattice several points are as far away as the k-th neighbour. Put into random order along each
axis those that are equally far along it, each order as likely as any other. Such an order in x
knows nothing of y, so it adds no information; and as then only one point is the k-th, Kraskov's
counts are what they are without ties. Say that T points are tied along an axis at the radius, the
distance of the k-th neighbour, that J of them are in reach along the other axis, and that l points
are closer in the plane. Then the k-th neighbour is the m-th of those J, m = k - l, and along the
axis come before it the n points that are closer there and P - 1 of the tied ones, with P the place
of the m-th of J marked among T in random order. P is negative hypergeometric,

    P(P = p) = C(p - 1, m - 1) C(T - p, J - m) / C(T, J),

and the mean of psi(n + P) stands for psi(n + 1). Along the other axis the radius lies between the
points, and psi(n + 1) stays. With ties on both axes, those along one of them come last, when all
along the other have come, and the mean of both ways is taken.

If nothing is tied all this is Kraskov's count; if a point has at least k copies, so that the radius
is 0, it is psi of the numbers of copies and itself, in the plane and along both axes (Gao et al.
2017).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.neighbors.pair_axes import PairAxes
from mistruct.kernels.neighbors.sorted_line import stretch
from mistruct.kernels.simd import LANES, fill, higher, load, n_less, subtract

# The remaining terms of a sum are dropped below this share of it.
_NEGLIGIBLE = 1e-16

# Weights above this size are scaled down; that is checked once in this number of steps.
_LARGE = 1e100
_STEPS = 16


@kernel
def mean_psi(
    n_closer: int, nth: int, n_marked: int, n_tied: int, psi: NDArray[np.float64]
) -> float:
    """Mean of psi(n_closer + P), P the place of the nth of the marked among the tied ones.

    With nobody tied it is psi(n_closer + 1). `psi` is tabulated up to ``n_closer + n_tied + 1``.
    """
    if n_tied <= 1:
        return psi[n_closer + 1]
    if n_closer == 0:  # psi(P) - psi(n_tied + 1) is the mean log of the P-th of n_tied uniforms
        return psi[n_tied + 1] + psi[nth] - psi[n_marked + 1]
    if n_marked == 1:  # all places are as likely, and psi(1) + ... + psi(n) = n psi(n + 1) - n
        last = n_closer + n_tied
        return (last * psi[last + 1] - n_closer * psi[n_closer + 1]) / n_tied - 1.0
    weight, sum_of_weights, total = 1.0, 1.0, psi[n_closer + nth]
    p, last = n_closer + nth, n_closer + nth + n_tied - n_marked
    before, after = float(nth), float(n_tied - n_marked)
    others_before, others_after = 1.0, float(n_tied - nth)
    while p < last and weight * after > _NEGLIGIBLE * sum_of_weights:
        if weight > _LARGE:
            total /= _LARGE
            sum_of_weights /= _LARGE
            weight /= _LARGE
        for _ in range(min(_STEPS, last - p)):
            weight *= (before * after) / (others_before * others_after)
            p += 1
            sum_of_weights += weight
            total += weight * psi[p]
            before += 1.0
            after -= 1.0
            others_before += 1.0
            others_after -= 1.0
    return total / sum_of_weights


@kernel
def add_mean_psi(
    counts: NDArray[np.int64], k: int, psi: NDArray[np.float64], means: NDArray[np.float64]
) -> None:
    """Add the mean of psi of the counts around a point in each space to `means`, shape (n_spaces,).

    `counts` has a row for the joint space, then one for each space. Its columns are the points
    closer than the radius; those at the radius by the first of the blocks of coordinates along
    which they are there, a column for each block; and those by the last of them. Ties along a block
    come when all along the blocks before it have come; the mean of this order of blocks and the
    reverse one is taken.
    """
    n_blocks = counts.shape[1] // 2
    for begin, step in ((1 + n_blocks, 1), (n_blocks, -1)):
        nth, at = k - counts[0, 0], begin
        while nth > counts[0, at]:
            nth -= counts[0, at]
            at += step
        for space in range(1, counts.shape[0]):
            closer = counts[space, 0]
            for before in range(begin, at, step):
                closer += counts[space, before]
            mean = mean_psi(closer, nth, counts[0, at], counts[space, at], psi)
            means[space - 1] += 0.5 * mean


@kernel
def mean_psi_of_points(
    counts: NDArray[np.int64], n_nearest: NDArray[np.int64], psi: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Means of psi around each point, shape (n, n_spaces), given its `counts` in each space.

    ``counts[i]`` and the result for a point are as in `add_mean_psi`.
    """
    means = np.zeros((counts.shape[0], counts.shape[1] - 1))
    for i in range(counts.shape[0]):
        add_mean_psi(counts[i], n_nearest[i], psi, means[i])
    return means


@kernel
def shell(
    u: NDArray[np.float64], at: int, first: int, last: int, radius: float
) -> tuple[int, int, int, int]:
    """Bounds of the sorted ``u[first:last]`` around ``u[at]``: no farther than the radius, closer.

    First where those begin that are no farther, then where those that are closer begin and end,
    then where the former end. At a radius of 0 nothing is closer, not even the point itself.
    Beyond the ends of the range are infinities.
    """
    begin, end = stretch(u, first, last, at, radius)
    low, high = begin, end
    if u[at] - u[begin - 1] == radius:
        low, right = first, begin - 1
        while low < right:
            middle = (low + right) // 2
            if u[at] - u[middle] <= radius:
                right = middle
            else:
                low = middle + 1
    if u[end] - u[at] == radius:
        left, high = end + 1, last
        while left < high:
            middle = (left + high) // 2
            if u[middle] - u[at] <= radius:
                left = middle + 1
            else:
                high = middle
    return low, begin, end, high


@kernel
def count_tied(
    u: NDArray[np.float64], at: int, first: int, last: int, radius: float
) -> tuple[int, int]:
    """Numbers of others of the sorted ``u[first:last]`` closer than the radius, and at it."""
    low, begin, end, high = shell(u, at, first, last, radius)
    closer = max(end - begin - 1, 0)
    return closer, high - low - 1 - closer


@kernel
def count_across(
    v: NDArray[np.float64], first: int, last: int, at: int, radius: float
) -> tuple[int, int]:
    """Numbers of ``v[first:last]`` closer than the radius to ``v[at]``, and no farther."""
    closer, within = 0, 0
    here, limit, beyond = fill(v[at]), fill(radius), fill(np.nextafter(radius, np.inf))
    t = first
    while t + LANES <= last:
        across = load(v, t)
        across = higher(subtract(across, here), subtract(here, across))
        closer += n_less(across, limit)
        within += n_less(across, beyond)
        t += LANES
    for j in range(t, last):
        closer += abs(v[j] - v[at]) < radius
        within += abs(v[j] - v[at]) <= radius
    return closer, within


@kernel
def sift(
    v: NDArray[np.float64],
    at: int,
    low: int,
    begin: int,
    end: int,
    high: int,
    radius: float,
) -> tuple[int, int, int, int]:
    """Numbers of others closer than the radius, at it along u alone, v alone, and both.

    `v` is in the order of u, whose `shell` is given.
    """
    closer, within = count_across(v, begin, end, at, radius)
    closer_left, within_left = count_across(v, low, begin, at, radius)
    closer_right, within_right = count_across(v, end, high, at, radius)
    along_u = closer_left + closer_right
    both = within_left + within_right - along_u
    return closer - (radius > 0.0), along_u, within - closer, both - (radius == 0.0)


@kernel
def in_one_order(
    nth: int,
    alone: int,
    others: int,
    closer: int,
    tied: int,
    closer_of_last: int,
    tied_of_last: int,
    psi: NDArray[np.float64],
) -> float:
    """Sum over both axes of the mean psi, if ties along the last axis come last.

    The k-th neighbour is the nth of the points at the radius. Those that are there along the first
    axis `alone` come before the `others`.
    """
    if nth <= alone:
        return mean_psi(closer, nth, alone, tied, psi) + psi[closer_of_last + 1]
    of_last = mean_psi(closer_of_last, nth - alone, others, tied_of_last, psi)
    return psi[closer + tied + 1] + of_last


@kernel
def psi_of_axes(axes: PairAxes, i: int, k: int, radius: float, psi: NDArray[np.float64]) -> float:
    """Sum over both axes of the mean psi of a point's counts, which it takes off psi(k) + psi(n).

    The point is point i in the order of x.
    """
    u, v_by_u, v, u_by_v, place, pad = axes
    at, at_v = pad + i, pad + place[i]
    low, begin, end, high = shell(u, at, pad, u.size - pad, radius)
    low_v, begin_v, end_v, high_v = shell(v, at_v, pad, v.size - pad, radius)
    n_u, n_v = max(end - begin - 1, 0), max(end_v - begin_v - 1, 0)
    tied_u, tied_v = high - low - 1 - n_u, high_v - low_v - 1 - n_v
    if tied_u + tied_v == 1:
        return psi[n_u + 1] + psi[n_v + 1]
    if high - low <= high_v - low_v:
        closer, along_u, along_v, both = sift(v_by_u, at, low, begin, end, high, radius)
    else:
        closer, along_v, along_u, both = sift(u_by_v, at_v, low_v, begin_v, end_v, high_v, radius)
    nth = k - closer
    one = in_one_order(nth, along_u, along_v + both, n_u, tied_u, n_v, tied_v, psi)
    if tied_u == 0 or tied_v == 0:
        return one
    return 0.5 * (one + in_one_order(nth, along_v, along_u + both, n_v, tied_v, n_u, tied_u, psi))
