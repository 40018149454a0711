"""Prim's tree against networkx and against every tree there is."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistruct.kernels.graphs.spanning_tree import (
    forest_of_edges,
    forest_of_panel,
    maximum_spanning_tree,
)
from tests import reference as ref


def _tree(weights: np.ndarray) -> np.ndarray:
    edges = np.full((len(weights) - 1, 2), -1)
    maximum_spanning_tree(weights, edges)
    return edges


def _is_tree(edges: np.ndarray, p: int) -> bool:
    graph = nx.empty_graph(p)
    graph.add_edges_from(edges.tolist())
    return bool((edges[:, 0] < edges[:, 1]).all()) and nx.is_tree(graph)


def _symmetric(seed: int, p: int, n_values: int | None) -> np.ndarray:
    rng = np.random.default_rng(seed)
    raw = rng.random((p, p)) if n_values is None else rng.integers(0, n_values, (p, p)) / 4 - 0.25
    weights = np.triu(raw, 1)
    return weights + weights.T


@pytest.mark.parametrize("p", [1, 2, 3, 30, 80])
@pytest.mark.parametrize("n_values", [None, 3])
def test_total_weight_is_that_of_networkx(p: int, n_values: int | None) -> None:
    weights = _symmetric(p, p, n_values)
    edges = _tree(weights)
    assert _is_tree(edges, p)
    graph = nx.complete_graph(p)
    for i, j in graph.edges:
        graph[i][j]["weight"] = weights[i, j]
    best = nx.maximum_spanning_tree(graph).size("weight")
    assert weights[tuple(edges.T)].sum() == pytest.approx(best, abs=1e-12)


@given(st.integers(0, 2**32), st.integers(2, 5), st.sampled_from([None, 2, 4]))
@settings(max_examples=40, deadline=None)
def test_the_tree_is_one_of_the_best(seed: int, p: int, n_values: int | None) -> None:
    weights = _symmetric(seed, p, n_values)
    edges = _tree(weights)
    pairs = {(i, j): float(weights[i, j]) for j in range(p) for i in range(j)}
    _, forests = ref.maximum_spanning_forests(pairs, range(p))
    assert frozenset(map(tuple, edges.tolist())) in forests


def test_of_equal_weights_the_lowest_index_wins() -> None:
    assert _tree(np.ones((5, 5))).tolist() == [[0, 1], [0, 2], [0, 3], [0, 4]]


@pytest.mark.parametrize("absent", [-np.inf, np.nan])
def test_columns_without_any_weight_still_hang_on(absent: float) -> None:
    weights = _symmetric(4, 6, None)
    for i in (0, 3):
        weights[i] = weights[:, i] = absent
    edges = _tree(weights)
    assert _is_tree(edges, 6)
    inner = [1, 2, 4, 5]
    best = _tree(np.ascontiguousarray(weights[np.ix_(inner, inner)]))
    kept = {(i, j) for i, j in edges.tolist() if {i, j} <= set(inner)}
    assert kept == {(inner[i], inner[j]) for i, j in best.tolist()}


def _by_kruskal(pairs: dict[tuple[int, int], float], p: int) -> set[tuple[int, int]]:
    """The forest of the total order: by weight, then by the ends."""
    graph, best = nx.empty_graph(p), set()
    for (i, j), weight in sorted(pairs.items(), key=lambda item: (-item[1], item[0])):
        if weight > -np.inf and not nx.has_path(graph, i, j):
            graph.add_edge(i, j)
            best.add((i, j))
    return best


@given(st.integers(0, 2**32), st.integers(2, 12), st.sampled_from([None, 2, 4]), st.data())
@settings(max_examples=60)
def test_the_forest_of_some_rows_is_that_of_the_total_order(seed, p, n_values, data):
    weights = _symmetric(seed, p, n_values)
    absent = np.random.default_rng(seed).random((p, p)) < 0.2
    weights[absent | absent.T] = data.draw(st.sampled_from([-np.inf, np.nan]))
    first = data.draw(st.integers(0, p - 1))
    last = data.draw(st.integers(first + 1, p))
    start = data.draw(st.integers(0, first))
    found = forest_of_panel(weights[first:last, start:], first, start, p)
    pairs = {
        (i, j): weights[i, j]
        for i in range(first, last)
        for j in range(i + 1, p)
        if not np.isnan(weights[i, j])
    }
    edges = set(zip(found.low.tolist(), found.high.tolist(), strict=True))
    assert edges == _by_kruskal(pairs, p)
    assert weights[found.low, found.high].tolist() == found.weight.tolist()


@given(st.integers(0, 2**32), st.integers(2, 12), st.sampled_from([None, 3]))
@settings(max_examples=40)
def test_forests_of_parts_make_that_of_the_whole(seed, p, n_values):
    weights = _symmetric(seed, p, n_values)
    cut = np.random.default_rng(seed).integers(1, p)
    parts = [forest_of_panel(weights[:cut], 0, 0, p), forest_of_panel(weights[cut:], cut, 0, p)]
    low, high, weight = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("low", "high", "weight")
    )
    order = np.lexsort([high, low, -weight])
    edges = np.column_stack([low, high])[order]
    taken = edges[forest_of_edges(edges, p)]
    assert set(map(tuple, taken.tolist())) == set(map(tuple, _tree(weights).tolist()))
