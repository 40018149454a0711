"""The independences that a graph implies between pairs of columns, from which all others follow.

In a DAG each column is independent of its non-descendants given its parents, the local Markov
property (Lauritzen, Dawid, Larsen and Leimer 1990). Each such statement is taken apart into pairs
of columns. In a Markov network a pair is asked about given what separates its cliques
(:mod:`.clique_separators`), or the neighbours of the one that has fewer where these are not more.

Where columns are hidden (in a PAG, or a DAG with hidden nodes) the parents need not be measured,
so each pair that can be separated is asked about given a smallest set that does it. A class of
graphs is represented by one member, since all imply the same.

An edge is needless if the graph without it agrees with the data as well, that is if the two
columns are independent given what then separates them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import networkx as nx

from mistruct.errors import ParameterError
from mistruct.structure.checks.clique_separators import clique_separators
from mistruct.structure.mixed_graph import MixedGraph
from mistruct.structure.smallest_separators import smallest_separator


class Independence(NamedTuple):
    """Independence of x and y given z, by position in the names of a basis."""

    x: int
    y: int
    z: tuple[int, ...]


class MarkovBasis(ABC):
    """The independences implied by a graph.

    Attributes
    ----------
    names : list of str
        The measured nodes, by name.
    """

    def __init__(self, graph: MixedGraph) -> None:
        self.graph = graph
        self.names = [v for v in graph.nodes if v not in graph.hidden]
        self.position = {v: i for i, v in enumerate(self.names)}

    def asked(self, x: str, y: str, given: Sequence[str] | set[str]) -> Independence:
        """A question by positions."""
        z = tuple(sorted(self.position[v] for v in given))
        return Independence(self.position[x], self.position[y], z)

    @property
    def edges(self) -> list[tuple[str, str]]:
        """The edges between measured columns."""
        return [e for e in self.graph.edges if not self.graph.hidden & set(e)]

    @abstractmethod
    def independences(self) -> list[Independence]:
        """Independences to test; where a new edge may point one way only, y is its target."""

    @abstractmethod
    def sizes(self) -> list[int]:
        """Expected sizes of the sets given which each column is asked about."""

    @abstractmethod
    def without(self, u: str, v: str) -> Independence | None:
        """Independence that the graph without an edge implies for its two ends; None if none."""

    @abstractmethod
    def join(self, x: int, y: int) -> tuple[str, str]:
        """Add an edge, from x to y unless that closes a cycle, and return its ends."""

    @abstractmethod
    def question(self, x: int, y: int) -> Independence | None:
        """Independence of a pair that the graph with the edges joined so far implies, or None.

        In a DAG whose nodes are all measured, given the parents of y.
        """


class DirectedBasis(MarkovBasis):
    """Markov basis of a DAG, CPDAG or PAG."""

    def __init__(self, graph: MixedGraph) -> None:
        super().__init__(graph)
        self.dag = nx.DiGraph(graph.member)
        self.seen = set(self.names)
        self.all_seen = self.seen == set(self.dag)

    def independences(self) -> list[Independence]:
        """Independences of columns and non-descendants, or of pairs that can be separated."""
        if self.all_seen:
            found = []
            for y in self.names:
                parents = set(self.dag.pred[y])
                others = self.seen - nx.descendants(self.dag, y) - parents - {y}
                found += [self.asked(x, y, parents) for x in sorted(others)]
            return found
        order = [self.position[v] for v in nx.topological_sort(self.dag) if v in self.seen]
        pairs = sorted((y, x) for x, y in combinations(order, 2))
        asked = [self.question(x, y) for y, x in pairs]
        return [a for a in asked if a is not None]

    def sizes(self) -> list[int]:
        """Numbers of parents."""
        return [self.dag.in_degree(v) for v in self.names]

    def question(self, x: int, y: int) -> Independence | None:
        """Independence of a pair, given the parents of y or a smallest separator."""
        u, v = self.names[x], self.names[y]
        if self.dag.has_edge(u, v) or self.dag.has_edge(v, u):
            return None
        if self.all_seen:
            apart = not nx.has_path(self.dag, v, u)
            return self.asked(u, v, set(self.dag.pred[v])) if apart else None
        given = smallest_separator(self.dag, [u], [v], self.seen)
        return None if given is None else self.asked(u, v, given)

    def without(self, u: str, v: str) -> Independence | None:
        """The ends of an edge, given the other parents of its target or a smallest separator."""
        if self.dag.has_edge(v, u):
            u, v = v, u
        if self.all_seen:
            return self.asked(u, v, set(self.dag.pred[v]) - {u})
        rest = nx.DiGraph(self.dag)
        if rest.has_edge(u, v):
            rest.remove_edge(u, v)
        else:
            rest.remove_node((u, v))
        given = smallest_separator(rest, [u], [v], self.seen)
        return None if given is None else self.asked(u, v, given)

    def join(self, x: int, y: int) -> tuple[str, str]:
        """Add an arrow."""
        u, v = self.names[x], self.names[y]
        if nx.has_path(self.dag, v, u):
            u, v = v, u
        self.dag.add_edge(u, v)
        return u, v


class UndirectedBasis(MarkovBasis):
    """Markov basis of a Markov network."""

    def __init__(self, graph: MixedGraph) -> None:
        super().__init__(graph)
        for v in sorted(graph.hidden):
            raise ParameterError(
                f"hidden: {v!r} is a node of an undirected graph; remove it and join its neighbours"
            )
        self.network = nx.Graph(graph.edges)
        self.network.add_nodes_from(self.names)
        self.separators = clique_separators(self.network)

    def independences(self) -> list[Independence]:
        """Independences of each pair that is not adjacent, given a separator."""
        pairs = combinations(range(len(self.names)), 2)
        return [a for x, y in pairs if (a := self.question(x, y)) is not None]

    def sizes(self) -> list[int]:
        """Numbers of neighbours."""
        return [self.network.degree(v) for v in self.names]

    def question(self, x: int, y: int) -> Independence | None:
        """Independence of a pair, given the separator of its cliques or the neighbours of one."""
        u, v = self.names[x], self.names[y]
        if self.network.has_edge(u, v):
            return None
        around = self._neighbours(u, v)
        between = set(self.separators.get(frozenset((u, v)), around))
        return self.asked(u, v, min(between, around, key=len))

    def _neighbours(self, u: str, v: str) -> set[str]:
        """Neighbours of the end that has fewer others."""
        return min(set(self.network[u]) - {v}, set(self.network[v]) - {u}, key=len)

    def without(self, u: str, v: str) -> Independence:
        """The ends of an edge, given the other neighbours of one."""
        return self.asked(u, v, self._neighbours(u, v))

    def join(self, x: int, y: int) -> tuple[str, str]:
        """Add an edge."""
        u, v = sorted((self.names[x], self.names[y]))
        self.network.add_edge(u, v)
        self.separators = clique_separators(self.network)
        return u, v


def basis_of(graph: MixedGraph) -> MarkovBasis:
    """The basis of any graph."""
    return (UndirectedBasis if graph.kind == "Markov network" else DirectedBasis)(graph)
