"""Chow-Liu trees against brute force, networkx and pgmpy, and the rules that prune them."""

from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

import mistruct as ms
from tests import reference, reference_continuous
from tests.strategies import KINDS, categorical_columns
from tests.structure.sampled_networks import (
    maximum_tree,
    mi_matrix,
    sample_network,
    sample_tree,
    undirected,
)

PERFECT = 1e-9  # sums of the same logarithms in another order


def frame(codes: Any) -> pd.DataFrame:
    return pd.DataFrame({f"c{k}": column for k, column in enumerate(codes)})


def discrete(table: pd.DataFrame, **options: Any) -> ms.Dataset:
    return ms.as_dataset(table, kinds=dict.fromkeys(table.columns, "discrete"), **options)


def varying(table: pd.DataFrame) -> list[str]:
    return [name for name in table if table[name].nunique() > 1]


# The full tree ----------------------------------------------------------------------------------


@given(categorical_columns(n_columns=st.integers(2, 5), n_rows=st.integers(1, 30)))
@settings(max_examples=50, deadline=None)
def test_full_tree_is_one_of_the_best_by_brute_force(codes):
    table = frame(codes)
    tree = ms.ChowLiu().fit(discrete(table)).graph_
    assert list(tree) == list(table)
    names = varying(table)
    if len(names) < 2:
        assert tree.number_of_edges() == 0
        return
    weights = {(a, b): w for (a, b), w in mi_matrix(table).items() if {a, b} <= set(names)}
    best, forests = reference.maximum_spanning_forests(weights, names)
    found = [tuple(sorted(edge)) for edge in tree.edges]
    assert math.fsum(weights[edge] for edge in found) == pytest.approx(best, abs=PERFECT)
    if len(forests) == 1:
        assert set(found) == forests.pop()
    for a, b, evidence in tree.edges(data=True):
        assert evidence["mi"] == pytest.approx(weights[tuple(sorted((a, b)))], abs=PERFECT)
        assert evidence["n_samples"] == len(table)


@pytest.mark.parametrize("network", ["asia", "survey", "sachs"])
def test_same_tree_as_networkx_and_pgmpy(network):
    from pgmpy.estimators import TreeSearch

    table = sample_network(network, 3000, seed=4)
    tree = ms.ChowLiu().fit(table).graph_
    assert undirected(tree) == undirected(maximum_tree(mi_matrix(table)))
    peer = TreeSearch(table, root_node=table.columns[0], n_jobs=1).estimate(show_progress=False)
    assert undirected(tree) == undirected(peer)


@pytest.mark.parametrize("n_states", [2, 3, 5])
def test_recovers_a_tree_from_its_sample(n_states):
    table, edges = sample_tree(np.random.default_rng(n_states), 40, 4000, n_states)
    assert undirected(ms.ChowLiu().fit(table).graph_) == edges
    assert undirected(ms.ChowLiu(alpha=0.01).fit(table).graph_) == edges
    assert undirected(ms.ChowLiu(penalty="bic").fit(table).graph_) == edges


def test_wide_columns_are_joined_by_the_same_measure():
    rng = np.random.default_rng(0)
    cause = rng.integers(0, 200, 2000)
    table = pd.DataFrame(
        {"wide": cause, "narrow": cause % 3, "other": rng.integers(0, 90, 2000), "b": cause % 2}
    )
    tree = ms.ChowLiu().fit(discrete(table)).graph_
    assert undirected(tree) == undirected(maximum_tree(mi_matrix(table)))


# Evidence and order -----------------------------------------------------------------------------


