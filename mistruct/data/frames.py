"""Conversion of tables, arrays and single columns into checked columns.

DataFrames of pandas, polars and pyarrow come in through narwhals, column by column. Whatever is
already a block of numbers (an array, and those columns of a pandas DataFrame that numpy holds)
goes past it: a Series for each of 20,000 columns would cost seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mistruct.data.columns import (
    Column,
    Door,
    Kind,
    read_array,
    read_categories,
    read_column,
    read_numbers,
)
from mistruct.data.gene_tables import merged_duplicates, raw_of
from mistruct.data.identifiers import find_identifiers, refuse_identifiers
from mistruct.data.patterns import by_pattern
from mistruct.data.weights import (
    check_weights,
    rows_of_the_table,
    weigh,
    write_out,
    write_out_index,
)
from mistruct.errors import (
    DataError,
    Either,
    ParameterError,
    Setting,
    check_choice,
    check_unicode,
    nearest_names,
)

if TYPE_CHECKING:
    from anndata import AnnData


def read_columns(data: Any, kinds: Mapping[str, Kind], prefix: str = "x") -> list[Column]:
    """Check each column of a table, block or single column.

    `prefix` names the columns of arrays.
    """
    door = Door(kinds)
    if is_anndata(data):
        data = anndata_frame(data)
        door.numbers = frozenset(map(str, data.columns))
    columns = read_frame(data, door, prefix)
    words = [c for c in columns if c.rule == "words"]
    refuse_identifiers(find_identifiers(words), words)
    return columns


def read_weighed(data: Any, door: Door) -> tuple[list[Column], pd.Index[Any] | None]:
    """Checked columns and row names of a table, each row repeated by its weight if it has one."""
    index, rows = index_of(data), None
    if door.weights is not None:
        data, rows = _without_weights(data, door)
    with rows_of_the_table(rows, door):
        columns = read_frame(data, door)
    return write_out(columns, door), write_out_index(index, rows, door)


def _without_weights(data: Any, door: Door) -> tuple[Any, NDArray[np.bool_] | None]:
    """Drop the column of weights and rows of weight 0; also returns which rows are kept."""
    if isinstance(data, pd.DataFrame):  # 1 and 1.0 are different names once they are text
        data = data.set_axis([str(c) for c in data.columns], axis=1)
    try:
        frame = nw.from_native(data, eager_only=True)
    except TypeError:
        array = _as_2d(data)
        frame = nw.from_native(
            pd.DataFrame(array, columns=[f"x{i}" for i in range(array.shape[1])])
        )
    except nw.exceptions.DuplicateError:
        check_distinct([str(c) for c in getattr(data, "column_names", data.columns)])
        raise
    names = [str(c) for c in frame.columns]
    check_table(names, len(frame), door)
    at = names.index(str(door.weights))
    rows = weigh(frame[:, at].to_numpy(), door)
    frame = frame.drop(frame.columns[at])
    return nw.to_native(frame if rows is None else frame.filter(rows.tolist())), rows


def read_frame(data: Any, door: Door, prefix: str = "x") -> list[Column]:
    """Check each column of a table; notes are collected in `door`."""
    if isinstance(data, pd.Series):
        data = data.to_frame(prefix)
    if isinstance(data, pd.DataFrame):
        return _read_pandas(data, door)
    try:
        native = nw.from_native(data, eager_only=True, allow_series=True)
    except TypeError:
        return _read_array(_as_2d(data), door, prefix)
    except nw.exceptions.DuplicateError:
        check_table(list(data.column_names), len(data), door)
        raise
    is_frame = isinstance(native, nw.DataFrame)
    series = list(native.iter_columns()) if is_frame else [native]
    names = [s.name if is_frame else prefix for s in series]
    check_table(names, len(native), door)
    return [
        read_column(n, s, door) for n, s in zip(names, series, strict=True) if n not in door.dropped
    ]


def anndata_frame(
    adata: AnnData,
    layer: str | None = None,
    obs: Sequence[str] = (),
    duplicates: str | None = None,
) -> pd.DataFrame:
    """DataFrame of an AnnData: cells as rows, genes and the columns `obs` as columns.

    The layer ``raw`` is ``adata.raw``, unless a layer has that name.
    """
    for name in obs:
        if name not in adata.obs:
            raise ParameterError(
                Setting("obs"), f": there is no column {name!r}{nearest_names(name, adata.obs)}"
            )
    matrix, genes = anndata_matrix(adata, layer)
    # A sparse matrix that is still in its file, as in backed mode, has to leave it first.
    matrix = matrix.to_memory() if hasattr(matrix, "to_memory") else matrix
    dense = matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix)
    dense = dense.astype(np.float64) if dense.dtype.kind in "iu" else dense
    frame = pd.DataFrame(dense, index=adata.obs_names, columns=genes)
    frame = merged_duplicates(frame, duplicates)
    return frame if not obs else pd.concat([frame, pd.DataFrame(adata.obs[list(obs)])], axis=1)


def anndata_matrix(adata: AnnData, layer: str | None = None) -> tuple[Any, Any]:
    """The matrix of a layer, which may be sparse and in a file, and the names of its genes."""
    is_raw = layer == "raw" and layer not in adata.layers
    if layer is not None and layer not in adata.layers and not is_raw:
        raise ParameterError(
            Setting("layer"), f": there is no layer {layer!r}{nearest_names(layer, adata.layers)}"
        )
    if is_raw:
        matrix, genes = raw_of(adata)
    else:
        matrix, genes = adata.X if layer is None else adata.layers[layer], adata.var_names
    if matrix is None:
        listed = ", ".join(repr(name) for name in adata.layers) or "none"
        raise DataError(f"this AnnData has no X; choose one of its layers ({listed})")
    return matrix, genes


def is_anndata(data: Any) -> bool:
    """Whether `data` is an AnnData, found without importing anndata."""
    return any(c.__module__.partition(".")[0] == "anndata" for c in type(data).__mro__)


def index_of(data: Any) -> pd.Index[Any] | None:
    """Names of the rows of a table; None if it has none."""
    if is_anndata(data):
        data = data.obs
    if isinstance(data, pd.DataFrame) and not isinstance(data.index, pd.RangeIndex):
        index: pd.Index[Any] = data.index
        return index
    return None


def check_distinct(names: Sequence[str]) -> None:
    """Raise DataError if a name occurs twice."""
    ((name, times),) = Counter(names).most_common(1)
    if times > 1:
        raise DataError(f"column names must differ, but {name!r} stands {times} times")


def _read_pandas(frame: pd.DataFrame, door: Door) -> list[Column]:
    names = [str(c) for c in frame.columns]
    check_table(names, len(frame), door)
    if door.dropped:
        kept = [i for i, n in enumerate(names) if n not in door.dropped]
        frame, names = frame.iloc[:, kept], [names[i] for i in kept]
    columns: dict[int, Column] = {}
    # Blocks of one numeric type go as they are, everything else column by column in one pass.
    blocks: dict[Any, list[int]] = {}
    for i, dtype in enumerate(frame.dtypes):
        numeric = isinstance(dtype, (np.dtype, pd.SparseDtype)) and dtype.kind in "biuf"
        gappy = not numeric and getattr(dtype, "kind", "O") in "iuf"  # numbers with gaps
        blocks.setdefault((dtype, gappy) if numeric or gappy else None, []).append(i)
    for key, at in blocks.items():
        block = frame if len(at) == len(names) else frame.iloc[:, at]
        if key is None:
            for i, (_, series) in zip(at, block.items(), strict=True):
                if isinstance(series.dtype, pd.CategoricalDtype):
                    columns[i] = read_categories(names[i], series.array, door)
                else:
                    columns[i] = read_column(
                        names[i], nw.from_native(series, series_only=True), door
                    )
            continue
        gappy = key[1]
        numbers = block.to_numpy(np.float64, na_value=np.nan) if gappy else block.to_numpy()
        if gappy and key[0].kind in "iu" and not block.isna().to_numpy().any():
            numbers = block.to_numpy(key[0].numpy_dtype)
        columns |= {
            i: read_numbers(names[i], row, door)
            for i, row in zip(at, np.ascontiguousarray(numbers.T), strict=True)
        }
    return [columns[i] for i in range(len(names))]


def _read_array(table: NDArray[Any], door: Door, prefix: str) -> list[Column]:
    names = [f"{prefix}{i}" for i in range(table.shape[1])]
    check_table(names, len(table), door)
    rows = np.ascontiguousarray(table.T)
    return [
        read_array(n, row, door)
        for n, row in zip(names, rows, strict=True)
        if n not in door.dropped
    ]


def as_array(data: Any) -> NDArray[Any]:
    """The values of an array, of what is like one, or of a list; what is masked is missing.

    Raises
    ------
    DataError
        It has no values, or they cannot be had.
    """
    if hasattr(data, "detach"):  # a tensor of torch, which may need a gradient or be on a device
        data = data.detach().cpu()
    if hasattr(data, "toarray"):
        raise DataError(
            f"sparse arrays are not read, got {type(data).__name__}; pass their toarray()"
        )
    try:
        array = np.asanyarray(data)
        if array.dtype.kind in "US" and not isinstance(data, np.ndarray):
            # numpy turns what stands beside text into text, NaN into a state "nan".
            array = np.asarray(data, dtype=object)
    except Exception as error:  # whatever `__array__` of somebody raises
        words = " ".join(str(error).split())
        raise DataError(f"the data are not a table: {words or type(error).__name__}") from None
    if array.dtype.kind == "V":
        raise DataError(
            f"arrays must be of one type of number, boolean or text, got the type {array.dtype}; "
            "pass pandas.DataFrame(data) where it has named columns"
        )
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        numbers = array.dtype.kind in "fiu"
        kind, missing = (np.float64, np.nan) if numbers else (object, None)
        filled = np.ma.getdata(array).astype(kind)
        filled[np.ma.getmaskarray(array)] = missing
        return filled
    return np.asarray(array)


def _as_2d(data: Any) -> NDArray[Any]:
    table = as_array(data)
    if table.ndim == 1 and table.dtype.names is None and table.size:
        table = table[:, np.newaxis]
    if table.ndim != 2:
        raise DataError(
            "data must be a DataFrame, a Dataset, an AnnData or an array of shape "
            f"(n_samples, n_variables), got {type(data).__name__} of shape {table.shape}"
        )
    return table


def check_table(names: Sequence[str], n_samples: int, door: Door) -> None:
    """Check names, size and declared kinds; patterns among these become the columns they match."""
    if not names:
        raise DataError("the table has no columns")
    if n_samples == 0:
        raise DataError(f"the table has no rows (columns: {', '.join(map(repr, names[:5]))})")
    check_distinct(names)
    if not "".join(names).isascii():
        for name in names:
            check_unicode("the name of a column", name)
    if not isinstance(door.kinds, Mapping):
        raise ParameterError(
            Setting("kinds"), f" must map names of columns to their kinds, got {door.kinds!r}"
        )
    for name, kind in door.kinds.items():
        check_choice(Either(f"kinds[{name!r}]", f"--kind {name}"), kind, get_args(Kind))
    if door.counts is None:  # else the column of weights is gone
        names = check_weights(names, door)
    door.dropped = {n for p in door.drop for n in by_pattern("drop", p, names)}
    if len(door.dropped) == len(names):
        raise DataError("no column is left")
    # A name counts for more than a pattern that matches it.
    of_patterns = {n: k for p, k in door.kinds.items() for n in by_pattern("kinds", p, names)}
    door.kinds = {n: door.kinds.get(n, k) for n, k in of_patterns.items()}
