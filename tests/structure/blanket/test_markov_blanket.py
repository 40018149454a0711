"""The Markov blanket: exact with an oracle, the reference's with data, independent of order."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

import mistruct as ms
from mistruct.structure.blanket.neighbourhood import Rule, find_neighbourhood
from tests import reference_pc as reference
from tests.structure.sampled_networks import network, sample_network

QUICK = ms.GTest(sparse="chi-square")


def columns_of(graph: nx.DiGraph) -> pd.DataFrame:
    return pd.DataFrame({v: [0, 1] for v in graph})


def blanket_of(dag: nx.DiGraph, target: str) -> set[str]:
    """By definition: parents, children and the other parents of children."""
    children = set(dag.succ[target])
    return (
        set(dag.pred[target]) | children | {p for c in children for p in dag.pred[c]} - {target}
    ) - {target}


def directed(arcs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return {(a, b) for a, b in arcs if (b, a) not in arcs}


def check_against(dag: nx.DiGraph, target: str) -> None:
    """Blanket and edges are exact, and every arrow is one of the CPDAG."""
    table = columns_of(dag)
    learned = ms.MarkovBlanket(
        target, test=ms.DSeparation(dag), max_conditioning=None, max_pairs=0
    ).fit(table)
    true = blanket_of(dag, target)
    assert set(learned.blanket_) == true
    assert set(learned.graph_) == true | {target}
    members = learned.members_.set_index("column")
    assert set(members.index[members["role"] == "neighbour"]) == set(dag.pred[target]) | set(
        dag.succ[target]
    )
    for spouse in members.index[members["role"] == "spouse"]:
        child = members.loc[spouse, "through"]
        assert dag.has_edge(target, child)
        assert dag.has_edge(spouse, child)
    inside = {arc for arc in reference.cpdag_by_rules(dag) if set(arc) <= true | {target}}
    arcs = set(learned.graph_.edges)
    assert {frozenset(a) for a in arcs} == {frozenset(a) for a in inside}
    assert directed(arcs) <= directed(inside)


# With an oracle ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["asia", "survey", "sachs"])
def test_the_oracle_gives_the_exact_blanket_of_a_network(name: str) -> None:
    dag = nx.DiGraph(network(name).edges)
    for target in dag:
        check_against(dag, target)


@given(st.integers(0, 10**6), st.integers(2, 8), st.sampled_from([0.2, 0.35, 0.5, 0.8]))
@settings(max_examples=60, deadline=None)
def test_the_oracle_gives_the_exact_blanket(seed: int, n: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    dag = nx.DiGraph()
    names = [f"v{k}" for k in rng.permutation(n)]
    dag.add_nodes_from(names)
    dag.add_edges_from(
        (a, b) for i, a in enumerate(names) for b in names[:i] if rng.random() < share
    )
    check_against(dag, names[0])


def test_v_structures_tell_directions() -> None:
    dag = nx.DiGraph([("a", "t"), ("b", "t"), ("t", "c"), ("s", "c"), ("c", "far")])
    learned = ms.MarkovBlanket("t", test=ms.DSeparation(dag)).fit(columns_of(dag))
    assert sorted(learned.graph_.edges) == [("a", "t"), ("b", "t"), ("s", "c"), ("t", "c")]
    assert list(learned.dag_.edges) == list(learned.graph_.edges)
    assert learned.why("s").startswith("'t' and 's' are not adjacent: removed at depth 0")
    assert "in the blanket as a parent of 'c': dependent given c" in learned.why("s")
    assert learned.why("far") == (
        "'t' and 'far' are not adjacent: removed at depth 1: independent given c, p = 1"
    )
    assert learned.why("a").startswith("'a' points to 't': the largest p-value of")


# With data --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["asia", "sachs"])
def test_neighbourhoods_are_those_of_the_reference(name: str) -> None:
    table = sample_network(name, 2000, 0).astype("category")
    data = ms.as_dataset(table)

    def ask(x: str, y: str, z: tuple[str, ...]) -> tuple[float, float]:
        found = ms.independence_test(data, *sorted((x, y)), given=z, test=QUICK)
        if not found.testable:
            return 0.0, np.inf
        return found.p_value, found.mi - found.dof / (2 * found.n_samples)

    for k, centre in enumerate(data.names):
        expected = reference.neighbourhood(data.names, centre, ask, 0.01, 2)
        found = find_neighbourhood(data, Rule(QUICK, 0.01, "none", 2), k)
        assert [data.names[m] for m in found.members] == expected


def test_false_members_are_as_rare_as_alpha_says() -> None:
    """Of 60 tables of independent columns, 4 or more with a member have probability .003."""
    n_found = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        table = pd.DataFrame(rng.normal(size=(100, 200))).add_prefix("v")
        n_found += len(ms.MarkovBlanket("v0", max_pairs=0).fit(table).blanket_) > 0
    assert n_found <= 3


def linear(n: int = 800, seed: int = 0) -> pd.DataFrame:
    """a, b -> t -> c <- s, with t the sign of a noisy sum; z -> a, and columns of noise."""
    rng = np.random.default_rng(seed)
    z, b, s = rng.normal(size=(3, n))
    a = z + rng.normal(size=n)
    t = a + b + 0.5 * rng.normal(size=n) > 0
    c = 2 * t + s + 0.5 * rng.normal(size=n)
    table = pd.DataFrame({"a": a, "b": b, "c": c, "s": s, "z": z, "t": t})
    return table.assign(**{f"noise{k}": rng.normal(size=n) for k in range(10)})


def test_mixed_columns() -> None:
    learned = ms.MarkovBlanket("t").fit(linear())
    roles = dict(zip(learned.members_["column"], learned.members_["role"], strict=True))
    assert roles == {"a": "neighbour", "b": "neighbour", "c": "neighbour", "s": "spouse"}
    assert {("a", "t"), ("b", "t"), ("s", "c"), ("t", "c")} == directed(set(learned.graph_.edges))
    assert set(learned.separations_["target"]) == {"z", "s", *(f"noise{k}" for k in range(10))}
    assert list(learned.edges_.columns[:5]) == ["source", "target", "mi", "p_value", "n_samples"]


def test_order_of_columns_and_threads_make_no_difference(monkeypatch: Any) -> None:
    table = linear()
    learned = ms.MarkovBlanket("t").fit(table)
    monkeypatch.setenv("MISTRUCT_NUM_THREADS", "1")
    other = clone(learned).fit(table[table.columns[::-1]])
    pd.testing.assert_frame_equal(learned.edges_, other.edges_)
    pd.testing.assert_frame_equal(learned.members_, other.members_)
    pd.testing.assert_frame_equal(learned.separations_, other.separations_)


def test_missing_entries_are_left_out_test_by_test() -> None:
    table = linear(2000)
    table.loc[::7, "a"] = np.nan
    learned = ms.MarkovBlanket("t").fit(ms.as_dataset(table, missing="testwise"))
    assert set(learned.blanket_) == {"a", "b", "c", "s"}
    n_samples = learned.members_.set_index("column")["n_samples"]
    assert n_samples["a"] == 2000 - len(range(0, 2000, 7))


def test_a_parity_is_found_in_pairs() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.integers(0, 2, (600, 8)), columns=list("abcdefgh"))
    table["t"] = table["b"] ^ table["g"]
    learned = ms.MarkovBlanket("t").fit(table)
    assert learned.members_[["column", "role", "through"]].to_numpy().tolist() == [
        ["b", "interaction", "g"], ["g", "interaction", "b"],
    ]  # fmt: skip
    # All of the target's information: log 2 less nothing.
    np.testing.assert_allclose(learned.members_["cmi"], np.log(2), atol=0.01)
    assert "tells about 't' only together with 'g'" in learned.why("b")
    assert set(learned.graph_.edges) == {("b", "t"), ("t", "b"), ("g", "t"), ("t", "g")}
    assert ms.MarkovBlanket("t", max_pairs=27).fit(table).blanket_ == []  # of 8 columns: 28


def test_copies_and_constants() -> None:
    table = linear().assign(twin=lambda t: t["a"], flat=1.0)
    learned = ms.MarkovBlanket("t").fit(table)
    assert {"a", "twin", "b", "c"} <= set(learned.blanket_)
    assert learned.why("flat").endswith(
        "one of the two does not vary, or too few rows are known of both"
    )


def test_a_function_may_test() -> None:
    dag = nx.DiGraph([("a", "t"), ("b", "t"), ("b", "far")])

    def ask(data: pd.DataFrame, x: str, y: str, z: tuple[str, ...]) -> float:
        return float(nx.is_d_separator(dag, {x}, {y}, set(z)))

    assert set(ms.MarkovBlanket("t", test=ask).fit(columns_of(dag)).blanket_) == {"a", "b"}


def test_the_blanket_becomes_a_model() -> None:
    table = sample_network("asia", 5000, 0).astype("category")
    learned = ms.MarkovBlanket("either", test=QUICK).fit(table)
    model = ms.to_bayesian_network(learned.dag_, table[list(learned.dag_)])
    assert model.check_model()
    assert set(model.nodes) == {"either", *learned.blanket_}


# Bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"target": "tt"}, "target: there is no column 'tt'"),
        ({"alpha": 1.5}, "alpha must be a number between 0 and 1"),
        ({"correction": "fdr"}, "correction must be one of"),
        ({"max_conditioning": -1}, "max_conditioning must be"),
        ({"max_pairs": -1}, "max_pairs must be"),
        ({"test": "chi"}, "test must be one of"),
    ],
)
def test_parameters_that_break_a_rule(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ms.ParameterError, match=message):
        ms.MarkovBlanket(**{"target": "t", **parameters}).fit(linear(50))


def test_a_constant_target_is_refused() -> None:
    with pytest.raises(ms.DataError, match="target 't' is constant"):
        ms.MarkovBlanket("t").fit(linear(50).assign(t=True))


def test_why_asks_for_a_column() -> None:
    learned = ms.MarkovBlanket("t").fit(linear(200))
    with pytest.raises(ms.ParameterError, match="there is no column 'aa'"):
        learned.why("aa")
    with pytest.raises(ms.ParameterError, match="'t' twice"):
        learned.why("t")
