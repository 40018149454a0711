"""What CLR and MRNET take from the information of all pairs: its moments, or the whole of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Floats, Positions
from mistruct.information.panels import Panel
from mistruct.kernels.graphs.pair_sums import sum_pairs


class _Sums(NamedTuple):
    origin: Floats
    sums: Floats


class Background:
    """Mean and standard deviation of the finite estimates of each column with the others."""

    def __init__(self, rows: Positions, n_columns: int) -> None:
        self._rows = rows
        self._is_row = np.zeros(n_columns, dtype=np.bool_)
        self._is_row[rows] = True
        self._origin = np.full(n_columns, np.nan)
        self._sums = np.zeros((n_columns, 3))

    def see(self, panel: Panel) -> _Sums:
        """The sums of one panel."""
        columns = np.arange(panel.columns.start, panel.columns.stop)
        part = _Sums(np.full(self._origin.shape, np.nan), np.zeros(self._sums.shape))
        sum_pairs(panel.values, self._rows[panel.rows], columns, self._is_row, *part)
        return part

    def add(self, part: _Sums) -> None:
        """Add the sums of a panel."""
        first = np.isnan(self._origin)
        self._origin[first] = part.origin[first]
        n, total, squares = part.sums.T
        moved = np.where(n > 0, part.origin - self._origin, 0.0)
        self._sums += np.column_stack(
            [n, total + n * moved, squares + 2.0 * moved * total + n * moved**2]
        )

    def moments(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation of each column, 0 where there are no estimates."""
        n, total, squares = self._sums.T
        n = np.maximum(n, 1.0)
        mean = total / n
        deviation = np.sqrt(np.maximum(squares / n - mean**2, 0.0))
        return np.nan_to_num(self._origin) + mean, deviation


class Whole:
    """The matrix of information."""

    def __init__(self, rows: Positions, n_columns: int) -> None:
        self._rows, self._n_columns = rows, n_columns
        self._matrix: NDArray[Any] | None = None

    def see(self, panel: Panel) -> Panel:
        """The panel itself."""
        return panel

    def add(self, part: Panel) -> None:
        """Put a panel in its place."""
        if self._matrix is None:
            shape = len(self._rows), self._n_columns
            self._matrix = np.empty(shape, dtype=part.values.dtype)
        self._matrix[part.rows, part.columns] = part.values

    def finished(self) -> NDArray[Any]:
        """The matrix, NaN on the diagonal; a pair of two rows has one number."""
        if self._matrix is None:
            return np.empty((len(self._rows), self._n_columns))
        for row, position in enumerate(self._rows):
            self._matrix[row, position] = np.nan
            self._matrix[row + 1 :, position] = self._matrix[row, self._rows[row + 1 :]]
        return self._matrix
