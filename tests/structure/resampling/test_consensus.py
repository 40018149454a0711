"""The consensus of ARACNE, CLR and MRNET, counted by hand from the networks of the rows drawn."""

from __future__ import annotations

import itertools
import json
import math
from collections import defaultdict
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from sklearn.base import clone

import mistruct as ms
from mistruct.structure.resampling.consensus import Votes, poisson_binomial
from mistruct.structure.resampling.replicates import draw_rows
from tests import reference_networks as ref
from tests.structure.genomes import expression, genome

N, SEED = 6, 5
EVIDENCE = ["source", "target", "mi", "p_value", "n_samples", "weight", "support", "sign"]
NETWORKS = [ms.ARACNE(), ms.CLR(), ms.MRNET()]
networks = pytest.mark.parametrize("learner", NETWORKS, ids=["aracne", "clr", "mrnet"])


def mixed() -> ms.Dataset:
    """Genes, some with gaps, a class, a mutation and a column that is constant in some samples."""
    rng = np.random.default_rng(0)
    table = expression(rng, genome(rng, 12, regulators=0.3), 90)
    table["class"] = pd.Categorical(np.digitize(table["g03"], [-0.4, 0.3]))
    table["mutation"] = table["g05"] > 0.2
    table["rare"] = [1] + [0] * 89
    table["constant"] = 1.5
    table["g07"] = table["g07"].mask(rng.random(90) < 0.2)
    return ms.as_dataset(table, missing="testwise")


def chance_of(chances: list[float], k: int) -> float:
    """That k or more of these events happen, by all subsets of them."""
    total = 0.0
    for happens in itertools.product([False, True], repeat=len(chances)):
        if sum(happens) >= k:
            total += math.prod(c if h else 1 - c for c, h in zip(chances, happens, strict=True))
    return total


# The p-value ------------------------------------------------------------------------------------


def test_poisson_binomial_by_subsets():
    chances = [0.1, 0.0, 0.7, 1e-9, 0.25, 1.0]
    expected = [chance_of(chances, k) for k in range(7)]
    assert poisson_binomial(np.array(chances)) == pytest.approx(expected, rel=1e-12, abs=0)


def test_poisson_binomial_of_equal_chances_is_binomial_far_into_the_tail():
    expected = binom.sf(np.arange(101) - 1, 100, 0.01)
    assert poisson_binomial(np.full(100, 0.01)) == pytest.approx(expected, rel=1e-9, abs=0)
    assert poisson_binomial(np.empty(0)).tolist() == [1.0]


def test_votes_by_hand():
    votes = Votes(5)
    held = [[(0, 1, 0.5), (1, 3, 0.25)], [(4, 2, 1.0)], [], [(0, 1, 1.5), (4, 2, 2.0)]]
    for pairs in held:
        source, target, mi = (np.array([p[k] for p in pairs]) for k in range(3))
        ends = {"source": source.astype(np.int32), "target": target.astype(np.int32)}
        votes.add({**ends, "mi": mi.astype(float), "weight": 10 * mi.astype(float)})
    assert votes.source.tolist() == [0, 1, 4]
    assert votes.target.tolist() == [1, 3, 2]
    assert votes.count.tolist() == [2, 1, 2]
    assert votes.mi.tolist() == [2.0, 0.25, 3.0]
    assert votes.weight.tolist() == [20.0, 2.5, 30.0]
    chances = [2 / 10, 1 / 10, 0.0, 2 / 10]
    expected = [chance_of(chances, k) for k in (2, 1, 2)]
    assert votes.p_values(10) == pytest.approx(expected)
    votes.restrict(np.array([4, 0]), np.array([2, 4]))
    assert votes.pairs.tolist() == [22]
    assert votes.mi.tolist() == [3.0]
    assert votes.p_values(10) == pytest.approx(expected[:1])


# The table of edges -----------------------------------------------------------------------------


