"""What PC leaves behind: tables, words, other levels, errors."""

from __future__ import annotations

import json
import pickle
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
from tests.structure.sampled_networks import sample_network, undirected

QUICK = ms.GTest(n_permutations=99)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return sample_network("insurance", 400, seed=3)


@pytest.fixture(scope="module")
def learned(table: pd.DataFrame) -> ms.PC:
    return ms.PC(0.05, QUICK, max_conditioning=2).fit(table)


def test_every_pair_is_an_edge_or_a_separation(learned: ms.PC, table: pd.DataFrame) -> None:
    edges, separations = learned.edges_, learned.separations_
    assert list(edges)[:5] == ["source", "target", "mi", "p_value", "n_samples"]
    pairs = [
        frozenset(p)
        for frame in (edges, separations)
        for p in zip(frame["source"], frame["target"], strict=True)
    ]
    n = table.shape[1]
    assert len(pairs) == len(set(pairs)) == n * (n - 1) // 2
    assert undirected(learned.graph_) == undirected(learned.skeleton_) == set(pairs[: len(edges)])


def test_evidence_can_be_tested_again(learned: ms.PC, table: pd.DataFrame) -> None:
    data = ms.as_dataset(table)
    for row in learned.edges_.itertuples():
        again = ms.independence_test(data, row.source, row.target, row.separating_set, test=QUICK)
        assert (again.p_value, again.n_samples, again.mi) == (row.p_value, row.n_samples, row.cmi)
        assert again.p_value <= 0.05
        alone = ms.independence_test(data, row.source, row.target, test=QUICK)
        assert alone.mi == row.mi
        assert alone.p_value <= row.p_value
    assert (learned.edges_.mi.diff().dropna() <= 0).all()
    for row in learned.separations_.itertuples():
        again = ms.independence_test(data, row.source, row.target, row.separating_set, test=QUICK)
        assert len(row.separating_set) == row.depth
        if row.rule == "independent":
            assert (again.p_value, again.method) == (row.p_value, row.method)
            assert again.p_value > 0.05
        else:
            assert row.rule == "determined"
            assert not again.testable
        pair = frozenset((row.source, row.target))
        assert learned.separating_sets_[pair] == row.separating_set


def test_arcs_carry_the_evidence_and_undirected_edges_carry_it_twice(learned: ms.PC) -> None:
    keys = ["mi", "p_value", "n_samples", "orientation", "n_tests"]
    n_arcs = 0
    for row in learned.edges_.to_dict("records"):
        ways = [(row["source"], row["target"])]
        if row["orientation"] != "directed":
            ways.append(ways[0][::-1])
        for way in ways:
            assert learned.graph_.edges[way] == {k: row[k] for k in keys}
        n_arcs += len(ways)
    assert learned.graph_.number_of_edges() == n_arcs


def test_the_graph_says_what_made_it_and_survives_json(learned: ms.PC) -> None:
    graph = learned.graph_
    assert graph.graph["algorithm"] == "pc"
    assert set(graph.graph["parameters"]) == set(learned.get_params())
    assert graph.graph["seed"] == 0
    restored = nx.node_link_graph(
        json.loads(json.dumps(nx.node_link_data(graph, edges="e"))), edges="e"
    )
    assert restored.graph == graph.graph
    assert list(restored.edges(data=True)) == list(graph.edges(data=True))
    again = pickle.loads(pickle.dumps(learned))
    pd.testing.assert_frame_equal(again.separations_, learned.separations_)


def test_a_model_can_be_fitted(learned: ms.PC, table: pd.DataFrame) -> None:
    model = ms.to_bayesian_network(learned.dag_, table[list(learned.dag_)])
    assert set(model.edges) == set(learned.dag_.edges)
    arrows = {(u, v) for u, v in learned.graph_.edges if not learned.graph_.has_edge(v, u)}
    assert arrows <= set(learned.dag_.edges)