def test_edges_are_a_table_of_evidence_strongest_first():
    table, _ = sample_tree(np.random.default_rng(3), 12, 300)
    learner = ms.ChowLiu().fit(table)
    edges = learner.edges_
    assert list(edges) == ["source", "target", "mi", "p_value", "n_samples"]
    assert edges["mi"].is_monotonic_decreasing
    assert (edges["source"] < edges["target"]).all()
    assert list(edges.index) == list(range(11))
    for row in edges.itertuples():
        alone = ms.independence_test(table, row.source, row.target)
        assert (row.p_value, row.n_samples) == (alone.p_value, 300)
        assert row.mi == pytest.approx(ms.mutual_information(table[row.source], table[row.target]))
        evidence = learner.graph_.edges[row.source, row.target]
        assert evidence == {"mi": row.mi, "p_value": row.p_value, "n_samples": row.n_samples}


# The rules --------------------------------------------------------------------------------------


def passing(p_values: list[float], n_pairs: int, alpha: float, correction: str) -> int:
    """How many of the ordered p-values pass, by the definitions."""
    ordered = sorted(p_values)
    if correction == "none":
        return sum(p <= alpha for p in ordered)
    if correction == "bonferroni":
        return sum(p * n_pairs <= alpha for p in ordered)
    steps = [k for k, p in enumerate(ordered, 1) if p <= alpha * k / n_pairs]
    return max(steps, default=0)


@pytest.mark.parametrize("correction", ["none", "bonferroni", "bh"])
@pytest.mark.parametrize("alpha", [0.3, 0.05, 0.001])
@pytest.mark.parametrize("strength", [0.0, 0.12, 0.2])
def test_significance_keeps_the_smallest_p_values_of_the_tree(correction, alpha, strength):
    rng = np.random.default_rng(round(1000 * strength))
    base = rng.integers(0, 3, 400)
    follows = rng.random((20, 400)) < strength * np.arange(20)[:, np.newaxis] / 10
    table = frame(np.where(follows, base, rng.integers(0, 3, (20, 400))))
    full = ms.ChowLiu().fit(table).edges_
    kept = ms.ChowLiu(alpha=alpha, correction=correction).fit(table).edges_
    n = passing(full["p_value"].tolist(), 190, alpha, correction)
    expected = full[full["p_value"].rank(method="first") <= n].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, expected)


def test_bh_counts_ranks_and_not_only_the_first():
    # Each p-value alone may fail its own step as long as a later one passes.
    rng = np.random.default_rng(8)
    base = rng.integers(0, 2, 300)
    noisy = [np.where(rng.random(300) < 0.22, base, rng.integers(0, 2, 300)) for _ in range(14)]
    table = frame([base, *noisy])
    counts = {
        rule: len(ms.ChowLiu(alpha=0.05, correction=rule).fit(table).edges_)
        for rule in ("none", "bh", "bonferroni")
    }
    assert counts["none"] >= counts["bh"] > counts["bonferroni"]


def noise_forests(n_tables: int, n_variables: int, **rule: Any) -> list[int]:
    """Edges found in independent columns, all false."""
    rng = np.random.default_rng(2024)
    return [
        len(ms.ChowLiu(**rule).fit(frame(rng.integers(0, 3, (n_variables, 150)))).edges_)
        for _ in range(n_tables)
    ]


@pytest.mark.parametrize("correction", ["bonferroni", "bh"])
def test_corrected_levels_bound_the_chance_of_any_false_edge(correction):
    n_tables, alpha = 250, 0.2
    any_false = sum(n > 0 for n in noise_forests(n_tables, 8, alpha=alpha, correction=correction))
    low, high = binom.ppf([0.001, 0.999], n_tables, alpha)
    assert any_false <= high
    # The strongest pair is always in the tree, so among independent columns the level is reached:
    # 28 nearly independent tests at alpha / 28 each.
    low = binom.ppf(0.001, n_tables, 1 - (1 - alpha / 28) ** 28)
    assert any_false >= low


def test_without_correction_each_pair_has_the_level():
    n_tables, alpha = 250, 0.02
    false = noise_forests(n_tables, 5, alpha=alpha, correction="none")
    # At most three significant pairs of five columns can be short of a tree's four edges only
    # where they close a cycle, which three of ten pairs seldom do.
    low, high = binom.ppf([0.001, 0.999], 10 * n_tables, alpha)
    assert low <= sum(false) <= high


