"""Nearest neighbours of every point among the points, in the max norm.

A k-d tree (Bentley 1975; Friedman, Bentley and Finkel 1977) whose leaves hold enough points for
the vector unit: what is near is compared one by one, what is far is left out a box at a time. The
median splits leave no leaf but the last with room, and the nodes lie in pre-order, so a walk needs
no stack: it steps to the next node, or over the node's subtree.

Distances are compared as computed. Rounding is monotone, so a box is never computed to be farther
than a point inside it, and what comes out equals what a loop over all pairs would say, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel

# Left as calls in the inner loops, the small steps would double the time of the whole walk.
spliced: Callable[..., Any] = njit(inline="always", error_model="numpy")

#: Points in a leaf; measured best between 16 and 128 from 2 to 10 dimensions.
LEAF = 64

# The columns of `spans`: the points of a node, first and behind the last, and the node that
# follows its subtree in pre-order.
BEGIN, END, AFTER = 0, 1, 2


@spliced
def partition_points(
    order: NDArray[np.int64], keys: NDArray[np.float64], left: int, right: int, target: int
) -> None:
    """Reorder from `left` to `right` until no key before `target` exceeds one after it (Hoare)."""
    while left < right:
        # The median of three, none at an end: sorted runs and peaks then split evenly.
        step = (right - left) // 4
        one, two, three = keys[left + step], keys[left + 2 * step], keys[right - step]
        pivot = max(min(one, two), min(max(one, two), three))
        i, j = left, right
        while i <= j:
            while keys[i] < pivot:
                i += 1
            while keys[j] > pivot:
                j -= 1
            if i <= j:
                keys[i], keys[j] = keys[j], keys[i]
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if target > j and target < i:
            break
        if target <= j:
            right = j
        else:
            left = i


@kernel
def grow_tree(points: NDArray[np.float64]):  # type: ignore[no-untyped-def]
    """Tree of points of shape (d, n), each node split at the median of its widest coordinate.

    Returns the points' order in the tree; the leaves' points in that order, of shape
    (n_leaves, d, LEAF), filled up with infinity; the nodes' spans; and their boxes, of shape
    (n_nodes, d, 2).
    """
    d, n = points.shape
    n_leaves = (n + LEAF - 1) // LEAF
    order = np.arange(n)
    leaves = np.empty((n_leaves, d, LEAF))
    spans = np.empty((2 * n_leaves - 1, 3), np.int64)
    boxes = np.empty((2 * n_leaves - 1, d, 2))
    keys = np.empty(n)
    spans[0, BEGIN], spans[0, END], spans[0, AFTER] = 0, n, spans.shape[0]
    for node in range(spans.shape[0]):
        begin, end = spans[node, BEGIN], spans[node, END]
        widest, width = 0, -1.0
        for c in range(d):
            low = points[c, order[begin]]
            high = low
            for i in range(begin + 1, end):
                value = points[c, order[i]]
                low = value if value < low else low
                high = value if value > high else high
            boxes[node, c, 0] = low
            boxes[node, c, 1] = high
            if high - low > width:
                widest, width = c, high - low
        if end - begin <= LEAF:
            leaf = begin // LEAF
            for c in range(d):
                for i in range(LEAF):
                    inside = begin + i < end
                    leaves[leaf, c, i] = points[c, order[begin + i]] if inside else np.inf
            continue
        n_left = (end - begin + LEAF - 1) // LEAF // 2
        middle = begin + n_left * LEAF
        for i in range(begin, end):
            keys[i] = points[widest, order[i]]
        partition_points(order, keys, begin, end - 1, middle)
        left, right = node + 1, node + 2 * n_left
        spans[left, BEGIN], spans[left, END], spans[left, AFTER] = begin, middle, right
        spans[right, BEGIN], spans[right, END] = middle, end
        spans[right, AFTER] = spans[node, AFTER]
    return order, leaves, spans, boxes


@spliced
def leaf_at(spans: NDArray[np.int64], node: int) -> tuple[int, int, int]:
    """Where the points of a node begin, how many they are, and its leaf; no leaf above `LEAF`."""
    begin = spans[node, BEGIN]
    return begin, spans[node, END] - begin, begin // LEAF


@spliced
def gap_between(boxes: NDArray[np.float64], one: int, other: int) -> float:
    """Distance between the boxes of two nodes; 0 where they meet."""
    gap = 0.0
    for c in range(boxes.shape[1]):
        below = boxes[one, c, 0] - boxes[other, c, 1]
        above = boxes[other, c, 0] - boxes[one, c, 1]
        gap = below if below > gap else gap
        gap = above if above > gap else gap
    return gap


@spliced
def gap_to_point(
    boxes: NDArray[np.float64], node: int, leaves: NDArray[np.float64], leaf: int, slot: int
) -> float:
    """Distance from the point in a slot of a leaf to the box of a node; 0 inside."""
    gap = 0.0
    for c in range(boxes.shape[1]):
        value = leaves[leaf, c, slot]
        below = boxes[node, c, 0] - value
        above = value - boxes[node, c, 1]
        gap = below if below > gap else gap
        gap = above if above > gap else gap
    return gap


@spliced
def measure_leaf(
    leaves: NDArray[np.float64], leaf: int, home: int, slot: int, distances: NDArray[np.float64]
) -> None:
    """Distances from the point in a slot of leaf `home` to all points of another leaf."""
    value = leaves[home, 0, slot]
    for j in range(LEAF):
        distances[j] = abs(leaves[leaf, 0, j] - value)
    for c in range(1, leaves.shape[1]):
        value = leaves[home, c, slot]
        for j in range(LEAF):
            along = abs(leaves[leaf, c, j] - value)
            distances[j] = along if along > distances[j] else distances[j]


@kernel
def nearest_distances(
    leaves: NDArray[np.float64],
    spans: NDArray[np.int64],
    boxes: NDArray[np.float64],
    n_wanted: NDArray[np.int64],
    most_wanted: int,
    first: int,
    last: int,
    result: NDArray[np.float64],
) -> None:
    """Distance of each point to its n-th neighbour, itself not counted.

    `n_wanted`, each from 1 to `most_wanted`, and `result` are in the order of the tree. Done are
    the points in the leaves among the nodes from `first` to before `last`.
    """
    nearest = np.empty((LEAF, most_wanted))
    distances = np.empty(LEAF)
    for home in range(first, last):
        begin, n_points, leaf_of_home = leaf_at(spans, home)
        if n_points > LEAF:
            continue
        for slot in range(n_points):
            for p in range(most_wanted):
                nearest[slot, p] = np.inf
        bound = np.inf
        at_home = True
        node = home  # its own leaf first, so that the bound is tight from then on
        while node < spans.shape[0]:
            if (node == home and not at_home) or gap_between(boxes, home, node) >= bound:
                node = spans[node, AFTER]
                continue
            if spans[node, END] - spans[node, BEGIN] > LEAF:
                node += 1
                continue
            leaf = spans[node, BEGIN] // LEAF
            bound = 0.0
            for slot in range(n_points):
                last_place = n_wanted[begin + slot] - 1
                radius = nearest[slot, last_place]
                if gap_to_point(boxes, node, leaves, leaf_of_home, slot) < radius:
                    measure_leaf(leaves, leaf, leaf_of_home, slot, distances)
                    if at_home:
                        distances[slot] = np.inf
                    n_closer = 0
                    for j in range(LEAF):
                        n_closer += distances[j] < radius
                    if n_closer > 0:
                        for j in range(LEAF):
                            if distances[j] < radius:
                                p = last_place
                                while p > 0 and nearest[slot, p - 1] > distances[j]:
                                    nearest[slot, p] = nearest[slot, p - 1]
                                    p -= 1
                                nearest[slot, p] = distances[j]
                                radius = nearest[slot, last_place]
                bound = radius if radius > bound else bound
            node = 0 if at_home else node + 1
            at_home = False
        for slot in range(n_points):
            result[begin + slot] = nearest[slot, n_wanted[begin + slot] - 1]


@kernel
def reach_of_neighbors(
    leaves: NDArray[np.float64],
    spans: NDArray[np.int64],
    boxes: NDArray[np.float64],
    block_of: NDArray[np.int64],
    radii: NDArray[np.float64],
    first: int,
    last: int,
    reach: NDArray[np.float64],
) -> None:
    """Largest distance in each block of coordinates of the neighbours within each radius.

    Coordinate c belongs to block ``block_of[c]``; `reach`, of shape (n_blocks, n), and `radii` are
    in the order of the tree. A neighbour at the radius counts.
    """
    distances = np.empty(LEAF)
    for home in range(first, last):
        begin, n_points, leaf_of_home = leaf_at(spans, home)
        if n_points > LEAF:
            continue
        bound = 0.0
        for i in range(begin, begin + n_points):
            bound = radii[i] if radii[i] > bound else bound
            for b in range(reach.shape[0]):
                reach[b, i] = 0.0
        node = 0
        while node < spans.shape[0]:
            if gap_between(boxes, home, node) > bound:
                node = spans[node, AFTER]
                continue
            leaf = spans[node, BEGIN] // LEAF
            is_leaf = spans[node, END] - spans[node, BEGIN] <= LEAF
            for slot in range(n_points if is_leaf else 0):
                i = begin + slot
                if gap_to_point(boxes, node, leaves, leaf_of_home, slot) > radii[i]:
                    continue
                measure_leaf(leaves, leaf, leaf_of_home, slot, distances)
                for j in range(LEAF):
                    if distances[j] <= radii[i]:
                        for c in range(leaves.shape[1]):
                            along = abs(leaves[leaf, c, j] - leaves[leaf_of_home, c, slot])
                            if along > reach[block_of[c], i]:
                                reach[block_of[c], i] = along
            node += 1
