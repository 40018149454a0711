"""Parsing of delimited text by pyarrow, or by pandas if pyarrow is not installed.

Nothing is taken for missing or for a number that the door would not take for it: marks of missing
entries are noted one by one, and digits that begin with a zero stay text. Both parsers are told
how the file is written by :mod:`mistruct.data.dialects`; neither guesses.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mistruct.data.dialects import Dialect, check_length
from mistruct.data.missing_marks import Marks
from mistruct.data.notes import Found
from mistruct.data.number_text import Words
from mistruct.errors import DataError

# Leading zeros are looked for in portions of so many bytes.
_PORTION = 1 << 18

Values = NDArray[Any] | Words


class Rows(NamedTuple):
    """The rows below the header: `data` from `start` on, which is not copied."""

    data: bytes
    start: int = 0

    @property
    def view(self) -> memoryview:
        """The rows as bytes, not copied."""
        return memoryview(self.data)[self.start :]

    @property
    def text(self) -> str:
        """The rows as text."""
        return str(self.view, "utf-8")

    def first(self, character: str) -> int:
        """The place of a character in `data`, -1 if there is none."""
        return self.data.find(character.encode(), self.start)


class Parsed(NamedTuple):
    """Columns of a file, and the marks of missing entries, whose column is a position."""

    columns: list[Values]
    marks: list[Found]


def parse(data: bytes, dialect: Dialect, marks: Marks, text: Sequence[int] = ()) -> Parsed:
    """Parse the rows below the header; the columns `text` are not parsed as numbers.

    Raises
    ------
    DataError
        Rows differ in length.
    """
    body = _body(data, dialect)
    n = len(dialect.names)
    quote = body.first(dialect.quote)
    if quote >= 0 and body.data.count(dialect.quote.encode(), quote) % 2:
        _check_quotes(body, dialect)
    try:
        import pyarrow
    except ImportError:
        return _with_pandas(body, dialect, n, text)
    try:
        return _with_pyarrow(body, dialect, marks, n, text)
    except pyarrow.ArrowInvalid:
        return _with_pyarrow(_repaired(body, dialect, n), dialect, marks, n, text)


def _body(data: bytes, dialect: Dialect) -> Rows:
    """The text below the header."""
    at = 0
    for _ in range(dialect.header_lines):
        at = data.find(b"\n", at) + 1
    if dialect.separator == " ":
        lines = (b"\t".join(line.split()) for line in data[at:].splitlines())
        return Rows(b"\n".join(line for line in lines if line))
    return Rows(data, at)


def _check_quotes(body: Rows, dialect: Dialect) -> None:
    """Raise DataError where a quote is opened and not closed."""
    try:
        for _ in _reader(body, dialect, strict=True):
            pass
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise DataError("a quote is opened and not closed") from None


def _reader(body: Rows, dialect: Dialect, *, strict: bool = False) -> Any:
    return csv.reader(
        io.StringIO(body.text, newline=""),
        delimiter=_separator(dialect),
        quotechar=dialect.quote,
        strict=strict,
    )


def _separator(dialect: Dialect) -> str:
    return "\t" if dialect.separator == " " else dialect.separator


def _repaired(body: Rows, dialect: Dialect, n_fields: int) -> Rows:
    """Rows without blank lines; DataError where they differ in length."""
    reader = _reader(body, dialect)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=_separator(dialect), quotechar=dialect.quote)
    for row in reader:
        if len(row) > 1 or "".join(row).strip():
            check_length(reader.line_num + dialect.header_lines, row, n_fields)
            writer.writerow(row)
    return Rows(out.getvalue().encode())


def _with_pyarrow(
    body: Rows, dialect: Dialect, marks: Marks, n: int, text: Sequence[int]
) -> Parsed:
    import pyarrow as pa

    table = _read_arrow(body, dialect, marks, n, text=text)
    types = table.schema.types
    gaps = [i for i in range(n) if table.column(i).null_count and not pa.types.is_string(types[i])]
    whole = [i for i in range(n) if pa.types.is_integer(types[i])]
    zeros = bool(whole) and _has_leading_zero(body, _separator(dialect))
    again = sorted({*gaps, *(whole if zeros else ())})
    marked: list[Found] = []
    codes = {}
    if again:
        # Only the text tells which mark stood there, and whether a number begins with a zero.
        raw = _read_arrow(body, dialect, marks, n, only=again)
        for place, i in enumerate(again):
            column = raw.column(place)
            if i in gaps:
                marked += _marks_in(i, column, marks)
            if zeros and i in whole and _begins_with_zero(column):
                codes[i] = _words(column)
    columns = [codes.get(i) or _values(table.column(i)) for i in range(n)]
    return Parsed(columns, [m for m in marked if int(m.column) not in codes])


def _read_arrow(
    body: Rows,
    dialect: Dialect,
    marks: Marks,
    n: int,
    *,
    text: Sequence[int] = (),
    only: Sequence[int] | None = None,
) -> Any:
    """Parse text with pyarrow; columns are called 0, 1, ..., and those in `only` are text."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    names = [str(i) for i in range(n)]
    # A block holds some rows at least, and enough of them that columns pay for their pieces.
    length = len(body.view)
    first = body.first("\n") + 1 - body.start
    block = max(1 << 20, 8 * (first if first > 0 else length), min(4096 * n, length // 2))
    chosen = None if only is None else [str(i) for i in only]
    as_text = chosen if chosen is not None else [str(i) for i in text]
    return arrow_csv.read_csv(
        pa.BufferReader(body.view),
        read_options=arrow_csv.ReadOptions(column_names=names, block_size=min(block, 1 << 30)),
        parse_options=arrow_csv.ParseOptions(
            delimiter=_separator(dialect),
            quote_char=dialect.quote,
            newlines_in_values=body.first(dialect.quote) >= 0,
        ),
        convert_options=arrow_csv.ConvertOptions(
            null_values=sorted(marks.in_numbers),
            strings_can_be_null=False,
            true_values=["True", "TRUE", "true"],
            false_values=["False", "FALSE", "false"],
            decimal_point=dialect.decimal,
            check_utf8=False,
            column_types=dict.fromkeys(as_text, pa.string()),
            include_columns=chosen,
        ),
    )


def _values(column: Any) -> Values:
    """Values of a column as numbers, truth values or text, with NaN or None where missing."""
    import pyarrow as pa

    if pa.types.is_temporal(column.type):
        column = column.cast(pa.string()).fill_null("")
    if pa.types.is_string(column.type):
        return _words(column)
    if pa.types.is_null(column.type):
        return np.full(len(column), np.nan)
    if pa.types.is_boolean(column.type) and column.null_count:
        return np.array(column.to_pylist(), dtype=object)
    if column.num_chunks == 1:
        values: NDArray[Any] = column.chunk(0).to_numpy(zero_copy_only=False)
        return values
    return np.asarray(column.to_numpy())


def _words(column: Any) -> Words:
    encoded = column.combine_chunks().dictionary_encode()
    if hasattr(encoded, "chunks"):  # text beyond what one array can hold
        encoded = column.dictionary_encode().unify_dictionaries().combine_chunks()
    return Words(encoded.indices.to_numpy(), encoded.dictionary.to_pylist())


def _marks_in(i: int, column: Any, marks: Marks) -> list[Found]:
    """Marks of missing entries in a column of numbers, with their counts and first rows."""
    words = _words(column)
    counts = np.bincount(words.codes, minlength=len(words.states))
    found = []
    for code, state in enumerate(words.states):
        mark = state.strip()
        if mark and mark in marks.in_numbers:
            rows = tuple((np.flatnonzero(words.codes == code)[:3] + 1).tolist())
            found.append(Found(mark, str(i), int(counts[code]), rows))
    return found


def _begins_with_zero(column: Any) -> bool:
    from pyarrow import compute

    found = compute.any(compute.match_substring_regex(column, r"^\s*[+-]?0[0-9xX]"))
    return bool(found.as_py())


def _has_leading_zero(body: Rows, separator: str) -> bool:
    """Whether a field may begin with a zero and another digit, or with 0x as codes do."""
    text = np.frombuffer(body.view, dtype=np.uint8)
    starts = [ord(c) for c in (separator, "\n", '"', "'", " ")]
    for start in range(-1, len(text) - 2, _PORTION):
        part = text[max(start, 0) : start + _PORTION + 2]
        if start < 0:  # the text begins as if after the end of a line
            part = np.append(np.uint8(ord("\n")), part)
        digit = part[2:] - np.uint8(ord("0")) < 10
        found = (part[1:-1] == ord("0")) & (digit | (part[2:] | 32 == ord("x")))
        if found.any() and np.isin(part[:-2][found], starts).any():
            return True
    return False


def _with_pandas(body: Rows, dialect: Dialect, n: int, text: Sequence[int]) -> Parsed:
    def read(content: Rows) -> pd.DataFrame:
        frame: pd.DataFrame = pd.read_csv(
            io.BytesIO(content.view),
            sep=_separator(dialect),
            header=None,
            names=list(range(n)),
            dtype=dict.fromkeys(text, str),
            quotechar=dialect.quote,
            decimal=dialect.decimal,
            na_filter=False,
            float_precision="round_trip",
            low_memory=False,
        )
        return frame

    try:
        frame = read(body)
        last = frame[n - 1]
        # pandas fills a short row, whose last column is empty therefore.
        if last.dtype.kind not in "iub" and (last.isna() | (last == "")).any():
            frame = read(_repaired(body, dialect, n))
    except pd.errors.ParserError:
        frame = read(_repaired(body, dialect, n))
    columns: list[Values] = []
    suspicious = _has_leading_zero(body, _separator(dialect))
    for i in range(n):
        values = frame[i].to_numpy()
        if values.dtype.kind == "O":
            codes, states = pd.factorize(values)
            columns.append(Words(codes, [str(s) for s in states]))
        else:
            columns.append(values)
    if suspicious:
        whole = [i for i in range(n) if frame[i].dtype.kind in "iu" and i not in text]
        raw = _with_pandas(body, dialect, n, [*text, *whole]).columns if whole else []
        for i in whole:
            words = raw[i]
            assert isinstance(words, Words)
            if any(re.match(r"\s*[+-]?0[\dxX]", s) for s in words.states):
                columns[i] = words
    return Parsed(columns, [])


def take_rows(values: Values, rows: NDArray[np.bool_]) -> Values:
    """Select some rows of a column."""
    if isinstance(values, Words):
        left, codes = np.unique(values.codes[rows], return_inverse=True)
        return Words(codes, [values.states[i] for i in left])
    return values[rows]


def is_empty(values: Values) -> NDArray[np.bool_]:
    """Mask of the rows with an empty field."""
    if isinstance(values, Words):
        blank: NDArray[np.bool_] = np.array([*(not s.strip() for s in values.states), True])
        empty: NDArray[np.bool_] = blank[values.codes]
        return empty
    if values.dtype.kind == "f":
        missing: NDArray[np.bool_] = np.isnan(values)
        return missing
    if values.dtype.kind == "O":
        return np.array([v is None for v in values])
    return np.zeros(len(values), dtype=bool)


def as_objects(values: Values) -> NDArray[Any]:
    """Convert a column to Python objects."""
    objects: NDArray[Any]
    if isinstance(values, Words):
        objects = np.array([*values.states, None], dtype=object)[values.codes]
    else:
        objects = values.astype(object)
    return objects


def as_array(values: Values) -> NDArray[Any]:
    """Convert a column to an array, of objects if it is text."""
    return as_objects(values) if isinstance(values, Words) else values
