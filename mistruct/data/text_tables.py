"""Tables of delimited text: names, units, annotations, samples and empty columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mistruct.data.columns import Column, Door, read_array, read_text
from mistruct.data.dialects import Dialect, TextOptions, find_dialect, without_comments
from mistruct.data.frames import check_distinct, check_table
from mistruct.data.gene_tables import (
    NAMES_OF_GENES,
    Duplicates,
    annotation_columns,
    annotation_note,
    merged_duplicates,
    turn_note,
)
from mistruct.data.notes import Found, Note, about_file, in_rows, read_as_missing
from mistruct.data.number_text import Words
from mistruct.data.patterns import by_pattern, no_column
from mistruct.data.table import settled
from mistruct.data.text_files import Values, as_array, as_objects, is_empty, parse, take_rows
from mistruct.data.weights import rows_of_the_table, weigh, write_out, write_out_index
from mistruct.errors import DataError, ParameterError

# From so many columns on, rows that are named and all numeric may well be variables.
_GENES = 8


def read_text_table(
    data: bytes,
    suffix: str,
    door: Door,
    options: TextOptions,
    index: str | None,
    transpose: bool,
    duplicates: Duplicates | None,
) -> tuple[list[Column], pd.Index[Any] | None]:
    """Read the checked columns of delimited text, and the names of its rows."""
    text, genes, notes = without_comments(_as_utf8(data, options.encoding, door), options.comment)
    door.notes += notes
    dialect = find_dialect(text, suffix, options)
    door.notes += dialect.notes
    door.decimal = dialect.decimal
    if genes or transpose:
        return _read_turned(text, dialect, door, index, duplicates)
    return _read_upright(text, dialect, door, index)


def _as_utf8(data: bytes, encoding: str | None, door: Door) -> bytes:
    """Convert text to UTF-8, with plain line ends if others would mislead."""
    if encoding is not None:
        data = data.decode(encoding).removeprefix("\ufeff").encode()
    elif data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16").encode()
        door.notes.append(about_file("encoding", "the text is UTF-16"))
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.isascii():
        data.decode("utf-8")  # or the one error that says where it is none
    return data.replace(b"\r", b"\n") if b"\r" in data and b"\n" not in data else data


def _read_upright(
    text: bytes, dialect: Dialect, door: Door, index: str | None
) -> tuple[list[Column], pd.Index[Any] | None]:
    names = dialect.names
    named = [n for n in names[dialect.names[0] == "" :] if n]
    check_distinct(named or [""])
    check_table(named, 1, door)
    if index is not None and index not in names:
        raise no_column("index", index, named)
    parsed = parse(text, dialect, door.marks)
    table = dict(zip(_unique(names), parsed.columns, strict=True))
    table, row_names = _without_nameless(table, dialect, door)
    table = _without_units(_without_empty_rows(table, door), door)
    if row_names is not None:
        row_names = table.pop("")
        _check_row_names(row_names, dialect)
        if dialect.row_names:
            text_of = "the header is one name short, so the first field of each row names it"
            door.notes.append(about_file("row names", text_of))
    if index is not None:
        row_names = table.pop(index)
    places = _unique(names)
    door.found += [Found(f.mark, places[int(f.column)], f.times, f.rows) for f in parsed.marks]
    rows = None
    if door.weights is not None:
        rows = weigh(as_array(table.pop(door.weights)), door)
    if rows is not None:
        table = {n: take_rows(v, rows) for n, v in table.items()}
        row_names = None if row_names is None else take_rows(row_names, rows)
    with rows_of_the_table(rows, door):
        columns = [_column(n, v, door) for n, v in table.items() if n not in door.dropped]
    columns = write_out(columns, door)
    if not columns:
        raise DataError("no column is left")
    _notice_genes(columns, row_names, door)
    kept = settled(columns, door, refuse=False)
    if row_names is None:
        row_names = _named_by(columns, kept, table)
    names_of_rows = None if row_names is None else _index(row_names, index)
    return kept, write_out_index(names_of_rows, None, door)


def _unique(names: Sequence[str]) -> list[str]:
    """Make names unique: an empty one, other than the first, becomes its position and a colon."""
    return [n if n or i == 0 else f"{i}:" for i, n in enumerate(names)]


def _column(name: str, values: Values, door: Door) -> Column:
    if isinstance(values, Words):
        return read_text(name, values, door)
    return read_array(name, values, door)


def _without_nameless(
    table: dict[str, Values], dialect: Dialect, door: Door
) -> tuple[dict[str, Values], Values | None]:
    """Drop columns without name and values; returns the names of the rows separately."""
    empty = []
    for place, name in enumerate(_unique(dialect.names)):
        if dialect.names[place] or place == 0:
            continue
        if not is_empty(table[name]).all():
            if dialect.trailing:
                raise DataError(
                    f"rows have {len(dialect.names)} fields, but the header names "
                    f"{len(dialect.names) - 1} columns, and the last field is not always empty"
                )
            raise DataError(f"column {place + 1} has no name in the header")
        empty.append(name)
    for name in empty:
        del table[name]
    if dialect.trailing:
        door.notes.append(
            about_file("trailing separator", "each row ends with a separator, which is left out")
        )
    elif empty:
        s = "s" if len(empty) > 1 else ""
        door.notes.append(
            about_file("empty column", f"{len(empty)} empty column{s} without a name left out")
        )
    if dialect.names[0] == "":
        if is_empty(table[""]).all():
            del table[""]
            return table, None
        return table, table[""]
    return table, None


def _without_empty_rows(table: dict[str, Values], door: Door) -> dict[str, Values]:
    empty: Any = True
    for values in table.values():
        empty = is_empty(values) & empty
        if not empty.any():
            return table
    rows = np.flatnonzero(empty) + 1
    count = len(rows)
    if count == len(empty):
        raise DataError("all rows are empty")
    s = "s" if count > 1 else ""
    text = f"{count} empty row{s} left out ({in_rows(rows[:3].tolist(), count)})"
    door.notes.append(Note("empty rows", (), count, (text,), rows=tuple(rows[:3].tolist())))
    return {n: take_rows(v, ~empty) for n, v in table.items()}


def _without_units(table: dict[str, Values], door: Door) -> dict[str, Values]:
    """Drop a first row of units: text above numbers in each column of numbers."""
    units, n_rows = {}, 0
    for name, values in table.items():
        n_rows = len(values.codes if isinstance(values, Words) else values)
        if name == "" or name in door.dropped:
            continue
        if not isinstance(values, Words):
            if values.dtype.kind in "iufb" and not np.isnan(values[0]):
                return table
            continue
        first = int(values.codes[0]) if len(values.codes) else -1
        rest = [s for i, s in enumerate(values.states) if i != first and s.strip()]
        if first < 0 or not rest or (values.codes == first).sum() > 1:
            continue
        texts = pd.Series([values.states[first], *rest], dtype=object)
        numbers = pd.to_numeric(texts, errors="coerce").notna()
        if numbers[1:].all():
            if numbers[0]:
                return table
            units[name] = values.states[first].strip()
    if len(units) < 2 or not all(units.values()):
        return table
    shown = ", ".join(f"{u!r} of {n!r}" for n, u in list(units.items())[:2])
    door.notes.append(
        Note("units", tuple(units), 1, (f"row 1 is left out: it holds units ({shown})",), rows=(1,))
    )
    rows = np.arange(n_rows) > 0
    return {n: take_rows(v, rows) for n, v in table.items()}


def _check_row_names(values: Values, dialect: Dialect) -> None:
    """Raise DataError if names of rows repeat, as when the header lacks a name."""
    names = pd.Series(as_objects(values))
    twice = names[names.duplicated()]
    if len(twice):
        what = (
            "the header has one name fewer than the rows have fields, so the first field should "
            "name the rows"
            if dialect.row_names
            else "the first column has no name in the header, so it should name the rows"
        )
        name = twice.iloc[0]
        times = int((names.isna() if pd.isna(name) else names == name).sum())
        shown = "no value" if pd.isna(name) or name == "" else repr(str(name))
        raise DataError(f"{what}, but {shown} stands there in {times} rows; correct the header")


def _notice_genes(columns: Sequence[Column], row_names: Values | None, door: Door) -> None:
    """Add a note if rows look like variables."""
    first, others = None, columns
    called = isinstance(row_names, Words)
    if row_names is None:
        first, *others = columns
        called = bool(
            NAMES_OF_GENES.match(first.name)
            and first.inferred
            and first.rule == "words"
            and len(first.states or ()) == len(first.values)
        )
    numbers = [c for c in others if c.inferred and c.rule not in ("words", "boolean", "category")]
    if called and len(others) >= _GENES and len(numbers) == len(others):
        stems = {re.sub(r"\d+", "0", c.name) for c in others}
        if first is not None or len(stems) == 1:
            door.notes.append(turn_note())


def _named_by(
    columns: Sequence[Column], kept: Sequence[Column], table: dict[str, Values]
) -> Values | None:
    """Drop the first column of text if it differs in every row."""
    remaining = {c.name for c in kept}
    for c in columns:
        if c.name not in remaining and c.rule == "words" and c.distinct == len(c.values):
            return table[c.name]
    return None


def _index(values: Values, name: str | None) -> pd.Index[Any]:
    objects = as_objects(values)
    index: pd.Index[Any] = pd.Index(objects, name=name)
    return index.infer_objects() if index.dtype == object else index


def _read_turned(
    text: bytes, dialect: Dialect, door: Door, index: str | None, duplicates: Duplicates | None
) -> tuple[list[Column], pd.Index[Any] | None]:
    """Read a table whose rows are variables; numbers are transposed as one matrix."""
    names = dialect.names
    if index is not None and index not in names:
        raise no_column("index", index, names)
    at = names.index(index) if index is not None else 0
    parsed = parse(text, dialect, door.marks, [at])
    values = dict(enumerate(parsed.columns))
    empty = [i for i in values if not names[i] and i != at and is_empty(values[i]).all()]
    if dialect.trailing and not empty:
        raise DataError("the header lacks the name of the last column")
    for i in empty:
        del values[i]
    variables = [str(v).strip() for v in as_objects(values.pop(at))]
    numeric = [not isinstance(v, Words) and v.dtype.kind in "iuf" for v in values.values()]
    described = set(annotation_columns([names[i] for i in values], numeric))
    if described:
        door.notes.append(annotation_note([names[i] for i in values if names[i] in described]))
        values = {i: v for i, v in values.items() if names[i] not in described}
    values = _without_samples(values, names, variables, door)
    samples = pd.Index([names[i] for i in values])
    if all(not isinstance(v, Words) and v.dtype.kind in "iuf" for v in values.values()):
        found = _marks_of(parsed.marks, values, names)
        door.notes += read_as_missing(found, door.marks.asked or ())
        matrix: NDArray[Any] = np.array(list(values.values()))
    else:
        parsed = parse(text, dialect, door.marks, range(len(names)))
        matrix = np.array([as_objects(parsed.columns[i]) for i in values], dtype=object)
    if len(set(variables)) < len(variables):
        frame = pd.DataFrame(matrix, columns=variables)
        frame = merged_duplicates(frame, duplicates)
        matrix, variables = frame.to_numpy(), list(frame.columns)
    check_table(variables, len(matrix), door)
    turned = dict(zip(variables, np.ascontiguousarray(matrix.T), strict=True))
    rows = None
    if door.weights is not None:
        rows = weigh(turned.pop(door.weights), door)
    if rows is not None:
        turned = {n: row[rows] for n, row in turned.items()}
    with rows_of_the_table(rows, door):
        columns = [read_array(n, row, door) for n, row in turned.items() if n not in door.dropped]
    columns = settled(write_out(columns, door), door, refuse=False, genes=True)
    return columns, write_out_index(samples, rows, door)


def _without_samples(
    values: dict[int, Values], names: Sequence[str], variables: Sequence[str], door: Door
) -> dict[int, Values]:
    """Drop the samples that `drop` names; names of variables remain in `door`."""
    kept_drop = []
    for pattern in door.drop:
        try:
            by_pattern("drop", pattern, variables)
            kept_drop.append(pattern)
        except ParameterError:
            gone = set(by_pattern("drop", pattern, [names[i] for i in values]))
            values = {i: v for i, v in values.items() if names[i] not in gone}
    door.drop = kept_drop
    if not values:
        raise DataError("no sample is left")
    return values


def _marks_of(
    marks: Sequence[Found], values: dict[int, Values], names: Sequence[str]
) -> list[Found]:
    """Marks of missing entries in a matrix of numbers, by sample, with rows of the file."""
    return [
        Found(f.mark, names[int(f.column)], f.times, f.rows)
        for f in marks
        if int(f.column) in values
    ]
