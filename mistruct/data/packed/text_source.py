"""Delimited text in a stream: blocks of whole lines, each parsed as a file of its own would be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mistruct.data.dialects import TextOptions, find_dialect, without_comments
from mistruct.data.frames import check_distinct
from mistruct.data.missing_marks import Marks
from mistruct.data.notes import Note, about_file, in_rows
from mistruct.data.number_text import Words
from mistruct.data.packed.arrow_source import Batch
from mistruct.data.packed.tally import Cells
from mistruct.data.packed.word_tally import as_truth
from mistruct.data.text_files import Rows, Values, is_empty, parse_rows, take_rows
from mistruct.errors import DataError

# Bytes of a block of lines; the first one tells how the file is written.
_BLOCK = 1 << 24

#: The suffixes of text whose lines are read in a stream.
SUFFIXES = (".csv", ".tsv", ".txt")


class TextSource:
    """A file of delimited text, whose header names its columns.

    Of blanks around fields, comments and empty rows the same holds as of a file that is read whole.
    """

    def __init__(self, path: Path, suffix: str, marks: Marks, options: TextOptions) -> None:
        self._path, self._marks, self._asked = path, marks, options.comment
        first = next(self._blocks(), b"")
        body, genes, self._notes = without_comments(first, options.comment)
        if genes:
            raise DataError(
                "genes are the rows of this file; read it with mistruct.read_table, and pack that"
            )
        mark = options.comment or (first.lstrip(b' \t\r\n"')[:1].decode() if self._notes else "")
        self._comment = re.compile(rb"(?m)^" + re.escape(mark.encode()) + rb"[^\n]*\n?")
        self._within = mark != ""
        self._dialect = find_dialect(body, suffix, options)
        self.names = [n for n in self._dialect.names if n]
        check_distinct(self.names or [""])
        self.decimal = self._dialect.decimal
        self._text: set[str] = set()
        self._n_comments = self._n_empty = 0
        self._empty: list[int] = []

    def said(self) -> list[Note]:
        """Notes on the file, complete once all of it has been read."""
        notes = [*self._notes, *self._dialect.notes]
        if self._dialect.names[0] == "":
            words = "the first column, which has no name, is left out as it names the rows"
            notes.append(about_file("row names", words))
        if self._dialect.trailing:
            words = "each row ends with a separator, which is left out"
            notes.append(about_file("trailing separator", words))
        if self._n_comments:
            words = f"{self._n_comments} more lines of comment left out below the first ones"
            notes.append(about_file("comments", words, self._n_comments))
        if n := self._n_empty:
            rows = tuple(self._empty)
            words = f"{n} empty row{'s' if n > 1 else ''} left out ({in_rows(rows, n)})"
            notes.append(Note("empty rows", (), n, (words,), rows=rows))
        return notes

    def read_as_text(self, names: Sequence[str]) -> None:
        """Read columns as text that are numbers in some blocks only."""
        self._text |= set(names)

    def size(self, n_first: int) -> tuple[int, int, int]:
        """Number of rows and bytes as in the first block, and how much of it is held."""
        import pyarrow as pa

        first = next(self._blocks(), b"")
        n_bytes = self._path.stat().st_size
        if self._path.suffix.lower() not in SUFFIXES:
            packed = pa.Codec.detect(str(self._path)).compress(first)
            n_bytes = round(n_bytes * len(first) / max(1, len(packed)))
        return round(n_first * n_bytes / max(1, len(first))), n_bytes, 2 * len(first)

    def _blocks(self) -> Iterator[bytes]:
        """Whole lines, with whole quoted fields."""
        import pyarrow as pa

        with pa.input_stream(str(self._path), compression="detect") as file:
            rest = file.read(_BLOCK).removeprefix(b"\xef\xbb\xbf")
            ended = False
            while rest:
                end = len(rest) if ended else rest.rfind(b"\n") + 1
                while end and not ended and rest.count(b'"', 0, end) % 2:
                    end = rest.rfind(b"\n", 0, end - 1) + 1
                if end:
                    block, rest = rest[:end], rest[end:]
                    if not block.isascii():
                        block.decode("utf-8")  # or the error that says where it is none
                    yield block
                if not ended:
                    part = file.read(_BLOCK)
                    rest, ended = rest + part, not part

    def batches(self, names: Sequence[str]) -> Iterator[Batch]:
        """The rows of some columns, in order."""
        places = {n: i for i, n in enumerate(self._dialect.names) if n}
        text = [places[n] for n in self._text]
        lines = self._dialect.header_lines
        before = self._n_empty = self._n_comments = 0
        self._empty = []
        for i, block in enumerate(self._blocks()):
            rows = self._rows(block, i == 0)
            if not rows.strip():
                continue
            dialect = self._dialect._replace(header_lines=lines)
            parsed = parse_rows(Rows(rows), dialect, self._marks, text)
            lines += rows.count(b"\n")
            self._check_nameless(parsed.columns)
            chosen = {n: parsed.columns[places[n]] for n in names}
            n_rows = len(_codes(parsed.columns[0]))
            empty = _empty_rows(parsed.columns)
            if empty is not None:
                at = np.flatnonzero(empty)
                self._n_empty += len(at)
                self._empty = (self._empty + (at[:3] + before + 1).tolist())[:3]
                chosen = {n: take_rows(v, ~empty) for n, v in chosen.items()}
            before += n_rows
            column_of = {str(i): n for n, i in places.items() if n in chosen}
            marks = [
                m._replace(column=column_of[m.column])
                for m in parsed.marks
                if m.column in column_of
            ]
            n_rows -= 0 if empty is None else len(at)
            if n_rows:
                yield Batch({n: _cells(v) for n, v in chosen.items()}, n_rows, marks)

    def _rows(self, block: bytes, is_first: bool) -> bytes:
        """The rows of a block: without header and comments, and with one tab for blanks."""
        if is_first:
            block = without_comments(block, self._asked)[0]
            for _ in range(self._dialect.header_lines):
                block = block[block.find(b"\n") + 1 :]
        elif self._within:
            block, n = self._comment.subn(b"", block)
            self._n_comments += n
        if self._dialect.separator != " ":
            return block
        lines = (b"\t".join(line.split()) for line in block.splitlines())
        return b"\n".join(line for line in lines if line)

    def _check_nameless(self, columns: Sequence[Values]) -> None:
        for place, name in enumerate(self._dialect.names):
            if place and not name and not is_empty(columns[place]).all():
                raise DataError(f"column {place + 1} has no name in the header")


def _empty_rows(columns: Sequence[Values]) -> Any:
    """Rows without any entry; None where there is none."""
    empty: Any = True
    for values in columns:
        empty = is_empty(values) & empty
        if not empty.any():
            return None
    return empty


def _codes(values: Values) -> Any:
    return values.codes if isinstance(values, Words) else values


def _cells(values: Values) -> Cells:
    if isinstance(values, np.ndarray) and values.dtype.kind == "O":
        return as_truth(values)
    return values
