r"""Search for the maximal ancestral graph that agrees best with the information of triples.

A DAG has no place for hidden causes. Where x - z - y is unshielded and a set u separates x and y
with z or without, :math:`n (I(x; y | u, z) - I(x; y | u))` is the logarithm of how much more likely
it is that z is a collider than that it is none (Verny, Sella, Affeldt, Singh and Isambert 2017). So
the graph is looked for whose colliders have the largest sum of these, less half the logarithm of n
for each :math:`\leftrightarrow`, the price of one more parameter in BIC: a hidden cause is claimed
only where the data pay for it.

The search goes uphill from a DAG. A move sets both marks of an edge, or those of both edges of a
triple that would become a collider, and is made only if the graph stays ancestral and maximal; so
whatever the data say, the result is such a graph. Moves are tried by what they gain, ties by name.
In a dense graph many marks have to change at once, as no arrows may lead around or beside an edge
of two arrowheads. So where triples speak against a dense graph a walk goes on from there, which
begins by losing as much as half of what the strongest of them says; the best graph on its way
counts.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mistruct.independence.protocol import Ragged
from mistruct.kernels.graphs.ancestral_graphs import Worth, walk
from mistruct.structure.knowledge import Constraints
from mistruct.structure.latent.ancestral import AncestralGraph, Corner, moves, states
from mistruct.structure.latent.zhang_rules import End

_LEAST_GAIN = 1e-9


# Steps of a walk for each edge, and from how many edges a column on there is one: in sparser graphs
# single moves are enough, and walks were further from the truth on generated networks.
_STEPS, _EDGES_TO_WALK = 1000, 1.75


def improve(
    graph: AncestralGraph, weights: Mapping[Corner, float], price: float, constraints: Constraints
) -> None:
    """Change the marks of a graph, in place, until no move gains, nor a walk from there.

    Parameters
    ----------
    graph : AncestralGraph
        Legal, and obedient to `constraints`.
    weights : dict of (int, int, int) to float
        What it is worth that the middle of each unshielded triple (x, middle, y) is a collider.
    price : float
        Of each edge of two arrowheads.
    constraints : Constraints
    """
    _climb(graph, weights, price, constraints)
    if _wander(graph, weights, price, constraints) > _LEAST_GAIN:
        _climb(graph, weights, price, constraints)


def _wander(
    graph: AncestralGraph, weights: Mapping[Corner, float], price: float, constraints: Constraints
) -> float:
    """Walk through worse graphs, as far as what triples still miss is worth it; the gain."""
    missed = [abs(w) for c, w in weights.items() if graph.is_collider(c) != (w > 0)]
    hot = max(missed, default=0.0) / 2
    edges = [end for end in sorted(graph.head) if end[0] < end[1]]
    if hot <= price / 2 or len(edges) < _EDGES_TO_WALK * len(graph.around):
        return 0.0
    possible = [
        [
            state in states(constraints, *edge)
            for state in ((False, True), (True, False), (True,) * 2)
        ]
        for edge in edges
    ]
    corners = sorted(weights)
    place = {edge: k for k, edge in enumerate(edges)}
    of_edge: list[list[int]] = [[] for _ in edges]
    for k, (x, z, y) in enumerate(corners):
        for a, b in ((x, z), (y, z)):
            of_edge[place[min(a, b), max(a, b)]].append(k)
    at = Ragged.of(of_edge)
    worths = np.array([weights[c] for c in corners])
    worth = Worth(np.array(corners, dtype=np.int64), worths, at.flat, at.starts, price)
    heads = graph.heads
    gained = walk(
        graph.joined, heads, np.array(edges), np.array(possible), worth,
        _STEPS * len(edges), hot, min(hot, price) / 8,
    )  # fmt: skip
    graph.head.update((end, bool(heads[end])) for end in graph.head)
    return float(gained)


def _climb(
    graph: AncestralGraph, weights: Mapping[Corner, float], price: float, constraints: Constraints
) -> None:
    """Make the moves that gain until none does."""
    at: dict[End, list[Corner]] = {}  # the triples with z as middle of which (x, z) is an edge
    for corner in sorted(weights):
        x, z, y = corner
        at.setdefault((x, z), []).append(corner)
        at.setdefault((y, z), []).append(corner)
    edges = [end for end in sorted(graph.head) if end[0] < end[1]]

    def value(move: Mapping[End, bool]) -> float:
        touched = dict.fromkeys(c for end in sorted(move) for c in at.get(end, ()))
        both = sum(graph.head[u, v] and graph.head[v, u] for u, v in move) / 2
        return sum(weights[c] for c in touched if graph.is_collider(c)) - price * both

    def gain(move: Mapping[End, bool]) -> float:
        before = {end: graph.head[end] for end in move}
        worth = value(move)
        graph.head.update(move)
        worth = value(move) - worth
        graph.head.update(before)
        return worth

    moved = True
    while moved:
        moved = False
        asked = [[edge] for edge in edges]
        asked += [
            [(x, z), (y, z)]
            for (x, z, y), weight in sorted(weights.items())
            if weight > 0 and not graph.is_collider((x, z, y))
        ]
        found = [
            (worth, sorted(move.items()))
            for ends in asked
            for move in moves(graph, ends, constraints)
            if (worth := gain(move)) > _LEAST_GAIN
        ]
        for _, marks in sorted(found, key=lambda move: (-move[0], move[1])):
            move = dict(marks)
            if gain(move) > _LEAST_GAIN:
                before = {end: graph.head[end] for end in move}
                graph.head.update(move)
                if graph.is_legal:
                    moved = True
                else:
                    graph.head.update(before)
