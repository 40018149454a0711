"""Trees and networks of a given matrix, beside the learners that estimate it from a table."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mistruct as ms

NAMES = ["stroma", "cycle", "immune"]
MATRIX = pd.DataFrame([[0, 0.4, 0.2], [0.4, 0, 0.5], [0.2, 0.5, 0]], NAMES, NAMES)


def table(n_columns: int = 12) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(n_columns, n_columns)) * (rng.random((n_columns, n_columns)) < 0.3)
    values = rng.normal(size=(300, n_columns)) @ (np.eye(n_columns) + mixing)
    return pd.DataFrame(values, columns=[f"g{k}" for k in range(n_columns)])


def edges(graph: nx.Graph) -> set[tuple[str, str]]:
    return {(min(e), max(e)) for e in graph.edges}


def test_of_the_matrix_of_a_table_they_are_what_the_learners_find() -> None:
    data = table()
    matrix = ms.mutual_information_matrix(data, estimator="copula")
    tree = ms.chow_liu_tree(matrix)
    assert edges(tree) == edges(ms.ChowLiu(estimator="copula").fit(data).graph_)
    for tolerance in (0.0, 0.3):
        learner = ms.ARACNE(alpha=None, tolerance=tolerance, estimator="copula").fit(data)
        found = ms.aracne_network(matrix, tolerance=tolerance)
        assert edges(found) == edges(learner.graph_)
    assert all(mi == matrix.loc[a, b] for a, b, mi in found.edges(data="mi"))


@given(st.integers(0, 10_000), st.floats(0, 0.9), st.floats(0, 0.5))
def test_every_triangle_by_hand(seed: int, tolerance: float, threshold: float) -> None:
    """Also with ties, gaps and infinite entries; the order of nodes does not matter."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 8))
    choices = [0.0, 0.1, 0.25, 0.5, 0.6, np.inf, np.nan]
    values = np.triu(rng.choice(choices, size=(n, n)), 1)
    values = values + values.T
    names = [f"n{k}" for k in range(n)]
    expected = set()
    for i in range(n):
        for j in range(i + 1, n):
            mine = values[i, j]
            detours = [
                min(values[i, k], values[k, j])
                for k in range(n)
                if k not in (i, j) and values[i, k] > threshold and values[k, j] > threshold
            ]
            if mine > threshold and not any(mine < (1 - tolerance) * d for d in detours):
                expected.add((names[i], names[j]))
    order = rng.permutation(n)
    matrix = pd.DataFrame(values, names, names).iloc[order, order]
    found = ms.aracne_network(matrix, threshold=threshold, tolerance=tolerance)
    assert edges(found) == expected
    assert list(found.nodes) == names

    tree = ms.chow_liu_tree(matrix)
    assert edges(tree) == edges(ms.chow_liu_tree(pd.DataFrame(values, names, names)))
    known = nx.Graph()
    known.add_nodes_from(names)
    known.add_weighted_edges_from(
        (names[i], names[j], -min(values[i, j], 1e6))
        for i in range(n)
        for j in range(i)
        if not np.isnan(values[i, j])
    )
    peer = nx.minimum_spanning_tree(known)
    total = sum(-w for *_, w in peer.edges(data="weight"))
    assert sum(min(mi, 1e6) for *_, mi in tree.edges(data="mi")) == pytest.approx(total)
    assert len(tree.edges) == len(peer.edges)


def test_groups_of_columns_become_nodes() -> None:
    data = table()
    groups = {"first": ["g0", "g1"], "second": ["g2", "g3", "g4"], "third": ["g5"]}
    matrix = ms.mutual_information_matrix(data, groups=groups, estimator="copula")
    assert set(ms.chow_liu_tree(matrix)) == set(groups)


@pytest.mark.parametrize(
    ("matrix", "error", "message"),
    [
        (MATRIX.to_numpy(), ms.ParameterError, "matrix must be a DataFrame, got ndarray"),
        (
            MATRIX.rename(index={"cycle": "Cycle"}),
            ms.DataError,
            "one name for a row and its column; 'Cycle' is only one of them",
        ),
        (
            MATRIX.rename(index={"cycle": "stroma"}, columns={"cycle": "stroma"}),
            ms.DataError,
            "a name stands for more than one",
        ),
        (
            MATRIX.where(MATRIX != 0.2, np.triu(MATRIX)),
            ms.DataError,
            "symmetric; 'immune' with 'stroma' has 0, and the other way round 0.2",
        ),
    ],
)
def test_other_matrices_are_refused(matrix: object, error: type[Exception], message: str) -> None:
    for function in (ms.chow_liu_tree, ms.aracne_network):
        with pytest.raises(error, match=message):
            function(matrix)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"threshold": -0.1}, "threshold must be a number of at least 0, got -0.1"),
        ({"threshold": np.nan}, "threshold must be a number of at least 0, got nan"),
        ({"tolerance": 1.0}, "tolerance must be a number from 0 to below 1, got 1.0"),
    ],
)
def test_other_parameters_are_refused(parameters: dict[str, float], message: str) -> None:
    with pytest.raises(ms.ParameterError, match=message):
        ms.aracne_network(MATRIX, **parameters)
