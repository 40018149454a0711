"""Counts of two discrete columns within the strata of others.

A conditioning set becomes one column of stratum labels, so at most n_samples strata exist and
nothing is ever dense over the product of cardinalities. Within the strata, counts come from a
histogram where the table is small, else from rows sorted by (stratum, x); either way memory is
bounded by the number of rows. A row counts only where x, y and z are all known.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel

# A dense table may have this many cells for each row.
_CELLS_PER_ROW = 4


@kernel
def sort_stably(rows: NDArray[np.int64], labels: NDArray[Any], n_labels: int) -> NDArray[np.int64]:
    """Stable order of the rows by their labels, by counting sort."""
    place = np.zeros(n_labels + 1, np.int64)
    for t in rows:
        place[labels[t] + 1] += 1
    for a in range(n_labels):
        place[a + 1] += place[a]
    order = np.empty(rows.size, np.int64)
    for t in rows:
        order[place[labels[t]]] = t
        place[labels[t]] += 1
    return order


@kernel
def sort_by_stratum(
    x: NDArray[Any], y: NDArray[Any], strata: NDArray[np.int32], n_x: int, n_y: int, n_strata: int
) -> NDArray[np.int64]:
    """Rows in which x, y and the stratum are known, ordered by (stratum, x, y).

    What is read off the rows in this order depends on the table alone, not on how it was ordered.
    """
    n_known = 0
    rows = np.empty(x.size, np.int64)
    for t in range(x.size):
        if strata[t] >= 0 and x[t] < n_x and y[t] < n_y:
            rows[n_known] = t
            n_known += 1
    rows = sort_stably(rows[:n_known], y, n_y)
    rows = sort_stably(rows, x, n_x)
    return sort_stably(rows, strata, n_strata)


@kernel
def join_strata(
    strata: NDArray[np.int32], n_strata: int, codes: NDArray[Any], n_states: int
) -> int:
    """Refine `strata` in place by one more column; returns the new number of strata.

    Labels count up from 0 in the order of (stratum, code); -1 marks rows with a missing entry.
    """
    n_samples = strata.size
    n_keys = n_strata * n_states
    n_labels = 0
    if n_keys <= _CELLS_PER_ROW * n_samples + 1024:
        label_of = np.full(n_keys, -1, np.int32)
        for t in range(n_samples):
            if codes[t] >= n_states:
                strata[t] = -1
            if strata[t] >= 0:
                label_of[np.int64(strata[t]) * n_states + np.int64(codes[t])] = 0
        for k in range(n_keys):
            if label_of[k] == 0:
                label_of[k] = n_labels
                n_labels += 1
        for t in range(n_samples):
            if strata[t] >= 0:
                strata[t] = label_of[np.int64(strata[t]) * n_states + np.int64(codes[t])]
        return n_labels
    for t in range(n_samples):
        if codes[t] >= n_states:
            strata[t] = -1
    previous = np.int64(-1)
    for t in sort_by_stratum(codes, codes, strata, n_states, n_states, n_strata):
        key = np.int64(strata[t]) * n_states + np.int64(codes[t])
        if key != previous:
            previous = key
            n_labels += 1
        strata[t] = n_labels - 1
    return n_labels


@kernel
def sum_over_runs(
    run_starts: NDArray[np.int64],
    y: NDArray[Any],
    counts: NDArray[np.int64],
    terms: NDArray[np.float64],
) -> float:
    """Sum of ``terms[c]`` over the counts c of the states of y within each run of rows.

    ``terms[0]`` is 0. `counts` is all zeros, one entry a state of y, and is so again afterwards.
    """
    total = 0.0
    for r in range(run_starts.size - 1):
        for i in range(run_starts[r], run_starts[r + 1]):
            counts[y[i]] += 1
        for i in range(run_starts[r], run_starts[r + 1]):
            total += terms[counts[y[i]]]
            counts[y[i]] = 0
    return total
