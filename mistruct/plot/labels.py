"""Placement of the labels of a network: their type size, number and positions.

Nodes come in order of importance, one row each. A label stands in the widest gap between the
edges of its node, just clear of it. A node with its label is one box; `layout.separate` moves
boxes apart, and what still overlaps on a crowded page goes without a label.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import networkx as nx
import numpy as np

from mistruct.plot.layout import Array

LARGEST_TYPE, SMALLEST_TYPE = 8.0, 5.0  # points
FULLEST = 0.3  # part of the page that nodes and labels may cover


def what_fits(per_point: Array, radii: Array, area: float) -> tuple[float, int]:
    """Largest type in which all labels fit, or the number that fit in the smallest."""
    size = LARGEST_TYPE
    while True:
        covered = np.cumsum((per_point * size + 2.0 + 2 * radii[:, None] * [0, 1]).prod(axis=1))
        n_labels = int(np.searchsorted(covered, FULLEST * area))
        if n_labels == len(radii) or size <= SMALLEST_TYPE:
            return size, n_labels
        size -= 0.5


def label_offsets(
    graph: nx.Graph, nodes: Sequence[Hashable], places: Array, radii: Array, extents: Array
) -> Array:
    """Centre of each label relative to its node: in the widest gap between the node's edges."""
    rank = {node: i for i, node in enumerate(nodes)}
    offsets = np.zeros((len(nodes), 2))
    for i, node in enumerate(nodes):
        others = places[[rank[other] for other in graph[node]]].reshape(-1, 2) - places[i]
        angles = np.sort(np.arctan2(others[:, 1], others[:, 0]))
        if len(angles):
            gaps = np.diff(angles, append=angles[0] + 2 * np.pi)
            widest = int(gaps.argmax())
            middle = angles[widest] + gaps[widest] / 2
        else:
            middle = -np.pi / 2
        direction = np.array([np.cos(middle), np.sin(middle)])
        offsets[i] = direction / np.abs(direction).max() * (extents[i] / 2 + radii[i])
    return offsets


def boxes(offsets: Array, radii: Array, extents: Array) -> tuple[Array, Array]:
    """Centre, relative to the node, and half the size of the box around each node and its label."""
    radius = radii[:, None] + 1.0
    low = np.minimum(-radius, offsets - extents / 2)
    high = np.maximum(radius, offsets + extents / 2)
    return (low + high) / 2, (high - low) / 2


def into(places: Array, room: Array, centres: Array, halves: Array) -> Array:
    """Positions moved, and if need be drawn together, so that all boxes lie in the room."""
    if not len(places):
        return places
    low = (places + centres - halves).min(axis=0)
    extent = (places + centres + halves).max(axis=0) - low
    scale = np.minimum(1.0, room / extent)
    return np.asarray((places - low) * scale + (room - extent * scale) / 2)


def free_labels(centres: Array, halves: Array, n_labels: int) -> list[int]:
    """The labels to draw: in order of importance, each that overlaps none before it."""
    drawn: list[int] = []
    for i in range(n_labels):
        gap = np.abs(centres[drawn] - centres[i]) - halves[drawn] - halves[i]
        if (gap.max(axis=1, initial=-np.inf) > -1.0).all():
            drawn.append(i)
    return drawn
