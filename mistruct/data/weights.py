"""Columns of weights: how many rows each row stands for, as in tables of counts.

The rows are written out once, at the door: each column is encoded first, with counts of rows where
the rule of kinds looks at those, and its codes and numbers are repeated then. So whatever is done
with the table is that of the table written out. Rows of weight 0 are left out before anything is
checked in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mistruct.data.door import Column, Door
from mistruct.data.notes import looks_like_counts, stands_for
from mistruct.data.number_text import factorized
from mistruct.data.patterns import no_column
from mistruct.errors import DataError, ParameterError, Setting
from mistruct.memory import memory_limit

_WHOLE = re.compile(r"\s*\+?\d+(\.0*)?\s*")

# More rows than this are counted by no machine.
_MOST = 2.0**62

# A table takes its size twice while it is put together. Learners took 16 bytes more of each row of
# codes (ChowLiu, PC and Bootstrap on 30 million rows); numbers want ranks and scores.
_COPIES = 2
_BYTES_OF_A_ROW = 32

#: What a column of counts is called.
_NAMES = re.compile(
    r"(n|nn|counts?|cnt|freqs?|frequency|frequencies|weights?|size|n_?rows|num_?rows"
    r"|count\(.*\)|count_star\(\))",
    re.IGNORECASE,
)
_MOST_COLUMNS = 30


def name_of_weights(weights: Any, index: str | None = None) -> str | None:
    """Name of the column of weights; ParameterError if it is not a name, or is the index."""
    if weights is None:
        return None
    if isinstance(weights, bool) or not isinstance(weights, (str, int)):
        raise ParameterError(
            Setting("weights"), f" must be the name of a column, got {type(weights).__name__}"
        )
    if index is not None and index == weights:
        raise ParameterError(Setting("weights"), f": column {weights!r} is also the index")
    return str(weights)


def check_weights(names: Sequence[str], door: Door) -> list[str]:
    """Check the column of weights, and return the names of the other columns.

    Raises
    ------
    ParameterError
        It is not there, or also in `kinds` or `drop`.
    """
    if door.weights is None:
        return list(names)
    if door.weights not in names:
        raise no_column("weights", door.weights, names)
    for parameter, used in (("kinds", door.kinds), ("drop", door.drop)):
        if door.weights in used:
            raise ParameterError(
                Setting("weights"),
                f": column {door.weights!r} says how many rows each row stands for and is no "
                "variable, but it is also in ",
                Setting(parameter),
                "; leave it out of one of the two",
            )
    return [n for n in names if n != door.weights]


def weigh(values: NDArray[Any], door: Door) -> NDArray[np.bool_] | None:
    """Store the weights in `door`; returns the rows that are kept, None if all are.

    Raises
    ------
    DataError
        A weight is no whole number, negative or missing, or all are 0.
    """
    name = door.weights
    numbers = _numbers(values)
    whole = (numbers >= 0) & (numbers < _MOST)
    whole[whole] = numbers[whole] == np.floor(numbers[whole])
    if not whole.all():
        raise _no_weights(str(name), values, numbers, np.flatnonzero(~whole))
    rows = numbers > 0
    if not rows.any():
        raise DataError(Setting("weights"), f": no row is left, as {name!r} is 0 in all rows")
    door.counts = numbers[rows].astype(np.int64)
    total = int(door.counts.astype(np.float64).sum())
    door.notes.append(stands_for(str(name), len(rows), total, int((~rows).sum())))
    return None if rows.all() else rows


def _numbers(values: NDArray[Any]) -> NDArray[np.float64]:
    """Convert weights to floats, NaN if one is not a number."""
    if values.dtype.kind in "iuf":
        return values.astype(np.float64)
    codes, states = factorized(values.astype(object))
    numbers: NDArray[np.float64] = np.array([*map(_number, states), np.nan])[codes]
    return numbers


def _number(value: Any) -> float:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        return float(value) if _WHOLE.fullmatch(value) else np.nan
    number = isinstance(value, (Real, Decimal)) and not isinstance(value, bool)
    return float(value) if number else np.nan


def _no_weights(
    name: str, values: NDArray[Any], numbers: NDArray[np.float64], bad: NDArray[np.int64]
) -> DataError:
    shown = []
    for i in bad[:3].tolist():
        value = values[i]
        text = "missing" if pd.isna(value) else repr(getattr(value, "item", lambda v=value: v)())
        shown.append(f"{text} in row {i + 1}")
    more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
    known = numbers[bad]
    words = (
        f": column {name!r} must say how many rows each row stands for, as whole numbers of at "
        f"least 0, but holds {', '.join(shown)}{more}; "
    )
    if (np.isfinite(known) & (known != np.floor(known))).any():
        drop = Setting("drop", [name])
        advice: tuple[Any, ...] = (
            "fractions, as in surveys, cannot be used; leave out with ",
            drop,
        )
    else:
        advice = ("correct the table, with 0 for rows that are to be left out",)
    return DataError(Setting("weights"), words, *advice)


@contextmanager
def rows_of_the_table(rows: NDArray[np.bool_] | None, door: Door) -> Iterator[None]:
    """Adjust row numbers in notes to the rows of the file, which include those of weight 0."""
    before = len(door.found)
    try:
        yield
    except DataError as error:
        if rows is None:
            raise
        n = int((~rows).sum())
        left_out = f" (rows are counted without the {n} of weight 0)"
        raise DataError(*error.args, left_out) from None
    if rows is not None:
        places = np.flatnonzero(rows) + 1
        door.found[before:] = [
            f._replace(rows=tuple(places[np.array(f.rows) - 1].tolist()))
            for f in door.found[before:]
        ]


def write_out(columns: Sequence[Column], door: Door) -> list[Column]:
    """Repeat each row of the columns by its weight.

    Raises
    ------
    DataError
        There is less memory than they take.
    """
    counts = door.counts
    if counts is None or (counts == 1).all():
        return list(columns)
    encoded = [c if c.states is None else replace(c, values=_smallest(c)) for c in columns]
    n_rows = counts.astype(np.float64).sum()
    of_row = _BYTES_OF_A_ROW + _COPIES * sum(c.values.itemsize for c in encoded)
    limit = memory_limit()
    if limit is not None and n_rows * of_row > limit:
        raise DataError(
            Setting("weights"),
            f": the {len(counts):,} rows of the table stand for {n_rows:,.0f}, as {door.weights!r} "
            f"says, which take about {n_rows * of_row / 1e9:,.1f} GB, of {limit / 1e9:.1f} GB; "
            "divide the weights by a number (tests then see fewer rows), or leave out columns by ",
            Setting("drop"),
        )
    return [replace(c, values=np.repeat(c.values, counts)) for c in encoded]


def _smallest(column: Column) -> NDArray[Any]:
    """Convert codes to the smallest type that holds them and the code of missing."""
    return column.values.astype(np.min_scalar_type(len(column.states or ())), copy=False)


def write_out_index(
    index: pd.Index[Any] | None, rows: NDArray[np.bool_] | None, door: Door
) -> pd.Index[Any] | None:
    """Repeat the names of rows by their weights; `rows` marks the rows that are kept."""
    if index is None or door.counts is None:
        return index
    return (index if rows is None else index[rows]).repeat(door.counts)


def notice_counts(columns: Sequence[Column], door: Door) -> None:
    """Add a note if a table looks like one of counts.

    That is where one column is called as counts are, and no two rows agree in all the others,
    although so many rows of so few states would by chance.
    """
    if door.weights is not None or not 3 <= len(columns) <= _MOST_COLUMNS:
        return
    called = [c for c in columns if _NAMES.fullmatch(c.name)]
    if len(called) != 1 or not called[0].inferred:
        return
    (counts,) = called
    whole = counts.distinct > 0 and counts.rule not in ("words", "boolean", "category")
    if not whole or counts.bounds[0] < 0 or counts.bounds[1] < 2:
        return
    n_rows, cells = len(counts.values), 1
    others = {}
    for column in columns:
        if column is not counts:
            others[column.name], found = pd.factorize(column.values, use_na_sentinel=False)
            cells *= len(found)
            if len(found) == n_rows or cells > n_rows**2 / 2:
                return
    if not pd.DataFrame(others).duplicated().any():
        door.notes.append(looks_like_counts(counts.name))
