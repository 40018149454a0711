"""Smallest separating sets against all sets of small graphs."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import numpy as np

from mistruct.structure.smallest_separators import Separators, smallest_separator
from tests.reference_pc import random_dag


def test_no_smaller_set_separates() -> None:
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        dag = random_dag(rng, int(rng.integers(4, 8)), 0.4)
        mixed = [str(v) for v in rng.permutation(sorted(dag))]
        x, y, allowed = {mixed[0]}, set(mixed[1 : rng.integers(2, 4)]), mixed[3:]
        separating = [
            set(z)
            for size in range(len(allowed) + 1)
            for z in combinations(allowed, size)
            if nx.is_d_separator(dag, x, y, set(z))
        ]
        smallest = Separators(dag).smallest(x, y, allowed)
        assert (smallest is None) == (not separating)
        if smallest is not None:
            assert smallest in separating and len(smallest) == len(separating[0])
        shuffled = nx.DiGraph()
        shuffled.add_nodes_from(mixed)
        shuffled.add_edges_from(reversed([*dag.edges]))
        assert smallest_separator(shuffled, x, y, allowed[::-1]) == smallest
        found.append(-1 if smallest is None else len(smallest))
    assert {-1, 0, 1, 2} <= set(found)