def penalised(table: pd.DataFrame, penalty: str) -> dict[tuple[str, str], float]:
    """2 n I - c dof (Edwards, de Abreu and Labouriau 2010), from the reference."""
    cost = math.log(len(table)) if penalty == "bic" else 2.0
    return {
        (a, b): 2 * len(table) * mi - cost * (table[a].nunique() - 1) * (table[b].nunique() - 1)
        for (a, b), mi in mi_matrix(table).items()
    }


def mixed_cardinalities(rng: np.random.Generator, n_samples: int) -> pd.DataFrame:
    base = rng.integers(0, 12, n_samples)
    return pd.DataFrame(
        {
            "twelve": np.where(rng.random(n_samples) < 0.3, base, rng.integers(0, 12, n_samples)),
            "two": base % 2,
            "four": np.where(rng.random(n_samples) < 0.5, base % 4, rng.integers(0, 4, n_samples)),
            "three": rng.integers(0, 3, n_samples),
            "seven": rng.integers(0, 7, n_samples),
            "flip": np.where(rng.random(n_samples) < 0.2, base % 2, rng.integers(0, 2, n_samples)),
        }
    )


@pytest.mark.parametrize("penalty", ["bic", "aic"])
@pytest.mark.parametrize("seed", range(6))
def test_penalised_forest_has_the_largest_penalised_likelihood(penalty, seed):
    table = mixed_cardinalities(np.random.default_rng(seed), 250)
    gains = {pair: gain for pair, gain in penalised(table, penalty).items() if gain > 0}
    best, forests = reference.maximum_spanning_forests(gains, table.columns)
    forest = ms.ChowLiu(penalty=penalty).fit(table).graph_
    found = frozenset(tuple(sorted(edge)) for edge in forest.edges)
    assert found in forests
    assert math.fsum(gains[pair] for pair in found) == pytest.approx(best)


def test_penalties_differ_from_each_other_and_from_the_full_tree():
    table = mixed_cardinalities(np.random.default_rng(1), 250)
    aic, bic, full = (
        undirected(ms.ChowLiu(penalty=p).fit(table).graph_) for p in ("aic", "bic", None)
    )
    # By information alone the columns of many states attract edges that a penalty refuses.
    assert len(full) == 5 > len(aic) >= len(bic) > 0
    assert not aic <= full


# Hard columns -----------------------------------------------------------------------------------

RULES = ({}, {"alpha": 0.05}, {"alpha": 0.5, "correction": "none"}, {"penalty": "aic"})


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("names", [("0", "c", "d"), ("y", "z", "zz"), ("0", "b1", "zz")])
def test_constant_columns_get_no_edge_and_join_nothing(rule, names):
    rng = np.random.default_rng(0)
    a = rng.integers(0, 2, 300)
    table = pd.DataFrame({"a": a, "b": np.where(rng.random(300) < 0.8, a, 1 - a), "e": a[::-1]})
    without = ms.ChowLiu(**rule).fit(table)
    for k, name in enumerate(names):
        table.insert(k, name, 7)
    forest = ms.ChowLiu(**rule).fit(table)
    assert list(forest.graph_) == list(table)
    assert all(forest.graph_.degree[name] == 0 for name in names)
    assert undirected(forest.graph_) == undirected(without.graph_)


@pytest.mark.parametrize("correction", ["bonferroni", "bh"])
def test_constant_columns_do_not_count_as_tested(correction):
    rng = np.random.default_rng(1)
    base = rng.integers(0, 2, 200)
    flipped = np.where(rng.random(200) < 0.3, base, 1 - base)
    table = frame([base, flipped, *rng.integers(0, 2, (3, 200))])
    p_value = ms.ChowLiu().fit(table).edges_["p_value"].min()
    table[[f"k{i}" for i in range(50)]] = 1
    # Ten pairs vary, so alpha = 10 p is the level that the strongest just reaches.
    for factor, n_edges in ((10.001, 1), (9.999, 0)):
        learner = ms.ChowLiu(alpha=factor * p_value, correction=correction)
        assert len(learner.fit(table).edges_) == n_edges


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_all_columns_constant(rule):
    graph = ms.ChowLiu(**rule).fit(pd.DataFrame({"a": [1, 1], "b": ["x", "x"]})).graph_
    assert list(graph) == ["a", "b"]
    assert graph.number_of_edges() == 0


