"""Distances to neighbours and counts of points against whole matrices of distances."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistruct.kernels.neighbors.tree import (
    AFTER,
    BEGIN,
    END,
    LEAF,
    grow_tree,
    nearest_distances,
    reach_of_neighbors,
)
from mistruct.kernels.neighbors.tree_counts import count_on_line, count_shells, count_within

# Few decimals make ties and repeated points, an offset makes rounding matter.
points = st.builds(
    lambda seed, d, n, decimals, offset: (
        offset + np.random.default_rng(seed).normal(size=(d, n)).round(decimals)
    ),
    st.integers(0, 2**32),
    st.integers(1, 5),
    st.integers(2, 5 * LEAF),
    st.sampled_from([0, 1, 15]),
    st.sampled_from([0.0, 1e9]),
)


def _distances(points: np.ndarray) -> np.ndarray:
    return np.abs(points[:, :, None] - points[:, None, :]).max(axis=0)


def _nearest(points: np.ndarray, n_wanted: np.ndarray) -> np.ndarray:
    order, *tree = grow_tree(points)
    found, result = np.empty((2, order.size))
    nearest_distances(*tree, n_wanted[order], int(n_wanted.max()), 0, len(tree[1]), found)
    result[order] = found
    return result


def _count(points: np.ndarray, limits: np.ndarray) -> np.ndarray:
    order, *tree = grow_tree(points)
    found, result = np.empty((2, order.size), dtype=np.int64)
    count_within(*tree, limits[order], 0, len(tree[1]), found)
    result[order] = found
    return result


@given(points)
@settings(max_examples=40)
def test_the_tree_holds_every_point_once(points: np.ndarray) -> None:
    order, leaves, spans, boxes = grow_tree(points)
    n = points.shape[1]
    assert sorted(order) == list(range(n))
    sizes = spans[:, END] - spans[:, BEGIN]
    of_leaves = [range(*spans[node, [BEGIN, END]]) for node in np.flatnonzero(sizes <= LEAF)]
    assert [i for span in of_leaves for i in span] == list(range(n))
    assert all(len(span) == LEAF for span in of_leaves[:-1])
    for leaf, span in enumerate(of_leaves):
        np.testing.assert_array_equal(leaves[leaf, :, : len(span)], points[:, order[span]])
        assert np.isinf(leaves[leaf, :, len(span) :]).all()
    for (begin, end, _), box in zip(spans, boxes, strict=True):
        inside = points[:, order[begin:end]]
        np.testing.assert_array_equal(
            box, np.column_stack([inside.min(axis=1), inside.max(axis=1)])
        )
    assert spans[0, AFTER] == len(spans)


@pytest.mark.parametrize(
    "values",
    [
        np.arange(3000.0),
        -np.arange(3000.0),
        -np.abs(np.arange(3000.0) - 1500),
        np.abs(np.arange(3000.0) - 1500),
        np.arange(3000.0) % 7,
        np.zeros(3000),
    ],
    ids=["up", "down", "peak", "valley", "saw", "constant"],
)
def test_the_tree_is_split_at_medians(values: np.ndarray) -> None:
    order, _, spans, boxes = grow_tree(values[np.newaxis])
    assert sorted(order) == list(range(values.size))
    is_leaf = spans[:, END] - spans[:, BEGIN] <= LEAF
    low, high = boxes[is_leaf, 0].T
    assert (high[:-1] <= low[1:]).all()


@given(points, st.integers(0, 2**32))
@settings(max_examples=40)
def test_nearest_distances(points: np.ndarray, seed: int) -> None:
    n = points.shape[1]
    n_wanted = np.random.default_rng(seed).integers(1, min(n, 9), size=n)
    distances = _distances(points)
    np.fill_diagonal(distances, np.inf)
    expected = np.sort(distances, axis=1)[np.arange(n), n_wanted - 1]
    np.testing.assert_array_equal(_nearest(points, n_wanted), expected)


def test_every_other_point_is_a_neighbor() -> None:
    points = np.random.default_rng(0).normal(size=(3, 150))
    expected = _distances(points).max(axis=1)
    np.testing.assert_array_equal(_nearest(points, np.full(150, 149)), expected)


@given(points, st.integers(0, 2**32))
@settings(max_examples=40)
def test_counts_include_the_limit_and_the_point(points: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    distances = _distances(points)
    n = points.shape[1]
    # Limits that are distances, of all sizes, are where rounding would show.
    limits = distances[np.arange(n), rng.integers(0, n, n)]
    for limit in (limits, np.nextafter(limits, 0.0), np.zeros(n)):
        expected = (distances <= limit[:, np.newaxis]).sum(axis=1)
        np.testing.assert_array_equal(_count(points, limit), expected)


@given(points, st.integers(0, 2**32))
@settings(max_examples=40)
def test_counts_on_a_line(points: np.ndarray, seed: int) -> None:
    values = np.sort(points[0])
    distances = _distances(values[np.newaxis])
    n = values.size
    limits = distances[np.arange(n), np.random.default_rng(seed).integers(0, n, n)]
    for limit in (limits, np.nextafter(limits, 0.0)):
        counts = np.empty(n, dtype=np.int64)
        count_on_line(values, limit, 0, n, counts)
        expected = (distances <= limit[:, np.newaxis]).sum(axis=1)
        np.testing.assert_array_equal(counts, expected)


@given(points)
@settings(max_examples=40)
def test_reach_of_neighbors(points: np.ndarray) -> None:
    d, n = points.shape
    block_of = np.arange(d) % 2
    radii = _nearest(points, np.full(n, min(3, n - 1)))
    order, *tree = grow_tree(points)
    found, reach = np.empty((2, min(d, 2), n))
    reach_of_neighbors(*tree, block_of, radii[order], 0, len(tree[1]), found)
    reach[:, order] = found
    is_near = _distances(points) <= radii[:, np.newaxis]
    for b in range(min(d, 2)):
        expected = np.where(is_near, _distances(points[block_of == b]), 0.0).max(axis=1)
        np.testing.assert_array_equal(reach[b], expected)


@given(points, st.integers(0, 2**32))
@settings(max_examples=40)
def test_shells(points: np.ndarray, seed: int) -> None:
    """By the lowest and the highest block in which a point is at the radius; one has no block."""
    d, n = points.shape
    n_blocks = min(d, 3)
    block_of = np.append(np.arange(d) % n_blocks, -1)
    labels = 1e12 * np.random.default_rng(seed).integers(0, 2, n)
    coordinates = np.vstack([points, labels])
    n_alike = (labels == labels[:, np.newaxis]).sum(axis=1)
    radii = _nearest(coordinates, np.clip(n_alike - 1, 1, 3))
    order, *tree = grow_tree(coordinates)
    found, counts = np.empty((2, 1 + 2 * n_blocks, n), dtype=np.int64)
    count_shells(*tree, block_of, radii[order], 0, len(tree[1]), found)
    counts[:, order] = found
    distances, limits = _distances(coordinates), radii[:, np.newaxis]
    np.testing.assert_array_equal(counts[0], (distances < limits).sum(axis=1))
    at_radius = np.array(
        [(np.abs(c[:, np.newaxis] - c) == limits) for c in points]
    ) & (distances == limits)  # fmt: skip
    at_block = np.array([at_radius[block_of[:d] == b].any(axis=0) for b in range(n_blocks)])
    for b in range(n_blocks):
        lowest = at_block[b] & ~at_block[:b].any(axis=0)
        highest = at_block[b] & ~at_block[b + 1 :].any(axis=0)
        alike = n_alike > 1  # else the radius is that to the other labels
        np.testing.assert_array_equal(counts[1 + b, alike], lowest.sum(axis=1)[alike])
        np.testing.assert_array_equal(counts[1 + n_blocks + b, alike], highest.sum(axis=1)[alike])


def test_ranges_of_nodes_fill_their_own_part() -> None:
    points = np.random.default_rng(0).normal(size=(3, 1000))
    _, *tree = grow_tree(points)
    edges = [0, 5, 6, 17, len(tree[1])]
    whole, pieces = np.full((2, 1000), np.nan)
    n_wanted = np.full(1000, 3)
    nearest_distances(*tree, n_wanted, 3, 0, len(tree[1]), whole)
    of_whole, of_pieces = np.zeros((2, 1000), dtype=np.int64)
    count_within(*tree, whole, 0, len(tree[1]), of_whole)
    for first, last in itertools.pairwise(edges):
        nearest_distances(*tree, n_wanted, 3, first, last, pieces)
        count_within(*tree, whole, first, last, of_pieces)
    np.testing.assert_array_equal(whole, pieces)
    np.testing.assert_array_equal(of_whole, of_pieces)
