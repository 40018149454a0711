"""Contingency tables of pairs of columns from packed 64-bit words.

Each state of a column becomes a bitset over the rows: bit ``t`` of the state's words says whether
row ``t`` is in that state. A cell of the table of two columns is then popcount(a & b). Where no
entry is missing the last row and column of the table follow from the margins, so a column of r
states needs r - 1 bitsets, and a pair (r_x - 1)(r_y - 1) popcounts of n / 64 words.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel

# Whole vectors of words: what is left over would cost a third as much as all the rest.
_WORDS_OF_A_VECTOR = 4

# A packed state takes a bit for each row, so packed columns take four bytes an entry at most.
_PACKED_STATES = 32


class PackedColumns(NamedTuple):
    """Bitsets of the states of columns.

    Attributes
    ----------
    words : ndarray of uint64, shape (n_bitsets, n_words)
    n_packed : ndarray of int, shape (n_columns,)
        How many states of each column have one: none of a column with too many.
    first_word : ndarray of int, shape (n_columns,)
        The bitset of the first state of each column; -1 where there is none.
    complete : bool
        Whether no entry is missing. Then the last state of a column is not packed, as it is what
        the others leave.
    """

    words: NDArray[np.uint64]
    n_packed: NDArray[np.int64]
    first_word: NDArray[np.int64]
    complete: bool


def states_to_pack(n_states: NDArray[np.int64], complete: bool) -> NDArray[np.int64]:
    """Number of states with a bitset per column; 0 for a column with too many states."""
    n_packed = n_states - 1 if complete else n_states
    return np.where(n_packed <= _PACKED_STATES, n_packed, 0)


def first_bitsets(n_packed: NDArray[np.int64]) -> NDArray[np.int64]:
    """The bitset of the first state of each column, which follow each other; -1 for none."""
    return np.where(n_packed > 0, np.cumsum(n_packed) - n_packed, -1)


def words_of_rows(n_samples: int) -> int:
    """Number of words of a bitset over so many rows."""
    n_words = -(-n_samples // 64)
    return n_words + -n_words % _WORDS_OF_A_VECTOR


@intrinsic  # numba has no popcount of its own; LLVM's vectorises
def popcount(typing_context: Any, word: Any) -> Any:
    """Number of set bits of a 64-bit word."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@kernel
def pack_states(
    codes: NDArray[Any],
    n_packed: NDArray[np.int64],
    first_word: NDArray[np.int64],
    words: NDArray[np.uint64],
) -> None:
    """Pack the first ``n_packed[j]`` states of each column, shape (n_columns, n_samples).

    The bitset of state s of column j fills ``words[first_word[j] + s]``.
    """
    n_samples = codes.shape[1]
    for j in range(codes.shape[0]):
        for s in range(n_packed[j]):
            row = words[first_word[j] + s]
            for w in range(row.size):
                start = w * 64
                bits = np.uint64(0)
                if start + 64 <= n_samples:
                    for t in range(64):
                        bits |= np.uint64(codes[j, start + t] == s) << np.uint64(t)
                else:
                    for t in range(n_samples - start):
                        bits |= np.uint64(codes[j, start + t] == s) << np.uint64(t)
                row[w] = bits


@kernel
def count_bits(
    words: NDArray[np.uint64],
    bitsets: NDArray[np.int64],
    start: int,
    stop: int,
    counts: NDArray[np.int64],
) -> None:
    """Fill in how many rows each of some bitsets has in the words from `start` to `stop`."""
    for i in range(bitsets.size):
        count = np.int64(0)
        for w in range(start, stop):
            count += np.int64(popcount(words[bitsets[i], w]))
        counts[i] = count


@kernel
def count_shared_bits(words: NDArray[np.uint64], shared: NDArray[np.int64]) -> None:
    """Fill ``shared[i, j]`` with the number of rows that bitsets i and j have in common."""
    for i in range(words.shape[0]):
        for j in range(i + 1):
            count = np.int64(0)
            for w in range(words.shape[1]):
                count += np.int64(popcount(words[i, w] & words[j, w]))
            shared[i, j] = shared[j, i] = count


@kernel
def count_packed_pair(
    words: NDArray[np.uint64],
    first_x: int,
    n_x: int,
    first_y: int,
    n_y: int,
    margin_x: NDArray[np.int64],
    margin_y: NDArray[np.int64],
    derive: bool,
    table: NDArray[np.int64],
) -> None:
    """Fill ``table[:n_x * n_y]``, row-major, with the counts of two packed columns.

    With `derive` only the first n - 1 states are packed, and the last row and column follow from
    the margins.
    """
    last = 1 if derive else 0
    for a in range(n_x - last):
        for b in range(n_y - last):
            # Indexed in full: a view of each row would be counted as a reference, twice a cell.
            count = np.int64(0)
            for w in range(words.shape[1]):
                count += np.int64(popcount(words[first_x + a, w] & words[first_y + b, w]))
            table[a * n_y + b] = count
    if derive:
        derive_last(n_x, n_y, margin_x, margin_y, table)


@kernel
def derive_last(
    n_x: int,
    n_y: int,
    margin_x: NDArray[np.int64],
    margin_y: NDArray[np.int64],
    table: NDArray[np.int64],
) -> None:
    """Fill the last row and column of a table from its margins."""
    for a in range(n_x - 1):
        rest = margin_x[a]
        for b in range(n_y - 1):
            rest -= table[a * n_y + b]
        table[a * n_y + n_y - 1] = rest
    for b in range(n_y):
        rest = margin_y[b]
        for a in range(n_x - 1):
            rest -= table[a * n_y + b]
        table[(n_x - 1) * n_y + b] = rest


@kernel
def complete_table(
    cells: NDArray[np.int64],
    n_x: int,
    n_y: int,
    margin_x: NDArray[np.int64],
    margin_y: NDArray[np.int64],
    derive: bool,
    table: NDArray[np.int64],
) -> None:
    """Fill ``table[:n_x * n_y]`` from the counts of the packed states, as `count_packed_pair`."""
    last = 1 if derive else 0
    for a in range(n_x - last):
        for b in range(n_y - last):
            table[a * n_y + b] = cells[a * (n_y - last) + b]
    if derive:
        derive_last(n_x, n_y, margin_x, margin_y, table)
