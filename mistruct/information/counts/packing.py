"""Discrete columns as packed words, computed once for each table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset
from mistruct.data.derived import once_per_table
from mistruct.kernels.counts.bitsets import (
    PackedColumns,
    first_bitsets,
    pack_states,
    states_to_pack,
    words_of_rows,
)


def pack(codes: NDArray[Any], n_states: NDArray[np.int64]) -> PackedColumns:
    """Pack columns of codes, shape (n_columns, n_samples)."""
    complete = bool((codes.max(axis=1, initial=0) < n_states).all())
    n_packed = states_to_pack(n_states, complete)
    first_word = first_bitsets(n_packed)
    words = np.empty((int(n_packed.sum()), words_of_rows(codes.shape[1])), dtype=np.uint64)
    pack_states(codes, n_packed, first_word, words)
    return PackedColumns(words, n_packed, first_word, complete)


def bytes_of_bitsets(data: Dataset) -> int:
    """Memory that the packed discrete columns of a table take; those of a file take none."""
    if data.on_disk is not None:
        return 0
    complete = not any(data.n_missing[n] for n in data.discrete)
    n_bitsets = int(states_to_pack(data.n_states, complete).sum())
    return 8 * n_bitsets * int(words_of_rows(data.n_samples))


@once_per_table
def packed_columns(data: Dataset) -> PackedColumns:
    """Packed discrete columns of a table, computed on first use or mapped from disk."""
    stored = data.on_disk
    if stored is None:
        return pack(data.codes, data.n_states)
    complete = not any(data.n_missing[n] for n in data.discrete)
    n_packed = np.minimum(states_to_pack(data.n_states, complete), stored.n_bitsets)
    return PackedColumns(
        stored.words, n_packed, np.where(n_packed > 0, stored.first_word, -1), complete
    )
