"""Numbers of points within a distance of each point, in the max norm.

Each point has a limit of its own, and what lies at the limit counts; for "strictly closer than r"
the limit is the next number below r. The point itself counts as well.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.neighbors.sorted_line import n_closer
from mistruct.kernels.neighbors.tree import (
    AFTER,
    BEGIN,
    END,
    LEAF,
    gap_between,
    gap_to_point,
    leaf_at,
    measure_leaf,
    spliced,
)


@spliced
def reach_between(boxes: NDArray[np.float64], one: int, other: int) -> float:
    """The largest distance that a point in one node's box can have from one in the other's."""
    reach = 0.0
    for c in range(boxes.shape[1]):
        up = boxes[one, c, 1] - boxes[other, c, 0]
        down = boxes[other, c, 1] - boxes[one, c, 0]
        reach = up if up > reach else reach
        reach = down if down > reach else reach
    return reach


@kernel
def count_within(
    leaves: NDArray[np.float64],
    spans: NDArray[np.int64],
    boxes: NDArray[np.float64],
    limits: NDArray[np.float64],
    first: int,
    last: int,
    counts: NDArray[np.int64],
) -> None:
    """Fill `counts` for the points in the leaves among the nodes from `first` to before `last`.

    `limits`, none negative, and `counts` are in the order of the tree.
    """
    distances = np.empty(LEAF)
    for home in range(first, last):
        begin, n_points, leaf_of_home = leaf_at(spans, home)
        if n_points > LEAF:
            continue
        least, most = np.inf, 0.0
        for i in range(begin, begin + n_points):
            least = limits[i] if limits[i] < least else least
            most = limits[i] if limits[i] > most else most
            counts[i] = 0
        of_all = np.int64(0)
        node = 0
        while node < spans.shape[0]:
            size = spans[node, END] - spans[node, BEGIN]
            if gap_between(boxes, home, node) > most:
                node = spans[node, AFTER]
                continue
            if reach_between(boxes, home, node) <= least:
                of_all += size
                node = spans[node, AFTER]
                continue
            leaf = spans[node, BEGIN] // LEAF
            for slot in range(n_points if size <= LEAF else 0):
                limit = limits[begin + slot]
                if gap_to_point(boxes, node, leaves, leaf_of_home, slot) > limit:
                    continue
                measure_leaf(leaves, leaf, leaf_of_home, slot, distances)
                n_inside = 0
                for j in range(LEAF):
                    n_inside += distances[j] <= limit
                counts[begin + slot] += n_inside
            node += 1
        for i in range(begin, begin + n_points):
            counts[i] += of_all


@kernel
def count_shells(
    leaves: NDArray[np.float64],
    spans: NDArray[np.int64],
    boxes: NDArray[np.float64],
    block_of: NDArray[np.int64],
    radii: NDArray[np.float64],
    first: int,
    last: int,
    counts: NDArray[np.int64],
) -> None:
    """Count the points that are closer to each point than its radius, and those at the radius.

    Coordinate c belongs to block ``block_of[c]``, or to none if that is negative. `counts`, of
    shape (1 + 2 n_blocks, n), has a row for who is closer; then one for each block, in which who
    is at the radius in several blocks counts for the lowest of them; then such rows again, in
    which that counts for the highest. Otherwise as `count_within`.
    """
    n_blocks = counts.shape[0] // 2
    distances = np.empty(LEAF)
    for home in range(first, last):
        begin, n_points, leaf_of_home = leaf_at(spans, home)
        if n_points > LEAF:
            continue
        least, most = np.inf, 0.0
        for i in range(begin, begin + n_points):
            least = radii[i] if radii[i] < least else least
            most = radii[i] if radii[i] > most else most
            counts[:, i] = 0
        of_all = np.int64(0)
        node = 0
        while node < spans.shape[0]:
            size = spans[node, END] - spans[node, BEGIN]
            if gap_between(boxes, home, node) > most:
                node = spans[node, AFTER]
                continue
            if reach_between(boxes, home, node) < least:
                of_all += size
                node = spans[node, AFTER]
                continue
            leaf = spans[node, BEGIN] // LEAF
            for slot in range(n_points if size <= LEAF else 0):
                i = begin + slot
                if gap_to_point(boxes, node, leaves, leaf_of_home, slot) > radii[i]:
                    continue
                measure_leaf(leaves, leaf, leaf_of_home, slot, distances)
                n_inside, n_at = 0, 0
                for j in range(LEAF):
                    n_inside += distances[j] < radii[i]
                    n_at += distances[j] == radii[i]
                counts[0, i] += n_inside
                for j in range(LEAF if n_at > 0 else 0):
                    if distances[j] != radii[i]:
                        continue
                    lowest, highest = n_blocks, -1
                    for c in range(leaves.shape[1]):
                        along = abs(leaves[leaf, c, j] - leaves[leaf_of_home, c, slot])
                        if along == radii[i] and block_of[c] >= 0:
                            lowest = min(lowest, block_of[c])
                            highest = max(highest, block_of[c])
                    counts[1 + lowest, i] += 1
                    counts[1 + n_blocks + highest, i] += 1
            node += 1
        for i in range(begin, begin + n_points):
            counts[0, i] += of_all


@kernel
def count_on_line(
    values: NDArray[np.float64],
    limits: NDArray[np.float64],
    first: int,
    last: int,
    counts: NDArray[np.int64],
) -> None:
    """Fill ``counts[first:last]`` for sorted points on a line."""
    for i in range(first, last):
        just_above = np.nextafter(limits[i], np.inf)
        counts[i] = n_closer(values, i, np.int64(0), values.size, just_above)
