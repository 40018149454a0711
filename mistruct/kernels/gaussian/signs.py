"""Signs of the covariances of whole numbers, without rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel


@kernel
def _sum_of_products(x: NDArray[Any], y: NDArray[Any]) -> np.int64:
    total = np.int64(0)
    for r in range(x.size):
        total += np.int64(x[r]) * np.int64(y[r])
    return total


@kernel
def covariance_signs(
    ranks: NDArray[np.int32],
    states: NDArray[np.uint8],
    is_rank: NDArray[np.bool_],
    place: NDArray[np.int64],
    pairs: NDArray[np.int64],
    signs: NDArray[np.int8],
) -> None:
    """Fill `signs` for pairs of columns, which are rows of `ranks` or of `states`.

    Ranks have the sum 0 and lie within two million of it; states are 0 and 1.
    """
    n = np.int64(ranks.shape[1])
    for p in range(pairs.shape[0]):
        i, j = pairs[p, 0], pairs[p, 1]
        if is_rank[i] and is_rank[j]:
            total = _sum_of_products(ranks[place[i]], ranks[place[j]])
        elif is_rank[i]:
            total = _sum_of_products(ranks[place[i]], states[place[j]])
        elif is_rank[j]:
            total = _sum_of_products(ranks[place[j]], states[place[i]])
        else:
            x, y = states[place[i]], states[place[j]]
            total = n * _sum_of_products(x, y) - np.int64(x.sum()) * np.int64(y.sum())
        signs[p] = np.sign(total)
