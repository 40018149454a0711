"""The matrix of information between discrete columns, from packed counts."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.data.packed.table_folder import forget
from mistruct.information.counts.corrections import KERNEL_CODES, BiasCorrection, entropy_terms
from mistruct.information.counts.packing import pack, packed_columns
from mistruct.information.panels import ENTRIES, Panels
from mistruct.information.tiles import Pairs, pairwise_by_tiles
from mistruct.kernels.counts.bitsets import PackedColumns, count_bits
from mistruct.kernels.counts.entropy import entropy_of_counts
from mistruct.kernels.counts.information_tile import (
    PACKED_CELLS,
    CountedColumns,
    count_of_cells,
    count_packed_tile,
    information_tile,
)
from mistruct.parallel import slices

_NANOSECONDS_PER_ROW_OF_HISTOGRAM = 1.0
_NANOSECONDS_OF_A_PAIR = 100.0

#: Words of each bitset that are counted before the next ones are: 64 times as many rows. What is
#: mapped from a file is let go of between them.
SHARD = 1 << 16


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
    used, rows, columns = _used(rows, columns)
    table = _packed(data, used, correction)
    return pairwise_by_tiles(table.fill, rows, columns, table.nanoseconds_per_pair, dtype)


def _used(rows: Positions, columns: Positions) -> tuple[Positions, Positions, Positions]:
    """The columns that are used, and where among them the others are."""
    used = np.unique(np.concatenate([rows, columns]))
    return used, np.searchsorted(used, rows), np.searchsorted(used, columns)


def _packed(data: Dataset, used: Positions, correction: BiasCorrection | None) -> PackedTable:
    """Discrete columns with their bitsets, which may be memory-mapped."""
    chosen = data.select([data.discrete[row] for row in used])
    packed = packed_columns(chosen) if chosen.on_disk else None
    return PackedTable(chosen.codes, chosen.n_states, correction, packed)


class CountPanels(Panels):
    """Panels between discrete columns, by their rows in `codes`, of a table that is packed once."""

    def __init__(
        self,
        data: Dataset,
        rows: Positions,
        columns: Positions,
        correction: BiasCorrection | None,
        dtype: DTypeLike,
    ) -> None:
        used, rows, columns = _used(rows, columns)
        self._table = _packed(data, used, correction)
        self._lay_out(rows, columns, dtype, ENTRIES)

    def _values(self, some: slice | Positions, others: slice) -> Pairs:
        table, rows, columns = self._table, self._rows[some], self._columns[others]
        return pairwise_by_tiles(table.fill, rows, columns, table.nanoseconds_per_pair, self.dtype)


class PackedTable:
    """Discrete columns with their bitsets, margins and entropies, which all pairs share."""

    def __init__(
        self,
        codes: NDArray[Any],
        n_states: NDArray[np.int64],
        correction: BiasCorrection | None,
        packed: PackedColumns | None = None,
    ) -> None:
        n_samples = codes.shape[1]
        self.codes = codes
        self.n_states = n_states
        self.correction = correction
        self.kernel_code = KERNEL_CODES[correction]
        self.terms = entropy_terms(n_samples, correction)
        packed = packed or pack(codes, n_states)
        self.complete, self.words = packed.complete, packed.words
        self.first_word, n_packed = packed.first_word, packed.n_packed
        self.first_state = np.cumsum(n_states) - n_states
        self.shard = SHARD
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
        if self.words.shape[1] > SHARD:  # a tile of many pairs reads the words fewer times
            per_row = 0.0
        self.nanoseconds_per_pair = max(n_samples * per_row, _NANOSECONDS_OF_A_PAIR)

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
        is_packed = place < np.repeat(n_packed, self.n_states)
        bitsets = (np.repeat(self.first_word, self.n_states) + place)[is_packed]
        for words in slices(self.words.shape[1], self.shard):
            counts = np.zeros(len(bitsets), dtype=np.int64)
            count_bits(self.words, bitsets, words.start, words.stop, counts)
            margins[is_packed] += counts
            forget(self.words)
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
        known = np.zeros(0, dtype=np.int64)
        n_words = self.words.shape[1]
        if n_words > self.shard:
            known = np.zeros(count_of_cells(counted, rows, columns, symmetric), dtype=np.int64)
            for part in slices(n_words, self.shard):
                count_packed_tile(counted, rows, columns, symmetric, part.start, part.stop, known)
                forget(self.words)
        information_tile(
            counted, self.kernel_code, self.terms, rows, columns, symmetric, known, tile
        )
