"""Markov networks against the data's margins and a dense reference."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from mistruct.data.dataset import as_dataset
from mistruct.data.discretize import discretize
from mistruct.errors import DataError, MistructWarning, ParameterError
from mistruct.export.junction_tree import junction_tree
from mistruct.export.markov_network import to_markov_network


def binary_table(n=200, names="abcdef", seed=0):
    """Columns that depend on each other all round, so that no margin is a product."""
    rng = np.random.default_rng(seed)
    cause = rng.normal(size=n)
    noise = rng.normal(size=(n, len(names)))
    return pd.DataFrame({v: (cause + noise[:, i] > 0).astype(int) for i, v in enumerate(names)})


def dense_margin(frame, names, states):
    """Relative frequencies by counting rows one by one."""
    counts = np.zeros([len(states[v]) for v in names])
    for row in frame[list(names)].itertuples(index=False):
        counts[tuple(states[v].index(s) for v, s in zip(names, row, strict=True))] += 1
    return counts / len(frame)


def dense_maximum_likelihood(frame, graph, states):
    """The fit by scaling the whole joint table to each clique's margin, over and over."""
    names = sorted(graph)
    joint = np.ones([len(states[v]) for v in names])
    joint /= joint.size
    targets = []
    for clique in map(sorted, nx.find_cliques(graph)):
        rest = tuple(i for i, v in enumerate(names) if v not in clique)
        targets.append((rest, np.expand_dims(dense_margin(frame, clique, states), rest)))
    for _ in range(1000):
        for rest, target in targets:
            margin = joint.sum(axis=rest, keepdims=True)
            joint = joint * np.divide(target, margin, out=np.zeros_like(target), where=margin > 0)
    return joint


def dense_product(model, names):
    """All factors multiplied out, axes in the order of `names`."""
    joint = np.ones([model.get_cardinality(v) for v in names])
    for factor in model.factors:
        order = sorted(factor.variables, key=names.index)
        values = factor.values.transpose([factor.variables.index(v) for v in order])
        joint = joint * np.expand_dims(
            values, tuple(i for i, v in enumerate(names) if v not in order)
        )
    return joint


def states_of(frame):
    return {v: sorted(frame[v].unique().tolist()) for v in frame}


GRAPHS = {
    "tree": nx.Graph([("a", "b"), ("b", "c"), ("b", "d"), ("d", "e"), ("e", "f")]),
    "chordal": nx.Graph(["ab", "bc", "ac", "bd", "cd", "de", "ef"]),
    "square": nx.Graph(["ab", "bc", "cd", "da", "de", "ef"]),
    "ring": nx.cycle_graph(list("abcdef")),
    "complete": nx.complete_graph(list("abcdef")),
    "bipartite": nx.complete_bipartite_graph(3, 3),
    "two parts": nx.Graph(["ab", "bc", "cd", "da", "ef"]),
    "empty": nx.empty_graph(list("abcdef")),
}
GRAPHS["bipartite"] = nx.relabel_nodes(GRAPHS["bipartite"], dict(enumerate("abcdef")))


@pytest.mark.parametrize("name", GRAPHS)
def test_the_product_of_factors_is_the_maximum_likelihood_fit(name):
    graph = GRAPHS[name]
    frame = binary_table()
    states = states_of(frame)
    model = to_markov_network(graph, frame)
    assert model.check_model()
    joint = dense_product(model, sorted(graph))
    assert joint.sum() == pytest.approx(1, abs=1e-9)
    np.testing.assert_allclose(joint, dense_maximum_likelihood(frame, graph, states), atol=1e-9)
    for clique in nx.find_cliques(graph):
        rest = tuple(i for i, v in enumerate(sorted(graph)) if v not in clique)
        target = dense_margin(frame, sorted(clique), states)
        np.testing.assert_allclose(joint.sum(axis=rest), target, atol=1e-9)


@pytest.mark.parametrize("name", GRAPHS)
def test_pgmpy_answers_by_both_methods(inference, name):
    frame = binary_table()
    model = to_markov_network(GRAPHS[name], frame)
    joint = dense_product(model, list("abcdef"))
    eliminate = inference.VariableElimination(model)
    propagate = inference.BeliefPropagation(model)
    for asked, known in itertools.permutations("abcdef", 2):
        both = joint.sum(axis=tuple(i for i, v in enumerate("abcdef") if v not in (asked, known)))
        both = both if asked < known else both.T
        expected = both[:, 1] / both[:, 1].sum()
        for engine in (eliminate, propagate) if asked == "a" else (eliminate,):
            answer = engine.query([asked], evidence={known: 1}, show_progress=False)
            answer.normalize()
            np.testing.assert_allclose(answer.values, expected, atol=1e-8)


