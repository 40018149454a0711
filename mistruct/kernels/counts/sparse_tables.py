"""Sparse contingency tables of all strata, without empty cells.

A stratum in which x or y is constant says nothing about them and is left out. What remains is a
list of cells in the order of (stratum, x, y), whatever the number of states, with the totals of
the rows and columns that occur. It is read off a dense table or off rows sorted by stratum.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.counts.contingency import sort_by_stratum
from mistruct.kernels.counts.log_tables import log_factorial


class SparseTables(NamedTuple):
    """Cells and margins, stratum by stratum.

    Attributes
    ----------
    counts : ndarray of int64, shape (n_cells,)
        Of the cells that are not empty.
    row_of, column_of : ndarray of int64, shape (n_cells,)
        The place of each cell's row in `rows`, and of its column in `columns`.
    rows, columns : ndarray of int64
        The totals of the rows and columns that are not empty.
    cell_starts, row_starts, column_starts : ndarray of int64, shape (n_strata + 1,)
        Where each stratum starts in the arrays above, and the end.
    """

    counts: NDArray[np.int64]
    row_of: NDArray[np.int64]
    column_of: NDArray[np.int64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    cell_starts: NDArray[np.int64]
    row_starts: NDArray[np.int64]
    column_starts: NDArray[np.int64]


@kernel
def room_for_tables(n_cells: int, n_rows: int, n_columns: int, n_strata: int) -> SparseTables:
    """Allocate tables for at most this many cells, rows and columns."""
    starts = np.zeros((3, n_strata + 1), np.int64)
    cells = np.zeros((3, n_cells), np.int64)
    return SparseTables(
        cells[0], cells[1], cells[2], np.zeros(n_rows, np.int64), np.zeros(n_columns, np.int64),
        starts[0], starts[1], starts[2],
    )  # fmt: skip


@kernel
def close_stratum(tables: SparseTables, s: int, n_cells: int, n_rows: int, n_columns: int) -> int:
    """Keep stratum `s` if x and y vary in it; returns the number of the next stratum."""
    first_row, first_column = tables.row_starts[s], tables.column_starts[s]
    if n_rows - first_row < 2 or n_columns - first_column < 2:
        tables.rows[first_row:n_rows] = 0
        tables.columns[first_column:n_columns] = 0
        return s
    tables.cell_starts[s + 1] = n_cells
    tables.row_starts[s + 1] = n_rows
    tables.column_starts[s + 1] = n_columns
    return s + 1


@kernel
def cut_tables(tables: SparseTables, n_strata: int) -> SparseTables:
    """Tables without the memory that was not needed."""
    n_cells = tables.cell_starts[n_strata]
    return SparseTables(
        tables.counts[:n_cells],
        tables.row_of[:n_cells],
        tables.column_of[:n_cells],
        tables.rows[: tables.row_starts[n_strata]],
        tables.columns[: tables.column_starts[n_strata]],
        tables.cell_starts[: n_strata + 1],
        tables.row_starts[: n_strata + 1],
        tables.column_starts[: n_strata + 1],
    )


@kernel
def tables_of_counts(table: NDArray[np.int64], n_strata: int, n_x: int, n_y: int) -> SparseTables:
    """Make sparse tables from dense counts ``table[(stratum * n_x + x) * n_y + y]``."""
    n_cells = np.int64(0)
    for count in table:
        n_cells += count > 0
    tables = room_for_tables(
        n_cells, min(n_cells, n_strata * n_x), min(n_cells, n_strata * n_y), n_strata
    )
    place = np.empty(n_y, np.int64)
    kept = np.int64(0)
    for s in range(n_strata):
        cell, row, column = (
            tables.cell_starts[kept], tables.row_starts[kept], tables.column_starts[kept]
        )  # fmt: skip
        place[:] = -1
        for a in range(n_x):
            occurs = False
            for b in range(n_y):
                count = table[(s * n_x + a) * n_y + b]
                if count == 0:
                    continue
                occurs = True
                if place[b] < 0:
                    place[b] = column
                    column += 1
                tables.counts[cell] = count
                tables.row_of[cell] = row
                tables.column_of[cell] = place[b]
                tables.rows[row] += count
                tables.columns[place[b]] += count
                cell += 1
            row += occurs
        kept = close_stratum(tables, kept, cell, row, column)
    return cut_tables(tables, kept)


@kernel
def tables_of_rows(  # type: ignore[no-untyped-def]
    x: NDArray[Any],
    y: NDArray[Any],
    strata: NDArray[np.int32],
    weights: NDArray[np.int64],
    n_x: int,
    n_y: int,
    n_strata: int,
):
    """Make sparse tables from rows, for any number of states; also counts complete rows."""
    if strata.size == 0:
        strata = np.zeros(x.size, np.int32)
    order = sort_by_stratum(x, y, strata, n_x, n_y, n_strata)
    n = order.size
    tables = room_for_tables(n, n, n, min(n, n_strata))
    place = np.full(n_y, -1, np.int64)
    kept = np.int64(0)
    first = np.int64(0)
    n_complete = np.int64(0)
    while first < n:
        cell, row, column = (
            tables.cell_starts[kept] - 1, tables.row_starts[kept] - 1, tables.column_starts[kept]
        )  # fmt: skip
        stop = first
        while stop < n and strata[order[stop]] == strata[order[first]]:
            t, before = order[stop], order[stop - 1]
            new_row = stop == first or x[t] != x[before]
            row += new_row
            if new_row or y[t] != y[before]:
                cell += 1
            if place[y[t]] < 0:
                place[y[t]] = column
                column += 1
            weight = np.int64(1) if weights.size == 0 else weights[t]
            tables.counts[cell] += weight
            tables.row_of[cell] = row
            tables.column_of[cell] = place[y[t]]
            tables.rows[row] += weight
            tables.columns[place[y[t]]] += weight
            n_complete += weight
            stop += 1
        for i in range(first, stop):
            place[y[order[i]]] = -1
        closed = close_stratum(tables, kept, cell + 1, row + 1, column)
        if closed == kept:
            tables.counts[tables.cell_starts[kept] : cell + 1] = 0
        kept = closed
        first = stop
    return cut_tables(tables, kept), n_complete


@kernel
def rows_of_tables(tables: SparseTables) -> np.int64:
    """Number of rows in the strata that are kept."""
    n = np.int64(0)
    for total in tables.rows:
        n += total
    return n


@kernel
def table_probability(tables: SparseTables) -> float:
    """Probability of the observed cells given the margins (multivariate hypergeometric)."""
    log_probability = 0.0
    for total in tables.rows:
        log_probability += log_factorial(total)
    for total in tables.columns:
        log_probability += log_factorial(total)
    for count in tables.counts:
        log_probability -= log_factorial(count)
    for s in range(tables.row_starts.size - 1):
        n = tables.rows[tables.row_starts[s] : tables.row_starts[s + 1]].sum()
        log_probability -= log_factorial(n)
    return math.exp(log_probability)
