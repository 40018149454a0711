"""Changes of edges from the network of one group to that of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import networkx as nx
import numpy as np

from mistruct._typing import Positions


def changes_of_edges(
    graphs: list[nx.Graph], names: Sequence[str]
) -> tuple[list[tuple[int, int]], dict[tuple[int, int], str]]:
    """Pairs that some of the graphs join, and whether each edge is kept, lost or gained."""
    position = {name: i for i, name in enumerate(names)}
    places = [(position[a], position[b]) for graph in graphs for a, b in graph.edges]
    joined = sorted({(min(pair), max(pair)) for pair in places})
    change = {}
    for i, j in joined:
        a, b = names[i], names[j]
        ways = [(graph.has_edge(a, b), graph.has_edge(b, a)) for graph in graphs]
        there = [any(way) for way in ways]
        if all(there):
            change[i, j] = "kept" if len(set(ways)) == 1 else "turned"
        elif len(graphs) > 2:
            change[i, j] = "some"
        else:
            change[i, j] = "gained" if there[1] else "lost"
    return joined, change


def place_of_pair(i: Any, j: Any, n: int) -> Any:
    """Positions of pairs (i, j) in the order of ``numpy.triu_indices(n, 1)``."""
    return i * n - i * (i + 1) // 2 + j - i - 1


def pairs_at(places: Positions, n: int) -> Positions:
    """The pairs at positions in the order of ``numpy.triu_indices(n, 1)``, shape (n_places, 2)."""
    first = np.arange(n - 1)
    starts = place_of_pair(first, first + 1, n)
    i = np.searchsorted(starts, places, side="right") - 1
    return np.column_stack([i, places - starts[i] + i + 1])
