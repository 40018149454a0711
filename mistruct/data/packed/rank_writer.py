"""Ranks of the continuous columns of a packed table, by an external sort.

A column is sorted in runs that fit into memory, which go to scratch files. Then splitters, taken at
equal steps from all runs, cut the range of values into intervals of a bounded number of entries;
these are merged one after another, and what equals a splitter, however often it occurs, needs no
merging. So the memory does not grow with the rows, and the scratch takes 16 bytes for each row.

A rank is kept as a whole number: twice the rank, ties averaged, less the sum of the smallest and
the largest one. It is exact, it is 0 in the middle, and that of the reversed column is its
negative; `mistruct.information` turns it into the same normal scores, to the last bit, as the
values would give.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mistruct.data.packed.progress import Progress, checksum
from mistruct.errors import DataError

#: The rank of a missing entry.
MISSING_RANK = np.iinfo(np.int32).min

#: Ranks of more rows do not fit into 32 bits.
MOST_ROWS = 2**31 - 2

# Rows that are sorted at a time, the step of the samples that splitters are chosen from, and the
# most entries that are merged at a time.
_RUN = 1 << 22
_STEP = 1 << 10
_MERGED = 1 << 21

# Entries after which it is noted how far the ranks are.
_SAID = 1 << 22

_RANK = np.dtype("<i4")

Ranks = NDArray[np.int32]


@dataclass(frozen=True)
class _Numbers:
    """A file of numbers, read and written at any place."""

    file: BinaryIO
    dtype: np.dtype[Any]
    first: int = 0

    def read(self, start: int, stop: int) -> NDArray[Any]:
        numbers = np.empty(stop - start, dtype=self.dtype)
        self.file.seek((self.first + start) * self.dtype.itemsize)
        if self.file.readinto(numbers.view(np.uint8).data) != numbers.nbytes:  # type: ignore[attr-defined]
            raise DataError("a file was cut short while the table was packed; pack it again")
        return numbers

    def write(self, start: int, numbers: NDArray[Any]) -> None:
        self.file.seek((self.first + start) * self.dtype.itemsize)
        self.file.write(np.ascontiguousarray(numbers, dtype=self.dtype).data)


def bytes_of_scratch(n_samples: int) -> int:
    """Bytes on disk that the ranking of a column takes for a time."""
    return 0 if n_samples <= _RUN else 16 * n_samples


def write_ranks(
    values: Path, ranks: Path, n_columns: int, n_samples: int, progress: Progress
) -> dict[str, Any]:
    """Write the ranks of the columns in one file to another; its entry in the header.

    `varies` of the entry says of each column whether two of its entries differ. Columns that an
    earlier run has finished stay as they are.
    """
    nothing: tuple[list[int], list[bool]] = [], []
    crc, varies = progress.get(ranks.name) or nothing
    of_column = n_samples * _RANK.itemsize
    with values.open("rb") as source, ranks.open("r+b" if ranks.is_file() else "w+b") as target:
        target.truncate(n_columns * of_column)
        if any(checksum(target, i * of_column, of_column) != c for i, c in enumerate(crc)):
            crc, varies = [], []
        unsaid = 0
        for i in range(len(crc), n_columns):
            column = _Numbers(source, np.dtype("<f8"), i * n_samples)
            into = _Numbers(target, _RANK, i * n_samples)
            found, differ, done = 0, False, 0
            for part in _ranked(column, n_samples, ranks.parent):
                into.write(done, part)
                found = zlib.crc32(part.data, found)
                differ = differ or bool(((part != 0) & (part != MISSING_RANK)).any())
                done += len(part)
            crc.append(found)
            varies.append(differ)
            unsaid += n_samples
            if unsaid >= _SAID:
                target.flush()
                progress.say(**{ranks.name: (crc, varies)})
                unsaid = 0
    return {"dtype": _RANK.str, "shape": [n_columns, n_samples], "crc": crc, "varies": varies}


def _ranked(column: _Numbers, n: int, folder: Path) -> Iterator[Ranks]:
    """The ranks of a column, in runs of rows."""
    runs = [(a, min(a + _RUN, n)) for a in range(0, n, _RUN)]
    if len(runs) == 1:
        values, order = _in_order(column.read(0, n))
        yield _in_rows(_tied(values, 0, len(values)), order, n)
        return
    with ExitStack() as stack:
        held: list[np.dtype[Any]] = [np.dtype("<f8"), np.dtype("<i4"), _RANK]
        sorts, orders, ranks = (
            _Numbers(stack.enter_context(TemporaryFile(dir=folder)), dtype) for dtype in held
        )
        known, sampled = [], []
        for start, stop in runs:
            values, order = _in_order(column.read(start, stop))
            sorts.write(start, values)
            orders.write(start, order)
            known.append(len(values))
            sampled.append(values[::_STEP].copy())
        splitters = np.unique(np.sort(np.concatenate(sampled))[:: max(1, _MERGED // _STEP)])
        _merge(sorts, ranks, [a for a, _ in runs], known, splitters)
        for (start, stop), m in zip(runs, known, strict=True):
            found, order = ranks.read(start, start + m), orders.read(start, start + m)
            yield _in_rows(found, order, stop - start)


def _merge(
    sorts: _Numbers, ranks: _Numbers, starts: list[int], known: list[int], splitters: NDArray[Any]
) -> None:
    """Write the ranks of sorted runs, in the order of each run."""
    low, high = [], []  # where each splitter begins and ends in each run
    for start, m in zip(starts, known, strict=True):
        values = sorts.read(start, start + m)
        low.append(np.searchsorted(values, splitters, "left"))
        high.append(np.searchsorted(values, splitters, "right"))
    n, n_runs = sum(known), len(starts)
    begin = np.column_stack([np.zeros(n_runs, dtype=np.int64), np.array(high)])
    end = np.column_stack([np.array(low), np.array(known)])
    for k in range(len(splitters) + 1):  # what lies below each splitter, and above the last one
        pieces = [
            sorts.read(start + a, start + b)
            for start, a, b in zip(starts, begin[:, k], end[:, k], strict=True)
        ]
        values = np.concatenate(pieces)
        order = np.argsort(values)
        found = np.empty(len(values), dtype=np.int32)
        found[order] = _tied(values[order], int(begin[:, k].sum()), n)
        done = 0
        for start, a, piece in zip(starts, begin[:, k], pieces, strict=True):
            ranks.write(start + a, found[done : done + len(piece)])
            done += len(piece)
        if k < len(splitters):
            of_ties = int(end[:, k].sum() + begin[:, k + 1].sum()) - n
            for start, a, b in zip(starts, end[:, k], begin[:, k + 1], strict=True):
                ranks.write(start + a, np.full(b - a, of_ties, dtype=np.int32))


def _in_order(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """The known values in their order, and where each stands."""
    order = np.argsort(values).astype(np.int32)
    values = values[order]
    n_known = int(np.searchsorted(values, np.nan))  # which comes last
    return values[:n_known], order[:n_known]


def _tied(values: NDArray[Any], below: int, n: int) -> Ranks:
    """Doubled centred ranks of sorted values, of n in all, of which so many lie below these."""
    first = np.flatnonzero(np.append(True, values[1:] != values[:-1])[: len(values)])
    ends = np.append(first, len(values))[1:]
    return np.repeat((first + ends + 2 * below - n).astype(np.int32), ends - first)


def _in_rows(ranks: Ranks, order: NDArray[np.int32], n: int) -> Ranks:
    """Ranks in the order of rows, and what is missing."""
    result = np.full(n, MISSING_RANK, dtype=np.int32)
    result[order] = ranks
    return result
