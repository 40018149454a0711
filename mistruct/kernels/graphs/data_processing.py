r"""The data processing inequality over all triangles of a network, each edge judged alone.

If i and j touch only through k, :math:`I(i; j) \le \min(I(i; k), I(k; j))` (Margolin et al. 2006):
k explains the edge. Of all that do, the k whose weaker tie is strongest is wanted. Every k whose
weaker tie is at least b is among those that i, and among those that j, has a tie of at least b to.
So the ties of one of the two are visited, the strongest first, until they are too weak to prune or
to explain better: a few dozen of them, in a network of thousands of nodes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel

# The end whose tie of this rank is weaker has fewer ties that have to be visited, as a rule.
_RANK = 32

_ALMOST = 1.0 - 1e-9


@kernel
def list_neighbors(
    edges: NDArray[np.int32],
    mi: NDArray[Any],
    next_place: NDArray[np.int64],
    neighbors: NDArray[np.int32],
    ties: NDArray[Any],
) -> None:
    """Enter both ends of the edges of positive information into the lists of neighbours.

    ``next_place[k]`` is where the list of node k goes on, at first where it starts.
    """
    for e in range(edges.shape[0]):
        if mi[e] > 0.0:
            i, j = edges[e, 0], edges[e, 1]
            neighbors[next_place[i]] = j
            ties[next_place[i]] = mi[e]
            next_place[i] += 1
            neighbors[next_place[j]] = i
            ties[next_place[j]] = mi[e]
            next_place[j] += 1


@kernel
def explain_edges(
    matrix: NDArray[Any],
    row_of: NDArray[np.int64],
    starts: NDArray[np.int64],
    neighbors: NDArray[np.int32],
    ties: NDArray[Any],
    edges: NDArray[np.int32],
    mi: NDArray[Any],
    keep: float,
    explained_by: NDArray[np.int32],
) -> None:
    """Find the node k that explains each edge (i, j) best, or -1.

    It is explained if ``mi_ij < keep * min(mi_ik, mi_jk)`` with a positive minimum; the largest
    minimum explains best, of equal ones that of the lowest k. Row ``row_of[k]`` of `matrix` holds
    the ties of node k, 0 where there is no edge and with itself; it is -1 of nodes without a row,
    which come second in their edges. The neighbours of k, those of the largest ties first, are
    ``neighbors[starts[k]:starts[k + 1]]``, with their positive `ties`.
    """
    for e in range(edges.shape[0]):
        i, j = edges[e, 0], edges[e, 1]
        at_i, at_j = starts[i] + _RANK, starts[j] + _RANK
        of_i = ties[at_i] if at_i < starts[i + 1] else 0.0
        of_j = ties[at_j] if at_j < starts[j + 1] else 0.0
        near, far = (i, j) if of_i <= of_j and row_of[j] >= 0 else (j, i)
        # Weaker ties explain nothing; a little less than the quotient, which may be rounded up.
        floor = max(mi[e] / keep * _ALMOST, 0.0)
        best = 0.0
        through = -1
        row = matrix[row_of[far]]
        for place in range(starts[near], starts[near + 1]):
            tie = ties[place]
            if tie < floor:
                break
            k = neighbors[place]
            weaker = tie if tie < row[k] else row[k]
            if weaker > best or (weaker == best and k < through):
                best = weaker
                through = k
                floor = max(floor, best)
        explained_by[e] = through if mi[e] < keep * best else -1
