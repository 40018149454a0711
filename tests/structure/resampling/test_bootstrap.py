"""Bootstrap against counting by hand, for learners of graphs with and without directions."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.base import clone

import mistruct as ms
from mistruct.structure.learner import StructureLearner
from mistruct.structure.resampling.replicates import draw_rows
from tests.structure.genomes import expression, genome
from tests.structure.sampled_networks import sample_tree

N, SEED = 7, 2
COLUMNS = ["source", "target", "mi", "p_value", "n_samples", "support"]
WAYS = ["forward", "backward", "undirected"]
LEARNERS = {
    "chow-liu": ms.ChowLiu(alpha=0.2, correction="bh"),
    "tan": ms.TAN("v2"),
    "aracne": ms.ARACNE(),
    "hubs": ms.MRNET(direction="hubs", alpha=0.2),
}
learners = pytest.mark.parametrize("learner", LEARNERS.values(), ids=LEARNERS)


def discrete(seed: int = 0, n_samples: int = 80) -> pd.DataFrame:
    return sample_tree(np.random.default_rng(seed), 7, n_samples)[0]


def by_hand(graphs: list[Any]) -> dict[frozenset[str], dict[str, Any]]:
    """For each pair that a graph joins: its arcs in each, and the evidence."""
    found: dict[frozenset[str], Any] = defaultdict(lambda: {"arcs": [], "mi": [], "p": []})
    for graph in graphs:
        for pair in {frozenset(e) for e in graph.edges}:
            arcs = {e for e in itertools.permutations(pair) if graph.has_edge(*e)}
            evidence = graph.edges[min(arcs)]
            found[pair]["arcs"].append(arcs)
            found[pair]["mi"].append(evidence["mi"])
            found[pair]["p"].append(evidence["p_value"])
    return found


def check(fitted: ms.Bootstrap, graphs: list[Any]) -> None:
    """Edges and consensus are those of the definitions."""
    n, expected = len(graphs), by_hand(graphs)
    edges = fitted.edges_
    assert len(edges) == len(expected)
    assert list(edges) == COLUMNS + (WAYS if fitted.directed else [])
    joined = set()
    for row in edges.itertuples():
        seen = expected[frozenset((row.source, row.target))]
        assert row.support == len(seen["arcs"]) / n
        assert row.mi == pytest.approx(np.mean(seen["mi"]), rel=1e-12)
        p_values = sorted([*seen["p"], *[1.0] * (n - len(seen["p"]))])
        assert row.p_value == min(1.0, 2 * p_values[(n + 1) // 2 - 1])
        forth, back = (row.source, row.target), (row.target, row.source)
        consensus = {forth, back} if fitted.directed else {forth}
        if fitted.directed:
            counts = [seen["arcs"].count(arcs) for arcs in ({forth}, {back}, {forth, back})]
            assert [row.forward, row.backward, row.undirected] == [c / n for c in counts]
            assert counts[0] > counts[1] or (counts[0] == counts[1] and row.source < row.target)
            if counts[0] > len(seen["arcs"]) / 2:
                consensus = {forth}
        if row.support >= fitted.threshold:
            joined |= consensus
    graph = fitted.graph_
    assert graph.is_directed() == fitted.directed
    assert {e if fitted.directed else tuple(sorted(e)) for e in graph.edges} == joined
    keys = list(zip(-edges["support"], -edges["mi"], edges["source"], edges["target"], strict=True))
    assert keys == sorted(keys)


@learners
@pytest.mark.parametrize("threshold", [0.5, 1])
def test_edges_are_counted_by_hand(learner, threshold):
    data = ms.as_dataset(discrete())
    graphs = [clone(learner).fit(data.take(draw_rows(80, SEED, b))).graph_ for b in range(N)]
    fitted = ms.Bootstrap(learner, N, seed=SEED, threshold=threshold).fit(data)
    check(fitted, graphs)
    assert list(fitted.graph_) == list(data.names)
    assert fitted.graph_.number_of_edges() > 0
    assert not hasattr(learner, "edges_")


class Drawn(StructureLearner):
    """A learner of any graph: a random one, with arcs of both directions, of the rows it sees."""

    algorithm = "drawn"
    directed = True

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def _check_parameters(self) -> None: ...

    def fit(self, data: Any, y: None = None) -> Any:
        rng = np.random.default_rng([self.seed, *data.codes.ravel()])
        self.graph_ = nx.DiGraph()
        for source, target in itertools.permutations(data.names, 2):
            if rng.random() < 0.4:
                p_value = rng.choice([rng.random() ** 4, np.nan, 0.0])
                self.graph_.add_edge(source, target, mi=rng.random(), p_value=p_value)
        for source, target, evidence in self.graph_.edges(data=True):
            if self.graph_.has_edge(target, source):
                self.graph_.edges[target, source].update(evidence)
        return self


@given(st.integers(0, 2**20), st.integers(1, 9))
@settings(max_examples=30)
def test_graphs_with_all_kinds_of_edges(seed, n):
    data = ms.as_dataset(discrete(n_samples=20)[["v3", "v1", "v2", "v0"]])
    learner = Drawn(seed)
    samples = [data.take(draw_rows(20, 0, b)) for b in range(n)]
    # The learner sees columns in the order of names, as it does in `Bootstrap`.
    graphs = [Drawn(seed).fit(s.select(sorted(s.names))).graph_ for s in samples]
    for graph in graphs:
        for *_, evidence in graph.edges(data=True):
            evidence["p_value"] = np.nan_to_num(evidence["p_value"], nan=1.0)
    check(ms.Bootstrap(learner, n).fit(data), graphs)


def test_missing_entries_and_samples_without_variation():
    rng = np.random.default_rng(0)
    table = discrete().astype(float).mask(rng.random((80, 7)) < 0.1).assign(rare=[1.0] + [0.0] * 79)
    data = ms.as_dataset(table, kinds=dict.fromkeys(table, "discrete"), missing="testwise")
    edges = ms.Bootstrap(ms.ChowLiu(alpha=0.1), N).fit(data).edges_
    assert not edges.empty
    for row in edges.itertuples():
        assert row.n_samples == table[[row.source, row.target]].notna().all(axis=1).sum()


def test_nothing_to_find():
    noise = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 4)), columns=list("abcd"))
    for learner in (ms.ChowLiu(alpha=1e-9), ms.ARACNE(alpha=1e-9, direction="hubs")):
        fitted = ms.Bootstrap(learner, 3).fit(noise)
        assert list(fitted.edges_) == COLUMNS + (WAYS if learner.directed else [])
        assert fitted.edges_.empty
        assert list(fitted.graph_) == list("abcd")


def test_true_edges_have_more_support_than_false_ones():
    rng = np.random.default_rng(3)
    table, tree = sample_tree(rng, 15, 60)
    edges = ms.Bootstrap(ms.ChowLiu(), 40).fit(table).edges_
    is_true = np.array([frozenset(e) in tree for e in edges[["source", "target"]].to_numpy()])
    support = edges["support"]
    assert support[is_true].mean() > 3 * support[~is_true].mean()
    consensus = is_true[support >= 0.5]
    assert consensus.sum() > 9
    assert (~consensus).sum() <= 2


def test_p_values_hold_under_independence():
    rng = np.random.default_rng(4)
    small = 0
    for _ in range(25):
        noise = rng.normal(size=(40, 2))
        edges = ms.Bootstrap(ms.ChowLiu(), 7).fit(noise).edges_
        small += int((edges["p_value"] <= 0.1).sum())
    # Twice the median of p-values is one whatever their dependence.
    assert small <= binom.ppf(0.99, 25, 0.1)


def test_regulators_that_are_not_columns_are_said_once():
    rng = np.random.default_rng(0)
    table = expression(rng, genome(rng, 10, regulators=0.3), 60)
    with pytest.warns(ms.MistructWarning) as warned:
        ms.Bootstrap(ms.ARACNE(regulators=["g1", "g2", "other"]), 3).fit(table)
    assert [str(w.message) for w in warned] == ["regulators: 2 of 3 are columns, not 'other'"]


def test_scikit_learn_conventions():
    learner = ms.Bootstrap(ms.ChowLiu(alpha=0.1), n_resamples=3)
    assert repr(learner) == "Bootstrap(learner=ChowLiu(alpha=0.1), n_resamples=3)"
    copy = clone(learner)
    assert copy.learner is not learner.learner
    copy.set_params(learner__alpha=0.3, threshold=0.9)
    assert (copy.learner.alpha, learner.learner.alpha) == (0.3, 0.1)
    assert copy.fit(discrete()) is copy
    assert copy.feature_names_in_.tolist() == list(discrete())
    assert not hasattr(clone(copy), "edges_")


@learners
def test_graph_says_what_made_it_and_survives_json(learner, tmp_path):
    fitted = ms.Bootstrap(learner, 3, seed=9).fit(discrete())
    kept = ms.Bootstrap(learner, 3, seed=9, checkpoint=tmp_path).fit(discrete())
    graph = fitted.graph_
    assert graph.graph == kept.graph_.graph
    assert nx.utils.graphs_equal(graph, kept.graph_)
    assert graph.graph["algorithm"] == "bootstrap"
    assert graph.graph["seed"] == 9
    assert graph.graph["parameters"] == {
        "learner": repr(learner), "n_resamples": 3, "n_rows": None, "seed": 9, "threshold": 0.5,
    }  # fmt: skip
    restored = nx.node_link_graph(json.loads(json.dumps(nx.node_link_data(graph))))
    assert nx.utils.graphs_equal(graph, restored)


def test_two_arcs_of_an_undirected_edge_say_the_same_of_their_own_direction():
    fitted = ms.Bootstrap(Drawn(), 9).fit(ms.as_dataset(discrete(n_samples=20)))
    both = [e for e in fitted.graph_.edges if fitted.graph_.has_edge(*e[::-1])]
    assert both
    for arc in both:
        forth, back = fitted.graph_.edges[arc], fitted.graph_.edges[arc[::-1]]
        assert (forth["forward"], forth["backward"]) == (back["backward"], back["forward"])
        assert forth["support"] == back["support"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"learner": "aracne"}, "learner must be a learner of structure, got 'aracne'"),
        ({"learner": ms.ChowLiu}, "learner must be a learner of structure, got <class"),
        ({"n_resamples": 0}, "n_resamples must be a whole number of at least 1, got 0"),
        ({"n_resamples": None}, "n_resamples must be a whole number of at least 1, got None"),
        ({"seed": 0.5}, "seed must be a whole number of at least 0, got 0.5"),
        ({"threshold": 0}, "threshold must be a number greater than 0 and at most 1, got 0"),
        ({"threshold": True}, "threshold must be a number greater than 0 and at most 1, got True"),
        ({"learner": ms.ChowLiu(alpha=3)}, "alpha must be a number between 0 and 1, got 3"),
    ],
)
def test_parameters_are_checked_at_fit(parameters, message):
    learner = ms.Bootstrap(ms.ChowLiu(), 3).set_params(**parameters)
    with pytest.raises(ms.ParameterError, match=message):
        learner.fit(discrete())
