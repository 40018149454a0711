"""Matrices of information, computed in tiles on several threads."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.errors import TooFewRowsError
from mistruct.parallel import n_slots, run_anywhere

if TYPE_CHECKING:
    from mistruct.information.base import Estimator

# Bounds of a tile: long enough to hide the cost of handing it to a thread, short enough for a
# progress bar to move and for what its columns share to stay in the cache.
_TILE_NANOSECONDS = 5e7
_TILE_EDGE = 128
_TILES_PER_THREAD = 4

# One estimate made by Python, not by a kernel, takes about this long.
_NANOSECONDS_OF_A_CALL = 1e6

Pairs = NDArray[Any]
Tile = tuple[slice, slice]
#: Fills a tile, given the positions of its rows and of its columns and whether it is symmetric;
#: a symmetric one needs its upper triangle only.
Fill = Callable[[Positions, Positions, bool, NDArray[np.float64]], None]


def pairwise_by_tiles(
    fill: Fill,
    rows: Positions,
    columns: Positions,
    nanoseconds_per_pair: float,
    dtype: DTypeLike = np.float64,
    description: str = "mutual information",
) -> Pairs:
    """Compute a matrix with `fill`, tile by tile; a symmetric one from half of the tiles.

    Tiles are made in float64, whatever the `dtype` of the result.
    """
    result = np.empty((len(rows), len(columns)), dtype=dtype)
    symmetric = np.array_equal(rows, columns)
    tiles = _tiles(len(rows), len(columns), symmetric, nanoseconds_per_pair)
    shared = _Matrix(fill, rows, columns, symmetric)
    filled = run_anywhere(_filled, shared, tiles, description=description)
    for tile, values in zip(tiles, filled, strict=True):
        result[tile] = values
    if symmetric:
        mirror(result)
    return result


def infinite_pairs(rows: Positions, columns: Positions, matrix: Pairs) -> list[tuple[int, int]]:
    """The pairs of different columns whose entry is infinite, each once, ascending."""
    a, b = np.nonzero(np.isposinf(matrix))
    pairs = np.sort(np.column_stack([rows[a], columns[b]]), axis=1)
    return sorted({(int(x), int(y)) for x, y in pairs if x != y})


class _Matrix(NamedTuple):
    """Matrix whose tiles are computed, with what they share."""

    fill: Fill
    rows: Positions
    columns: Positions
    symmetric: bool


def _filled(matrix: _Matrix, tile: Tile) -> NDArray[np.float64]:
    rows, columns = matrix.rows[tile[0]], matrix.columns[tile[1]]
    values = np.empty((len(rows), len(columns)))
    matrix.fill(rows, columns, matrix.symmetric and tile[0] == tile[1], values)
    return values


def pairwise_by_loop(
    estimator: Estimator,
    data: Dataset,
    rows: Positions,
    columns: Positions,
    dtype: DTypeLike = np.float64,
) -> Pairs:
    """Information between any columns, one pair at a time; NaN if gaps leave too few rows."""
    description = f"mutual information ({estimator.name})"
    fill = _Loop(estimator, data).fill
    return pairwise_by_tiles(fill, rows, columns, _NANOSECONDS_OF_A_CALL, dtype, description)


class _Loop(NamedTuple):
    """Fills tiles one pair at a time."""

    estimator: Estimator
    data: Dataset

    def fill(
        self, rows: Positions, columns: Positions, symmetric: bool, tile: NDArray[np.float64]
    ) -> None:
        data = self.data
        for a, row in enumerate(rows):
            for b in range(a if symmetric else 0, len(columns)):
                x, y = data.names[row], data.names[columns[b]]
                pair = data.select((x,) if x == y else (x, y))
                try:
                    tile[a, b] = self.estimator.information(data, (x,), (y,))
                except TooFewRowsError:
                    if not any(pair.n_missing.values()):
                        raise
                    tile[a, b] = math.nan


def _tiles(n_rows: int, n_columns: int, symmetric: bool, nanoseconds: float) -> list[Tile]:
    """Square tiles that cover the matrix, or its upper triangle."""
    enough = math.sqrt(n_rows * n_columns / (_TILES_PER_THREAD * n_slots()))
    edge = int(max(1, min(math.sqrt(_TILE_NANOSECONDS / nanoseconds), enough, _TILE_EDGE)))
    return [
        (slice(a, a + edge), slice(b, b + edge))
        for a in range(0, n_rows, edge)
        for b in range(a if symmetric else 0, n_columns, edge)
    ]


def mirror(matrix: Pairs, edge: int = 256) -> None:
    """Copy the upper triangle to the lower, by blocks to spare the memory of an index."""
    for a in range(0, len(matrix), edge):
        rows = slice(a, a + edge)
        block = matrix[rows, rows]
        block[...] = np.triu(block) + np.triu(block, 1).T
        matrix[a + edge :, rows] = matrix[rows, a + edge :].T
