"""What a test of conditional independence answers, and what a learner asks of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class TestResult:
    """The result of one test of "x is independent of y given z".

    Attributes
    ----------
    x, y : str
        The columns tested.
    z : tuple of str
        The conditioning set.
    statistic : float
        The test's statistic; for ``g`` it is 2 n times `mi`.
    p_value : float
        NaN where the test is not `testable`.
    dof : int
        Degrees of freedom.
    mi : float
        The estimate of I(x; y | z) in nats that the statistic rests on.
    n_samples : int
        The rows used: those complete in x, y and z.
    method : str
        How the p-value was found.
    testable : bool
        False where the sample cannot speak either way, because x or y is constant within every
        stratum of z; neither dependence nor independence follows.
    """

    x: str
    y: str
    z: tuple[str, ...]
    statistic: float
    p_value: float
    dof: int
    mi: float
    n_samples: int
    method: str
    testable: bool

    __test__ = False  # the name begins with Test, but pytest must not collect it


@dataclass(frozen=True, eq=False)
class TestBatch:
    """Many tests at once, each array of shape (n_tests,); fields as in `TestResult`."""

    statistic: NDArray[np.float64]
    p_value: NDArray[np.float64]
    dof: NDArray[np.int64]
    mi: NDArray[np.float64]
    n_samples: NDArray[np.int64]
    method: NDArray[Any]

    __test__ = False

    @property
    def testable(self) -> NDArray[np.bool_]:
        """Where the sample can speak either way."""
        return ~np.isnan(self.p_value)

    def result(self, k: int, x: str, y: str, z: tuple[str, ...]) -> TestResult:
        """Test k on its own, with the names of what was tested."""
        return TestResult(
            x=x,
            y=y,
            z=z,
            statistic=float(self.statistic[k]),
            p_value=float(self.p_value[k]),
            dof=int(self.dof[k]),
            mi=float(self.mi[k]),
            n_samples=int(self.n_samples[k]),
            method=str(self.method[k]),
            testable=bool(self.testable[k]),
        )


@dataclass(frozen=True, eq=False)
class Ragged:
    """Lists of columns, of different lengths.

    Attributes
    ----------
    flat : ndarray of int
        All lists, one behind the other.
    starts : ndarray of int, shape (n_lists + 1,)
        Where each begins, and the end.
    """

    flat: Positions
    starts: Positions

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> Ragged:
        """The same lists."""
        flat = np.array([c for one in lists for c in one], dtype=np.int64)
        return cls(flat, np.cumsum([0, *map(len, lists)]))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, k: int) -> list[int]:
        found: list[int] = self.flat[self.starts[k] : self.starts[k + 1]].tolist()
        return found

    @property
    def lengths(self) -> Positions:
        """How long each list is."""
        return np.diff(self.starts)

    def take(self, places: Positions) -> Ragged:
        """Some of the lists."""
        lengths = self.lengths[places]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        within = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
        return Ragged(self.flat[np.repeat(self.starts[places], lengths) + within], starts)

    def all(self, of_columns: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether something holds for all columns of each list."""
        if of_columns.all():  # as mostly, and lists can be long
            return np.ones(len(self), dtype=bool)
        exceptions = np.concatenate([[0], np.cumsum(~of_columns[self.flat])])
        return np.asarray(exceptions[self.starts[1:]] == exceptions[self.starts[:-1]])


@dataclass(frozen=True, eq=False)
class Separations:
    """For each pair, the test that came closest to separating it among the sets tried.

    Attributes
    ----------
    tests : TestBatch
        The test with the largest p-value of each pair; all NaN where none was testable.
    sets : ndarray of int, shape (n_pairs, size)
        Its conditioning set, as positions of columns; -1 where none was testable.
    n_tests : ndarray of int, shape (n_pairs,)
        How many tests were made.
    """

    tests: TestBatch
    sets: Positions
    n_tests: Positions


class IndependenceTest(Protocol):
    """What a learner asks of a test. Columns go by their position in the table's names."""

    @property
    def name(self) -> str:
        """The test's name."""
        ...

    def test_pairs(self, data: Dataset, pairs: Positions, given: Sequence[int] = ()) -> TestBatch:
        """Test each pair, shape (n_pairs, 2), given one conditioning set."""
        ...

    def separate(
        self,
        data: Dataset,
        pairs: Positions,
        candidates: Ragged,
        size: int,
        alpha: float,
    ) -> Separations:
        """Find a separating set of one size for each pair among its own candidates.

        Subsets are tried in the order of the candidates, strongest first, until a p-value exceeds
        `alpha`.
        """
        ...
