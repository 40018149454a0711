"""The choice of a test by the kinds of the columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.independence.base import IndependenceTest
from mistruct.independence.copula.copula_test import CopulaTest
from mistruct.independence.g_test import GTest
from mistruct.independence.protocol import DeterminingSets, Ragged, Separations, TestBatch
from mistruct.information.base import Estimator
from mistruct.information.by_kinds import ByKinds
from mistruct.information.counts.plug_in import PlugIn


@dataclass(frozen=True)
class AutoTest(IndependenceTest):
    """Test that uses one test if x, y and z are all discrete, and another one otherwise.

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
    def agrees_with_scores(self) -> bool:
        """True."""
        return True

    @property
    def name(self) -> str:
        """The name that resolves to this test."""
        return "auto"

    @property
    def seed(self) -> int | None:
        """The seed of the permutations of the G test."""
        return self.discrete.seed

    @property
    def description(self) -> str:
        """The name, with the names of the tests that it chooses from."""
        return f"{self.name} ({self.discrete.description}, {self.continuous.description})"

    def test_pairs(self, data: Dataset, pairs: Positions, given: Sequence[int] = ()) -> TestBatch:
        """Test each pair of columns, shape (n_pairs, 2), given one conditioning set."""
        discrete = data.discrete_mask
        counted = discrete[pairs].all(axis=1) & bool(discrete[list(given)].all())
        tests: tuple[tuple[Any, IndependenceTest], ...] = (
            (counted, self.discrete),
            (~counted, self.continuous),
        )
        return TestBatch.join(
            [
                (np.flatnonzero(chosen), test.test_pairs(data, pairs[chosen], given))
                for chosen, test in tests
                if chosen.any()
            ]
        )

    def separate(
        self, data: Dataset, pairs: Positions, candidates: Ragged, size: int, alpha: float
    ) -> Separations:
        """Find a separating set of one size for each pair among its own candidates."""
        of_pairs = data.discrete_mask[pairs].all(axis=1)
        of_all = of_pairs & candidates.all(data.discrete_mask)
        parts = []
        for chosen, search in (
            (of_all, self.discrete.separate),
            (~of_pairs, self.continuous.separate),
            (of_pairs & ~of_all, super().separate),  # each set decides for itself
        ):
            places = np.flatnonzero(chosen)
            if len(places) or not len(pairs):
                of_places = candidates.take(places)
                parts.append((places, search(data, pairs[places], of_places, size, alpha)))
        return Separations.join(parts)

    def which_separate(
        self, data: Dataset, pairs: Positions, owner: Positions, sets: Positions, alpha: float
    ) -> NDArray[np.bool_]:
        """Whether each set separates its pair, by counting if all columns are discrete."""
        discrete = data.discrete_mask
        counted = discrete[pairs[owner]].all(axis=1) & discrete[sets].all(axis=1)
        separates = np.empty(len(owner), dtype=bool)
        for chosen, ask in (
            (counted, self.discrete.which_separate),
            (~counted, super().which_separate),
        ):
            if chosen.any():
                kept, of_kept = np.unique(owner[chosen], return_inverse=True)
                separates[chosen] = ask(data, pairs[kept], of_kept, sets[chosen], alpha)
        return separates

    def may_determine(
        self, data: Dataset, pairs: Positions, candidates: Ragged, size: int
    ) -> NDArray[np.bool_]:
        """Whether a set of this size may determine one of each pair, by the copula test."""
        return self.continuous.may_determine(data, pairs, candidates, size)

    def determining_sets(
        self, data: Dataset, pairs: Positions, candidates: Ragged, size: int, most: int
    ) -> DeterminingSets:
        """Find sets that determine a column of a pair, by counting if all columns are discrete."""
        ask = super().determining_sets
        return self.determining_sets_by(ask, data, pairs, candidates, size, most)

    def determining_sets_by(
        self,
        ask: Callable[..., DeterminingSets],
        data: Dataset,
        pairs: Positions,
        candidates: Ragged,
        size: int,
        most: int,
    ) -> DeterminingSets:
        """Find determining sets by counting if all columns are discrete, otherwise with `ask`."""
        counted = data.discrete_mask[pairs].all(axis=1) & candidates.all(data.discrete_mask)
        parts = []
        for chosen, find in ((counted, self.discrete.determining_sets), (~counted, ask)):
            places = np.flatnonzero(chosen)
            if len(places):
                found = find(data, pairs[places], candidates.take(places), size, most)
                parts.append(found.of(places))
        return DeterminingSets.concatenate(parts, size)

    def leaves_something(self, data: Dataset, pair: Positions, given: Sequence[int]) -> bool | None:
        """Whether a set leaves something of both columns of a pair; None if unknown."""
        counted = data.discrete_mask[[*pair[0], *given]].all()
        test: IndependenceTest = self.discrete if counted else self.continuous
        return test.leaves_something(data, pair, given)

    def travels(self, data: Dataset) -> bool:
        """Whether searches go to an executor, as those do whose sets choose between the tests."""
        return bool(data.discrete and data.continuous)

    def n_bytes(self, data: Dataset) -> int:
        """Expected memory of the tests that the kinds of columns ask for."""
        of_counts = self.discrete.n_bytes(data) if data.discrete else 0
        return of_counts + (self.continuous.n_bytes(data) if data.continuous else 0)

    def seconds(self, data: Dataset, pairs: Positions, size: int) -> NDArray[np.float64]:
        """Expected seconds for a test of each pair given `size` typical columns."""
        counted = np.flatnonzero(data.discrete_mask[pairs].all(axis=1))
        share = float(data.discrete_mask.mean()) ** size
        each = self.continuous.seconds(data, pairs, size)
        by_counts = self.discrete.seconds(data, pairs[counted], size)
        each[counted] = share * by_counts + (1.0 - share) * each[counted]
        return each

    def estimator(self, data: Dataset, *, penalised: bool = False) -> Estimator:
        """The estimators of both tests, each for its own columns.

        Where both are compared with each other, counts are corrected for bias as the copula is.
        """
        mixed = bool(data.discrete and data.continuous)
        copula = self.continuous.estimator(data, penalised=penalised)
        counts = PlugIn("miller-madow" if mixed and not penalised else None)
        by_kinds = ByKinds(discrete=counts, continuous=copula, mixed=copula)
        return by_kinds if mixed else by_kinds.choose(data, data.names)