def test_words() -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 2, 1000)
    table = pd.DataFrame({v: a ^ (rng.random(1000) < 0.2) for v in ("b", "c")} | {"a": a})
    learned = ms.PC(0.001).fit(table)
    (removed,) = learned.separations_.itertuples()
    assert learned.why("c", "b") == learned.why("b", "c")
    assert learned.why("b", "c") == (
        "'b' and 'c' are not adjacent: removed at depth 1: independent given a, "
        f"p = {removed.p_value:.2g}"
    )
    assert learned.why("a", "b").startswith("'a' is adjacent to 'b': the largest p-value of 2 ")
    with pytest.raises(ms.ParameterError, match="there is no column 'd'"):
        learned.why("a", "d")
    with pytest.raises(ms.ParameterError, match="must be two columns, got 'a' twice"):
        learned.why("a", "a")
    with pytest.raises(AttributeError):
        _ = ms.PC().separations_


# Other levels -----------------------------------------------------------------------------------


def random_test(seed: int, share: float) -> Callable[..., float]:
    def p_value(data: pd.DataFrame, x: str, y: str, z: tuple[str, ...]) -> float:
        key = [seed, *(int(v[1:]) + 1 for v in (x, y)), 0, *(int(v[1:]) + 1 for v in z)]
        return float(np.random.default_rng(key).random() ** (2 + 2 * len(z)) * share)

    return p_value


@given(st.integers(0, 10**6), st.sampled_from([0.2, 0.5]), st.sampled_from([0.05, 0.09, 0.01]))
@settings(max_examples=80)
def test_a_smaller_level_is_a_new_fit_or_refused(seed: int, share: float, alpha: float) -> None:
    table = pd.DataFrame({f"v{i}": [0, 1] for i in range(6)})
    learner = ms.PC(0.1, random_test(seed, share), orientation="standard")
    fitted = clone(learner).fit(table)
    try:
        found = fitted.threshold(alpha)
    except ms.ParameterError as error:
        assert "needs new tests" in str(error)
        return
    again = clone(learner).set_params(alpha=alpha).fit(table)
    assert undirected(found) == undirected(again.skeleton_)
    assert list(found) == list(table)


def test_levels(learned: ms.PC, table: pd.DataFrame) -> None:
    same = learned.threshold(0.05)
    assert undirected(same) == undirected(learned.skeleton_)
    with pytest.raises(ms.ParameterError, match=r"at most that of the fit, 0.05, got 0.1"):
        learned.threshold(0.1)
    with pytest.raises(ms.ParameterError, match="alpha must be a number between 0 and 1"):
        learned.threshold(0)
    chosen = ms.PC(0.05, QUICK, max_conditioning=1, fdr=0.01).fit(table)
    with pytest.raises(ms.ParameterError, match="chose its edges by fdr"):
        chosen.threshold(0.01)


def test_a_level_that_tests_are_missing_for_is_refused() -> None:
    """a - b is separated by c, which at the smaller level is no neighbour of either."""
    p_values = {("a", "b", "c"): 0.5, ("a", "c", ""): 0.03, ("b", "c", ""): 0.03}

    def test(data: pd.DataFrame, x: str, y: str, z: tuple[str, ...]) -> float:
        return p_values.get((x, y, "".join(z)), 1e-9)

    learned = ms.PC(0.05, test).fit(pd.DataFrame({v: [0, 1] for v in "abc"}))
    assert undirected(learned.skeleton_) == {frozenset("ac"), frozenset("bc")}
    with pytest.raises(ms.ParameterError, match=r"alpha=0.01 needs new tests: 'a' and 'b' .*'c'"):
        learned.threshold(0.01)


