"""Contingency tables of x and y in strata that are refined by one column at a time.

A search for a separating set tests many sets that begin alike. So the rows are kept after each
column chosen, with the cell (stratum, x, y) of each; one pass over them then counts the states of
the next column in every cell, from which follow the tables of all strata of the longer set. A
stratum in which x or y is constant says nothing of them, and so do all that it is split into: its
rows are dropped for good.

Strata are in the order of their states, that of the first column by key first, whatever the order
in which the columns were chosen. So they are as `label_strata` has them, and so are sums over them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.counts.coded_columns import CodedColumns
from mistruct.kernels.counts.sparse_tables import SparseTables

# Rows of all levels together, and cells of one; beyond these a search does without.
_MOST_ROWS = 1 << 24
_MOST_CELLS = 1 << 16

# Largest number of counters for the states of a column, per row.
_PLACES_PER_ROW = 4


class RefinedCells(NamedTuple):
    """Cells after 0, 1, ... columns of z; the level is the number of columns.

    Attributes
    ----------
    rows, cell_of : ndarray of int32, shape (n_levels, n_samples)
        The rows in strata that say something, and the cell of each.
    x, y : ndarray of int32, shape (n_levels, n_cells)
        States of the cells that are not empty, in the order of (stratum, x, y).
    starts : ndarray of int64, shape (n_levels, n_cells + 1)
        Where each stratum starts among the cells, and the end.
    differs : ndarray of int64, shape (n_levels, n_cells)
        The first column by key, of those so far, in which a stratum differs from the one before.
    n : ndarray of int64, shape (n_levels, 2)
        How many rows and strata there are.
    columns : ndarray of int64, shape (n_levels + 1,)
        x, y and the columns of z in the order chosen; -1 from where nothing is kept.
    """

    rows: NDArray[np.int32]
    cell_of: NDArray[np.int32]
    x: NDArray[np.int32]
    y: NDArray[np.int32]
    starts: NDArray[np.int64]
    differs: NDArray[np.int64]
    n: NDArray[np.int64]
    columns: NDArray[np.int64]


@kernel
def no_cells(n_samples: int, n_levels: int) -> RefinedCells:
    """Allocate this many levels, or none if they would be too large."""
    if n_samples * n_levels > _MOST_ROWS:
        n_levels = 0
    n_cells = min(n_samples, _MOST_CELLS)
    rows = np.empty((2, n_levels, n_samples), np.int32)
    states = np.empty((2, n_levels, n_cells), np.int32)
    return RefinedCells(
        rows[0], rows[1], states[0], states[1],
        np.zeros((n_levels, n_cells + 1), np.int64), np.zeros((n_levels, n_cells), np.int64),
        np.zeros((n_levels, 2), np.int64), np.full(n_levels + 1, -1, np.int64),
    )  # fmt: skip


@kernel
def start_cells(data: CodedColumns, x: int, y: int, cells: RefinedCells) -> bool:
    """Fill level 0, where all rows are one stratum, if there is room for it."""
    cells.columns[:] = -1
    n_x, n_y = data.n_states[x], data.n_states[y]
    x_codes, y_codes = data.codes[x], data.codes[y]
    if n_x * n_y > _PLACES_PER_ROW * x_codes.size + 1024:
        return False
    place = np.zeros(n_x * n_y, np.int32)
    for t in range(x_codes.size):
        if x_codes[t] < n_x and y_codes[t] < n_y:
            place[np.int64(x_codes[t]) * n_y + np.int64(y_codes[t])] = 1
    if place.sum() > cells.x.shape[1]:
        return False
    n_cells = 0
    for k in range(place.size):
        if place[k] > 0:
            cells.x[0, n_cells], cells.y[0, n_cells] = k // n_y, k % n_y
            place[k] = n_cells
            n_cells += 1
    n_rows = 0
    for t in range(x_codes.size):
        if x_codes[t] < n_x and y_codes[t] < n_y:
            cells.rows[0, n_rows] = t
            cells.cell_of[0, n_rows] = place[np.int64(x_codes[t]) * n_y + np.int64(y_codes[t])]
            n_rows += 1
    cells.starts[0, 1] = n_cells
    cells.n[0, 0], cells.n[0, 1] = n_rows, 1
    cells.columns[0], cells.columns[1] = x, y
    return True


@kernel
def count_states(
    cells: RefinedCells,
    level: int,
    codes: NDArray[Any],
    n_states: int,
    weights: NDArray[np.int64],
) -> NDArray[np.int32]:
    """Count the states of a further column in each cell of a level.

    Empty where that takes too much room.
    """
    rows, cell_of = cells.rows[level], cells.cell_of[level]
    n_places = cells.starts[level, cells.n[level, 1]] * n_states
    if n_places > _PLACES_PER_ROW * codes.size + 1024:
        return np.empty(0, np.int32)
    counts = np.zeros(max(n_places, 1), np.int32)
    for i in range(cells.n[level, 0]):
        state = np.int64(codes[rows[i]])
        if state < n_states:
            counts[cell_of[i] * n_states + state] += 1 if weights.size == 0 else weights[rows[i]]
    return counts


@kernel
def both_vary(
    cells: RefinedCells,
    level: int,
    counts: NDArray[np.int32],
    n_states: int,
    stratum: int,
    state: int,
) -> bool:
    """Whether x and y both vary in the part of a stratum with one state of a further column."""
    x, y, starts = cells.x[level], cells.y[level], cells.starts[level]
    stop = starts[stratum + 1]
    cell = starts[stratum]
    while cell < stop and counts[cell * n_states + state] == 0:
        cell += 1
    if cell == stop:
        return False
    first_x, first_y = x[cell], y[cell]
    x_varies = y_varies = False
    for other in range(cell + 1, stop):
        if counts[other * n_states + state] > 0:
            x_varies |= x[other] != first_x
            y_varies |= y[other] != first_y
            if x_varies and y_varies:
                return True
    return False


@kernel
def split_strata(
    cells: RefinedCells, level: int, counts: NDArray[np.int32], n_states: int, position: int
) -> NDArray[np.int64]:
    """Strata of a level split by a further column, without those where x or y is constant.

    `position` is that of the column among those so far, by key. Returns an array of shape (3, n):
    the stratum of the level, the state of the column, and where it differs from the one before.
    """
    n_strata, differs = cells.n[level, 1], cells.differs[level]
    split = np.empty((3, n_strata * n_states), np.int64)
    n = 0
    where = np.int64(0)
    first = np.int64(0)
    while first < n_strata:
        stop = first + 1  # of the strata with the same states of the columns before
        while stop < n_strata and differs[stop] >= position:
            stop += 1
        where = min(where, differs[first])
        for state in range(n_states):
            for stratum in range(first, stop):
                if stratum > first:
                    where = min(where, differs[stratum] + 1)
                elif state > 0:
                    where = min(where, np.int64(position))
                if both_vary(cells, level, counts, n_states, stratum, state):
                    split[0, n], split[1, n], split[2, n] = stratum, state, where
                    n += 1
                    where = np.int64(position + n_strata * n_states)
        first = stop
    return split[:, :n]


@kernel
def refine_cells(
    cells: RefinedCells,
    level: int,
    codes: NDArray[Any],
    counts: NDArray[np.int32],
    n_states: int,
    split: NDArray[np.int64],
) -> bool:
    """Fill the next level with the cells of the strata `split`, if there is room for it."""
    starts, next_x, next_y = cells.starts[level], cells.x[level + 1], cells.y[level + 1]
    place = np.full(counts.size, -1, np.int32)
    n_cells = np.int64(0)
    for s in range(split.shape[1]):
        stratum, state = split[0, s], split[1, s]
        for cell in range(starts[stratum], starts[stratum + 1]):
            k = cell * n_states + state
            if counts[k] > 0:
                if n_cells == next_x.size:
                    return False
                next_x[n_cells], next_y[n_cells] = cells.x[level, cell], cells.y[level, cell]
                place[k] = n_cells
                n_cells += 1
        cells.starts[level + 1, s + 1] = n_cells
        cells.differs[level + 1, s] = split[2, s]
    rows, next_rows = cells.rows[level], cells.rows[level + 1]
    cell_of, next_cell_of = cells.cell_of[level], cells.cell_of[level + 1]
    n_rows = 0
    for i in range(cells.n[level, 0]):
        state = np.int64(codes[rows[i]])
        if state < n_states:
            cell = place[cell_of[i] * n_states + state]
            next_rows[n_rows] = rows[i]
            next_cell_of[n_rows] = cell
            n_rows += cell >= 0
    cells.n[level + 1, 0], cells.n[level + 1, 1] = n_rows, split.shape[1]
    return True


@kernel
def tables_of_cells(
    cells: RefinedCells,
    level: int,
    counts: NDArray[np.int32],
    n_states: int,
    split: NDArray[np.int64],
    n_y: int,
) -> SparseTables:
    """Tables of x and y in the strata `split`, of a level and a further column."""
    starts, x, y = cells.starts[level], cells.x[level], cells.y[level]
    most = min(cells.n[level, 0], counts.size)
    of_cells = np.empty((3, most), np.int64)
    margins = np.zeros((2, most), np.int64)
    ends = np.zeros((3, split.shape[1] + 1), np.int64)
    tables = SparseTables(
        of_cells[0], of_cells[1], of_cells[2], margins[0], margins[1], ends[0], ends[1], ends[2]
    )
    place = np.full(n_y, -1, np.int64)
    occurring = np.empty(x.size, np.int64)
    n_cells, n_rows, n_columns = np.int64(0), np.int64(0), np.int64(0)
    # Sums instead of branches, none of which could be foreseen.
    for s in range(split.shape[1]):
        n_occurring = 0
        for cell in range(starts[split[0, s]], starts[split[0, s] + 1]):
            occurring[n_occurring] = cell
            n_occurring += counts[cell * n_states + split[1, s]] > 0
        first_column = n_columns
        row_x = -1
        for i in range(n_occurring):
            cell = occurring[i]
            count = np.int64(counts[cell * n_states + split[1, s]])
            n_rows += x[cell] != row_x
            row_x = x[cell]
            is_new = place[y[cell]] < first_column
            column = n_columns if is_new else place[y[cell]]
            n_columns += is_new
            place[y[cell]] = column
            tables.counts[n_cells] = count
            tables.row_of[n_cells] = n_rows - 1
            tables.column_of[n_cells] = column
            tables.rows[n_rows - 1] += count
            tables.columns[column] += count
            n_cells += 1
        tables.cell_starts[s + 1] = n_cells
        tables.row_starts[s + 1] = n_rows
        tables.column_starts[s + 1] = n_columns
    return SparseTables(
        tables.counts[:n_cells], tables.row_of[:n_cells], tables.column_of[:n_cells],
        tables.rows[:n_rows], tables.columns[:n_columns], ends[0], ends[1], ends[2],
    )  # fmt: skip


@kernel
def position_by_key(keys: NDArray[np.uint64], columns: NDArray[np.int64], column: int) -> int:
    """Number of the columns with a lower key than a further column."""
    position = 0
    for c in columns:
        position += keys[c] < keys[column]
    return position


@kernel
def keep_cells(
    data: CodedColumns, x: int, y: int, given: NDArray[np.int64], cells: RefinedCells
) -> bool:
    """Fill the levels of x and y given one, two, ... of `given`, unless `cells` has them already.

    Returns whether there was room.
    """
    if cells.n.shape[0] <= given.size:
        return False
    if (cells.columns[0] != x or cells.columns[1] != y) and not start_cells(data, x, y, cells):
        return False
    for level in range(given.size):
        column = given[level]
        if cells.columns[level + 2] == column:
            continue
        cells.columns[level + 2 :] = -1
        codes, n_states = data.codes[column], data.n_states[column]
        counts = count_states(cells, level, codes, n_states, data.weights)
        if counts.size == 0:
            return False
        position = position_by_key(data.keys, given[:level], column)
        split = split_strata(cells, level, counts, n_states, position)
        if not refine_cells(cells, level, codes, counts, n_states, split):
            return False
        cells.columns[level + 2] = column
    return True