def test_components_are_joined_by_marked_edges_without_a_factor():
    frame = binary_table()
    graph = GRAPHS["two parts"].copy()
    model = to_markov_network(graph, frame)
    bridges = {frozenset(e) for e in model.edges if model.edges[e].get("bridge")}
    edges = {frozenset(e) for e in model.edges}
    assert edges - bridges == {frozenset(e) for e in graph.edges}
    assert len(bridges) == 1 and nx.is_connected(model)
    assert not any(bridge <= set(f.variables) for bridge in bridges for f in model.factors)


def test_names_and_states_are_the_callers_own(inference):
    rng = np.random.default_rng(0)
    flag = rng.random(100) < 0.5
    frame = pd.DataFrame(
        {
            "flag, (ja/nein)": flag,
            "größe 'x'": np.where(flag, rng.choice([1, 7], 100), 7),
            "with space": rng.choice(["low, or so", "high (very)"], 100),
        }
    )
    names = list(frame)
    graph = nx.Graph([names[:2]])
    graph.add_node(names[2])
    model = to_markov_network(graph, frame)
    answer = inference.BeliefPropagation(model).query(
        [names[1]], evidence={names[0]: True}, show_progress=False
    )
    assert answer.state_names == {names[1]: [1, 7]}
    assert answer.values[0] == pytest.approx((frame[names[1]][flag] == 1).mean())
    # A joint state that never occurs has probability zero, and conditions on nothing.
    assert answer.values.sum() == pytest.approx(1)


def test_missing_values_leave_each_component_its_complete_rows():
    frame = binary_table().astype(object)
    rng = np.random.default_rng(5)
    for v in "abc":
        frame.loc[rng.random(len(frame)) < 0.2, v] = None
    graph = nx.Graph(["ab", "bc", "de"])
    model = to_markov_network(graph, as_dataset(frame, missing="testwise"))
    complete = frame.dropna(subset=["a", "b", "c"])
    states = {v: [0, 1] for v in "abcde"}
    joint = dense_product(model, list("abcde"))
    np.testing.assert_allclose(
        joint.sum(axis=(2, 3, 4)), dense_margin(complete, ("a", "b"), states), atol=1e-12
    )
    np.testing.assert_allclose(
        joint.sum(axis=(0, 1, 2)), dense_margin(frame, ("d", "e"), states), atol=1e-12
    )
    assert [model.nodes[v]["n_samples"] for v in "abcde"] == [len(complete)] * 3 + [200] * 2
    frame["a"] = frame["a"].where(frame["b"].isna())
    with pytest.raises(DataError, match="no row of the table is complete in 'a', 'b', 'c'"):
        to_markov_network(graph, as_dataset(frame, missing="testwise"))


