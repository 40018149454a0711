r"""Decomposable Markov networks: chordal graphs, learned edge by edge.

A chordal graph stands for the distributions that factorise over its cliques C and separators S,
:math:`p(x) = \prod_C p(x_C) / \prod_S p(x_S)`, and the likeliest of them has the margins of the
data, so that nothing has to be iterated (Lauritzen 1996, section 4.4). To join a and b, which S_ab
separates, raises its log-likelihood by exactly n I(a; b | S_ab). So a search that adds one edge at
a time knows what each would bring without fitting anything, and after each edge only a few others
have another separator (Petitjean, Webb and Nicholson 2013; Petitjean and Webb 2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal, get_args

import networkx as nx
import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.errors import check_choice, check_count, check_fraction, check_not_negative
from mistruct.independence.protocol import Ragged
from mistruct.structure.chordal.cliques import Clique, arcs_of, cliques_of, junction_tree_of
from mistruct.structure.chordal.criteria import Criterion, Penalised, Probable, Significant
from mistruct.structure.chordal.edge_exchange import Remembered, exchange, in_order
from mistruct.structure.chordal.explained import explain_chordal, reasons_of_chordal
from mistruct.structure.chordal.fitted import FittedNetwork, fitted
from mistruct.structure.chordal.forward import ForwardSelection
from mistruct.structure.chordal.shared_information import SharedInformation, shared_information
from mistruct.structure.cost import Cost
from mistruct.structure.knowledge import Constraints, Knowledge, check_knowledge
from mistruct.structure.learner import StructureLearner
from mistruct.structure.reasons import ExplainsPairs, Reasons
from mistruct.structure.trees.edge_rules import cost_of_pairs

CriterionName = Literal["auto", "bdeu", "bic", "alpha"]
Start = Literal["empty", "forest"]

# By default edges are exchanged in tables of at most so many columns.
_MOST_TO_EXCHANGE = 1000
# Pairs without an edge that are kept with their evidence.
_MOST_ADDITIONS = 1000

# Of the queue of pairs that may be added.
_BYTES_OF_A_PAIR = 120


class ChordalNetwork(ExplainsPairs, StructureLearner):
    r"""Decomposable Markov network by selection of edges.

    The graph is undirected and chordal. An edge is added where its ends share the most information
    given the columns that separate them, as long as the criterion says that it is worth it and the
    graph stays chordal. Columns are all discrete or all continuous. Ordinal ones count as discrete
    beside discrete ones, otherwise their order does.

    Parameters
    ----------
    criterion : {"auto", "bdeu", "bic", "alpha"}
        ``bdeu`` and ``bic`` add the edge with the largest gain in a score, as long as it is one: in
        the log-probability of discrete columns, averaged as by default in :class:`BOSS`, or in
        penalised likelihood. ``auto`` is ``bdeu`` if columns are discrete, otherwise ``bic``.
        ``alpha`` adds the edge with the smallest p-value, as long as the chance of any false edge
        in the whole search stays below `alpha`.
    alpha : float
        Level of significance of the whole search, for the criterion ``alpha``.
    gamma : float
        Each edge costs gamma log p nats more, with p columns (the extended BIC); 0 for none. For
        scores.
    max_clique : int, optional
        The largest number of columns in a clique, one more than the treewidth: 2 for a forest. By
        default as many as the criterion pays for.
    start : {"empty", "forest"}
        Whether edges of all kinds compete from the start, or those between separate parts are
        added first, which gives the forest of Chow and Liu to start from.
    exchanges : bool, optional
        Whether edges are exchanged for others in the end, as long as the score grows; otherwise no
        edge is taken back. For scores; by default if there are at most 1,000 columns, as it takes
        several times as long.
    knowledge : Knowledge, optional
        Edges that must be there, and pairs that must not be joined because an edge is ruled out in
        both directions.
    equivalent_sample_size : float
        Weight of the uniform prior of the fitted tables, in rows; 0 for the largest likelihood.
        Only discrete tables use it, and the graph does not depend on it.

    Attributes
    ----------
    graph_ : networkx.Graph
        The chordal graph, with edge attributes as the columns of `edges_`.
    edges_ : pandas.DataFrame
        One row per edge, in an order in which they can be added: source, target, mi (without
        conditioning), p_value (of independence given the separating set), n_samples, cmi (given
        it), gain (of the score in nats, of BIC for ``alpha``) and separating_set (what separates
        the two before the edge is added).
    additions_ : pandas.DataFrame
        The same of up to 1,000 pairs that could be added but are not worth it, the best first.
    junction_tree_ : networkx.Graph
        The cliques, as tuples of column names, joined to a forest by edges with a `separator`.
    dag_ : networkx.DiGraph
        A DAG without colliders of the same distributions, for :func:`to_bayesian_network`; which
        way an edge points means nothing.
    treewidth_ : int
        Number of columns in the largest clique, less one.
    precision_ : scipy.sparse.csr_array, shape (n_features, n_features)
        Of continuous columns: the inverse covariance of the fitted normal distribution, in the
        order of `feature_names_in_`.
    criterion_ : str
        The criterion, also if it was ``auto``.
    estimator_, test_
        What measured and tested the edges.
    n_features_in_ : int
        Number of columns seen during `fit`.
    feature_names_in_ : ndarray of str, shape (n_features,)
        Their names.

    Raises
    ------
    DataError
        Some columns are discrete and others continuous.
    ParameterError
        A parameter breaks its rule, or knowledge requires what no chordal graph with such cliques
        has.

    Notes
    -----
    The score of the network is the sum of all gains. Of an edge that only later ones are worth, the
    gain may be negative. Under ``alpha`` an edge that was
    the best of m candidates uses up m times its p-value, and the sum of what edges use up stays
    within alpha. Ties are broken by name, so that the result does not depend on the order of
    columns, rows or threads. A constant column has no edge.

    Under ``missing="testwise"`` an edge is judged by the m of n rows that are complete in it and
    its separating set, and costs n / m times as much; the fitted model uses the rows that are
    complete in each connected part of the graph. Memory grows with the square of the number of
    columns.

    References
    ----------
    Petitjean, Webb and Nicholson (2013), "Scaling log-linear analysis to high-dimensional data",
    ICDM.
    Petitjean and Webb (2015), "Scaling log-linear analysis to datasets with thousands of
    variables", SDM.
    Webb and Petitjean (2016), "A multiple test correction for streams and cascades of statistical
    hypothesis tests", KDD.
    Deshpande, Garofalakis and Jordan (2001), "Efficient stepwise selection in decomposable models",
    UAI.
    Giudici and Green (1999), "Decomposable graphical Gaussian model determination", Biometrika 86.
    Lauritzen (1996), "Graphical Models", Oxford University Press, sections 4.4 and 5.3.

    Examples
    --------
    Whether it rained and the sprinkler ran both matter for the wet grass, and, given the grass, for
    each other:

    >>> import numpy as np
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> rain, sprinkler = rng.random((2, 2000)) < 0.4
    >>> wet = (rain | sprinkler) ^ (rng.random(2000) < 0.1)
    >>> slip = wet ^ (rng.random(2000) < 0.2)
    >>> table = pd.DataFrame({"rain": rain, "sprinkler": sprinkler, "wet": wet, "slip": slip})
    >>> net = ms.ChordalNetwork().fit(table)
    >>> list(net.junction_tree_)
    [('rain', 'sprinkler', 'wet'), ('slip', 'wet')]
    """

    algorithm = "chordal-network"
    bytes_of_a_pair = 100
    # What measures and tests edges goes by the kind of columns.
    estimator = "auto"
    test = "auto"

    def __init__(
        self,
        criterion: CriterionName = "auto",
        *,
        alpha: float = 0.05,
        gamma: float = 1.0,
        max_clique: int | None = None,
        start: Start = "empty",
        exchanges: bool | None = None,
        knowledge: Knowledge | None = None,
        equivalent_sample_size: float = 5.0,
    ) -> None:
        self.criterion = criterion
        self.alpha = alpha
        self.gamma = gamma
        self.max_clique = max_clique
        self.start = start
        self.exchanges = exchanges
        self.knowledge = knowledge
        self.equivalent_sample_size = equivalent_sample_size

    def _check_parameters(self) -> None:
        check_choice("criterion", self.criterion, get_args(CriterionName))
        check_fraction("alpha", self.alpha)
        check_not_negative("gamma", self.gamma)
        if self.max_clique is not None:
            check_count("max_clique", self.max_clique, least=2)
        check_choice("start", self.start, get_args(Start))
        check_knowledge(self.knowledge)
        check_not_negative("equivalent_sample_size", self.equivalent_sample_size)

    def _cost(self, data: Dataset) -> Cost:
        self._known(data)
        shared = shared_information(data)
        cost = cost_of_pairs(shared.data, shared.estimator, shared.test)
        n_pairs = data.n_variables * (data.n_variables - 1) // 2
        return replace(cost, n_bytes=cost.n_bytes + _BYTES_OF_A_PAIR * n_pairs)

    def _learn(self, data: Dataset) -> pd.DataFrame:
        shared = shared_information(data)
        self.estimator_, self.test_ = shared.estimator, shared.test
        self.criterion_ = self.criterion
        if self.criterion == "auto":
            self.criterion_ = "bic" if shared.data.continuous else "bdeu"
        score = (Probable if self.criterion_ == "bdeu" else Penalised)(shared, self.gamma)
        by: Criterion = Remembered(score)
        if self.criterion_ == "alpha":
            by = Significant(shared, self.alpha)
        search = ForwardSelection(data.names, by, self._known(data), self.max_clique)
        if self.start == "forest":
            search.run(2)
        search.run()
        edges = search.added
        exchanges = self.exchanges
        if exchanges is None:
            exchanges = len(data.names) <= _MOST_TO_EXCHANGE
        if exchanges and self.criterion_ != "alpha":
            exchange(search)
            edges = in_order(data.names, by, search)
        self._data, self._kinds = shared.data, data.kinds
        for of_earlier_table in ("_cliques", "_fitted"):
            self.__dict__.pop(of_earlier_table, None)
        pairs = search.queue.first(_MOST_ADDITIONS)
        between = [search.graph.separator(*pair) for pair in pairs.tolist()]
        self.additions_ = self._table(shared, score, pairs, between)
        added = np.array([one[:2] for one in edges], dtype=np.int64).reshape(-1, 2)
        return self._table(shared, score, added, [one.separator for one in edges])

    def _known(self, data: Dataset) -> Constraints | None:
        return None if self.knowledge is None else self.knowledge.constraints(data.names)

    def _table(
        self,
        shared: SharedInformation,
        score: Criterion,
        pairs: Positions,
        separators: Sequence[Sequence[int]],
    ) -> pd.DataFrame:
        """Pairs with their evidence, given what separates each."""
        names = np.array(shared.data.names, dtype=object)
        sets, nothing = Ragged.of(separators), Ragged.of([()] * len(pairs))
        tests = shared.test.test_each(shared.data, pairs, sets, self.alpha)
        return pd.DataFrame(
            {
                "source": names[pairs[:, 0]],
                "target": names[pairs[:, 1]],
                "mi": shared.given(pairs, nothing),
                "p_value": tests.p_value,
                "n_samples": shared.n_complete(pairs, sets),
                "cmi": shared.given(pairs, sets),
                "gain": score.keys(pairs, sets),
                "separating_set": [tuple(names[list(some)]) for some in separators],
            }
        )

    def _reason(self, x: str, y: str) -> str:
        names, tables = self.feature_names_in_.tolist(), (self.edges_, self.additions_)
        known = self.knowledge or Knowledge()
        return explain_chordal(x, y, names, tables, known, self.max_clique)

    def reasons(self, most: int = 20_000) -> Reasons:
        """Words of `why` for all edges, and for the `most` best pairs that are not worth one."""
        known = self.knowledge or Knowledge()
        return reasons_of_chordal(self.edges_, self.additions_, known, most)

    @cached_property
    def _cliques(self) -> tuple[Clique, ...]:
        return cliques_of(self.graph_)

    @property
    def junction_tree_(self) -> nx.Graph:
        """The cliques, joined to a forest in which what two share lies between them."""
        return junction_tree_of(self._cliques)

    @property
    def dag_(self) -> nx.DiGraph:
        """A DAG of the same distributions, to fit a Bayesian network to."""
        dag = nx.DiGraph()
        dag.graph.update(self.graph_.graph)
        dag.add_nodes_from(self.graph_.nodes(data=True))
        for parent, child in arcs_of(self._cliques):
            dag.add_edge(parent, child, **self.graph_.edges[parent, child])
        return dag

    @property
    def treewidth_(self) -> int:
        """Number of columns in the largest clique, less one."""
        return max(len(clique.nodes) for clique in self._cliques) - 1

    @cached_property
    def _fitted(self) -> FittedNetwork:
        """The distribution with the margins of the data, fitted when first asked for."""
        return fitted(self._data, self._kinds, self._cliques, float(self.equivalent_sample_size))

    @property
    def precision_(self) -> csr_array:
        """The inverse covariance of the fitted normal distribution."""
        return self._fitted.precision(self.feature_names_in_.tolist())

    def log_likelihood(self, data: Any) -> float:
        """Log-likelihood of rows under the fitted network.

        Parameters
        ----------
        data : Dataset, DataFrame, array or AnnData
            A table with the same columns, without missing entries.

        Returns
        -------
        float
            In nats, summed over the rows; of continuous columns the density of the normal
            distribution with their means and with covariances as the graph has them.

        Raises
        ------
        DataError
            A column is not there, has a missing entry, or a state that it did not have in `fit`; or
            the columns of a clique determine each other, so that there is no density.
        """
        return self._fitted.log_likelihood(data)

    def sample(self, n: int, seed: int | None = 0) -> pd.DataFrame:
        """Draw rows from the fitted network.

        Parameters
        ----------
        n : int
            Number of rows.
        seed : int or None
            None draws afresh.

        Returns
        -------
        pandas.DataFrame, shape (n, n_features)
            With the states of the table that was learned from.
        """
        check_count("n", n)
        if seed is not None:
            check_count("seed", seed, least=0)
        rows = self._fitted.sample(n, np.random.default_rng(seed))
        return rows.reindex(columns=self.feature_names_in_)

    def _seed(self) -> None:
        return None  # nothing is drawn
