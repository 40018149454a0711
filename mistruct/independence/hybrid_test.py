"""The hybrid test: a fast test of monotone dependence, then a slower test of any dependence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.independence.auto_test import AutoTest
from mistruct.independence.base import IndependenceTest, separate_by
from mistruct.independence.neighbors.knn_test import KNNTest
from mistruct.independence.protocol import DeterminingSets, Ragged, Separations, TestBatch

# Below this p-value of the first test, the second is not asked: twice it passes any level.
_CLEAR = 1e-9


@dataclass(frozen=True)
class HybridTest(IndependenceTest):
    """Test that rejects if one of two tests rejects, each at half the level.

    The first is analytic and finds monotone effects in few rows; the second, of nearest
    neighbours, sees every kind of dependence but is slower. The p-value is twice the smaller of
    the two (Bonferroni). A learner that looks for separating sets asks the second test only where
    the first does not reject, that is, before an edge is removed. Where x, y and z are all
    discrete the first test, on counts, already sees everything and stands alone.

    Parameters
    ----------
    first, second : test
        By default :class:`AutoTest` (the G test on counts, else the copula test) and
        :class:`KNNTest`.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=200)
    >>> table = pd.DataFrame({"x": x, "y": x**2 + 0.3 * rng.normal(size=200)})
    >>> ms.independence_test(table, "x", "y", test="copula").p_value > 0.05
    True
    >>> ms.independence_test(table, "x", "y", test="hybrid").p_value < 1e-3
    True
    """

    first: AutoTest = field(default_factory=AutoTest)
    second: KNNTest = field(default_factory=KNNTest)

    @property
    def name(self) -> str:
        """The name that resolves to this test."""
        return "hybrid"

    @property
    def seed(self) -> int | None:
        """The seed of the permutations."""
        return self.second.seed

    def test_pairs(self, data: Dataset, pairs: Positions, given: Sequence[int] = ()) -> TestBatch:
        """Test each pair of columns, shape (n_pairs, 2), given one conditioning set."""
        return self._test_pairs(data, pairs, given, clear=_CLEAR)

    def separate(
        self, data: Dataset, pairs: Positions, candidates: Ragged, size: int, alpha: float
    ) -> Separations:
        """Find a separating set of one size for each pair among its own candidates."""
        test_pairs = partial(self._test_pairs, clear=alpha / 2)
        return separate_by(test_pairs, data, pairs, candidates, size, alpha)

    def may_determine(
        self, data: Dataset, pairs: Positions, candidates: Ragged, size: int
    ) -> NDArray[np.bool_]:
        """Whether a set of this size may determine one of each pair, by the first test."""
        return self.first.may_determine(data, pairs, candidates, size)

    def determining_sets(
        self, data: Dataset, pairs: Positions, candidates: Ragged, size: int, most: int
    ) -> DeterminingSets:
        """Find sets that determine a column of a pair, as the first test does."""
        ask = super().determining_sets
        return self.first.determining_sets_by(ask, data, pairs, candidates, size, most)

    def leaves_something(self, data: Dataset, pair: Positions, given: Sequence[int]) -> bool | None:
        """Whether a set leaves something of both columns of a pair, by the first test."""
        return self.first.leaves_something(data, pair, given)

    def seconds(self, data: Dataset, pairs: Positions, size: int) -> NDArray[np.float64]:
        """Expected seconds for a test of each pair; half of them need the second test."""
        each = self.first.seconds(data, pairs, size)
        counted = data.discrete_mask[pairs].all(axis=1) & (data.discrete_mask.all() | (size == 0))
        return np.where(counted, each, each + self.second.seconds(data, pairs, size) / 2)

    def _test_pairs(
        self, data: Dataset, pairs: Positions, given: Sequence[int], clear: float
    ) -> TestBatch:
        """Test pairs; the second test is skipped if the p-value of the first is below `clear`."""
        first = self.first.test_pairs(data, pairs, given)
        discrete = data.discrete_mask
        alone = discrete[pairs].all(axis=1) & bool(discrete[list(given)].all())
        asked = np.flatnonzero(~alone & ~(first.p_value <= clear))
        second = self.second.test_pairs(data, pairs[asked], given)
        smaller = asked[~(first.p_value[asked] <= second.p_value) & second.testable]
        from_second = np.isin(asked, smaller)
        kept = np.setdiff1d(np.arange(len(pairs)), smaller)
        joined = TestBatch.join([(kept, first.take(kept)), (smaller, second.take(from_second))])
        doubled = np.where(alone, joined.p_value, np.minimum(2 * joined.p_value, 1.0))
        return replace(joined, p_value=doubled)
