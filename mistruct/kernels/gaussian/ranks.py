"""Scores of ranks that are symmetric around the middle rank."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel


@kernel
def score_ranks(
    values: NDArray[np.float64],
    order: NDArray[np.int64],
    half: NDArray[np.float64],
    scores: NDArray[np.float64],
) -> None:
    """Fill `scores` from the ranks of each row, ties averaged; `order` sorts the rows.

    ``half[d]`` is the score of a rank d / 2 below the middle, and that above it is the negative
    one.
    """
    n = values.shape[1]
    for row in range(values.shape[0]):
        first = 0
        while first < n:
            last = first
            value = values[row, order[row, first]]
            while last + 1 < n and values[row, order[row, last + 1]] == value:
                last += 1
            above = first + last + 1 - n
            score = -half[above] if above > 0 else half[-above]
            for i in range(first, last + 1):
                scores[row, order[row, i]] = score
            first = last + 1
