"""TAN against a slow version: information within each class, a tree by networkx, arcs outward."""

from __future__ import annotations

import itertools
import math
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mistruct as ms
from tests import reference, reference_continuous
from tests.strategies import categorical_columns
from tests.structure.sampled_networks import maximum_tree, sample_network, undirected


def within_classes(table: pd.DataFrame, target: str) -> dict[tuple[str, str], float]:
    """I(x; y | target) of each pair of features, by the reference."""
    features = sorted(c for c in table if c != target)
    columns = {c: table[c].tolist() for c in table}
    return {
        (a, b): reference.conditional_mutual_information(
            columns[a], columns[b], [columns[target]], "plug-in"
        )
        for a, b in itertools.combinations(features, 2)
    }


def class_table(rng: np.random.Generator, n_samples: int = 600) -> pd.DataFrame:
    """Features that depend on the class, and within it along a chain a - b - c - d."""
    y = rng.integers(0, 3, n_samples)
    table = {"y": y}
    previous = y
    for name, relevance in (("c", 0.15), ("a", 0.3), ("d", 0.6), ("b", 0.1)):
        own = np.where(rng.random(n_samples) < relevance, y, rng.integers(0, 3, n_samples))
        table[name] = np.where(rng.random(n_samples) < 0.5, previous, own)
        previous = table[name]
    return pd.DataFrame(table)[["d", "y", "a", "c", "b"]]


def given_target(learner: ms.TAN) -> set[frozenset[str]]:
    """The pairs of features that are joined."""
    tree = learner.graph_.copy()
    tree.remove_node(learner.target)
    return undirected(tree)


# The tree ---------------------------------------------------------------------------------------


@given(categorical_columns(n_columns=5, n_rows=st.integers(6, 30)))
@settings(max_examples=40, deadline=None)
def test_same_total_as_the_best_tree_within_the_classes(codes):
    table = pd.DataFrame(dict(zip("ybcad", codes, strict=True)))
    data = ms.as_dataset(table, kinds=dict.fromkeys(table, "discrete"))
    edges = ms.TAN("y").fit(data).edges_
    conditional = edges[edges["given"] == "y"]
    columns = {c: table[c].tolist() for c in table}
    weights = {}
    for (a, b), cmi in within_classes(table, "y").items():
        _, dof, _ = reference.g_test(columns[a], columns[b], [columns["y"]])
        if dof > 0:
            weights[a, b] = cmi
        else:
            assert cmi == pytest.approx(0.0, abs=1e-12)
    best, _ = reference.maximum_spanning_forests(weights, "abcd")
    assert conditional["mi"].sum() == pytest.approx(best, abs=1e-9)
    for row in conditional.itertuples():
        pair = tuple(sorted((row.source, row.target)))
        assert row.mi == pytest.approx(weights[pair], abs=1e-9)


@pytest.mark.parametrize(("network", "target"), [("asia", "dysp"), ("survey", "T")])
def test_same_tree_as_networkx_and_pgmpy(network, target):
    from pgmpy.estimators import TreeSearch

    table = sample_network(network, 3000, seed=1)
    learner = ms.TAN(target).fit(table)
    assert given_target(learner) == undirected(maximum_tree(within_classes(table, target)))
    root = next(f for f in table if f != target)
    peer = TreeSearch(table, root_node=root, n_jobs=1).estimate(
        estimator_type="tan", class_node=target, show_progress=False
    )
    assert undirected(learner.graph_) == undirected(peer)


def test_a_chain_within_the_classes_is_found():
    learner = ms.TAN("y").fit(class_table(np.random.default_rng(0), 5000))
    assert given_target(learner) == {frozenset("ca"), frozenset("ad"), frozenset("db")}


