"""Counts of two columns within the strata of others, from packed words.

A stratum of z is the intersection of the bitsets of its states, and so are its rows with state a of
x; what they hold of y is a popcount. Prefixes of (z, x) are intersected once for all that begins
with them. Where no entry is missing the last state of a column is what the others leave.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.bitsets import PackedColumns, popcount
from mistruct.kernels.compiler import kernel

# Words at a time, so that the prefixes stay in the fastest cache.
_CHUNK = 512

# To count a row in a histogram takes as long as this many words of a popcount, and again for each
# column of z; a popcount has a cost of its own. Measured with AVX2.
_WORDS_PER_ROW = 4
_WORDS_OF_A_COUNT = 40


@kernel
def packed_is_cheaper(
    packed: PackedColumns,
    n_states: NDArray[np.int64],
    columns: NDArray[np.int64],
    n_samples: int,
    most_cells: int,
) -> bool:
    """Whether popcounts of the cells of packed `columns` take less time than a histogram."""
    n_cells = np.int64(1)
    for c in columns:
        n_cells *= n_states[c]
        if packed.first_word[c] < 0 or n_cells > most_cells:
            return False
    of_cells = n_cells * (n_samples // 64 + _WORDS_OF_A_COUNT)
    return bool(of_cells < n_samples * _WORDS_PER_ROW * (columns.size - 1))


@kernel
def count_packed_strata(
    packed: PackedColumns,
    n_states: NDArray[np.int64],
    columns: NDArray[np.int64],
    n_samples: int,
    table: NDArray[np.int64],
) -> None:
    """Add the counts of packed `columns` (z ..., x, y) to `table`, the last one running fastest."""
    words, first_word, derive = packed.words, packed.first_word, packed.complete
    n_outer = columns.size - 1
    y = columns[n_outer]
    packed_y = n_states[y] - 1 if derive else n_states[y]
    # The rows of each prefix, those of the empty one first, and what its states have left so far.
    prefix = np.empty((n_outer + 1, _CHUNK), np.uint64)
    left = np.empty((n_outer, _CHUNK), np.uint64)
    state = np.empty(n_outer, np.int64)
    for start in range(0, words.shape[1], _CHUNK):
        length = min(_CHUNK, words.shape[1] - start)
        for w in range(length):
            n_bits = min(max(n_samples - (start + w) * 64, 0), 64)
            prefix[0, w] = (
                ~np.uint64(0)
                if n_bits == 64
                else (np.uint64(1) << np.uint64(n_bits)) - np.uint64(1)
            )
        cell = np.int64(0)
        level = np.int64(0)
        state[0] = 0
        while level >= 0:
            column = columns[level]
            if state[level] == n_states[column]:
                level -= 1
                if level >= 0:
                    state[level] += 1
                continue
            if derive and state[level] == 0:
                for w in range(length):
                    left[level, w] = prefix[level, w]
            if derive and state[level] == n_states[column] - 1:
                for w in range(length):
                    prefix[level + 1, w] = left[level, w]
            else:
                row = first_word[column] + state[level]
                for w in range(length):
                    prefix[level + 1, w] = prefix[level, w] & words[row, start + w]
                if derive:
                    for w in range(length):
                        left[level, w] ^= prefix[level + 1, w]
            if level < n_outer - 1:
                level += 1
                state[level] = 0
                continue
            rest = np.int64(0)
            if derive:
                for w in range(length):
                    rest += np.int64(popcount(prefix[n_outer, w]))
            for b in range(packed_y):
                count = np.int64(0)
                for w in range(length):
                    count += np.int64(
                        popcount(prefix[n_outer, w] & words[first_word[y] + b, start + w])
                    )
                table[cell + b] += count
                rest -= count
            if derive:
                table[cell + packed_y] += rest
            cell += n_states[y]
            state[level] += 1
