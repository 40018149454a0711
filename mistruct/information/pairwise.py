"""The matrix of information between columns, spread over tiles and threads."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset
from mistruct.information.corrections import KERNEL_CODES, Correction, entropy_terms
from mistruct.kernels.bitsets import pack_states
from mistruct.kernels.entropy import entropy_of_counts
from mistruct.kernels.pairwise import PACKED_CELLS, information_tile
from mistruct.parallel import n_threads, run_blocks

# Bounds of a tile: long enough to hide the cost of handing it to a thread, short enough for a
# progress bar to move and for its packed columns to stay in the cache.
_TILE_NANOSECONDS = 5e7
_TILE_EDGE = 128
_TILES_PER_THREAD = 4

_NANOSECONDS_PER_ROW_OF_HISTOGRAM = 1.0

_WORDS_OF_A_VECTOR = 4

# A packed state takes a bit for each row, so packed columns take four bytes an entry at most.
_PACKED_STATES = 32

Pairs = NDArray[np.float64]
Positions = NDArray[np.int64]
Tile = tuple[slice, slice]


class _Estimator(Protocol):
    @property
    def name(self) -> str: ...

    def information(self, data: Dataset, x: tuple[str, ...], y: tuple[str, ...]) -> float: ...


def pairwise_by_counts(
    data: Dataset, rows: Positions, columns: Positions, correction: Correction | None
) -> Pairs:
    """Information between discrete columns `rows` and `columns`, all corrections but NSB."""
    result = np.empty((len(rows), len(columns)))
    if not result.size:
        return result
    used = np.unique(np.concatenate([rows, columns]))
    table = _PackedTable(data.codes[used], data.n_states[used], correction)
    rows, columns = np.searchsorted(used, rows), np.searchsorted(used, columns)
    symmetric = np.array_equal(rows, columns)

    def fill(tile: Tile) -> None:
        of_rows, of_columns = tile
        on_diagonal = symmetric and of_rows == of_columns
        table.fill(rows[of_rows], columns[of_columns], on_diagonal, result[of_rows, of_columns])

    run = run_blocks(
        fill,
        _tiles(len(rows), len(columns), symmetric, table.nanoseconds_per_pair),
        description="mutual information",
    )
    for _ in run:
        pass
    if symmetric:
        _mirror(result)
    return result


def pairwise_by_loop(
    estimator: _Estimator, data: Dataset, rows: Positions, columns: Positions
) -> Pairs:
    """Information between any columns, one pair at a time."""
    symmetric = np.array_equal(rows, columns)
    pairs = [(a, b) for a in range(len(rows)) for b in range(a if symmetric else 0, len(columns))]

    def one(pair: tuple[int, int]) -> float:
        x, y = data.names[rows[pair[0]]], data.names[columns[pair[1]]]
        if data.missing == "testwise" and not data.select((x, y)).complete_rows().n_samples:
            return math.nan
        return estimator.information(data, (x,), (y,))

    result = np.empty((len(rows), len(columns)))
    done = run_blocks(one, pairs, description=f"mutual information ({estimator.name})")
    for (a, b), value in zip(pairs, done, strict=True):
        result[a, b] = value
        if symmetric:
            result[b, a] = value
    return result


class _PackedTable:
    """Discrete columns with what their pairs share: bitsets, margins, entropies."""

    def __init__(
        self, codes: NDArray[Any], n_states: NDArray[np.int64], correction: Correction | None
    ) -> None:
        n_samples = codes.shape[1]
        self.codes = codes
        self.n_states = n_states
        self.correction = KERNEL_CODES[correction]
        self.terms = entropy_terms(n_samples, correction)
        self.complete = bool((codes.max(axis=1, initial=0) < n_states).all())
        self.first_state = np.cumsum(n_states) - n_states
        n_packed = n_states - 1 if self.complete else n_states
        n_packed = np.where(n_packed <= _PACKED_STATES, n_packed, 0)
        self.first_word = np.where(n_packed > 0, np.cumsum(n_packed) - n_packed, -1)
        n_words = -(-n_samples // 64)
        # Whole vectors of words: what is left over would cost a third as much as all the rest.
        n_words += -n_words % _WORDS_OF_A_VECTOR
        self.words = np.empty((int(n_packed.sum()), n_words), dtype=np.uint64)
        pack_states(codes, n_packed, self.first_word, self.words)
        self.margins = self._count_states(n_packed)
        of_column = (
            self.margins[a : a + r] for a, r in zip(self.first_state, n_states, strict=True)
        )
        self.entropies = np.array(
            [
                entropy_of_counts(c, n_samples, float(c.size), self.correction, self.terms, 0.0)
                for c in of_column
            ]
        )
        cells = min(float(np.mean(n_packed)) ** 2, PACKED_CELLS)
        per_row = _NANOSECONDS_PER_ROW_OF_HISTOGRAM * max(cells, 1.0) / PACKED_CELLS
        self.nanoseconds_per_pair = n_samples * per_row

    def _count_states(self, n_packed: Positions) -> Positions:
        """How often each state of each column occurs, from the packed words where there are any."""
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
        information_tile(
            self.codes, self.n_states, self.margins, self.first_state, self.entropies,
            self.words, self.first_word, self.complete, self.correction, self.terms,
            rows, columns, symmetric, tile,
        )  # fmt: skip


def _tiles(n_rows: int, n_columns: int, symmetric: bool, nanoseconds: float) -> list[Tile]:
    """Square tiles that cover the matrix, or its upper triangle."""
    enough = math.sqrt(n_rows * n_columns / (_TILES_PER_THREAD * n_threads()))
    edge = int(max(1, min(math.sqrt(_TILE_NANOSECONDS / nanoseconds), enough, _TILE_EDGE)))
    return [
        (slice(a, a + edge), slice(b, b + edge))
        for a in range(0, n_rows, edge)
        for b in range(a if symmetric else 0, n_columns, edge)
    ]


def _mirror(matrix: NDArray[np.float64], edge: int = 256) -> None:
    """Copy the upper triangle to the lower, by blocks to spare the memory of an index."""
    for a in range(0, len(matrix), edge):
        rows = slice(a, a + edge)
        block = matrix[rows, rows]
        block[...] = np.triu(block) + np.triu(block, 1).T
        matrix[a + edge :, rows] = matrix[rows, a + edge :].T
