"""FCI: exact with an oracle, each mark that of all graphs with the same independences."""

from __future__ import annotations

import itertools
from collections import Counter

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from tests.structure.latent import reference_pag as reference

Case = tuple[nx.DiGraph, set[str], set[str]]

SYMBOL = {"arrow": ">", "tail": "-", "circle": "o"}


def random_case(seed: int, most_nodes: int = 25) -> Case:
    """A DAG with nodes that are hidden, and others that select the rows."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, most_nodes + 1))
    chance = rng.uniform(1.5, 5) / (n - 1)
    names = rng.permutation([f"v{i:02d}" for i in range(n)]).tolist()
    dag = nx.DiGraph()
    dag.add_nodes_from(sorted(names))
    dag.add_edges_from(pair for pair in itertools.combinations(names, 2) if rng.random() < chance)
    picked = rng.permutation(names).tolist()
    n_hidden, n_selected = int(rng.integers(0, n // 3 + 1)), int(rng.integers(0, 3))
    return dag, set(picked[:n_hidden]), set(picked[n_hidden : n_hidden + n_selected])


def observed(case: Case) -> list[str]:
    dag, hidden, selected = case
    return sorted(set(dag) - hidden - selected)


def slow_pag(case: Case) -> reference.Marks:
    dag, hidden, selected = case
    mag = reference.mag_of(dag, hidden, selected)
    rules = reference.SlowFCI(mag, lambda x, y: reference.separator(dag, x, y, hidden, selected))
    return rules.run()


def learned(case: Case, **parameters: object) -> ms.FCI:
    table = pd.DataFrame({v: [0, 1] for v in observed(case)})
    return ms.FCI(test=ms.DSeparation(case[0], case[2]), **parameters).fit(table)  # type: ignore[arg-type]


def marks_of(fci: ms.FCI) -> reference.Marks:
    return {(u, v): SYMBOL[mark] for u, v, mark in fci.graph_.edges(data="mark")}


# The reference ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_the_reference_has_the_marks_that_all_equivalent_graphs_share(seed: int) -> None:
    case = random_case(seed, most_nodes=7)
    mag = reference.mag_of(*case)
    for x, y in itertools.combinations(observed(case), 2):
        assert reference.has_inducing_path(case[0], x, y, *case[1:]) == ((x, y) in mag)
    if len(mag) <= 14:  # 7 edges, 16,384 graphs
        assert slow_pag(case) == reference.pag_by_enumeration(mag, observed(case))


# With an oracle ---------------------------------------------------------------------------------


def test_the_oracle_gives_the_exact_graph_by_every_rule() -> None:
    n_marks: Counter[str] = Counter()
    for seed in range(40):
        case = random_case(seed)
        found = learned(case)
        assert marks_of(found) == slow_pag(case), seed
        n_marks.update([*found.edges_["source_rule"], *found.edges_["target_rule"]])
    assert {f"R{k}" for k in range(11)} - {"R8"} <= set(n_marks)
