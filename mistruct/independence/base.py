"""The base class of the tests of independence."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import combinations, islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.data.views import see_views
from mistruct.independence.protocol import DeterminingSets, Ragged, Separations, TestBatch
from mistruct.information.base import Estimator
from mistruct.information.names import resolve_pairwise
from mistruct.parallel import run_anywhere

# Methods of a test that receive its view of a table.
_ON_VIEWS = (
    "test_pairs", "separate", "which_separate", "test_each", "may_determine", "determining_sets",
    "leaves_something", "estimator", "seconds", "n_bytes", "travels", "known_edges",
)  # fmt: skip


class IndependenceTest(ABC):
    """Base class of the tests of independence.

    A subclass defines `test_pairs`; everything else that learners, selectors and reports ask of a
    test has a default. Columns go by their position in the table's names. A result must not
    depend on the order of pairs or of the columns within a pair or a set.

    Examples
    --------
    A test that compares Pearson's correlation with Fisher's approximation, and a learner with it:

    >>> import numpy as np
    >>> from scipy.stats import norm
    >>> import mistruct as ms
    >>> class Fisher(ms.IndependenceTest):
    ...     def test_pairs(self, data, pairs, given=()):
    ...         precision = [np.linalg.inv(np.corrcoef(data.values[[*p, *given]])) for p in pairs]
    ...         r = np.array([-m[0, 1] / np.sqrt(m[0, 0] * m[1, 1]) for m in precision])
    ...         z = np.arctanh(r) * np.sqrt(data.n_samples - len(given) - 3)
    ...         return ms.TestBatch.of(2 * norm.sf(abs(z)), n_samples=data.n_samples, statistic=z)
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=300)
    >>> y = x + rng.normal(size=300)
    >>> table = np.column_stack([x, y, y + rng.normal(size=300)])
    >>> sorted(map(sorted, ms.PC(test=Fisher()).fit(table).skeleton_.edges))
    [['x0', 'x1'], ['x1', 'x2']]
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let the methods of a subclass receive its view of a table."""
        super().__init_subclass__(**kwargs)
        see_views(cls, _ON_VIEWS)

    def view(self, data: Dataset) -> Dataset:
        """The table as the test sees it: ordinal columns as numbers in their order.

        What counts states returns ``data.by_states`` instead. Every other method is given this
        view, so a test knows discrete and continuous columns only.
        """
        return data.by_order

    @property
    def name(self) -> str:
        """The name of the test in results and reports."""
        return type(self).__name__

    @property
    def description(self) -> str:
        """The test in words for a report, with the tests that it chooses from."""
        return self.name

    @property
    def seed(self) -> int | None:
        """The seed of the random numbers, None if there are none."""
        return None

    @property
    def always_answers(self) -> bool:
        """Whether the test always has an answer, so that no determining sets are searched."""
        return False

    @property
    def agrees_with_scores(self) -> bool:
        """Whether it assumes what the scores of BOSS do, so that FCI may start from BOSS."""
        return False

    @abstractmethod
    def test_pairs(self, data: Dataset, pairs: Positions, given: Sequence[int] = ()) -> TestBatch:
        """Test each pair of columns given one conditioning set.

        Parameters
        ----------
        data : Dataset
            The table.
        pairs : ndarray of int, shape (n_pairs, 2)
            The columns that are tested.
        given : sequence of int
            The conditioning set.

        Returns
        -------
        TestBatch
        """

    def separate(
        self, data: Dataset, pairs: Positions, candidates: Ragged, size: int, alpha: float
    ) -> Separations:
        """Find a separating set of one size for each pair among its own candidates.

        Subsets are tried in the order of `itertools.combinations`, until a p-value exceeds
        `alpha`. Those that cannot be tested count as tests, but never separate.
        """
        return separate_by(self.test_pairs, data, pairs, candidates, size, alpha)

    def test_each(self, data: Dataset, pairs: Positions, sets: Ragged, alpha: float) -> TestBatch:
        """Test pair k given ``sets[k]``, for all k, in one call for each size of sets.

        A search among exactly as many candidates as the set has columns is one test. A test that
        stops early may do so where its p-value is clear of `alpha`.
        """
        parts = []
        for size in np.unique(sets.lengths).tolist():
            places = np.flatnonzero(sets.lengths == size)
            if size == 0:
                tests = self.test_pairs(data, pairs[places])
            else:
                tests = self.separate(data, pairs[places], sets.take(places), size, alpha).tests
            parts.append((places, tests))
        return TestBatch.join(parts)

    def which_separate(
        self, data: Dataset, pairs: Positions, owner: Positions, sets: Positions, alpha: float
    ) -> NDArray[np.bool_]:
        """Whether each set of columns, shape (n_sets, size), separates the pair of its owner.

        Those that cannot be tested do not.
        """
        tests = self.test_each(data, pairs[owner], Ragged.of_rows(sets), alpha)
        return tests.p_value > alpha

    def may_determine(
        self, data: Dataset, pairs: Positions, candidates: Ragged, size: int
    ) -> NDArray[np.bool_]:
        """Whether a set of this size may determine one of each pair; False rules it out cheaply."""
        return np.ones(len(pairs), dtype=bool)

    def determining_sets(
        self, data: Dataset, pairs: Positions, candidates: Ragged, size: int, most: int
    ) -> DeterminingSets:
        """Find sets of one size that determine a column of a pair, at most `most` for each pair.

        Only minimal sets count: those of which no part, less one column, does the same. By default
        `leaves_something` is asked.
        """
        places = np.flatnonzero(candidates.lengths >= size)
        may = self.may_determine(data, pairs[places], candidates.take(places), size)
        owner: list[int] = []
        sets: list[tuple[int, ...]] = []
        for k in places[may].tolist():
            pair, among = pairs[k : k + 1], candidates[k]
            if size > 1:  # no larger set with a column that leaves nothing alone is minimal
                among = [c for c in among if self.leaves_something(data, pair, (c,)) is not False]
            # A column that all candidates do not determine is not determined by a subset.
            if len(among) < size or self.leaves_something(data, pair, among):
                continue
            minimal = (
                given
                for given in combinations(among, size)
                if self.leaves_something(data, pair, given) is False
                and not any(
                    self.leaves_something(data, pair, part) is False
                    for part in combinations(given, size - 1)
                    if part
                )
            )
            found = list(islice(minimal, most))
            owner += [k] * len(found)
            sets += found
        return DeterminingSets(
            np.array(owner, dtype=np.int64),
            np.array(sets, dtype=np.int64).reshape(len(sets), size),
            np.full(len(sets), 3, dtype=np.int64),
        )

    def leaves_something(self, data: Dataset, pair: Positions, given: Sequence[int]) -> bool | None:
        """Whether a set leaves something of both columns of a pair, shape (1, 2); None if unknown.

        By default the test itself is asked: nothing is left where it is not testable, though there
        are rows, and its information is known.
        """
        found = self.test_pairs(data, pair, given)
        if found.testable[0]:
            return True
        return None if found.n_samples[0] == 0 or np.isnan(found.mi[0]) else False

    def estimator(self, data: Dataset, *, penalised: bool = False) -> Estimator:
        """The estimator of the information that the test rests on.

        With `penalised` the estimate is compared with a penalty, so that it has to be that of the
        likelihood, without correction for bias.
        """
        return resolve_pairwise("auto", data)

    def seconds(self, data: Dataset, pairs: Positions, size: int) -> NDArray[np.float64]:
        """Expected seconds for a test of each pair given `size` columns; NaN if unknown.

        The columns are such as those of the pairs.
        """
        return np.full(len(pairs), np.nan)

    def n_bytes(self, data: Dataset) -> int:
        """Expected memory, beside the table, of many tests; by default a copy of the table."""
        return data.values.nbytes + data.codes.nbytes

    def travels(self, data: Dataset) -> bool:
        """Whether searches for separating sets go to an executor, and with them the table."""
        return True

    def known_edges(self, data: Dataset) -> NDArray[np.bool_] | None:
        """Adjacencies known to an oracle, shape (n_variables, n_variables); otherwise None."""
        return None


def separate_by(
    test_pairs: Callable[[Dataset, Positions, Sequence[int]], TestBatch],
    data: Dataset,
    pairs: Positions,
    candidates: Ragged,
    size: int,
    alpha: float,
) -> Separations:
    """Find a separating set for each pair as `IndependenceTest.separate` does, test by test."""
    asked = _Search(test_pairs, data, pairs, candidates, size, alpha)
    places = range(len(pairs))
    searched = list(run_anywhere(_separated, asked, places, description="separations"))
    return Separations(
        tests=TestBatch.join([(np.array([k]), best) for k, (best, _, _) in enumerate(searched)]),
        sets=np.array([s for _, s, _ in searched], dtype=np.int64).reshape(len(pairs), size),
        n_tests=np.array([n for _, _, n in searched], dtype=np.int64),
    )


class _Search(NamedTuple):
    """State that all searches for a separating set share."""

    test_pairs: Callable[[Dataset, Positions, Sequence[int]], TestBatch]
    data: Dataset
    pairs: Positions
    candidates: Ragged
    size: int
    alpha: float


def _separated(asked: _Search, k: int) -> tuple[TestBatch, tuple[int, ...], int]:
    """The best test of one pair, its set, and the number of tests."""
    best, of_best, n_tests = TestBatch.untestable(1), (-1,) * asked.size, 0
    for given in combinations(asked.candidates[k], asked.size):
        found = asked.test_pairs(asked.data, asked.pairs[k : k + 1], given)
        n_tests += 1
        if found.testable[0] and not found.p_value[0] <= best.p_value[0]:
            best, of_best = found, given
        if found.p_value[0] > asked.alpha:
            break
    return best, of_best, n_tests