def test_false_discovery_rate(table: pd.DataFrame) -> None:
    plain = ms.PC(0.05, QUICK, max_conditioning=1).fit(table)
    strict = ms.PC(0.05, QUICK, max_conditioning=1, fdr=0.001).fit(table)
    m = table.shape[1] * (table.shape[1] - 1) // 2
    # Benjamini and Hochberg by hand: the largest k with p_(k) <= k q / m.
    p = sorted(plain.edges_.p_value)
    k = max((i for i, v in enumerate(p, start=1) if v <= 0.001 * i / m), default=0)
    assert 0 < k < len(p)
    assert sorted(strict.edges_.p_value) == p[:k]
    assert (strict.separations_.rule == "fdr").sum() == len(p) - k
    weak = next(strict.separations_[strict.separations_.rule == "fdr"].itertuples())
    assert "false discovery rate" in strict.why(weak.source, weak.target)


# Bad input --------------------------------------------------------------------------------------

PAIR = pd.DataFrame({"a": [0, 1, 0, 1], "b": [0, 1, 1, 0], "c": [0, 1, 1, 1]})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"alpha": 0}, "alpha must be a number between 0 and 1, got 0"),
        ({"alpha": 1.0}, "alpha must be a number between 0 and 1, got 1.0"),
        ({"fdr": 2}, "fdr must be a number between 0 and 1, got 2"),
        ({"max_conditioning": -1}, "max_conditioning must be a whole number of at least 0"),
        ({"orientation": "vote"}, "orientation must be one of 'majority'"),
        ({"determinism": "textbok"}, "determinism must be one of .*did you mean 'textbook'"),
        ({"test": "chi"}, "test must be one of"),
        ({"test": ms.GTest}, "test must be a name or a test such as"),
        ({"test": 3}, "test must be a name or a test such as"),
    ],
)
def test_parameters(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ms.ParameterError, match=message):
        ms.PC(**parameters).fit(PAIR)


def test_a_function_that_fails_is_named_with_what_it_was_asked() -> None:
    def careless(data: pd.DataFrame, x: str, y: str, z: tuple[str, ...]) -> float:
        return 1 / len(set(z) - {"c"}) if z else 0.001

    with pytest.raises(ms.DataError, match=r"'careless', asked for 'a' and 'b' given \['c'\], fa"):
        ms.PC(test=careless).fit(PAIR)


@pytest.mark.parametrize("wrong", [np.nan, -0.1, 1.5, None, "0.5", True])
def test_a_function_that_returns_no_p_value(wrong: Any) -> None:
    with pytest.raises(ms.DataError, match=r"asked for 'a' and 'b' given \[\], must return a p-va"):
        ms.PC(test=lambda data, x, y, z: wrong).fit(PAIR)


def test_a_function_sees_the_table_in_names() -> None:
    asked = []

    def look(data: pd.DataFrame, x: str, y: str, z: tuple[str, ...]) -> float:
        assert list(data) == ["a", "b", "c"]
        asked.append((x, y, z))
        return 0.0

    learned = ms.PC(test=look, orientation="standard").fit(PAIR[["c", "a", "b"]])
    assert all(x < y and tuple(sorted(z)) == z for x, y, z in asked)
    assert len(asked) == len(set(asked)) == 6
    assert repr(learned.test_) == "CallableTest(look)"
    assert learned.edges_.mi.isna().all()


def test_a_test_without_a_search_gets_a_loop() -> None:
    class Plain(ms.IndependenceTest):
        def test_pairs(self, data: Any, pairs: Any, given: Any = ()) -> Any:
            return QUICK.test_pairs(data, pairs, given)

    table = sample_network("survey", 500, seed=1)
    one, other = ms.PC(0.05, Plain()).fit(table), ms.PC(0.05, QUICK).fit(table)
    pd.testing.assert_frame_equal(one.edges_, other.edges_)


def test_missing_entries_testwise() -> None:
    table = sample_network("survey", 800, seed=1).astype("Int64")
    table = table.mask(np.random.default_rng(0).random(table.shape) < 0.05)
    learned = ms.PC(0.05, QUICK).fit(ms.as_dataset(table, missing="testwise"))
    assert (learned.edges_.n_samples < 800).all()
