"""Tables for model fitting: the columns of a graph's nodes."""

from __future__ import annotations

import warnings
from typing import Any

import networkx as nx

from mistruct.data.dataset import Dataset, as_dataset
from mistruct.data.discretize import discretize
from mistruct.errors import DataError, MistructWarning, nearest_names


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
