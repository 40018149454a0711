"""Tables of Arrow in a stream: Parquet, Feather and Arrow files, folders of them, and streams."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd

from mistruct.data.columns import Door
from mistruct.data.frames import read_frame
from mistruct.data.notes import Found, Note, about_file
from mistruct.data.number_text import Words
from mistruct.data.packed.tally import Categories, Cells
from mistruct.errors import DataError

# Rows that are read at a time.
_ROWS = 1 << 18

#: The suffixes of files of Arrow, with the name that pyarrow has for each format.
FORMATS = {".parquet": "parquet", ".feather": "feather", ".arrow": "feather", ".ipc": "feather"}


class Batch(NamedTuple):
    """Batch of rows: columns by name, and marks of missing entries with their rows in it."""

    columns: dict[str, Cells]
    n_rows: int
    marks: Sequence[Found] = ()


class Source(Protocol):
    """A table that can be read twice, a batch of rows at a time."""

    names: list[str]
    decimal: str

    def said(self) -> list[Note]:
        """Notes on the source, complete once all of it has been read."""

    def read_as_text(self, names: Sequence[str]) -> None:
        """Read columns as text whose type was not the same in all batches."""

    def batches(self, names: Sequence[str]) -> Iterator[Batch]:
        """The rows of some columns, in order."""

    def size(self, n_first: int) -> tuple[int, int, int]:
        """Number of rows, bytes of text, and bytes held at a time; batches begin with `n_first`."""


class ArrowSource:
    """Files of Arrow or Parquet, or a folder of them."""

    def __init__(self, path: Path, form: str) -> None:
        from pyarrow import dataset

        options = None
        if form == "parquet":  # which otherwise buffers a file ahead, as far as memory allows
            options = dataset.ParquetFragmentScanOptions(pre_buffer=False)
        self._options = options
        self._table = dataset.dataset(path, format=form, partitioning="hive")
        schema = self._table.schema
        index = set(_index_columns(schema))
        self.names = [n for n in schema.names if n not in index]
        self._index = sorted(index)
        self.decimal = "."
        self._as_text: set[str] = set()

    def said(self) -> list[Note]:
        """Notes on the schema."""
        words = "the names of the rows are left out ({!r})"
        return [about_file("row names", words.format(n)) for n in self._index]

    def read_as_text(self, names: Sequence[str]) -> None:
        """Read truth values with gaps in some batches alike in all."""
        self._as_text |= set(names)

    def size(self, n_first: int) -> tuple[int, int, int]:
        """Number of rows, no text, and bytes of the first row group or batch."""
        first = next(self._table.get_fragments())
        groups = getattr(first, "row_groups", None)  # of Parquet
        held = groups[0].total_byte_size if groups else 8 * len(self.names) * n_first
        return self._table.count_rows(), 0, held

    def batches(self, names: Sequence[str]) -> Iterator[Batch]:
        """The rows of some columns, in order."""
        scanner = self._table.scanner(
            columns=list(names),
            batch_size=_ROWS,
            batch_readahead=2,
            fragment_readahead=1,
            fragment_scan_options=self._options,
        )
        for batch in scanner.to_batches():
            if batch.num_rows:
                cells = {
                    n: cells_of(n, batch.column(i), n in self._as_text) for i, n in enumerate(names)
                }
                yield Batch(cells, batch.num_rows)


def form_of_folder(path: Path) -> str | None:
    """The format of the files in a folder and its subfolders; None where none is known."""
    found = {FORMATS.get(p.suffix.lower()) for p in path.rglob("*.*") if p.is_file()} - {None}
    return found.pop() if len(found) == 1 else None


def spool(stream: Any, folder: Path) -> ArrowSource:
    """A stream, which may be read but once, as a file that can be read twice."""
    import pyarrow as pa

    path = folder / "spooled.parquet"
    if hasattr(stream, "sink_parquet"):  # LazyFrames of polars, which run in bounded memory
        stream.sink_parquet(path)
        return ArrowSource(path, "parquet")
    path = path.with_suffix(".arrow")
    try:
        reader = pa.RecordBatchReader.from_stream(stream)
    except pa.ArrowInvalid as error:
        raise DataError(f"a {type(stream).__name__} is no stream of tables: {error}") from None
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
    return ArrowSource(path, "feather")


def is_stream(source: object) -> bool:
    """Whether an object hands out batches of Arrow, or runs a query of polars into a file."""
    return hasattr(source, "__arrow_c_stream__") or hasattr(source, "sink_parquet")


def _index_columns(schema: Any) -> list[str]:
    """Columns that pandas has written as the names of rows."""
    written = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
    return [n for n in written.get("index_columns", []) if n in schema.names]


def cells_of(name: str, column: Any, gappy: bool = False) -> Cells:
    """One column of a batch, as the tallies take it; truth values may be `gappy` elsewhere."""
    import pyarrow as pa

    types, kind = pa.types, column.type
    if types.is_dictionary(kind):
        codes = column.indices.fill_null(-1) if column.null_count else column.indices
        return Categories(codes.to_numpy(), column.dictionary.to_pylist(), kind.ordered)
    if types.is_boolean(kind) and (gappy or column.null_count):
        codes = column.cast(pa.int8()).fill_null(-1).to_numpy()
        return Categories(codes, [False, True])
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        encoded = column.cast(pa.large_string()).dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy()
        return Words(codes, encoded.dictionary.to_pylist())
    if types.is_null(kind):
        return np.full(len(column), np.nan)
    if types.is_decimal(kind) or (types.is_integer(kind) and column.null_count):
        column = column.cast(pa.float64(), safe=False)
    elif not (types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind)):
        first = column.drop_null()[:1]
        if len(first):
            read_frame(pd.DataFrame({name: first.to_pandas()}), Door())  # says what is wrong
        return np.full(len(column), np.nan)
    values: Cells = column.to_numpy(zero_copy_only=False)
    return values