def by_hand(plain: Any, data: ms.Dataset) -> tuple[dict[Any, Any], list[int]]:
    """mi and weight of each pair in the replicates that hold it, and the sizes of these."""
    found: dict[Any, Any] = defaultdict(list)
    sizes = []
    for b in range(N):
        edges = clone(plain).fit(data.take(draw_rows(data.n_samples, SEED, b))).edges_
        held = edges[(edges["weight"] > 0) & edges.get("direct", True)]
        sizes.append(len(held))
        for edge in held.itertuples():
            found[frozenset((edge.source, edge.target))].append((edge.mi, edge.weight))
    return found, sizes


def both_ways(information: dict[Any, float], regulators: list[str] | None) -> dict[Any, float]:
    """The same, 0 at least, for each direction that leads away from a regulator."""
    ways = {**information, **{(y, x): mi for (x, y), mi in information.items()}}
    return {
        way: max(mi, 0.0) for way, mi in ways.items() if regulators is None or way[0] in regulators
    }


@networks
@pytest.mark.parametrize("alpha", [0.05, None])
@pytest.mark.parametrize("regulators", [None, ["g05", "class", "g07", "g01", "constant"]])
@pytest.mark.filterwarnings("ignore:the information between")
def test_support_is_counted_by_hand(learner, alpha, regulators):
    data = mixed()
    plain = clone(learner).set_params(alpha=alpha, regulators=regulators)
    consensus = clone(plain).set_params(n_bootstraps=N, seed=SEED).fit(data)
    whole = clone(plain).fit(data).edges_
    found, sizes = by_hand(plain, data)
    varying = [n for n in data.names if n != "constant"]
    pairs = itertools.combinations(varying, 2)
    n_tests = sum(regulators is None or bool({*pair} & {*regulators}) for pair in pairs)
    expected = {}
    for row in whole.itertuples():
        seen = found.get(frozenset((row.source, row.target)), [])
        if seen:
            expected[row.source, row.target] = (
                np.mean([mi for mi, _ in seen]),
                chance_of([size / n_tests for size in sizes], len(seen)),
                row.n_samples,
                sum(weight for _, weight in seen) / N,
                len(seen) / N,
                row.sign,
            )
    if isinstance(learner, ms.ARACNE):
        ways = both_ways(
            {pair: values[0] * values[4] for pair, values in expected.items()}, regulators
        )
        weights = ref.hub_weights(ways)
        for (x, y), values in expected.items():
            of_ways = [weights[way] for way in ((x, y), (y, x)) if way in weights]
            expected[x, y] = (*values[:3], np.mean(of_ways), *values[4:])
    edges = consensus.edges_
    assert list(edges)[:8] == EVIDENCE
    assert len(edges) == len(expected) > 5
    for row in edges.itertuples(index=False):
        assert row[2:8] == pytest.approx(expected[row.source, row.target], rel=1e-12)
    keys = list(zip(-edges["weight"], -edges["mi"], edges["source"], edges["target"], strict=True))
    assert keys == sorted(keys)
    # The graph has those that pass.
    p_values = edges["p_value"].tolist()
    passes = ref.passing(p_values, n_tests, alpha, "bh") if alpha else [True] * len(edges)
    chosen = edges[passes]
    assert {frozenset(e) for e in consensus.graph_.edges} == {
        frozenset(e) for e in zip(chosen["source"], chosen["target"], strict=True)
    }
    assert list(consensus.graph_) == list(data.names)
    if isinstance(learner, ms.ARACNE):
        assert list(edges)[8:] == ["direct"]
        assert edges["direct"].tolist() == list(passes)
    else:
        assert len(edges.columns) == 8


@networks
def test_hubs_weigh_information_by_support(learner):
    rng = np.random.default_rng(2)
    table = expression(rng, genome(rng, 15, regulators=0.3), 60)
    regulators = sorted(table.columns)[:6]
    fresh = clone(learner).set_params(n_bootstraps=N, regulators=regulators)
    plain = clone(fresh).fit(table)
    fitted = clone(fresh).set_params(direction="hubs").fit(table)
    information = {(e.source, e.target): e.mi * e.support for e in plain.edges_.itertuples()}
    weights = ref.hub_weights(both_ways(information, regulators))
    edges = fitted.edges_
    assert {(e.source, e.target): e.weight for e in edges.itertuples()} == pytest.approx(weights)
    assert isinstance(fitted.graph_, nx.DiGraph)
    assert {frozenset(e) for e in fitted.graph_.edges} == {frozenset(e) for e in plain.graph_.edges}


