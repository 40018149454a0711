"""What every learner shares: tables of all makes, scikit-learn's conventions, the graph."""

from __future__ import annotations

import json
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import mistruct as ms
from tests.structure.sampled_networks import sample_tree, undirected

LEARNERS = [ms.ChowLiu(alpha=0.2, correction="bh"), ms.TAN("v1", penalty="aic")]
learners = pytest.mark.parametrize("learner", LEARNERS, ids=["chow-liu", "tan"])


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return sample_tree(np.random.default_rng(9), 7, 400)[0]


def polars_frame(table: pd.DataFrame) -> Any:
    import polars

    return polars.DataFrame({name: table[name].to_numpy() for name in table})


def arrow_table(table: pd.DataFrame) -> Any:
    import pyarrow

    return pyarrow.table({name: table[name].to_numpy() for name in table})


def annotated(table: pd.DataFrame) -> Any:
    import anndata

    cells = anndata.AnnData(table.set_axis([f"row {i}" for i in range(len(table))], axis=0))
    return ms.as_dataset(cells, kinds=dict.fromkeys(table, "discrete"))


@learners
@pytest.mark.parametrize("make", [polars_frame, arrow_table, annotated, ms.as_dataset])
def test_tables_of_all_makes_give_one_result(learner, make, table):
    expected = clone(learner).fit(table)
    found = clone(learner).fit(make(table))
    pd.testing.assert_frame_equal(found.edges_, expected.edges_, check_exact=True)
    assert list(found.graph_) == list(table)
    assert set(found.graph_.edges) == set(expected.graph_.edges)


def test_columns_of_arrays_are_numbered(table):
    numbered = table.set_axis([f"x{i}" for i in range(table.shape[1])], axis=1)
    found = ms.ChowLiu().fit(table.to_numpy())
    pd.testing.assert_frame_equal(found.edges_, ms.ChowLiu().fit(numbered).edges_)
    assert list(found.graph_) == [f"x{i}" for i in range(table.shape[1])]
    assert undirected(ms.TAN("x2").fit(table.to_numpy()).graph_) == undirected(
        ms.TAN("x2").fit(numbered).graph_
    )


def test_states_of_any_type_give_one_result(table):
    expected = ms.ChowLiu().fit(table).edges_
    spelled = table.replace({0: "a b", 1: "c,d", 2: "é"})
    for renamed in (spelled, spelled.astype("category"), table * 0.5):
        data = ms.as_dataset(renamed, kinds=dict.fromkeys(table, "discrete"))
        pd.testing.assert_frame_equal(ms.ChowLiu().fit(data).edges_, expected, check_exact=True)


@learners
def test_nodes_keep_the_names_and_order_of_the_table(learner, table):
    names = ["v1", "a, b", "c (d)", "é", "", " ", "v10"]
    fitted = clone(learner).fit(table.set_axis(names, axis=1))
    assert list(fitted.graph_) == names
    assert fitted.feature_names_in_.tolist() == names
    assert fitted.n_features_in_ == 7


def test_names_that_are_no_strings_become_their_text():
    table = pd.DataFrame({3: [0, 1, 0, 1], 1: [0, 1, 0, 1], (1, 2): [0, 0, 1, 1]})
    graph = ms.ChowLiu().fit(table).graph_
    assert list(graph) == ["3", "1", "(1, 2)"]
    assert list(ms.TAN(3).fit(table).graph_) == ["3", "1", "(1, 2)"]


@learners
def test_scikit_learn_conventions(learner, table):
    parameters = learner.get_params()
    copy = clone(learner)
    assert copy is not learner
    assert copy.get_params() == parameters
    assert not hasattr(copy, "graph_")
    assert copy.fit(table) is copy
    assert copy.get_params() == parameters
    assert copy.set_params(penalty="bic", alpha=None) is copy
    assert copy.get_params() == {**parameters, "penalty": "bic", "alpha": None}
    assert not hasattr(clone(copy), "edges_")
    with pytest.raises(ValueError, match="nonsense"):
        copy.set_params(nonsense=1)