def test_exactly_independent_columns_still_make_a_full_tree():
    codes = np.array([[r >> bit & 1 for r in range(16)] for bit in range(4)])
    edges = ms.ChowLiu().fit(frame(codes)).edges_
    assert len(edges) == 3
    assert edges["mi"].abs().max() < 1e-12
    assert ms.ChowLiu(penalty="aic").fit(frame(codes)).edges_.empty


def test_duplicated_columns_hang_together():
    table, edges = sample_tree(np.random.default_rng(5), 8, 2000)
    for name in list(table):
        table[f"{name} again"] = table[name]
    tree = ms.ChowLiu().fit(table).graph_
    assert nx.is_tree(tree)
    copies = {frozenset((name, f"{name} again")) for name in table if "again" not in name}
    assert copies <= undirected(tree)
    merged = {frozenset(name.removesuffix(" again") for name in e) for e in undirected(tree)}
    assert {e for e in merged if len(e) == 2} == edges


# Invariance -------------------------------------------------------------------------------------


def hard_table() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    table, _ = sample_tree(rng, 25, 120, 4)
    table["copy"] = table["v3"]
    table["constant"] = "x"
    table["sparse"] = rng.integers(0, 15, 120)
    return table


@pytest.mark.parametrize("rule", [*RULES, {"alpha": 0.1, "correction": "bh"}], ids=str)
def test_order_of_columns_and_rows_changes_nothing(rule):
    table = hard_table()
    rng = np.random.default_rng(0)
    expected = ms.ChowLiu(**rule).fit(table).edges_
    for _ in range(3):
        shuffled = table[list(rng.permutation(table.columns))]
        found = ms.ChowLiu(**rule).fit(shuffled)
        pd.testing.assert_frame_equal(found.edges_, expected, check_exact=True)
        assert list(found.graph_) == list(shuffled)
    for _ in range(3):
        rows = table.iloc[rng.permutation(len(table))]
        found = ms.ChowLiu(**rule).fit(rows).edges_
        pd.testing.assert_frame_equal(found, expected, check_exact=True)


@pytest.mark.parametrize("threads", ["1", "2", "3"])
def test_number_of_threads_changes_nothing(threads, monkeypatch):
    expected = ms.ChowLiu(alpha=0.05).fit(hard_table()).edges_
    monkeypatch.setenv("MISTRUCT_NUM_THREADS", threads)
    found = ms.ChowLiu(alpha=0.05).fit(hard_table()).edges_
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_hash_seed_changes_nothing():
    program = (
        "import mistruct as ms\n"
        "from tests.structure.trees.test_chow_liu import hard_table\n"
        "learner = ms.ChowLiu(alpha=0.05).fit(hard_table())\n"
        "print(list(learner.graph_), learner.graph_.edges(data=True))"
    )
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": root},
            cwd=root,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert "v3" in outputs.pop()


# Missing entries --------------------------------------------------------------------------------


