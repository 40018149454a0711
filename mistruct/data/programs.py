"""Reading the files of spreadsheets and statistics programs, with other libraries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from mistruct.data.door import Door
from mistruct.data.notes import about_file, listed
from mistruct.decompressed import check_sheets
from mistruct.errors import ParameterError, Setting, nearest_names


def read_program_file(path: Path, suffix: str, sheet: str | int | None, door: Door) -> pd.DataFrame:
    """Read a file of a spreadsheet or a statistics program as a DataFrame."""
    if suffix == ".xlsx":
        return _read_sheet(path, sheet, door)
    return READERS[suffix](path)


def _read_sheet(path: Path, sheet: str | int | None, door: Door) -> pd.DataFrame:
    import openpyxl  # noqa: F401  (pandas asks for it in other words)

    check_sheets(path)
    with pd.ExcelFile(path, engine="openpyxl") as book:
        names = [str(n) for n in book.sheet_names]
        chosen: Any = 0 if sheet is None else int(sheet) if str(sheet).isdigit() else sheet
        if sheet in names:
            chosen = sheet
        if chosen not in names and not (isinstance(chosen, int) and chosen < len(names)):
            raise ParameterError(
                Setting("sheet"), f": there is no sheet {sheet!r}{nearest_names(sheet, names)}"
            )
        frame = book.parse(chosen, keep_default_na=False, na_values=[""])
    if sheet is None and len(names) > 1:
        door.notes.append(
            about_file(
                "sheet",
                f"sheet {names[0]!r} of {len(names)} is read ({listed(names)})",
                change=("another: ", Setting("sheet", names[1])),
            )
        )
    empty = frame.isna()
    nameless = [c for c in frame.columns if str(c).startswith("Unnamed: ") and bool(empty[c].all())]
    rows = empty.all(axis=1)
    if len(nameless) or rows.any():
        text = f"{int(rows.sum())} empty rows and {len(nameless)} empty columns are left out"
        door.notes.append(about_file("empty", text))
    kept: pd.DataFrame = frame.loc[~rows].drop(columns=nameless).reset_index(drop=True)
    return kept


def _read_stata(path: Path) -> pd.DataFrame:
    # Stata labels regions as it labels grades, so its labels tell no order.
    return _labelled(pd.read_stata(path, order_categoricals=False))


def _read_spss(path: Path) -> pd.DataFrame:
    import pyreadstat

    frame, meta = pyreadstat.read_sav(
        str(path), apply_value_formats=True, formats_as_ordered_category=True
    )
    # SPSS knows the level of measurement of each variable.
    for name, measure in meta.variable_measure.items():
        column = frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype) and measure != "ordinal":
            frame[name] = column.cat.as_unordered()
        elif measure == "ordinal" and pd.api.types.is_numeric_dtype(column):
            frame[name] = pd.Categorical(column.convert_dtypes(), ordered=True)
    return _labelled(frame)


def _read_sas(path: Path) -> pd.DataFrame:
    import pyreadstat

    read = pyreadstat.read_xport if path.suffix.lower() == ".xpt" else pyreadstat.read_sas7bdat
    frame: pd.DataFrame = read(str(path))[0]
    return frame


def _read_arff(path: Path) -> pd.DataFrame:
    from scipy.io import arff

    with path.open(encoding="utf-8") as file:
        records, meta = arff.loadarff(file)
    frame = pd.DataFrame(records)
    for name, (kind, values) in ((n, meta[n]) for n in meta.names()):
        if kind == "nominal":
            text = frame[name].str.decode("utf-8")
            frame[name] = pd.Categorical(text, categories=list(values))
    return frame


def _labelled(frame: pd.DataFrame) -> pd.DataFrame:
    """Replace labels by values in columns that label only a few values, such as ``refused``."""
    for name in frame.columns:
        column = frame[name]
        if not isinstance(column.dtype, pd.CategoricalDtype):
            continue
        words = [c for c in column.cat.categories if isinstance(c, str)]
        if 0 < len(words) < len(column.cat.categories):
            frame[name] = column.astype(object)
    return frame


#: How each is read; a sheet has its own way.
READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".xlsx": lambda path: _read_sheet(path, None, Door()),
    ".dta": _read_stata,
    ".sav": _read_spss,
    ".zsav": _read_spss,
    ".sas7bdat": _read_sas,
    ".xpt": _read_sas,
    ".arff": _read_arff,
}

#: The extra that each needs; none for what pandas and scipy read.
EXTRAS = {
    ".xlsx": "files",
    ".sav": "files",
    ".zsav": "files",
    ".sas7bdat": "files",
    ".xpt": "files",
}