def test_repr_shows_what_was_chosen():
    assert repr(ms.ChowLiu()) == "ChowLiu()"
    assert repr(ms.ChowLiu(alpha=0.05, correction="bh")) == "ChowLiu(alpha=0.05, correction='bh')"
    assert repr(ms.TAN("y", test=ms.GTest(seed=3))) == (
        "TAN(target='y', test=GTest(n_permutations=999, seed=3, sparse='moments'))"
    )


@learners
def test_parameters_are_checked_at_fit_and_not_before(learner, table):
    wrong = clone(learner).set_params(correction="holm")
    with pytest.raises(ms.ParameterError, match="correction must be one of"):
        wrong.fit(table)


@learners
def test_fitting_again_forgets_the_first_fit(learner, table):
    again = clone(learner).fit(table[["v1", "v2", "v3"]]).fit(table)
    pd.testing.assert_frame_equal(again.edges_, clone(learner).fit(table).edges_)
    assert list(again.graph_) == list(table)


@learners
def test_the_table_is_left_as_it_was(learner, table):
    before = table.copy()
    data = ms.as_dataset(table)
    codes = data.codes.copy()
    clone(learner).fit(table)
    clone(learner).fit(data)
    pd.testing.assert_frame_equal(table, before)
    assert (data.codes == codes).all()


@learners
def test_graph_says_what_made_it_and_survives_json(learner, table):
    fitted = clone(learner).set_params(test=ms.GTest(seed=7), estimator=ms.PlugIn()).fit(table)
    graph = fitted.graph_
    assert graph.graph["algorithm"] == {"ChowLiu": "chow-liu", "TAN": "tan"}[type(learner).__name__]
    assert graph.graph["version"] == ms.__version__
    parameters = graph.graph["parameters"]
    assert set(parameters) == set(fitted.get_params())
    assert parameters["test"] == repr(ms.GTest(n_permutations=999, seed=7))
    assert parameters["correction"] == fitted.correction
    assert parameters["alpha"] == fitted.alpha
    restored = nx.node_link_graph(json.loads(json.dumps(nx.node_link_data(graph))))
    assert restored.graph == graph.graph
    assert list(restored) == list(graph)
    assert list(restored.edges(data=True)) == list(graph.edges(data=True))
    for *_, evidence in graph.edges(data=True):
        assert type(evidence["mi"]) is type(evidence["p_value"]) is float
        assert type(evidence["n_samples"]) is int


def test_parameters_given_as_numpy_scalars_survive_json(table):
    graph = ms.ChowLiu(alpha=np.float32(0.25)).fit(table).graph_
    assert json.loads(json.dumps(graph.graph))["parameters"]["alpha"] == 0.25


@learners
def test_evidence_in_the_graph_is_that_of_the_table_of_edges(learner, table):
    fitted = clone(learner).fit(table)
    assert list(fitted.edges_)[:5] == ["source", "target", "mi", "p_value", "n_samples"]
    rows = fitted.edges_.to_dict("records")
    assert fitted.graph_.number_of_edges() == len(rows)
    for row in rows:
        pair = row.pop("source"), row.pop("target")
        assert fitted.graph_.edges[pair] == row


@pytest.mark.parametrize("n_columns", [0, 1])
def test_fewer_than_two_columns(n_columns, table):
    with pytest.raises(ms.DataError, match=r"column"):
        ms.ChowLiu().fit(table.iloc[:, :n_columns])
    if n_columns:
        with pytest.raises(ms.DataError, match=r"needs? two columns or more, got \['v1'\]"):
            ms.ChowLiu().fit(ms.as_dataset(table).select(["v1"]))


def test_missing_entries_are_refused_unless_a_policy_was_chosen(table):
    gaps = table.astype("Int64").mask(np.arange(len(table))[:, np.newaxis] < [1] + [0] * 6)
    with pytest.raises(ms.DataError, match="1 entries are missing, in "):
        ms.ChowLiu().fit(gaps)
    assert len(ms.ChowLiu().fit(ms.as_dataset(gaps, missing="state")).graph_) == 7
