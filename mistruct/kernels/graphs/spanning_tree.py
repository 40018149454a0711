"""Maximum-weight spanning trees and forests of dense graphs.

Edges have a total order: by weight, then that of the lower ends comes first, then that of the
lower other ends. So there is one best tree, whatever algorithm finds it, and the best forest of a
graph is that of the best forests of its parts: an edge that is not in the forest of its part is
the last one of some circle there.

- Prim's (1957) algorithm for a whole matrix: O(p^2) time and O(p) memory beside it, where networkx
  and scipy build and sort a list of all p^2 / 2 edges.
- Boruvka's (1926) for some rows of a matrix: each component takes its best edge, of all that the
  rows hold, until no edge joins two components. That takes two passes over the rows.
- Kruskal's (1956) for edges in order.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel


@kernel
def _comes_before(w: float, i: int, j: int, w_other: float, i_other: int, j_other: int) -> bool:
    """Whether edge (i, j) is better than another; NaN is worse than everything."""
    if w != w_other:
        return w > w_other
    return i < i_other or (i == i_other and j < j_other)


@kernel
def maximum_spanning_tree(weights: NDArray[np.float64], edges: NDArray[np.int64]) -> None:
    """Fill `edges`, shape (p - 1, 2), with the pairs (i, j), i < j, of the maximum spanning tree.

    `weights` is symmetric, shape (p, p). A node with no weight but NaN hangs on the lowest one.
    """
    p = weights.shape[0]
    best = np.full(p, -np.inf)
    nearest = np.zeros(p, np.int64)
    outside = np.ones(p, np.bool_)
    latest = 0
    for k in range(p - 1):
        outside[latest] = False
        choice = -1
        low, high = 0, 0
        for j in range(p):
            if outside[j]:
                weight = weights[latest, j]
                near = nearest[j]
                if weight > best[j] or (
                    weight == best[j]
                    and _comes_before(
                        weight, min(latest, j), max(latest, j), weight, min(near, j), max(near, j)
                    )
                ):
                    best[j] = weight
                    nearest[j] = near = latest
                if choice < 0 or best[j] > best[choice]:
                    better = True
                elif best[j] < best[choice]:
                    better = False
                else:
                    better = _comes_before(best[j], min(near, j), max(near, j), best[j], low, high)
                if better:
                    choice = j
                    low, high = min(near, j), max(near, j)
        edges[k, 0] = low
        edges[k, 1] = high
        latest = choice


@kernel
def root_of(parent: NDArray[np.int64], node: int) -> int:
    """The node that stands for the component of a node; paths to it are halved."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


class BestEdges(NamedTuple):
    """The best edge (low, high) of each of some nodes or pairs of nodes; -inf where there is none.

    The arrays are flat.
    """

    weight: NDArray[np.float64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]


@kernel
def _no_edges(n: int) -> BestEdges:
    return BestEdges(np.full(n, -np.inf), np.full(n, n), np.full(n, n))


@kernel
def _offer(best: BestEdges, place: int, weight: float, i: int, j: int) -> None:
    """Let an edge take a place if it is better; most end at the first comparison."""
    w, low, high = best.weight[place], best.low[place], best.high[place]
    if weight >= w and weight > -np.inf and _comes_before(weight, i, j, w, low, high):
        best.weight[place] = weight
        best.low[place] = i
        best.high[place] = j


@kernel
def _join(parent: NDArray[np.int64], best: BestEdges, edges: BestEdges, n_edges: int) -> int:
    """Add the best edges that join two components to the first `n_edges`; how many there are."""
    for k in range(best.weight.size):
        if best.weight[k] > -np.inf:
            x, y = root_of(parent, best.low[k]), root_of(parent, best.high[k])
            if x != y:
                parent[max(x, y)] = min(x, y)
                edges.weight[n_edges] = best.weight[k]
                edges.low[n_edges] = best.low[k]
                edges.high[n_edges] = best.high[k]
                n_edges += 1
    return n_edges


@kernel
def _best_between(
    weights: NDArray[Any], first_row: int, first_column: int, cluster: NDArray[np.int64], n: int
) -> BestEdges:
    """The best edge between each two of n clusters of nodes; that of (c, d) is at c * n + d."""
    best = _no_edges(n * n)
    for a in range(weights.shape[0]):
        i = first_row + a
        of_row = cluster[i] * n
        for b in range(max(i + 1 - first_column, 0), weights.shape[1]):
            j = first_column + b
            if cluster[j] >= 0:  # else no edge leads there
                _offer(best, of_row + cluster[j], weights[a, b], i, j)
    return best


@kernel
def forest_of_panel(
    weights: NDArray[Any], first_row: int, first_column: int, n_nodes: int
) -> BestEdges:
    """The maximum spanning forest of a part of the matrix.

    Entry (a, b) of `weights` is that of the nodes ``first_row + a`` and ``first_column + b``, and
    counts where the first is the lower one. An edge of -inf or NaN is none. Each edge has one end
    among the rows; so once every node has its best edge, no more components are left than there
    are rows, and all else happens between these.
    """
    n_rows = weights.shape[0]
    edges = _no_edges(n_nodes)
    parent = np.arange(n_nodes)
    best = _no_edges(n_nodes)
    for a in range(n_rows):
        i = first_row + a
        for b in range(max(i + 1 - first_column, 0), weights.shape[1]):
            _offer(best, i, weights[a, b], i, first_column + b)
            _offer(best, first_column + b, weights[a, b], i, first_column + b)
    n_edges = _join(parent, best, edges, 0)
    cluster = np.full(n_nodes, -1)
    n = 0
    for i in range(first_row, first_row + n_rows):
        root = root_of(parent, i)
        if cluster[root] < 0:
            cluster[root] = n
            n += 1
    for node in range(n_nodes):
        cluster[node] = cluster[root_of(parent, node)]
    between = _best_between(weights, first_row, first_column, cluster, n)
    while True:
        best = _no_edges(n_nodes)
        for k in range(n * n):
            if between.weight[k] > -np.inf:
                i, j = between.low[k], between.high[k]
                x, y = root_of(parent, i), root_of(parent, j)
                if x != y:
                    _offer(best, x, between.weight[k], i, j)
                    _offer(best, y, between.weight[k], i, j)
        before, n_edges = n_edges, _join(parent, best, edges, n_edges)
        if n_edges == before:
            return BestEdges(edges.weight[:n_edges], edges.low[:n_edges], edges.high[:n_edges])


@kernel
def forest_of_edges(edges: NDArray[np.int64], n_nodes: int) -> NDArray[np.bool_]:
    """Mark the edges, sorted from the best, that are in the maximum spanning forest."""
    parent = np.arange(n_nodes)
    taken = np.zeros(edges.shape[0], np.bool_)
    for e in range(edges.shape[0]):
        x, y = root_of(parent, edges[e, 0]), root_of(parent, edges[e, 1])
        if x != y:
            parent[max(x, y)] = min(x, y)
            taken[e] = True
    return taken
