"""Records for the questions to tests of independence and their results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mistruct._typing import Positions

Given = tuple[int, ...]


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
    """Results of many tests, in arrays of shape (n_tests,); fields as in `TestResult`.

    `bias` is what `mi` is expected to be above the truth, in nats; 0 where it is corrected already.
    """

    statistic: NDArray[np.float64]
    p_value: NDArray[np.float64]
    dof: NDArray[np.int64]
    mi: NDArray[np.float64]
    n_samples: NDArray[np.int64]
    method: NDArray[Any]
    bias: NDArray[np.float64]

    __test__ = False

    @classmethod
    def of(
        cls,
        p_value: ArrayLike,
        *,
        n_samples: ArrayLike,
        statistic: ArrayLike = np.nan,
        dof: ArrayLike = 0,
        mi: ArrayLike = np.nan,
        method: str = "",
        bias: ArrayLike = 0.0,
    ) -> Self:
        """Make a batch from p-values; a single number holds for all tests."""
        p_values = np.atleast_1d(np.asarray(p_value, dtype=np.float64))

        def each(values: ArrayLike, dtype: type) -> NDArray[Any]:
            return np.broadcast_to(np.asarray(values, dtype=dtype), p_values.shape).copy()

        return cls(
            statistic=each(statistic, np.float64),
            p_value=p_values,
            dof=each(dof, np.int64),
            mi=each(mi, np.float64),
            n_samples=each(n_samples, np.int64),
            method=each(method, object),
            bias=each(bias, np.float64),
        )

    @classmethod
    def untestable(cls, n_tests: int) -> Self:
        """Make a batch of tests that were all impossible."""
        return cls.of(np.full(n_tests, np.nan), n_samples=0, method="untestable")

    @classmethod
    def join(cls, parts: Sequence[tuple[NDArray[Any], TestBatch]]) -> Self:
        """Join batches, given the position of each test in the result."""
        return (
            cls(
                **{
                    f.name: _join([(places, getattr(batch, f.name)) for places, batch in parts])
                    for f in fields(cls)
                }
            )
            if parts
            else cls.untestable(0)
        )

    def take(self, places: NDArray[Any]) -> Self:
        """Select the tests at some positions."""
        return type(self)(**{f.name: getattr(self, f.name)[places] for f in fields(self)})

    @property
    def testable(self) -> NDArray[np.bool_]:
        """Mask of the tests that the sample allows."""
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
    """Lists of columns, of different lengths, in one array.

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
        """Make ragged lists from a sequence of sequences."""
        flat = np.array([c for one in lists for c in one], dtype=np.int64)
        return cls(flat, np.cumsum([0, *map(len, lists)]))

    @classmethod
    def of_rows(cls, rows: Positions) -> Ragged:
        """Make lists of equal length from the rows of an array."""
        n_rows, size = rows.shape
        return cls(rows.ravel(), np.arange(n_rows + 1) * size)

    @classmethod
    def positions(cls, of: Positions, n_lists: int) -> Ragged:
        """Make lists of the places at which each number below `n_lists` stands in an array."""
        order = np.argsort(of, kind="stable")
        return cls(order, np.searchsorted(of[order], np.arange(n_lists + 1)))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, k: int) -> list[int]:
        found: list[int] = self.flat[self.starts[k] : self.starts[k + 1]].tolist()
        return found

    @property
    def lengths(self) -> Positions:
        """Lengths of the lists."""
        return np.diff(self.starts)

    def take(self, places: Positions) -> Ragged:
        """Select some of the lists."""
        lengths = self.lengths[places]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        within = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
        return Ragged(self.flat[np.repeat(self.starts[places], lengths) + within], starts)

    def where(self, of_columns: NDArray[np.bool_]) -> Ragged:
        """Select the columns for which `of_columns` is True from each list."""
        kept = of_columns[self.flat]
        return Ragged(self.flat[kept], np.concatenate([[0], np.cumsum(kept)])[self.starts])

    def all(self, of_columns: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether `of_columns` is True for all columns of each list."""
        if of_columns.all():  # as mostly, and lists can be long
            return np.ones(len(self), dtype=bool)
        exceptions = np.concatenate([[0], np.cumsum(~of_columns[self.flat])])
        return np.asarray(exceptions[self.starts[1:]] == exceptions[self.starts[:-1]])


@dataclass(frozen=True, eq=False)
class Separations:
    """Result of a search: for each pair, the test that came closest to separating it.

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

    @classmethod
    def join(cls, parts: Sequence[tuple[NDArray[Any], Separations]]) -> Self:
        """Join separations, given the position of each pair in the result."""
        return cls(
            tests=TestBatch.join([(places, part.tests) for places, part in parts]),
            sets=_join([(places, part.sets) for places, part in parts]),
            n_tests=_join([(places, part.n_tests) for places, part in parts]),
        )

    def take(self, places: NDArray[Any]) -> Self:
        """Select the separations of some pairs."""
        return type(self)(self.tests.take(places), self.sets[places], self.n_tests[places])


@dataclass(frozen=True, eq=False)
class DeterminingSets:
    """Sets of columns that determine one column of a pair, so that there is nothing to test.

    Attributes
    ----------
    owner : ndarray of int, shape (n_sets,)
        The place of each set's pair among those that were asked for, ascending.
    sets : ndarray of int, shape (n_sets, size)
        Positions of columns.
    determined : ndarray of int, shape (n_sets,)
        Which of the pair the set determines: 1 the first, 2 the second, 3 both.
    """

    owner: Positions
    sets: Positions
    determined: Positions

    @classmethod
    def none(cls, size: int) -> DeterminingSets:
        """Make an empty collection of sets of this size."""
        nothing = np.empty(0, dtype=np.int64)
        return cls(nothing, nothing.reshape(0, size), nothing)

    @classmethod
    def concatenate(cls, parts: Sequence[DeterminingSets], size: int) -> DeterminingSets:
        """Join collections of sets, in the order of their owners."""
        whole = [cls.none(size), *parts]
        owner, sets, determined = (
            np.concatenate([getattr(part, f.name) for part in whole]) for f in fields(cls)
        )
        order = np.argsort(owner, kind="stable")
        return cls(owner[order], sets[order], determined[order])

    def of(self, places: Positions) -> DeterminingSets:
        """Renumber the owners of the sets: owner k becomes ``places[k]``."""
        return replace(self, owner=places[self.owner])


def _join(parts: Sequence[tuple[NDArray[Any], NDArray[Any]]]) -> NDArray[Any]:
    """Join arrays, each value at its position."""
    values = np.concatenate([values for _, values in parts])
    joined = np.empty_like(values)
    joined[np.concatenate([places for places, _ in parts])] = values
    return joined
