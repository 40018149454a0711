r"""Stopping rule of feature selection, by tests of conditional independence.

Nothing can be tested given many columns at once by the rows of most tables: with every column in
the condition the strata become smaller, until no dependence could be seen. So a candidate is tested
given as many of the chosen as the rows carry, and those first that change most what it says about
the target, by redundancy or by complementarity: :math:`|I(x_j; y | x_k) - I(x_j; y)|`.

The candidate is the best of many, so alpha is divided by their number (Bonferroni).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mistruct._typing import Floats
from mistruct.data.dataset import Dataset
from mistruct.errors import TooFewRowsError
from mistruct.features.terms import PairTerms
from mistruct.independence.base import IndependenceTest

# Rows for each cell of a table, and for each dimension of a vector.
_ROWS_OF_A_CELL = 5
_ROWS_OF_A_DIMENSION = 10


@dataclass
class Selection:
    """Selected features in order, and the information that each feature adds to each of them.

    Attributes
    ----------
    chosen : list of int
        Positions of the features in the order in which they were chosen.
    added : list of ndarray, shape (n_features,)
        I(x_j; y | x_k) of every feature j, for each k that was chosen.
    partner : dict of int to int
        Features that were chosen as a pair, since none passed the test alone.
    """

    chosen: list[int] = field(default_factory=list)
    added: list[Floats] = field(default_factory=list)
    partner: dict[int, int] = field(default_factory=dict)

    def first(self, n: int) -> Selection:
        """The selection of the first n features."""
        return Selection(self.chosen[:n], self.added[:n], self.partner)


class StopRule:
    """Test at level alpha whether a feature adds to those that are selected."""

    def __init__(self, terms: PairTerms, test: IndependenceTest, alpha: float) -> None:
        self._terms, self._test, self.alpha = terms, test, alpha
        self.sizes = Sizes(terms.data)

    def adds(self, j: int, selection: Selection, n_candidates: int) -> bool:
        """Whether feature j adds to the selected ones; False if this cannot be tested."""
        given = condition(self._terms, self.sizes, j, selection)
        pair = np.array([[j, len(self._terms.features)]], dtype=np.int64)
        try:
            p_value = float(self._test.test_pairs(self._terms.data, pair, given).p_value[0])
        except TooFewRowsError:
            return False
        return p_value * n_candidates <= self.alpha  # and not where it is NaN


class Sizes:
    """Limit on the number of columns that can be tested together, given the rows."""

    def __init__(self, data: Dataset) -> None:
        data = data.by_order
        self._n_samples = data.n_samples
        self._discrete = data.discrete_mask
        observed = dict(zip(data.discrete, data.n_observed.tolist(), strict=True))
        # One of a continuous column, one less than the states that occur of a discrete one.
        self._dimensions = np.array([observed.get(n, 2) - 1 for n in data.names])

    def carry(self, columns: list[int]) -> bool:
        """Whether there are enough rows to test these columns together."""
        dimensions = self._dimensions[columns]
        if self._discrete[columns].all():
            return float(np.prod(dimensions + 1.0)) * _ROWS_OF_A_CELL <= self._n_samples
        return int(dimensions.sum()) * _ROWS_OF_A_DIMENSION <= self._n_samples


def condition(
    terms: PairTerms, sizes: Sizes, j: int, selection: Selection, partner: int | None = None
) -> list[int]:
    """Conditioning set for feature j: its partner and selected features.

    They are the most that the rows carry, and one at least.
    """
    weight = [abs(float(a[j]) - float(terms.relevance[j])) for a in selection.added]
    order = [selection.chosen[i] for i in np.argsort(-np.array(weight), kind="stable")]
    if partner is not None:
        order = [partner, *(k for k in order if k != partner)]
    order = [k for k in order if k != j]
    given = order[:1]
    for k in order[1:]:
        if sizes.carry([j, len(terms.features), *given, k]):
            given.append(k)
    return given
