r"""The Markov blanket of one column, and the causal graph around it.

Given its Markov blanket, a column is independent of all others. In a DAG that is its parents, its
children, and the other parents of its children, its spouses (Pearl 1988). To find them, only the
neighbourhoods of the target and of its neighbours are searched, not the structure of the whole
table, so that one disease among 20,000 genes is a matter of some thousand tests a gene.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import get_args

import networkx as nx
import pandas as pd

from mistruct.data.dataset import Dataset
from mistruct.errors import DataError, check_choice, check_count, check_fraction
from mistruct.independence.base import IndependenceTest
from mistruct.independence.multiple_testing import Correction
from mistruct.independence.names import resolve_or_call
from mistruct.structure.blanket.blanket_cost import BlanketCost, blanket_cost
from mistruct.structure.blanket.blanket_tables import (
    evidence,
    member_table,
    removal_table,
    role_in_words,
    with_roles,
)
from mistruct.structure.blanket.neighbourhood import Rule
from mistruct.structure.blanket.surroundings import Surroundings
from mistruct.structure.causal.evidence import both_ways, edge_table, explain, reasons
from mistruct.structure.causal.to_dag import nearest_dag
from mistruct.structure.learner import StructureLearner
from mistruct.structure.reasons import Reasons


class MarkovBlanket(StructureLearner):
    r"""Markov blanket: the columns that make a target independent of all others, and their graph.

    Parameters
    ----------
    target : str
        The column in the middle.
    alpha : float
        Level of the tests.
    test : str, test or callable
        As of :class:`PC`.
    correction : {"bh", "bonferroni", "none"}
        What alpha bounds for the neighbours of a column: the share of false ones, the chance of
        any, or that of each alone.
    max_conditioning : int or None
        The largest conditioning set in the search for neighbours; None tries all sizes.
    max_pairs : int
        Of columns that are not in the blanket, all pairs are tested for a dependence of the target
        on both together, as of a parity, where there are so many pairs at most; 0 never does.

    Attributes
    ----------
    blanket_ : list of str
        The columns of the Markov blanket: neighbours, spouses, and those found in pairs.
    members_ : pandas.DataFrame
        One row a column of the blanket: column, role ("neighbour", "spouse" or "interaction"),
        through (the child that a spouse shares with the target, or the partner of a pair), mi
        (nats, without conditioning), p_value, separating_set (the set with the largest p-value
        for a neighbour, else what was given), cmi (given the set), n_samples.
    graph_ : networkx.DiGraph
        The target and its blanket, and the edges among them, as in the graph of :class:`PC`. An
        edge of a pair is undirected. Of other columns nothing is said, so they are no nodes.
    edges_ : pandas.DataFrame
        One row an edge, with the columns that those of :class:`PC` have.
    separations_ : pandas.DataFrame
        One row a column that is not adjacent to the target: source, target, separating_set, mi
        (given the set), p_value, n_samples, depth, method, rule ("independent", "untestable" or
        "correction"), n_tests.
    dag_ : networkx.DiGraph
        A DAG that keeps every arrow of `graph_`, to fit a Bayesian network to.
    test_
        What tested, with the seed.
    n_features_in_ : int
        Number of columns seen during `fit`.
    feature_names_in_ : ndarray of str, shape (n_features,)
        Their names.

    Raises
    ------
    DataError
        The table is not fit, or the target is constant.
    ParameterError
        A parameter breaks its rule, or the target is not a column.

    Notes
    -----
    Neighbours are searched by max-min (see the references) with sets of few columns at a time,
    which needs fewer rows than to condition on a whole blanket at once, as IAMB does. Two columns
    are adjacent if each is found beside the other. A set that leaves nothing to test separates
    nothing, so that of two identical columns both may be members.

    Arrows are those that v-structures within the blanket tell, with what follows from them; an edge
    that only columns farther away could direct stays undirected. Nothing depends on the order of
    columns.

    References
    ----------
    Tsamardinos, Aliferis and Statnikov (2003), "Time and sample efficient discovery of Markov
    blankets and direct causal relations", KDD.
    Peña, Nilsson, Björkegren and Tegnér (2007), "Towards scalable and data efficient learning of
    Markov boundaries", International Journal of Approximate Reasoning 45.
    Tsamardinos and Brown (2008), "Bounding the false discovery rate in local Bayesian network
    learning", AAAI.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> age, smoking, gene = rng.normal(size=(3, 500))
    >>> cancer = smoking + gene + rng.normal(size=500)
    >>> cough = cancer + age + rng.normal(size=500)
    >>> weight = gene + rng.normal(size=500)
    >>> table = pd.DataFrame({"age": age, "smoking": smoking, "gene": gene, "cancer": cancer})
    >>> around = ms.MarkovBlanket("cancer").fit(table.assign(cough=cough, weight=weight))
    >>> around.members_[["column", "role", "through"]]
        column       role through
    0    cough  neighbour
    1  smoking  neighbour
    2     gene  neighbour
    3      age     spouse   cough
    """

    algorithm = "markov-blanket"
    directed = True

    def __init__(
        self,
        target: str,
        alpha: float = 0.01,
        test: str | IndependenceTest | Callable[..., float] = "auto",
        *,
        correction: Correction = "bh",
        max_conditioning: int | None = 3,
        max_pairs: int = 10_000,
    ) -> None:
        self.target = target
        self.alpha = alpha
        self.test = test  # type: ignore[assignment]  # a function becomes a test in `fit`
        self.correction = correction
        self.max_conditioning = max_conditioning
        self.max_pairs = max_pairs

    def _check_parameters(self) -> None:
        check_fraction("alpha", self.alpha)
        check_choice("correction", self.correction, get_args(Correction))
        if self.max_conditioning is not None:
            check_count("max_conditioning", self.max_conditioning, least=0)
        check_count("max_pairs", self.max_pairs, least=0)

    def _cost(self, data: Dataset) -> BlanketCost:
        (named,) = data.check_names("target", [self.target])
        return blanket_cost(
            data, data.names.index(named), resolve_or_call(self.test), self.alpha,
            self.max_conditioning, self.max_pairs,
        )  # fmt: skip

    def _learn(self, data: Dataset) -> pd.DataFrame:
        (named,) = data.check_names("target", [self.target])
        target = data.names.index(named)
        if data.select([named]).to_pandas()[named].nunique() < 2:
            raise DataError(f"target {named!r} is constant; nothing depends on it")
        self.test_ = resolve_or_call(self.test)
        rule = Rule(self.test_, self.alpha, self.correction, self.max_conditioning)
        around = Surroundings(data, rule)
        neighbours = around.neighbours(target)
        spouses = around.spouses(target, neighbours)
        inside = [*neighbours, *spouses.columns]
        pairs = around.interactions(target, inside, self.max_pairs)
        self._target = named
        self.members_ = member_table(data.names, around, target, neighbours, spouses, pairs)
        self.blanket_: list[str] = self.members_["column"].tolist()
        self.separations_ = removal_table(data.names, around, target, neighbours, self.alpha)
        edges, oriented = around.oriented([target, *inside])
        return edge_table(data.names, evidence(around, target, edges, pairs), oriented)

    def _graph(self, nodes: Iterable[str], edges: pd.DataFrame) -> nx.DiGraph:
        inside = {self._target, *self.blanket_}
        shown = edges.drop(columns=["separating_set", "cmi"])
        return both_ways(super()._graph([n for n in nodes if n in inside], shown))

    @property
    def dag_(self) -> nx.DiGraph:
        """A DAG that keeps the arrows, to fit a model to."""
        return nearest_dag(self.graph_)

    def why(self, x: Hashable) -> str:
        """Explain why a column is in the blanket of the target or not.

        Parameters
        ----------
        x : column name

        Returns
        -------
        str

        Raises
        ------
        ParameterError
            The name is not a column, or is the target.
        """
        names = self.feature_names_in_.tolist()
        text = explain(self._target, str(x), names, self.edges_, self.separations_, ())
        return text + role_in_words(self._target, str(x), self.members_)

    def reasons(self, most: int = 20_000) -> Reasons:
        """Reasons as by `why`, for all edges and the `most` absent pairs closest to an edge."""
        found = reasons(self.edges_, self.separations_, (), most)
        return with_roles(found, self._target, self.members_)
