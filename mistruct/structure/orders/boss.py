r"""BOSS: a candidate causal graph by a search over the orders of columns.

A score that decomposes gives each order of the columns its best DAG: each column takes its parents
from those before it. The search (Andrews et al. 2023) moves one column after the other to the
position where this DAG scores highest, until none moves, and ends by deleting edges while that
raises the score. DAGs that imply the same independences have the same score, so what comes out is
their class, a CPDAG.

A single column's move does not leave every local optimum. So the search starts from an order that
tests of independence give, and may go on from its result with some columns put elsewhere at random.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from mistruct.data.dataset import Dataset
from mistruct.errors import MistructWarning, ParameterError, TooFewRowsError, check_count
from mistruct.independence.g_test import GTest
from mistruct.independence.names import resolve_test
from mistruct.scores.base import Score
from mistruct.scores.names import resolve_score
from mistruct.structure.causal.base import CausalLearner
from mistruct.structure.causal.order_cost import OrderCost, order_cost
from mistruct.structure.causal.pc import PC
from mistruct.structure.causal.search_cost import SearchCost
from mistruct.structure.knowledge import Constraints, Knowledge
from mistruct.structure.orders.additions import addition_table, explain_by_score, reasons_by_score
from mistruct.structure.orders.backward import Parents, to_cpdag
from mistruct.structure.orders.copies import copies_of, without_copies
from mistruct.structure.orders.order_search import Forest, Order, as_matrix, obedient, order_of
from mistruct.structure.orders.restarts import best_dag
from mistruct.structure.reasons import Reasons

# The tests that make the first order: sets larger than this take long, and change it little.
_START_ALPHA = 0.05
_START_MAX_CONDITIONING = 3

# Restarts are the default if a column is continuous, up to this number of columns.
_RESTARTS = 10
_MOST_COLUMNS_TO_RESTART = 500


class BOSS(CausalLearner):
    r"""Candidate causal graph by best order score search.

    Parameters
    ----------
    score : str or score
        ``bic``, ``bdeu``, ``qnml``, ``gaussian-bic``, or a score such as :class:`BDeu`; ``auto``
        is ``BDeu((1, 4, 16, 64, 256), gamma=2)`` where all columns are discrete, else
        ``GaussianBIC(gamma=1)``.
    start : {"pc", "random"} or list of column names
        The first order: that of the DAG which :class:`PC` finds, a random one, or all columns in
        an order of your own.
    n_restarts : int, optional
        How often the search goes on from the best order with some columns moved to random places.
        Without restarts it is that of the paper; with them, parents are also exchanged for others
        within each family; of up to 10 columns the best DAG of all is found. By default 0 where all
        columns are discrete, for a higher score is then no nearer the truth on average, 10 where
        one is continuous, and 0 beyond 500 columns, where restarts take minutes.
    max_parents : int, optional
        The largest number of parents of a column; by default as many as the score pays for.
    knowledge : Knowledge, optional
        Edges that must or must not be there, and tiers of time. `graph_` and `dag_` obey them.
    seed : int or None
        Of the random orders; None draws afresh.

    Attributes
    ----------
    graph_ : networkx.DiGraph
        The CPDAG; an undirected edge is two opposite arcs. Edge attributes: `mi`, `cmi`, `gain`
        (nats), `p_value`, `n_samples` and `orientation` ("directed" or "undirected").
    edges_ : pandas.DataFrame
        One row per edge, the largest gain first: source, target, mi (without conditioning),
        p_value (of independence without conditioning), n_samples, cmi (the information given the
        other parents of the edge's child in `dag_`; NaN where too few rows are complete), gain
        (what the score of `dag_` loses without the edge), orientation.
    additions_ : pandas.DataFrame
        One row per pair without an edge, the cheapest first: source, target, loss (what the score
        of `dag_` would lose with source -> target), reverse_loss; NaN where that edge would close a
        cycle, is forbidden, or gives a column more parents than `max_parents`.
    dag_ : networkx.DiGraph
        The DAG with the highest score that was found, a member of the class.
    copies_ : dict of str to str
        The columns that say the same in every row as one that comes first by name, and that one.
    order_ : list of str
        The columns in an order in which each stands behind its parents.
    score_ : float
        The score of `dag_` in nats.
    scored_by_ : score
        What `score` stood for.
    estimator_, test_
        What measured and tested the edges, which the search does not need.
    n_features_in_ : int
        Number of columns seen during `fit`.
    feature_names_in_ : ndarray of str, shape (n_features,)
        Their names.

    Raises
    ------
    DataError
        The score does not take a kind of column, or so few rows.
    ParameterError
        A parameter breaks its rule, or a score of your own gives no finite number; the message
        names the family.

    Notes
    -----
    Scores of families are kept, up to about a gigabyte; beyond that they are forgotten and computed
    anew, with the same result. Nothing depends on the order of columns or the number of threads;
    where two parents raise the score equally, the first by name is taken.

    A constant column has no edge. Of columns that say the same in every row, which no score can
    tell apart, the first by name stands for all; the others are joined to it alone, unless
    `knowledge` is of one of them.

    Under ``missing="testwise"`` a family gains what the distribution that is likeliest in all rows,
    also those known in part, tells of the column (discrete columns), or what the correlations of
    the rows known to each pair do (elsewhere), and pays n / m times its price in the m rows that
    are complete in it. ``missing="state"`` makes missing a state of a discrete column.

    The graph means what its assumptions allow; see "Causal graphs" in the user guide. The p-value
    of an edge that was chosen by its score is no test of the edge.

    References
    ----------
    Andrews, Ramsey, Sanchez-Romero, Camchong and Kummerfeld (2023), "Fast scalable and accurate
    discovery of DAGs using the best order score search and grow-shrink trees", NeurIPS 36.
    Chickering (2002), "Optimal structure identification with greedy search", Journal of Machine
    Learning Research 3.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> rain, sprinkler = rng.random((2, 2000)) < 0.4
    >>> wet = (rain | sprinkler) ^ (rng.random(2000) < 0.1)
    >>> table = pd.DataFrame({"rain": rain, "sprinkler": sprinkler, "wet": wet})
    >>> cause = ms.BOSS().fit(table)
    >>> sorted(cause.graph_.edges)
    [('rain', 'wet'), ('sprinkler', 'wet')]
    """

    algorithm = "boss"
    bytes_of_a_pair = PC.bytes_of_a_pair
    # Estimator and test for the evidence of edges; the search does not use them.
    estimator = "auto"
    test = "auto"

    def __init__(
        self,
        score: str | Score = "auto",
        *,
        start: str | Sequence[Hashable] = "pc",
        n_restarts: int | None = None,
        max_parents: int | None = None,
        knowledge: Knowledge | None = None,
        seed: int | None = 0,
    ) -> None:
        self.score = score
        self.start = start
        self.n_restarts = n_restarts
        self.max_parents = max_parents
        self.knowledge = knowledge
        self.seed = seed

    def _check_parameters(self) -> None:
        if self.n_restarts is not None:
            check_count("n_restarts", self.n_restarts, least=0)
        if self.max_parents is not None:
            check_count("max_parents", self.max_parents)
        if self.seed is not None:
            check_count("seed", self.seed, least=0)
        super()._check_parameters()

    def _learn(self, data: Dataset) -> pd.DataFrame:
        self._choose(data, penalised=True)
        self.best_parents(data)
        self.score_ = self._forest.score_of(self._parents)
        self.order_ = [self._names[c] for c in order_of(self._parents)]
        return self._edges(data)

    def best_parents(self, data: Dataset) -> Parents:
        """The parents of each column in the best DAG, for a search that needs no evidence.

        `data` has its columns in the order of their names, as in a fit.
        """
        names = data.names
        self.scored_by_ = resolve_score(self.score, data)
        constraints = self._known(data)
        self._check_required(constraints, names)
        families = self.scored_by_.families(data)
        copies = copies_of(data)
        self.copies_ = {names[copy]: names[first] for copy, first in copies.items()}
        within = without_copies(constraints, copies)
        forest = Forest(families, names, within.possible, within.required, self.max_parents)
        start = obedient(self._first_order(data), constraints.required)
        rng = np.random.default_rng(self.seed)
        self._parents = best_dag(forest, within, names, start, self._n_restarts(data), rng)
        self._names, self._forest, self._constraints = names, forest, constraints
        self._additions: pd.DataFrame | None = None
        return self._parents

    def _check_required(self, constraints: Constraints, names: Sequence[str]) -> None:
        """Raise ParameterError if a column has more required parents than `max_parents`."""
        n_required = constraints.required.sum(axis=0)
        for column in np.flatnonzero(n_required > (self.max_parents or len(names))).tolist():
            raise ParameterError(
                f"max_parents must be at least the {n_required[column]} parents that knowledge "
                f"requires of {names[column]!r}, got {self.max_parents}"
            )

    def _first_order(self, data: Dataset) -> Order:
        """First order of the search."""
        position = {name: i for i, name in enumerate(data.names)}
        if not isinstance(self.start, str):
            chosen = data.check_names("start", self.start)
            if sorted(chosen) != sorted(data.names):
                raise ParameterError(
                    f"start must hold each of the {len(data.names)} columns once, got {chosen!r}"
                )
        elif self.start == "pc":
            found = self._first_search(data).fit(data)
            chosen = tuple(nx.lexicographical_topological_sort(found.dag_))
        elif self.start == "random":
            chosen = tuple(np.random.default_rng(self.seed).permutation(sorted(data.names)))
        else:
            raise ParameterError(
                f"start must be 'pc', 'random' or a list of all columns, got {self.start!r}"
            )
        return np.array([position[name] for name in chosen], dtype=np.int64)

    def _n_restarts(self, data: Dataset) -> int:
        if self.n_restarts is not None:
            return self.n_restarts
        few = data.n_variables <= _MOST_COLUMNS_TO_RESTART
        return _RESTARTS if data.by_order.continuous and few else 0

    def _first_search(self, data: Dataset) -> PC:
        """PC, which gives the first order.

        It is not told the forbidden edges, which can leave it a cycle; the search obeys them.
        """
        known = self.knowledge or Knowledge()
        test = resolve_test("auto") if data.by_order.continuous else GTest(sparse="chi-square")
        return PC(
            _START_ALPHA,
            test,
            max_conditioning=_START_MAX_CONDITIONING,
            knowledge=Knowledge(known.required, tiers=known.tiers),
        )

    def _edges(self, data: Dataset) -> pd.DataFrame:
        """Table with one row per edge, the largest loss of score first."""
        adjacent, arrows = to_cpdag(self._parents, self._constraints, self._names)
        arcs = as_matrix(self._parents)
        pairs = np.argwhere(np.triu(adjacent))
        tests = self.test_.test_pairs(data, pairs)
        rows = []
        for k, (a, b) in enumerate(pairs.tolist()):
            child, parent = (b, a) if arcs[a, b] else (a, b)
            others = [p for p in self._parents[child] if p != parent]
            source, target = (b, a) if (b, a) in arrows else (a, b)
            rows.append(
                {
                    "source": self._names[source],
                    "target": self._names[target],
                    "mi": tests.mi[k],
                    "p_value": tests.p_value[k],
                    "n_samples": tests.n_samples[k],
                    "cmi": self._shared(data, parent, child, others),
                    "gain": self._loss(child, parent),
                    "orientation": "directed" if (source, target) in arrows else "undirected",
                }
            )
        columns = ("source", "target", "mi", "p_value", "n_samples", "cmi", "gain", "orientation")
        edges = pd.DataFrame(rows, columns=list(columns))
        by = ["gain", "source", "target"]
        return edges.sort_values(by, ascending=[False, True, True], ignore_index=True)

    def _shared(self, data: Dataset, parent: int, child: int, others: Sequence[int]) -> float:
        """Information I(parent; child | others) in nats, infinite if one determines the other.

        NaN where too few rows are complete in all of them.
        """
        x, y, z = ([self._names[c] for c in some] for some in ([parent], [child], others))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MistructWarning)
            try:
                return self.estimator_.information(data, x, y, z)
            except TooFewRowsError:
                return np.nan

    def _loss(self, child: int, parent: int) -> float:
        """Loss of score if an arc of the DAG is deleted."""
        its = self._parents[child]
        without = [p for p in its if p != parent]
        return self._forest.score(child, its) - self._forest.score(child, without)

    @property
    def dag_(self) -> nx.DiGraph:
        """A DAG of the learned class, to fit a Bayesian network to."""
        dag = nx.DiGraph()
        dag.graph.update(self.graph_.graph)
        dag.add_nodes_from(self.graph_.nodes(data=True))
        for child, its in enumerate(self._parents):
            for parent in its:
                arc = self._names[parent], self._names[child]
                dag.add_edge(*arc, **self.graph_.edges[arc])
        return dag

    @property
    def additions_(self) -> pd.DataFrame:
        """Table of the pairs without an edge and their cost, computed on first use."""
        if self._additions is None:
            self._additions = addition_table(
                self._parents, self._forest, self._constraints, self._names
            )
        return self._additions

    def _reason(self, x: str, y: str) -> str:
        tables = self.edges_, self.additions_
        return explain_by_score(x, y, self._names, *tables, self._required, self.copies_)

    def _cost(self, data: Dataset) -> OrderCost:
        self._known(data)
        first: SearchCost = self._first_search(data)._cost(data)
        cost = order_cost(data, resolve_score(self.score, data), first, self._n_restarts(data))
        before = first.seconds if self.start == "pc" else 0.0
        return replace(cost, seconds=cost.seconds + before)

    def reasons(self, most: int = 20_000) -> Reasons:
        """Reasons as given by `why`, for all edges and the `most` cheapest absent pairs."""
        required = (self.knowledge or Knowledge()).required
        return reasons_by_score(self.edges_, self.additions_, required, self.copies_, most)

    def _used(self) -> dict[str, Any]:
        return {**super()._used(), "score": self.scored_by_}

    def _seed(self) -> int | None:
        return self.seed
