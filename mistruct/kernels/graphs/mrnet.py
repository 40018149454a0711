r"""Selection of columns by maximum relevance and minimum redundancy.

Maximum relevance, minimum redundancy (Ding and Peng 2005): the column with the largest
:math:`I(x_j; y) - \frac{1}{|S|} \sum_{k \in S} I(x_j; x_k)` joins the selected ones S, until that
is no longer positive.

What has been selected for a target asks for one row of the matrix of redundancies at a time. So
the rows may come in blocks: each target goes on while the block has the row that it waits for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel

#: What a target waits for before its first candidate is selected, and when nothing is left.
NOT_BEGUN, FINISHED = -2, -1


@kernel
def advance_selection(
    block: NDArray[Any],
    place: NDArray[np.int64],
    starts: NDArray[np.int64],
    candidates: NDArray[np.int32],
    relevance: NDArray[np.float64],
    waits_for: NDArray[np.int64],
    n_selected: NDArray[np.int64],
    redundancy: NDArray[np.float64],
    scores: NDArray[np.float64],
) -> None:
    """Select candidates of each target until it waits for a row that `block` does not have.

    The candidates of target t are rows of the matrix, ``candidates[starts[t]:starts[t + 1]]``. Row
    a of the matrix is ``block[place[a]]``, if that is not -1. What the target was given is in
    `scores`, 0 for candidates that are not selected; `redundancy` is summed over the selected
    ones. `waits_for` is the row that was selected last. Of equal scores the first candidate's wins.
    """
    for t in range(starts.size - 1):
        first = starts[t]
        n = starts[t + 1] - first
        while waits_for[t] != FINISHED:
            if waits_for[t] >= 0:
                at = place[waits_for[t]]
                if at < 0:
                    break
                for c in range(n):
                    redundancy[first + c] += block[at, candidates[first + c]]
            chosen = -1
            best = 0.0
            for c in range(n):
                if scores[first + c] == 0.0:
                    score = relevance[first + c] - redundancy[first + c] / max(n_selected[t], 1)
                    if score > best:
                        best = score
                        chosen = c
            if chosen < 0:
                waits_for[t] = FINISHED
            else:
                scores[first + chosen] = best
                n_selected[t] += 1
                waits_for[t] = candidates[first + chosen]
