r"""The data processing inequality over all triangles of a network, each edge judged alone.

If i and j touch only through k, :math:`I(i; j) \le \min(I(i; k), I(k; j))` (Margolin et al. 2006):
k explains the edge. Of all that do, the k whose weaker tie is strongest is wanted. Every k whose
weaker tie is at least b is among those that i, and among those that j, has a tie of at least b to.
So the ties of one of the two are visited, the strongest first, until they are too weak to prune or
to explain better: a few dozen of them, in a network of thousands of nodes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel

# The end whose tie of this rank is weaker has fewer ties that have to be visited, as a rule.
_RANK = 32

_ALMOST = 1.0 - 1e-9


class Ties(NamedTuple):
    """Positive ties of the nodes of a network.

    The neighbours of node k are ``neighbors[starts[k]:starts[k + 1]]``, those of the largest `ties`
    first.
    """

    starts: NDArray[np.int64]
    neighbors: NDArray[np.int32]
    ties: NDArray[Any]


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
def choose_ends(
    network: Ties, edges: NDArray[np.int32], near: NDArray[np.int32], far: NDArray[np.int32]
) -> None:
    """Order the ends of each edge: first the one with fewer strong ties, whose ties are visited."""
    starts, ties = network.starts, network.ties
    for e in range(edges.shape[0]):
        i, j = edges[e, 0], edges[e, 1]
        at_i, at_j = starts[i] + _RANK, starts[j] + _RANK
        of_i = ties[at_i] if at_i < starts[i + 1] else 0.0
        of_j = ties[at_j] if at_j < starts[j + 1] else 0.0
        near[e], far[e] = (i, j) if of_i <= of_j else (j, i)


@kernel
def explain_edges(
    network: Ties,
    near: NDArray[np.int32],
    far: NDArray[np.int32],
    mi: NDArray[Any],
    some: NDArray[np.int64],
    keep: float,
) -> NDArray[np.int32]:
    """Find the node k that explains an edge (i, j) best, or -1, for each of some edges.

    It is explained if ``mi_ij < keep * min(mi_ik, mi_jk)`` with a positive minimum; the largest
    minimum explains best, of equal ones that of the lowest k. Edges with one `far` end come one
    after another, so that the ties of that end are laid out once.
    """
    starts, neighbors, ties = network.starts, network.neighbors, network.ties
    explained_by = np.empty(some.size, np.int32)
    row = np.zeros(starts.size - 1, ties.dtype)  # the ties of the far end
    laid_out = -1
    for place in range(some.size):
        e = some[place]
        if far[e] != laid_out:
            if laid_out >= 0:
                for t in range(starts[laid_out], starts[laid_out + 1]):
                    row[neighbors[t]] = 0.0
            laid_out = far[e]
            for t in range(starts[laid_out], starts[laid_out + 1]):
                row[neighbors[t]] = ties[t]
        # Weaker ties explain nothing; a little less than the quotient, which may be rounded up.
        floor = max(mi[e] / keep * _ALMOST, 0.0)
        best = 0.0
        through = -1
        for t in range(starts[near[e]], starts[near[e] + 1]):
            tie = ties[t]
            if tie < floor:
                break
            k = neighbors[t]
            weaker = tie if tie < row[k] else row[k]
            if weaker > best or (weaker == best and k < through):
                best = weaker
                through = k
                floor = max(floor, best)
        explained_by[place] = through if mi[e] < keep * best else -1
    return explained_by
