r"""Fitting a Bayesian network of pgmpy to a learned graph.

*Direction.* A forest is pointed away from one root in each of its trees; all such directions imply
the same independences (Chow and Liu 1968), so the root is a matter of reading. A DAG is taken as
it is, a CPDAG through one of its consistent extensions.

*Discrete tables.* With :math:`n_{ijk}` rows in which variable i is in state k and its parents in
configuration j, the posterior mean under the BDeu prior of equivalent sample size s is

.. math:: \theta_{ijk} = \frac{n_{ijk} + s / (r_i q_i)}{n_{ij\cdot} + s / q_i}

for :math:`r_i` states and :math:`q_i` parent configurations (Heckerman, Geiger and Chickering
1995). A configuration that never occurs gets the uniform distribution.

*Continuous columns.* Each is regressed on its parents by least squares.

Counts are taken here and not by pgmpy's `fit`, because that drops a row that misses any value in
any column and does not say so: each table uses all rows complete for its own node and parents.
"""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from mistruct.data.dataset import Dataset
from mistruct.errors import DataError, ParameterError, check_count, nearest_names
from mistruct.export.tables import binned, columns_of
from mistruct.information.counts.joint_tables import (
    MAX_CELLS,
    check_cells,
    complete_part,
    count_complete,
)
from mistruct.structure.causal.to_dag import to_dag

if TYPE_CHECKING:
    from pgmpy.models import DiscreteBayesianNetwork, LinearGaussianBayesianNetwork


def to_bayesian_network(
    graph: nx.Graph,
    data: Any,
    *,
    root: str | None = None,
    equivalent_sample_size: float = 5.0,
    max_cells: int = MAX_CELLS,
) -> DiscreteBayesianNetwork | LinearGaussianBayesianNetwork:
    """Fitted pgmpy Bayesian network of a learned graph.

    Parameters
    ----------
    graph : networkx.Graph or networkx.DiGraph
        A forest, a DAG, or a CPDAG in which an undirected edge is two opposite arcs. Nodes are
        column names; isolated nodes are kept.
    data : Dataset, DataFrame, array or AnnData
        The table to fit to, with at least a column for each node. All discrete columns make tables,
        all continuous ones regressions; of both, the continuous ones are binned, with a warning.
        Under ``missing="testwise"`` each node's distribution uses the rows that are complete for
        the node and its parents.
    root : str, optional
        Node from which a forest is directed. Each tree without it is directed from its node of
        most edges, the first by name among several.
    equivalent_sample_size : float
        Weight of the uniform (BDeu) prior of each table, in rows. Only discrete data use it.
    max_cells : int
        Largest conditional probability table that is made.

    Returns
    -------
    pgmpy.models.DiscreteBayesianNetwork or pgmpy.models.LinearGaussianBayesianNetwork
        Its states are the caller's own. The node attribute `n_samples` says how many rows a
        node's distribution was fitted to.

    Raises
    ------
    DataError
        An undirected graph with a cycle, a graph without a consistent extension, nodes that are
        no columns, a table over `max_cells`, or a node and its parents that are never observed
        together.
    ParameterError
        `root`, `equivalent_sample_size` or `max_cells` break their rule.

    References
    ----------
    D. Heckerman, D. Geiger, D. M. Chickering, "Learning Bayesian networks: the combination of
    knowledge and statistical data", Machine Learning 20, 1995.

    Examples
    --------
    >>> import networkx as nx
    >>> import pandas as pd
    >>> from mistruct.export.pgmpy_models import to_bayesian_network
    >>> table = pd.DataFrame({"rain": [0, 0, 1, 1, 1], "wet": ["no", "no", "yes", "yes", "no"]})
    >>> model = to_bayesian_network(nx.Graph([("wet", "rain")]), table, root="rain")
    >>> list(model.edges)
    [('rain', 'wet')]
    >>> model.get_cpds("rain").values.round(3)
    array([0.45, 0.55])
    >>> model.get_cpds("wet").state_names
    {'wet': ['no', 'yes'], 'rain': [0, 1]}
    """
    if (
        isinstance(equivalent_sample_size, bool)
        or not isinstance(equivalent_sample_size, Real)
        or not 0 < equivalent_sample_size < np.inf
    ):
        raise ParameterError(
            f"equivalent_sample_size must be a positive number, got {equivalent_sample_size!r}"
        )
    check_count("max_cells", max_cells)
    columns = columns_of(graph, data)
    root = None if root is None else str(root)
    dag = to_dag(graph) if graph.is_directed() else _direct_forest(graph, root)
    if graph.is_directed() and root is not None:
        raise ParameterError(f"root directs undirected forests, got {root!r} with a directed graph")
    if not columns.discrete:
        return _fit_regressions(dag, columns)
    columns = binned(columns, "a Bayesian network of pgmpy with a discrete column")
    return _fit_tables(dag, columns, float(equivalent_sample_size), max_cells)


