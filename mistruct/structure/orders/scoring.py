"""The score of any DAG on a table."""

from __future__ import annotations

from typing import Any

import networkx as nx

from mistruct.data.dataset import as_dataset
from mistruct.errors import DataError, nearest_names
from mistruct.scores.base import Score
from mistruct.scores.names import resolve_score
from mistruct.structure.causal.to_dag import to_dag


def score(graph: nx.Graph, data: Any, score: str | Score = "auto") -> float:
    """The score in nats of a graph on a table; the larger, the better.

    Parameters
    ----------
    graph : networkx.DiGraph or networkx.Graph
        A DAG, such as a pgmpy Bayesian network, or a graph with undirected edges, which stands for
        a DAG of its class. Its nodes are the columns.
    data : Dataset, DataFrame, array of shape (n_samples, n_variables), or AnnData
        The table; columns that are no nodes are left out.
    score : {"auto", "bic", "bdeu", "qnml", "gaussian-bic"} or a score
        As of :class:`BOSS`.

    Returns
    -------
    float

    Raises
    ------
    DataError
        A node is not a column, the graph has a cycle or stands for no DAG, or the score does not
        take the kind of a column.
    ParameterError
        `score` is neither a name nor a score.

    Examples
    --------
    >>> import networkx as nx
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> table = pd.DataFrame({"a": [0, 1] * 50, "b": [0, 1, 1, 1] * 25})
    >>> there, back = nx.DiGraph([("a", "b")]), nx.DiGraph([("b", "a")])
    >>> abs(ms.score(there, table, "bdeu") - ms.score(back, table, "bdeu")) < 1e-9
    True
    """
    table = as_dataset(data)
    nodes = {str(v) for v in graph}
    for name in sorted(nodes - set(table.names)):
        raise DataError(f"node {name!r} is not a column{nearest_names(name, table.names)}")
    dag = to_dag(nx.relabel_nodes(graph, {v: str(v) for v in graph}))
    if not nx.is_directed_acyclic_graph(dag):
        raise DataError("the graph has a cycle, so it has no score")
    names = sorted(nodes)
    part = table.select(names)
    families = resolve_score(score, part).families(part)
    position = {name: i for i, name in enumerate(names)}
    return sum(families.score(position[v], sorted(position[p] for p in dag.pred[v])) for v in names)
