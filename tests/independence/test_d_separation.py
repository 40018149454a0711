"""The oracle against networkx, and what it refuses."""

from __future__ import annotations

import itertools
import pickle

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mistruct as ms
from mistruct.independence.protocol import Ragged
from tests.reference_pc import random_dag


def table_of(graph: nx.DiGraph) -> ms.Dataset:
    return ms.as_dataset(pd.DataFrame({v: [0, 1] for v in graph}))


@given(st.integers(0, 10**6), st.integers(2, 7), st.sampled_from([0.2, 0.4, 0.7]))
def test_every_answer_is_that_of_networkx(seed: int, n_nodes: int, share: float) -> None:
    dag = random_dag(np.random.default_rng(seed), n_nodes, share)
    data = table_of(dag)
    names = data.names
    oracle = ms.DSeparation(dag)
    pairs = np.array(list(itertools.permutations(range(n_nodes), 2)))
    for size in range(n_nodes - 1):
        for z in itertools.combinations(range(n_nodes), size):
            free = pairs[~np.isin(pairs, z).any(axis=1)]
            found = oracle.test_pairs(data, free, z)
            expected = [
                nx.is_d_separator(dag, {names[x]}, {names[y]}, {names[c] for c in z})
                for x, y in free
            ]
            assert found.p_value.tolist() == [float(e) for e in expected]


def test_hidden_nodes_are_no_columns() -> None:
    dag = nx.DiGraph([("h", "a"), ("h", "b"), ("a", "c"), ("b", "c")])
    data = table_of(nx.DiGraph([("a", "c"), ("b", "c")]))
    oracle = ms.DSeparation(dag)
    assert ms.independence_test(data, "a", "b", test=oracle).p_value == 0
    assert ms.PC(test=oracle).fit(data).skeleton_.number_of_edges() == 3


def test_search_stops_at_the_first_separator() -> None:
    dag = nx.DiGraph([("a", "m"), ("m", "b"), ("c", "a")])
    data = table_of(dag)
    at = {n: i for i, n in enumerate(data.names)}
    pairs = np.array([[at["a"], at["b"]], [at["a"], at["m"]], [at["c"], at["b"]]])
    candidates = [[at["c"], at["m"]], [at["b"], at["c"]], [at["a"], at["m"]]]
    found = ms.DSeparation(dag).separate(data, pairs, Ragged.of(candidates), 1, 0.05)
    assert found.tests.p_value.tolist() == [1, 0, 1]
    assert found.sets.ravel().tolist() == [at["m"], at["b"], at["a"]]
    # c is on no path between a and b, and a and m are joined.
    assert found.n_tests.tolist() == [1, 1, 1]


@given(
    st.integers(0, 10**6),
    st.integers(2, 9),
    st.sampled_from([0.2, 0.4, 0.7]),
    st.integers(1, 4),
)
def test_search_finds_what_trying_all_sets_does(
    seed: int, n_nodes: int, share: float, size: int
) -> None:
    rng = np.random.default_rng(seed)
    dag = random_dag(rng, n_nodes, share)
    data = table_of(dag)
    names = data.names
    pairs = np.array(list(itertools.combinations(range(n_nodes), 2)))
    candidates = [
        rng.permutation(
            [c for c in range(n_nodes) if c not in pair and rng.random() < 0.8]
        ).tolist()
        for pair in pairs
    ]
    found = ms.DSeparation(dag).separate(data, pairs, Ragged.of(candidates), size, 0.05)
    reordered = nx.DiGraph(rng.permutation(list(dag.edges)).tolist())
    reordered.add_nodes_from(dag)
    again = ms.DSeparation(reordered).separate(data, pairs, Ragged.of(candidates), size, 0.05)
    assert again.n_tests.tolist() == found.n_tests.tolist()
    for k, (x, y) in enumerate(pairs):
        sets = [[int(c) for c in z] for z in itertools.combinations(candidates[k], size)]
        separating = [
            z for z in sets if nx.is_d_separator(dag, {names[x]}, {names[y]}, {names[c] for c in z})
        ]
        expected = (separating or sets or [[-1] * size])[0]
        assert found.sets[k].tolist() == expected
        assert found.tests.testable[k] == bool(sets)
        if sets:
            assert found.tests.p_value[k] == bool(separating)
        assert bool(sets) <= found.n_tests[k] <= len(sets)


@pytest.mark.parametrize(
    "graph", [nx.DiGraph([("a", "b"), ("b", "a")]), nx.Graph([("a", "b")]), "a -> b"]
)
def test_only_dags(graph: object) -> None:
    with pytest.raises(ms.ParameterError, match="graph must be a directed acyclic graph"):
        ms.DSeparation(graph)


def test_a_column_that_is_no_node() -> None:
    data = pd.DataFrame({"rain": [0, 1], "wett": [0, 1]})
    with pytest.raises(ms.ParameterError, match=r"column 'wett' is not a node .*did you mean 'wet"):
        ms.PC(test=ms.DSeparation(nx.DiGraph([("rain", "wet")]))).fit(data)


def test_it_is_a_copy_with_a_plain_name_and_can_be_pickled() -> None:
    dag = nx.DiGraph([("a", "b")])
    oracle = ms.DSeparation(dag)
    dag.remove_edge("a", "b")
    data = table_of(dag)
    for test in (oracle, pickle.loads(pickle.dumps(oracle))):
        assert ms.independence_test(data, "a", "b", test=test).p_value == 0
        assert repr(test) == "DSeparation(<2 nodes, 1 edges>)"
