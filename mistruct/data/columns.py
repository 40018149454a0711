"""One column at the door: which kind it is, and its values as codes or floats.

A *discrete* column becomes codes ``0 .. n_states - 1`` into a tuple of states, with the code
``n_states`` reserved for missing. A *continuous* column becomes float64 with NaN for missing.
"""

from __future__ import annotations

import datetime
import math
import re
from dataclasses import dataclass
from typing import Any, Literal

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mistruct.errors import DataError

Kind = Literal["discrete", "continuous"]

# Integer columns with at most this many distinct values are discrete, others continuous.
MAX_INTEGER_STATES = 20

# A histogram finds the states of integers that span at most this range; beyond it, a sort does.
_HISTOGRAM_RANGE = 1 << 16

_DATES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$|\d{1,2}[/.]\d{1,2}[/.]\d{4}$")


@dataclass(frozen=True, eq=False)
class Column:
    """A checked column; `states` is None where the column is continuous."""

    name: str
    kind: Kind
    inferred: bool
    values: NDArray[Any]
    states: tuple[Any, ...] | None


def read_column(name: str, series: nw.Series[Any], kind: Kind | None) -> Column:
    """Check one narwhals series and encode it as `kind`, or as the kind its type implies."""
    dtype = series.dtype
    if dtype.is_temporal():
        raise _date_error(name, series.drop_nulls().head(1).to_list())
    if dtype.is_nested():
        raise DataError(f"column {name!r} holds nested values ({dtype}); columns must be scalars")
    if isinstance(dtype, nw.Unknown):
        if series.is_null().all():
            raise all_missing_error(name)
        raise _type_error(name, getattr(nw.to_native(series), "dtype", dtype))
    if isinstance(dtype, (nw.Categorical, nw.Enum)):
        categorical = _as_categorical(series)
        if kind != "continuous":
            return _from_codes(name, categorical, kind)
        values = np.asarray(categorical, dtype=object)
    else:
        values = series.to_numpy()
    if dtype.is_integer() and values.dtype.kind == "f":
        return read_numbers(name, values, kind, whole=True)
    return read_array(name, values, kind)


def read_array(name: str, values: NDArray[Any], kind: Kind | None) -> Column:
    """Check one 1-D numpy array and encode it as `kind`, or as the kind its dtype implies."""
    match values.dtype.kind:
        case "b" | "f" | "i" | "u":
            return read_numbers(name, values, kind, whole=values.dtype.kind != "f")
        case "O" | "U" | "T" | "S":
            return _read_objects(name, values, kind)
        case "M" | "m":
            raise _date_error(name, values[:1].tolist())
        case _:
            raise _type_error(name, values.dtype)


def read_numbers(name: str, values: NDArray[Any], kind: Kind | None, *, whole: bool) -> Column:
    """Numbers: floats may hold NaN for missing, also where the column is `whole` numbers."""
    inferred = kind is None
    if values.dtype.kind == "f":
        infinite = np.isinf(values)
        if infinite.any():
            row = int(infinite.argmax())
            raise DataError(
                f"column {name!r} holds {int(infinite.sum())} infinite value(s), the first "
                f"{values[row]} in row {row}; values must be finite or missing"
            )
    if kind == "continuous" or (kind is None and not whole):
        return Column(name, "continuous", inferred, values.astype(np.float64, copy=False), None)
    codes, states = _encode_numbers(values)
    if kind is None and len(states) > MAX_INTEGER_STATES:
        return Column(name, "continuous", inferred, values.astype(np.float64, copy=False), None)
    if values.dtype.kind == "f" and whole:
        states = [int(s) for s in states]
    return Column(name, "discrete", inferred, codes, tuple(states))


def _encode_numbers(values: NDArray[Any]) -> tuple[NDArray[Any], list[Any]]:
    """Codes and sorted distinct values; NaN gets the code after the last."""
    if values.dtype.kind == "b":
        present = [not values.all(), bool(values.any())]
        return (values & present[0]).astype(np.uint8), [s for s in (False, True) if present[s]]
    if values.dtype.kind in "iu":
        low, high = int(values.min()), int(values.max())
        if high - low < _HISTOGRAM_RANGE:
            # Both steps wrap around modulo the range, in which every offset fits.
            offsets = values.astype(np.uint16) - np.uint16(low % _HISTOGRAM_RANGE)
            seen = np.bincount(offsets) > 0
            states = [low + s for s in np.flatnonzero(seen).tolist()]
            if len(states) == len(seen):
                return offsets, states
            return (np.cumsum(seen) - 1).astype(np.uint16)[offsets], states
    found, codes = np.unique(values, return_inverse=True)
    return codes, found[: len(found) - int(np.isnan(found[-1]))].tolist()


