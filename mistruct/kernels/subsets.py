"""Subsets in the order of `itertools.combinations`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel


@kernel
def next_subset(chosen: NDArray[np.int64], n_candidates: int) -> bool:
    """Move on to the next combination, in the order of `itertools.combinations`."""
    size = chosen.size
    moved = size - 1
    while moved >= 0 and chosen[moved] == n_candidates - size + moved:
        moved -= 1
    if moved < 0:
        return False
    chosen[moved] += 1
    for c in range(moved + 1, size):
        chosen[c] = chosen[c - 1] + 1
    return True
