"""Tallies of a column that is read in portions: its distinct values and their counts.

The door decides about a column by its values and how many rows each has. So a column whose rows
come in portions is counted first, and the door is shown each distinct value once, with the rows
that it stands for; what it makes of these values then tells how to encode the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.data.columns import Column, Door
from mistruct.data.notes import Found
from mistruct.data.number_text import Words
from mistruct.errors import DataError

# So many rows are named where a mark of missing entries stands.
_MARK_ROWS = 3


class Categories(NamedTuple):
    """A portion of a column of categories or of truth values; the code is -1 where missing."""

    codes: NDArray[Any]
    states: list[Any]
    ordered: bool = False


Cells = NDArray[Any] | Words | Categories


class Portion(NamedTuple):
    """Rows of the source that a portion holds, counted from 0, and their weights."""

    rows: NDArray[np.int64]
    times: NDArray[np.int64] | None

    def total(self, which: NDArray[np.bool_] | None = None) -> int:
        """Sum of the weights of the rows, or of those that a mask marks."""
        if self.times is None:
            return len(self.rows) if which is None else int(which.sum())
        return int(self.times.sum() if which is None else self.times[which].sum())


class Tally:
    """The distinct values of one column that comes in portions."""

    def __init__(self, name: str, door: Door) -> None:
        self.name, self.door = name, door
        self.n_missing = self.n_rows = 0
        self._marks: dict[str, Found] = {}

    def takes(self, cells: Cells) -> bool:
        """Whether a portion is of the type of those before."""
        raise NotImplementedError

    def add(self, cells: Any, portion: Portion) -> None:
        """Take a portion in."""
        raise NotImplementedError

    def finish(self) -> Column | None:
        """The column as the door reads its distinct values; None where it names the rows."""
        raise NotImplementedError

    def encode(self, cells: Any, column: Column) -> NDArray[Any]:
        """The codes or numbers of a portion of the column, as the door has left it."""
        raise NotImplementedError

    def missing_in(self, column: Column) -> int:
        """Number of missing entries of the column."""
        if column.times is None or not len(column.values):
            return self.n_missing
        if column.states is None:
            return int(column.times[np.isnan(column.values)].sum())
        return int(column.times[column.values == len(column.states)].sum())

    def found(self, mark: str, rows: NDArray[np.int64], times: int) -> None:
        """Note a mark of missing entries in these rows."""
        before = self._marks.get(mark, Found(mark, self.name, 0, ()))
        first = (*before.rows, *(rows[:_MARK_ROWS] + 1).tolist())[:_MARK_ROWS]
        self._marks[mark] = before._replace(times=before.times + times, rows=first)

    def noted(self) -> list[Found]:
        """The marks that were noted."""
        return list(self._marks.values())

    def _read(
        self, read: Callable[[str, Any, Door], Column], values: Any, times: NDArray[np.int64]
    ) -> Column:
        """Read distinct values and their counts by the rules for whole tables."""
        door = replace(self.door, counts=times, found=[])
        column = read(self.name, values, door)
        # The door has seen each mark once; here it is known in which rows.
        self.door.found += [self._marks.get(f.mark, f) for f in door.found]
        return replace(column, times=times)

    def _too_many(self, most: int) -> DataError:
        return DataError(
            f"column {self.name!r} is declared {self.door.kind(self.name)} and has more than "
            f"{most:,} distinct values, of which no packed table keeps the states"
        )


def changed_error() -> DataError:
    """Make the error of a source that has changed when it is read again."""
    return DataError(
        "the source holds other values than when it was first read; pack it while nothing "
        "changes it"
    )
