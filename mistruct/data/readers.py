"""Files as tables: delimited text, Parquet, Feather and AnnData, by the suffix of the name.

Delimited text is where tables go wrong silently: pandas renames the second of two equal headers,
fills a short row with missing entries and turns whole numbers into floats where one is missing.
So the header is read on its own first, short rows are looked for where only they can be (the last
column has a gap), and whole numbers with gaps are read again as such.
"""

from __future__ import annotations

import csv
import gzip
import io
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from mistruct.data.columns import Kind
from mistruct.data.dataset import Dataset, Missing, as_dataset
from mistruct.data.frames import anndata_frame, check_distinct
from mistruct.errors import DataError, ParameterError, nearest_names

_SEPARATORS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
_SUFFIXES = (*_SEPARATORS, *(f"{s}.gz" for s in _SEPARATORS), ".parquet", ".feather", ".h5ad")

# A file with variables as rows is turned in portions of about this many entries.
_PORTION = 1_000_000


def read_table(
    path: str | Path,
    *,
    index: str | None = None,
    transpose: bool = False,
    drop: Sequence[str] = (),
    kinds: Mapping[str, Kind] | None = None,
    missing: Missing = "raise",
    layer: str | None = None,
    obs: Sequence[str] = (),
) -> Dataset:
    """Read a file and check it.

    Parameters
    ----------
    path : path
        The suffix tells the format: ``.csv`` (commas), ``.tsv`` and ``.txt`` (tabs), all three
        also with ``.gz``, ``.parquet``, ``.feather``, ``.h5ad``. Text is UTF-8 with one header
        row. A first column without a header, as pandas and R write it, names the rows.
    index : str, optional
        The column that names the rows.
    transpose : bool
        Variables are rows: the first column, or `index`, names them, and every other column is
        a sample. Not for ``.h5ad``.
    drop : sequence of str
        Columns to leave out, before anything is checked in them.
    kinds, missing
        As in :func:`as_dataset`. Empty fields of text and the usual marks (``NA``, ``NaN``,
        ``null``, ``None``, ``n/a``, ...) are missing; where one of them is a state of its own,
        read the file with ``pandas.read_csv(path, keep_default_na=False)`` and pass the result to
        :func:`as_dataset`.
    layer : str, optional
        Of a ``.h5ad`` file: the layer to read instead of ``X``.
    obs : sequence of str
        Of a ``.h5ad`` file: annotations of the cells to take along as columns.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        The file is not there or cannot be read as what its suffix says, its rows differ in
        length, or its table is refused by :func:`as_dataset`. The message begins with the path.
    ParameterError
        A parameter breaks its rule or does not belong to the format.

    Examples
    --------
    >>> import mistruct as ms
    >>> ms.read_table("examples/data/tcga_brca.csv")
    <Dataset: 220 rows, 1 discrete and 200 continuous columns, 0 missing entries (raise)>
    """
    path = Path(path)
    suffix = "".join(path.suffixes[-2:] if path.suffix.lower() == ".gz" else path.suffixes[-1:])
    suffix = suffix.lower()
    if suffix not in _SUFFIXES:
        shown = f"unknown suffix {suffix!r}" if suffix else "no suffix tells the format"
        raise DataError(f"{path}: {shown}; what can be read is {', '.join(_SUFFIXES)}")
    _check_options(suffix, {"index": index, "transpose": transpose, "layer": layer, "obs": obs})
    with _one_error(path, suffix):
        path.open("rb").close()  # a missing file or a directory fails alike in every format
        if suffix == ".h5ad":
            frame = _read_h5ad(path, layer, [obs] if isinstance(obs, str) else obs)
        elif suffix in (".parquet", ".feather"):
            frame = _turn(_name_rows(_read_arrow(path, suffix), index, transpose), transpose)
        elif transpose:
            frame = _read_transposed(path, suffix, index)
        else:
            frame = _read_text(path, suffix, index)
    drop = [drop] if isinstance(drop, str) else list(drop)
    if absent := [name for name in drop if name not in frame.columns]:
        raise _no_column("drop", absent[0], frame.columns)
    frame = frame.drop(columns=drop)
    try:
        return as_dataset(frame, kinds=kinds, missing=missing)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def _check_options(suffix: str, options: Mapping[str, Any]) -> None:
    """Refuse an option that does not belong to the format."""
    foreign = ("index", "transpose") if suffix == ".h5ad" else ("layer", "obs")
    for name in foreign:
        if options[name]:
            raise ParameterError(f"{name} is not for {suffix} files, got {options[name]!r}")


