"""Mutual information of a discrete and a continuous column, and of two discrete ones, by counts.

Different categories are infinitely far apart, so the neighbours of a point are those of its own
category (Ross 2014). On a line the k nearest are k consecutive ones around the point, and the
window that holds them only ever moves up as the points do. Where a column repeats values, what lies
at the distance of the k-th neighbour is counted as in `ties`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.neighbors.sorted_line import COUNTED, sum_over_counts
from mistruct.kernels.neighbors.ties import count_tied, mean_psi
from mistruct.kernels.simd import LANES


@kernel
def sum_over_class(
    values: NDArray[np.float64],
    members: NDArray[np.int64],
    k: int,
    terms: NDArray[np.float64],
    radius: NDArray[np.float64],
) -> float:
    """Find the radii of the members of a category, and sum ``terms[k]`` over them.

    `members` are positions in the sorted `values`, more than k, in ascending order.
    """
    size = members.size
    total = 0.0
    window = 0
    for i in range(size):
        here = values[members[i]]
        while (
            window + k + 1 < size
            and values[members[window + k + 1]] - here < here - values[members[window]]
        ):
            window += 1
        radius[members[i]] = max(here - values[members[window]], values[members[window + k]] - here)
        total += terms[k]
    return total


@kernel
def sum_over_ties(
    values: NDArray[np.float64],
    members: NDArray[np.int64],
    pad: int,
    k: int,
    radius: NDArray[np.float64],
    psi: NDArray[np.float64],
) -> float:
    """Sum over the members of a category of the mean psi of all counts within their radii.

    The sorted values begin at ``values[pad]``, with infinities on both sides. Members that are
    equal have all in common, so one of them is looked at.
    """
    size = members.size
    own = np.empty(size + 2)
    own[0], own[size + 1] = -np.inf, np.inf
    for i in range(size):
        own[i + 1] = values[pad + members[i]]
    last = values.size - pad
    total, known = 0.0, 0.0
    for i in range(size):
        if own[i + 1] != own[i]:
            limit = radius[members[i]]
            n_closer, n_marked = count_tied(own, i + 1, 1, size + 1, limit)
            inside, n_tied = count_tied(values, pad + members[i], pad, last, limit)
            known = mean_psi(inside, k - n_closer, n_marked, n_tied, psi)
        total += known
    return total


@kernel
def information_with_classes(
    ordered: NDArray[np.float64],
    order: NDArray[np.int32],
    codes: NDArray[Any],
    n_states: NDArray[np.int64],
    x_rows: NDArray[np.int64],
    y_rows: NDArray[np.int64],
    k: int,
    terms: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Information between discrete rows `x_rows` and continuous rows `y_rows`.

    The continuous columns come sorted, with the `order` that sorts them; ``terms[c]`` is psi(c).
    A point alone in its category has no neighbour and is left out.
    """
    n = ordered.shape[1]
    result = np.empty(x_rows.size)
    pad = COUNTED + 2 * LANES
    most_states = 1
    for r in n_states:
        most_states = r if r > most_states else most_states
    size = np.empty(most_states, np.int64)
    begin = np.empty(most_states, np.int64)
    members = np.empty(n, np.int64)
    values = np.empty(n + 2 * pad)
    radius = np.empty(n + LANES)
    for p in range(x_rows.size):
        x, y = x_rows[p], y_rows[p]
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
        repeats = False
        for t in range(n):
            c = codes[x, order[y, t]]
            if size[c] > 1:
                values[pad + place] = ordered[y, t]
                repeats |= values[pad + place] == values[pad + place - 1]
                members[begin[c]] = place
                begin[c] += 1
                place += 1
        u = values[: n_kept + 2 * pad]
        total = 0.0
        for c in range(n_states[x]):
            if size[c] > 1:
                of_class = members[begin[c] - size[c] : begin[c]]
                nearest = min(k, size[c] - 1)
                total += sum_over_class(values[pad:], of_class, nearest, terms, radius)
                total -= size[c] * terms[size[c]]
                if repeats:
                    total -= sum_over_ties(u, of_class, pad, nearest, radius, terms)
        if not repeats:
            total -= sum_over_counts(u, radius, pad, 0, n_kept, terms)
        result[p] = total / n_kept + terms[n_kept]
    return result


@kernel
def information_between_classes(
    codes: NDArray[Any],
    grouped: NDArray[np.int32],
    most_states: int,
    margins: NDArray[np.float64],
    x_rows: NDArray[np.int64],
    y_rows: NDArray[np.int64],
    terms: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Information between discrete rows `x_rows` and `y_rows`, pair by pair.

    `grouped` are the points ordered by their code in each row; no code reaches `most_states`;
    `margins` are the sums of ``terms[N]`` over the points, N the size of a point's category.
    """
    n = codes.shape[1]
    result = np.empty(x_rows.size)
    counts = np.empty(most_states, np.int64)
    for c in range(most_states):
        counts[c] = 0
    for p in range(x_rows.size):
        x, y = x_rows[p], y_rows[p]
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
