"""Detection of the dialect of a delimited text file from its first lines.

What can be given is `TextOptions`; what is not given is guessed here: lines of comment above the
header, the separator, the decimal mark, the quote, and which names the header has. A guess is
used only if the first lines agree with it; that all lines do is checked when they are parsed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from mistruct.data.notes import Note, about_file
from mistruct.errors import DataError, ParameterError, Setting

_DEFAULT = {".csv": ",", ".tsv": "\t", ".txt": "\t", ".gct": "\t"}
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "blanks"}

# So much of a file, and so many of its rows, are looked at.
_HEAD = 1 << 16
_HEAD_LINES = 20
_ROWS = 200

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?$")
_COMMA_NUMBER = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?$")
_POINT_NUMBER = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?$")
# What may be thousands says nothing of the decimal mark.
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+$")
_GEO = (b"!series_matrix_table_begin", b"!series_matrix_table_end")


@dataclass(frozen=True)
class TextOptions:
    """Options for reading a text file; those that are None are detected."""

    separator: str | None = None
    decimal: str | None = None
    comment: str | None = None
    header: bool | None = None
    encoding: str | None = None

    def check(self) -> None:
        """Raise ParameterError if an option is invalid."""
        if self.separator is not None and (
            not isinstance(self.separator, str) or len(self.separator) != 1
        ):
            raise ParameterError(
                f"separator must be one character, or ' ' for any blanks, got {self.separator!r}"
            )
        if self.decimal not in (None, ".", ","):
            raise ParameterError(f"decimal must be '.' or ',', got {self.decimal!r}")
        if self.decimal is not None and self.decimal == self.separator:
            raise ParameterError(f"decimal and separator must differ, got {self.decimal!r} twice")


class Dialect(NamedTuple):
    """Dialect of a delimited text file.

    `names` has an empty name first where that column names the rows; `trailing` says that each row
    ends in a separator, which the header does not.
    """

    separator: str
    decimal: str
    quote: str
    names: list[str]
    header_lines: int
    trailing: bool
    row_names: bool
    genes: bool
    notes: list[Note]


def without_comments(data: bytes, comment: str | None) -> tuple[bytes, bool, list[Note]]:
    """Skip comments; returns the text, whether genes are its rows, and notes on what is skipped."""
    begin = data.find(_GEO[0])
    if comment is None and begin >= 0:
        start = data.find(b"\n", begin) + 1
        end = data.find(_GEO[1], start)
        note = about_file(
            "series matrix", "a GEO series matrix: its table is read, with genes as rows"
        )
        return data[start : end if end >= 0 else len(data)], True, [note]
    if comment is None and re.match(rb"#1\.[23]\s*\n\s*\d+\t\d+", data):
        start = data.find(b"\n", data.find(b"\n") + 1) + 1
        return data[start:], True, [about_file("GCT", "a GCT file: genes are rows")]
    marks: tuple[bytes, ...] = (b"#", b"!")
    if comment is not None:
        marks = (comment.encode(),) if comment else ()
    at, skipped, last = 0, 0, b""
    while marks and at < len(data):
        end = data.find(b"\n", at) + 1 or len(data)
        line = data[at:end].strip()
        if line and not line.lstrip(b'"').startswith(marks):
            break
        skipped += bool(line)
        last = line or last
        at = end
    if not skipped:
        return data, False, []
    body = data[at:]
    mark = last.lstrip(b'"')[:1] if comment is None else marks[0]
    if _is_header(last[len(mark) :], body):
        body, skipped = last[len(mark) :].lstrip() + b"\n" + body, skipped - 1
    if b"\n" + mark in body:
        inner = re.compile(rb"(?m)^" + re.escape(mark) + rb"[^\n]*\n?")
        skipped += len(inner.findall(body))
        body = inner.sub(b"", body)
    lines = "lines that begin" if skipped > 1 else "line that begins"
    text = f"{skipped} {lines} with {mark.decode()!r} left out"
    return body, False, [about_file("comments", text, skipped)] if skipped else []


def _is_header(line: bytes, body: bytes) -> bool:
    """Whether a comment line holds the names of the columns below it."""
    first = body[: body.find(b"\n") + 1 or len(body)].strip().decode("utf-8", "replace")
    for separator in "\t,;":
        fields = first.split(separator)
        names = line.decode("utf-8", "replace").split(separator)
        if len(fields) > 1 and any(_NUMBER.match(f.strip()) for f in fields):
            named = not any(_NUMBER.match(n.strip()) for n in names)
            return named and len(names) == len(fields)
    return False


def find_dialect(data: bytes, suffix: str, options: TextOptions) -> Dialect:
    """Detect the dialect of a text that begins with its header.

    Raises
    ------
    DataError
        The first lines are no table.
    """
    head = _head_of(data)
    if not head.strip():
        raise DataError("the file is empty")
    first_line = head.lstrip().splitlines()[0]
    default = _DEFAULT[suffix]
    separator = options.separator or _separator(head, default)
    quote = '"'
    if re.fullmatch(rf"'[^']*'({re.escape(separator)}'[^']*')+", first_line):
        quote = "'"
    rows = _rows(head, separator, quote)
    notes = []
    if options.separator is None and separator != default:
        notes.append(
            about_file(
                "separator",
                f"fields are separated by {_NAMES.get(separator, repr(separator))}",
                change=("otherwise: ", Setting("separator", default)),
            )
        )
    decimal = options.decimal or _decimal(rows, separator)
    if options.decimal is None and decimal == ",":
        notes.append(
            about_file(
                "decimal comma",
                "numbers are written with a decimal comma",
                change=("otherwise: ", Setting("decimal", ".")),
            )
        )
    if options.header is False:
        width = len(rows[0][1])
        names = [f"x{i}" for i in range(width)]
        return Dialect(separator, decimal, quote, names, 0, False, False, False, notes)
    names, trailing, row_names = _names(rows, suffix, separator)
    if options.header is None:
        _refuse_data_as_header(names, rows)
    return Dialect(separator, decimal, quote, names, rows[0][0], trailing, row_names, False, notes)


def _head_of(data: bytes) -> str:
    end, at = min(_HEAD, len(data)), -1
    for _ in range(_HEAD_LINES):
        at = data.find(b"\n", at + 1)
        if at < 0:
            end = len(data)
            break
    end = max(end, at)
    # A last line that is cut is none.
    cut = end if end == len(data) else data.rfind(b"\n", 0, end) + 1
    return data[:cut].decode("utf-8", "replace")


def _rows(head: str, separator: str, quote: str) -> list[tuple[int, list[str]]]:
    """Line numbers and fields of the first rows that are not blank."""
    if separator == " ":
        lines = enumerate(head.split("\n"), 1)
        return [(n, line.split()) for n, line in lines if line.strip()][:_ROWS]
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=separator, quotechar=quote)
    rows = ((reader.line_num, row) for row in reader if len(row) > 1 or "".join(row).strip())
    return list(islice(rows, _ROWS))


def _separator(head: str, default: str) -> str:
    """Detect the separator: the one by which header and rows agree on the most fields."""
    candidates = dict.fromkeys((default, ",", ";", "\t", "|"))
    best, widest = default, 1
    for separator in candidates:
        rows = _rows(head, separator, '"')
        widths = {len(row) for _, row in rows[1:]} or {len(rows[0][1])}
        n_names = len(rows[0][1])
        agrees = len(widths) == 1 and n_names in (max(widths) - 1, max(widths))
        # A name or a number with a comma in it may agree by chance, but on fewer fields.
        if agrees and n_names > widest:
            best, widest = separator, n_names
    if widest > 1:
        return best
    if len(_rows(head, default, '"')[0][1]) > 1:
        return default  # its rows differ in length, which will be said
    blank = _rows(head, " ", '"')
    widths = {len(row) for _, row in blank[1:]}
    if (
        default == "\t"
        and len(widths) == 1
        and len(blank[0][1]) in (*widths, *(w - 1 for w in widths))
    ):
        return " " if min(widths) > 1 else default
    return default


def _decimal(rows: Sequence[tuple[int, list[str]]], separator: str) -> str:
    if separator == ",":
        return "."
    fields = [f.strip() for _, row in rows[1:] for f in row]
    commas = sum(bool(_COMMA_NUMBER.match(f) and not _THOUSANDS.match(f)) for f in fields)
    points = sum(bool(_POINT_NUMBER.match(f)) for f in fields)
    return "," if commas > points else "."


def _names(
    rows: Sequence[tuple[int, list[str]]], suffix: str, separator: str
) -> tuple[list[str], bool, bool]:
    """Names of the columns, whether rows end in a separator, and whether rows have names."""
    header = [n.strip() for n in rows[0][1]]
    if len(rows) == 1:
        raise DataError(f"the file has a header ({', '.join(header[:5])}), but no rows")
    line, row = rows[1]
    trailing = row_names = False
    names = header
    if len(row) == len(header) + 1:
        trailing = all(r[-1:] == [""] for _, r in rows[1:])
        row_names = not trailing
        names = [*header, ""] if trailing else ["", *header]
    check_length(line, row, len(names))
    if len(names) == 1:
        raise DataError(
            f"the file has one column, {names[0]!r}, and a structure needs at least two; fields of "
            f"{suffix} files are separated by {_NAMES[_DEFAULT[suffix]]}, or by what is given as ",
            Setting("separator"),
        )
    return names, trailing, row_names


def check_length(line: int, row: Sequence[str], n_fields: int) -> None:
    """Raise DataError if a row has more or fewer fields than the header."""
    if len(row) != n_fields:
        raise DataError(
            f"rows differ in length: line {line} has {len(row)} field(s) instead of {n_fields}"
        )


def _refuse_data_as_header(names: Sequence[str], rows: Sequence[tuple[int, list[str]]]) -> None:
    """Raise DataError if the header holds only numbers, unless these count the columns."""
    if not all(_NUMBER.match(n) for n in names):
        return
    counted = [str(i) for i in range(len(names))]
    if names in (counted, [str(i + 1) for i in range(len(names))]):
        return
    whole = all(n.isdigit() for n in names) and len(set(names)) == len(names)
    fractions = any(_POINT_NUMBER.match(f) for f in rows[1][1])
    if whole and fractions and len(names) > 2:
        return  # names such as Entrez ids, above measurements
    shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    raise DataError(
        f"the first row holds numbers only ({shown}), so there seems to be no header; say so with ",
        Setting("header", False),
        ", or take them for names with ",
        Setting("header", True),
    )
