"""Tests by a function of the user."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.errors import DataError
from mistruct.independence.base import IndependenceTest
from mistruct.independence.protocol import Ragged, Separations, TestBatch

PValue = Callable[[pd.DataFrame, str, str, tuple[str, ...]], float]


@dataclass(frozen=True)
class CallableTest(IndependenceTest):
    """Test of independence that calls a function of the user for each question.

    Parameters
    ----------
    function : callable
        ``function(data, x, y, z)`` gives the p-value of "x is independent of y given z". `data` is
        a pandas DataFrame of all columns, x and y are names, z is a tuple of names, all in the
        order of names: a question is asked in one way only. It is never called from two threads.
    """

    function: PValue

    def __repr__(self) -> str:
        return f"CallableTest({self.name})"

    @property
    def name(self) -> str:
        """The name of the function."""
        return str(getattr(self.function, "__name__", repr(self.function)))

    def view(self, data: Dataset) -> Dataset:
        """The table, unchanged."""
        return data

    def test_pairs(self, data: Dataset, pairs: Positions, given: Sequence[int] = ()) -> TestBatch:
        """Test each pair of columns, shape (n_pairs, 2), given one conditioning set."""
        table = data.to_pandas()
        return self._batch(
            [self._ask(table, data.names, (x, y), given) for x, y in pairs.tolist()],
            data.n_samples,
        )

    def separate(
        self, data: Dataset, pairs: Positions, candidates: Ragged, size: int, alpha: float
    ) -> Separations:
        """Find a separating set of one size for each pair, on a single thread."""
        table = data.to_pandas()
        p_values = np.full(len(pairs), np.nan)
        sets = np.full((len(pairs), size), -1, dtype=np.int64)
        n_tests = np.zeros(len(pairs), dtype=np.int64)
        for k, (x, y) in enumerate(pairs.tolist()):
            for given in combinations(candidates[k], size):
                p_value = self._ask(table, data.names, (x, y), given)
                n_tests[k] += 1
                if not p_value <= p_values[k]:
                    p_values[k], sets[k] = p_value, given
                if p_value > alpha:
                    break
        return Separations(self._batch(p_values, data.n_samples), sets, n_tests)

    @property
    def always_answers(self) -> bool:
        """True: a function that has no answer is an error."""
        return True

    def _ask(
        self, table: pd.DataFrame, names: Sequence[str], pair: Sequence[int], given: Sequence[int]
    ) -> float:
        x, y = sorted(names[c] for c in pair)
        z = tuple(sorted(names[c] for c in given))
        asked = f"test {self.name!r}, asked for {x!r} and {y!r} given {list(z)},"
        try:
            p_value: Any = self.function(table, x, y, z)
        except Exception as error:
            raise DataError(f"{asked} failed with {type(error).__name__}: {error}") from error
        number = isinstance(p_value, Real) and not isinstance(p_value, bool)
        if not number or not 0 <= float(p_value) <= 1:
            raise DataError(f"{asked} must return a p-value between 0 and 1, got {p_value!r}")
        return float(p_value)

    def _batch(self, p_values: Any, n_samples: int) -> TestBatch:
        return TestBatch.of(p_values, n_samples=n_samples, method=self.name)
