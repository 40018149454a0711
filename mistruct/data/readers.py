"""Reading tables from files: text, Parquet, Feather, AnnData and statistics programs.

The suffix names the format. What is told from the content (separator, comments, names of rows, a
row of units, annotation of genes) is noted, and nothing may shift: rows of different lengths and
names of rows that do not differ are refused.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mistruct.data.dataset import Dataset, Missing, make_dataset
from mistruct.data.dialects import TextOptions
from mistruct.data.door import Column, Door, Kind
from mistruct.data.frames import anndata_frame, read_weighed
from mistruct.data.gene_tables import (
    Duplicates,
    annotation_columns,
    annotation_note,
    merged_duplicates,
)
from mistruct.data.missing_marks import Marks
from mistruct.data.packed.table_folder import SUFFIX, open_table
from mistruct.data.patterns import by_pattern, no_column
from mistruct.data.programs import EXTRAS, READERS, read_program_file
from mistruct.data.table import settled
from mistruct.data.text_tables import read_text_table
from mistruct.data.weights import name_of_weights
from mistruct.decompressed import COMPRESSIONS, check_h5ad, check_parquet, read_bytes
from mistruct.errors import DataError, MistructError, ParameterError, Setting, check_choice

_TEXT = (".csv", ".tsv", ".txt", ".gct")
_ARROW = (".parquet", ".feather")
_LONGEST_REASON = 300  # characters of what a library says
_OF_TEXT = ("separator", "decimal", "comment", "header", "encoding")
_COMPRESSED = tuple(f"{s}{c}" for s in _TEXT[:3] for c in COMPRESSIONS)
_SUFFIXES = (*_TEXT, *_ARROW, ".h5ad", *READERS, SUFFIX)


@dataclass(frozen=True)
class _Request:
    """Options for reading a file."""

    index: str | None
    transpose: bool
    sheet: str | int | None
    layer: str | None
    obs: Sequence[str]
    duplicates: Duplicates | None
    text: TextOptions


def read_table(
    path: str | Path,
    *,
    index: str | None = None,
    transpose: bool = False,
    drop: Sequence[str] = (),
    kinds: Mapping[str, Kind] | None = None,
    missing: Missing = "raise",
    weights: str | None = None,
    missing_marks: Sequence[object] | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    comment: str | None = None,
    header: bool | None = None,
    encoding: str | None = None,
    sheet: str | int | None = None,
    layer: str | None = None,
    obs: Sequence[str] = (),
    duplicates: Duplicates | None = None,
    verify: bool = False,
) -> Dataset:
    """Read a file and check it.

    What was guessed, left out or read as missing stands in `notes` of the result, each with what
    would have it otherwise. Columns that name the rows are left out.

    Parameters
    ----------
    path : path
        The suffix tells the format: ``.csv``, ``.tsv`` and ``.txt``, also with ``.gz``, ``.bz2``,
        ``.xz``, ``.zst`` or ``.zip``; ``.gct``, ``.parquet``, ``.feather``, ``.h5ad``, ``.xlsx``,
        ``.dta`` (Stata), ``.sav`` and ``.zsav`` (SPSS), ``.sas7bdat`` and ``.xpt`` (SAS),
        ``.arff`` (Weka); ``.mistruct``, a folder of :func:`pack_table`, is opened without being
        read. A first column without a header, as pandas and R write it, names the rows.
    index : str, optional
        The column that names the rows.
    transpose : bool
        Variables are rows: the first column, or `index`, names them, columns that describe them
        are left out, and every other column is a sample. Not for ``.h5ad``.
    drop : sequence of str
        Columns to leave out, before anything is checked in them, or samples of a table that is
        turned; names may be patterns such as ``id_*``.
    kinds, missing, weights
        As in :func:`as_dataset`.
    missing_marks : sequence of str or number, optional
        Exactly what stands for missing beside empty fields, such as ``["?", -9]``. By default the
        usual marks do: ``NA``, ``NaN``, ``null``, ``?``, ``#DIV/0!`` and their like everywhere, in
        columns of numbers also ``.``, ``-``, ``none`` and their like.
    separator, decimal : str, optional
        Of text: the character between fields (a blank stands for any blanks), and the decimal
        mark. Told from the first lines by default.
    comment : str, optional
        Of text: how lines begin that are left out. By default ``#`` and ``!``, above the header.
    header : bool, optional
        Of text: whether there is a header row. By default there has to be; without one the columns
        are called ``x0``, ``x1``, ...
    encoding : str, optional
        Of text: by default UTF-8, or UTF-16 with a mark of the byte order.
    sheet : str or int, optional
        Of ``.xlsx``: the sheet, by name or by number from 0; the first by default.
    layer : str, optional
        Of ``.h5ad``: the layer to read instead of ``X``; ``"raw"`` is its ``raw``.
    obs : sequence of str
        Of ``.h5ad``: annotations of the cells to take along as columns.
    duplicates : {"sum", "mean", "first"}, optional
        Of ``.h5ad`` and of tables that are turned: what becomes of variables with one name, which
        are refused otherwise.
    verify : bool
        Of ``.mistruct``: compare every entry with its checksum, which takes as long as to read all
        of it. That the files are whole is checked in any case.

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
    suffix = _suffix_of(path)
    text = TextOptions(separator, decimal, comment, header, encoding)
    obs = [obs] if isinstance(obs, str) else list(obs)
    request = _Request(index, transpose, sheet, layer, obs, duplicates, text)
    _check_options(suffix, request)
    check_choice("missing", missing, ("raise", "testwise", "state"))
    drop = [drop] if isinstance(drop, str) else list(drop)
    marks, kinds = Marks(missing_marks), {} if kinds is None else kinds
    if suffix == SUFFIX:
        _refuse_of_packed(kinds=dict(kinds), weights=weights, missing_marks=missing_marks)
        with one_error(path, suffix):
            return open_table(path, missing=missing, drop=drop, verify=verify)
    if verify:
        raise ParameterError(Setting("verify"), f" is for {SUFFIX} tables, got a {suffix} file")
    door = Door(kinds, drop, marks=marks, file=True, weights=name_of_weights(weights, index))
    with one_error(path, suffix):
        path.open("rb").close()  # a missing file or a directory fails alike in every format
        columns, names = _read(path, suffix, request, door)
        return make_dataset(columns, door, missing, names)


