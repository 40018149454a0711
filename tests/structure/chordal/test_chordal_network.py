"""Chordal networks: the same edges as a search that tries all, and what the learner promises."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from itertools import combinations
from math import prod

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import mistruct as ms
from tests.structure.chordal.slow_search import (
    correlations_of_scores,
    gaussian_information,
    plug_in_information,
    slow_bic_search,
)
from tests.structure.chordal.tables import names_of, random_numbers, random_states

Table = pd.DataFrame


def states(seed: int, n_columns: int = 8, n_samples: int = 400) -> Table:
    return random_states(np.random.default_rng(seed), n_columns, n_samples)


def numbers(seed: int, n_columns: int = 8, n_samples: int = 200) -> Table:
    return random_numbers(np.random.default_rng(seed), n_columns, n_samples)


# The search -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("kind", ["states", "numbers"])
def test_it_adds_the_edges_that_trying_all_would_add(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    p, n, most = int(rng.integers(3, 9)), int(rng.integers(40, 400)), int(rng.integers(2, 6))
    gamma = float(rng.choice([0.0, 1.0]))
    if kind == "states":
        table = random_states(rng, p, n)
        rows = table.astype(int).to_numpy()
        information = partial(plug_in_information, rows.tolist())
        n_states = [len(set(column)) for column in rows.T]
    else:
        table = random_numbers(rng, p, n)
        correlations = correlations_of_scores(table.to_numpy().T)
        information, n_states = partial(gaussian_information, correlations), None
    net = ms.ChordalNetwork("bic", gamma=gamma, max_clique=most, exchanges=False).fit(table)
    expected = slow_bic_search(p, information, n, n_states, gamma, most)
    names = names_of(p)
    assert list(zip(net.edges_["source"], net.edges_["target"], strict=True)) == [
        (names[a], names[b]) for a, b in expected
    ]
    for row in net.edges_.itertuples():
        between = [names.index(v) for v in row.separating_set]
        ends = names.index(row.source), names.index(row.target)
        assert row.cmi == pytest.approx(information(*ends, between), abs=1e-9)
        assert row.mi == pytest.approx(information(*ends, []), abs=1e-9)


def chordal_subgraphs(table: Table, **options: object) -> ms.ChordalNetwork:
    net = ms.ChordalNetwork(**options).fit(table)  # type: ignore[arg-type]
    graph = nx.Graph()
    for row in net.edges_.itertuples():
        graph.add_nodes_from([row.source, row.target])
        between = set(graph[row.source]) & set(graph[row.target])
        assert between == set(row.separating_set)
        graph.add_edge(row.source, row.target)
        assert nx.is_chordal(graph)
    return net


@pytest.mark.parametrize("start", ["empty", "forest"])
@pytest.mark.parametrize("criterion", ["bic", "alpha"])
def test_the_graph_is_chordal_after_each_edge(start: str, criterion: str) -> None:
    table = numbers(3, 25, 400)
    net = chordal_subgraphs(table, start=start, criterion=criterion, exchanges=False)
    assert net.treewidth_ > 1
    n_first = (net.edges_["separating_set"].map(len) == 0).to_numpy()
    if start == "forest":
        assert n_first[: n_first.sum()].all()


@pytest.mark.parametrize("table", [states(3, 12), numbers(3, 12)], ids=["states", "numbers"])
def test_the_order_of_edges_after_exchanges_keeps_the_graph_chordal(table: Table) -> None:
    net = chordal_subgraphs(table, gamma=0.0)
    assert net.treewidth_ > 1


def _score(graph: nx.Graph, entropy: Callable[[frozenset[int]], float]) -> float:
    """What a chordal graph gains: columns with complete neighbours are taken off one by one."""
    left, gained = nx.Graph(graph), 0.0
    while left:
        v = next(v for v in left if all(left.has_edge(*pair) for pair in combinations(left[v], 2)))
        near = frozenset(left[v])
        gained += entropy(frozenset([v])) + entropy(near) - entropy(near | {v})
        left.remove_node(v)
    return gained


def test_exchanges_find_the_best_of_all_chordal_graphs() -> None:
    pairs = list(combinations(range(5), 2))
    graphs = []
    for which in range(2 ** len(pairs)):
        graph = nx.empty_graph(5)
        graph.add_edges_from(pair for k, pair in enumerate(pairs) if which >> k & 1)
        if nx.is_chordal(graph):
            graphs.append(graph)
    assert len(graphs) == 822  # Wormald (1985)
    n_best = {True: 0, False: 0}
    for seed in range(20):
        table = random_states(np.random.default_rng(seed), 5, 300)
        n_states = [table[c].nunique() for c in table]

        @cache
        def price_and_entropy(some: frozenset[int], table=table, n_states=n_states) -> float:
            """n H and the price of the parameters of a table of these columns."""
            if not some:
                return 0.0
            counts = table.groupby([names_of(5)[c] for c in some], observed=True).size().to_numpy()
            nats = -(counts * np.log(counts / counts.sum())).sum()
            return float(nats + 0.5 * np.log(300) * (prod(n_states[c] for c in some) - 1))

        best = max(_score(graph, price_and_entropy) for graph in graphs)
        for exchanges in (True, False):
            net = ms.ChordalNetwork("bic", gamma=0.0, exchanges=exchanges).fit(table)
            gained = net.edges_["gain"].sum()
            assert gained <= best + 1e-6
            n_best[exchanges] += gained > best - 1e-6
    assert n_best[True] >= 18
    assert n_best[False] < n_best[True]


@pytest.mark.parametrize("table", [states(1), numbers(1)], ids=["states", "numbers"])
def test_cliques_of_two_are_the_forest_of_chow_and_liu(table: Table) -> None:
    net = ms.ChordalNetwork("bic", gamma=0.0, max_clique=2).fit(table)
    forest = ms.ChowLiu(penalty="bic").fit(table)
    assert nx.utils.graphs_equal(nx.Graph(net.graph_.edges), nx.Graph(forest.graph_.edges))
    evidence = net.graph_.edges
    for edge, of_forest in forest.graph_.edges.items():
        for name in ("mi", "p_value", "n_samples"):
            assert evidence[edge][name] == pytest.approx(of_forest[name], rel=1e-9)


@pytest.mark.parametrize(
    ("criterion", "score"), [("bic", ms.BIC()), ("bdeu", ms.BDeu((1.0, 4.0, 16.0, 64.0, 256.0)))]
)
def test_gains_sum_to_the_difference_of_scores(criterion: str, score: object) -> None:
    table = states(5, 9, 2000)
    net = ms.ChordalNetwork(criterion, gamma=0.0).fit(table)
    alone = nx.DiGraph()
    alone.add_nodes_from(table)
    gained = ms.score(net.dag_, table, score) - ms.score(alone, table, score)
    assert net.edges_["gain"].sum() == pytest.approx(gained, rel=1e-9)


def test_alpha_bounds_the_chance_of_any_false_edge() -> None:
    rng = np.random.default_rng(0)
    some = [
        len(ms.ChordalNetwork("alpha", alpha=0.2).fit(rng.normal(size=(60, 6))).edges_) > 0
        for _ in range(200)
    ]
    # Bonferroni's bound is nearly reached, by 15 pairs: 40 of 200, and four deviations beside.
    assert 18 <= sum(some) <= 62


def test_nothing_is_left_of_alpha() -> None:
    table = states(2, 8, 1000)
    net = ms.ChordalNetwork("alpha", alpha=0.01).fit(table)
    used = net.edges_["p_value"].sum()
    assert 0 < used < 0.01
    wider = ms.ChordalNetwork("alpha", alpha=0.9).fit(table)
    assert set(map(frozenset, net.graph_.edges)) <= set(map(frozenset, wider.graph_.edges))


def test_the_order_of_columns_and_rows_does_not_matter() -> None:
    for table in (states(7), numbers(7)):
        expected = ms.ChordalNetwork().fit(table)
        rng = np.random.default_rng(0)
        turned = table.iloc[rng.permutation(len(table)), rng.permutation(len(table.columns))]
        found = ms.ChordalNetwork().fit(turned)
        pd.testing.assert_frame_equal(found.edges_, expected.edges_)
        pd.testing.assert_frame_equal(found.additions_, expected.additions_)
        assert nx.utils.graphs_equal(found.junction_tree_, expected.junction_tree_)


def test_ties_go_by_name() -> None:
    column = np.random.default_rng(0).integers(0, 2, 100)
    table = pd.DataFrame({"c": column, "b": column, "a": column}).astype("category")
    net = ms.ChordalNetwork("bic").fit(table)
    assert list(net.edges_["source"] + net.edges_["target"]) == ["ab", "ac"]


@pytest.mark.parametrize("make", [states, numbers])
def test_weights_are_rows(make: Callable[[int, int, int], pd.DataFrame]) -> None:
    table = make(4, 6, 60)
    weights = np.random.default_rng(0).integers(0, 9, len(table))
    written_out = table.loc[table.index.repeat(weights)].reset_index(drop=True)
    weighed = ms.as_dataset(table.assign(n=weights), weights="n")
    expected = ms.ChordalNetwork().fit(written_out).edges_
    pd.testing.assert_frame_equal(ms.ChordalNetwork().fit(weighed).edges_, expected)


@pytest.mark.parametrize("make", [states, numbers])
def test_gaps_cost_rows_and_little_else(make: object) -> None:
    table = make(9, 6, 2000)  # type: ignore[operator]
    rng = np.random.default_rng(1)
    gaps = ms.as_dataset(table.mask(rng.random(table.shape) < 0.02), missing="testwise")
    net, whole = ms.ChordalNetwork().fit(gaps), ms.ChordalNetwork().fit(table)
    for row in net.edges_.itertuples():
        some = gaps.select([row.source, row.target, *row.separating_set]).complete_rows()
        assert row.n_samples == some.n_samples < 2000
    common = set(map(frozenset, net.graph_.edges)) & set(map(frozenset, whole.graph_.edges))
    assert len(common) >= 0.7 * len(whole.edges_)
    assert net.sample(3).shape == (3, 6)


def test_columns_that_do_not_vary_or_are_copies() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=100)
    table = pd.DataFrame({"x": x, "twin": 2 * x, "y": x + rng.normal(size=100), "one": 1.0})
    net = ms.ChordalNetwork().fit(ms.as_dataset(table, kinds={"one": "continuous"}))
    assert net.graph_.degree["one"] == 0
    assert net.graph_.has_edge("twin", "x")
    assert len(net.edges_) == 2  # given one of the twins, the other says nothing more
    with pytest.raises(ms.DataError, match=r"'one' is constant"):
        net.log_likelihood(table)


def test_few_rows_tell_nothing() -> None:
    rng = np.random.default_rng(0)
    assert ms.ChordalNetwork(gamma=0.0).fit(rng.normal(size=(3, 4))).edges_.empty
    net = ms.ChordalNetwork(gamma=0.0).fit(rng.normal(size=(8, 30)))
    assert np.isfinite(net.edges_["cmi"]).all()  # perfect only in as few rows as columns
    assert net.treewidth_ <= 8 - 4 + 1


def test_ordinal_columns_go_with_the_others() -> None:
    rng = np.random.default_rng(0)
    level = rng.integers(0, 4, 300)
    answers = pd.Categorical(level, ordered=True)
    kind = pd.Categorical((level > 1) ^ (rng.random(300) < 0.1))
    number = level + rng.normal(size=300)
    by_states = ms.ChordalNetwork().fit(pd.DataFrame({"answer": answers, "kind": kind}))
    by_order = ms.ChordalNetwork().fit(pd.DataFrame({"answer": answers, "number": number}))
    by_itself = ms.ChordalNetwork().fit(pd.DataFrame({"answer": answers, "again": answers}))
    assert [net.test_.name for net in (by_states, by_order, by_itself)] == ["g", "copula", "copula"]
    assert by_states.edges_["gain"].sum() > 0 and by_order.edges_["gain"].sum() > 0
    assert set(by_states.sample(50)["answer"].cat.categories) == {0, 1, 2, 3}


# Knowledge --------------------------------------------------------------------------------------


def test_what_is_required_is_there_and_what_is_forbidden_is_not() -> None:
    table = numbers(11)
    free = ms.ChordalNetwork().fit(table)
    strongest = tuple(free.edges_.loc[0, ["source", "target"]])
    far = (
        next(
            pair
            for pair in combinations(table, 2)
            if not free.graph_.has_edge(*pair) and not nx.has_path(free.graph_, *pair)
        )
        if nx.number_connected_components(free.graph_) > 1
        else next(pair for pair in combinations(table, 2) if not free.graph_.has_edge(*pair))
    )
    known = ms.Knowledge(required=[far], forbidden=[strongest, strongest[::-1]])
    net = chordal_subgraphs(table, knowledge=known)
    assert net.graph_.has_edge(*far)
    assert not net.graph_.has_edge(*strongest)
    assert "knowledge requires the edge" in net.why(*far)
    assert "knowledge forbids an edge" in net.why(*strongest)


def test_any_chordal_graph_may_be_required() -> None:
    table = numbers(12, 8, 60)
    rng = np.random.default_rng(0)
    for _ in range(20):
        graph, _ = nx.complete_to_chordal_graph(nx.gnp_random_graph(8, 0.4, seed=rng))
        names = names_of(8)
        required = [(names[a], names[b]) for a, b in graph.edges]
        net = chordal_subgraphs(table, knowledge=ms.Knowledge(required=required))
        assert all(net.graph_.has_edge(*arc) for arc in required)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"criterion": "aic"},
            "criterion must be one of 'auto', 'bdeu', 'bic', 'alpha', got 'aic'",
        ),
        ({"alpha": 1.0}, "alpha must be a number between 0 and 1, got 1.0"),
        ({"gamma": -1.0}, "gamma must be a number of at least 0, got -1.0"),
        ({"max_clique": 1}, "max_clique must be a whole number of at least 2, got 1"),
        ({"start": "tree"}, "start must be one of 'empty', 'forest', got 'tree'"),
        ({"knowledge": "k.toml"}, "knowledge must be a Knowledge or None, got 'k.toml'"),
        ({"equivalent_sample_size": -1}, "equivalent_sample_size must be a number of at least 0"),
        (
            {"knowledge": ms.Knowledge(required=[("c0", "c1"), ("c1", "c2"), ("c0", "c2")])}
            | {"max_clique": 2},
            r"all edges among \['c0', 'c1', 'c2'\], which is a clique of 3; got max_clique=2",
        ),
        (
            {
                "knowledge": ms.Knowledge(
                    required=[("c0", "c1"), ("c1", "c2"), ("c2", "c3"), ("c0", "c3")]
                )
            },
            r"require a chord as well, such as \('c0', 'c2'\)|such as \('c1', 'c3'\)",
        ),
    ],
)
def test_parameters_that_break_a_rule(options: dict[str, object], message: str) -> None:
    with pytest.raises(ms.ParameterError, match=message):
        ms.ChordalNetwork(**options).fit(states(0))  # type: ignore[arg-type]


def test_mixed_tables_are_refused() -> None:
    table = pd.DataFrame({"sex": ["f", "m"] * 20, "age": np.linspace(0, 1, 40)})
    with pytest.raises(ms.DataError, match="'sex' is discrete and 'age' continuous"):
        ms.ChordalNetwork().fit(table)


# Reasons ----------------------------------------------------------------------------------------


def test_every_pair_has_a_reason() -> None:
    table = states(13, 8, 300)
    net = ms.ChordalNetwork(max_clique=3).fit(table)
    added = set(map(frozenset, net.graph_.edges))
    open_ = set(
        map(frozenset, zip(net.additions_["source"], net.additions_["target"], strict=True))
    )
    for x, y in combinations(table, 2):
        graph = nx.Graph(net.graph_)
        said = net.why(x, y)
        if frozenset((x, y)) in added:
            assert "are adjacent: they share" in said
            continue
        graph.add_edge(x, y)
        if not nx.is_chordal(graph):
            assert "would close a cycle without a chord along" in said
        elif frozenset((x, y)) in open_:
            assert "costs" in said
        else:
            assert "would make a clique of more than 3 columns" in said
    reasons = net.reasons(most=1)
    assert len(reasons.adjacent) == len(added)
    assert len(reasons.absent) + reasons.n_left == len(open_)
    with pytest.raises(ms.ParameterError, match="there is no column 'nobody'"):
        net.why("c0", "nobody")


def test_additions_are_the_pairs_that_keep_the_graph_chordal() -> None:
    table = numbers(14)
    net = ms.ChordalNetwork().fit(table)
    expected = set()
    for pair in combinations(table, 2):
        larger = nx.Graph(net.graph_)
        larger.add_edge(*pair)
        if not net.graph_.has_edge(*pair) and nx.is_chordal(larger):
            expected.add(frozenset(pair))
    found = zip(net.additions_["source"], net.additions_["target"], strict=True)
    assert set(map(frozenset, found)) == expected
    assert (net.additions_["gain"] <= 0).all()
    assert net.additions_["gain"].is_monotonic_decreasing


def test_it_is_an_estimator_with_a_record_and_takes_part_in_bootstraps() -> None:
    table = states(15)
    net = clone(ms.ChordalNetwork(max_clique=3)).fit(table)
    assert net.graph_.graph["algorithm"] == "chordal-network"
    assert net.graph_.graph["parameters"]["max_clique"] == 3
    again = net.fit(numbers(15))  # nothing of the earlier table is left
    assert len(again.junction_tree_) == len(list(nx.find_cliques(again.graph_)))
    stable = ms.Bootstrap(ms.ChordalNetwork(), n_resamples=5).fit(table)
    assert stable.edges_["support"].between(0, 1).all()
