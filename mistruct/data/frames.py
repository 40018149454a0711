"""What may be passed as a table, taken apart into checked columns.

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

from mistruct.data.columns import Column, Kind, read_array, read_column, read_numbers
from mistruct.errors import DataError, ParameterError, check_choice, nearest_names

if TYPE_CHECKING:
    from anndata import AnnData


def read_columns(data: Any, kinds: Mapping[str, Kind], prefix: str = "x") -> list[Column]:
    """Check every column of a table, block or single column on its own.

    `prefix` names the columns of arrays.
    """
    if is_anndata(data):
        data = anndata_frame(data)
    if isinstance(data, pd.DataFrame):
        return _read_pandas(data, kinds)
    if isinstance(data, np.ma.MaskedArray):
        raise DataError("masked arrays are not read; fill them with NaN, or pass a DataFrame")
    try:
        native = nw.from_native(data, eager_only=True, allow_series=True)
    except TypeError:
        return _read_array(_as_2d(data), kinds, prefix)
    except nw.exceptions.DuplicateError:
        _check_table(list(data.column_names), len(data), kinds)
        raise
    is_frame = isinstance(native, nw.DataFrame)
    series = list(native.iter_columns()) if is_frame else [native]
    names = [s.name if is_frame else prefix for s in series]
    _check_table(names, len(native), kinds)
    return [read_column(n, s, kinds.get(n)) for n, s in zip(names, series, strict=True)]


def anndata_frame(
    adata: AnnData, layer: str | None = None, obs: Sequence[str] = ()
) -> pd.DataFrame:
    """Cells as rows, genes as columns, and the columns `obs` of the annotation of the cells.

    Counts are made floats: a gene that few reads were counted of is no less a number for it.
    """
    if layer is not None and layer not in adata.layers:
        raise ParameterError(
            f"layer: there is no layer {layer!r}{nearest_names(layer, adata.layers)}"
        )
    for name in obs:
        if name not in adata.obs:
            raise ParameterError(
                f"obs: there is no column {name!r}{nearest_names(name, adata.obs)}"
            )
    matrix = adata.X if layer is None else adata.layers[layer]
    if matrix is None:
        listed = ", ".join(repr(name) for name in adata.layers) or "none"
        raise DataError(f"this AnnData has no X; choose one of its layers ({listed})")
    # A sparse matrix that is still in its file, as in backed mode, has to leave it first.
    matrix = matrix.to_memory() if hasattr(matrix, "to_memory") else matrix
    dense = matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix)
    dense = dense.astype(np.float64) if dense.dtype.kind in "iu" else dense
    frame = pd.DataFrame(dense, index=adata.obs_names, columns=adata.var_names)
    return frame if not obs else pd.concat([frame, pd.DataFrame(adata.obs[list(obs)])], axis=1)


def is_anndata(data: Any) -> bool:
    """Whether `data` is an AnnData, found without importing anndata."""
    return any(c.__module__.partition(".")[0] == "anndata" for c in type(data).__mro__)


def index_of(data: Any) -> pd.Index[Any] | None:
    """The names of the rows, where a table has any."""
    if is_anndata(data):
        data = data.obs
    if isinstance(data, pd.DataFrame) and not isinstance(data.index, pd.RangeIndex):
        index: pd.Index[Any] = data.index
        return index
    return None


def check_distinct(names: Sequence[str]) -> None:
    """Raise DataError where a name stands twice."""
    ((name, times),) = Counter(names).most_common(1)
    if times > 1:
        raise DataError(f"column names must differ, but {name!r} stands {times} times")


def _read_pandas(frame: pd.DataFrame, kinds: Mapping[str, Kind]) -> list[Column]:
    names = [str(c) for c in frame.columns]
    _check_table(names, len(frame), kinds)
    columns: dict[int, Column] = {}
    # Blocks of one numeric type go as they are, everything else column by column in one pass.
    blocks: dict[Any, list[int]] = {}
    for i, dtype in enumerate(frame.dtypes):
        numeric = isinstance(dtype, (np.dtype, pd.SparseDtype)) and dtype.kind in "biuf"
        gappy = not numeric and getattr(dtype, "kind", "O") in "iu"  # whole numbers with gaps
        blocks.setdefault((dtype, gappy) if numeric or gappy else None, []).append(i)
    for key, at in blocks.items():
        block = frame if len(at) == len(names) else frame.iloc[:, at]
        if key is None:
            series: Any = nw.from_native(block, eager_only=True).iter_columns()
            columns |= {
                i: read_column(names[i], s, kinds.get(names[i]))
                for i, s in zip(at, series, strict=True)
            }
            continue
        dtype, gappy = key
        numbers = block.to_numpy(np.float64, na_value=np.nan) if gappy else block.to_numpy()
        columns |= {
            i: read_numbers(names[i], row, kinds.get(names[i]), whole=dtype.kind != "f")
            for i, row in zip(at, np.ascontiguousarray(numbers.T), strict=True)
        }
    return [columns[i] for i in range(len(names))]


def _read_array(table: NDArray[Any], kinds: Mapping[str, Kind], prefix: str) -> list[Column]:
    names = [f"{prefix}{i}" for i in range(table.shape[1])]
    _check_table(names, len(table), kinds)
    rows = np.ascontiguousarray(table.T)
    return [read_array(n, row, kinds.get(n)) for n, row in zip(names, rows, strict=True)]


def _as_2d(data: Any) -> NDArray[Any]:
    try:
        table = np.asarray(data)
    except ValueError as error:
        raise DataError(f"the data are not a table: {error}") from None
    if table.dtype.kind in "US" and not isinstance(data, np.ndarray):
        # numpy turns what stands beside text into text, NaN into a state "nan".
        table = np.asarray(data, dtype=object)
    if table.ndim == 1 and table.dtype.names is None and table.size:
        table = table[:, np.newaxis]
    if table.ndim != 2:
        raise DataError(
            "data must be a DataFrame, a Dataset, an AnnData or an array of shape "
            f"(n_samples, n_variables), got {type(data).__name__} of shape {table.shape}"
        )
    return table


def _check_table(names: Sequence[str], n_samples: int, kinds: Mapping[str, Kind]) -> None:
    if not names:
        raise DataError("the table has no columns")
    if n_samples == 0:
        raise DataError(f"the table has no rows (columns: {', '.join(map(repr, names[:5]))})")
    check_distinct(names)
    if not isinstance(kinds, Mapping):
        raise ParameterError(f"kinds must map names of columns to their kinds, got {kinds!r}")
    known = set(names)
    for name, kind in kinds.items():
        if name not in known:
            raise ParameterError(f"kinds: there is no column {name!r}{nearest_names(name, names)}")
        check_choice(f"kinds[{name!r}]", kind, get_args(Kind))
