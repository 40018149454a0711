"""Base class of all structure learners: checks, the table of edges, and the graph."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Self

import networkx as nx
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from mistruct import __version__
from mistruct.data.dataset import Dataset, as_dataset
from mistruct.errors import DataError, Either, MistructWarning
from mistruct.executors import current
from mistruct.independence.base import IndependenceTest
from mistruct.independence.names import resolve_test
from mistruct.information.base import Estimator
from mistruct.information.names import resolve_pairwise
from mistruct.memory import require_memory
from mistruct.structure.cost import LIBRARIES, Cost, bytes_held
from mistruct.structure.reasons import Reasons, plain_reasons


class StructureLearner(BaseEstimator):
    """Base class of the learners: `fit` checks the table, and `_learn` finds the edges.

    A subclass sets ``algorithm`` and ``directed``, checks its parameters in `_check_parameters`,
    and in `_learn` sets ``estimator_`` and ``test_`` and gives its edges, as a DataFrame that
    begins with the columns source, target, mi, p_value and n_samples.

    Attributes
    ----------
    graph_ : networkx.Graph or networkx.DiGraph
        The columns as nodes, the evidence as edge attributes.
    edges_ : pandas.DataFrame
        One row an edge.
    estimator_, test_
        What estimated the information and tested it, where the parameters gave a name.
    n_features_in_ : int
        Number of columns seen during `fit`.
    feature_names_in_ : ndarray of str, shape (n_features,)
        Their names.
    """

    algorithm: str
    directed: bool = False
    marked: bool = False  # whether each end of an edge has a mark
    #: Bytes that a fit holds of each pair of columns, at least; 0 where it keeps few pairs.
    bytes_of_a_pair: int = 0
    estimator: str | Estimator
    test: str | IndependenceTest
    estimator_: Estimator
    test_: IndependenceTest

    def fit(self, data: Any, y: None = None) -> Self:
        """Learn the structure of a table.

        Parameters
        ----------
        data : Dataset, DataFrame, array of shape (n_samples, n_variables), or AnnData
            The table.
        y : None
            Ignored; there for scikit-learn's interface.

        Returns
        -------
        self

        Raises
        ------
        DataError
            The table is not fit, or has a kind of column that the learner does not take.
        ParameterError
            A parameter breaks its rule.
        """
        table = self._begun(data)
        # In the order of names, so that ties, sums and so the result do not depend on the table's.
        self.edges_ = self._learn(table.select(sorted(table.names)))
        self.graph_ = self._graph(table.names, self.edges_)
        return self

    def cost(self, data: Any) -> Cost:
        """Expected cost of a fit, without fitting.

        Parameters
        ----------
        data : Dataset, DataFrame, array of shape (n_samples, n_variables), or AnnData
            The table.

        Returns
        -------
        Cost
            Seconds on one core of a common machine, memory, what a checkpoint takes on disk, and
            what is sent to workers inside ``with mistruct.executor(...)``, with what would make it
            fit. Learners add what they count. All follows from constants and the table, not from
            the clock; seconds are NaN for an estimator, test or score that does not say.

        Raises
        ------
        DataError, ParameterError
            As `fit`.
        """
        learner: Self = clone(self)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MistructWarning)  # a fit says the same
            checked = learner._begun(data)
            table = checked.select(sorted(checked.names))
            cost, where = learner._cost(table), current()
            if where is not None and where.n_copies:
                # As it is in a fit, without what the cost has made of the table.
                afresh = checked.select(table.names)
                sent = sum(where.n_bytes(shared) for shared in learner._sent(afresh))
                cost = replace(cost, n_bytes_sent=sent)
        in_memory = bool(table.discrete) and table.on_disk is None
        return cost.advised(packs=in_memory)

    def _cost(self, data: Dataset) -> Cost:
        """Expected cost of a fit to a table whose columns are sorted by name."""
        n_bytes = LIBRARIES + 2 * bytes_held(data)
        return Cost(seconds=math.nan, n_bytes=n_bytes)

    def _sent(self, data: Dataset) -> Iterator[Any]:
        """Objects that all blocks of an executor share, each as often as it is sent."""
        return iter(())

    def reasons(self, most: int = 20_000) -> Reasons:
        """Reasons why pairs of columns have an edge or not, for many pairs at once.

        Parameters
        ----------
        most : int
            How many pairs without an edge at most.

        Returns
        -------
        Reasons
            The words of `why` where the learner has that, and otherwise the evidence of the edges.
        """
        return plain_reasons(self.edges_, self.graph_)

    def networks(self) -> list[tuple[nx.Graph, Reasons, str]]:
        """Networks to show side by side: the graph and reasons of each, and a name if not alone."""
        return [(self.graph_, self.reasons(), "")]

    def _begun(self, data: Any) -> Dataset:
        """Check the table and remember its columns; returns the checked table."""
        table = self._checked(data)
        self.n_features_in_ = table.n_variables
        self.feature_names_in_ = np.array(table.names, dtype=object)
        return table

    def _checked(self, data: Any) -> Dataset:
        """Check the table and the parameters; returns the checked table."""
        self._check_parameters()
        table = as_dataset(data)
        if table.n_variables < 2:
            raise DataError(f"a structure needs two columns or more, got {list(table.names)}")
        n_pairs = math.comb(table.n_variables, 2)
        require_memory(
            self.bytes_of_a_pair * n_pairs,
            f"the {n_pairs:,} pairs of {table.n_variables:,} columns",
            "choose among the columns, or learn with ",
            Either("ChowLiu or ARACNE", "--method chow-liu or mistruct aracne"),
            ", which keep few pairs at a time",
        )
        return table

    def _check_parameters(self) -> None:
        raise NotImplementedError

    def _learn(self, data: Dataset) -> pd.DataFrame:
        raise NotImplementedError

    def _choose(self, data: Dataset, *, penalised: bool) -> tuple[Estimator, IndependenceTest]:
        """Resolve the parameters `estimator` and `test`.

        Under ``auto`` the edges weigh what the test tests. A penalty wants the likelihood as it
        is; elsewhere counts and copula are corrected for bias where one is compared with the
        other.
        """
        self.test_ = resolve_test(self.test)
        if self.estimator == "auto":
            self.estimator_ = self.test_.estimator(data, penalised=penalised)
        else:
            self.estimator_ = resolve_pairwise(self.estimator, data)
        return self.estimator_, self.test_

    def _graph(self, nodes: Iterable[str], edges: pd.DataFrame) -> nx.Graph | nx.DiGraph:
        """Make the graph of edges, with its provenance."""
        graph = nx.DiGraph() if self.directed else nx.Graph()
        graph.graph.update(provenance(self))
        graph.add_nodes_from(nodes)
        evidence = edges.drop(columns=["source", "target"]).to_dict("records")
        pairs = zip(edges["source"], edges["target"], strict=True)
        graph.add_edges_from((*pair, values) for pair, values in zip(pairs, evidence, strict=True))
        return graph

    def _used(self) -> dict[str, Any]:
        """Parameters, with the objects that names stand for."""
        names = ("estimator", "test")
        behind = {n: getattr(self, f"{n}_") for n in names if hasattr(self, f"{n}_")}
        return {**self.get_params(deep=False), **behind}

    def _seed(self) -> int | None:
        """Seed that the result depends on."""
        return getattr(self.test_, "seed", None)  # networks may need no test


def provenance(net: StructureLearner) -> dict[str, Any]:
    """Provenance of a structure: algorithm, parameters, version and seed."""
    return {
        "algorithm": net.algorithm,
        "parameters": {k: describe(v) for k, v in net._used().items()},
        "version": __version__,
        "seed": describe(net._seed()),
    }


def describe(value: Any) -> Any:
    """Convert a parameter to a number or text that every file format can hold."""
    if isinstance(value, np.generic):
        value = value.item()
    return value if value is None or isinstance(value, (bool, int, float, str)) else repr(value)
