"""Statistics of many pairs under permutation, kept in bounded memory, and p-values by them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Floats
from mistruct.parallel import slices

# Of more statistics under permutation than this, the largest are kept, and others by their share.
_MOST_DRAWS = 4_000_000
_LARGEST = 1_000_000
# Statistics that are looked up at a time.
_AT_ONCE = 1_000_000


class PermutationPool:
    """Statistics under permutation: all of them, or the largest and an even share of the others."""

    def __init__(self, n: int) -> None:
        self._step = -(-n // _MOST_DRAWS)
        self._share = min(1.0, _LARGEST / max(n, 1))
        self._cut = np.inf
        self._n = 0
        self._some: list[NDArray[np.float32]] = []
        self._largest: list[NDArray[np.float32]] = []

    def add(self, drawn: NDArray[np.float32]) -> None:
        """Add statistics of any shape."""
        values = drawn.ravel()
        if not values.size:
            return
        if self._step > 1 and not self._some:
            self._cut = float(np.quantile(values, 1.0 - self._share))
        self._n += values.size
        self._some.append(values[:: self._step])
        self._largest.append(values[values > self._cut])

    def p_values(self, statistics: NDArray[np.float32]) -> Floats:
        """Shares of the pool that are as large, with the statistic itself; NaN of NaN."""
        p_values = np.full(len(statistics), np.nan)
        if not self._n:
            return p_values
        some, largest = (np.sort(np.concatenate(v)) for v in (self._some, self._largest))
        for part in slices(len(statistics), _AT_ONCE):
            order = np.argsort(statistics[part])  # neighbours are found fast
            of_part = statistics[part][order]
            as_large = (len(some) - np.searchsorted(some, of_part)) * (self._n / len(some))
            beyond = len(largest) - np.searchsorted(largest, of_part)
            counts = np.where(of_part > self._cut, beyond, as_large)
            counts[np.isnan(of_part)] = np.nan
            p_values[part][order] = (1.0 + counts) / (1.0 + self._n)
        return p_values