def _refuse_of_packed(**options: Any) -> None:
    """Refuse what was settled when the table was packed."""
    for name, value in options.items():
        if value:
            raise ParameterError(
                Setting(name),
                f" is for tables that are not packed yet, got {value!r}; give it to "
                "mistruct.pack_table",
            )


def _read(
    path: Path, suffix: str, request: _Request, door: Door
) -> tuple[list[Column], pd.Index[Any] | None]:
    """Read the checked columns of a file, and the names of its rows."""
    plain = suffix.rpartition(".")[0] if suffix.endswith(COMPRESSIONS) else suffix
    if plain in _TEXT:
        return read_text_table(
            read_bytes(path),
            plain,
            door,
            request.text,
            request.index,
            request.transpose,
            request.duplicates,
        )
    if suffix == ".h5ad":
        frame = _read_h5ad(path, request)
        door.numbers = frozenset(map(str, frame.columns)) - set(request.obs)
    else:
        if suffix in _ARROW:
            frame = _read_arrow(path, suffix)
        else:
            frame = read_program_file(path, suffix, request.sheet, door)
        frame = _name_rows(frame, request.index, request.transpose)
        if request.transpose:
            frame = _turned(frame, door, request.duplicates)
    columns, names = read_weighed(frame, door)
    return settled(columns, door, refuse=False, genes=request.transpose), names


def _suffix_of(path: Path) -> str:
    """The suffix of a file name, with the suffix of a compression after it."""
    suffixes = [s.lower() for s in path.suffixes]
    suffix = "".join(
        suffixes[-2:] if suffixes[-1:] and suffixes[-1] in COMPRESSIONS else suffixes[-1:]
    )
    if suffix not in _SUFFIXES and suffix not in _COMPRESSED:
        shown = f"unknown suffix {suffix!r}" if suffix else "no suffix tells the format"
        raise DataError(
            f"{path}: {shown}; what can be read is {', '.join(_SUFFIXES)}, and "
            f"{', '.join(_TEXT[:3])} with {', '.join(COMPRESSIONS)}"
        )
    return suffix


