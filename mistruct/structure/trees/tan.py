r"""Tree-augmented naive Bayes.

A naive Bayes classifier takes its features as independent within each class. TAN lets each
feature depend on one other: the tree that maximises the sum of I(x; y | class) (Friedman, Geiger
and Goldszmidt 1997), directed away from a root, with the class a parent of all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError
from mistruct.independence.base import IndependenceTest
from mistruct.independence.multiple_testing import Correction
from mistruct.independence.protocol import TestBatch
from mistruct.information.base import Estimator
from mistruct.structure.cost import Cost
from mistruct.structure.learner import StructureLearner
from mistruct.structure.trees.edge_rules import (
    Penalty,
    check_rule,
    cost_of_pairs,
    count_pairs,
    known_entries,
    spanning_pairs,
    staying,
)


class TAN(StructureLearner):
    r"""Tree-augmented naive Bayes: a Chow-Liu tree of the features within the classes.

    Parameters
    ----------
    target : str
        The column that holds the class.
    alpha, correction, penalty
        The rule by which the edges between features stay, as in :class:`ChowLiu`, on I(x; y |
        target) and its tests. The arcs from the target always stay, unless a feature is constant.
    estimator : str or estimator
        Of the information within each class, which is then averaged over the classes; ``auto`` as
        in :class:`ChowLiu`.
    test : str or test
        Of the arcs; those between features are tested given the target.

    Attributes
    ----------
    graph_ : networkx.DiGraph
        A DAG with the target as a parent of all features.
    edges_ : pandas.DataFrame
        Its arcs: source, target, mi, p_value, n_samples and `given`, the class column where `mi`
        and `p_value` are conditional on it, else "".
    estimator_, test_
        What estimated the information and tested the edges, with the seed.
    n_features_in_ : int
        Number of columns seen during `fit`.
    feature_names_in_ : ndarray of str, shape (n_features,)
        Their names.

    Notes
    -----
    Each tree is directed away from its feature that tells most about the target.

    References
    ----------
    Friedman, Geiger and Goldszmidt (1997), "Bayesian network classifiers", Machine Learning 29.

    Examples
    --------
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> table = pd.DataFrame({"class": [0, 0, 1, 1] * 9, "x": [0, 0, 1, 0] * 9})
    >>> table["y"] = [0, 0, 1, 0] * 8 + [0, 0, 1, 1]
    >>> sorted(ms.TAN("class").fit(table).graph_.edges)
    [('class', 'x'), ('class', 'y'), ('y', 'x')]
    """

    algorithm = "tan"
    directed = True
    bytes_of_a_pair = 120

    def __init__(
        self,
        target: str,
        *,
        alpha: float | None = None,
        correction: Correction = "bonferroni",
        penalty: Penalty | None = None,
        estimator: str | Estimator = "auto",
        test: str | IndependenceTest = "auto",
    ) -> None:
        self.target = target
        self.alpha = alpha
        self.correction = correction
        self.penalty = penalty
        self.estimator = estimator
        self.test = test

    def _check_parameters(self) -> None:
        check_rule(self.alpha, self.correction, self.penalty)

    def _cost(self, data: Dataset) -> Cost:
        data = data.by_states
        estimator, test = self._choose(data, penalised=self.penalty is not None)
        cost = cost_of_pairs(data, estimator, test)
        # The rows of each class become tables of their own.
        return replace(cost, n_bytes=cost.n_bytes + data.values.nbytes + data.codes.nbytes)

    def _learn(self, data: Dataset) -> pd.DataFrame:
        (target,) = data.check_names("target", [self.target])
        if data.n_variables < 3:
            raise ParameterError(f"TAN needs two features beside target={target!r}, got one")
        data.select([target]).require_discrete("target")
        data = data.by_states  # a class is a state, and so is what it is told from
        estimator, test = self._choose(data, penalised=self.penalty is not None)
        # No quantity here goes without the target.
        if data.n_missing[target]:
            data = data.take(data.codes[data.row(target)] < len(data.states[target]))
        features = data.select([n for n in data.names if n != target])
        # Features first and the target last, so that positions are the same with and without it.
        n_features = features.n_variables
        table = data.select([*features.names, target])
        everything = np.arange(n_features)
        relevance = estimator.pairwise(table, everything, np.array([n_features]))[:, 0]
        class_arcs = np.column_stack([np.full(n_features, n_features), everything])
        class_tests = test.test_pairs(table, class_arcs)
        varying = class_tests.testable

        mi = _information_within_classes(estimator, features, table.codes[table.row(target)])
        n_classes = int(table.n_observed[table.row(target)])
        pairs, weights = spanning_pairs(features, mi, self.penalty, n_classes)
        tests = test.test_pairs(table, pairs, [n_features])
        keep = staying(
            tests, weights, count_pairs(features), self.alpha, self.correction, self.penalty
        )
        feature_arcs = _directed_outward(pairs, keep, relevance)
        edges = [
            _arcs(table, class_arcs, relevance, class_tests, "")[varying],
            _arcs(table, feature_arcs, mi[tuple(pairs.T)], tests, target)[keep],
        ]
        return pd.concat(
            [e.sort_values("mi", ascending=False, kind="stable") for e in edges], ignore_index=True
        )


def _information_within_classes(
    estimator: Estimator, features: Dataset, classes: NDArray[Any]
) -> NDArray[np.float64]:
    """I(x; y | class) of all pairs of features: the mean over the classes, by their sizes.

    The size of a class, for a pair, is the number of its rows in which both are known. Classes with
    too few of these are left out; 0 where all have.
    """
    everything = np.arange(features.n_variables)
    known = known_entries(features)
    n_known = np.zeros((features.n_variables, features.n_variables))
    total = np.zeros_like(n_known)
    for c in np.unique(classes):
        members = classes == c
        size = members.sum() if known is None else known[:, members] @ known[:, members].T
        of_class = estimator.pairwise(features.take(members), everything, everything)
        told = ~np.isnan(of_class)
        total[told] += (size * of_class)[told]
        n_known += size * told
    return total / np.maximum(n_known, 1.0)


def _directed_outward(
    pairs: NDArray[np.int64], keep: NDArray[np.bool_], relevance: NDArray[np.float64]
) -> NDArray[np.int64]:
    """The pairs as arcs that lead away from the most relevant feature of each tree that stays."""
    forest = nx.Graph()
    forest.add_edges_from((int(i), int(j), {"k": k}) for k, (i, j) in enumerate(pairs) if keep[k])
    arcs = pairs.copy()
    for tree in nx.connected_components(forest):
        root = max(sorted(tree), key=lambda i: relevance[i])
        for parent, child in nx.bfs_edges(forest, root):
            arcs[forest.edges[parent, child]["k"]] = parent, child
    return arcs


def _arcs(
    data: Dataset,
    arcs: NDArray[np.int64],
    mi: NDArray[np.float64],
    tests: TestBatch,
    given: str,
) -> pd.DataFrame:
    names = np.array(data.names, dtype=object)
    return pd.DataFrame(
        {
            "source": names[arcs[:, 0]],
            "target": names[arcs[:, 1]],
            "mi": mi,
            "p_value": tests.p_value,
            "n_samples": tests.n_samples,
            "given": given,
        }
    )
