r"""Selection of columns by maximum relevance and minimum redundancy.

Maximum relevance, minimum redundancy (Ding and Peng 2005): the column with the largest
:math:`I(x_j; y) - \frac{1}{|S|} \sum_{k \in S} I(x_j; x_k)` joins the selected ones S, until that
is no longer positive.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel


@kernel
def select_relevant(
    matrix: NDArray[Any],
    starts: NDArray[np.int64],
    candidates: NDArray[np.int32],
    columns: NDArray[np.int64],
    relevance: NDArray[np.float64],
    scores: NDArray[np.float64],
) -> None:
    """Fill `scores` with the scores at which candidates were selected, otherwise 0.

    The candidates of target t are the rows ``candidates[starts[t]:starts[t + 1]]`` of `matrix`,
    which holds the redundancy of row a with row b in ``matrix[a, columns[b]]``. Of equal scores
    the first candidate's wins.
    """
    most = 0
    for t in range(starts.size - 1):
        most = max(most, starts[t + 1] - starts[t])
    redundancy = np.empty(most)
    left = np.empty(most, np.bool_)
    for t in range(starts.size - 1):
        first = starts[t]
        n = starts[t + 1] - first
        redundancy[:n] = 0.0
        left[:n] = True
        scores[first : first + n] = 0.0
        for n_selected in range(n):
            chosen = -1
            best = 0.0
            for c in range(n):
                if left[c]:
                    score = relevance[first + c] - redundancy[c] / max(n_selected, 1)
                    if score > best:
                        best = score
                        chosen = c
            if chosen < 0:
                break
            left[chosen] = False
            scores[first + chosen] = best
            row = matrix[candidates[first + chosen]]
            for c in range(n):
                redundancy[c] += row[columns[candidates[first + c]]]
