"""Distances to nearest neighbours, and numbers of points within distances, in the max norm.

What is asked of few points is answered at once, of many it is spread over threads. Everything goes
in and comes out in the order of the points. Distances and counts are exact, so they depend neither
on that order nor on the threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Floats
from mistruct.kernels.neighbors.tree import grow_tree, nearest_distances, reach_of_neighbors
from mistruct.kernels.neighbors.tree_counts import count_on_line, count_shells, count_within
from mistruct.parallel import run_blocks

Counts = NDArray[np.int64]

# Handing fewer points than this to another thread costs more than they do.
_POINTS_OF_A_BLOCK = 2048

_Block = TypeVar("_Block")
_Result = TypeVar("_Result")


class Tree:
    """Points of shape (d, n) in a k-d tree."""

    def __init__(self, points: Floats) -> None:
        self.order, *self._tree = grow_tree(points)

    def nearest(self, n_wanted: Counts) -> Floats:
        """Distance of each point to its n-th nearest neighbour; n differs between points."""
        of_order, most = n_wanted[self.order], int(n_wanted.max())
        found = np.empty(self.order.size)
        self._walk(nearest_distances, of_order, most, found)
        return self._in_given_order(found)

    def within(self, limits: Floats) -> Counts:
        """Number of points within the limit of each point, itself included."""
        found = np.empty(self.order.size, dtype=np.int64)
        self._walk(count_within, limits[self.order], found)
        return self._in_given_order(found)

    def reach(self, radii: Floats, block_of: Counts) -> Floats:
        """Largest distance in each block of the points within the radius of each point.

        Coordinate c belongs to block ``block_of[c]``; shape (n_blocks, n).
        """
        found = np.empty((int(block_of.max()) + 1, self.order.size))
        self._walk(reach_of_neighbors, block_of, radii[self.order], found)
        return self._in_given_order(found)

    def shells(self, radii: Floats, block_of: Counts, n_blocks: int) -> tuple[Counts, Counts]:
        """Numbers of other points closer to each point than its radius, and at the radius.

        Coordinate c belongs to block ``block_of[c]``, or to none if that is negative. Shapes (n,)
        and (2, n_blocks, n): who is at the radius in several blocks counts for the lowest of them
        first, and for the highest then.
        """
        found = np.empty((1 + 2 * n_blocks, self.order.size), dtype=np.int64)
        self._walk(count_shells, block_of, radii[self.order], found)
        found = self._in_given_order(found)
        inside, at_radius = found[0], found[1:].reshape(2, n_blocks, -1)
        inside -= radii > 0  # the point itself
        at_radius[0, block_of[block_of >= 0].min()] -= radii == 0
        at_radius[1, block_of.max()] -= radii == 0
        return inside, at_radius

    def _walk(self, kernel: Callable[..., None], *arguments: Any) -> None:
        """Call a kernel that fills its last argument for ranges of nodes, on several threads."""
        *given, found = arguments
        n_nodes = len(self._tree[1])
        _spread(
            lambda part: kernel(*self._tree, *given, part.start, part.stop, found),
            _ranges(n_nodes, self.order.size),
            self.order.size,
        )

    def _in_given_order(self, found: NDArray[Any]) -> NDArray[Any]:
        result = np.empty_like(found)
        result[..., self.order] = found
        return result


class Line:
    """Points of shape (1, n), sorted."""

    def __init__(self, points: Floats) -> None:
        self.order = np.argsort(points[0])
        self.values = points[0, self.order]

    def within(self, limits: Floats) -> Counts:
        """Number of points within the limit of each point, itself included."""
        n = self.order.size
        found, of_order = np.empty(n, dtype=np.int64), limits[self.order]
        _spread(
            lambda part: count_on_line(self.values, of_order, part.start, part.stop, found),
            _ranges(n, n),
            n,
        )
        result = np.empty_like(found)
        result[self.order] = found
        return result

    def shells(self, radii: Floats, block_of: Counts, n_blocks: int) -> tuple[Counts, Counts]:
        """Numbers of other points closer to each point than its radius, and at the radius."""
        inside = np.where(radii > 0, self.within(np.nextafter(radii, 0.0)) - 1, 0)
        at_radius = np.zeros((2, n_blocks, radii.size), dtype=np.int64)
        at_radius[:, block_of[0]] = self.within(radii) - 1 - inside
        return inside, at_radius


def arrange(spaces: Sequence[Floats]) -> list[Tree | Line]:
    """Arrange points for counting in several spaces: as a line, or as a tree."""
    n_points = max((points.shape[1] for points in spaces), default=0)
    return _spread(
        lambda points: Tree(points) if len(points) > 1 else Line(points), spaces, n_points
    )


def _ranges(n_items: int, n_points: int) -> list[range]:
    edges = np.linspace(0, n_items, max(1, n_points // _POINTS_OF_A_BLOCK) + 1, dtype=int).tolist()
    return [range(a, b) for a, b in pairwise(edges)]


def _spread(
    function: Callable[[_Block], _Result], blocks: Sequence[_Block], n_points: int
) -> list[_Result]:
    if n_points < 2 * _POINTS_OF_A_BLOCK:
        return [function(block) for block in blocks]
    return list(run_blocks(function, blocks, description="nearest neighbours"))
