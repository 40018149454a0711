"""Distinct rows in place of all rows, for questions that share their columns.

A search asks about few columns at a time: a pair, and the neighbours of one of the two. Millions of
rows have a few thousand distinct rows of these, which are found once, by the time of a few tests,
and answer all questions about any of these columns. Counts are the same, so the answers are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.data.derived import once_per_table
from mistruct.independence.protocol import Ragged
from mistruct.kernels.counts.bitsets import PackedColumns
from mistruct.kernels.counts.coded_columns import CodedColumns
from mistruct.kernels.counts.distinct_rows import distinct_rows
from mistruct.parallel import blocks_by_cost, run_blocks

# To find distinct rows: once, and for each row, and for each row and column.
_NANOSECONDS = 1e5
_NANOSECONDS_PER_ROW = 2.0
_NANOSECONDS_PER_ROW_AND_COLUMN = 0.2

# Weighed rows take so many times as long as rows of packed words may.
_FEWER = 32

# Memory to find them, which a table of few rows needs less of, and to keep what has been found.
_BYTES_PER_ROW, _MOST_BYTES_TO_FIND = 48, 12 << 21
_MOST_BYTES = 1 << 26


class Part(NamedTuple):
    """Questions that are answered from the same rows.

    Attributes
    ----------
    asked : ndarray of int
        Places of the questions.
    table : CodedColumns
        The rows.
    place : ndarray of int, shape (n_columns,)
        Place in it of each column of the whole table, -1 for those that it lacks.
    share : float
        The number of its rows as a share of that of all rows.
    """

    asked: Positions
    table: CodedColumns
    place: Positions
    share: float


@dataclass(eq=False)
class _Found:
    """Distinct rows that have been found, with their columns as the bits of a whole number."""

    parts: list[tuple[int, Part]] = field(default_factory=list)
    n_bytes: int = 0

    def best(self, mask: int, whole: Part) -> Part:
        """The fewest rows that have some columns."""
        having = (part for m, part in self.parts if m & mask == mask)
        return min(having, key=lambda part: part.share, default=whole)

    def keep(self, mask: int, part: Part) -> None:
        """Keep rows for the questions to come."""
        if self.n_bytes > _MOST_BYTES:
            self.parts.clear()
            self.n_bytes = 0
        self.parts.append((mask, part))
        self.n_bytes += part.table.codes.nbytes + part.table.weights.nbytes


@once_per_table
def _found(data: Dataset) -> _Found:
    return _Found()


def on_fewer_rows(
    data: Dataset,
    table: CodedColumns,
    pairs: Positions,
    others: Ragged,
    nanoseconds: NDArray[np.float64],
) -> list[Part]:
    """Cut questions into parts, each with rows that answer it.

    Question k is about ``pairs[k]`` and ``others[k]``, rows of the codes of `data`, which `table`
    holds, and takes so many nanoseconds by all rows, at most.
    """
    groups: dict[int, list[int]] = {}
    found = _found(data)
    for k in np.flatnonzero(nanoseconds > _NANOSECONDS).tolist():
        mask = sum({1 << c for c in (*pairs[k].tolist(), *others[k])})
        groups.setdefault(mask, []).append(k)
    whole = Part(np.arange(len(pairs)), table, np.arange(len(table.codes)), 1.0)
    known = {mask: found.best(mask, whole) for mask in groups}

    def rows(mask: int) -> Part:
        part, columns = known[mask], _columns(mask)
        if part is not whole and len(columns) == len(part.table.codes):
            return part
        costly = nanoseconds[groups[mask]].sum() * part.share
        return _distinct(part, columns) if costly > _nanoseconds(part.table, columns) else part

    parts = []
    made = run_blocks(rows, list(groups), description="distinct rows")
    for (mask, asked), part in zip(groups.items(), made, strict=True):
        if part is not known[mask]:
            found.keep(mask, part)
        if part is not whole:
            parts.append(part._replace(asked=np.array(asked)))
    rest = np.delete(whole.asked, [k for part in parts for k in part.asked])
    return [*parts, whole._replace(asked=rest)]


def cut_parts(
    parts: Sequence[Part], nanoseconds: NDArray[np.float64]
) -> list[tuple[Part, Positions]]:
    """Blocks of the questions of each part that take about equally long."""
    return [
        (part, part.asked[block])
        for part in parts
        for block in blocks_by_cost(len(part.asked), nanoseconds[part.asked] * part.share)
    ]


def bytes_of_distinct_rows(n_samples: int) -> int:
    """Memory to find the distinct rows of some columns."""
    return min(_BYTES_PER_ROW * n_samples, _MOST_BYTES_TO_FIND)


def _nanoseconds(table: CodedColumns, columns: Positions) -> float:
    """Expected time for the distinct rows of some columns."""
    of_row = _NANOSECONDS_PER_ROW + _NANOSECONDS_PER_ROW_AND_COLUMN * len(columns)
    return _NANOSECONDS + of_row * int(table.codes.shape[1])


def _columns(mask: int) -> Positions:
    return np.array([c for c in range(mask.bit_length()) if mask >> c & 1], dtype=np.int64)


def _distinct(of: Part, columns: Positions) -> Part:
    """Distinct rows of some columns of the whole table; the part as it is if they are too many."""
    table, chosen = of.table, of.place[columns]
    complete = table.packed.complete
    radix = (table.n_states + (not complete)).astype(np.int32)
    rows, weights = distinct_rows(table.codes, radix, table.weights, chosen)
    if not len(rows) or len(rows) * _FEWER > table.n_rows:
        return of
    none = np.zeros(len(chosen), dtype=np.int64)
    unpacked = PackedColumns(np.empty((0, 0), dtype=np.uint64), none, none - 1, complete)
    codes = table.codes[chosen[:, np.newaxis], rows]
    place = np.full(len(of.place), -1)
    place[columns] = np.arange(len(columns))
    return Part(
        of.asked,
        CodedColumns(
            codes, table.n_states[chosen], table.keys[chosen], unpacked, weights, table.n_rows
        ),
        place,
        len(rows) / table.n_rows,
    )