def with_gaps(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return table.astype("Int64").mask(rng.random(table.shape) < 0.2)


def complete_pair(table: pd.DataFrame, a: str, b: str) -> tuple[list[int], list[int]]:
    rows = table[[a, b]].dropna()
    return rows[a].tolist(), rows[b].tolist()


@given(categorical_columns(n_columns=4, n_rows=30, n_states=3, kinds=KINDS[:1]), st.integers(0, 9))
@settings(max_examples=20, deadline=None)
def test_each_pair_uses_the_rows_complete_for_it(codes, seed):
    table = with_gaps(frame(codes), seed)
    tree = ms.ChowLiu().fit(discrete(table, missing="testwise"))
    pairs = {(a, b): complete_pair(table, a, b) for a, b in mi_matrix(frame(codes))}
    weights = {pair: reference.mutual_information(x, y) for pair, (x, y) in pairs.items()}
    best, _ = reference.maximum_spanning_forests(weights, table.columns)
    assert tree.edges_["mi"].sum() == pytest.approx(best, abs=PERFECT)
    for row in tree.edges_.itertuples():
        assert row.n_samples == len(pairs[row.source, row.target][0])


@pytest.mark.parametrize("penalty", ["bic", "aic"])
def test_penalty_weighs_each_pair_by_its_own_rows(penalty):
    table = with_gaps(mixed_cardinalities(np.random.default_rng(3), 400), 0)
    cost = math.log(400) if penalty == "bic" else 2.0
    gains = {}
    for a, b in mi_matrix(table.fillna(0)):
        x, y = complete_pair(table, a, b)
        dof = (table[a].nunique() - 1) * (table[b].nunique() - 1)
        gains[a, b] = 2 * len(x) * reference.mutual_information(x, y) - cost * dof
    positive = {pair: gain for pair, gain in gains.items() if gain > 0}
    _, forests = reference.maximum_spanning_forests(positive, table.columns)
    found = ms.ChowLiu(penalty=penalty).fit(discrete(table, missing="testwise")).edges_
    assert frozenset(zip(found["source"], found["target"], strict=True)) in forests


# Parameters -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"alpha": 0}, "alpha must be a number between 0 and 1, got 0"),
        ({"alpha": 1.0}, r"alpha must be a number between 0 and 1, got 1\.0"),
        ({"alpha": "0.05"}, r"alpha must be a number between 0 and 1, got '0\.05'"),
        ({"alpha": True}, "alpha must be a number between 0 and 1, got True"),
        ({"alpha": math.nan}, "alpha must be a number between 0 and 1, got nan"),
        (
            {"correction": "holm"},
            "correction must be one of 'bh', 'bonferroni', 'none', got 'holm'",
        ),
        ({"correction": None}, "correction must be one of .* got None"),
        ({"penalty": "mdl"}, "penalty must be one of None, 'bic', 'aic', got 'mdl'"),
        (
            {"alpha": 0.05, "penalty": "bic"},
            r"two rules for one thing; got alpha=0\.05 and penalty='bic'",
        ),
        ({"estimator": "plugin"}, "estimator must be one of .* got 'plugin'; did you mean 'plug-"),
        ({"estimator": 3}, r"estimator must be a name or an estimator such as PlugIn\(\), got 3"),
        (
            {"test": "chi2"},
            "test must be one of 'auto', 'g', 'copula', 'knn', 'hybrid', got 'chi2'",
        ),
        ({"test": 3}, r"test must be a name or a test such as GTest\(\), got 3"),
    ],
    ids=str,
)
def test_bad_parameters_are_refused_at_fit(parameters, message):
    learner = ms.ChowLiu(**parameters)
    with pytest.raises(ms.ParameterError, match=message):
        learner.fit(pd.DataFrame({"a": [0, 1], "b": [1, 0]}))


def test_estimator_and_test_are_used():
    table = mixed_cardinalities(np.random.default_rng(2), 60)
    tree = ms.ChowLiu(estimator="james-stein", test=ms.GTest(n_permutations=199, seed=5))
    edges = tree.fit(table).edges_
    for row in edges.itertuples():
        x, y = table[row.source], table[row.target]
        assert row.mi == pytest.approx(reference.mutual_information(x, y, "james-stein"))
        test = ms.GTest(n_permutations=199, seed=5)
        assert row.p_value == ms.independence_test(table, row.source, row.target, test=test).p_value


# Kinds ------------------------------------------------------------------------------------------


