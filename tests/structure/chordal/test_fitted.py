"""The fitted distribution, held against pgmpy, numpy and the margins of the data."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from pgmpy.inference import VariableElimination
from scipy.stats import multivariate_normal

import mistruct as ms
from mistruct.structure.chordal.cliques import cliques_of
from tests.structure.chordal.tables import random_numbers, random_states


def learned(seed: int, **options: float) -> tuple[pd.DataFrame, ms.ChordalNetwork]:
    table = random_states(np.random.default_rng(seed), 7, 1500)
    return table, ms.ChordalNetwork(gamma=0.0, **options).fit(table)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0.0, 5.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_likelihood_is_that_of_pgmpy(seed: int, size: float) -> None:
    table, net = learned(seed, equivalent_sample_size=size)
    model = ms.to_markov_network(net.graph_, table)
    if size:
        model = ms.to_bayesian_network(net.dag_, table, equivalent_sample_size=size)
    query = VariableElimination(model).query(list(table), show_progress=False)
    expected = 0.0
    for row, n in table.value_counts().items():
        expected += n * np.log(query.get_value(**dict(zip(table, row, strict=True))))
    assert net.log_likelihood(table) == pytest.approx(expected, rel=1e-9)


def test_margins_of_cliques_are_those_of_the_data() -> None:
    table, net = learned(2, equivalent_sample_size=0.0)
    assert net.treewidth_ >= 2
    model = ms.to_bayesian_network(net.dag_, table, equivalent_sample_size=1e-12)
    inference = VariableElimination(model)
    for clique in net.junction_tree_:
        found = inference.query(list(clique), show_progress=False)
        counts = table.groupby(list(clique), observed=False).size() / len(table)
        for states, share in counts.items():
            which = dict(zip(clique, np.atleast_1d(np.array(states)), strict=True))
            assert found.get_value(**which) == pytest.approx(share, abs=1e-9)


def test_information_adds_up_to_the_likelihood() -> None:
    table, net = learned(2, equivalent_sample_size=0.0)
    entropies = sum(ms.entropy(table[column], estimator="plug-in") for column in table)
    nats = len(table) * (net.edges_["cmi"].sum() - entropies)
    assert net.log_likelihood(table) == pytest.approx(nats, rel=1e-9)


def test_samples_have_the_fitted_margins() -> None:
    table, net = learned(0, equivalent_sample_size=0.0)
    drawn = net.sample(20_000, seed=1)
    assert list(drawn.columns) == list(table.columns)
    pd.testing.assert_frame_equal(drawn, net.sample(20_000, seed=1))
    assert not drawn.equals(net.sample(20_000, seed=2))
    for clique in net.junction_tree_:
        expected = table.groupby(list(clique), observed=False).size() / len(table)
        found = drawn.groupby(list(clique), observed=False).size() / len(drawn)
        # Five standard deviations of a share.
        assert (abs(found - expected) <= 5 * np.sqrt(expected * (1 - expected) / 20_000)).all()


def test_the_precision_of_numbers_is_the_inverse_that_agrees_on_cliques() -> None:
    table = random_numbers(np.random.default_rng(4), 9, 80)
    net = ms.ChordalNetwork().fit(table)
    precision = net.precision_.toarray()
    covariance = np.linalg.inv(precision)
    sample = np.cov(table.to_numpy().T, bias=True)
    names = list(table)
    for i, x in enumerate(names):
        for j, y in enumerate(names):
            if i == j or net.graph_.has_edge(x, y):
                assert covariance[i, j] == pytest.approx(sample[i, j], rel=1e-8)
            else:
                assert precision[i, j] == 0
    other = random_numbers(np.random.default_rng(5), 9, 30)
    expected = multivariate_normal(table.mean(), covariance).logpdf(other).sum()
    assert net.log_likelihood(other) == pytest.approx(expected, rel=1e-9)
    drawn = net.sample(50_000, seed=0)
    spread = np.sqrt(np.diag(covariance))
    assert np.abs((drawn.mean() - table.mean()) / spread).max() < 5 / np.sqrt(50_000)
    assert np.abs((np.cov(drawn.T) - covariance) / np.outer(spread, spread)).max() < 0.03


def test_rows_that_have_no_likelihood() -> None:
    table, net = learned(0)
    with pytest.raises(ms.DataError, match="there is no column 'c6'"):
        net.log_likelihood(table.drop(columns="c6"))
    gaps = table.copy()
    gaps.loc[3, "c2"] = None
    with pytest.raises(ms.DataError, match="'c2' has 1 missing entries"):
        net.log_likelihood(gaps)
    strange = table.astype(int)
    strange.loc[3, "c2"] = 7
    with pytest.raises(ms.DataError, match="'c2' has the state 7, which it did not have"):
        net.log_likelihood(strange.astype("category"))
    with pytest.raises(ms.DataError, match="precision_ is of continuous columns"):
        _ = net.precision_


def test_states_may_come_in_another_order_and_not_all() -> None:
    table, net = learned(3)
    part = table.iloc[:1].astype(int).astype("category")
    rest = table.iloc[1:].apply(lambda c: c.cat.set_categories(c.cat.categories[::-1]))
    both = net.log_likelihood(ms.as_dataset(part)) + net.log_likelihood(ms.as_dataset(rest))
    assert both == pytest.approx(net.log_likelihood(table), rel=1e-9)


def test_parts_with_gaps_use_their_own_rows() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.integers(0, 2, 100), "c": rng.integers(0, 2, 100)})
    table["b"], table["d"] = table["a"], table["c"]
    gaps = table.astype(object).mask(np.arange(100)[:, np.newaxis] < [20, 0, 0, 0])
    net = ms.ChordalNetwork(equivalent_sample_size=0.0)
    net.fit(ms.as_dataset(gaps, missing="testwise"))
    assert [c.nodes for c in cliques_of(net.graph_)] == [("a", "b"), ("c", "d")]
    model = ms.to_markov_network(net.graph_, ms.as_dataset(gaps, missing="testwise"))
    assert nx.get_node_attributes(model, "n_samples") == {"a": 80, "b": 80, "c": 100, "d": 100}
    share = table["a"][20:].mean()
    shares = {0: 1 - share, 1: share}
    expected = sum(np.log(shares[a]) for a in table["a"])
    share = table["c"].mean()
    expected += sum(np.log({0: 1 - share, 1: share}[c]) for c in table["c"])
    assert net.log_likelihood(table) == pytest.approx(expected, rel=1e-9)
