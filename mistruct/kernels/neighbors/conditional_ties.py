"""Counts around a point for I(x; y | z) with ties, to be broken at random as in `ties`.

The blocks of coordinates are x, z and y: ties in x come first, then those in z, then those in y;
and in the reverse order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel

#: Rows of counts: in (x, y, z), (x, z), (y, z) and z. Columns: points closer than the radius; those
#: at it by the first of x, z and y in which they are; and by the last.
COUNTS = (4, 7)


@kernel
def add_point(row: NDArray[np.int64], at_x: bool, at_z: bool, at_y: bool) -> None:
    """Count a point that lies within or at the radius in one space."""
    if not (at_x or at_z or at_y):
        row[0] += 1
        return
    row[1 + (0 if at_x else 1 if at_z else 2)] += 1
    row[4 + (2 if at_y else 1 if at_z else 0)] += 1


@kernel
def add_points(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    in_z: NDArray[np.float64],
    places: NDArray[np.int64],
    first: int,
    last: int,
    i: int,
    radius: float,
    counts: NDArray[np.int64],
) -> None:
    """Add the other points from `first` to before `last` to the `counts` around point i.

    `in_z` are their distances in z if there are `places`, at which these points are; else z itself.
    """
    for t in range(first, last):
        u = places[t] if places.size > 0 else t
        along_z = in_z[t] if places.size > 0 else abs(in_z[t] - in_z[i])
        if u == i or along_z > radius:
            continue
        along_x, along_y = abs(x[u] - x[i]), abs(y[u] - y[i])
        at_x, at_z, at_y = along_x == radius, along_z == radius, along_y == radius
        add_point(counts[3], False, at_z, False)
        if along_x <= radius:
            add_point(counts[1], at_x, at_z, False)
        if along_y <= radius:
            add_point(counts[2], False, at_z, at_y)
            if along_x <= radius:
                add_point(counts[0], at_x, at_z, at_y)
