"""Computation of one tile of the matrix of information between discrete columns.

Each pair is counted the cheapest way: popcounts of packed words, a histogram where a table has
many cells, sorted rows where it would have many more cells than rows.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.counts.bitsets import complete_table, count_packed_pair, popcount
from mistruct.kernels.counts.entropy import (
    TABULATED,
    count_margins,
    count_pair,
    count_pair_sparsely,
    information_of_cells,
)
from mistruct.kernels.counts.log_tables import known_term

# A histogram takes as long for a row as this many cells for 1/64 of a word each, and a cell has a
# cost of its own beside its words, that of so many rows. Measured with AVX2.
PACKED_CELLS = 200
_ROWS_OF_A_CELL = 1350

# A dense table may have this many cells for each row.
_CELLS_PER_ROW = 4

# Words of all bitsets of a tile that stay in the cache of a core while its pairs are counted, and
# of each of them.
_ROOM = 1 << 16
_SHORTEST_BLOCK = 256


class CountedColumns(NamedTuple):
    """Discrete columns with the quantities that all pairs share.

    Attributes
    ----------
    codes : ndarray of unsigned int, shape (n_columns, n_samples)
    n_states : ndarray of int, shape (n_columns,)
    margins : ndarray of int
        The counts of the states of column j, from ``first_state[j]`` on.
    first_state : ndarray of int, shape (n_columns,)
    entropies : ndarray of float64, shape (n_columns,)
    words : ndarray of uint64, shape (n_bitsets, n_words)
        Bitsets of states; those of column j begin at ``first_word[j]``, which is -1 for none.
    first_word : ndarray of int, shape (n_columns,)
    complete : bool
        Whether no entry is missing; only then `margins` and `entropies` are those of pairs.
    """

    codes: NDArray[Any]
    n_states: NDArray[np.int64]
    margins: NDArray[np.int64]
    first_state: NDArray[np.int64]
    entropies: NDArray[np.float64]
    words: NDArray[np.uint64]
    first_word: NDArray[np.int64]
    complete: bool


@kernel
def sum_table(
    table: NDArray[np.int64],
    n_x: int,
    n_y: int,
    margin_x: NDArray[np.int64],
    margin_y: NDArray[np.int64],
) -> None:
    """Fill the margins of a dense table."""
    margin_x[:n_x] = 0
    margin_y[:n_y] = 0
    for a in range(n_x):
        for b in range(n_y):
            margin_x[a] += table[a * n_y + b]
            margin_y[b] += table[a * n_y + b]


@kernel
def packed_cells(counted: CountedColumns, i: int, j: int) -> int:
    """Number of cells of the table of two columns that bitsets count; 0 for none."""
    n_x, n_y = counted.n_states[i], counted.n_states[j]
    inner = (n_x - 1) * (n_y - 1) if counted.complete else n_x * n_y
    n_samples = counted.codes.shape[1]
    packed = counted.first_word[i] >= 0 and counted.first_word[j] >= 0
    most = PACKED_CELLS * n_samples // (n_samples + _ROWS_OF_A_CELL)
    return inner if packed and inner <= most else 0


@kernel
def count_packed_tile(
    counted: CountedColumns,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    symmetric: bool,
    start: int,
    stop: int,
    cells: NDArray[np.int64],
) -> None:
    """Add to `cells` what words `start` to `stop` hold of the pairs of a tile, one after another.

    So the cells of all words are those of any parts of them, added up.
    """
    words, first_word = counted.words, counted.first_word
    last = 1 if counted.complete else 0
    n_bitsets = 0
    for i in rows:
        n_bitsets += counted.n_states[i]
    for j in columns:
        n_bitsets += counted.n_states[j]
    length = max(_ROOM // n_bitsets, _SHORTEST_BLOCK)
    for begin in range(start, stop, length):
        end = min(begin + length, stop)
        place = 0
        for a in range(rows.size):
            for b in range(a if symmetric else 0, columns.size):
                i, j = rows[a], columns[b]
                if packed_cells(counted, i, j) == 0:
                    continue
                for s in range(counted.n_states[i] - last):
                    for t in range(counted.n_states[j] - last):
                        x, y = first_word[i] + s, first_word[j] + t
                        count = np.int64(0)
                        for w in range(begin, end):
                            count += np.int64(popcount(words[x, w] & words[y, w]))
                        cells[place] += count
                        place += 1


@kernel
def count_of_cells(
    counted: CountedColumns,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    symmetric: bool,
) -> int:
    """Number of cells that `count_packed_tile` counts."""
    n_cells = 0
    for a in range(rows.size):
        for b in range(a if symmetric else 0, columns.size):
            n_cells += packed_cells(counted, rows[a], columns[b])
    return n_cells


@kernel
def count_table(
    counted: CountedColumns,
    i: int,
    j: int,
    is_dense: bool,
    known: NDArray[np.int64],
    table: NDArray[np.int64],
) -> int:
    """Fill `table` with the cells of two columns, the cheapest way; returns their number.

    `known` are the cells that bitsets count, or is empty if these are to be counted here. Kept out
    of the loop over pairs, in which the compiler would run out of registers.
    """
    codes, n_states, margins, first_state, words, first_word = (
        counted.codes, counted.n_states, counted.margins, counted.first_state,
        counted.words, counted.first_word,
    )  # fmt: skip
    n_x, n_y = n_states[i], n_states[j]
    margin_x = margins[first_state[i] : first_state[i] + n_x]
    margin_y = margins[first_state[j] : first_state[j] + n_y]
    if known.size > 0:
        complete_table(known, n_x, n_y, margin_x, margin_y, counted.complete, table)
    elif packed_cells(counted, i, j) > 0:
        count_packed_pair(
            words, first_word[i], n_x, first_word[j], n_y, margin_x, margin_y,
            counted.complete, table,
        )  # fmt: skip
    elif is_dense:
        count_pair(codes[i], codes[j], n_x, n_y, table)
    else:
        return count_pair_sparsely(codes[i], codes[j], n_x, n_y, table)
    return n_x * n_y


@kernel
def information_tile(
    counted: CountedColumns,
    correction: int,
    terms: NDArray[np.float64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    symmetric: bool,
    known: NDArray[np.int64],
    tile: NDArray[np.float64],
) -> None:
    """Fill ``tile[a, b]`` with the information between columns ``rows[a]`` and ``columns[b]``.

    With `symmetric`, where `rows` are `columns`, only ``a <= b`` is filled. `known` are the cells
    of `count_packed_tile`; where it is empty, these are counted here.
    """
    codes, n_states, margins, first_state, entropies = counted[:5]
    complete = counted.complete
    n_samples = codes.shape[1]
    log_n = math.log(n_samples)
    place = 0
    widest = 1
    for i in rows:
        widest = max(widest, n_states[i])
    widest_column = 1
    for j in columns:
        widest_column = max(widest_column, n_states[j])
    dense_limit = _CELLS_PER_ROW * n_samples + 1024
    table = np.empty(max(min(widest * widest_column, dense_limit), n_samples), np.int64)
    known_x = np.empty(widest, np.int64)
    known_y = np.empty(widest_column, np.int64)
    for a in range(rows.size):
        i = rows[a]
        n_x = n_states[i]
        margin_x = margins[first_state[i] : first_state[i] + n_x]
        for b in range(a if symmetric else 0, columns.size):
            j = columns[b]
            n_y = n_states[j]
            margin_y = margins[first_state[j] : first_state[j] + n_y]
            dense = n_x * n_y <= dense_limit
            inner = packed_cells(counted, i, j) if known.size > 0 else 0
            n_cells = count_table(counted, i, j, dense, known[place : place + inner], table)
            place += inner
            cells = table[:n_cells]
            if complete and correction == TABULATED:
                # entropy_of_counts, its logarithm out of the loop: half the time of small tables
                total = 0.0
                observed = 0
                for c in range(n_cells):
                    total += known_term(terms, table[c])
                    observed += table[c] > 0
                joint = log_n - total / n_samples if observed > 1 else 0.0
                tile[a, b] = entropies[i] + entropies[j] - joint
            elif complete:
                tile[a, b] = information_of_cells(cells, margin_x, margin_y, correction, terms)
            else:
                if dense:
                    sum_table(cells, n_x, n_y, known_x, known_y)
                else:
                    count_margins(codes[i], codes[j], n_x, n_y, known_x, known_y)
                tile[a, b] = information_of_cells(
                    cells, known_x[:n_x], known_y[:n_y], correction, terms
                )
