r"""Backward equivalence search, which deletes edges of a class while the score rises.

A step of greedy equivalence search's second phase (Chickering 2002, section 4.2): of a CPDAG, an
edge x -> y or x - y goes, and with it the neighbours h in H of y (those undirected ones that are
adjacent to x) become children of y and x. That is valid where the other such neighbours are a
clique, and changes the score by that of y's family alone. It ends an order search (Andrews et al.
2023), and makes it right in the limit where an order cannot be improved one column at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from mistruct.errors import DataError
from mistruct.structure.causal.meek import orient
from mistruct.structure.causal.to_dag import to_dag
from mistruct.structure.knowledge import Constraints

Parents = list[list[int]]

# Of y's undirected neighbours that are adjacent to x, at most so many are made children at once.
_MOST_TURNED = 3


def to_cpdag(
    parents: Sequence[Sequence[int]], constraints: Constraints, names: Sequence[str]
) -> tuple[NDArray[np.bool_], set[tuple[int, int]]]:
    """Equivalence class of a DAG under knowledge: its adjacencies and shared arrows."""
    n = len(parents)
    arcs = np.zeros((n, n), dtype=bool)
    for column, its in enumerate(parents):
        arcs[list(its), column] = True
    adjacent = arcs | arcs.T
    colliders: list[tuple[int, int, int]] = []
    noncolliders: list[tuple[int, int, int]] = []
    for z in range(n):
        for x, y in combinations(np.flatnonzero(adjacent[z]).tolist(), 2):
            if not adjacent[x, y]:
                (colliders if arcs[x, z] and arcs[y, z] else noncolliders).append((x, z, y))
    return adjacent, orient(adjacent, colliders, noncolliders, constraints, names).arrows


def delete_edges(
    parents: Parents,
    score: Callable[[int, Sequence[int]], float],
    constraints: Constraints,
    names: Sequence[str],
    tolerance: float,
) -> Parents:
    """The parents of each column once no deletion raises the score by more than the tolerance.

    Knowledge is obeyed: required edges stay, and a deletion whose class has no DAG with allowed
    edges only is passed over.
    """
    while True:
        for _, deletion in _gainful(parents, score, constraints, names, tolerance):
            fewer = _without(parents, deletion, constraints, names)
            if fewer is not None and _gain(parents, fewer, score) > tolerance:
                parents = fewer
                break
        else:
            return parents


Deletion = tuple[int, int, tuple[int, ...]]


def _gainful(
    parents: Parents,
    score: Callable[[int, Sequence[int]], float],
    constraints: Constraints,
    names: Sequence[str],
    tolerance: float,
) -> Iterator[tuple[float, Deletion]]:
    """The deletions (x, y, H) that should raise the score, the best first."""
    adjacent, arrows = to_cpdag(parents, constraints, names)
    found = []
    for y in range(len(parents)):
        around = np.flatnonzero(adjacent[y]).tolist()
        into = {x for x in around if (x, y) in arrows}
        open_ = {x for x in around if (x, y) not in arrows and (y, x) not in arrows}
        for x in sorted(into | open_):
            if constraints.kept[x, y]:
                continue
            shared = sorted(h for h in open_ if h != x and adjacent[x, h])
            for k in range(min(len(shared), _MOST_TURNED) + 1):
                for turned in combinations(shared, k):
                    left = set(shared) - set(turned)
                    if not all(adjacent[a, b] for a, b in combinations(sorted(left), 2)):
                        continue
                    rest = sorted((left | into) - {x})
                    gain = score(y, rest) - score(y, sorted([*rest, x]))
                    if gain > tolerance:
                        found.append((-gain, (x, y, turned)))
    yield from sorted(found)


def _without(
    parents: Parents, deletion: Deletion, constraints: Constraints, names: Sequence[str]
) -> Parents | None:
    """A DAG of the class after a deletion; None where no DAG of it obeys knowledge."""
    x, y, turned = deletion
    adjacent, arrows = to_cpdag(parents, constraints, names)
    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    pointing = arrows | {(y, h) for h in turned} | {(x, h) for h in turned}
    for a, b in np.argwhere(adjacent).tolist():
        if {a, b} != {x, y} and (b, a) not in pointing:
            graph.add_edge(names[a], names[b])
    try:
        dag = to_dag(graph)
    except DataError:
        return None
    position = {name: i for i, name in enumerate(names)}
    fewer = [sorted(position[p] for p in dag.pred[name]) for name in names]
    arcs = np.zeros_like(constraints.possible)
    for column, its in enumerate(fewer):
        arcs[its, column] = True
    obeys = not (arcs & ~constraints.possible).any() and not (constraints.required & ~arcs).any()
    return fewer if obeys else None


def _gain(before: Parents, after: Parents, score: Callable[[int, Sequence[int]], float]) -> float:
    return sum(
        score(column, new) - score(column, old)
        for column, (old, new) in enumerate(zip(before, after, strict=True))
        if old != new
    )
