"""The matrix of information between discrete columns, from packed counts."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.information.counts.corrections import KERNEL_CODES, BiasCorrection, entropy_terms
from mistruct.information.counts.packing import pack
from mistruct.information.tiles import Pairs, pairwise_by_tiles
from mistruct.kernels.counts.entropy import entropy_of_counts
from mistruct.kernels.counts.information_tile import PACKED_CELLS, CountedColumns, information_tile

_NANOSECONDS_PER_ROW_OF_HISTOGRAM = 1.0


def pairwise_by_counts(
    data: Dataset,
    rows: Positions,
    columns: Positions,
    correction: BiasCorrection | None,
    dtype: DTypeLike = np.float64,
) -> Pairs:
    """Information between discrete columns, by their rows in `codes`; all corrections but NSB."""
    if not len(rows) or not len(columns):
        return np.empty((len(rows), len(columns)), dtype=dtype)
    used = np.unique(np.concatenate([rows, columns]))
    table = PackedTable(data.codes[used], data.n_states[used], correction)
    rows, columns = np.searchsorted(used, rows), np.searchsorted(used, columns)
    return pairwise_by_tiles(table.fill, rows, columns, table.nanoseconds_per_pair, dtype)


class PackedTable:
    """Discrete columns with their bitsets, margins and entropies, which all pairs share."""

    def __init__(
        self, codes: NDArray[Any], n_states: NDArray[np.int64], correction: BiasCorrection | None
    ) -> None:
        n_samples = codes.shape[1]
        self.codes = codes
        self.n_states = n_states
        self.correction = correction
        self.kernel_code = KERNEL_CODES[correction]
        self.terms = entropy_terms(n_samples, correction)
        packed = pack(codes, n_states)
        self.complete, self.words = packed.complete, packed.words
        self.first_word, n_packed = packed.first_word, packed.n_packed
        self.first_state = np.cumsum(n_states) - n_states
        self.margins = self._count_states(n_packed)
        of_column = (
            self.margins[a : a + r] for a, r in zip(self.first_state, n_states, strict=True)
        )
        self.entropies = np.array(
            [
                entropy_of_counts(c, n_samples, float(c.size), self.kernel_code, self.terms, 0.0)
                for c in of_column
            ]
        )
        cells = min(float(np.mean(n_packed)) ** 2, PACKED_CELLS)
        per_row = _NANOSECONDS_PER_ROW_OF_HISTOGRAM * max(cells, 1.0) / PACKED_CELLS
        self.nanoseconds_per_pair = n_samples * per_row

    def with_column(self, codes: NDArray[Any], n_states: int) -> PackedTable:
        """Append a discrete column to the table, without packing the others again."""
        own = PackedTable(codes[np.newaxis], np.array([n_states]), self.correction)
        if own.complete != self.complete:  # then the last state of a column is packed, or not
            both = [self.codes, own.codes]
            return PackedTable(
                np.concatenate(both), np.append(self.n_states, n_states), self.correction
            )
        joined = copy(self)
        joined.codes = np.concatenate([self.codes, own.codes])
        joined.n_states = np.append(self.n_states, n_states)
        joined.first_state = np.append(self.first_state, len(self.margins))
        first = own.first_word[0]
        joined.first_word = np.append(
            self.first_word, len(self.words) + first if first >= 0 else -1
        )
        joined.words = np.concatenate([self.words, own.words])
        joined.margins = np.concatenate([self.margins, own.margins])
        joined.entropies = np.concatenate([self.entropies, own.entropies])
        return joined

    def _count_states(self, n_packed: Positions) -> Positions:
        """Count each state of each column, from the packed words if there are any."""
        n_samples = self.codes.shape[1]
        place = np.arange(int(self.n_states.sum())) - np.repeat(self.first_state, self.n_states)
        margins = np.zeros(place.size, dtype=np.int64)
        of_words = np.bitwise_count(self.words).sum(axis=1, dtype=np.int64)
        margins[place < np.repeat(n_packed, self.n_states)] = of_words
        for j in np.flatnonzero(n_packed == 0):
            start, r = self.first_state[j], self.n_states[j]
            margins[start : start + r] = np.bincount(self.codes[j], minlength=r)[:r]
        if self.complete:
            missing = n_samples - np.add.reduceat(margins, self.first_state)
            margins[self.first_state + self.n_states - 1] += missing
        return margins

    def fill(
        self, rows: Positions, columns: Positions, symmetric: bool, tile: NDArray[np.float64]
    ) -> None:
        """Fill a tile with the information between columns by position."""
        counted = CountedColumns(
            self.codes, self.n_states, self.margins, self.first_state, self.entropies,
            self.words, self.first_word, self.complete,
        )  # fmt: skip
        information_tile(counted, self.kernel_code, self.terms, rows, columns, symmetric, tile)