@contextmanager
def _one_error(path: Path, suffix: str) -> Iterator[None]:
    """Whatever goes wrong with a file becomes one DataError that begins with its path."""
    try:
        yield
    except (ParameterError, MemoryError):
        raise
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    except ImportError as error:
        extra = "anndata" if suffix == ".h5ad" else "parquet"
        raise DataError(
            f"{path}: {suffix} files need {error.name}, which is not installed; "
            f'pip install "mistruct[{extra}]"'
        ) from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: is not UTF-8 text (byte 0x{error.object[error.start]:02x}); "
            "save it as UTF-8 first"
        ) from None
    except Exception as error:  # every library has exceptions of its own for a broken file
        if isinstance(error, OSError) and error.filename is not None:
            raise DataError(f"{path}: {error.strerror}") from None
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise DataError(f"{path}: cannot be read as {suffix}: {reason}") from None


def _open_text(path: Path) -> IO[str]:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _rows(file: IO[str], suffix: str) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and fields of the rows that are not blank."""
    reader = csv.reader(file, delimiter=_SEPARATORS[suffix.removesuffix(".gz")])
    for row in reader:
        if len(row) > 1 or "".join(row).strip():
            yield reader.line_num, row


def _read_header(path: Path, suffix: str) -> list[str]:
    """The names of the columns; an empty one comes first where that column names the rows."""
    with _open_text(path) as file:
        first = list(islice(_rows(file, suffix), 2))
    if not first:
        raise DataError("the file is empty")
    header = first[0][1]
    if len(first) == 1:
        raise DataError(f"the file has a header ({', '.join(header[:5])}), but no rows")
    line, row = first[1]
    names = ["", *header] if len(row) == len(header) + 1 else header
    _check_length(line, row, len(names))
    if len(names) == 1:
        commas = _SEPARATORS[suffix.removesuffix(".gz")] == ","
        raise DataError(
            f"the file has one column, {names[0]!r}, and a structure needs at least two; fields of "
            f"{suffix} files are separated by {'commas' if commas else 'tabs'}"
        )
    return names


def _check_lengths(path: Path, suffix: str, n_fields: int) -> None:
    with _open_text(path) as file:
        for line, row in islice(_rows(file, suffix), 1, None):
            _check_length(line, row, n_fields)


def _check_length(line: int, row: list[str], n_fields: int) -> None:
    if len(row) != n_fields:
        raise DataError(
            f"rows differ in length: line {line} has {len(row)} field(s) instead of {n_fields}"
        )


def _read_text(path: Path, suffix: str, index: str | None) -> pd.DataFrame:
    names = _read_header(path, suffix)
    if "" in names[1:]:
        raise DataError(f"column {names.index('', 1) + 1} has no name in the header")
    check_distinct(names)
    options = {
        "sep": _SEPARATORS[suffix.removesuffix(".gz")],
        "compression": "gzip" if suffix.endswith(".gz") else None,
        "names": names,
        "header": 0,
        "encoding": "utf-8-sig",
    }
    try:
        frame = _parse(path, options)
    except pd.errors.ParserError:
        _check_lengths(path, suffix, len(names))
        raise
    # pandas fills a short row, which therefore has a gap in the last column.
    if frame.iloc[:, -1].isna().any():
        _check_lengths(path, suffix, len(names))
    if names[0] == "":
        unnamed = frame.set_index("").rename_axis(index=None)
        frame = unnamed if index is None else unnamed.reset_index(drop=True)
    return _name_rows(frame, index, False)


def _read_transposed(path: Path, suffix: str, index: str | None) -> pd.DataFrame:
    """Turn the text before it is parsed, so that each variable gets the type of its own values."""
    names = _read_header(path, suffix)
    if index is not None and index not in names:
        raise _no_column("index", index, names)
    at = names.index(index) if index is not None else 0
    portions = []
    with _open_text(path) as file:
        rows = islice(_rows(file, suffix), 1, None)
        while portion := list(islice(rows, max(1, _PORTION // len(names)))):
            for line, row in portion:
                _check_length(line, row, len(names))
            variables = [row.pop(at) for _, row in portion]
            text = io.StringIO(newline="")
            csv.writer(text).writerows(zip(*(row for _, row in portion), strict=True))
            frame = _parse(text, {"header": None, "skip_blank_lines": False})
            portions.append(frame.set_axis(variables, axis=1))
    return pd.concat(portions, axis=1).set_axis([*names[:at], *names[at + 1 :]], axis=0)


def _parse(source: Path | io.StringIO, options: Mapping[str, Any]) -> pd.DataFrame:
    """Parse delimited text; whole numbers with gaps become Int64, not float64."""

    def read(**more: Any) -> pd.DataFrame:
        if isinstance(source, io.StringIO):
            source.seek(0)
        frame: pd.DataFrame = pd.read_csv(source, low_memory=False, **options, **more)
        return frame

    frame = read()
    numbers = frame.select_dtypes("float")
    values = numbers.to_numpy()
    gaps = np.isnan(values)
    whole = gaps.any(axis=0) & (gaps | (np.floor(values) == values)).all(axis=0)
    if not whole.any():
        return frame
    # Only the text tells 1 from 1.0.
    again = list(numbers.columns[whole])
    nullable = read(usecols=again, dtype_backend="numpy_nullable")
    both: pd.DataFrame = pd.concat([frame.drop(columns=again), nullable], axis=1)[frame.columns]
    return both


def _read_arrow(path: Path, suffix: str) -> pd.DataFrame:
    from pyarrow import feather, parquet, types

    read = parquet.read_table if suffix == ".parquet" else feather.read_table
    table = read(path)
    # Whole numbers with gaps would become floats.
    gaps = {c.type for c in table.columns if c.null_count and types.is_integer(c.type)}
    frame: pd.DataFrame = table.to_pandas(types_mapper={t: pd.ArrowDtype(t) for t in gaps}.get)
    return frame


def _read_h5ad(path: Path, layer: str | None, obs: Sequence[str]) -> pd.DataFrame:
    import anndata

    with warnings.catch_warnings():
        # About names that are not unique, for one, which the door refuses with an error.
        warnings.simplefilter("ignore")
        return anndata_frame(anndata.read_h5ad(path), layer, obs)


def _name_rows(frame: pd.DataFrame, index: str | None, transpose: bool) -> pd.DataFrame:
    """Take the names of the rows from `index`, or where they must have names from column one."""
    if index is not None and index != frame.index.name:
        if index not in frame.columns:
            raise _no_column("index", index, frame.columns)
        frame = frame.set_index(index)
    elif transpose and isinstance(frame.index, pd.RangeIndex):
        frame = frame.set_index(frame.columns[0])
    return frame


def _turn(frame: pd.DataFrame, transpose: bool) -> pd.DataFrame:
    if not transpose:
        return frame
    turned = frame.T
    # Columns of several types have become objects, which know their types again only if told.
    return turned.convert_dtypes() if (turned.dtypes == "object").any() else turned


def _no_column(parameter: str, name: str, names: Iterable[str]) -> ParameterError:
    return ParameterError(f"{parameter}: there is no column {name!r}{nearest_names(name, names)}")