def _check_options(suffix: str, request: _Request) -> None:
    """Raise ParameterError if an option does not apply to the format."""
    plain = suffix.removesuffix("".join(c for c in COMPRESSIONS if suffix.endswith(c)))
    is_text = plain in _TEXT
    belongs = {
        "index": suffix not in (".h5ad", SUFFIX),
        "transpose": suffix not in (".h5ad", SUFFIX),
        "sheet": suffix == ".xlsx",
        "layer": suffix == ".h5ad",
        "obs": suffix == ".h5ad",
        "duplicates": suffix == ".h5ad" or request.transpose or is_text,
        **dict.fromkeys(_OF_TEXT, is_text),
    }
    for name, fits in belongs.items():
        value = getattr(request.text if name in _OF_TEXT else request, name)
        if not fits and value not in (None, False, []):
            raise ParameterError(Setting(name), f" is not for {suffix} files, got {value!r}")
    request.text.check()
    if request.duplicates is not None:
        check_choice("duplicates", request.duplicates, ("sum", "mean", "first"))


@contextmanager
def one_error(path: Path, suffix: str) -> Iterator[None]:
    """Context manager: any error in reading a file becomes a DataError that names its path."""
    try:
        yield
    except ParameterError:
        raise
    except MemoryError as error:  # a broken file may ask for any amount
        raise DataError(f"{path}: takes more memory than there is: {error}") from None
    except MistructError as error:
        raise DataError(f"{path}: ", *error.args) from None
    except ImportError as error:
        extra = EXTRAS.get(suffix, "anndata" if suffix == ".h5ad" else "parquet")
        raise DataError(
            f"{path}: {suffix} files need {error.name}, which is not installed; "
            f'pip install "mistruct[{extra}]"'
        ) from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: is not UTF-8 text (byte 0x{error.object[error.start]:02x}); "
            "save it as UTF-8 first, or say what it is, as with ",
            Setting("encoding", "latin-1"),
        ) from None
    except LookupError as error:
        if "encoding" not in str(error):
            raise DataError(f"{path}: cannot be read as {suffix}: {error}") from None
        raise ParameterError(Setting("encoding"), f": {error}") from None
    except Exception as error:  # every library has exceptions of its own for a broken file
        if isinstance(error, OSError) and error.filename is not None:
            raise DataError(f"{path}: {error.strerror}") from None
        reason = next(iter(str(error).splitlines()), type(error).__name__)[:_LONGEST_REASON]
        raise DataError(f"{path}: cannot be read as {suffix}: {reason}") from None


def _read_arrow(path: Path, suffix: str) -> pd.DataFrame:
    from pyarrow import feather, parquet, types

    if suffix == ".parquet":
        check_parquet(path)
    read = parquet.read_table if suffix == ".parquet" else feather.read_table
    table = read(path)
    # Whole numbers with gaps would become floats.
    gaps = {c.type for c in table.columns if c.null_count and types.is_integer(c.type)}
    frame: pd.DataFrame = table.to_pandas(types_mapper={t: pd.ArrowDtype(t) for t in gaps}.get)
    return frame


def _read_h5ad(path: Path, request: _Request) -> pd.DataFrame:
    import anndata

    check_h5ad(path, request.layer)
    with warnings.catch_warnings():
        # About names that are not unique, for one, which the door refuses with an error.
        warnings.simplefilter("ignore")
        adata = anndata.read_h5ad(path)
    return anndata_frame(adata, request.layer, request.obs, request.duplicates)


def _name_rows(frame: pd.DataFrame, index: str | None, transpose: bool) -> pd.DataFrame:
    """Set the row names from the column `index`, or the first column if names are needed."""
    if index is not None and index != frame.index.name:
        if index not in frame.columns:
            raise no_column("index", index, list(map(str, frame.columns)))
        frame = frame.set_index(index)
    elif transpose and isinstance(frame.index, pd.RangeIndex):
        frame = frame.set_index(frame.columns[0])
    return frame


def _turned(frame: pd.DataFrame, door: Door, duplicates: Duplicates | None) -> pd.DataFrame:
    """Transpose a table, so that variables are columns, and drop samples by name."""
    numeric = [getattr(d, "kind", "O") in "iuf" for d in frame.dtypes]
    described = annotation_columns([str(c) for c in frame.columns], numeric)
    if described:
        door.notes.append(annotation_note(described))
        frame = frame.loc[:, [str(c) not in described for c in frame.columns]]
    turned = merged_duplicates(frame.T, duplicates)
    names, samples = list(map(str, turned.columns)), list(map(str, turned.index))
    drop = []
    for pattern in door.drop:
        try:
            drop += by_pattern("drop", pattern, names)
        except ParameterError:
            gone = set(by_pattern("drop", pattern, samples))
            turned = turned.loc[[str(i) not in gone for i in turned.index]]
    door.drop = drop
    return turned.convert_dtypes() if (turned.dtypes == "object").any() else turned
