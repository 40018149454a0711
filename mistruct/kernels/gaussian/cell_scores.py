"""Scores of ranks within cells of rows, such as groups, from a table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel


@kernel
def score_in_cells(
    order: NDArray[np.int64],
    n_known: NDArray[np.int64],
    tied: NDArray[np.bool_],
    cell: NDArray[np.int64],
    slot: NDArray[np.int64],
    starts: NDArray[np.int64],
    quantiles: NDArray[np.float64],
    scores: NDArray[np.float64],
) -> None:
    """Fill `scores`, shape (n_columns, n_rows), with the score of each row's rank in its cell.

    ``order[i]`` sorts the rows of column i, those with a value first, which are ``n_known[i]``;
    ``tied[i, k]`` says that the k-th of them has the value of the one before. Row r belongs to
    ``cell[r]``, and its score is written to place ``slot[r]``. The score of rank d / 2 in cell c is
    ``quantiles[starts[c] + d]``; where values are missing, ranks are stretched to all rows of the
    cell, and scores lie between those of the nearest ranks. A missing value scores 0.
    """
    n_cells = starts.size - 1
    known = np.empty(n_cells, np.int64)
    seen = np.empty(n_cells, np.int64)
    run = np.empty(n_cells, np.int64)
    n_of_cell = (starts[1:] - starts[:-1]) // 2 - 1
    for i in range(order.shape[0]):
        seen[:] = 0
        known[:] = n_of_cell
        for k in range(n_known[i], order.shape[1]):
            row = order[i, k]
            known[cell[row]] -= 1
            scores[i, slot[row]] = 0.0
        whole = n_known[i] == order.shape[1]
        first = 0
        while first < n_known[i]:
            last = first + 1
            while last < n_known[i] and tied[i, last]:
                last += 1
            if whole and last == first + 1:  # a rank that is a whole number
                row = order[i, first]
                c = cell[row]
                seen[c] += 1
                scores[i, slot[row]] = quantiles[starts[c] + 2 * seen[c]]
                first = last
                continue
            run[:] = 0
            for k in range(first, last):
                run[cell[order[i, k]]] += 1
            for k in range(first, last):
                row = order[i, k]
                c = cell[row]
                place = (2 * seen[c] + run[c] + 1) * ((n_of_cell[c] + 1) / (known[c] + 1))
                below = int(place)
                score = quantiles[starts[c] + below]
                if place > below:
                    score += (place - below) * (quantiles[starts[c] + below + 1] - score)
                scores[i, slot[row]] = score
            for c in range(n_cells):
                seen[c] += run[c]
            first = last
