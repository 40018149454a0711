"""Packing a table of any size: what its columns hold is found first, then its rows are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from narwhals.exceptions import NarwhalsError

from mistruct.atomic import replacing_folder, room_beside
from mistruct.data.columns import Door, Kind
from mistruct.data.dataset import Dataset, as_dataset
from mistruct.data.dialects import TextOptions
from mistruct.data.frames import is_anndata
from mistruct.data.missing_marks import Marks
from mistruct.data.packed.arrow_source import (
    FORMATS,
    ArrowSource,
    form_of_folder,
    is_stream,
    spool,
)
from mistruct.data.packed.progress import one_pack, token_of
from mistruct.data.packed.table_folder import SUFFIX, is_packed_table, open_table
from mistruct.data.packed.text_source import SUFFIXES, TextSource
from mistruct.data.packed.two_passes import write_dataset, write_source
from mistruct.data.readers import one_error, read_table
from mistruct.data.weights import name_of_weights
from mistruct.errors import DataError, Either, ParameterError, Setting

# Compressions that pyarrow opens as a stream.
_STREAMED = (".gz", ".bz2", ".zst")


def pack_table(
    source: Any,
    path: str | Path,
    *,
    drop: Sequence[str] = (),
    kinds: Mapping[str, Kind] | None = None,
    weights: str | None = None,
    missing_marks: Sequence[object] | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    comment: str | None = None,
    header: bool | None = None,
    encoding: str | None = None,
) -> Dataset:
    """Write a table of any size to a folder from which it is used without being read.

    The source is read twice in batches, in memory that does not grow with its rows: first for what
    its columns hold, then to write codes, bits and numbers. :func:`read_table` opens the folder in
    milliseconds, and every function takes what it returns. Columns come in the order of their
    names.

    Parameters
    ----------
    source : path, Dataset, table, or stream of Arrow
        A file that :func:`read_table` reads, or a folder of Parquet, Feather or Arrow files. Of
        these files, and of ``.csv``, ``.tsv`` and ``.txt`` as UTF-8, a part is held at a time;
        files of other formats are read whole. A LazyFrame of polars, a relation of DuckDB and
        whatever else has ``__arrow_c_stream__`` is written to a temporary file beside `path`
        first, since it may give its rows only once. Anything else is taken as by
        :func:`as_dataset`.
    path : path
        The folder to write, which ends in ``.mistruct``. It replaces a packed table of that name,
        and is there whole or not at all. A run that is killed leaves a hidden folder beside it;
        the next one of the same file and parameters goes on from there.
    drop, kinds, weights, missing_marks
        As in :func:`read_table`.
    separator, decimal, comment, header, encoding
        Of text, as in :func:`read_table`.

    Returns
    -------
    Dataset
        The table as it is opened, with missing entries left to ``testwise``.

    Raises
    ------
    DataError
        The source cannot be read or its table is refused as by :func:`read_table`; a column has
        more than 65,536 distinct numbers and is declared discrete; the disk is full; another run
        is packing a table of this name.
    ParameterError
        A parameter breaks its rule.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import mistruct as ms
    >>> path = Path(tempfile.mkdtemp(), "brca.mistruct")
    >>> ms.pack_table("examples/data/tcga_brca.csv", path)
    <Dataset: 220 rows, 1 discrete and 200 continuous columns, 0 missing entries (testwise)>
    >>> ms.read_table(path).n_samples
    220
    """
    path = Path(path)
    check_target(path)
    drop = [drop] if isinstance(drop, str) else list(drop)
    given = {} if kinds is None else dict(kinds)
    text = TextOptions(separator, decimal, comment, header, encoding)
    text.check()
    token = None
    if isinstance(source, (str, Path)) and Path(source).exists():
        settings = {"drop": drop, "kinds": sorted(given.items()), "weights": weights}
        settings |= {"marks": missing_marks, **vars(text)}
        token = token_of(Path(source), settings)
    with (
        one_pack(path) as alone,
        replacing_folder(path, token if alone else None) as folder,
        room_beside(path) as room,
    ):
        if isinstance(source, (str, Path)):
            file = Path(source)
            with one_error(file, file.suffix.lower()):
                found = source_of_file(file, text, missing_marks)
                if found is not None:
                    door = Door(given, drop, marks=Marks(missing_marks), file=True)
                    door.weights = name_of_weights(weights)
                    write_source(found, door, folder, refuse=False)
            if found is None:
                options = {k: v for k, v in vars(text).items() if v is not None}
                table = read_table(
                    file, kinds=given, drop=drop, weights=weights, missing="testwise",
                    missing_marks=missing_marks, **options,
                )  # fmt: skip
                write_dataset(table, folder)
        elif _is_held(source) or not is_stream(source):
            write_dataset(
                as_dataset(
                    source, kinds=kinds, drop=drop, weights=weights, missing="testwise",
                    missing_marks=missing_marks,
                ),
                folder,
            )  # fmt: skip
        else:
            door = Door(given, drop, marks=Marks(missing_marks, words=False))
            door.weights = name_of_weights(weights)
            write_source(spool(source, room), door, folder, refuse=True)
    return open_table(path, missing="testwise")


def check_target(path: Path) -> None:
    """Raise an error if no packed table can have this name."""
    if path.suffix.lower() != SUFFIX:
        raise ParameterError(Either("path", "OUTPUT"), f" must end in {SUFFIX}, got {str(path)!r}")
    if path.is_dir() and any(path.iterdir()) and not is_packed_table(path):
        raise DataError(f"cannot write {str(path)!r}: it is a folder with other files")


def _is_held(source: Any) -> bool:
    """Whether a table is in memory already."""
    if isinstance(source, (Dataset, pd.DataFrame, np.ndarray)) or is_anndata(source):
        return True
    try:
        return isinstance(nw.from_native(source, pass_through=True, eager_only=True), nw.DataFrame)
    except NarwhalsError:  # the door says what is wrong
        return True


def source_of_file(
    path: Path, text: TextOptions, marks: Sequence[object] | None
) -> TextSource | ArrowSource | None:
    """A file or folder as a source of batches; None where its format is read whole."""
    if is_packed_table(path):
        return None
    if path.is_dir():
        _refuse_text_options(text, "folders of")
        form = form_of_folder(path)
        if form is None:
            raise DataError(f"a folder must hold files of one format ({', '.join(FORMATS)})")
        return ArrowSource(path, form)
    with path.open("rb") as file:  # a missing file fails alike in every format
        begin = file.read(2)
    suffix = path.suffix.lower()
    if suffix in FORMATS:
        _refuse_text_options(text, suffix)
        return ArrowSource(path, FORMATS[suffix])
    plain = path.with_suffix("").suffix.lower() if suffix in _STREAMED else suffix
    if plain in SUFFIXES and text.encoding is None and begin not in (b"\xff\xfe", b"\xfe\xff"):
        return TextSource(path, plain, Marks(marks), text)
    return None


def _refuse_text_options(text: TextOptions, what: str) -> None:
    for name, value in vars(text).items():
        if value is not None:
            raise ParameterError(Setting(name), f" is not for {what} files, got {value!r}")
