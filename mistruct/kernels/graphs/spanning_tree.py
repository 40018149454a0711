"""Maximum-weight spanning tree of a dense graph, by Prim's (1957) algorithm.

O(p^2) time and O(p) memory beside the matrix, where networkx and scipy build and sort a list of
all p^2 / 2 edges.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel


@kernel
def maximum_spanning_tree(weights: NDArray[np.float64], edges: NDArray[np.int64]) -> None:
    """Fill `edges`, shape (p - 1, 2), with the pairs (i, j), i < j, of a maximum spanning tree.

    `weights` is symmetric, shape (p, p). Of equal weights the one met first from the lowest index
    wins, so that the result depends on the order of the columns alone.
    """
    p = weights.shape[0]
    best = np.full(p, -np.inf)
    nearest = np.zeros(p, np.int64)
    outside = np.ones(p, np.bool_)
    latest = 0
    for k in range(p - 1):
        outside[latest] = False
        choice = -1
        for j in range(p):
            if outside[j]:
                if weights[latest, j] > best[j]:
                    best[j] = weights[latest, j]
                    nearest[j] = latest
                if choice < 0 or best[j] > best[choice]:
                    choice = j
        edges[k, 0] = min(choice, nearest[choice])
        edges[k, 1] = max(choice, nearest[choice])
        latest = choice
