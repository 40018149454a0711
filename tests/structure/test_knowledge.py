"""Knowledge: refused where it contradicts itself, read from files, obeyed by PC."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mistruct as ms
from tests import reference_pc as reference
from tests.structure.sampled_networks import undirected


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"required": [("a", "b")], "forbidden": [("a", "b")]}, "'a' -> 'b' is forbidden too"),
        ({"required": [("a", "b"), ("b", "a")]}, "'a' -> 'b' is required the other way too"),
        ({"required": [("a", "b"), ("b", "c"), ("c", "a")]}, "form a cycle with 'a' -> 'b'"),
        ({"required": [("b", "a")], "tiers": ["a", ["b"]]}, "tiers must hold lists"),
        ({"required": [("b", "a")], "tiers": [["a"], ["b"]]}, "'b' -> 'a' leads back to an"),
        (
            {"required": [("b", "u"), ("u", "a")], "tiers": [["a"], ["b"]]},
            "lead from 'b' back to 'a' in an earlier tier",
        ),
        ({"tiers": [["a"], ["b", "a"]]}, "'a' stands in more than one place"),
        ({"required": [("a", "a")]}, "'a' has an edge to itself"),
        ({"required": ["ab"]}, "required must hold pairs"),
        ({"forbidden": [("a", "b", "c")]}, "forbidden must hold pairs"),
        ({"forbidden": "ab"}, "forbidden must be a list of pairs"),
        ({"tiers": "ab"}, "tiers must be a list of lists"),
    ],
)
def test_contradictions_are_refused_with_the_pair(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ms.ParameterError, match=message):
        ms.Knowledge(**said)


def test_names_must_be_columns() -> None:
    table = pd.DataFrame({"age": [0, 1], "cancer": [0, 1]})
    for said in ({"required": [("age", "cancr")]}, {"tiers": [["age"], ["cancr"]]}):
        with pytest.raises(ms.ParameterError, match="no column 'cancr'; did you mean 'cancer'"):
            ms.PC(knowledge=ms.Knowledge(**said)).fit(table)
    with pytest.raises(ms.ParameterError, match="knowledge must be a Knowledge or None"):
        ms.PC(knowledge={"required": []}).fit(table)  # type: ignore[arg-type]


KNOWN = ms.Knowledge(
    required=[("a", "b")], forbidden=[("c", "a"), ("b", "c")], tiers=[["a", "d"], ["c"]]
)


def test_files(tmp_path: Path) -> None:
    toml = tmp_path / "known.toml"
    toml.write_text(
        'required = [["a", "b"]]\nforbidden = [["c", "a"], ["b", "c"]]\n'
        'tiers = [["a", "d"], ["c"]]\n'
    )
    assert ms.read_knowledge(toml) == KNOWN
    csv = tmp_path / "known.csv"
    csv.write_text(
        "rule,source,target\nrequired,a,b\nforbidden,c,a\ntier,c,2\ntier,a,1\ntier,d,1\n"
        "forbidden,b,c\n"
    )
    assert ms.read_knowledge(str(csv)) == KNOWN


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("k.toml", "required = [", "is not TOML"),
        ("k.toml", "tier = []", "'tier' is none of .*did you mean 'tiers'"),
        ("k.csv", "a,b\n", "must have the columns rule, source and target"),
        ("k.csv", "rule,source,target\nmaybe,a,b\n", "line 2: rule must be"),
        ("k.csv", "rule,source,target\ntier,a,first\n", "line 2: rule must be"),
        ("k.yaml", "", "read from .toml and .csv"),
    ],
)
def test_files_that_say_nothing(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ms.DataError, match=message):
        ms.read_knowledge(tmp_path / name)
    with pytest.raises(ms.DataError, match="cannot read"):
        ms.read_knowledge(tmp_path / "absent.toml")


# PC obeys ---------------------------------------------------------------------------------------


@given(st.integers(0, 10**6), st.integers(3, 7), st.sampled_from([0.3, 0.5]))
@settings(max_examples=60)
def test_true_tiers_add_arrows_to_the_cpdag_and_take_none(seed: int, n: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    dag = reference.random_dag(rng, n, share)
    order = list(nx.lexicographical_topological_sort(dag))
    cut = int(rng.integers(1, n))
    tiers = [order[:cut], order[cut:]]
    table = pd.DataFrame({v: [0, 1] for v in dag})
    learner = ms.PC(test=ms.DSeparation(dag), knowledge=ms.Knowledge(tiers=tiers))
    graph = learner.fit(table).graph_
    cpdag = reference.cpdag_by_rules(dag)
    late = set(tiers[1])
    # Every DAG of the class that keeps to the tiers has an arc of the graph, or both.
    assert set(graph.edges) <= {(u, v) for u, v in cpdag if not (u in late and v not in late)}
    assert set(dag.edges) <= set(graph.edges)
    assert undirected(graph) == undirected(dag)


@given(st.integers(0, 10**6), st.sampled_from([0.3, 0.6]))
@settings(max_examples=60)
def test_whatever_the_tests_say_knowledge_is_obeyed(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    names = [f"v{i}" for i in range(6)]
    arcs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    chosen = rng.permutation(len(arcs))
    known = ms.Knowledge(
        required=[arcs[i] for i in chosen[:3]],
        forbidden=[arcs[i] for i in chosen[3:6]],
        tiers=[names[:3], names[3:5]],
    )

    def at_random(data: pd.DataFrame, x: str, y: str, z: tuple[str, ...]) -> float:
        key = [seed, *(int(v[1:]) + 1 for v in (x, y)), 0, *(int(v[1:]) + 1 for v in z)]
        return float(np.random.default_rng(key).random() < share / (1 + len(z)))

    table = pd.DataFrame({v: [0, 1] for v in names})
    try:
        graph = ms.PC(test=at_random, knowledge=known).fit(table).graph_
    except ms.ParameterError as error:
        assert "only directions that form a cycle" in str(error)
        return
    for cause, effect in known.required:
        assert graph.has_edge(cause, effect)
        assert not graph.has_edge(effect, cause)
    assert not set(known.forbidden) & set(graph.edges)
    assert not any(u in names[3:5] and v in names[:3] for u, v in graph.edges)


def test_a_pair_forbidden_both_ways_is_removed_and_a_required_one_kept() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, 300)
    table = pd.DataFrame({"x": x, "y": x ^ (rng.random(300) < 0.1), "w": rng.integers(0, 2, 300)})
    known = ms.Knowledge(forbidden=[("x", "y"), ("y", "x")], required=[("w", "x")])
    learned = ms.PC(knowledge=known).fit(table)
    assert set(learned.graph_.edges) == {("w", "x")}
    assert learned.edges_.p_value[0] > 0.01
    assert "required by knowledge" in learned.why("x", "w")
    assert "knowledge forbids" in learned.why("y", "x")
    assert frozenset("xy") not in learned.separating_sets_


def test_directions_that_cannot_be_obeyed_together() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 2, (2, 500))
    c = (a + b + (rng.random(500) < 0.2)) % 3
    table = pd.DataFrame({"a": a, "b": np.where(rng.random(500) < 0.8, a, b), "c": c})
    known = ms.Knowledge(forbidden=[("b", "a"), ("c", "b"), ("a", "c")])
    with pytest.raises(ms.ParameterError, match="form a cycle among the edges found: 'a' -> 'b'"):
        ms.PC(knowledge=known).fit(table)
