"""The choice of an estimator by the kinds of the columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mistruct.data.dataset import Dataset
from mistruct.information.base import Estimator


@dataclass(frozen=True)
class ByKinds(Estimator):
    """One estimator for discrete columns, one for continuous ones and one for both together.

    Each quantity goes to the estimator for the kinds of its own columns, so that what is estimated
    for a pair does not depend on what else is in the table.
    """

    discrete: Estimator
    continuous: Estimator
    mixed: Estimator

    @property
    def name(self) -> str:
        """The names of the three."""
        names = dict.fromkeys(e.name for e in (self.discrete, self.continuous, self.mixed))
        return f"auto ({', '.join(names)})"

    def choose(self, data: Dataset, names: Sequence[str]) -> Estimator:
        """The estimator of a quantity of these columns."""
        kinds = {data.kinds[n] for n in names}
        if len(kinds) > 1:
            return self.mixed
        return self.discrete if "discrete" in kinds else self.continuous

    @property
    def null_by_n_states(self) -> bool:
        """Whether that is so of each pair; two discrete columns have one null under all three."""
        return self.continuous.null_by_n_states and self.mixed.null_by_n_states

    def information(
        self, data: Dataset, x: Sequence[str], y: Sequence[str], z: Sequence[str] = ()
    ) -> float:
        """I(x; y | z) in nats between blocks of columns."""
        return self.choose(data, (*x, *y, *z)).information(data, x, y, z)

    def entropy(self, data: Dataset, x: Sequence[str]) -> float:
        """H(x) in nats of a block of columns."""
        return self.choose(data, x).entropy(data, x)

    def total_correlation(self, data: Dataset) -> float:
        """Total correlation in nats of all columns."""
        return self.choose(data, data.names).total_correlation(data)

    def pairwise(
        self,
        data: Dataset,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        dtype: DTypeLike = np.float64,
    ) -> NDArray[Any]:
        """I(x; y) in nats of columns by position, shape (len(rows), len(columns))."""
        result = np.empty((len(rows), len(columns)), dtype=dtype)
        symmetric = np.array_equal(rows, columns)
        discrete = np.array([data.kinds[n] == "discrete" for n in data.names])
        for of_row, of_column, estimator in (
            (True, True, self.discrete),
            (False, False, self.continuous),
            (True, False, self.mixed),
            (False, True, self.mixed),
        ):
            a, b = (
                np.flatnonzero(discrete[rows] == of_row),
                np.flatnonzero(discrete[columns] == of_column),
            )
            if not len(a) or not len(b):
                continue
            if symmetric and (of_row, of_column) == (False, True):
                result[np.ix_(a, b)] = result[np.ix_(b, a)].T
            else:
                result[np.ix_(a, b)] = estimator.pairwise(data, rows[a], columns[b], dtype)
        return result