def two_kinds(rng: np.random.Generator, n_samples: int) -> pd.DataFrame:
    """A tree of both kinds: sex - dose, dose - level - age, level - score, site - sex.

    Every column follows one neighbour and adds noise of its own, so that any path is weaker than
    each of its edges; age is a curved function, and dose has few states.
    """
    sex = rng.integers(0, 2, n_samples)
    dose = np.where(rng.random(n_samples) < 0.7, 2 * sex, rng.integers(0, 3, n_samples))
    level = dose + rng.normal(0, 0.7, n_samples)
    site = np.where(rng.random(n_samples) < 0.8, sex, 1 - sex)
    return pd.DataFrame(
        {
            "level": level,
            "sex": np.array(["f", "m"])[sex],
            "age": np.exp(level + rng.normal(0, 0.7, n_samples)),
            "dose": dose,
            "site": np.array(["here", "there"])[site],
            "score": -level + rng.normal(0, 0.7, n_samples),
            "noise": rng.normal(size=n_samples),
            "coin": rng.integers(0, 2, n_samples),
        }
    )


OF_TWO_KINDS = {
    frozenset(e)
    for e in [
        ("sex", "dose"), ("dose", "level"), ("level", "age"), ("level", "score"), ("site", "sex"),
    ]
}  # fmt: skip


def copula_or_counts(table: pd.DataFrame, a: str, b: str, corrected: bool = True) -> float:
    """The information that `auto` weighs a pair by: the copula's where one is continuous."""
    discrete_ones = {"sex", "dose", "site", "coin"}
    if {a, b} <= discrete_ones:
        correction = "miller-madow" if corrected else "plug-in"
        return reference.mutual_information(table[a].tolist(), table[b].tolist(), correction)
    x, y = (
        reference_continuous.indicators(table[c].tolist())
        if c in discrete_ones
        else reference_continuous.normal_scores(table[c].to_numpy())
        for c in (a, b)
    )
    return reference_continuous.gaussian_information(x, y, bias_correction=corrected)