def test_dependence_through_the_class_alone_is_no_edge():
    rng = np.random.default_rng(4)
    y = rng.integers(0, 2, 2000)
    features = {c: np.where(rng.random(2000) < 0.8, y, 1 - y) for c in "abcd"}
    table = pd.DataFrame({**features, "y": y})
    learner = ms.TAN("y", alpha=0.001).fit(table)
    assert set(learner.graph_.edges) == {("y", c) for c in "abcd"}
    assert len(ms.ChowLiu(alpha=0.001).fit(table).graph_.edges) == 4
    assert ms.TAN("y", penalty="bic").fit(table).edges_["given"].eq("").all()


# The arcs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_arcs_lead_from_the_class_and_outward_from_the_most_relevant_feature(seed):
    table = class_table(np.random.default_rng(seed))
    learner = ms.TAN("y").fit(table)
    graph = learner.graph_
    assert list(graph) == list(table)
    assert nx.is_directed_acyclic_graph(graph)
    features = set("abcd")
    assert set(graph.successors("y")) == features
    assert graph.in_degree("y") == 0
    tree = graph.subgraph(features)
    assert nx.is_arborescence(tree)
    relevance = {c: reference.mutual_information(table[c], table["y"]) for c in features}
    (root,) = (c for c in features if tree.in_degree(c) == 0)
    assert root == max(relevance, key=relevance.__getitem__)


def test_each_tree_of_a_forest_has_a_root_of_its_own():
    rng = np.random.default_rng(3)
    n = 1500
    y = rng.integers(0, 2, n)
    table = {"y": y}
    for pair, strong in (("ab", "b"), ("cd", "c")):
        shared = rng.integers(0, 2, n)
        for c in pair:
            seen = np.where(rng.random(n) < 0.8, shared, 1 - shared)
            table[c] = np.where(rng.random(n) < (0.6 if c == strong else 0.2), y, seen)
    learner = ms.TAN("y", alpha=0.001).fit(pd.DataFrame(table))
    feature_arcs = {(u, v) for u, v in learner.graph_.edges if u != "y"}
    assert feature_arcs == {("b", "a"), ("c", "d")}


def test_equally_relevant_features_take_the_first_name_as_root():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    x = np.where(rng.random(300) < 0.7, y, 1 - y)
    graph = ms.TAN("y").fit(pd.DataFrame({"c": x, "y": y, "b": x, "a": x})).graph_
    assert {u for u, v in graph.edges if u != "y"} >= {"a"}
    assert graph.in_degree("a") == 1


def test_edges_say_what_they_are_given():
    table = class_table(np.random.default_rng(1))
    learner = ms.TAN("y").fit(table)
    edges = learner.edges_
    assert list(edges) == ["source", "target", "mi", "p_value", "n_samples", "given"]
    assert edges["given"].tolist() == [""] * 4 + ["y"] * 3
    assert (edges["source"] == "y").tolist() == [True] * 4 + [False] * 3
    for _, part in edges.groupby("given"):
        assert part["mi"].is_monotonic_decreasing
    for row in edges.itertuples():
        given = [row.given] if row.given else []
        alone = ms.independence_test(table, row.source, row.target, given=given)
        assert row.p_value == alone.p_value
        assert row.n_samples == 600
        assert row.mi == pytest.approx(alone.mi)
        assert learner.graph_.edges[row.source, row.target]["given"] == row.given


# The rules --------------------------------------------------------------------------------------


@pytest.mark.parametrize("correction", ["none", "bonferroni", "bh"])
def test_alpha_prunes_arcs_between_features_only(correction):
    rng = np.random.default_rng(12)
    table = pd.DataFrame(rng.integers(0, 2, (200, 9)), columns=list("yabcdefgh"))
    table["b"] = np.where(rng.random(200) < 0.5, table["a"], table["b"])
    full = ms.TAN("y").fit(table).edges_
    kept = ms.TAN("y", alpha=0.05, correction=correction).fit(table).edges_
    assert (kept["source"] == "y").sum() == 8
    p_values = full.loc[full["given"] == "y", "p_value"].sort_values()
    n_pairs = 8 * 7 // 2
    steps = np.arange(1, len(p_values) + 1)
    n_kept = {
        "none": (p_values <= 0.05).sum(),
        "bonferroni": (p_values <= 0.05 / n_pairs).sum(),
        "bh": steps[p_values <= 0.05 * steps / n_pairs].max(initial=0),
    }[correction]
    assert 0 < n_kept < 7
    expected = p_values.iloc[:n_kept].tolist()
    assert sorted(kept.loc[kept["given"] == "y", "p_value"]) == expected


