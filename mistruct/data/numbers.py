"""Tables of numbers, for transformers: every kind of table becomes an array, column by column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import validate_data

from mistruct._typing import Floats
from mistruct.data.dataset import Dataset
from mistruct.data.frames import anndata_frame, as_array, is_anndata, read_columns
from mistruct.errors import DataError

Gaps = Literal["raise", "centre"]


class WrongTypeError(DataError, TypeError):
    """Objects that are no numbers; of both kinds, since scikit-learn wants a TypeError."""


def read_numbers(
    transformer: Any, table: Any, missing: Gaps = "raise", *, reset: bool
) -> tuple[list[str], Floats]:
    """Read the names and values of columns; values have shape (n_features, n_samples).

    `reset` is for `fit`; otherwise the columns have to be those that the transformer saw there.
    """
    if isinstance(table, Dataset):
        table = table.to_pandas()
    elif is_anndata(table):
        table = anndata_frame(table)
    if not hasattr(type(table), "columns"):  # a LazyFrame that is asked for them warns
        values = checked_by(
            validate_data,
            transformer,
            as_array(table),
            reset=reset,
            dtype=np.float64,
            ensure_all_finite=True if missing == "raise" else "allow-nan",
            ensure_min_samples=2 if reset else 1,
        )
        names = [f"x{i}" for i in range(values.shape[1])]
        return names, _known(names, np.ascontiguousarray(values.T), missing)
    columns = read_columns(table, {})
    checked_by(validate_data, transformer, table, reset=reset, skip_check_array=True)
    values = np.empty((len(columns), len(columns[0].values)))
    for row, column in zip(values, columns, strict=True):
        if column.states is None:
            row[:] = column.values
            continue
        strange = next((s for s in column.states if not isinstance(s, (int, float))), None)
        if strange is not None and column.kind == "ordinal":  # their places in the order
            row[:] = np.array([*range(len(column.states)), np.nan])[column.values]
            continue
        if strange is not None:
            raise DataError(
                f"column {column.name!r} must hold numbers for {type(transformer).__name__}, "
                f"got {strange!r}; drop it, or make numbers of it"
            )
        try:
            row[:] = np.array([*column.states, np.nan], dtype=np.float64)[column.values]
        except OverflowError:
            raise DataError(
                f"column {column.name!r} holds a whole number beyond 1e308; drop it"
            ) from None
    if reset and values.shape[1] < 2:
        raise DataError(f"the table must have two rows or more, got {values.shape[1]}")
    names = [c.name for c in columns]
    return names, _known(names, values, missing)


def one_target(y: Any, rows: Any) -> Any:
    """A target as one column, as long as the table; with its name, where it has one."""
    if getattr(y, "ndim", 1) != 1 or not hasattr(y, "name"):
        y = checked_by(column_or_1d, as_array(y), warn=True)
    checked_by(check_consistent_length, rows, y)
    return y


def checked_by(check: Callable[..., Any], *arguments: Any, **rules: Any) -> Any:
    """Run a check of scikit-learn, whose errors become a DataError."""
    try:
        return check(*arguments, **rules)
    except (ValueError, TypeError) as error:
        words = str(error)
        # All but one of its messages go on with an array or with advice on other estimators.
        if not words.startswith("The feature names"):
            first, *others = words.splitlines()
            words = " ".join([first, *(line for line in others if "Reshape" in line)])
        kind = WrongTypeError if isinstance(error, TypeError) else DataError
        raise kind(words) from error


def _known(names: list[str], values: Floats, missing: Gaps) -> Floats:
    """Check that missing values are allowed if there are any, and return the values."""
    gaps = np.isnan(values).sum(axis=1)
    if missing == "raise" and gaps.any():
        shown = ", ".join(f"{names[i]!r} ({gaps[i]})" for i in np.flatnonzero(gaps)[:3])
        raise DataError(
            f"{gaps.sum()} entries are missing, in {shown}{', ...' if (gaps > 0).sum() > 3 else ''}"
        )
    if (gaps == values.shape[1]).any() and values.shape[1] > 1:
        column = names[int((gaps == values.shape[1]).argmax())]
        raise DataError(f"column {column!r} holds only missing entries, so it says nothing")
    return values
