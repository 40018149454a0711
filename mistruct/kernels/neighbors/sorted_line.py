"""Numbers of points on a line within a distance of each point.

Eight consecutive points count outwards side by side, a step at a time; where more than a few
hundred points are closer, bisection is faster.

Distances are compared as computed, never as sums of a coordinate and a distance, which round
differently. Rounding is monotone, so what is true of a point is true of all that are closer, and
every count is that of a loop over all pairs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.simd import (
    LANES,
    add,
    any_less,
    fill,
    is_less,
    load,
    lower,
    store,
    subtract,
)

#: Up to how many steps counting beats bisection.
COUNTED = 256

#: Smallest positive number: "closer than this" means "equal".
TINY = 5e-324


@kernel
def n_closer(u: NDArray[np.float64], at: int, first: int, last: int, radius: float) -> int:
    """Number of the sorted ``u[first:last]`` closer than `radius` to ``u[at]``, with itself."""
    inside, outside = at, last
    while outside - inside > 1:
        middle = (inside + outside) // 2
        if u[middle] - u[at] < radius:
            inside = middle
        else:
            outside = middle
    count = inside
    inside, outside = at, first - 1
    while inside - outside > 1:
        middle = (inside + outside) // 2
        if u[at] - u[middle] < radius:
            inside = middle
        else:
            outside = middle
    return count - inside + 1


@kernel
def stretch(
    ordered: NDArray[np.float64], first: int, last: int, at: int, limit: float
) -> tuple[int, int]:
    """Start and end of the sorted values that are closer than the limit to one of them."""
    low, high = first, at
    while low < high:
        middle = (low + high) // 2
        if ordered[at] - ordered[middle] < limit:
            high = middle
        else:
            low = middle + 1
    begin = low
    low, high = at, last
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] - ordered[at] < limit:
            low = middle + 1
        else:
            high = middle
    return begin, low


@kernel
def sum_over_counts(
    u: NDArray[np.float64],
    radius: NDArray[np.float64],
    pad: int,
    first: int,
    last: int,
    terms: NDArray[np.float64],
) -> float:
    """Sum of ``terms[c]``, c the number of points closer than ``radius[i]`` to point i, with it.

    The sorted coordinates of the points begin at ``u[pad]``, with infinities on both sides; done
    are the points from `first` to before `last`. `radius` has room for LANES more.
    """
    n = u.size - 2 * pad
    counts = np.empty(LANES)
    total = 0.0
    for start in range(first, last, LANES):
        s = pad + start
        here = load(u, s)
        limit = load(radius, start)
        right = subtract(load(u, s + COUNTED), here)
        left = subtract(here, load(u, s - COUNTED))
        if any_less(lower(left, right), limit):
            for lane in range(min(LANES, last - start)):
                total += terms[n_closer(u, s + lane, pad, pad + n, radius[start + lane])]
            continue
        inside = fill(1.0)
        step = 1
        while True:
            right = subtract(load(u, s + step), here)
            left = subtract(here, load(u, s - step))
            if not any_less(lower(left, right), limit):
                break
            inside = add(inside, add(is_less(left, limit), is_less(right, limit)))
            step += 1
        store(counts, 0, inside)
        for lane in range(min(LANES, last - start)):
            total += terms[np.int64(counts[lane])]
    return total
