r"""Fitting a Markov network of pgmpy to a learned graph.

The maximum-likelihood distribution of a graph is the one that factorises over its cliques and has
the margins of the data on each of them (Lauritzen 1996, section 4.3). Where the graph is
chordal it is, over the cliques C of a junction tree with separators S,

.. math:: \hat p(x) = \prod_C \frac{n(x_C)}{n(x_{S_C})}

(Lauritzen 1996, section 4.4), and each quotient is one factor. Elsewhere iterative proportional
fitting scales one margin after the other to that of the data until all agree. The joint table is
never formed: its margins on the cliques of a triangulation are, and one message between neighbours
in the junction tree brings the next clique up to date (Jirousek and Preucil 1995).
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset
from mistruct.errors import MistructWarning, check_count
from mistruct.export.junction_tree import JunctionTree, junction_tree
from mistruct.export.tables import binned, columns_of
from mistruct.information.counts.joint_tables import (
    MAX_CELLS,
    check_cells,
    complete_part,
    count_table,
)
from mistruct.structure.causal.to_dag import to_dag

if TYPE_CHECKING:
    from pgmpy.models import DiscreteMarkovNetwork

Table = NDArray[np.float64]

# Proportional fitting stops once no probability of a clique is further than this from the data's.
_TOLERANCE = 1e-10
_MAX_SWEEPS = 1000


def to_markov_network(
    graph: nx.Graph, data: Any, *, max_cells: int = MAX_CELLS
) -> DiscreteMarkovNetwork:
    """Pgmpy Markov network of a learned graph, fitted by maximum likelihood.

    Parameters
    ----------
    graph : networkx.Graph or networkx.DiGraph
        Nodes are column names; isolated nodes are kept. A DAG or CPDAG is moralised first.
    data : Dataset, DataFrame, array or AnnData
        The table to fit to, with at least a column for each node; continuous ones are binned, with
        a warning. Under
        ``missing="testwise"`` each connected component of the graph uses the rows that are
        complete for all its nodes, because margins from different rows need not fit together.
    max_cells : int
        Largest clique table, in cells, that is made.

    Returns
    -------
    pgmpy.models.DiscreteMarkovNetwork
        The product of its factors is the fitted distribution and sums to 1; its margin on each
        clique of `graph` is that of the data. The states are the caller's own. The node attribute
        `n_samples` says how many rows a node was fitted to.

        Belief propagation in pgmpy needs a connected network, so the components of `graph` are
        joined in a chain by edges that carry no factor, and so no dependence. These have the
        edge attribute ``bridge=True``.

    Raises
    ------
    DataError
        Continuous columns, nodes that are no columns, a clique table over `max_cells`, or a
        component for which no row is complete.
    ParameterError
        `max_cells` breaks its rule.

    Warns
    -----
    MistructWarning
        Proportional fitting stopped before the margins agreed with the data.

    References
    ----------
    S. L. Lauritzen, "Graphical Models", Oxford University Press, 1996.

    R. Jirousek, S. Preucil, "On the effective implementation of the iterative proportional
    fitting procedure", Computational Statistics & Data Analysis 19, 1995.

    Examples
    --------
    >>> import networkx as nx
    >>> import pandas as pd
    >>> from mistruct.export.markov_network import to_markov_network
    >>> table = pd.DataFrame({"rain": [0, 0, 1, 1, 1], "wet": ["no", "no", "yes", "yes", "no"]})
    >>> model = to_markov_network(nx.Graph([("rain", "wet")]), table)
    >>> model.factors[0].values
    array([[0.4, 0. ],
           [0.2, 0.4]])
    """
    check_count("max_cells", max_cells)
    columns = binned(columns_of(graph, data), "a Markov network")
    undirected = _moral(graph, columns, max_cells) if graph.is_directed() else nx.Graph(graph)
    components = sorted(sorted(c) for c in nx.connected_components(undirected))
    fits = [_fit(undirected.subgraph(c), c, columns, max_cells) for c in components]
    return _assemble(undirected, components, fits, columns)


def _moral(graph: nx.DiGraph, columns: Dataset, max_cells: int) -> nx.Graph:
    """The moral graph, of which each column with its parents is a clique."""
    dag = to_dag(graph)
    n_states = {v: len(columns.states[v]) for v in dag}
    for node in dag:  # before the edges of thousands of parents are made
        check_cells("a clique table", sorted({node, *dag.pred[node]}), n_states, max_cells)
    return nx.moral_graph(dag)


# The factors of one component, and the number of rows they were fitted to.
_Fit = tuple[dict[tuple[str, ...], Table], int]


def _fit(graph: nx.Graph, nodes: list[str], columns: Dataset, max_cells: int) -> _Fit:
    n_states = {v: len(columns.states[v]) for v in nodes}
    tree = junction_tree(graph, n_states, max_cells)
    data = complete_part(columns, nodes)
    if tree.n_added == 0:
        return _closed_form(tree, data), data.n_samples
    cliques = sorted(tuple(sorted(c)) for c in nx.find_cliques(graph))
    return _proportional_fit(tree, cliques, data), data.n_samples


def _closed_form(tree: JunctionTree, data: Dataset) -> dict[tuple[str, ...], Table]:
    factors = {}
    for clique in tree.cliques:
        counts = count_table(data, clique.nodes).astype(np.float64)
        shared = counts.sum(axis=_others(clique.nodes, clique.separator), keepdims=True)
        factors[clique.nodes] = _ratio(counts, shared)
    return factors


def _proportional_fit(
    tree: JunctionTree, cliques: Sequence[tuple[str, ...]], data: Dataset
) -> dict[tuple[str, ...], Table]:
    """Iterative proportional fitting: one factor per clique, with the margins of the data."""
    targets = {c: count_table(data, c) / data.n_samples for c in cliques}
    # Starting from independence makes the margins of the single nodes right at once.
    margins = {v: count_table(data, [v]) / data.n_samples for v in data.names}
    beliefs = [_independent(c.nodes, margins) for c in tree.cliques]
    separators = [_independent(c.separator, margins) for c in tree.cliques]
    factors = {c: np.ones_like(target) for c, target in targets.items()}
    for node, margin in margins.items():
        first = next(c for c in cliques if node in c)
        factors[first] *= np.expand_dims(margin, _others(first, [node]))
    within: list[list[tuple[str, ...]]] = [[] for _ in tree.cliques]
    for clique in cliques:
        within[tree.containing(clique)].append(clique)

    walk = list(_walk(tree))
    worst = np.inf
    for _ in range(_MAX_SWEEPS):
        worst = 0.0
        for before, here in walk:
            if before is not None:
                # The product of all beliefs over all separators stays the joint table, and the
                # belief at which the walk stands is its margin.
                link = max(before, here)  # the child of the two, which owns the separator
                shared = tree.cliques[link].separator
                margin = beliefs[before].sum(axis=_others(tree.cliques[before].nodes, shared))
                news = np.expand_dims(
                    _ratio(margin, separators[link]), _others(tree.cliques[here].nodes, shared)
                )
                beliefs[here] = beliefs[here] * news
                separators[link] = margin
            for clique in within[here]:
                rest = _others(tree.cliques[here].nodes, clique)
                margin = beliefs[here].sum(axis=rest)
                worst = max(worst, float(np.abs(margin - targets[clique]).max()))
                scale = _ratio(targets[clique], margin)
                factors[clique] *= scale
                beliefs[here] = beliefs[here] * np.expand_dims(scale, rest)
        if worst < _TOLERANCE:
            return factors
    warnings.warn(
        f"iterative proportional fitting stopped after {_MAX_SWEEPS} sweeps with clique margins "
        f"up to {worst:.2g} from those of the data, in the component of {data.names[0]!r}; "
        "empty cells can make the maximum likelihood a limit that is reached only slowly",
        MistructWarning,
        stacklevel=4,
    )
    return factors


def _walk(tree: JunctionTree) -> Iterator[tuple[int | None, int]]:
    """Steps between neighbouring cliques, through all of them and back to the first."""
    links = nx.Graph()
    links.add_nodes_from(range(len(tree.cliques)))
    links.add_edges_from((c.parent, i) for i, c in enumerate(tree.cliques) if c.parent is not None)
    yield None, 0
    for parent, child, direction in nx.dfs_labeled_edges(links, 0):
        if parent != child and direction != "nontree":
            yield (parent, child) if direction == "forward" else (child, parent)


def _others(nodes: Sequence[str], kept: Collection[str]) -> tuple[int, ...]:
    """Axes of the table of `nodes` other than those of `kept`."""
    return tuple(i for i, v in enumerate(nodes) if v not in kept)


def _independent(nodes: Sequence[str], margins: Mapping[str, Table]) -> Table:
    table = np.ones([margins[v].size for v in nodes])
    for v in nodes:
        table *= np.expand_dims(margins[v], _others(nodes, [v]))
    return table


def _ratio(over: Table, under: Table) -> Table:
    """Quotient with 0 / 0 = 0, for margins that are both empty."""
    return np.divide(over, under, out=np.zeros_like(over), where=under > 0)


def _assemble(
    graph: nx.Graph, components: list[list[str]], fits: list[_Fit], data: Dataset
) -> DiscreteMarkovNetwork:
    from pgmpy.factors.discrete import DiscreteFactor
    from pgmpy.models import DiscreteMarkovNetwork

    model = DiscreteMarkovNetwork()
    model.add_nodes_from(graph)
    model.add_edges_from(graph.edges)
    for nodes, (factors, n_samples) in zip(components, fits, strict=True):
        for clique, values in factors.items():
            states = {v: list(data.states[v]) for v in clique}
            model.add_factors(DiscreteFactor(clique, values.shape, values, state_names=states))
        for node in nodes:
            model.nodes[node]["n_samples"] = n_samples
    # Nodes of few states, as pgmpy makes a table for each pair of joined ones.
    doors = [min(nodes, key=lambda v: (len(data.states[v]), v)) for nodes in components]
    for one, other in itertools.pairwise(doors):
        model.add_edge(one, other)
        model.edges[one, other]["bridge"] = True
    return model