@pytest.mark.parametrize("rule", [{"alpha": 0.001}, {"penalty": "bic"}], ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_recovers_a_tree_of_both_kinds(rule, seed):
    table = two_kinds(np.random.default_rng(seed), 1500)
    learner = ms.ChowLiu(**rule).fit(table)
    assert undirected(learner.graph_) == OF_TWO_KINDS
    assert list(learner.graph_) == list(table)
    counts = "plug-in" if "penalty" in rule else "miller-madow"
    assert learner.estimator_.name == f"auto ({counts}, copula)"
    assert learner.test_ == ms.AutoTest()


def test_edges_between_kinds_weigh_what_their_test_rests_on():
    table = two_kinds(np.random.default_rng(3), 120)
    pairs = list(itertools.combinations(sorted(table), 2))
    weights = {(a, b): copula_or_counts(table, a, b) for a, b in pairs}
    learner = ms.ChowLiu().fit(table)
    assert undirected(learner.graph_) == undirected(maximum_tree(weights))
    for row in learner.edges_.itertuples():
        assert row.mi == pytest.approx(weights[row.source, row.target], abs=1e-9)
        alone = ms.independence_test(table, row.source, row.target)
        assert (row.p_value, row.n_samples) == (alone.p_value, 120)


@pytest.mark.parametrize("penalty", ["bic", "aic"])
def test_a_continuous_column_costs_one_parameter(penalty):
    # 2 n I - c dof of the likelihood as it is, where a discrete column costs its states less one.
    table = two_kinds(np.random.default_rng(12), 80)
    cost = math.log(80) if penalty == "bic" else 2.0
    dof = {"sex": 1, "dose": 2, "site": 1, "coin": 1}
    gains = {
        (a, b): 160 * copula_or_counts(table, a, b, corrected=False)
        - cost * dof.get(a, 1) * dof.get(b, 1)
        for a, b in itertools.combinations(sorted(table), 2)
    }
    positive = {pair: gain for pair, gain in gains.items() if gain > 0}
    best, forests = reference.maximum_spanning_forests(positive, table.columns)
    found = ms.ChowLiu(penalty=penalty).fit(table).edges_
    pairs = frozenset(zip(found["source"], found["target"], strict=True))
    assert pairs in forests
    assert 0 < len(pairs) < 7  # not the full tree
    assert math.fsum(gains[pair] for pair in pairs) == pytest.approx(best)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_order_and_threads_change_nothing_for_both_kinds(rule, monkeypatch):
    table = two_kinds(np.random.default_rng(5), 100)
    expected = ms.ChowLiu(**rule).fit(table).edges_
    rng = np.random.default_rng(0)
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("MISTRUCT_NUM_THREADS", threads)
        shuffled = table[list(rng.permutation(table.columns))].iloc[rng.permutation(100)]
        found = ms.ChowLiu(**rule).fit(shuffled).edges_
        exact = ["source", "target", "n_samples"]
        pd.testing.assert_frame_equal(found[exact], expected[exact])
        pd.testing.assert_frame_equal(found, expected, rtol=1e-9)


def test_each_pair_of_both_kinds_uses_the_rows_complete_for_it():
    table = two_kinds(np.random.default_rng(6), 300).astype(object)
    table = table.mask(np.random.default_rng(7).random(table.shape) < 0.15, None)
    continuous = ("level", "age", "score", "noise")
    kinds = {c: "continuous" if c in continuous else "discrete" for c in table}
    data = ms.as_dataset(table, kinds=kinds, missing="testwise")
    weights = {}
    for a, b in itertools.combinations(sorted(table), 2):
        rows = table[[a, b]].dropna().infer_objects()
        weights[a, b] = copula_or_counts(rows, a, b)
    learner = ms.ChowLiu().fit(data)
    assert undirected(learner.graph_) == undirected(maximum_tree(weights))
    for row in learner.edges_.itertuples():
        assert row.n_samples == len(table[[row.source, row.target]].dropna())
        assert row.mi == pytest.approx(weights[row.source, row.target], abs=1e-9)


def test_monotone_transforms_change_no_edge():
    table = two_kinds(np.random.default_rng(8), 200)
    expected = ms.ChowLiu(alpha=0.01).fit(table).edges_
    turned = table.assign(age=np.log(table["age"]), level=1e3 * table["level"])
    pd.testing.assert_frame_equal(ms.ChowLiu(alpha=0.01).fit(turned).edges_, expected)
    turned = table.assign(score=-(table["score"] ** 3))
    pd.testing.assert_frame_equal(ms.ChowLiu(alpha=0.01).fit(turned).edges_, expected)


def test_a_continuous_column_that_does_not_vary_gets_no_edge():
    table = two_kinds(np.random.default_rng(9), 1000)
    flat = table.assign(flat=2.5)
    data = ms.as_dataset(flat, kinds={"flat": "continuous"})
    for rule in ({"alpha": 0.01}, {"penalty": "bic"}, {}):
        graph = ms.ChowLiu(**rule).fit(data).graph_
        assert graph.degree["flat"] == 0
        assert undirected(graph) == undirected(ms.ChowLiu(**rule).fit(table).graph_)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"test": "g"}, r"needs discrete columns, but 2 of 3 are continuous \('a', 'c'\); bin"),
        (
            {"estimator": "plug-in"},
            r"^estimator 'plug-in' needs discrete columns, but 2 of 3 are continuous \('a', 'c'\)",
        ),
        ({"estimator": "ksg"}, r"^estimator 'ksg' takes continuous columns, but discrete: 'b'; "),
    ],
    ids=str,
)
def test_what_takes_one_kind_refuses_the_other_with_what_to_do(parameters, message):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"c": rng.random(30), "b": rng.integers(0, 2, 30), "a": rng.random(30)})
    with pytest.raises(ms.DataError, match=message):
        ms.ChowLiu(**parameters).fit(table)
    # Binned beforehand, as the message says, or of one kind, the same parameters are fine.
    fit = table[["a", "c"]] if parameters == {"estimator": "ksg"} else ms.discretize(table)
    assert ms.ChowLiu(**parameters).fit(fit).graph_.number_of_edges() > 0
