"""The maximum spanning forest of all columns, from one panel of their information after another.

Of a panel only the edges of its own forest can be in that of the whole (see
`kernels/graphs/spanning_tree.py`), which are fewer than there are columns. So they are all that is
kept of it, and the forests of two parts make that of both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Floats, Positions
from mistruct.information.panels import Panel, Panels
from mistruct.information.tiles import mirror
from mistruct.kernels.graphs.spanning_tree import (
    forest_of_edges,
    forest_of_panel,
    maximum_spanning_tree,
)

#: What the entries of a panel weigh as edges.
Weigh = Callable[[Panel], NDArray[np.float64]]


class Forest(NamedTuple):
    """Edges (i, j), i < j, shape (n_edges, 2), by i and j, their weights and information."""

    edges: Positions
    weights: Floats
    mi: Floats


@dataclass(frozen=True)
class Grow:
    """The forest of one panel."""

    weigh: Weigh
    n_columns: int

    def __call__(self, panel: Panel) -> Forest:
        """The edges of the panel's own forest."""
        weights = self.weigh(panel)
        if panel.rows == slice(0, self.n_columns):  # all of the matrix
            mirror(weights)
            edges = np.empty((max(len(weights) - 1, 0), 2), dtype=np.int64)
            maximum_spanning_tree(weights, edges)
            edges = edges[weights[tuple(edges.T)] > -np.inf]
            return Forest(edges, weights[tuple(edges.T)], panel.values[tuple(edges.T)])
        corner = panel.rows.start, panel.columns.start
        chosen, low, high = forest_of_panel(weights, *corner, self.n_columns)
        mi = panel.values[low - corner[0], high - corner[1]]
        return Forest(np.column_stack([low, high]), chosen, mi.astype(np.float64))


def spanning_forest(panels: Panels, weigh: Weigh, n_columns: int) -> Forest:
    """The maximum spanning forest of the matrix that panels make up; it leaves out -inf and NaN."""
    forest = Forest(np.empty((0, 2), dtype=np.int64), np.empty(0), np.empty(0))
    for part in panels.see(Grow(weigh, n_columns)):
        edges, weights, mi = map(np.concatenate, zip(forest, part, strict=True))
        order = np.lexsort([edges[:, 1], edges[:, 0], -weights])
        edges, weights, mi = edges[order], weights[order], mi[order]
        taken = forest_of_edges(edges, n_columns)
        forest = Forest(edges[taken], weights[taken], mi[taken])
    order = np.lexsort([forest.edges[:, 1], forest.edges[:, 0]])
    return Forest(forest.edges[order], forest.weights[order], forest.mi[order])
