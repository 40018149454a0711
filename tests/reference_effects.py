"""Adjustment sets and PAGs by their definitions, in linear models with random coefficients.

A set is valid for a graph with random coefficients if the regression on it gives the effect of
setting x, and two columns are independent if their partial correlation is zero; both hold by
chance with probability 0. Classes of graphs are enumerated.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain, combinations, product

import networkx as nx
import numpy as np

Names = tuple[str, ...]
Marks = dict[tuple[str, str], str]


def subsets(of: Collection[str]) -> Iterator[Names]:
    return chain.from_iterable(combinations(sorted(of), k) for k in range(len(of) + 1))


def coefficients(dag: nx.DiGraph, rng: np.random.Generator) -> tuple[list, np.ndarray]:
    """The nodes and B of x = B x + noise."""
    nodes = list(dag)
    b = np.zeros((len(nodes), len(nodes)))
    for u, v in dag.edges:
        b[nodes.index(v), nodes.index(u)] = rng.uniform(0.4, 1.4) * rng.choice([-1, 1])
    return nodes, b


def covariance(b: np.ndarray) -> np.ndarray:
    inverse = np.linalg.inv(np.eye(len(b)) - b)
    return inverse @ inverse.T


def valid_sets(dag: nx.DiGraph, x: Names, y: Names, seen: Collection[str]) -> set[Names]:
    """The sets of seen columns with which regressions give all effects of x on y."""
    nodes, b = coefficients(dag, np.random.default_rng(len(dag.edges)))
    sigma = covariance(b)
    cut = b.copy()
    at_x, at_y = [nodes.index(v) for v in x], [nodes.index(v) for v in y]
    cut[at_x] = 0
    effect = np.linalg.inv(np.eye(len(b)) - cut)[np.ix_(at_y, at_x)]
    found = set()
    for z in subsets(set(seen) - {*x, *y}):
        using = at_x + [nodes.index(v) for v in z]
        fit = np.linalg.solve(sigma[np.ix_(using, using)], sigma[np.ix_(using, at_y)])
        if np.allclose(fit[: len(x)].T, effect, atol=1e-9):
            found.add(z)
    return found


def variance(dag: nx.DiGraph, x: str, y: str, z: Names, seed: int) -> float:
    """The asymptotic variance of the coefficient of x in the regression of y on x and z."""
    nodes, b = coefficients(dag, np.random.default_rng(seed))
    at = [nodes.index(v) for v in (y, x, *z)]
    precision = np.linalg.inv(covariance(b)[np.ix_(at, at)])
    of_x = np.linalg.inv(covariance(b)[np.ix_(at[1:], at[1:])])
    return float(of_x[0, 0] / precision[0, 0])


def independences(dag: nx.DiGraph, seen: Collection[str]) -> set[tuple[str, str, Names]]:
    """Every (x, y, z) with x independent of y given z, among the seen nodes."""
    nodes, b = coefficients(dag, np.random.default_rng(1))
    sigma = covariance(b)
    found = set()
    for x, y in combinations(sorted(seen), 2):
        for z in subsets(set(seen) - {x, y}):
            at = [nodes.index(v) for v in (x, y, *z)]
            if abs(np.linalg.inv(sigma[np.ix_(at, at)])[0, 1]) < 1e-10:
                found.add((x, y, z))
    return found


def v_structures(dag: nx.DiGraph) -> set[tuple[str, str, str]]:
    return {
        (a, v, b)
        for v in dag
        for a, b in combinations(sorted(dag.pred[v]), 2)
        if not dag.has_edge(a, b) and not dag.has_edge(b, a)
    }


def dags_like(dag: nx.DiGraph) -> list[nx.DiGraph]:
    """All DAGs with the same adjacencies and v-structures."""
    found = []
    for turned in product((False, True), repeat=dag.number_of_edges()):
        other = nx.DiGraph()
        other.add_nodes_from(dag)
        other.add_edges_from(
            (v, u) if turn else (u, v) for (u, v), turn in zip(dag.edges, turned, strict=True)
        )
        if nx.is_directed_acyclic_graph(other) and v_structures(other) == v_structures(dag):
            found.append(other)
    return found


def union(dags: list[nx.DiGraph]) -> nx.DiGraph:
    """The arcs of any: an edge with two directions is undirected."""
    graph = nx.DiGraph()
    graph.add_nodes_from(dags[0])
    graph.add_edges_from(edge for dag in dags for edge in dag.edges)
    return graph


def explicit(nodes: Collection[str], marks: Marks) -> nx.DiGraph:
    """A MAG as a DAG with a node more for each edge with two arrows."""
    dag = nx.DiGraph()
    dag.add_nodes_from(sorted(nodes))
    for (u, v), mark in marks.items():
        if mark == "arrow" and marks[v, u] == "arrow":
            dag.add_edge(f"{min(u, v)}~{max(u, v)}", v)
        elif mark == "arrow":
            dag.add_edge(u, v)
    return dag


def class_of(dag: nx.DiGraph, seen: Collection[str]) -> tuple[Marks, list[nx.DiGraph]]:
    """The PAG of the seen nodes, and DAGs of which it is: those of every MAG of its class.

    Each is there as it is, and with one more hidden common cause, where that changes nothing.
    """
    true = independences(dag, seen)
    separable = {frozenset(s[:2]) for s in true}
    pairs = [p for p in combinations(sorted(seen), 2) if frozenset(p) not in separable]
    mags: list[Marks] = []
    members = []
    for ends in product(
        (("tail", "arrow"), ("arrow", "tail"), ("arrow", "arrow")), repeat=len(pairs)
    ):
        marks: Marks = {}
        for (u, v), (at_u, at_v) in zip(pairs, ends, strict=True):
            marks[v, u], marks[u, v] = at_u, at_v
        other = explicit(seen, marks)
        if not nx.is_directed_acyclic_graph(other):
            continue
        if any(m == "arrow" and v in nx.ancestors(other, u) for (u, v), m in marks.items()):
            continue  # not ancestral
        if independences(other, seen) != true:
            continue
        mags.append(marks)
        members.append(other)
        for u, v in pairs:
            more = nx.DiGraph(other)
            more.add_edges_from([("+", u), ("+", v)])
            if "tail" not in (marks[u, v], marks[v, u]) or independences(more, seen) != true:
                continue
            if all((m == "tail") == (u in nx.ancestors(more, w)) for (w, u), m in marks.items()):
                members.append(more)
    pag = {
        arc: found.pop() if len(found := {marks[arc] for marks in mags}) == 1 else "circle"
        for arc in mags[0]
    }
    return pag, members
