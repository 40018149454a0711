"""Among which columns separating sets are looked for, the likeliest first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel


@kernel
def order_by_tie(
    found: NDArray[np.int64], x: int, y: int, strength: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Columns in the order of the weaker of their ties to x and y, the strongest first."""
    ties = np.empty(found.size)
    for c in range(found.size):
        ties[c] = -min(strength[x, found[c]], strength[y, found[c]])
    return found[np.argsort(ties, kind="mergesort")]


@kernel
def candidates_of_pairs(
    possible: NDArray[np.bool_],
    strength: NDArray[np.float64],
    pairs: NDArray[np.int64],
    joined: bool,
    least: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Two lists for each pair (x, y), as flat arrays and the starts in these.

    ``possible[v]`` says which columns may separate v from others. With `joined` the first list has
    those of x and of y, and the second is empty. Else the shorter of the two lists comes first; a
    list of fewer than `least` columns is empty, and so is the second where it holds the first.
    """
    n_variables = possible.shape[0]
    of_each = np.flatnonzero(possible) % n_variables
    ends = np.zeros(n_variables + 1, np.int64)
    for v in range(n_variables):
        ends[v + 1] = ends[v] + possible[v].sum()
    capacity = np.int64(0)
    for x, y in pairs:
        capacity += ends[x + 1] - ends[x] + ends[y + 1] - ends[y]
    first = np.empty(capacity, np.int64)
    second = np.empty(0 if joined else capacity, np.int64)
    first_starts = np.zeros(pairs.shape[0] + 1, np.int64)
    second_starts = np.zeros(pairs.shape[0] + 1, np.int64)
    of_x = np.empty(n_variables, np.int64)
    of_y = np.empty(n_variables, np.int64)
    for k in range(pairs.shape[0]):
        x, y = pairs[k]
        n_x = np.int64(0)
        n_y = np.int64(0)
        n_both = np.int64(0)
        a, b = ends[x], ends[y]
        while a < ends[x + 1] or b < ends[y + 1]:
            from_x = of_each[a] if a < ends[x + 1] else n_variables
            from_y = of_each[b] if b < ends[y + 1] else n_variables
            c = min(from_x, from_y)
            a += from_x == c
            b += from_y == c
            if c in (x, y):
                continue
            if from_x == c or joined:
                of_x[n_x] = c
                n_x += 1
            if from_y == c and not joined:
                of_y[n_y] = c
                n_y += 1
                n_both += from_x == c
        short = of_x[: n_x if n_x >= least else 0]
        long = of_y[: n_y if n_y >= least else 0]
        if long.size < short.size and not joined:
            short, long = long, short
        if not joined and (short.size == 0 or n_both == short.size):  # the longer holds it
            short, long = long, long[:0]
        a, b = first_starts[k], second_starts[k]
        first[a : a + short.size] = order_by_tie(short, x, y, strength)
        second[b : b + long.size] = order_by_tie(long, x, y, strength)
        first_starts[k + 1] = a + short.size
        second_starts[k + 1] = b + long.size
    return first[: first_starts[-1]], first_starts, second[: second_starts[-1]], second_starts