@networks
def test_graph_has_the_evidence_and_says_what_made_it(learner, tmp_path):
    rng = np.random.default_rng(2)
    table = expression(rng, genome(rng, 15, regulators=0.3), 60)
    fresh = clone(learner).set_params(n_bootstraps=N, seed=SEED)
    graph = clone(fresh).fit(table).graph_
    kept = clone(fresh).set_params(checkpoint=tmp_path).fit(table).graph_
    assert nx.utils.graphs_equal(graph, kept)
    assert graph.graph == kept.graph
    assert graph.graph["seed"] == SEED
    assert graph.graph["parameters"]["n_bootstraps"] == N
    restored = nx.node_link_graph(json.loads(json.dumps(nx.node_link_data(graph))))
    assert nx.utils.graphs_equal(graph, restored)
    for *_, evidence in graph.edges(data=True):
        assert list(evidence) == EVIDENCE[2:]


@networks
def test_one_fit_after_another(learner):
    rng = np.random.default_rng(2)
    table = expression(rng, genome(rng, 15, regulators=0.3), 60)
    fitted = clone(learner).set_params(n_bootstraps=N).fit(table)
    assert fitted.test_ is None
    assert fitted.estimator_ == ms.GaussianCopula()
    again = fitted.set_params(n_bootstraps=None).fit(table)
    plain = clone(learner).fit(table)
    pd.testing.assert_frame_equal(again.edges_, plain.edges_)
    assert nx.utils.edges_equal(again.graph_.edges(data=True), plain.graph_.edges(data=True))


@networks
@pytest.mark.filterwarnings("ignore:no pair is significant")
def test_nothing_to_find(learner):
    noise = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 6)), columns=list("abcdef"))
    fresh = clone(learner).set_params(alpha=1e-6, correction="bonferroni", n_bootstraps=N)
    fitted = clone(fresh).fit(noise)
    assert fitted.edges_.empty
    assert list(fitted.graph_) == list("abcdef")
    filled = (
        clone(learner).set_params(n_bootstraps=N).fit(noise.assign(g=noise["a"] + 0.2 * noise["b"]))
    )
    assert fitted.edges_.dtypes.equals(filled.edges_.dtypes)
    constant = clone(fresh).fit(pd.DataFrame({"a": [1.5] * 20, "b": [0.5] * 20}))
    assert constant.edges_.empty


# What it is good for ----------------------------------------------------------------------------


def test_true_edges_have_more_support_than_false_ones():
    rng = np.random.default_rng(3)
    made = genome(rng, 40, regulators=0.2)
    edges = ms.ARACNE(n_bootstraps=30).fit(expression(rng, made, 150)).edges_
    true = {frozenset(e) for e in made.edges()}
    is_true = np.array([frozenset(e) in true for e in edges[["source", "target"]].to_numpy()])
    support = edges["support"].to_numpy()
    above = support[is_true][:, np.newaxis] - support[~is_true]
    # The chance that a true edge has more support than a false one, ties counted half.
    assert ((above > 0) + 0.5 * (above == 0)).mean() > 0.8
    assert support[is_true].mean() > 2 * support[~is_true].mean()


@pytest.mark.filterwarnings("ignore:no pair is significant")
def test_noise_has_an_edge_no_more_often_than_alpha():
    # Support alone gives an edge in 30 percent of such tables, as replicates share their rows.
    n_tables, some = 25, 0
    for seed in range(n_tables):
        noise = np.random.default_rng(seed).normal(size=(100, 20))
        learner = ms.ARACNE(n_bootstraps=50).fit(noise)
        some += learner.graph_.number_of_edges() > 0
    assert some <= binom.ppf(0.99, n_tables, 0.05)