@pytest.mark.parametrize("penalty", ["bic", "aic"])
@pytest.mark.parametrize("seed", range(4))
def test_a_penalty_counts_the_parameters_of_every_class(penalty, seed):
    rng = np.random.default_rng(seed)
    table = class_table(rng, 150)
    table["wide"] = np.where(rng.random(150) < 0.35, table["a"] * 3, rng.integers(0, 9, 150))
    cost = math.log(150) if penalty == "bic" else 2.0
    gains = {
        (a, b): 2 * 150 * cmi - cost * 3 * (table[a].nunique() - 1) * (table[b].nunique() - 1)
        for (a, b), cmi in within_classes(table, "y").items()
    }
    positive = {pair: gain for pair, gain in gains.items() if gain > 0}
    _, forests = reference.maximum_spanning_forests(positive, ["a", "b", "c", "d", "wide"])
    found = given_target(ms.TAN("y", penalty=penalty).fit(table))
    assert found in [{frozenset(pair) for pair in forest} for forest in forests]


# Hard tables ------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("0", "bb"), ("z", "zz"), ("b0", "0")])
def test_constant_features_get_no_arc_and_join_nothing(names):
    table = class_table(np.random.default_rng(2))
    expected = set(ms.TAN("y").fit(table).graph_.edges)
    for name in names:
        table.insert(0, name, "same")
    graph = ms.TAN("y").fit(table).graph_
    assert list(graph) == list(table)
    assert set(graph.edges) == expected


def test_a_feature_constant_within_the_classes_gets_the_class_as_its_only_parent():
    table = class_table(np.random.default_rng(2))
    table["copy"] = table["y"]
    edges = ms.TAN("y").fit(table).edges_
    about = edges[(edges["source"] == "copy") | (edges["target"] == "copy")]
    assert about[["source", "given"]].to_numpy().tolist() == [["y", ""]]
    assert len(edges) == 5 + 3


def test_a_constant_target_leaves_the_tree_of_the_features():
    table = class_table(np.random.default_rng(2)).assign(y="same")
    learner = ms.TAN("y").fit(table)
    assert list(learner.graph_) == list(table)
    assert learner.graph_.degree["y"] == 0
    plain = ms.ChowLiu().fit(table.drop(columns="y"))
    assert given_target(learner) == undirected(plain.graph_)
    # Nothing tells about the class, so the first name is the root.
    assert learner.graph_.in_degree("a") == 0


@pytest.mark.parametrize("rule", [{}, {"alpha": 0.05}, {"penalty": "bic"}], ids=str)
def test_order_of_columns_rows_and_threads_change_nothing(rule, monkeypatch):
    table = class_table(np.random.default_rng(6), 1200)
    expected = ms.TAN("y", **rule).fit(table).edges_
    rng = np.random.default_rng(0)
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("MISTRUCT_NUM_THREADS", threads)
        columns = rng.permutation(table.columns)
        shuffled = table[columns].iloc[rng.permutation(1200)]
        found = ms.TAN("y", **rule).fit(shuffled).edges_
        exact = ["source", "target", "n_samples", "given"]
        pd.testing.assert_frame_equal(found[exact], expected[exact])
        pd.testing.assert_frame_equal(found, expected, rtol=1e-12)


def complete(table: pd.DataFrame, *columns: str) -> list[list[Any]]:
    rows = table[list(columns)].dropna()
    return [rows[c].tolist() for c in columns]


