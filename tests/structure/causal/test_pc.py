"""PC: exact with an oracle, the textbook's skeleton with data, and independent of any order."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

import mistruct as ms
from mistruct.structure.causal.to_dag import to_dag
from tests import reference_pc as reference
from tests.structure.sampled_networks import network, network_graph, sample_network, undirected

RULES = ["majority", "standard", "conservative"]
QUICK = ms.GTest(n_permutations=99)


def columns_of(graph: nx.DiGraph) -> pd.DataFrame:
    return pd.DataFrame({v: [0, 1] for v in graph})


def arrows_of(graph: nx.DiGraph) -> set[tuple[str, str]]:
    return {(u, v) for u, v in graph.edges if not graph.has_edge(v, u)}


# With an oracle ---------------------------------------------------------------------------------


# All that pgmpy ships up to munin1, which has 186 columns.
NETWORKS = [
    *("asia", "cancer", "earthquake", "sachs", "survey"),
    *("alarm", "barley", "child", "insurance", "mildew", "water"),
    *("hailfinder", "hepar2", "win95pts", "munin1", "pathfinder"),
]


@pytest.mark.parametrize("name", ["asia", "alarm", "hailfinder"])
def test_the_graph_of_a_network_is_that_of_its_model(name: str) -> None:
    dag, model = network_graph(name), network(name)
    assert set(dag) == set(model)
    assert set(dag.edges) == set(model.edges)


@pytest.mark.parametrize(
    ("name", "rule"), [*itertools.product(NETWORKS, RULES), ("andes", "majority")]
)
def test_the_oracle_gives_the_exact_cpdag_of_a_network(name: str, rule: str) -> None:
    dag = network_graph(name)
    learned = ms.PC(test=ms.DSeparation(dag), orientation=rule).fit(columns_of(dag))
    assert set(learned.graph_.edges) == reference.cpdag_by_rules(dag)
    assert learned.graph_.graph["ambiguous_triples"] == []
    assert learned.graph_.graph["contested_edges"] == []
    extension = to_dag(learned.graph_)
    assert reference.cpdag_by_rules(extension) == set(learned.graph_.edges)


@given(
    st.integers(0, 10**6),
    st.integers(2, 9),
    st.sampled_from([0.2, 0.35, 0.5, 0.8]),
    st.sampled_from(RULES),
)
def test_the_oracle_gives_the_exact_cpdag(seed: int, n: int, share: float, rule: str) -> None:
    dag = reference.random_dag(np.random.default_rng(seed), n, share)
    learned = ms.PC(test=ms.DSeparation(dag), orientation=rule).fit(columns_of(dag))
    assert set(learned.graph_.edges) == reference.cpdag_by_rules(dag)
    assert list(learned.graph_) == list(dag)


@given(
    st.integers(0, 10**6),
    st.sampled_from([0.3, 0.5]),
    st.sampled_from(RULES),
    st.sampled_from([None, 1]),
)
@settings(max_examples=40)
def test_what_the_oracle_need_not_look_at_changes_nothing(
    seed: int, share: float, rule: str, depth: int | None
) -> None:
    """Against every set asked one by one, also with hidden variables and a search cut short."""
    rng = np.random.default_rng(seed)
    dag = reference.random_dag(rng, 9, share)
    table = columns_of(dag.subgraph(rng.choice(sorted(dag), 7, replace=False)))

    def p_value(data: pd.DataFrame, x: str, y: str, z: tuple[str, ...]) -> float:
        return float(nx.is_d_separator(dag, {x}, {y}, set(z)))

    quick, slow = (
        ms.PC(test=test, orientation=rule, max_conditioning=depth).fit(table)
        for test in (ms.DSeparation(dag), p_value)
    )
    assert set(quick.graph_.edges) == set(slow.graph_.edges)
    assert quick.separating_sets_ == slow.separating_sets_
    verdicts = ["x", "middle", "y", "verdict"]
    pd.testing.assert_frame_equal(quick.triples_[verdicts], slow.triples_[verdicts])


@given(st.integers(0, 10**6), st.integers(2, 6), st.sampled_from([0.3, 0.5, 0.8]))
@settings(max_examples=30)
def test_the_reference_is_right_by_definition(seed: int, n: int, share: float) -> None:
    dag = reference.random_dag(np.random.default_rng(seed), n, share)
    if dag.number_of_edges() <= 9:
        assert reference.cpdag_by_rules(dag) == reference.cpdag_by_enumeration(dag)


# With data --------------------------------------------------------------------------------------


def p_values_of(data: ms.Dataset, test: Any) -> Callable[..., float | None]:
    known: dict[Any, float | None] = {}

    def p_value(x: str, y: str, z: tuple[str, ...]) -> float | None:
        if (x, y, z) not in known:
            found = ms.independence_test(data, x, y, z, test=test)
            known[x, y, z] = found.p_value if found.testable else None
        return known[x, y, z]

    return p_value


@pytest.mark.parametrize(
    ("name", "n_samples", "depth"),
    [
        ("asia", 2000, 9),
        ("survey", 2000, 9),
        ("sachs", 300, 9),
        ("insurance", 200, 2),
        ("alarm", 300, 2),
        ("hailfinder", 100, 1),
        ("win95pts", 200, 1),
    ],
)
def test_the_skeleton_is_the_textbooks(name: str, n_samples: int, depth: int) -> None:
    table = sample_network(name, n_samples, seed=4)
    data = ms.as_dataset(table)
    edges, separating = reference.skeleton(table, p_values_of(data, QUICK), 0.05, depth)
    learned = ms.PC(
        0.05, QUICK, determinism="textbook", orientation="standard", max_conditioning=depth
    ).fit(data)
    assert undirected(learned.skeleton_) == edges
    assert set(learned.separating_sets_) <= set(separating)
    for pair, found in learned.separating_sets_.items():
        assert tuple(sorted(found)) in separating[pair]


def gaussian(n_rows: int, seed: int = 0) -> tuple[pd.DataFrame, nx.DiGraph]:
    """x <- a -> y -> d <- b, x - y given a."""
    rng = np.random.default_rng(seed)
    a, b, x, y, d = rng.normal(size=(5, n_rows))
    x += a
    y += a
    d += y + b
    return pd.DataFrame({"a": a, "b": b, "d": d, "x": x, "y": y}), nx.DiGraph(
        [("a", "x"), ("a", "y"), ("y", "d"), ("b", "d")]
    )


@pytest.mark.parametrize("test", ["copula", "auto", "hybrid"])
def test_continuous_columns(test: str) -> None:
    table, dag = gaussian(400)
    learned = ms.PC(0.001, test).fit(table)
    assert set(learned.graph_.edges) == reference.cpdag_by_rules(dag)


def test_mixed_columns() -> None:
    table, dag = gaussian(2000, seed=1)
    table["b"] = np.where(table["b"] > 0, "high", "low")
    table["x"] = table["x"].round().clip(-2, 2).astype(int)
    learned = ms.PC(0.001).fit(table)
    assert undirected(learned.skeleton_) == undirected(dag)


def test_fewer_rows_than_columns() -> None:
    table = pd.DataFrame(np.random.default_rng(3).normal(size=(12, 20)))
    table[1] = table[0] + 0.01 * table[1]
    learned = ms.PC(0.01, "copula").fit(table)
    assert frozenset(("0", "1")) in undirected(learned.skeleton_)
    assert len(learned.graph_) == 20


# Order ------------------------------------------------------------------------------------------


def result_of(learned: ms.PC) -> tuple[Any, ...]:
    return (
        learned.edges_.to_dict("list"),
        learned.separations_.drop(columns="p_value").to_dict("list"),
        learned.triples_.to_dict("list"),
        set(learned.graph_.edges),
    )


@pytest.mark.parametrize("rule", RULES)
def test_neither_columns_nor_threads_matter(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = sample_network("insurance", 300, seed=2)
    learner = ms.PC(0.05, QUICK, orientation=rule, max_conditioning=2)
    expected = result_of(clone(learner).fit(table))
    shuffled = np.random.default_rng(0).permutation(list(table)).tolist()
    for order, threads in ((shuffled, "1"), (list(table)[::-1], "3")):
        monkeypatch.setenv("MISTRUCT_NUM_THREADS", threads)
        learned = clone(learner).fit(table[order])
        assert result_of(learned) == expected
        assert list(learned.graph_) == order


def test_hash_seeds_do_not_matter() -> None:
    code = (
        "import mistruct as ms\n"
        "from tests.structure.sampled_networks import sample_network\n"
        "p = ms.PC(0.05, ms.GTest(n_permutations=99), max_conditioning=1)\n"
        "p.fit(sample_network('insurance', 200, seed=2))\n"
        "print(p.edges_.to_csv(), p.separations_.to_csv(), p.triples_.to_csv(), p.graph_.graph)\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


# Orientation ------------------------------------------------------------------------------------


def answers(independent: dict[tuple[str, str], list[str]]) -> Callable[..., float]:
    """A test that holds a pair independent given the listed sets alone, spelled without spaces."""

    def p_value(data: pd.DataFrame, x: str, y: str, z: tuple[str, ...]) -> float:
        return 0.9 if "".join(z) in independent.get((x, y), []) else 1e-6

    return p_value


def test_rules_differ_where_separating_sets_do() -> None:
    table = columns_of(nx.DiGraph([("a", "m"), ("m", "b"), ("a", "p"), ("b", "q")]))
    # a and b are separated by nothing but, found first, the empty set; and by one set with m.
    test = answers(
        {
            ("a", "b"): ["", "m"],
            ("a", "q"): ["", "m", "b", "bm"],
            ("b", "p"): ["", "m", "a", "am"],
            ("m", "p"): ["a"],
            ("m", "q"): ["b"],
            ("p", "q"): ["", "m", "a", "b"],
        }
    )
    verdicts = {}
    for rule in RULES:
        triples = ms.PC(test=test, orientation=rule).fit(table).triples_
        of_m = triples[(triples.middle == "m") & (triples.x == "a") & (triples.y == "b")]
        verdicts[rule] = of_m.verdict.tolist()
    assert verdicts["standard"] == ["collider"]
    assert verdicts["majority"] == verdicts["conservative"] == ["ambiguous"]


def test_contradicting_v_structures_leave_the_edge_undirected_and_say_so() -> None:
    # a - b - c - d where both b and c look like colliders.
    table = pd.DataFrame({v: [0, 1] for v in "abcd"})
    test = answers({("a", "c"): [""], ("b", "d"): [""], ("a", "d"): ["", "b", "c"]})
    learned = ms.PC(test=test, orientation="standard").fit(table)
    assert set(learned.graph_.edges) == {("a", "b"), ("b", "c"), ("c", "b"), ("d", "c")}
    assert learned.graph_.graph["contested_edges"] == [["b", "c"]]
    assert learned.graph_.graph["ambiguous_triples"] == [["a", "b", "c"], ["b", "c", "d"]]
    assert learned.graph_.edges["b", "c"]["orientation"] == "contested"
    assert "v-structures disagree" in learned.why("b", "c")
    assert set(learned.triples_.verdict) == {"conflict"}


@given(st.integers(0, 10**6), st.sampled_from(RULES), st.sampled_from([0.3, 0.6]))
@settings(max_examples=60)
def test_the_directed_part_is_acyclic_whatever_the_tests_say(
    seed: int, rule: str, share: float
) -> None:
    table = pd.DataFrame({f"v{i}": [0, 1] for i in range(7)})

    def at_random(data: pd.DataFrame, x: str, y: str, z: tuple[str, ...]) -> float:
        key = [seed, *(int(v[1:]) + 1 for v in (x, y)), 0, *(int(v[1:]) + 1 for v in z)]
        return float(np.random.default_rng(key).random() < share / (1 + len(z)))

    graph = ms.PC(test=at_random, orientation=rule).fit(table).graph_
    arrows = nx.DiGraph(sorted(arrows_of(graph)))
    assert nx.is_directed_acyclic_graph(arrows)
    again = ms.PC(test=at_random, orientation=rule).fit(table[list(table)[::-1]]).graph_
    assert set(again.edges) == set(graph.edges)


# Determinism ------------------------------------------------------------------------------------


def with_copy(n_rows: int = 600) -> pd.DataFrame:
    """x -> y, and a copy of x."""
    rng = np.random.default_rng(5)
    x = rng.integers(0, 3, n_rows)
    y = np.where(rng.random(n_rows) < 0.7, x, rng.integers(0, 3, n_rows))
    return pd.DataFrame({"x": x, "copy": x, "y": y})


@pytest.mark.parametrize("kind", ["discrete", "continuous"])
def test_identical_columns(kind: str) -> None:
    table = with_copy()
    if kind == "continuous":
        noise = np.random.default_rng(6).normal(size=(2, len(table)))
        table["x"] = table["copy"] = table["x"] + noise[0]
        table["y"] = table["x"] + noise[1]
    informative = ms.PC().fit(table)
    assert undirected(informative.skeleton_) == {
        frozenset(p) for p in itertools.combinations(["x", "copy", "y"], 2)
    }
    textbook = ms.PC(determinism="textbook").fit(table)
    assert undirected(textbook.skeleton_) == {frozenset(("x", "copy"))}
    removed = textbook.separations_
    assert removed.rule.tolist() == ["determined", "determined"]
    assert removed.p_value.isna().all()
    assert textbook.separating_sets_[frozenset(("x", "y"))] == ("copy",)
    assert "copy determines one of the two" in textbook.why("x", "y")


def test_a_shadow_of_the_true_cause_is_believed_to_be_separated() -> None:
    # z has four states and y depends on all of them; x is z with states merged.
    rng = np.random.default_rng(7)
    z = rng.integers(0, 4, 2000)
    y = np.where(rng.random(2000) < 0.6, z, rng.integers(0, 4, 2000))
    table = pd.DataFrame({"x": z // 2, "y": y, "z": z})
    learned = ms.PC().fit(table)
    assert undirected(learned.skeleton_) == {frozenset("xz"), frozenset("yz")}
    assert learned.separations_.rule.tolist() == ["determined"]
    # The other way around, y depends on what is left of z alone: x - y stays, z - y goes.
    table["y"] = np.where(rng.random(2000) < 0.6, z // 2, rng.integers(0, 2, 2000))
    learned = ms.PC().fit(table)
    assert undirected(learned.skeleton_) == {frozenset("xz"), frozenset("xy")}
    assert learned.separations_.rule.tolist() == ["independent"]


def test_constant_columns_get_no_edge_and_separate_nothing() -> None:
    table = with_copy()[["x", "y"]].assign(constant=1)
    for determinism in ("informative", "textbook"):
        learned = ms.PC(determinism=determinism).fit(table)
        assert undirected(learned.skeleton_) == {frozenset("xy")}
        assert list(learned.graph_) == list(table)
        assert set(learned.separations_.rule) == {"untestable"}
        assert "does not vary" in learned.why("constant", "x")
        assert learned.separating_sets_ == {}
