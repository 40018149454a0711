"""What a graph is, whether it is legal, and a DAG that implies the same."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

import mistruct as ms
from mistruct.export.dot_text import parse_edges
from mistruct.structure.mixed_graph import as_mixed_graph
from tests import reference_effects as reference
from tests.reference_pc import random_dag


def test_the_kinds_of_graphs() -> None:
    for text, kind in [
        ("dag { a -> b }", "DAG"),
        ("pdag { a -> b -- c }", "CPDAG"),
        ("pag { a @-> b }", "PAG"),
        ("graph { a -- b }", "Markov network"),
    ]:
        assert as_mixed_graph(parse_edges(text)).kind == kind
    pag = as_mixed_graph(parse_edges("pag { a @-> b <-> c; d @-@ e; b -> f }"))
    assert pag.path(["a", "b", "c"]) == "'a' o-> 'b' <-> 'c'"
    assert pag.path(["e", "d"]) == "'e' o-o 'd'" and pag.path(["f", "b"]) == "'f' <- 'b'"


def test_a_member_implies_the_same() -> None:
    n_edges = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        dag = random_dag(rng, 7, 0.35)
        seen = set(sorted(dag)[rng.integers(0, 3) :])
        true = reference.independences(dag, seen)
        if len(seen) * (len(seen) - 1) // 2 - len({s[:2] for s in true}) > 5:
            continue
        marks, _ = reference.class_of(dag, seen)
        pag = nx.DiGraph()
        pag.add_nodes_from(seen)
        pag.add_edges_from((*arc, {"mark": mark}) for arc, mark in marks.items())
        member = as_mixed_graph(pag).member
        assert reference.independences(member, seen) == true
        n_edges += len(marks)
    assert n_edges > 40


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pag { a -> b -> c -> a }", "a cycle of arrows: 'a' -> 'b' -> 'c' -> 'a'"),
        ("pag { a -> b -> c; a <-> c }", r"'a' -> 'b' -> 'c' says that it is .*ancestral"),
        ("pag { a @-> b @-@ c }", r"'a' o-> 'b' o-o 'c' the circle at 'b' must be a tail .*R1"),
        ("pag { a -> b -> c; a --@ c }", r"the circle at 'c' in 'a' -o 'c' must be an arrow .*R2"),
        ("pag { a @-@ b @-@ c @-@ d @-@ a }", "cannot take directions .*chordal"),
        ("mag { a <-> b <-> c <-> d; b -> d; c -> a }", "'a' and 'd' have no edge, .*maximal"),
        ("dag { a -> b -> a2 -> a }", "a cycle of arrows: 'a' -> 'b' -> 'a2' -> 'a'"),
    ],
)
def test_graphs_that_are_not_legal(text: str, message: str) -> None:
    with pytest.raises(ms.DataError, match=message):
        as_mixed_graph(parse_edges(text))


def test_arcs_that_are_no_edges_of_a_pag() -> None:
    pag = nx.DiGraph()
    pag.add_edge("a", "b", mark="arrow")
    with pytest.raises(ms.DataError, match="an arc from 'a' to 'b' but none back"):
        as_mixed_graph(pag)
    pag.add_edge("b", "a", mark="o")
    with pytest.raises(ms.DataError, match="from 'b' to 'a' has the mark 'o'"):
        as_mixed_graph(pag)
    with pytest.raises(ms.DataError, match="'a' has an edge to itself"):
        as_mixed_graph(nx.DiGraph([("a", "a")]))
    with pytest.raises(ms.DataError, match="got list"):
        as_mixed_graph([("a", "b")])  # type: ignore[arg-type]
