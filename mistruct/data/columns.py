"""Checking of one column: its kind, and its values as codes or floats.

A *discrete* column becomes codes ``0 .. n_states - 1`` into a tuple of states, with the code
``n_states`` reserved for missing. A *continuous* column becomes float64 with NaN for missing.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from numbers import Real
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mistruct.data.door import Column, Door, Kind
from mistruct.data.kinds import is_discrete, rule_of_whole_numbers
from mistruct.data.notes import Found
from mistruct.data.number_text import Reading, Words, factorized, is_date, read_words
from mistruct.errors import DataError, Setting, check_unicode, shortened

__all__ = [
    "Column", "Door", "Kind", "all_missing_error", "date_error", "infinite_error", "is_whole",
    "read_array", "read_categories", "read_column", "read_numbers", "read_text",
]  # fmt: skip

# A histogram finds the states of integers that span at most this range; beyond it, a sort does.
_HISTOGRAM_RANGE = 1 << 16

# Up to here floats hold every whole number.
_EXACT = 2.0**53

# Up to this number of categories are searched one by one, which is fast.
_FEW_CATEGORIES = 16

_DATES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)
_TRUTH = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False}


def read_column(name: str, series: nw.Series[Any], door: Door) -> Column:
    """Check one narwhals series and encode it as its declared kind, or as what its values tell."""
    dtype = series.dtype
    if dtype.is_temporal():
        raise date_error(name, series.drop_nulls().head(1).to_list())
    if dtype.is_nested():
        raise DataError(f"column {name!r} holds nested values ({dtype}); columns must be scalars")
    if isinstance(dtype, nw.Unknown):
        if series.is_null().all():
            raise all_missing_error(name)
        raise _type_error(name, getattr(nw.to_native(series), "dtype", dtype))
    if isinstance(dtype, (nw.Categorical, nw.Enum)):
        return read_categories(name, _as_categorical(series, door.kind(name)), door)
    if isinstance(dtype, nw.Decimal):
        series, dtype = series.cast(nw.Float64), nw.Float64()
    values = series.to_numpy()
    if values.dtype.kind == "O" and dtype.is_numeric():
        values = pd.to_numeric(pd.Series(values)).to_numpy(np.float64, na_value=np.nan)
    return read_array(name, values, door)


def read_array(name: str, values: NDArray[Any], door: Door) -> Column:
    """Check one 1-D numpy array and encode it."""
    match values.dtype.kind:
        case "b" | "f" | "i" | "u":
            return read_numbers(name, values, door)
        case "O" | "U" | "T" | "S":
            return _read_objects(name, values, door)
        case "M" | "m":
            raise date_error(name, values[:1].tolist())
        case _:
            raise _type_error(name, values.dtype)


def read_numbers(name: str, values: NDArray[Any], door: Door, stored: str = "") -> Column:
    """Check a column of numbers, in which NaN is missing, also among whole numbers."""
    kind = door.kinds.get(name)
    inferred = kind is None
    floats = values.dtype.kind == "f"
    if floats:
        if values.dtype not in (np.float32, np.float64):  # a half or a long one
            with np.errstate(over="ignore"):
                values = values.astype(np.float64)
        infinite = np.isinf(values)
        if infinite.any():
            row = int(infinite.argmax())
            raise infinite_error(name, int(infinite.sum()), float(values[row]), row + 1)
    if door.marks.values and values.dtype.kind in "fiu":
        values = _without(name, values, door)
        floats = values.dtype.kind == "f"
    if values.dtype.kind == "b":
        if kind == "continuous":
            return Column(name, kind, False, values.astype(np.float64), None)
        codes, truth = _encode_truth(values)
        return Column(name, kind or "discrete", inferred, codes, truth, "boolean")
    if kind is None and name in door.numbers:
        numbers = values.astype(np.float64, copy=False)
        return Column(name, "continuous", True, numbers, None, "matrix")
    if kind == "continuous" or (floats and not is_whole(values)):
        if kind in ("discrete", "ordinal"):
            found, codes = np.unique(values, return_inverse=True)
            states = found[: len(found) - int(np.isnan(found[-1]))].tolist()
            return Column(name, kind, False, codes, tuple(states))
        numbers = values.astype(np.float64, copy=False)
        return Column(name, "continuous", inferred, numbers, None, "fractions")
    return _read_whole(name, values, door, stored or ("float" if floats else ""))


def _read_whole(name: str, values: NDArray[Any], door: Door, stored: str) -> Column:
    """Check a column of whole numbers: its states, codes and kind."""
    kind = door.kind(name)
    missing = np.isnan(values) if values.dtype.kind == "f" else None
    known = values if missing is None or not missing.any() else values[~missing]
    if not len(known):
        return Column(name, kind or "discrete", kind is None, np.zeros(len(values), np.uint8), ())
    weights = door.counts
    if weights is not None and missing is not None:
        weights = weights[~missing]
    whole = known if missing is None else known.astype(np.int64)
    codes, states, counts = _encode_whole(whole, weights)
    rule = rule_of_whole_numbers(states, counts)
    facts = (rule, len(states), (states[0], states[-1]), stored)
    if kind is None and not is_discrete(rule):
        numbers = values.astype(np.float64, copy=False)
        return Column(name, "continuous", True, numbers, None, *facts)
    if missing is not None and len(known) < len(values):
        whole = np.full(len(values), len(states), dtype=np.int64)
        whole[~missing] = codes
        codes = whole
    return Column(name, kind or "discrete", kind is None, codes, tuple(states), *facts)


def is_whole(values: NDArray[Any]) -> bool:
    """Whether all floats are whole numbers or missing."""
    first = float(values[0])
    if first == first and not first.is_integer():
        return False
    for part in (values[:64], values):
        if not ((np.floor(part) == part) | np.isnan(part)).all():
            return False
    return not (np.abs(values) >= _EXACT).any()


def _without(name: str, values: NDArray[Any], door: Door) -> NDArray[Any]:
    """Numbers with NaN in place of marks of missing entries."""
    for mark in door.marks.values:
        rows = np.flatnonzero(values == mark) + 1
        if len(rows):
            door.found.append(Found(f"{mark:g}", name, len(rows), tuple(rows[:3].tolist())))
            values = np.where(values == mark, np.nan, values)
    return values


def _encode_truth(values: NDArray[Any]) -> tuple[NDArray[Any], tuple[bool, ...]]:
    present = [not values.all(), bool(values.any())]
    states = tuple(s for s in (False, True) if present[s])
    return (values & present[0]).astype(np.uint8), states


def _encode_whole(
    values: NDArray[Any], weights: NDArray[np.int64] | None
) -> tuple[NDArray[Any], list[int], NDArray[np.int64]]:
    """Encode whole numbers: codes, sorted distinct values, and counts of rows."""
    low, high = int(values.min()), int(values.max())
    if high - low < _HISTOGRAM_RANGE:
        # Both steps wrap around modulo the range, in which every offset fits.
        offsets = values.astype(np.uint16) - np.uint16(low % _HISTOGRAM_RANGE)
        counts = np.bincount(offsets, weights).astype(np.int64, copy=False)
        found = counts.nonzero()[0]
        states = [low + s for s in found.tolist()]
        if len(states) == len(counts):
            return offsets, states, counts
        codes = (np.cumsum(counts > 0) - 1).astype(np.uint16)[offsets]
        return codes, states, counts[found]
    distinct, inverse = np.unique(values, return_inverse=True)
    return inverse, distinct.tolist(), np.bincount(inverse, weights).astype(np.int64)


def _read_objects(name: str, values: NDArray[Any], door: Door) -> Column:
    """Check a column of strings or Python objects, distinguished by equality."""
    try:
        codes, states = factorized(values)
    except TypeError:
        nested = next(v for v in values if getattr(type(v), "__hash__", None) is None)
        raise _nested_error(name, nested) from None
    decoded = [_decoded(name, s) for s in states]
    if any(isinstance(s, bytes) for s in states):
        codes, states = factorized(np.array([*decoded, None], dtype=object)[codes])
    _refuse_objects(name, states)
    if states and all(isinstance(s, bool) for s in states) and door.kind(name) == "continuous":
        return read_numbers(name, np.array([*map(float, states), np.nan])[codes], door)
    text = [isinstance(s, str) for s in states]
    if all(text):
        return read_text(name, Words(codes, [str(s) for s in states]), door)
    numbers = [isinstance(s, (Real, Decimal)) and not isinstance(s, bool) for s in states]
    if all(numbers):
        if door.kind(name) == "continuous" or (
            door.kind(name) != "discrete" and all(abs(s) < _EXACT for s in states)
        ):
            as_floats = np.array([*map(float, states), np.nan])[codes]
            return read_numbers(name, as_floats, door, "object")
    elif all(t or n for t, n in zip(text, numbers, strict=True)):
        words = Words(codes, [s if t else repr(s) for s, t in zip(states, text, strict=True)])
        reading = read_words(name, words, door.marks, door.kind(name), weights=door.counts)
        if reading.numbers is not None:
            door.notes += reading.notes
            door.found += reading.marks
            return read_numbers(name, reading.numbers, door, "object")
    elif door.kind(name) == "continuous":
        raise DataError(
            f"column {name!r} is declared continuous but does not hold numbers: "
            f"{next(s for s, n in zip(states, numbers, strict=True) if not n)!r}"
        )
    rule = "boolean" if states and all(isinstance(s, bool) for s in states) else "words"
    if rule == "words" and door.kind(name) == "ordinal" and not all(numbers):
        raise without_order(name, states)
    return _discrete(name, codes, states, door.kind(name), rule)


def _refuse_objects(name: str, states: Sequence[Any]) -> None:
    """Raise DataError if an object is not a valid entry of a column."""
    for state in states:
        if isinstance(state, _DATES):
            raise date_error(name, [state])
        if isinstance(state, float) and math.isinf(state):
            raise DataError(f"column {name!r} holds {state}; values must be finite or missing")
        if isinstance(state, (tuple, frozenset)):
            raise _nested_error(name, state)


def _nested_error(name: str, value: object) -> DataError:
    return DataError(
        f"column {name!r} holds nested values such as {shortened(value)}; columns must be scalars"
    )


def _decoded(name: str, value: Any) -> Any:
    """Bytes as the text that they are, and everything else as it is, once it is Unicode."""
    if isinstance(value, str):
        check_unicode(f"a state of column {name!r}", value)
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise DataError(
            f"column {name!r} holds the bytes {shortened(value)}, which are not text in UTF-8; "
            "decode them first"
        ) from None


def read_text(name: str, words: Words, door: Door) -> Column:
    """Check a column of text that holds numbers, truth values or words."""
    reading = read_words(name, words, door.marks, door.kind(name), door.decimal, door.counts)
    door.notes += reading.notes
    door.found += reading.marks
    if reading.numbers is not None:
        column = read_numbers(name, reading.numbers, door, "text")
        return column if door.file else _as_written(column, reading)
    codes, states = reading.words[:2]
    if reading.leading_zeros is not None:
        door.leading_zeros[name] = reading.leading_zeros
    if door.file and states and all(s in _TRUTH for s in states):
        truth = np.array([*(_TRUTH[s] for s in states), 2], dtype=np.int64)[codes]
        kinds = sorted({_TRUTH[s] for s in states})
        to = np.full(3, len(kinds))
        to[[int(k) for k in kinds]] = range(len(kinds))
        kind = door.kind(name)
        return Column(name, kind or "discrete", kind is None, to[truth], tuple(kinds), "boolean")
    if door.kind(name) == "ordinal":
        raise without_order(name, states)
    if door.kind(name) is None and states and all(map(is_date, states)):
        raise date_error(name, states)
    if door.file and door.kind(name) == "discrete" and (plain := _plain_whole(states)):
        return _discrete(name, codes, plain, "discrete", "words")
    return _discrete(name, codes, states, door.kind(name), "words")


def _as_written(column: Column, reading: Reading) -> Column:
    """Column with the text itself as states, unless two texts are the same number."""
    assert reading.of_states is not None
    text = dict(zip(reading.of_states.tolist(), reading.words.states, strict=True))
    if column.states is None or len(text) < len(reading.words.states):
        return column
    return replace(column, states=tuple(text[float(s)] for s in column.states))


def _plain_whole(states: Sequence[str]) -> list[int]:
    """The text as whole numbers, without leading zeros; an empty list if it holds others."""
    try:
        numbers = [int(s) for s in states]
    except ValueError:
        return []
    return numbers if all(str(n) == s for n, s in zip(numbers, states, strict=True)) else []


def _discrete(
    name: str, codes: NDArray[Any], states: list[Any], kind: Kind | None, rule: str
) -> Column:
    """Discrete column with states in order, from codes in which -1 is missing."""
    try:
        order = sorted(range(len(states)), key=states.__getitem__)
    except TypeError:  # states of several types have no order of their own
        order = sorted(range(len(states)), key=lambda i: (type(states[i]).__name__, str(states[i])))
    rank = np.empty(len(states) + 1, dtype=np.int64)
    rank[order] = np.arange(len(states))
    rank[-1] = len(states)
    ordered = tuple(states[i] for i in order)
    return Column(name, kind or "discrete", kind is None, rank[codes], ordered, rule, len(states))


def _as_categorical(series: nw.Series[Any], kind: Kind | None) -> pd.Categorical[Any]:
    """Series as a pandas categorical, in the caller's order of categories.

    Every enumeration of polars has an order, so only where the kind is declared is it one that
    says something.
    """
    native = nw.to_native(series)
    if isinstance(native, pd.Series):
        return pd.Categorical(native)
    if isinstance(series.dtype, nw.Enum):
        categories = list(series.dtype.categories)
        return pd.Categorical(series.to_list(), categories, ordered=kind == "ordinal")
    if series.implementation is nw.Implementation.PYARROW:
        return pd.Categorical(native.to_pandas())
    return pd.Categorical(series.to_list())  # polars orders them by first sight in the process


def read_categories(name: str, categorical: pd.Categorical[Any], door: Door) -> Column:
    """Check a categorical column; its order is kept, categories without rows are dropped."""
    kind = door.kind(name)
    if kind == "continuous" or (kind == "ordinal" and not categorical.ordered):
        return _read_objects(name, np.asarray(categorical, dtype=object), door)
    raw = np.asarray(categorical.codes)
    categories = categorical.categories
    if len(categories) <= _FEW_CATEGORIES:
        seen = np.array([(raw == k).any() for k in range(len(categories))], dtype=bool)
    else:
        seen = np.bincount(raw[raw >= 0], minlength=len(categories)) > 0
    if seen.all():
        codes = raw if len(raw) and raw.min() >= 0 else np.where(raw < 0, len(categories), raw)
        states = tuple(categories.tolist())
    else:
        codes = np.append(np.cumsum(seen) - 1, seen.sum())[raw]
        states = tuple(categories[seen].tolist())
    states = tuple(_decoded(name, s) for s in states)
    if len(set(states)) < len(states):  # one as text and as bytes
        return _read_objects(name, np.asarray(categorical, dtype=object), door)
    if kind is None and categorical.ordered and len(states) > 2:
        return Column(name, "ordinal", True, codes, states, "ordered", len(states))
    return Column(name, kind or "discrete", kind is None, codes, states, "category", len(states))


def without_order(name: str, states: Sequence[Any]) -> DataError:
    """The error for an ordinal column of words whose order is not known."""
    shown = ", ".join(repr(s) for s in states[:3]) + (", ..." if len(states) > 3 else "")
    return DataError(
        f"column {name!r} is declared ordinal, but nothing says in which order its values come: "
        f"{shown}; make it an ordered category first (pandas.Categorical(values, categories=[...], "
        "ordered=True)), write numbers in their place, or declare ",
        Setting("kinds", {name: "discrete"}),
    )


def all_missing_error(name: str) -> DataError:
    """The error for a column without any value, under every policy."""
    return DataError(
        f"column {name!r} holds only missing entries, so it says nothing; leave it out with ",
        Setting("drop", [name]),
    )


def infinite_error(name: str, count: int, value: float, row: int) -> DataError:
    """Make the error of a column with infinite values, the first of them in this row."""
    return DataError(
        f"column {name!r} holds {count} infinite value(s), the first "
        f"{value} in row {row}; values must be finite or missing"
    )


def _type_error(name: str, dtype: object) -> DataError:
    return DataError(
        f"column {name!r} has the type {dtype}; "
        "columns must be numbers, booleans, strings or categories"
    )


def date_error(name: str, examples: list[Any]) -> DataError:
    """The error for a column of dates or times."""
    example = f" (such as {str(examples[0])!r})" if examples else ""
    return DataError(
        f"column {name!r} holds dates or times{example}; leave it out with ",
        Setting("drop", [name]),
        ", or turn it into a number or a category first",
    )
