"""Which edges keep a graph chordal, held against networkx while edges come and go."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import numpy as np
import pytest

from mistruct.structure.chordal.separators import CLOSED, ChordalGraph


@pytest.mark.parametrize("seed", range(20))
def test_what_may_be_joined_and_parted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 4 + seed % 5
    ours = ChordalGraph(n)
    for _ in range(30):
        graph = nx.empty_graph(n)
        graph.add_edges_from(ours.edges())
        joinable, partable = [], []
        for a, b in combinations(range(n), 2):
            other = nx.Graph(graph)
            if graph.has_edge(a, b):
                other.remove_edge(a, b)
                assert ours.removable(a, b) == nx.is_chordal(other)
                partable += [(a, b)] * ours.removable(a, b)
                continue
            other.add_edge(a, b)
            allowed = nx.is_chordal(other)
            size = len(set(graph[a]) & set(graph[b])) if allowed else CLOSED
            assert ours.sizes[a, b] == ours.sizes[b, a] == size
            joinable += [(a, b)] * allowed
        if partable and (not joinable or rng.random() < 0.4):
            ours.remove(*partable[rng.integers(len(partable))])
        else:
            ours.add(*joinable[rng.integers(len(joinable))])