def test_continuous_columns_are_binned_with_a_warning():
    rng = np.random.default_rng(1)
    frame = binary_table(n=256, names="abc").assign(alone=rng.normal(size=256))
    for name in "ac":
        frame[name] = frame[name] + rng.normal(size=256)
    graph = nx.Graph(["ab", "bc"])
    message = (
        r"^a Markov network holds discrete columns only, so 2 continuous .* binned by quantiles "
        r"\('a', 'c'\); use mistruct\.discretize to bin them otherwise$"  # and not 'alone'
    )
    with pytest.warns(MistructWarning, match=message) as caught:
        model = to_markov_network(graph, frame)
    assert [w.filename for w in caught] == [__file__]  # it points at the call
    # The fourth root of 256 is 4, and no two values are equal, so 64 rows fall into each bin.
    by_hand = frame.assign(**{v: frame[v].rank().astype(int).sub(1) // 64 for v in "ac"})
    joint = dense_product(model, list("abc"))
    for edge, rest in (("ab", 2), ("bc", 0)):
        expected = dense_margin(by_hand, edge, states_of(by_hand))
        np.testing.assert_allclose(joint.sum(axis=rest), expected, atol=1e-12)
    # Those that are binned beforehand need no warning, and make the same model.
    np.testing.assert_array_equal(
        dense_product(to_markov_network(graph, discretize(frame)), list("abc")), joint
    )


def test_directed_graphs_are_moralised():
    frame = binary_table()
    model = to_markov_network(nx.DiGraph([("a", "c"), ("b", "c")]), frame)
    assert {frozenset(e) for e in model.edges} == {frozenset(e) for e in ("ab", "ac", "bc")}


def test_single_nodes_and_constant_columns(inference):
    frame = pd.DataFrame({"a": ["x"] * 4, "b": [0, 0, 0, 1]})
    model = to_markov_network(nx.empty_graph(["b"]), frame)
    assert model.check_model()
    answer = inference.VariableElimination(model).query(["b"], show_progress=False)
    np.testing.assert_allclose(answer.values, [0.75, 0.25])
    answer = inference.BeliefPropagation(model).query(["b"], show_progress=False)
    np.testing.assert_allclose(answer.values, [0.75, 0.25])
    joined = to_markov_network(nx.Graph([("a", "b")]), frame)
    np.testing.assert_allclose(joined.factors[0].values, [[0.75, 0.25]])


def test_large_graphs_stay_sparse():
    # 120 nodes: the joint table would have 2**120 cells.
    grid = nx.relabel_nodes(nx.grid_2d_graph(4, 30), lambda v: f"{v[0]}/{v[1]}")
    frame = binary_table(n=500, names=sorted(grid))
    model = to_markov_network(grid, frame, max_cells=2**6)
    assert len(model.factors) == grid.number_of_edges()


def test_too_large_cliques_are_named():
    frame = binary_table()
    with pytest.raises(DataError, match=r"64 cells, more than max_cells=63; its 6 columns .* 'a'"):
        to_markov_network(GRAPHS["complete"], frame, max_cells=63)
    with pytest.raises(DataError, match=r"8 cells, more than max_cells=7; its 3 columns"):
        to_markov_network(GRAPHS["ring"], frame, max_cells=7)
    with pytest.raises(ParameterError, match="max_cells must be"):
        to_markov_network(GRAPHS["ring"], frame, max_cells=0)
    with pytest.raises(DataError, match="nodes of the graph are no columns of the table: 'zz'"):
        to_markov_network(nx.Graph([("a", "zz")]), frame)


def test_a_fit_that_is_only_a_limit_warns():
    # Going from a to d, each row changes exactly once. The pair margins fix the mean number of
    # changes, and one is the least possible as a and d always differ, so the fit must give no
    # weight to the patterns that change three times, though no pair of theirs is absent.
    rows = [(0, 0, 0, 1), (0, 0, 1, 1), (0, 1, 1, 1), (1, 1, 1, 0), (1, 1, 0, 0), (1, 0, 0, 0)]
    frame = pd.DataFrame(rows, columns=list("abcd"))
    graph = nx.cycle_graph(list("abcd"))
    with pytest.warns(MistructWarning, match="stopped after 1000 sweeps"):
        to_markov_network(graph, frame)


def test_junction_trees_have_maximal_cliques_and_running_intersections():
    rng = np.random.default_rng(0)
    for trial in range(60):
        n = int(rng.integers(1, 12))
        graph = nx.gnp_random_graph(n, float(rng.random()), seed=trial)
        graph = nx.relabel_nodes(graph, {i: f"v{i:02}" for i in range(n)})
        sizes = {v: int(rng.integers(2, 4)) for v in graph}
        for part in nx.connected_components(graph):
            part = graph.subgraph(part)
            tree = junction_tree(part, sizes, 10**9)
            filled = nx.Graph(part)
            for clique in tree.cliques:
                filled.add_edges_from(itertools.combinations(clique.nodes, 2))
            assert nx.is_chordal(filled)
            assert filled.number_of_edges() == part.number_of_edges() + tree.n_added
            assert (tree.n_added == 0) == nx.is_chordal(part)
            found = {frozenset(c.nodes) for c in tree.cliques}
            assert found == {frozenset(c) for c in nx.find_cliques(filled)}
            for i, clique in enumerate(tree.cliques):
                earlier = {v for c in tree.cliques[:i] for v in c.nodes}
                assert set(clique.separator) == earlier & set(clique.nodes)
                if clique.parent is not None:
                    assert set(clique.separator) <= set(tree.cliques[clique.parent].nodes)
            for clique in nx.find_cliques(part):
                assert set(clique) <= set(tree.cliques[tree.containing(tuple(clique))].nodes)
            shuffled = nx.Graph()
            shuffled.add_nodes_from(rng.permutation(list(part)).tolist())
            shuffled.add_edges_from(rng.permutation(list(part.edges)).tolist())
            assert junction_tree(shuffled, sizes, 10**9) == tree
