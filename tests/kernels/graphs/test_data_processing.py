"""The data processing inequality against every triangle, and its theorems."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistruct.kernels.graphs.data_processing import Ties, choose_ends, explain_edges
from tests import reference_networks as ref

Matrix = np.ndarray[Any, np.dtype[Any]]


def name(k: int) -> str:
    return f"{k:04d}"


def ties_of(
    rng: np.random.Generator, n: int, rows: list[int], share: float, n_values: int | None
) -> Matrix:
    """Symmetric ties, 0 where there is no edge; only pairs with one of `rows` may have one."""
    raw = rng.normal(0.5, 1.0, (n, n)) if n_values is None else rng.integers(0, n_values, (n, n))
    ties = np.triu(np.where(rng.random((n, n)) < share, raw, 0.0), 1)
    allowed = np.isin(np.arange(n), rows)
    ties *= allowed | allowed[:, np.newaxis]
    return ties + ties.T


def explained(
    ties: Matrix, rows: list[int], tolerance: float, seed: int = 0
) -> dict[tuple[int, int], int]:
    """What the kernel says of every edge; neighbours with equal ties come in random order."""
    rng = np.random.default_rng(seed)
    row_of = np.full(len(ties), -1, dtype=np.int64)
    row_of[rows] = np.arange(len(rows))
    neighbors, starts = [], [0]
    for k in range(len(ties)):
        shuffled = rng.permutation(np.flatnonzero(ties[k] > 0))
        neighbors.append(shuffled[np.argsort(-ties[k][shuffled], kind="stable")])
        starts.append(starts[-1] + len(shuffled))
    strongest = [ties[k][of_k] for k, of_k in enumerate(neighbors)]
    edges = np.argwhere(np.triu(ties != 0)).astype(np.int32).reshape(-1, 2)
    edges = np.array([e if row_of[e[0]] >= 0 else e[::-1] for e in edges], np.int32).reshape(-1, 2)
    network = Ties(
        np.array(starts), np.concatenate(neighbors).astype(np.int32), np.concatenate(strongest)
    )
    near, far = np.empty((2, len(edges)), dtype=np.int32)
    choose_ends(network, edges, near, far)
    order = np.argsort(far)
    through = np.full(len(edges), -7, dtype=np.int32)
    through[order] = explain_edges(network, near, far, ties[tuple(edges.T)], order, 1.0 - tolerance)
    ends = np.sort(edges, axis=1).tolist()
    return {(i, j): int(k) for (i, j), k in zip(ends, through, strict=True)}


def expected(ties: Matrix, tolerance: float) -> dict[tuple[int, int], int]:
    information = {
        (name(i), name(j)): float(ties[i, j]) for i, j in np.argwhere(np.triu(ties != 0))
    }
    found = ref.explanations(information, tolerance)
    return {(int(i), int(j)): -1 if k is None else int(k) for (i, j), k in found.items()}


tolerances = st.sampled_from([0.0, 0.1, 0.3, 0.9])


@given(
    st.integers(0, 2**32), st.integers(2, 9), st.floats(0.2, 1.0), tolerances,
    st.sampled_from([None, 3, 6]), st.sampled_from([np.float64, np.float32]),
)  # fmt: skip
def test_it_is_that_of_every_triangle(seed, n, share, tolerance, n_values, dtype):
    ties = ties_of(np.random.default_rng(seed), n, list(range(n)), share, n_values).astype(dtype)
    assert explained(ties, list(range(n)), tolerance, seed) == expected(ties, tolerance)


@given(st.integers(0, 2**32), st.integers(2, 10), tolerances, st.sampled_from([None, 4]))
def test_with_regulators_a_triangle_has_two_of_them(seed, n, tolerance, n_values):
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(n)[: rng.integers(1, n + 1)]).tolist()
    ties = ties_of(rng, n, rows, 0.8, n_values)
    found = explained(ties, rows, tolerance, seed)
    assert found == expected(ties, tolerance)
    for edge, k in found.items():
        assert k < 0 or len({*edge, k} & set(rows)) >= 2


@pytest.mark.parametrize("n_values", [None, 50])
def test_many_more_ties_than_are_visited(n_values):
    # More neighbours than the rank by which the kernel chooses where to look.
    ties = ties_of(np.random.default_rng(1), 90, list(range(90)), 0.9, n_values)
    found = explained(ties, list(range(90)), 0.1)
    assert found == expected(ties, 0.1)
    assert len(set(found.values())) > 20


@given(st.integers(0, 2**32), st.integers(3, 8), tolerances)
def test_renaming_nodes_renames_what_explains(seed, n, tolerance):
    rng = np.random.default_rng(seed)
    everything = list(range(n))
    ties = ties_of(rng, n, everything, 0.9, None)  # no two are equal
    order = rng.permutation(n)
    renamed = explained(ties[np.ix_(order, order)], everything, tolerance)
    found = explained(ties, everything, tolerance)
    back = {
        tuple(sorted((int(order[i]), int(order[j])))): int(order[k]) if k >= 0 else -1
        for (i, j), k in renamed.items()
    }
    assert back == found


@given(st.integers(0, 2**32), st.integers(3, 8))
def test_a_larger_tolerance_explains_less(seed, n):
    ties = ties_of(np.random.default_rng(seed), n, list(range(n)), 1.0, None)
    counts = [
        {edge for edge, k in explained(ties, list(range(n)), t).items() if k >= 0}
        for t in (0.0, 0.1, 0.5)
    ]
    assert counts[0] >= counts[1] >= counts[2]


@given(st.integers(0, 2**32), st.integers(3, 9))
def test_a_maximum_spanning_tree_is_never_explained(seed, n):
    # Its edges are the strongest across some cut, and a detour through k crosses every cut.
    import networkx as nx

    ties = np.abs(ties_of(np.random.default_rng(seed), n, list(range(n)), 1.0, None))
    tree = nx.maximum_spanning_tree(nx.from_numpy_array(ties))
    found = explained(ties, list(range(n)), 0.0)
    assert all(found[tuple(sorted(edge))] < 0 for edge in tree.edges)


def test_the_best_of_two_explanations_and_ties_by_name():
    ties = np.zeros((5, 5))
    for (i, j), value in {
        (0, 1): 0.1, (0, 2): 0.9, (1, 2): 0.3, (0, 3): 0.4, (1, 3): 0.4, (0, 4): 0.4, (1, 4): 0.5,
    }.items():  # fmt: skip
        ties[i, j] = ties[j, i] = value
    # Through 2 the weaker tie is 0.3, through 3 and 4 it is 0.4.
    assert explained(ties, list(range(5)), 0.1)[0, 1] == 3


def test_exactly_the_tolerance_is_not_enough():
    ties = np.array([[0.0, 0.5, 1.0], [0.5, 0.0, 1.0], [1.0, 1.0, 0.0]])
    assert explained(ties, [0, 1, 2], 0.5)[0, 1] == -1
    assert explained(ties, [0, 1, 2], 0.25)[0, 1] == 2


def test_infinite_ties():
    ties = np.array([[0.0, 0.5, np.inf], [0.5, 0.0, 0.7], [np.inf, 0.7, 0.0]])
    assert explained(ties, [0, 1, 2], 0.1) == {(0, 1): 2, (0, 2): -1, (1, 2): -1}
    everywhere = np.full((3, 3), np.inf)
    np.fill_diagonal(everywhere, 0.0)
    assert set(explained(everywhere, [0, 1, 2], 0.1).values()) == {-1}


@pytest.mark.parametrize("values", list(itertools.permutations([-0.2, -0.1, 0.3])))
def test_negative_estimates_explain_nothing(values):
    ties = np.zeros((3, 3))
    for (i, j), value in zip([(0, 1), (0, 2), (1, 2)], values, strict=True):
        ties[i, j] = ties[j, i] = value
    assert set(explained(ties, [0, 1, 2], 0.1).values()) == {-1}


def test_no_edges():
    assert explained(np.zeros((4, 4)), [0, 1, 2, 3], 0.1) == {}
