"""The choice of an estimator by the kinds of the columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mistruct.data.dataset import Dataset
from mistruct.information.base import Estimator
from mistruct.information.panels import ENTRIES, Panels


@dataclass(frozen=True)
class ByKinds(Estimator):
    """Estimator that uses one estimator for each kind of columns: discrete, continuous, mixed.

    Each quantity goes to the estimator for the kinds of its own columns, so that what is estimated
    for a pair does not depend on what else is in the table.
    """

    discrete: Estimator
    continuous: Estimator
    mixed: Estimator

    @property
    def name(self) -> str:
        """The name ``auto``, with the names of the three estimators."""
        names = dict.fromkeys(e.name for e in (self.discrete, self.continuous, self.mixed))
        return f"auto ({', '.join(names)})"

    def choose(self, data: Dataset, names: Sequence[str]) -> Estimator:
        """The estimator to use for a quantity of these columns."""
        kinds = {data.kinds[n] for n in names}
        if len(kinds) > 1:
            return self.mixed
        return self.discrete if "discrete" in kinds else self.continuous

    @property
    def null_by_n_states(self) -> bool:
        """Whether the null distribution of each pair depends only on numbers of rows and states."""
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

    def seconds(self, data: Dataset, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> float:
        """Expected seconds of `pairwise` on one core."""
        parts = self._parts(data, rows, columns)
        return sum(e.seconds(data, rows[a], columns[b]) for a, b, e in parts)

    def n_bytes(
        self,
        data: Dataset,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        dtype: DTypeLike = np.float64,
    ) -> int:
        """Expected memory: of the most demanding estimator, and the matrix that they fill."""
        parts = list(self._parts(data, rows, columns))
        own = max((e.n_bytes(data, rows[a], columns[b], dtype) for a, b, e in parts), default=0)
        entries = min(len(rows) * len(columns), ENTRIES) if len(parts) > 1 else 0
        return own + entries * np.dtype(dtype).itemsize

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
        for a, b, estimator in self._parts(data, rows, columns):
            result[np.ix_(a, b)] = estimator.pairwise(data, rows[a], columns[b], dtype)
            if symmetric and estimator is self.mixed:
                result[np.ix_(b, a)] = result[np.ix_(a, b)].T
        return result

    def panels(
        self,
        data: Dataset,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        dtype: DTypeLike = np.float64,
    ) -> Panels:
        """The matrix in panels: those of the one estimator, where one makes it all."""
        parts = list(self._parts(data, rows, columns))
        if len(parts) == 1:
            return parts[0][2].panels(data, rows, columns, dtype)
        return super().panels(data, rows, columns, dtype)

    def _parts(
        self, data: Dataset, rows: NDArray[np.int64], columns: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], Estimator]]:
        """Parts of a matrix with the estimator of each; mixed pairs once if it is symmetric."""
        symmetric = np.array_equal(rows, columns)
        discrete = data.discrete_mask
        for of_row, of_column, estimator in (
            (True, True, self.discrete),
            (False, False, self.continuous),
            (True, False, self.mixed),
            (False, True, self.mixed),
        ):
            a = np.flatnonzero(discrete[rows] == of_row)
            b = np.flatnonzero(discrete[columns] == of_column)
            if len(a) and len(b) and not (symmetric and (of_row, of_column) == (False, True)):
                yield a, b, estimator