def test_classes_without_rows_of_a_pair_are_left_out():
    """What two features share in a class where one is never known is not asked of it."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"class": np.arange(300) % 3, "x": rng.normal(size=300)})
    table["y"] = table["x"] + rng.normal(size=300)
    known = table[table["class"] < 2]
    table.loc[table["class"] == 2, "y"] = np.nan
    found, expected = (
        ms.TAN("class").fit(ms.as_dataset(t, missing="testwise")).edges_.set_index("given")
        for t in (table, known)
    )
    assert found.loc["class", "mi"] == pytest.approx(expected.loc["class", "mi"])


def test_each_arc_uses_the_rows_complete_for_it():
    rng = np.random.default_rng(7)
    table = class_table(rng, 400).astype("Int64")
    table = table.mask(rng.random(table.shape) < 0.15)
    data = ms.as_dataset(table, missing="testwise")
    edges = ms.TAN("y").fit(data).edges_
    for row in edges.itertuples():
        given = [row.given] if row.given else []
        x, y, *z = complete(table, row.source, row.target, *given)
        assert row.n_samples == len(x)
        expected = reference.conditional_mutual_information(x, y, z, "plug-in")
        assert row.mi == pytest.approx(expected, abs=1e-12)
        assert row.mi == pytest.approx(ms.independence_test(data, row.source, row.target, given).mi)
    weights = {}
    for a, b in itertools.combinations("abcd", 2):
        x, y, z = complete(table, a, b, "y")
        weights[a, b] = reference.conditional_mutual_information(x, y, [z], "plug-in")
    best = maximum_tree(weights)
    assert given_target(ms.TAN("y").fit(data)) == undirected(best)


# Kinds ------------------------------------------------------------------------------------------


def class_of_two_kinds(rng: np.random.Generator, n_samples: int) -> pd.DataFrame:
    """Features of both kinds that depend on the class, and within it along c - a - d - b.

    a and c are continuous, b and d are not; `alone` depends on the class and on nothing else.
    """
    y = rng.integers(0, 3, n_samples)
    c = y + rng.normal(size=n_samples)
    a = c + 2 * y + rng.normal(size=n_samples)
    d = np.digitize(a - 3 * y + rng.normal(0, 0.5, n_samples), [-0.7, 0.7]) + y
    b = np.where(rng.random(n_samples) < 0.7, d - y, rng.integers(0, 3, n_samples))
    return pd.DataFrame(
        {
            "d": d,
            "c": c,
            "y": np.array(["I", "II", "III"])[y],
            "alone": y + rng.normal(size=n_samples),
            "b": b,
            "a": np.exp(a),
        }
    )


@pytest.mark.parametrize("rule", [{"alpha": 0.001}, {"penalty": "bic"}], ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_a_chain_of_both_kinds_within_the_classes_is_found(rule, seed):
    learner = ms.TAN("y", **rule).fit(class_of_two_kinds(np.random.default_rng(seed), 2000))
    assert given_target(learner) == {frozenset("ca"), frozenset("ad"), frozenset("db")}
    assert set(learner.graph_.successors("y")) == {"a", "b", "c", "d", "alone"}
    assert nx.is_directed_acyclic_graph(learner.graph_)
    # Its root is a, which the class moves furthest: by two of its standard deviations.
    assert [v for v in "abcd" if learner.graph_.in_degree(v) == 1] == ["a"]


def test_arcs_of_both_kinds_carry_the_evidence_within_the_classes():
    table = class_of_two_kinds(np.random.default_rng(4), 210)
    learner = ms.TAN("y").fit(table)
    scored = {"a", "c", "alone"}

    def block(rows: pd.DataFrame, name: str) -> np.ndarray:
        if name in scored:
            return reference_continuous.normal_scores(rows[name].to_numpy())
        return reference_continuous.indicators(rows[name].tolist())

    def information(rows: pd.DataFrame, x: str, y: str) -> float:
        if scored & {x, y}:
            return reference_continuous.gaussian_information(block(rows, x), block(rows, y))
        return reference.mutual_information(rows[x].tolist(), rows[y].tolist(), "miller-madow")

    weights = {
        (x, y): sum(len(rows) / 210 * information(rows, x, y) for _, rows in table.groupby("y"))
        for x, y in itertools.combinations(sorted(set(table) - {"y"}), 2)
    }
    assert given_target(learner) == undirected(maximum_tree(weights))
    for row in learner.edges_.itertuples():
        given = [row.given] if row.given else []
        alone = ms.independence_test(table, row.source, row.target, given)
        assert (row.p_value, row.n_samples) == (alone.p_value, 210)
        pair = tuple(sorted((row.source, row.target)))
        expected = weights[pair] if given else information(table, row.source, row.target)
        assert row.mi == pytest.approx(expected, abs=1e-9)


def test_order_changes_nothing_for_both_kinds():
    table = class_of_two_kinds(np.random.default_rng(5), 150)
    expected = ms.TAN("y", alpha=0.05).fit(table).edges_
    rng = np.random.default_rng(0)
    for _ in range(3):
        shuffled = table[list(rng.permutation(table.columns))].iloc[rng.permutation(150)]
        found = ms.TAN("y", alpha=0.05).fit(shuffled).edges_
        exact = ["source", "target", "n_samples", "given"]
        pd.testing.assert_frame_equal(found[exact], expected[exact])
        pd.testing.assert_frame_equal(found, expected, rtol=1e-9)


def test_a_continuous_feature_cannot_be_counted():
    table = class_of_two_kinds(np.random.default_rng(0), 50)[["y", "b", "c", "d"]]
    for parameters in ({"test": "g"}, {"estimator": "plug-in"}):
        with pytest.raises(ms.DataError, match=r"needs discrete columns.* \('c'\); bin them with"):
            ms.TAN("y", **parameters).fit(table)
        ms.TAN("y", **parameters).fit(ms.discretize(table))


# Parameters -------------------------------------------------------------------------------------


def test_targets_that_cannot_be():
    table = class_table(np.random.default_rng(0), 50)
    with pytest.raises(
        ms.ParameterError, match=r"target: there is no column 'Y'; did you mean 'y'\?"
    ):
        ms.TAN("Y").fit(table)
    with pytest.raises(ms.ParameterError, match="target: there is no column 'None'"):
        ms.TAN(None).fit(table)
    continuous = table.assign(y=np.linspace(0.0, 1.0, 50))
    message = r"^target needs discrete columns, but 1 of 1 are continuous \('y'\); bin them with"
    with pytest.raises(ms.DataError, match=message):
        ms.TAN("y").fit(continuous)
    assert "y" in ms.TAN("y").fit(ms.discretize(continuous)).graph_


def test_one_feature_is_too_few():
    table = class_table(np.random.default_rng(0), 50)[["a", "y"]]
    message = "TAN needs two features beside target='y', got one"
    with pytest.raises(ms.ParameterError, match=message):
        ms.TAN("y").fit(table)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"alpha": 2}, "alpha must be a number between 0 and 1, got 2"),
        ({"correction": "fdr"}, "correction must be one of 'bh', 'bonferroni', 'none', got 'fdr'"),
        ({"penalty": "BIC"}, "penalty must be one of None, 'bic', 'aic', got 'BIC'; did you mean"),
        ({"alpha": 0.1, "penalty": "aic"}, "alpha and penalty are two rules for one thing"),
        ({"estimator": "ksgg"}, "estimator must be one of"),
        ({"test": object}, "test must be a name or a test such as"),
    ],
    ids=str,
)
def test_bad_parameters_are_refused_at_fit(parameters, message):
    with pytest.raises(ms.ParameterError, match=message):
        ms.TAN("y", **parameters).fit(class_table(np.random.default_rng(0), 50))
