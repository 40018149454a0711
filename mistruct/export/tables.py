"""Tables for model fitting: the columns of a graph's nodes, and their counts."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset, as_dataset
from mistruct.data.discretize import discretize
from mistruct.errors import DataError, MistructWarning, nearest_names

#: Largest table, in cells, that the model builders make unless told otherwise.
MAX_CELLS = 1_000_000


def check_graph(graph: nx.Graph) -> None:
    """Raise DataError unless `graph` is a networkx graph whose nodes are strings, and simple."""
    if not isinstance(graph, nx.Graph):
        raise DataError(
            f"graph must be a networkx graph, got {type(graph).__name__}; "
            "a fitted learner has its graph in `graph_`"
        )
    if graph.is_multigraph():
        raise DataError("the graph is a multigraph; between two nodes there must be one edge")
    for node in graph:
        if not isinstance(node, str):
            raise DataError(f"nodes must be column names, so strings, but one is {node!r}")
        if graph.has_edge(node, node):
            raise DataError(f"node {node!r} has an edge to itself")


def columns_of(graph: nx.Graph, data: Any) -> Dataset:
    """Checked table with one column for each node of `graph`, in the order of the nodes."""
    check_graph(graph)
    if len(graph) == 0:
        raise DataError("the graph has no nodes")
    dataset = as_dataset(data)
    absent = [v for v in graph if v not in dataset.kinds]
    if absent:
        shown = ", ".join(f"{v!r}{nearest_names(v, dataset.names)}" for v in absent[:3])
        raise DataError(
            f"{len(absent)} of {len(graph)} nodes of the graph are no columns of the table: {shown}"
        )
    return dataset.select(graph)


def binned(data: Dataset, purpose: str) -> Dataset:
    """Bin the continuous columns of a table, with a warning."""
    if not data.continuous:
        return data
    shown = ", ".join(repr(n) for n in data.continuous[:3])
    more = ", ..." if len(data.continuous) > 3 else ""
    warnings.warn(
        f"{purpose} holds discrete columns only, so {len(data.continuous)} continuous ones are "
        f"binned by quantiles ({shown}{more}); use mistruct.discretize to bin them otherwise",
        MistructWarning,
        stacklevel=3,
    )
    return discretize(data)


def complete_part(data: Dataset, names: Sequence[str]) -> Dataset:
    """Table of the columns `names` in their complete rows; DataError if there are none."""
    part = data.select(names)
    if any(part.n_missing.values()):
        part = part.complete_rows()
    if part.n_samples == 0:
        shown = ", ".join(repr(n) for n in names[:5]) + (", ..." if len(names) > 5 else "")
        raise DataError(
            f"no row of the table is complete in {shown} ({len(names)} columns), "
            "so nothing can be fitted to them"
        )
    return part


def count_table(data: Dataset, names: Sequence[str]) -> NDArray[np.int64]:
    """Counts of the joint states of complete discrete columns, one axis per column."""
    shape = [len(data.states[n]) for n in names]
    cells = np.zeros(data.n_samples, dtype=np.int64)
    for name, n_states in zip(names, shape, strict=True):
        cells *= n_states
        cells += data.codes[data.row(name)]
    return np.bincount(cells, minlength=math.prod(shape)).reshape(shape)


def check_cells(
    what: str, names: Sequence[str], n_states: Mapping[str, int], max_cells: int
) -> None:
    """Raise DataError if the joint table of `names` would exceed `max_cells`."""
    n_cells = math.prod(n_states[n] for n in names)
    if n_cells > max_cells:
        shown = ", ".join(f"{n!r} ({n_states[n]})" for n in names[:6])
        shown += ", ..." if len(names) > 6 else ""
        size = f"{n_cells:,}" if n_cells < 10**15 else f"10^{int(math.log10(n_cells))}"
        raise DataError(
            f"{what} would have {size} cells, more than max_cells={max_cells:,}; "
            f"its {len(names)} columns (with their numbers of states) are {shown}. "
            "Use a sparser graph, fewer states, or a larger max_cells"
        )
