"""The two passes over a source: what its columns hold, and then their rows, encoded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mistruct.data.columns import Column, Door
from mistruct.data.dataset import Dataset
from mistruct.data.frames import check_table
from mistruct.data.notes import Note, about_file, left_out
from mistruct.data.packed.arrow_source import Batch, Source
from mistruct.data.packed.number_tally import NumberTally
from mistruct.data.packed.progress import Progress
from mistruct.data.packed.row_writer import RowWriter
from mistruct.data.packed.table_folder import write_header
from mistruct.data.packed.tally import Cells, Portion, Tally
from mistruct.data.packed.word_tally import MOST_WORDS, WordTally
from mistruct.data.table import settled
from mistruct.data.weights import note_weights, whole_weights
from mistruct.errors import DataError

_ROWS = 1 << 18


def write_source(source: Source, door: Door, folder: Path, *, refuse: bool) -> None:
    """Write what comes in batches; `refuse` is of columns that name the rows."""
    check_table(source.names, 1, door)
    door.decimal = source.decimal
    names = [n for n in source.names if n not in door.dropped and n != door.weights]
    tallies, weights = _tallied(source, names, door)
    door.notes[:0] = source.said()
    if door.weights is not None:
        note_weights(door, weights.n_rows, weights.total, weights.n_zeros)
    columns = []
    for tally in tallies.values():
        column = tally.finish()
        if column is not None:
            columns.append(column)
        else:
            why = f"text with more than {MOST_WORDS:,} distinct values"
            door.notes.append(left_out([tally.name], why, "discrete"))
    columns = sorted(settled(columns, door, refuse=refuse), key=lambda c: c.name)
    missing = {c.name: tallies[c.name].missing_in(c) for c in columns}
    discrete = [c for c in columns if c.states is not None]
    continuous = [c for c in columns if c.states is None]
    writer = _writer(folder, columns, missing, weights.total)
    again = _Weights(door.weights)
    with writer:
        for batch in source.batches(_with_weights([c.name for c in columns], door)):
            portion, keep = again.rows(batch)
            done = min(max(0, writer.done_before - again.total + portion.total()), portion.total())
            if done == portion.total():
                continue  # by an earlier run
            codes, values = (
                [
                    _written_out(tallies[c.name].encode(_taken(batch, c.name, keep), c), portion)[
                        done:
                    ]
                    for c in some
                ]
                for some in (discrete, continuous)
            )
            writer.append(codes, values, portion.total() - done)
        arrays = writer.finish()
    _write_header(folder, columns, missing, weights.total, door.notes, arrays)


def write_dataset(data: Dataset, folder: Path) -> None:
    """Write a table that is in memory."""
    columns = [data.column(n) for n in sorted(data.names)]
    notes = list(data.notes)
    if data.index is not None:
        notes.append(about_file("row names", "the names of the rows are left out"))
    missing = {c.name: data.n_missing[c.name] for c in columns}
    writer = _writer(folder, columns, missing, data.n_samples)
    with writer:
        for start in range(0, data.n_samples, _ROWS):
            rows = slice(start, min(start + _ROWS, data.n_samples))
            codes, values = (
                [c.values[rows] for c in columns if (c.states is not None) == some]
                for some in (True, False)
            )
            writer.append(codes, values, rows.stop - rows.start)
        arrays = writer.finish()
    _write_header(folder, columns, missing, data.n_samples, notes, arrays)


def _writer(
    folder: Path, columns: Sequence[Column], missing: dict[str, int], n_samples: int
) -> RowWriter:
    if len(columns) < 2:
        raise DataError("the table has one column, and a structure needs at least two")
    for c in columns:
        strange = next((s for s in c.states or () if not isinstance(s, (str, int, float))), None)
        if strange is not None:
            raise DataError(
                f"column {c.name!r} has states of type {type(strange).__name__}, which a packed "
                "table cannot hold; make them text"
            )
    n_states = [len(c.states) for c in columns if c.states is not None]
    complete = not any(missing[c.name] for c in columns if c.states is not None)
    return RowWriter(folder, n_samples, n_states, len(columns) - len(n_states), complete)


def _write_header(
    folder: Path,
    columns: Sequence[Column],
    missing: dict[str, int],
    n_samples: int,
    notes: Sequence[Note],
    arrays: dict[str, object],
) -> None:
    content = {
        "names": [c.name for c in columns],
        "kinds": {c.name: c.kind for c in columns},
        "states": {c.name: c.states for c in columns if c.states is not None},
        "inferred": [c.name for c in columns if c.inferred],
        "why": {c.name: c.reason for c in columns},
        "n_missing": missing,
        "n_samples": n_samples,
        **arrays,
    }
    write_header(folder, content, notes)
    Progress(folder).end()


class _Weights:
    """The rows of the batches, as often as a column of weights says."""

    def __init__(self, name: str | None) -> None:
        self.name = name
        self.n_rows = self.n_zeros = self.total = 0

    def rows(self, batch: Batch) -> tuple[Portion, NDArray[np.bool_] | None]:
        """Rows of a batch in the source, and their places in it where some have no weight."""
        places = np.arange(self.n_rows, self.n_rows + batch.n_rows)
        self.n_rows += batch.n_rows
        if self.name is None:
            self.total += batch.n_rows
            return Portion(places, None), None
        cells = batch.columns[self.name]
        if not isinstance(cells, np.ndarray):
            cells = np.array([*cells.states, None], dtype=object)[cells.codes]
        counts = whole_weights(self.name, cells, int(places[0]))
        keep = counts > 0
        self.n_zeros += int((~keep).sum())
        self.total += int(counts.sum())
        return Portion(places[keep], counts[keep]), keep


def _taken(batch: Batch, name: str, keep: NDArray[np.bool_] | None) -> Cells:
    """The entries of a column in the rows that are kept."""
    cells = batch.columns[name]
    if keep is None:
        return cells
    return cells[keep] if isinstance(cells, np.ndarray) else cells._replace(codes=cells.codes[keep])


def _written_out(encoded: NDArray[np.generic], portion: Portion) -> NDArray[np.generic]:
    return encoded if portion.times is None else np.repeat(encoded, portion.times)


def _with_weights(names: Sequence[str], door: Door) -> list[str]:
    return [*names] if door.weights is None else [*names, door.weights]


def _tallied(source: Source, names: list[str], door: Door) -> tuple[dict[str, Tally], _Weights]:
    """Tallies of the columns; those that are numbers in some parts only are read again as text."""
    tallies: dict[str, Tally] = {}
    left = names
    while True:
        weights = _Weights(door.weights)
        new: dict[str, Tally] = {}
        mixed: set[str] = set()
        for batch in source.batches(_with_weights(left, door)):
            portion, keep = weights.rows(batch)
            for name in left:
                cells = _taken(batch, name, keep)
                if name not in new:
                    new[name] = (
                        NumberTally(name, door)
                        if isinstance(cells, np.ndarray)
                        else WordTally(name, door, cells)
                    )
                if name in mixed or not new[name].takes(cells):
                    mixed.add(name)
                    continue
                new[name].add(cells, portion)
            for mark in batch.marks:
                rows = np.array(mark.rows, dtype=np.int64) - 1 + portion.rows[0]
                if mark.column in new:
                    new[mark.column].found(mark.mark, rows, mark.times)
        if not weights.n_rows:
            raise DataError(f"the table has no rows (columns: {', '.join(map(repr, names[:5]))})")
        tallies |= new
        left = [n for n in left if n in mixed]
        if not left:
            return {n: tallies[n] for n in names}, weights
        source.read_as_text(left)
