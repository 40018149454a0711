"""Comparison of graphs, by hand and by the properties of a distance."""

from __future__ import annotations

import dataclasses
import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mistruct as ms
from mistruct.structure.causal.compare import to_cpdag
from tests import reference_pc as reference

TRUTH = nx.DiGraph([("a", "c"), ("b", "c"), ("c", "d"), ("d", "e")])  # all arrows are compelled


def test_by_hand() -> None:
    learned = nx.DiGraph([("a", "c"), ("b", "c"), ("c", "b"), ("d", "c"), ("a", "e"), ("e", "a")])
    result = ms.compare(learned, TRUTH)
    assert (result.n_true, result.n_learned, result.n_common) == (4, 4, 3)
    assert result.skeleton_precision == result.skeleton_recall == result.skeleton_f1 == 0.75
    # Heads learned: a -> c and d -> c, of which the first is right; four are true.
    assert (result.arrowhead_precision, result.arrowhead_recall) == (1 / 2, 1 / 4)
    # Missing d - e, extra a - e, b - c undirected, c - d turned.
    assert result.shd == 4
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.shd = 0  # type: ignore[misc]


def test_undirected_graphs_have_no_heads() -> None:
    result = ms.compare(nx.Graph(TRUTH.edges), TRUTH)
    assert (result.skeleton_f1, result.shd) == (1, 4)
    assert math.isnan(result.arrowhead_precision)
    assert result.arrowhead_recall == 0


def test_empty_graphs() -> None:
    empty = nx.empty_graph(3, create_using=nx.DiGraph)
    result = ms.compare(empty, empty)
    assert result.shd == 0
    assert math.isnan(result.skeleton_f1)


@given(st.integers(0, 10**6), st.integers(2, 8), st.sampled_from([0.2, 0.5, 0.8]))
def test_a_dag_stands_for_its_class(seed: int, n: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    dag = reference.random_dag(rng, n, share)
    arcs = reference.cpdag_by_rules(dag)
    assert set(to_cpdag(dag).edges) == arcs
    cpdag = nx.DiGraph(sorted(arcs))
    cpdag.add_nodes_from(dag)
    assert ms.compare(dag, cpdag).shd == ms.compare(cpdag, dag).shd == 0
    other = reference.random_dag(rng, n, share)
    one, back = ms.compare(dag, other), ms.compare(other, dag)
    assert one.shd == back.shd
    np.testing.assert_equal(one.skeleton_precision, back.skeleton_recall)
    np.testing.assert_equal(one.arrowhead_precision, back.arrowhead_recall)
    same = {frozenset(e) for e in dag.edges} == {frozenset(e) for e in other.edges}
    assert (one.shd == 0) == (same and arcs == reference.cpdag_by_rules(other))


def test_graphs_that_cannot_be_compared() -> None:
    with pytest.raises(ms.DataError, match="node 'e' is missing from the learned graph"):
        ms.compare(nx.DiGraph(list(TRUTH.edges)[:3]), TRUTH)
    with pytest.raises(ms.DataError, match="node 'f' is missing from the truth"):
        ms.compare(nx.DiGraph([*TRUTH.edges, ("e", "f")]), TRUTH)
    with pytest.raises(ms.DataError, match="node 'a' has an edge to itself"):
        ms.compare(nx.DiGraph([*TRUTH.edges, ("a", "a")]), TRUTH)


def marked(edges: dict[tuple[str, str], tuple[str, str]]) -> nx.DiGraph:
    graph = nx.DiGraph(kind="pag")
    graph.add_nodes_from("abcd")
    for (u, v), (at_u, at_v) in edges.items():
        graph.add_edge(u, v, mark=at_v)
        graph.add_edge(v, u, mark=at_u)
    return graph


def test_marks_at_ends_by_hand() -> None:
    true = marked(
        {
            ("a", "b"): ("circle", "arrow"),
            ("b", "c"): ("tail", "arrow"),
            ("c", "d"): ("tail", "arrow"),
        }
    )
    found = marked({("a", "b"): ("arrow", "arrow"), ("b", "c"): ("tail", "arrow")})
    result = ms.compare(found, true)
    assert (result.n_true, result.n_learned, result.n_common, result.shd) == (3, 2, 2, 2)
    # At a, b, b and c of the learned graph; the true one has marks at b, b, c, c and d.
    assert (result.mark_precision, result.mark_recall) == (3 / 4, 3 / 5)
    assert (result.arrowhead_precision, result.arrowhead_recall) == (2 / 3, 2 / 3)
    # b causes c, and in truth c causes d and so b does.
    assert (result.cause_precision, result.cause_recall) == (1, 1 / 3)
    assert ms.compare(true, true).shd == 0
