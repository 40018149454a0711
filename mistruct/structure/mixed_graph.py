r"""One form for DAGs, CPDAGs, PAGs and Markov networks: the marks at the ends of their edges.

In a PAG (partial ancestral graph) every edge is two opposite arcs, and the attribute `mark` of the
arc (u, v) is what stands at v: "arrow" (v is no cause of u), "tail" (v is a cause of u) or "circle"
(not known). Without marks two opposite arcs are an undirected edge, tails at both ends, and one arc
has a tail and an arrow.

A CPDAG and a PAG stand for a class of graphs that imply the same independences, so any one of them
answers which these are. Of a CPDAG it is a consistent extension. In a PAG every o-> becomes ->,
every o- becomes ->, and the edges o-o take directions without a new v-structure (Zhang
2008); and as a <-> b says that the two have a hidden common cause, one more node in that place
makes it a DAG over more nodes (Richardson and Spirtes 2002, section 6).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from typing import Literal

import networkx as nx

from mistruct.errors import DataError, ParameterError, nearest_names
from mistruct.structure.causal.to_dag import to_dag
from mistruct.structure.end_marks import Mark

Kind = Literal["DAG", "CPDAG", "PAG", "Markov network"]

_RIGHT = {"arrow": ">", "tail": "", "circle": "o"}
_LEFT = {"arrow": "<", "tail": "", "circle": "o"}


@dataclass(frozen=True, eq=False)
class MixedGraph:
    """The nodes of a graph and the marks of its edges.

    Attributes
    ----------
    kind : {"DAG", "CPDAG", "PAG", "Markov network"}
        What the graph is.
    nodes : tuple of str
        By name, with those that are hidden.
    marks : dict of (str, str) to str
        The mark at v of the edge between u and v, by (u, v); each edge has two.
    hidden : frozenset of str
        Nodes that are not measured.
    """

    kind: Kind
    nodes: tuple[str, ...]
    marks: dict[tuple[str, str], Mark]
    hidden: frozenset[str]

    @cached_property
    def adjacent(self) -> dict[str, list[str]]:
        """The neighbours of each node, by name."""
        found: dict[str, list[str]] = {v: [] for v in self.nodes}
        for u, v in sorted(self.marks):
            found[u].append(v)
        return found

    @cached_property
    def edges(self) -> list[tuple[str, str]]:
        """Edges, each once: a directed one from its tail, any other one by name."""
        return [
            (u, v)
            for u, v in sorted(self.marks)
            if self.is_directed(u, v) or (u < v and not self.is_directed(v, u))
        ]

    def is_directed(self, u: str, v: str) -> bool:
        """Whether the edge between two nodes is u -> v."""
        return self.marks[u, v] == "arrow" and self.marks[v, u] == "tail"

    def path(self, nodes: Sequence[str]) -> str:
        """The words for a path, such as ``'a' <- 'b' o-> 'c'``."""
        words = repr(nodes[0])
        for u, v in pairwise(nodes):
            words += f" {_LEFT[self.marks[v, u]]}-{_RIGHT[self.marks[u, v]]} {v!r}"
        return words

    @cached_property
    def member(self) -> nx.DiGraph:
        """A DAG that implies the same independences among the nodes of the graph.

        Its nodes are those of the graph, and a tuple (u, v) for each hidden common cause of a PAG.
        """
        dag = nx.DiGraph()
        dag.add_nodes_from(self.nodes)
        free = nx.Graph()  # edges that may point both ways
        for u, v in self.edges:
            ends = self.marks[v, u], self.marks[u, v]
            if ends == ("arrow", "arrow"):
                dag.add_edges_from([((u, v), u), ((u, v), v)])
            elif ends[0] == ends[1]:
                free.add_edge(u, v)
            elif "arrow" in ends:
                dag.add_edge(*((u, v) if ends[1] == "arrow" else (v, u)))
            else:  # o- is -> towards the circle
                dag.add_edge(*((u, v) if ends[1] == "circle" else (v, u)))
        if self.kind == "PAG":
            dag.add_edges_from(to_dag(free).edges)
            return dag
        dag.add_edges_from(free.to_directed().edges)
        return to_dag(dag)

    @property
    def unseen(self) -> set[object]:
        """The nodes of `member` that are not measured."""
        return {v for v in self.member if not isinstance(v, str)} | self.hidden


def as_mixed_graph(graph: nx.Graph, hidden: Iterable[str] = ()) -> MixedGraph:
    """Read and check a graph.

    Parameters
    ----------
    graph : networkx.DiGraph or networkx.Graph
        A DAG; a CPDAG, whose undirected edges are two opposite arcs; a PAG, whose arcs have the
        attribute `mark`; or a Markov network, which is a `Graph`.
    hidden : iterable of str
        Nodes that are not measured, beside those with a true attribute `hidden`.

    Returns
    -------
    MixedGraph

    Raises
    ------
    DataError
        The graph has a cycle of arrows, an edge from a node to itself or two edges between two
        nodes, or is no legal PAG.
    ParameterError
        A hidden node is no node of the graph.
    """
    if not isinstance(graph, nx.Graph) or graph.is_multigraph():
        raise DataError(
            f"graph must be a networkx Graph or DiGraph, got {type(graph).__name__}; a fitted "
            "learner has its graph in graph_"
        )
    nodes = tuple(sorted(str(v) for v in graph))
    for v in sorted(map(str, nx.nodes_with_selfloops(graph))):
        raise DataError(f"node {v!r} has an edge to itself; remove it")
    if isinstance(hidden, str):
        raise ParameterError(f"hidden must be a list of nodes, got {hidden!r}")
    unseen = frozenset(map(str, hidden))
    for v in sorted(unseen - set(nodes)):
        raise ParameterError(f"hidden: {v!r} is no node of the graph{nearest_names(v, nodes)}")
    unseen |= {str(v) for v, is_hidden in graph.nodes(data="hidden") if is_hidden}
    arcs = {(str(u), str(v)): mark for u, v, mark in graph.edges(data="mark")}
    if not graph.is_directed():
        marks: dict[tuple[str, str], Mark] = {}
        for u, v in arcs:
            marks[u, v] = marks[v, u] = "tail"
        return MixedGraph("Markov network", nodes, marks, unseen)
    if any(mark is not None for mark in arcs.values()):
        pag = MixedGraph("PAG", nodes, arcs, unseen)
        _check_pag(pag)
        return pag
    marks = {}
    for u, v in arcs:
        marks[u, v] = "tail" if (v, u) in arcs else "arrow"
        marks.setdefault((v, u), "tail")
    kind: Kind = "CPDAG" if any((v, u) in arcs for u, v in arcs) else "DAG"
    mixed = MixedGraph(kind, nodes, marks, unseen)
    _check_acyclic(mixed)
    return mixed


def _check_acyclic(mixed: MixedGraph) -> nx.DiGraph:
    arrows = nx.DiGraph([e for e in mixed.edges if mixed.is_directed(*e)])
    arrows.add_nodes_from(mixed.nodes)
    if not nx.is_directed_acyclic_graph(arrows):
        cycle = [u for u, _ in nx.find_cycle(arrows)]
        shown = mixed.path([*cycle, cycle[0]])
        raise DataError(f"the graph has a cycle of arrows: {shown}; turn or remove one of them")
    return arrows


def _check_pag(pag: MixedGraph) -> None:
    """Raise DataError unless a graph with marks can be a PAG."""
    for (u, v), mark in sorted(pag.marks.items(), key=lambda item: item[0]):
        if mark not in _RIGHT:
            raise DataError(
                f"no legal PAG: the arc from {u!r} to {v!r} has the mark {mark!r}; every arc of a "
                "PAG has 'arrow', 'tail' or 'circle', the mark at its end"
            )
        if (v, u) not in pag.marks:
            raise DataError(
                f"no legal PAG: there is an arc from {u!r} to {v!r} but none back; an edge of a "
                "PAG is two opposite arcs, each with the mark at its end"
            )
    arrows = _check_acyclic(pag)
    for u, v in pag.edges:
        for a, b in ((u, v), (v, u)):
            if pag.marks[a, b] == "arrow" and nx.has_path(arrows, b, a):
                around = pag.path(nx.shortest_path(arrows, b, a))
                raise DataError(
                    f"no legal PAG: the arrow at {b!r} in {pag.path([a, b])} says that it is no "
                    f"cause of {a!r}, and {around} says that it is (rule: ancestral)"
                )
    _check_closed(pag)
    try:
        dag = pag.member
    except DataError as error:
        raise DataError(
            "no legal PAG: the edges o-o cannot take directions without a cycle or a new "
            "v-structure (rule: chordal)"
        ) from error
    # What joins two nodes unseparably are colliders in a row, so joined by edges <->.
    shared = nx.Graph([v for v in dag if not isinstance(v, str)])
    for part in nx.connected_components(shared):
        around = part.union(*(dag.pred[v] for v in part)) & set(pag.nodes)
        for u, v in combinations(sorted(around), 2):
            between = (nx.ancestors(dag, u) | nx.ancestors(dag, v)) & set(pag.nodes) - {u, v}
            if (u, v) not in pag.marks and not nx.is_d_separator(dag, {u}, {v}, between):
                raise DataError(
                    f"no legal PAG: {u!r} and {v!r} have no edge, but no set separates them "
                    "(rule: maximal)"
                )


def _check_closed(pag: MixedGraph) -> None:
    """Raise DataError where the first two rules of orientation have not been applied."""
    for b in pag.nodes:
        for a in pag.adjacent[b]:
            if pag.marks[a, b] != "arrow":
                continue
            for c in pag.adjacent[b]:
                if c == a:
                    continue
                if pag.marks[c, b] == "circle" and (a, c) not in pag.marks:
                    raise DataError(
                        f"no legal PAG: in {pag.path([a, b, c])} the circle at {b!r} must be a "
                        "tail (rule R1)"
                    )
                by_way = pag.marks[b, c] == "arrow" and "tail" in (pag.marks[b, a], pag.marks[c, b])
                if by_way and pag.marks.get((a, c)) == "circle":
                    raise DataError(
                        f"no legal PAG: beside {pag.path([a, b, c])} the circle at {c!r} in "
                        f"{pag.path([a, c])} must be an arrow (rule R2)"
                    )
