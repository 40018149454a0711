"""Mutual information of a discrete and a continuous column, and of two discrete ones, by counts.

Different categories are infinitely far apart, so the neighbours of a point are those of its own
category (Ross 2014). On a line the k nearest are k consecutive ones around the point, and the
window that holds them only ever moves up as the points do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.lanes import LANES
from mistruct.kernels.line_counts import COUNTED, TINY, sum_over_counts


@kernel
def sum_over_class(
    values: NDArray[np.float64],
    members: NDArray[np.int64],
    k: int,
    terms: NDArray[np.float64],
    radius: NDArray[np.float64],
) -> float:
    """Find the radii of the members of a category, and sum the terms of their neighbours.

    `members` are positions in the sorted `values`, at least two, in ascending order. The term is
    ``terms[k]``, or that of how many members are equal where more than k are.
    """
    size = members.size
    k = min(k, size - 1)
    total = 0.0
    window = 0
    equal_until = 0
    n_equal = 0
    for i in range(size):
        here = values[members[i]]
        while (
            window + k + 1 < size
            and values[members[window + k + 1]] - here < here - values[members[window]]
        ):
            window += 1
        distance = max(here - values[members[window]], values[members[window + k]] - here)
        radius[members[i]] = distance if distance > TINY else TINY
        if distance > 0.0:
            total += terms[k]
            continue
        if i >= equal_until:
            equal_until = i
            while equal_until < size and values[members[equal_until]] == here:
                equal_until += 1
            n_equal = equal_until - i
        total += terms[n_equal]
    return total


@kernel
def information_with_classes(
    ordered: NDArray[np.float64],
    order: NDArray[np.int32],
    codes: NDArray[Any],
    n_states: NDArray[np.int64],
    of_x: NDArray[np.int64],
    of_y: NDArray[np.int64],
    k: int,
    terms: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Information between discrete rows `of_x` and continuous rows `of_y`.

    The continuous columns come sorted, with the `order` that sorts them; ``terms[c]`` is psi(c).
    A point alone in its category has no neighbour and is left out.
    """
    n = ordered.shape[1]
    result = np.empty(of_x.size)
    pad = COUNTED + 2 * LANES
    most_states = 1
    for r in n_states:
        most_states = r if r > most_states else most_states
    size = np.empty(most_states, np.int64)
    begin = np.empty(most_states, np.int64)
    members = np.empty(n, np.int64)
    values = np.empty(n + 2 * pad)
    radius = np.empty(n + LANES)
    for p in range(of_x.size):
        x, y = of_x[p], of_y[p]
        for c in range(n_states[x]):
            size[c] = 0
        for t in range(n):
            size[codes[x, t]] += 1
        n_kept = 0
        for c in range(n_states[x]):
            begin[c] = n_kept
            n_kept += size[c] if size[c] > 1 else 0
        if n_kept == 0:
            result[p] = 0.0
            continue
        for t in range(pad):
            values[t] = -np.inf
            values[pad + n_kept + t] = np.inf
        place = 0
        for t in range(n):
            c = codes[x, order[y, t]]
            if size[c] > 1:
                values[pad + place] = ordered[y, t]
                members[begin[c]] = place
                begin[c] += 1
                place += 1
        total = 0.0
        for c in range(n_states[x]):
            if size[c] > 1:
                of_class = members[begin[c] - size[c] : begin[c]]
                total += sum_over_class(values[pad:], of_class, k, terms, radius)
                total -= size[c] * terms[size[c]]
        u = values[: n_kept + 2 * pad]
        total -= sum_over_counts(u, radius, pad, 0, n_kept, terms)
        result[p] = total / n_kept + terms[n_kept]
    return result


@kernel
def information_between_classes(
    codes: NDArray[Any],
    grouped: NDArray[np.int32],
    most_states: int,
    margins: NDArray[np.float64],
    of_x: NDArray[np.int64],
    of_y: NDArray[np.int64],
    terms: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Information between discrete rows `of_x` and `of_y`, pair by pair.

    `grouped` are the points ordered by their code in each row; no code reaches `most_states`;
    `margins` are the sums of ``terms[N]`` over the points, N the size of a point's category.
    """
    n = codes.shape[1]
    result = np.empty(of_x.size)
    counts = np.empty(most_states, np.int64)
    for c in range(most_states):
        counts[c] = 0
    for p in range(of_x.size):
        x, y = of_x[p], of_y[p]
        total = -margins[x] - margins[y]
        start = 0
        while start < n:
            stop = start
            while stop < n and codes[x, grouped[x, stop]] == codes[x, grouped[x, start]]:
                counts[codes[y, grouped[x, stop]]] += 1
                stop += 1
            for t in range(start, stop):
                count = counts[codes[y, grouped[x, t]]]
                total += count * terms[count]
                counts[codes[y, grouped[x, t]]] = 0
            start = stop
        result[p] = total / n + terms[n]
    return result
