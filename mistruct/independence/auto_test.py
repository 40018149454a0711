"""The choice of a test by the kinds of the columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from mistruct.data.dataset import Dataset
from mistruct.independence.batches import join_separations, join_tests, untestable
from mistruct.independence.copula_test import CopulaTest
from mistruct.independence.g_test import GTest
from mistruct.independence.protocol import (
    IndependenceTest,
    Positions,
    Ragged,
    Separations,
    TestBatch,
)
from mistruct.independence.search import separate_by_loop


@dataclass(frozen=True)
class AutoTest:
    """One test where x, y and z are all discrete, another where one of them is continuous.

    Each test goes by its own columns, so that its result does not depend on what else is in the
    table.

    Parameters
    ----------
    discrete, continuous : test
        By default :class:`GTest` and :class:`CopulaTest`.

    Examples
    --------
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> table = pd.DataFrame({"a": [0, 1] * 50, "b": [0, 1, 1, 1] * 25, "c": [0.5, 1.5, 1, 2] * 25})
    >>> ms.independence_test(table, "a", "b").method
    'g, chi-square'
    >>> ms.independence_test(table, "a", "c").method
    'copula'
    """

    discrete: GTest = field(default_factory=GTest)
    continuous: CopulaTest = field(default_factory=CopulaTest)

    @property
    def name(self) -> str:
        """The name that resolves to this test."""
        return "auto"

    @property
    def seed(self) -> int | None:
        """The seed of the permutations of the G test."""
        return self.discrete.seed

    def test_pairs(self, data: Dataset, pairs: Positions, given: Sequence[int] = ()) -> TestBatch:
        """Test each pair of columns, shape (n_pairs, 2), given one conditioning set."""
        discrete = np.array([data.kinds[n] == "discrete" for n in data.names], dtype=bool)
        counted = discrete[pairs].all(axis=1) & bool(discrete[list(given)].all())
        tests: tuple[tuple[Any, IndependenceTest], ...] = (
            (counted, self.discrete),
            (~counted, self.continuous),
        )
        parts = [
            (np.flatnonzero(chosen), test.test_pairs(data, pairs[chosen], given))
            for chosen, test in tests
            if chosen.any()
        ]
        return join_tests(parts) if parts else untestable(0)

    def separate(
        self,
        data: Dataset,
        pairs: Positions,
        candidates: Ragged,
        size: int,
        alpha: float,
    ) -> Separations:
        """Find a separating set of one size for each pair among its own candidates."""
        discrete = np.array([data.kinds[n] == "discrete" for n in data.names], dtype=bool)
        of_pairs = discrete[pairs].all(axis=1)
        of_all = of_pairs & candidates.all(discrete)
        parts = []
        for chosen, search in (
            (of_all, self.discrete.separate),
            (~of_pairs, self.continuous.separate),
            # Here each set decides for itself.
            (of_pairs & ~of_all, partial(separate_by_loop, self.test_pairs)),
        ):
            places = np.flatnonzero(chosen)
            if len(places) or not len(pairs):
                of_places = candidates.take(places)
                parts.append((places, search(data, pairs[places], of_places, size, alpha)))
        return join_separations(parts)
