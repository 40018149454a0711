"""Rules to keep edges of a spanning tree, shared by Chow-Liu trees and TAN."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError, check_choice, check_fraction
from mistruct.independence.base import IndependenceTest
from mistruct.independence.multiple_testing import Correction, threshold
from mistruct.independence.protocol import TestBatch
from mistruct.information.base import Estimator
from mistruct.information.panels import ENTRIES, Panel
from mistruct.kernels.graphs.spanning_tree import maximum_spanning_tree
from mistruct.structure.cost import LIBRARIES, Cost, bytes_held

Penalty = Literal["bic", "aic"]


def check_rule(alpha: float | None, correction: Correction, penalty: Penalty | None) -> None:
    """Raise ParameterError unless alpha, correction and penalty give a valid rule."""
    if alpha is not None:
        check_fraction("alpha", alpha)
    check_choice("correction", correction, get_args(Correction))
    check_choice("penalty", penalty, (None, *get_args(Penalty)))
    if alpha is not None and penalty is not None:
        raise ParameterError(
            f"alpha and penalty are two rules for one thing; got alpha={alpha!r} and "
            f"penalty={penalty!r}, set one of them to None"
        )


class EdgeWeights:
    """Weights of pairs of columns as edges of a forest.

    That is their information, or under a penalty ``2 n mi - penalty * dof`` (Edwards, de Abreu and
    Labouriau 2010), where an edge within each of `n_strata` strata costs its dof so many times. A
    column that does not vary can join nothing: its pairs weigh -inf.
    """

    def __init__(self, data: Dataset, penalty: Penalty | None, n_strata: int = 1) -> None:
        self._dof = degrees_of_freedom(data)
        self._n_samples = data.n_samples
        self._known = known_entries(data) if penalty is not None else None
        of_one = None if penalty is None else np.log(data.n_samples) if penalty == "bic" else 2.0
        self._cost = None if of_one is None else n_strata * of_one

    def __call__(self, panel: Panel) -> NDArray[Any]:
        """The weights of a panel of information."""
        rows, columns, mi = panel
        constant_rows, constant_columns = self._dof[rows] == 0, self._dof[columns] == 0
        if self._cost is None and not constant_rows.any() and not constant_columns.any():
            return mi
        weights = np.array(mi, dtype=np.float64)
        if self._cost is not None:
            n = (
                self._n_samples
                if self._known is None
                else self._known[rows] @ self._known[columns].T
            )
            weights *= 2.0 * n
            weights -= self._cost * np.outer(self._dof[rows], self._dof[columns])
        weights[constant_rows] = -np.inf
        weights[:, constant_columns] = -np.inf
        return weights


def spanning_pairs(
    data: Dataset, mi: NDArray[np.float64], penalty: Penalty | None, n_strata: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Maximum-weight spanning tree: pairs of positions, shape (p - 1, 2), and weights.

    The weights are those of `EdgeWeights`; a column that does not vary hangs on at -inf.
    """
    everything = slice(0, len(mi))
    weights = EdgeWeights(data, penalty, n_strata)(Panel(everything, everything, mi))
    pairs = np.empty((len(mi) - 1, 2), dtype=np.int64)
    maximum_spanning_tree(weights, pairs)
    return pairs, weights[tuple(pairs.T)]


def staying(
    tests: TestBatch,
    weights: NDArray[np.float64],
    n_pairs: int,
    alpha: float | None,
    correction: Correction,
    penalty: Penalty | None,
) -> NDArray[np.bool_]:
    """Mask of the edges that pass the rule, for a tree chosen among `n_pairs` pairs.

    A tree picks the strongest of all pairs, so all of them count as tested. For Benjamini and
    Hochberg's (1995) step-up rule the pairs outside the tree have p = 1, which can only make it
    stricter, so that the expected share of false edges stays below `alpha`.
    """
    if penalty is not None:
        return tests.testable & (weights > 0)
    if alpha is None:
        return tests.testable
    return tests.p_value <= threshold(tests.p_value, n_pairs, alpha, correction)


def count_pairs(data: Dataset) -> int:
    """Number of pairs of varying columns, among which a forest is chosen."""
    n_varying = int((degrees_of_freedom(data) > 0).sum())
    return max(1, n_varying * (n_varying - 1) // 2)


def degrees_of_freedom(data: Dataset) -> NDArray[np.float64]:
    """Degrees of freedom of each column: observed states less one, or 1; 0 if constant."""
    of_discrete = np.maximum(data.n_observed - 1.0, 0.0)
    dof = np.empty(data.n_variables)
    dof[data.discrete_mask], dof[~data.discrete_mask] = of_discrete, data.varies
    return dof


def known_entries(data: Dataset) -> NDArray[np.float32] | None:
    """Indicators of entries that are not missing, as 0 and 1; None if none is missing."""
    if not any(data.n_missing.values()):
        return None
    return np.array([data.known(n) for n in data.names], dtype=np.float32)


def cost_of_pairs(data: Dataset, estimator: Estimator, test: IndependenceTest) -> Cost:
    """Expected cost of the information of all pairs, and of what is tested and weighed of it."""
    everything = np.arange(data.n_variables)
    of_matrix = estimator.n_bytes(data, everything, everything)
    weights = 8 * min(data.n_variables**2, ENTRIES)
    return Cost(
        seconds=estimator.seconds(data, everything, everything),
        n_bytes=LIBRARIES + bytes_held(data) + max(of_matrix + weights, test.n_bytes(data)),
    )
