"""Numbers that come in portions, counted by value while these are few."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.data.columns import (
    Column,
    Door,
    all_missing_error,
    infinite_error,
    is_whole,
    read_array,
)
from mistruct.data.packed.tally import Cells, Portion, Tally, changed_error

#: Distinct numbers of one column that are counted; with more it is continuous in any case.
MOST_NUMBERS = 1 << 16

# Whole numbers that span at most this range are counted by a histogram.
_HISTOGRAM_RANGE = 1 << 16


class NumberTally(Tally):
    """Numbers, NaN where missing, and truth values without gaps."""

    def __init__(self, name: str, door: Door) -> None:
        super().__init__(name, door)
        self._distinct: NDArray[Any] = np.zeros(0, dtype=np.uint8)
        self._times = np.zeros(0, dtype=np.int64)
        self._declared = door.kind(name) in ("discrete", "ordinal")
        self._counting = self._whole = self._counts_up = True
        self._truth = self._floats = False
        self._last: Any = None
        self._bounds: tuple[Any, Any] | None = None
        self._n_infinite, self._infinite = 0, (0.0, 0)

    def takes(self, cells: Cells) -> bool:
        """Whether a portion is of numbers, or of truth values, as those before."""
        return isinstance(cells, np.ndarray) and (
            not self.n_rows or self._truth == (cells.dtype.kind == "b")
        )

    def add(self, cells: NDArray[Any], portion: Portion) -> None:
        """Take a portion in."""
        self.n_rows += portion.total()
        self._truth = cells.dtype.kind == "b"
        self._floats = self._floats or cells.dtype.kind == "f"
        for mark, hit in self._marked(cells):
            self.found(f"{mark:g}", portion.rows[hit], int(hit.sum()))
        cells, times = self._unmarked(cells), portion.times
        if cells.dtype.kind == "f":
            missing = np.isnan(cells)
            if missing.any():
                self.n_missing += portion.total(missing)
                cells, times = cells[~missing], None if times is None else times[~missing]
                self._counts_up = False
            infinite = np.isinf(cells)
            if infinite.any():
                at = int(infinite.argmax())
                if not self._n_infinite:
                    row = int(portion.rows[~missing][at]) + 1
                    self._infinite = float(cells[at]), row
                self._n_infinite += int(infinite.sum())
                return
            self._whole = self._whole and (not len(cells) or is_whole(cells))
        if not len(cells):
            return
        low, high = cells.min(), cells.max()
        before = self._bounds or (low, high)
        self._bounds = min(before[0], low), max(before[1], high)
        self._counts_up = self._counts_up and self._goes_up(cells, times)
        self._counting = self._counting and (self._whole or self._declared)
        if self._counting:
            self._count(cells, times, low, high)

    def _marked(self, cells: NDArray[Any]) -> list[tuple[float, NDArray[np.bool_]]]:
        """The numbers that were asked to be marks, and where they stand."""
        if cells.dtype.kind == "b":
            return []
        hits = ((mark, cells == mark) for mark in self.door.marks.values)
        return [(mark, hit) for mark, hit in hits if hit.any()]

    def _unmarked(self, cells: NDArray[Any]) -> NDArray[Any]:
        for _, hit in self._marked(cells):
            cells = np.where(hit, np.nan, cells)
        return cells

    def _goes_up(self, cells: NDArray[Any], times: NDArray[np.int64] | None) -> bool:
        if self._truth or (times is not None and (times != 1).any()):
            return False
        before, self._last = self._last, cells[-1]
        follows = before is None or float(cells[0]) == float(before) + 1
        # The last one tells without looking at the others, but where there are gaps.
        return bool(
            follows
            and float(cells[-1]) - float(cells[0]) == len(cells) - 1
            and (cells[1:] > cells[:-1]).all()
        )

    def _count(
        self, cells: NDArray[Any], times: NDArray[np.int64] | None, low: Any, high: Any
    ) -> None:
        if cells.dtype.kind in "biu" and int(high) - int(low) < _HISTOGRAM_RANGE:
            counts = np.bincount(_offsets(cells, int(low)), times).astype(np.int64, copy=False)
            places = counts.nonzero()[0]
            distinct, counts = places + int(low), counts[places]
        else:
            distinct, place = np.unique(cells, return_inverse=True)
            counts = np.bincount(place, times).astype(np.int64, copy=False)
        if np.array_equal(distinct, self._distinct):
            self._times = self._times + counts
            return
        both = np.union1d(self._distinct, distinct)
        merged = np.zeros(len(both), dtype=np.int64)
        merged[np.searchsorted(both, self._distinct)] += self._times
        merged[np.searchsorted(both, distinct)] += counts
        self._distinct, self._times = both, merged
        self._counting = len(both) <= MOST_NUMBERS

    def finish(self) -> Column:
        """The column as the door reads its distinct values, or as a continuous one of many."""
        if self._n_infinite:
            raise infinite_error(self.name, self._n_infinite, *self._infinite)
        if self._bounds is None:
            raise all_missing_error(self.name)
        self.door.found += self.noted()
        if self._counting:
            values, times = self._distinct, self._times
            if self._truth:
                values = values.astype(np.bool_)
            elif self._floats or self.n_missing:
                values = values.astype(np.float64)
            if self.n_missing:
                values, times = np.append(values, np.nan), np.append(times, self.n_missing)
            column = self._read(read_array, values, times)
        elif self._declared:
            raise self._too_many(MOST_NUMBERS)
        else:
            column = self._continuous()
        return replace(column, counts_up=self._counts_up)

    def _continuous(self) -> Column:
        """A column whose values are not counted."""
        inferred = self.door.kind(self.name) is None
        nothing, rows = np.zeros(0), np.array([self.n_rows])
        if not self._whole or self._bounds is None:
            return Column(self.name, "continuous", inferred, nothing, None, "fractions", times=rows)
        words = f"whole numbers, more than {MOST_NUMBERS:,} distinct (at most 20 are discrete)"
        return Column(
            self.name,
            "continuous",
            inferred,
            nothing,
            None,
            "many values",
            self.n_rows if self._counts_up else MOST_NUMBERS + 1,
            (int(self._bounds[0]), int(self._bounds[1])),
            why=words if inferred else None,
            times=rows,
        )

    def encode(self, cells: NDArray[Any], column: Column) -> NDArray[Any]:
        """The codes or numbers of a portion of the column, as the door has left it."""
        cells = self._unmarked(cells)
        if column.states is None:
            return cells.astype(np.float64, copy=False)
        missing = np.isnan(cells) if cells.dtype.kind == "f" else None
        known = cells if missing is None else cells[~missing]
        codes = self._codes(known, column.values) if len(known) else known.astype(np.uint8)
        if missing is None or len(known) == len(cells):
            return codes
        result = np.full(len(cells), len(column.states), dtype=np.int64)
        result[~missing] = codes
        return result

    def _codes(self, known: NDArray[Any], codes: NDArray[Any]) -> NDArray[Any]:
        """Codes of numbers that are there, given those of the distinct ones."""
        assert self._bounds is not None
        low, high = self._bounds
        if known.min() < low or known.max() > high:
            raise changed_error()
        distinct = self._distinct
        if not self._whole or int(high) - int(low) >= _HISTOGRAM_RANGE:
            return np.asarray(codes[np.searchsorted(distinct, known)])
        if known.dtype.kind == "f":
            known = known.astype(np.int64)
        offsets = _offsets(known, int(low))
        n = len(distinct)
        if int(high) - int(low) == n - 1 and (codes[:n] == np.arange(n)).all():
            return offsets
        code_of = np.zeros(int(high) - int(low) + 1, dtype=np.uint16)
        code_of[distinct.astype(np.int64) - int(low)] = codes[:n]
        return np.asarray(code_of[offsets])


def _offsets(values: NDArray[Any], low: int) -> NDArray[Any]:
    """Whole numbers less the lowest of them, none by the whole range of the result."""
    if values.dtype.kind == "b":
        values = values.view(np.uint8)
    # Both steps wrap around modulo the range, in which every offset fits.
    smallest: Any = np.uint8 if values.dtype.itemsize == 1 else np.uint16
    return np.asarray(values.astype(smallest) - smallest(low % (np.iinfo(smallest).max + 1)))
