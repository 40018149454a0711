"""Candidates for separating sets, the most likely first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel


@kernel
def order_by_tie(
    found: NDArray[np.int64], ties: NDArray[np.float64], ordered: NDArray[np.int64]
) -> None:
    """Fill `ordered` with columns, the strongest tie first; those without ties keep their order."""
    n_tied = 0
    for c in range(found.size):
        n_tied += ties[c] > -np.inf
    tied = np.empty(n_tied, np.int64)
    first, rest = 0, n_tied
    for c in range(found.size):
        if ties[c] > -np.inf:
            tied[first] = c
            first += 1
        else:
            ordered[rest] = found[c]
            rest += 1
    if n_tied > 1:
        tied = tied[np.argsort(-ties[tied], kind="mergesort")]
    for c in range(n_tied):
        ordered[c] = found[tied[c]]


@kernel
def candidates_of_pairs(
    related: NDArray[np.int64],
    starts: NDArray[np.int64],
    strength: NDArray[np.float64],
    possible: NDArray[np.bool_],
    pairs: NDArray[np.int64],
    joined: bool,
    least: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Candidates of each pair (x, y): two lists, as flat arrays with the starts of the lists.

    The columns related to v are ``related[starts[v]:starts[v + 1]]``, in ascending order, each with
    its `strength` and whether it is `possible` that it separates v from others. In a list the
    weaker of the ties to x and y decides, the strongest first. With `joined` the first list has the
    columns of x and of y, and the second is empty. Else the shorter of the two lists comes first; a
    list of fewer than `least` columns is empty, and so is the second where it holds the first.
    """
    n_variables = starts.size - 1
    capacity = np.int64(0)
    for x, y in pairs:
        capacity += starts[x + 1] - starts[x] + starts[y + 1] - starts[y]
    first = np.empty(capacity, np.int64)
    second = np.empty(0 if joined else capacity, np.int64)
    first_starts = np.zeros(pairs.shape[0] + 1, np.int64)
    second_starts = np.zeros(pairs.shape[0] + 1, np.int64)
    x_parents, ties_x = np.empty(n_variables, np.int64), np.empty(n_variables)
    y_parents, ties_y = np.empty(n_variables, np.int64), np.empty(n_variables)
    for k in range(pairs.shape[0]):
        x, y = pairs[k]
        n_x = np.int64(0)
        n_y = np.int64(0)
        n_both = np.int64(0)
        a, end_x = starts[x], starts[x + 1]
        b, end_y = starts[y], starts[y + 1]
        while a < end_x or b < end_y:
            from_x = related[a] if a < end_x else n_variables
            from_y = related[b] if b < end_y else n_variables
            c = min(from_x, from_y)
            tie = min(strength[a], strength[b]) if from_x == from_y else -np.inf
            may_x = from_x == c and possible[a]
            may_y = from_y == c and possible[b]
            a += from_x == c
            b += from_y == c
            if c in (x, y):
                continue
            if may_x or (may_y and joined):
                x_parents[n_x] = c
                ties_x[n_x] = tie
                n_x += 1
            if may_y and not joined:
                y_parents[n_y] = c
                ties_y[n_y] = tie
                n_y += 1
                n_both += may_x
        if n_x < least:
            n_x = np.int64(0)
        if n_y < least:
            n_y = np.int64(0)
        short, ties_short = x_parents[:n_x], ties_x[:n_x]
        long, ties_long = y_parents[:n_y], ties_y[:n_y]
        if n_y < n_x and not joined:
            short, long = long, short
            ties_short, ties_long = ties_long, ties_short
        if not joined and (short.size == 0 or n_both == short.size):  # the longer holds it
            short, long = long, long[:0]
            ties_short, ties_long = ties_long, ties_long[:0]
        a, b = first_starts[k], second_starts[k]
        order_by_tie(short, ties_short, first[a : a + short.size])
        order_by_tie(long, ties_long, second[b : b + long.size])
        first_starts[k + 1] = a + short.size
        second_starts[k + 1] = b + long.size
    return first[: first_starts[-1]], first_starts, second[: second_starts[-1]], second_starts