def _direct_forest(graph: nx.Graph, root: str | None) -> nx.DiGraph:
    if root is not None and root not in graph:
        raise ParameterError(f"root: there is no node {root!r}{nearest_names(root, graph)}")
    if not nx.is_forest(graph):
        cycle = [u for u, _ in nx.find_cycle(graph)]
        shown = ", ".join(repr(v) for v in cycle[:6]) + (", ..." if len(cycle) > 6 else "")
        raise DataError(
            f"an undirected graph can be directed only if it is a forest, but {shown} form a "
            "cycle; direct its edges first, or make a Markov network (to_markov_network) of it"
        )
    dag = nx.DiGraph()
    dag.add_nodes_from(graph)
    for tree in nx.connected_components(graph):
        start = root if root in tree else min(tree, key=lambda v: (-graph.degree[v], v))
        dag.add_edges_from(nx.bfs_edges(graph, start))
    return dag


def _fit_tables(
    dag: nx.DiGraph, data: Dataset, equivalent_sample_size: float, max_cells: int
) -> DiscreteBayesianNetwork:
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.models import DiscreteBayesianNetwork

    model = _empty_model(DiscreteBayesianNetwork, dag)
    n_states = {v: len(states) for v, states in data.states.items()}
    for node in dag:
        parents = sorted(dag.pred[node])
        family = [node, *parents]
        check_cells(f"the table of {node!r} given its parents", family, n_states, max_cells)
        counts = count_complete(data, family)
        table = counts.reshape(len(counts), -1) + equivalent_sample_size / counts.size
        model.add_cpds(
            TabularCPD(
                node,
                len(counts),
                table / table.sum(axis=0),
                evidence=parents,
                evidence_card=list(counts.shape[1:]),
                state_names={v: list(data.states[v]) for v in family},
            )
        )
        model.nodes[node]["n_samples"] = int(counts.sum())
    return model


def _fit_regressions(dag: nx.DiGraph, data: Dataset) -> LinearGaussianBayesianNetwork:
    from pgmpy.factors.continuous import LinearGaussianCPD
    from pgmpy.models import LinearGaussianBayesianNetwork

    for node, n_parents in dag.in_degree:
        _require_rows(node, n_parents, data.n_samples)
    model = _empty_model(LinearGaussianBayesianNetwork, dag)
    for node in dag:
        parents = sorted(dag.pred[node])
        part = complete_part(data, [node, *parents])
        n_samples, n_terms = part.n_samples, 1 + len(parents)
        _require_rows(node, len(parents), n_samples)
        # In units in which no square overflows; a power of two changes no digit.
        units = np.ldexp(1.0, np.frexp(np.abs(part.values).max(axis=1))[1] - 1)
        response, *others = part.values / units[:, np.newaxis]
        design = np.column_stack([np.ones(n_samples), *others])
        scaled = np.linalg.lstsq(design, response)[0]
        residuals = response - design @ scaled
        spread = float(np.sqrt(residuals @ residuals / (n_samples - n_terms)) * units[0])
        with np.errstate(over="ignore"):
            coefficients = scaled * (units[0] / np.concatenate([[1.0], units[1:]]))
        if not np.isfinite(coefficients).all():
            raise DataError(
                f"the regression of {node!r} on {', '.join(map(repr, parents))} must have "
                f"coefficients that float64 holds, got {coefficients[1:].tolist()}; change the "
                "units of these columns"
            )
        model.add_cpds(LinearGaussianCPD(node, coefficients, spread, evidence=parents))
        model.nodes[node]["n_samples"] = n_samples
    return model


def _require_rows(node: str, n_parents: int, n_samples: int) -> None:
    if n_samples <= 1 + n_parents:
        raise DataError(
            f"{node!r} and its parents are observed together in {n_samples} rows; "
            f"a regression on {n_parents} parents needs at least {n_parents + 2}"
        )


def _empty_model(kind: Any, dag: nx.DiGraph) -> Any:
    model = kind()
    model.add_nodes_from(dag)
    model.add_edges_from(dag.edges)
    return model
