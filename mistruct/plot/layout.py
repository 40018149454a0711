"""Layout of the nodes of a network.

Each connected component is laid out on its own, in four steps:

1. A radial tree: the breadth-first tree of the root, each subtree in a wedge as wide as its share
   of the leaves. A tree drawn so has no crossing edges.
2. Stress majorisation (Gansner, Koren and North 2004): from that start, the positions X that
   minimise ``sum_ij d_ij^-2 (|X_i - X_j| - d_ij)^2`` for the path lengths d_ij. This is the
   energy of Kamada and Kawai (1989) and of `networkx.kamada_kawai_layout`; majorisation reaches
   the same minimum more than ten times sooner, which is what makes 1000 nodes feasible. An edge
   is the longer, the more neighbours its ends have, because hubs need room around them.
3. The longest direction is turned to the horizontal, as labels and pages are wider than tall.
4. Boxes (a node with its label) that overlap are pushed apart.

The components are then packed in rows, the largest first. Nothing here is random.

All lengths are in points (1/72 inch), so that positions, labels and pages can be compared.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import partial

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

Array = NDArray[np.float64]

# Distances between all pairs are kept up to this many nodes; beyond, the radial tree has to do.
MAX_STRESS_NODES = 1500

# Path lengths count to this power, so that one long chain does not dictate the size of the page.
EXPONENT = 0.8


def density(graph: nx.Graph) -> float:
    """Ratio of edges to nodes, at least 1."""
    return max(1.0, float(graph.number_of_edges()) / max(1, len(graph)))


def layout_component(graph: nx.Graph, nodes: Sequence[Hashable], root: Hashable | None) -> Array:
    """Positions of the nodes of a connected graph, shape (n, 2), the usual edge of length 1.5.

    Parameters
    ----------
    graph : networkx.Graph
        A graph in which `nodes` are connected with one another and with nothing else.
    nodes : sequence of nodes
        In the order of the rows to return. Equal orders give equal positions.
    root : node, optional
        Centre of the radial tree that the layout starts from; the graph's centre if not given.
    """
    if len(nodes) == 1:
        return np.zeros((1, 2))
    degree = np.array([graph.degree(node) for node in nodes])
    lengths = nx.to_scipy_sparse_array(graph, nodes, weight=None, dtype=float, format="coo")
    lengths.data = (np.sqrt(degree[lengths.row]) + np.sqrt(degree[lengths.col])) / 2
    if len(nodes) > MAX_STRESS_NODES:
        return _radial_tree(graph, nodes, max(nodes, key=graph.degree) if root is None else root)
    distances = dijkstra(lengths.tocsr(), directed=False)
    if root is None:
        root = nodes[int(distances.max(axis=0).argmin())]
    distances **= EXPONENT
    positions = _majorise_stress(distances, _radial_tree(graph, nodes, root))
    positions = positions - positions.mean(axis=0)
    axes = np.linalg.eigh(positions.T @ positions)[1][:, ::-1]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])
    return np.asarray(positions @ axes)


def _radial_tree(graph: nx.Graph, nodes: Sequence[Hashable], root: Hashable) -> Array:
    rank = {node: i for i, node in enumerate(nodes)}
    in_order = partial(sorted, key=rank.__getitem__)
    children = dict(nx.bfs_successors(graph, root, sort_neighbors=in_order))
    leaves: dict[Hashable, int] = {}
    for node in reversed([root, *(c for below in children.values() for c in below)]):
        leaves[node] = sum(leaves[child] for child in children.get(node, [])) or 1
    positions = np.zeros((len(nodes), 2))
    # node -> where its wedge begins, in leaves, and its depth
    wedge = {root: (0, 0)}
    for node, below in children.items():
        begin, depth = wedge[node]
        for child in below:
            wedge[child] = (begin, depth + 1)
            angle = 2 * np.pi * (begin + leaves[child] / 2) / leaves[root]
            positions[rank[child]] = 1.5 * (depth + 1) * np.array([np.cos(angle), np.sin(angle)])
            begin += leaves[child]
    return positions


def _majorise_stress(distances: Array, positions: Array, n_iterations: int = 100) -> Array:
    n = len(positions)
    target = distances + np.eye(n)
    weights = target**-2.0
    np.fill_diagonal(weights, 0.0)
    laplacian = np.diag(weights.sum(axis=0)) - weights
    inverse = np.linalg.inv(laplacian + 1.0 / n)  # acts as the pseudo-inverse on centred positions
    pull = weights * distances
    for _ in range(n_iterations):
        ratio = cdist(positions, positions)
        np.maximum(ratio, 1e-9, out=ratio)
        np.divide(pull, ratio, out=ratio)
        moved = inverse @ (ratio.sum(axis=0)[:, None] * positions - ratio @ positions)
        step = np.abs(moved - positions).max()
        positions = moved
        if step < 0.01:
            break
    return positions


def separate(positions: Array, centres: Array, halves: Array) -> Array:
    """Push positions apart until their boxes do not overlap, or too long has been tried.

    Where pushing alone does not make room soon enough, everything moves outwards as well.

    Parameters
    ----------
    positions : array of shape (n, 2)
    centres : array of shape (n, 2)
        Centre of each box, relative to its position.
    halves : array of shape (n, 2)
        Half the width and height of each box.
    """
    positions = positions.copy()
    if len(positions) < 2:
        return positions
    reach = 2 * float(np.hypot(*halves.T).max())
    # Beyond some thousand nodes the page is covered with dots, whatever is tried.
    for iteration in range(min(200, 300_000 // len(positions))):
        boxes = positions + centres
        a, b = KDTree(boxes).query_pairs(reach, output_type="ndarray").T
        gap = boxes[b] - boxes[a]
        overlap = halves[a] + halves[b] - np.abs(gap)
        clash = overlap.min(axis=1) > 0.01
        if not clash.any():
            break
        a, b, gap, overlap = a[clash], b[clash], gap[clash], overlap[clash]
        # Along the axis that needs the shorter way, and a little further, so as to come to an end;
        # of two boxes in one place the later goes up.
        axis = overlap.argmin(axis=1)
        rows = np.arange(len(a))
        push = np.zeros_like(gap)
        way = 0.3 * overlap[rows, axis] + 0.1
        push[rows, axis] = np.where(gap[rows, axis] < 0, -way, way)
        np.add.at(positions, a, -push)
        np.add.at(positions, b, push)
        if iteration > 30:
            positions *= 1.005
    return positions


def pack(sizes: Array, aspect: float) -> Array:
    """Lower left corners of boxes put in rows, for a page about `aspect` times as wide as tall.

    Parameters
    ----------
    sizes : array of shape (n, 2)
        Width and height of the boxes, in the order in which they are to be placed.
    """
    width = max(np.sqrt(1.1 * sizes.prod(axis=1).sum() * aspect), sizes[:, 0].max(initial=0.0))
    corners = np.zeros_like(sizes)
    x = y = tallest = 0.0
    for i, (w, h) in enumerate(sizes):
        if x + w > width * 1.001:
            x, y, tallest = 0.0, y - tallest, 0.0
        tallest = max(tallest, h)
        corners[i] = x, y - h
        x += w
    return corners
