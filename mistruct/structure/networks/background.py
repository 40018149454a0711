"""The moments that CLR takes from the information of all pairs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

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
