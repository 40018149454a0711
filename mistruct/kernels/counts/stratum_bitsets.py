"""Counts of two columns within the strata of others, from packed words.

The rows in each combination of states of all columns but one are intersected first, and may serve
for many tests; a cell is then a popcount of what they share with a state of the last column. Where
no entry is missing, the last state of a column is what the others leave.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.counts.bitsets import PackedColumns, popcount

# Words of all intersections together, which so stay in the cache of a core.
_ROOM = 1 << 15

# To count a row in a histogram takes as long as this many words of a popcount, and again for each
# column of z; a popcount has a cost of its own. Measured with AVX-512 it is 10 words; fewer, since
# narrower vectors count them more slowly.
_WORDS_PER_ROW = 6
_WORDS_OF_A_COUNT = 40


class Intersections(NamedTuple):
    """The rows in each combination of states of some columns, the last column's running fastest.

    Attributes
    ----------
    rows : ndarray of uint64, shape (_ROOM,)
    sizes : ndarray of int64, shape (_ROOM,)
        How many they are.
    columns : ndarray of int64, shape (n_columns,)
        The columns; -1 where nothing has been intersected.
    """

    rows: NDArray[np.uint64]
    sizes: NDArray[np.int64]
    columns: NDArray[np.int64]


@kernel
def no_intersections(n_columns: int) -> Intersections:
    """Allocate the intersections of this many columns."""
    return Intersections(
        np.empty(_ROOM, np.uint64), np.empty(_ROOM, np.int64), np.full(n_columns, -1, np.int64)
    )


@kernel
def packed_is_cheaper(
    packed: PackedColumns,
    n_states: NDArray[np.int64],
    columns: NDArray[np.int64],
    n_samples: int,
    most_cells: int,
) -> bool:
    """Whether popcounts of packed `columns` are faster than a histogram."""
    n_cells = np.int64(1)
    for c in columns:
        n_cells *= n_states[c]
        if packed.first_word[c] < 0 or n_cells > min(most_cells, _ROOM):
            return False
    of_cells = n_cells * (n_samples // 64 + _WORDS_OF_A_COUNT)
    return bool(of_cells < n_samples * _WORDS_PER_ROW * (columns.size - 1))


@kernel
def intersect(
    packed: PackedColumns,
    n_states: NDArray[np.int64],
    columns: NDArray[np.int64],
    n_samples: int,
    start: int,
    length: int,
    found: Intersections,
) -> None:
    """Intersect the states of `columns` in some of their words."""
    words, first_word, derive = packed.words, packed.first_word, packed.complete
    # Numba asks for the sign of a sum of signed indices, which keeps a loop from being vectorised.
    first = np.uint64(start)
    rows = found.rows
    for w in range(length):
        n_bits = min(max(n_samples - (start + w) * 64, 0), 64)
        rows[w] = (
            ~np.uint64(0) if n_bits == 64 else (np.uint64(1) << np.uint64(n_bits)) - np.uint64(1)
        )
    n = np.int64(1)
    for column in columns:
        n_column = n_states[column]
        n_packed = n_column - 1 if derive else n_column
        for i in range(n - 1, -1, -1):  # from the end, so that none is overwritten before its turn
            of = np.uint64(i * length)
            left = np.uint64((i * n_column + n_packed) * length)
            for s in range(n_packed - 1, -1, -1):
                to = np.uint64((i * n_column + s) * length)
                row = first_word[column] + s
                if not derive:
                    for w in range(np.uint64(length)):
                        rows[to + w] = rows[of + w] & words[row, first + w]
                    continue
                for w in range(np.uint64(length)):
                    both = rows[of + w] & words[row, first + w]
                    rows[left + w] = rows[of + w] ^ both
                    rows[to + w] = both
                of = left
        n *= n_column
    if derive:
        for i in range(n):
            of = np.uint64(i * length)
            size = np.uint64(0)
            for w in range(np.uint64(length)):
                size += popcount(rows[of + w])
            found.sizes[i] = np.int64(size)


@kernel
def count_packed_strata(
    packed: PackedColumns,
    n_states: NDArray[np.int64],
    columns: NDArray[np.int64],
    last: int,
    n_samples: int,
    found: Intersections,
    table: NDArray[np.int64],
) -> None:
    """Count packed `columns` (z ..., x, y), the last one running fastest, into zeros in `table`.

    All but ``columns[last]`` are intersected, unless `found` has these already.
    """
    words, derive = packed.words, packed.complete
    others = np.empty(columns.size - 1, np.int64)
    others[:last] = columns[:last]
    others[last:] = columns[last + 1 :]
    n_outer = np.int64(1)
    n_inner = np.int64(1)
    for c in range(last):
        n_outer *= n_states[columns[c]]
    for c in range(last + 1, columns.size):
        n_inner *= n_states[columns[c]]
    column = columns[last]
    n_last = n_states[column]
    n_packed = n_last - 1 if derive else n_last
    n_words = words.shape[1]
    chunk = min(n_words, _ROOM // (n_outer * n_inner))
    for start in range(0, n_words, chunk):
        length = min(chunk, n_words - start)
        if chunk < n_words or (found.columns != others).any():
            intersect(packed, n_states, others, n_samples, start, length, found)
            found.columns[:] = others
            if chunk < n_words:
                found.columns[0] = -1
        rows = found.rows
        first = np.uint64(start)
        for outer in range(n_outer):
            for inner in range(n_inner):
                place = outer * n_inner + inner
                of = np.uint64(place * length)
                rest = found.sizes[place]
                for s in range(n_packed):
                    row = packed.first_word[column] + s
                    count = np.uint64(0)
                    for w in range(np.uint64(length)):
                        count += popcount(rows[of + w] & words[row, first + w])
                    table[(outer * n_last + s) * n_inner + inner] += np.int64(count)
                    rest -= np.int64(count)
                if derive:
                    table[(outer * n_last + n_packed) * n_inner + inner] += rest
