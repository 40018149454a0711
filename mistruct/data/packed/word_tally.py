"""Text, categories and truth values with gaps that come in portions, counted by value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mistruct.data.columns import (
    Column,
    Door,
    all_missing_error,
    read_array,
    read_categories,
    read_text,
)
from mistruct.data.number_text import Words
from mistruct.data.packed.tally import Categories, Cells, Portion, Tally, changed_error
from mistruct.errors import DataError, Setting

#: Distinct texts of one column that are counted; with more it names the rows.
MOST_WORDS = 1_000_000


class WordTally(Tally):
    """Text or categories."""

    def __init__(self, name: str, door: Door, cells: Words | Categories) -> None:
        super().__init__(name, door)
        self._type = type(cells)
        self._truth = isinstance(cells, Categories) and cells.states == [False, True]
        self._ordered = isinstance(cells, Categories) and cells.ordered
        self._index: dict[Any, int] = {}
        self._times = np.zeros(0, dtype=np.int64)
        self._first = np.zeros(0, dtype=np.int64)
        self._full = False

    def takes(self, cells: Cells) -> bool:
        """Whether a portion is of text, or of categories, as those before."""
        return type(cells) is self._type

    def add(self, cells: Words | Categories, portion: Portion) -> None:
        """Take a portion in."""
        self.n_rows += portion.total()
        places = np.asarray(cells.codes).astype(np.int64) + 1
        counts = np.bincount(places, portion.times, minlength=len(cells.states) + 1)
        counts = counts.astype(np.int64, copy=False)
        self.n_missing += int(counts[0])
        marks = self.door.marks
        for code, state in enumerate(cells.states if self._type is Words else ()):
            mark = state.strip()
            if mark and (mark in marks.in_numbers or mark in marks.in_words):
                rows = portion.rows[places == code + 1]
                self.found(mark, rows, len(rows))
        if self._full:
            return
        before = len(self._index)
        at = [self._index.setdefault(s, len(self._index)) for s in cells.states]
        n_new = len(self._index) - before
        if n_new:
            nothing = np.zeros(n_new, dtype=np.int64)
            self._times = np.concatenate([self._times, nothing])
            self._first = np.concatenate([self._first, nothing])
            first = np.zeros(len(counts), dtype=np.int64)
            first[places[::-1]] = portion.rows[::-1]
            new = np.array([i for i, place in enumerate(at) if place >= before], dtype=np.int64)
            self._first[np.array(at)[new]] = first[1:][new]
        np.add.at(self._times, np.array(at, dtype=np.int64), counts[1:])
        self._full = len(self._index) > MOST_WORDS

    def finish(self) -> Column | None:
        """The column as the door reads its distinct values; None where it names the rows."""
        seen = np.flatnonzero(self._times)
        if not len(seen):
            raise all_missing_error(self.name)
        every = list(self._index)
        states = [every[i] for i in seen]
        codes, times, first = np.arange(len(seen)), self._times[seen], self._first[seen]
        if self.n_missing:
            codes, times = np.append(codes, -1), np.append(times, self.n_missing)
            first = np.append(first, 0)
        if self._type is Words:
            column = self._read(read_text, Words(codes, states, times, first), times)
            if self._full:
                self._require_names(column)
                return None
            return column
        if self._truth:
            values = np.array([*states, None], dtype=object)[codes]
            return self._read(read_array, values, times)
        categories = pd.Categorical.from_codes(codes, pd.Index(states), ordered=self._ordered)
        return self._read(read_categories, categories, times)

    def _require_names(self, column: Column) -> None:
        """Raise DataError where a column of more texts than are counted is none of names."""
        if column.states is None:
            raise DataError(
                f"column {self.name!r} holds more than {MOST_WORDS:,} distinct numbers that are "
                "written in a form of their own, or beside marks of missing entries in some parts "
                "of the file only; write them as plain numbers first, or leave it out with ",
                Setting("drop", [self.name]),
            )
        if self.door.kind(self.name) is not None:
            raise self._too_many(MOST_WORDS)

    def encode(self, cells: Words | Categories, column: Column) -> NDArray[Any]:
        """The codes or numbers of a portion of the column, as the door has left it."""
        seen = np.flatnonzero(self._times)
        missing = np.nan if column.states is None else len(column.states)
        value_of = np.full(len(self._index) + 1, missing, dtype=np.float64)
        value_of[seen] = column.values[: len(seen)]
        try:
            places = [self._index[s] for s in cells.states]
        except KeyError:
            raise changed_error() from None
        values = value_of[np.array([*places, -1])]
        if column.states is not None:
            values = values.astype(np.min_scalar_type(len(column.states)))
        encoded: NDArray[Any] = values[cells.codes]
        return encoded


def as_truth(values: NDArray[Any]) -> Categories:
    """Truth values with None where missing."""
    codes = np.array([-1 if v is None else int(v) for v in values], dtype=np.int8)
    return Categories(codes, [False, True])
