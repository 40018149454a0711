r"""Comparison of a learned graph with a true one.

Data tell DAGs apart only up to their class, so both graphs are compared as CPDAGs: a DAG stands
for its class, in which v-structures point and whatever follows from them (Meek 1995), and all else
is undirected. The structural Hamming distance counts the pairs whose edge differs (Tsamardinos,
Brown and Aliferis 2006, section 7.1): missing, extra, or with another direction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import networkx as nx

from mistruct.errors import DataError
from mistruct.structure.causal.meek import orient


@dataclass(frozen=True)
class Comparison:
    """Result of the comparison of a learned graph with a true one.

    Attributes
    ----------
    n_true, n_learned, n_common : int
        Adjacencies of the truth, of the learned graph, and of both.
    skeleton_precision, skeleton_recall, skeleton_f1 : float
        Of the adjacencies; NaN where there are none to take a share of.
    arrowhead_precision, arrowhead_recall : float
        Of the directed edges of the two CPDAGs, with their direction; NaN likewise.
    shd : int
        Structural Hamming distance of the two CPDAGs.
    """

    n_true: int
    n_learned: int
    n_common: int
    skeleton_precision: float
    skeleton_recall: float
    skeleton_f1: float
    arrowhead_precision: float
    arrowhead_recall: float
    shd: int


def compare(learned: nx.Graph, truth: nx.Graph) -> Comparison:
    """Compare a learned graph with the true one.

    Parameters
    ----------
    learned, truth : networkx.Graph or networkx.DiGraph
        With the same nodes. A DAG, such as a pgmpy Bayesian network, stands for its CPDAG; in
        other directed graphs two opposite arcs are an undirected edge. A `Graph` has no arrows.

    Returns
    -------
    Comparison

    Raises
    ------
    DataError
        The nodes differ, or a node has an edge to itself.

    References
    ----------
    Tsamardinos, Brown and Aliferis (2006), "The max-min hill-climbing Bayesian network structure
    learning algorithm", Machine Learning 65.

    Examples
    --------
    >>> import networkx as nx
    >>> import mistruct as ms
    >>> truth = nx.DiGraph([("a", "c"), ("b", "c"), ("c", "d")])
    >>> learned = nx.DiGraph([("a", "c"), ("c", "a"), ("b", "c")])
    >>> learned.add_node("d")
    >>> result = ms.compare(learned, truth)
    >>> result.skeleton_precision, round(result.skeleton_recall, 2), result.shd
    (1.0, 0.67, 2)
    """
    found, true = as_cpdags(learned, truth)
    of_found, of_true = ({frozenset(arc) for arc in g.edges} for g in (found, true))
    heads, true_heads = (
        {(u, v) for u, v in g.edges if not g.has_edge(v, u)} for g in (found, true)
    )
    common = len(of_found & of_true)
    differing = sum(
        _mark(found, *pair) != _mark(true, *pair) for pair in map(tuple, of_found & of_true)
    )
    return Comparison(
        n_true=len(of_true),
        n_learned=len(of_found),
        n_common=common,
        skeleton_precision=_share(common, len(of_found)),
        skeleton_recall=_share(common, len(of_true)),
        skeleton_f1=_share(2 * common, len(of_found) + len(of_true)),
        arrowhead_precision=_share(len(heads & true_heads), len(heads)),
        arrowhead_recall=_share(len(heads & true_heads), len(true_heads)),
        shd=len(of_found ^ of_true) + differing,
    )


def as_cpdags(learned: nx.Graph, truth: nx.Graph) -> tuple[nx.DiGraph, nx.DiGraph]:
    """Both graphs as CPDAGs; DataError unless they can be compared."""
    for of_one, of_other, what in ((learned, truth, "truth"), (truth, learned, "learned graph")):
        absent = sorted(str(v) for v in set(of_one) - set(of_other))
        if absent:
            raise DataError(
                f"node {absent[0]!r} is missing from the {what}; nodes must be the same"
            )
        loops = sorted(str(v) for v in nx.nodes_with_selfloops(of_one))
        if loops:
            raise DataError(f"node {loops[0]!r} has an edge to itself")
    return to_cpdag(learned), to_cpdag(truth)


def to_cpdag(graph: nx.Graph) -> nx.DiGraph:
    """The CPDAG of a DAG; any other graph as it is, an undirected edge as two opposite arcs."""
    if not graph.is_directed():
        return graph.to_directed()
    if not nx.is_directed_acyclic_graph(graph):
        return graph
    nodes = list(graph)
    position = {v: i for i, v in enumerate(nodes)}
    adjacent = nx.to_numpy_array(graph.to_undirected(), nodelist=nodes, weight=None) > 0
    colliders: list[tuple[int, int, int]] = []
    noncolliders: list[tuple[int, int, int]] = []
    for z in graph:
        for x, y in combinations(sorted(position[v] for v in nx.all_neighbors(graph, z)), 2):
            if not adjacent[x, y]:
                collider = graph.has_edge(nodes[x], z) and graph.has_edge(nodes[y], z)
                (colliders if collider else noncolliders).append((x, position[z], y))
    arrows = orient(adjacent, colliders, noncolliders).arrows
    cpdag = nx.DiGraph()
    cpdag.add_nodes_from(nodes)
    for u, v in graph.edges:
        cpdag.add_edge(u, v)
        if (position[u], position[v]) not in arrows:
            cpdag.add_edge(v, u)
    return cpdag


def _mark(graph: nx.DiGraph, u: str, v: str) -> tuple[bool, bool]:
    return graph.has_edge(u, v), graph.has_edge(v, u)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
