"""Graphs from dagitty's text and DOT."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import pytest

import mistruct as ms
from mistruct.export.dot_text import parse_edges

# As dagitty writes it: a bounding box, positions, roles.
MODEL = """dag {
bb="-3.5,-2.4,3.4,2.3"
"blood pressure" [outcome,pos="1.2,-0.3"]
age [pos="-1.0,0.5"]
drug [exposure,pos="-1.2,-0.3"]
taste [latent,pos="0.1,0.9"]
age -> {drug "blood pressure"} [beta=.3]
drug -> "blood pressure"
drug <- taste -> diet // a comment
diet <-> age
alone
}
"""


def test_a_model_of_dagitty(tmp_path: Path) -> None:
    (tmp_path / "model.dagitty").write_text(MODEL, encoding="utf-8")
    graph = ms.read_network(tmp_path / "model.dagitty")
    assert set(graph.edges) == {
        ("age", "drug"),
        ("age", "blood pressure"),
        ("drug", "blood pressure"),
        ("taste", "drug"),
        ("taste", "diet"),
        ("diet <-> age", "diet"),
        ("diet <-> age", "age"),
    }
    assert set(graph) == {v for edge in graph.edges for v in edge} | {"alone"}
    assert {v for v, hidden in graph.nodes(data="hidden") if hidden} == {"taste", "diet <-> age"}
    assert graph.nodes["drug"] == {"exposure": True, "pos": "-1.2,-0.3"}
    assert graph.edges["age", "drug"] == {"beta": 0.3}


def test_marks() -> None:
    pag = parse_edges("pag { a @-> b <-> c; c @-@ d -> e; e --@ f; g -- h; i <-@ j; k <- l }")
    marks = {(u, v): mark for u, v, mark in pag.edges(data="mark")}
    ends = {u + v: (marks[v, u], marks[u, v]) for u, v in marks if u < v}
    assert ends == {
        "ab": ("circle", "arrow"),
        "bc": ("arrow", "arrow"),
        "cd": ("circle", "circle"),
        "de": ("tail", "arrow"),
        "ef": ("tail", "circle"),
        "gh": ("tail", "tail"),
        "ij": ("arrow", "circle"),
        "kl": ("arrow", "tail"),
    }
    cpdag = parse_edges("pdag { a -- b -> c }")
    assert set(cpdag.edges) == {("a", "b"), ("b", "a"), ("b", "c")}


def test_dot() -> None:
    text = 'strict digraph "my graph" { node [shape=box]; graph [n=3] a -> b -> {c; d} # end\n }'
    graph = parse_edges(text)
    assert set(graph.edges) == {("a", "b"), ("b", "c"), ("b", "d")} and graph.graph == {"n": 3}
    assert type(parse_edges("graph { a -- b }")) is nx.Graph


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a -> b", "it begins with 'a', not with one of"),
        ("", "it ends where dag, pdag, mag, pag, digraph or graph should be"),
        ("dag { a -> b", "it ends before '}'"),
        ("dag { a [pos", "it ends before ']'"),
        ("dag {\n a -> }", "line 2: '}' where a name should be"),
        ("dag {\n a <b> }", "line 2: cannot read '<b> }'"),
        ("digraph { subgraph x { a } }", "line 1: subgraphs are not read"),
        ("dag { a @-> b }", "the edge 'a' @-> 'b' has a circle, which only a pag has"),
    ],
)
def test_what_is_not_read(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "g.dagitty").write_text(text, encoding="utf-8")
    with pytest.raises(ms.DataError, match="it is not a model of dagitty") as error:
        ms.read_network(tmp_path / "g.dagitty")
    assert message in str(error.value)
