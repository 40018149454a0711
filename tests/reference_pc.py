"""PC and CPDAGs as the textbooks have them, slow and obvious; nothing here comes from the package.

References
----------
.. [SGS00] Spirtes, Glymour, Scheines (2000), "Causation, prediction, and search", 2nd ed.
.. [CM14] Colombo, Maathuis (2014), "Order-independent constraint-based causal structure learning".
.. [M95] Meek (1995), "Causal inference and causal explanation with background knowledge".
.. [VP90] Verma, Pearl (1990), "Equivalence and synthesis of causal models".
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import networkx as nx

Pair = frozenset[str]
PValue = Callable[[str, str, tuple[str, ...]], float | None]


def skeleton(
    names: Iterable[str], p_value: PValue, alpha: float, max_conditioning: int = 99
) -> tuple[set[Pair], dict[Pair, set[tuple[str, ...]]]]:
    """[CM14] algorithm 4.1, and all sets that separate each pair at the depth it was removed.

    A p-value of None says that there is nothing to test: the separation is accepted.
    """
    names = sorted(names)
    adjacent = {v: set(names) - {v} for v in names}
    separating: dict[Pair, set[tuple[str, ...]]] = {}
    depth = 0
    while depth <= max_conditioning and any(len(around) > depth for around in adjacent.values()):
        before = {v: set(around) for v, around in adjacent.items()}
        for x, y in itertools.permutations(names, 2):
            if y not in before[x]:
                continue
            for z in itertools.combinations(sorted(before[x] - {y}), depth):
                p = p_value(*sorted((x, y)), z)
                if p is None or p > alpha:
                    adjacent[x].discard(y)
                    adjacent[y].discard(x)
                    separating.setdefault(frozenset((x, y)), set()).add(z)
        depth += 1
    return {frozenset((x, y)) for x in names for y in adjacent[x]}, separating


def v_structures(dag: nx.DiGraph) -> set[tuple[str, str, str]]:
    return {
        (x, z, y)
        for z in dag
        for x, y in itertools.combinations(sorted(dag.pred[z]), 2)
        if not dag.has_edge(x, y) and not dag.has_edge(y, x)
    }


def cpdag_by_enumeration(dag: nx.DiGraph) -> set[tuple[str, str]]:
    """By definition: the arcs of all DAGs with the same skeleton and v-structures [VP90]."""
    edges = list(dag.edges)
    arcs = set()
    for flips in itertools.product([False, True], repeat=len(edges)):
        other = nx.DiGraph()
        other.add_nodes_from(dag)
        other.add_edges_from((v, u) if f else (u, v) for (u, v), f in zip(edges, flips))  # noqa: B905
        if nx.is_directed_acyclic_graph(other) and v_structures(other) == v_structures(dag):
            arcs |= set(other.edges)
    return arcs


def cpdag_by_rules(dag: nx.DiGraph) -> set[tuple[str, str]]:
    """v-structures and the first three rules of [M95], until nothing changes."""
    adjacent = {v: set(dag.pred[v]) | set(dag.succ[v]) for v in dag}
    arrows = {arc for x, z, y in v_structures(dag) for arc in ((x, z), (y, z))}

    def follows(a: str, b: str) -> bool:
        if any((c, a) in arrows and c not in adjacent[b] for c in adjacent[a]):
            return True
        if any((a, c) in arrows and (c, b) in arrows for c in adjacent[a]):
            return True
        return any(
            (c, b) in arrows and (d, b) in arrows and d not in adjacent[c]
            for c, d in itertools.combinations(adjacent[a] & adjacent[b], 2)
            if not {(a, c), (c, a), (a, d), (d, a)} & arrows
        )

    while True:
        new = {
            (a, b)
            for a in dag
            for b in adjacent[a]
            if (a, b) not in arrows and (b, a) not in arrows and follows(a, b)
        }
        if not new:
            break
        arrows |= new
    return {(a, b) for a in dag for b in adjacent[a] if (b, a) not in arrows}


def random_dag(rng: Any, n_nodes: int, share: float) -> nx.DiGraph:
    """Nodes of random names in a random order, each pair joined with the given chance."""
    names = [f"v{k}" for k in rng.permutation(n_nodes)]
    dag = nx.DiGraph()
    dag.add_nodes_from(sorted(names))
    pairs = itertools.combinations(names, 2)
    dag.add_edges_from(pair for pair in pairs if rng.random() < share)
    return dag


Ask = Callable[[str, str, tuple[str, ...]], tuple[float, float]]


def neighbourhood(
    names: Iterable[str], centre: str, ask: Ask, alpha: float, max_conditioning: int
) -> list[str]:
    """Algorithm GetPCD of Peña et al. (2007): `ask` gives a p-value and a strength."""
    members: list[str] = []
    while True:
        weakest = {}
        for x in sorted(set(names) - {centre, *members}):
            sets = [
                z
                for size in range(min(len(members), max_conditioning) + 1)
                for z in itertools.combinations(sorted(members), size)
            ]
            answers = [ask(centre, x, z) for z in sets]
            if all(p <= alpha for p, _ in answers):
                weakest[x] = min(strength for _, strength in answers)
        tried = {x: w for x, w in weakest.items() if x not in members}
        if not tried:
            return members
        members.append(max(sorted(tried), key=lambda x: tried[x]))
        members = [
            m
            for m in members
            if all(
                ask(centre, m, z)[0] <= alpha
                for size in range(min(len(members) - 1, max_conditioning) + 1)
                for z in itertools.combinations(sorted(set(members) - {m}), size)
            )
        ]
