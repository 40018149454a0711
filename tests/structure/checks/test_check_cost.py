"""What a check is said to take."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

import mistruct as ms
from mistruct.errors import DataError, ParameterError
from mistruct.structure.checks.check_cost import check_cost


@pytest.fixture
def data() -> ms.Dataset:
    return ms.as_dataset(np.random.default_rng(0).normal(size=(100, 6)))


@pytest.mark.parametrize("graph", [nx.DiGraph, nx.Graph])
def test_permuted_names_are_asked_as_often_as_the_graph(
    graph: type[nx.Graph], data: ms.Dataset
) -> None:
    chain = nx.path_graph(data.names, create_using=graph)
    none, some = (check_cost(chain, data, n_permutations=n) for n in (0, 30))
    n_pairs, n_edges = 15, 5
    assert some.seconds / none.seconds == pytest.approx(1 + 30 * (n_pairs - n_edges) / n_pairs)
    assert some.n_bytes == none.n_bytes


def test_larger_sets_take_longer_and_own_tests_are_not_known(data: ms.Dataset) -> None:
    few, many = nx.DiGraph(), nx.DiGraph((a, "x5") for a in data.names[:5])
    few.add_nodes_from(data.names)
    by_knn = [check_cost(g, data, test="knn").seconds for g in (few, many)]
    assert by_knn[0] < by_knn[1]
    assert np.isnan(check_cost(few, data, test=lambda *_: 0.5).seconds)


def test_nodes_that_are_no_columns_are_refused(data: ms.Dataset) -> None:
    with pytest.raises(DataError, match="nodes of the graph are no columns"):
        check_cost(nx.DiGraph([("x0", "y")]), data)
    with pytest.raises(ParameterError, match="n_permutations must be 0 or at least 19"):
        check_cost(nx.DiGraph([("x0", "x1")]), data, n_permutations=3)
