"""Discrete columns as packed words, computed once for each table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset
from mistruct.data.derived import once_per_table
from mistruct.kernels.counts.bitsets import PackedColumns, pack_states

_WORDS_OF_A_VECTOR = 4

# A packed state takes a bit for each row, so packed columns take four bytes an entry at most.
_PACKED_STATES = 32


def pack(codes: NDArray[Any], n_states: NDArray[np.int64]) -> PackedColumns:
    """Pack columns of codes, shape (n_columns, n_samples)."""
    complete = bool((codes.max(axis=1, initial=0) < n_states).all())
    n_packed = n_states - 1 if complete else n_states
    n_packed = np.where(n_packed <= _PACKED_STATES, n_packed, 0)
    first_word = np.where(n_packed > 0, np.cumsum(n_packed) - n_packed, -1)
    n_words = -(-codes.shape[1] // 64)
    # Whole vectors of words: what is left over would cost a third as much as all the rest.
    n_words += -n_words % _WORDS_OF_A_VECTOR
    words = np.empty((int(n_packed.sum()), n_words), dtype=np.uint64)
    pack_states(codes, n_packed, first_word, words)
    return PackedColumns(words, n_packed, first_word, complete)


@once_per_table
def packed_columns(data: Dataset) -> PackedColumns:
    """Packed discrete columns of a table, computed on first use."""
    return pack(data.codes, data.n_states)
