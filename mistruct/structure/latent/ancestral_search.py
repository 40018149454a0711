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
"""

from __future__ import annotations

from collections.abc import Mapping

from mistruct.structure.knowledge import Constraints
from mistruct.structure.latent.ancestral import AncestralGraph, Corner, moves
from mistruct.structure.latent.zhang_rules import End

_LEAST_GAIN = 1e-9


def improve(
    graph: AncestralGraph, weights: Mapping[Corner, float], price: float, constraints: Constraints
) -> None:
    """Change the marks of a graph, in place, until no move gains.

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