def _read_objects(name: str, values: NDArray[Any], kind: Kind | None) -> Column:
    """Strings and Python objects, told apart by equality."""
    if kind == "continuous":
        try:
            numbers = pd.to_numeric(pd.Series(values, dtype=object)).to_numpy(np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"column {name!r} is declared continuous but does not hold numbers: {error}"
            ) from None
        return read_numbers(name, numbers, kind, whole=False)
    try:
        codes, found = pd.factorize(values)
    except TypeError:
        nested = next(v for v in values if getattr(type(v), "__hash__", None) is None)
        raise DataError(
            f"column {name!r} holds nested values such as {nested!r}; columns must be scalars"
        ) from None
    states = found.tolist()
    for state in states:
        if isinstance(state, _DATES):
            raise _date_error(name, [state])
        if isinstance(state, float) and math.isinf(state):
            raise DataError(f"column {name!r} holds {state}; values must be finite or missing")
        if isinstance(state, (tuple, frozenset)):
            raise DataError(
                f"column {name!r} holds nested values such as {state!r}; columns must be scalars"
            )
    if kind is None:
        _refuse_identifiers(name, states, len(values))
    try:
        order = sorted(range(len(states)), key=states.__getitem__)
    except TypeError:  # states of several types have no order of their own
        order = sorted(range(len(states)), key=lambda i: (type(states[i]).__name__, str(states[i])))
    rank = np.empty(len(states) + 1, dtype=np.int64)
    rank[order] = np.arange(len(states))
    rank[-1] = len(states)  # pd.factorize codes missing as -1
    return Column(name, "discrete", kind is None, rank[codes], tuple(states[i] for i in order))


def _as_categorical(series: nw.Series[Any]) -> pd.Categorical[Any]:
    """The categorical of pandas, which knows the caller's order of the categories."""
    native = nw.to_native(series)
    if isinstance(native, pd.Series):
        return pd.Categorical(native)
    if isinstance(series.dtype, nw.Enum):
        return pd.Categorical(series.to_list(), categories=list(series.dtype.categories))
    if series.implementation is nw.Implementation.PYARROW:
        return pd.Categorical(native.to_pandas())
    return pd.Categorical(series.to_list())  # polars orders them by first sight in the process


def _from_codes(name: str, categorical: pd.Categorical[Any], kind: Kind | None) -> Column:
    """A categorical: its own order of categories, those that do not occur left out."""
    raw = categorical.codes
    seen = np.bincount(raw[raw >= 0], minlength=len(categorical.categories)) > 0
    rank = np.append(np.cumsum(seen) - 1, seen.sum())
    states = tuple(categorical.categories[seen].tolist())
    return Column(name, "discrete", kind is None, rank[raw], states)


def _refuse_identifiers(name: str, states: list[Any], n_samples: int) -> None:
    """Refuse text that names the rows instead of describing them."""
    if len(states) <= max(MAX_INTEGER_STATES, n_samples / 2):
        return
    if all(isinstance(s, str) and _ISO_DATE.match(s) for s in states[:10]):
        raise _date_error(name, states)
    raise DataError(
        f"column {name!r} has {len(states)} distinct values in {n_samples} rows, such as "
        f"{states[0]!r}, so it looks like an identifier; drop it, make it the index, or keep it "
        f"with kinds={{{name!r}: 'discrete'}}"
    )


def all_missing_error(name: str) -> DataError:
    """What is raised, under every policy, where a column has no value at all."""
    return DataError(f"column {name!r} holds only missing entries, so it says nothing; drop it")


def _type_error(name: str, dtype: object) -> DataError:
    return DataError(
        f"column {name!r} has the type {dtype}; "
        "columns must be numbers, booleans, strings or categories"
    )


def _date_error(name: str, examples: list[Any]) -> DataError:
    example = f" (such as {str(examples[0])!r})" if examples else ""
    return DataError(
        f"column {name!r} holds dates or times{example}; drop it, or turn it into a number "
        "or a category first"
    )
