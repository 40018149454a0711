"""The pairs that are among the strongest of one of their columns, also while more are found."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Floats, Positions
from mistruct.structure.networks.pair_search import Found

# Pairs are ranked anew when so many more have come.
_MANY = 1_000_000


class BestPairs:
    """The best pairs of each column so far: a pair stays if it is among those of one of the two.

    Of pairs of equal information those with the first columns by position are better, so that
    nothing depends on the order in which they come.

    Attributes
    ----------
    least : ndarray of float, shape (n_columns,)
        What a pair needs to be among the best of a column: the information of the last of them,
        -inf as long as there are fewer.
    """

    def __init__(self, n_best: int, rows: Positions, n_columns: int) -> None:
        self._n_best, self._rows = n_best, rows
        self.least = np.full(n_columns, -np.inf)
        self._parts: list[Found] = []
        self._n_new = 0

    def add(self, part: Found) -> None:
        """Add pairs."""
        self._parts.append(part)
        self._n_new += len(part.row)
        if self._n_new > _MANY:
            self.ranked(part.mi.dtype)

    def ranked(self, dtype: np.dtype[Any]) -> Found:
        """The best of all pairs that were added, by row, then by column."""
        found = Found.join(self._parts, dtype)
        best = self._are_best(self._rows[found.row], found.column, found.mi.astype(np.float64))
        self._parts, self._n_new = [found.take(best)], 0
        return self._parts[0]

    def _are_best(self, x: Positions, y: NDArray[np.int32], mi: Floats) -> NDArray[np.bool_]:
        column, other = np.concatenate([x, y]), np.concatenate([y, x])
        value = np.concatenate([mi, mi])
        order = np.lexsort([other, -value, column])
        starts = np.searchsorted(column[order], np.arange(len(self.least) + 1))
        place = np.arange(len(order)) - starts[column[order]]
        best = np.empty(len(order), dtype=np.bool_)
        best[order] = place < self._n_best
        last = order[place == self._n_best - 1]
        self.least[column[last]] = value[last]
        return np.asarray(best[: len(mi)] | best[len(mi) :])
