r"""Chow-Liu trees.

Among all distributions whose dependence is a tree, the one closest to the data in
Kullback-Leibler divergence has the tree that maximises the sum of its edges' mutual information
(Chow and Liu 1968): a maximum-weight spanning tree. A tree always joins all columns; the rules of
`ChowLiu` leave out the edges that the data do not support, which makes it a forest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from mistruct.data.dataset import Dataset
from mistruct.independence.base import IndependenceTest
from mistruct.independence.multiple_testing import Correction
from mistruct.information.base import Estimator
from mistruct.structure.cost import Cost
from mistruct.structure.learner import StructureLearner
from mistruct.structure.reasons import Reasons, forest_reasons
from mistruct.structure.trees.edge_rules import (
    EdgeWeights,
    Penalty,
    check_rule,
    cost_of_pairs,
    count_pairs,
    staying,
)
from mistruct.structure.trees.spanning_forest import Grow, spanning_forest


class ChowLiu(StructureLearner):
    r"""Maximum-weight spanning forest of mutual information.

    Parameters
    ----------
    alpha : float, optional
        Level of significance that an edge must reach.
    correction : {"bonferroni", "bh", "none"}
        What `alpha` bounds: the chance of any false edge, the expected share of false edges, or
        the chance of each pair alone. All pairs of columns that vary count as tested.
    penalty : {"bic", "aic"}, optional
        Instead of `alpha`: the forest that maximises the penalised likelihood, where an edge
        weighs :math:`2 n I - c \cdot dof` with c = log n or 2 (Edwards, de Abreu and Labouriau
        2010).
    estimator : str or estimator
        Of the mutual information; ``auto`` takes the one that `test` rests on: counts between
        discrete columns, the copula where one is continuous.
    test : str or test
        Of the edges of the tree; see :func:`mistruct.independence_test`.

    With neither `alpha` nor `penalty` the result is the full tree of all columns that vary; a
    constant column never gets an edge.

    Attributes
    ----------
    graph_ : networkx.Graph
        The forest, with edge attributes `mi` (nats), `p_value` and `n_samples`.
    edges_ : pandas.DataFrame
        Its edges, the strongest first: source, target, mi, p_value, n_samples.
    estimator_, test_
        What estimated the information and tested the edges, with the seed.
    n_features_in_ : int
        Number of columns seen during `fit`.
    feature_names_in_ : ndarray of str, shape (n_features,)
        Their names.

    Notes
    -----
    p-values are those of the pairs, not corrected. Ties are broken by the order of names, so the
    result does not depend on the order of columns, rows or threads. The time grows with the
    square of the number of columns, the memory with their number: the matrix of information is
    made in panels, of which the edges of their own forests are kept.

    References
    ----------
    Chow and Liu (1968), "Approximating discrete probability distributions with dependence trees",
    IEEE Trans. Inf. Theory 14.
    Edwards, de Abreu and Labouriau (2010), "Selecting high-dimensional mixed graphical models
    using minimal AIC or BIC forests", BMC Bioinformatics 11.

    Examples
    --------
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> table = pd.DataFrame({"a": [0, 1] * 50, "b": [0, 1] * 40 + [1, 0] * 10, "c": [0] * 100})
    >>> forest = ms.ChowLiu(alpha=0.01).fit(table)
    >>> list(forest.graph_.edges), list(forest.graph_.nodes)
    ([('a', 'b')], ['a', 'b', 'c'])
    """

    algorithm = "chow-liu"

    def __init__(
        self,
        alpha: float | None = None,
        *,
        correction: Correction = "bonferroni",
        penalty: Penalty | None = None,
        estimator: str | Estimator = "auto",
        test: str | IndependenceTest = "auto",
    ) -> None:
        self.alpha = alpha
        self.correction = correction
        self.penalty = penalty
        self.estimator = estimator
        self.test = test

    def _check_parameters(self) -> None:
        check_rule(self.alpha, self.correction, self.penalty)

    def _learn(self, data: Dataset) -> pd.DataFrame:
        estimator, test = self._choose(data, penalised=self.penalty is not None)
        everything = np.arange(data.n_variables)
        panels = estimator.panels(data, everything, everything)
        weigh = EdgeWeights(estimator.view(data), self.penalty)
        forest = spanning_forest(panels, weigh, data.n_variables)
        tests = test.test_pairs(data, forest.edges)
        rule = self.alpha, self.correction, self.penalty
        keep = staying(tests, forest.weights, count_pairs(data), *rule)
        names = np.array(data.names, dtype=object)
        edges = pd.DataFrame(
            {
                "source": names[forest.edges[:, 0]],
                "target": names[forest.edges[:, 1]],
                "mi": forest.mi,
                "p_value": tests.p_value,
                "n_samples": tests.n_samples,
            }
        )
        return edges[keep].sort_values("mi", ascending=False, kind="stable", ignore_index=True)

    def _cost(self, data: Dataset) -> Cost:
        estimator, test = self._choose(data, penalised=self.penalty is not None)
        return cost_of_pairs(data, estimator, test)

    def _sent(self, data: Dataset) -> Iterator[Any]:
        estimator, _ = self._choose(data, penalised=self.penalty is not None)
        everything = np.arange(data.n_variables)
        panels = estimator.panels(data, everything, everything)
        weigh = EdgeWeights(estimator.view(data), self.penalty)
        if (shared := panels.shared(Grow(weigh, data.n_variables))) is not None:
            yield shared

    def reasons(self, most: int = 20_000) -> Reasons:
        """Reasons why pairs are joined, and why `most` pairs in one tree are not."""
        level = f"alpha {self.alpha}, {self.correction}"
        rule = f"{self.penalty} penalty" if self.penalty else level
        return forest_reasons(self.edges_, rule, most)
