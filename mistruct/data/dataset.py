"""The function `as_dataset`, and the policies for missing entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pandas as pd

from mistruct.data.checked import MISSING_STATE, Dataset, Missing
from mistruct.data.columns import Column, Door, Kind, all_missing_error
from mistruct.data.frames import anndata_frame, is_anndata, read_weighed
from mistruct.data.gene_tables import Duplicates
from mistruct.data.kinds import WHY
from mistruct.data.missing_marks import Marks
from mistruct.data.notes import Note, taken_as
from mistruct.data.table import settled
from mistruct.data.weights import name_of_weights
from mistruct.errors import DataError, ParameterError, Setting, check_choice

__all__ = [
    "MISSING_STATE",
    "Dataset",
    "Missing",
    "as_dataset",
    "assemble",
    "make_dataset",
    "with_numbers",
]


def as_dataset(
    data: Any,
    *,
    kinds: Mapping[str, Kind] | None = None,
    missing: Missing = "raise",
    weights: str | None = None,
    drop: Sequence[str] = (),
    missing_marks: Sequence[object] | None = None,
    layer: str | None = None,
    obs: Sequence[str] = (),
    duplicates: Duplicates | None = None,
) -> Dataset:
    """Check a table and encode it.

    Parameters
    ----------
    data : Dataset, DataFrame, array of shape (n_samples, n_variables), or AnnData
        DataFrames of pandas, polars and pyarrow keep their column names; the columns of an array
        are called ``x0``, ``x1``, ... A Dataset is returned as it is, or under
        the policy `missing` where that is another one than ``raise``.
    kinds : mapping of column name to {"discrete", "ordinal", "continuous"}, optional
        Overrides the inferred kinds; a name may be a pattern such as ``item_*``. Booleans,
        categories and text are inferred as discrete, ordered categories of pandas as ordinal,
        numbers by their values (see the guide on tables), and the numbers in the matrix of an
        AnnData as continuous.
    missing : {"raise", "testwise", "state"}
        ``raise`` refuses missing entries; ``testwise`` lets each quantity use the rows that are
        complete for its own variables; ``state`` makes missing a state of its own (discrete
        columns only).
    weights : str, optional
        A column that says how many rows each row stands for: whole numbers, 0 for a row that is
        left out. The rows are written out, so whatever is done with the table is as if it had
        held them.
    drop : sequence of str
        Columns to leave out, before anything is checked in them; patterns as in `kinds`.
    missing_marks : sequence of str or number, optional
        Exactly the text and the numbers that stand for missing entries, such as ``["?", -9]``. By
        default the usual marks do, in columns of text that hold numbers otherwise.
    layer : str, optional
        Of an AnnData: the layer to take instead of ``X``; ``"raw"`` is its ``raw``.
    obs : sequence of str
        Of an AnnData: annotations of the cells to take along as columns.
    duplicates : {"sum", "mean", "first"}, optional
        Of an AnnData: what becomes of genes with one name, which are refused otherwise.

    Returns
    -------
    Dataset
        With `notes` of what was guessed.

    Raises
    ------
    DataError
        No rows, fewer than two columns, duplicate names, infinite or nested values, dates, columns
        that name the rows, columns of numbers with text that is no known mark, a column without
        any value, missing entries under ``raise``, weights that are no whole numbers, less memory
        than the rows take that these stand for.
    ParameterError
        A parameter breaks its rule.

    Examples
    --------
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> table = pd.DataFrame({"smoker": [True, False, True], "age": [61.5, 33.0, 47.2]})
    >>> ms.as_dataset(table).kinds
    {'smoker': 'discrete', 'age': 'continuous'}
    >>> counts = pd.DataFrame({"sex": ["f", "f", "m"], "ill": [0, 1, 0], "n": [20, 7, 31]})
    >>> ms.as_dataset(counts, weights="n")
    <Dataset: 58 rows, 2 discrete and 0 continuous columns, 0 missing entries (raise)>
    """
    check_choice("missing", missing, get_args(Missing))
    drop = [drop] if isinstance(drop, str) else list(drop)
    marks, weights = Marks(missing_marks, words=False), name_of_weights(weights)
    door = Door({} if kinds is None else kinds, drop, marks=marks, weights=weights)
    if is_anndata(data):
        taken = [obs] if isinstance(obs, str) else list(obs)
        data = anndata_frame(data, layer, taken, duplicates)
        door.numbers = frozenset(map(str, data.columns)) - set(taken)
    elif layer is not None or obs:
        raise ParameterError(f"layer and obs are for AnnData only, got {layer!r} and {obs!r}")
    elif duplicates is not None:
        raise ParameterError(f"duplicates is for AnnData only, got {duplicates!r}")
    if isinstance(data, Dataset):
        if kinds is not None:
            raise ParameterError(f"kinds: a Dataset has its kinds already, got {dict(kinds)!r}")
        if drop or missing_marks is not None:
            raise ParameterError("drop and missing_marks are for tables that are no Dataset yet")
        if weights is not None:
            raise ParameterError(f"weights: a Dataset has its rows already, got {weights!r}")
        return _under(data, missing)
    columns, index = read_weighed(data, door)
    return make_dataset(settled(columns, door), door, missing, index)


def make_dataset(
    columns: Sequence[Column], door: Door, missing: Missing, index: pd.Index[Any] | None
) -> Dataset:
    """Make a Dataset of checked columns, with the notes on them."""
    dataset = assemble(columns, missing, index, tuple(door.notes))
    if dataset.n_variables < 2:
        raise DataError(
            f"the table has one column, {dataset.names[0]!r}; a structure needs at least two"
        )
    return dataset


def _under(data: Dataset, missing: Missing) -> Dataset:
    """Apply another policy for missing entries to a Dataset."""
    if data.n_samples == 0:
        raise DataError("the table has no rows")
    if missing in ("raise", data.missing):
        return data
    if data.missing == "state":
        raise ParameterError(
            f"missing: what is missing is a state of this Dataset already, got {missing!r}"
        )
    return assemble([data.column(n) for n in data.names], missing, data.index, data.notes)


def assemble(
    columns: Sequence[Column],
    missing: Missing,
    index: pd.Index[Any] | None = None,
    notes: tuple[Note, ...] = (),
) -> Dataset:
    """Combine columns of equal length in a Dataset, under a policy for missing entries."""
    for column in columns:
        if column.states is None:
            # Mostly the first value tells that not all are missing.
            unknown = column.values[0] != column.values[0] and np.isnan(column.values).all()
        else:
            unknown = not column.states
        if unknown:
            raise all_missing_error(column.name)
    encoded = [_missing_as_state(c) if missing == "state" else c for c in columns]
    discrete = [c for c in encoded if c.states is not None]
    n_samples = len(columns[0].values)
    # The code after the last state is reserved for missing, so it must fit too.
    smallest = np.min_scalar_type(max((len(c.states or ()) for c in discrete), default=0))
    codes = np.empty((len(discrete), n_samples), dtype=smallest)
    for i, column in enumerate(discrete):
        codes[i] = column.values
    continuous = [c.values for c in encoded if c.states is None]
    dataset = Dataset(
        names=tuple(c.name for c in encoded),
        kinds={c.name: c.kind for c in encoded},
        states={c.name: c.states for c in discrete if c.states is not None},
        codes=codes,
        values=np.array(continuous, dtype=np.float64).reshape(len(continuous), n_samples),
        missing=missing,
        inferred=frozenset(c.name for c in encoded if c.inferred),
        index=index,
        notes=notes,
        why={c.name: c.reason for c in encoded},
    )
    if missing == "raise":
        _refuse_missing(dataset)
    return dataset


def _missing_as_state(column: Column) -> Column:
    if column.states is None:
        absent = int(np.isnan(column.values).sum())
        if absent:
            raise DataError(
                f"column {column.name!r} is continuous and has {absent} missing entries; "
                "missing='state' is for discrete columns: bin it first, or use 'testwise'"
            )
        return column
    if not (column.values == len(column.states)).any():
        return column
    if MISSING_STATE in column.states:
        raise DataError(
            f"column {column.name!r} already has a state {MISSING_STATE!r}; "
            "rename it before missing='state' adds its own"
        )
    why = column.why
    if column.kind == "ordinal":
        why = f"{column.reason}; a state for missing entries has no place in its order"
    # The reserved code is the next free one, so the new state takes its place.
    return replace(column, kind="discrete", why=why, states=(*column.states, MISSING_STATE))


def _refuse_missing(dataset: Dataset) -> None:
    # Where nothing is missing, the largest entries say so; NaN is the largest of all.
    largest = dataset.codes.max(axis=1, initial=0)
    if (largest < dataset.n_states).all() and not np.isnan(dataset.values.max(axis=1)).any():
        return
    absent = {n: m for n, m in dataset.n_missing.items() if m}
    if absent:
        shown = ", ".join(f"{n!r} ({m})" for n, m in list(absent.items())[:5])
        more = f" and {len(absent) - 5} more columns" if len(absent) > 5 else ""
        raise DataError(
            f"{sum(absent.values())} entries are missing, in {shown}{more}; choose ",
            Setting("missing", "testwise"),
            " (each quantity uses the rows complete for its own variables) or ",
            Setting("missing", "state"),
            " (missing is a state of its own; discrete columns only)",
        )


def with_numbers(data: Dataset) -> Dataset:
    """Table in which whole numbers are continuous, however few distinct ones there are.

    Genes are measured or counted, also those that few reads were counted of. Columns of two values
    stay discrete beside columns of fractions, among which they are labels, and where there are no
    others, as they are calls then.
    """
    whole = [
        n
        for n in data.discrete
        if n in data.inferred
        and data.why.get(n) not in (WHY["category"], WHY["ordered"])
        and all(type(s) is int for s in data.states[n])
    ]
    fractions = any(data.why.get(n) == WHY["fractions"] for n in data.continuous)
    many = bool(data.continuous) or any(len(data.states[n]) > 2 for n in whole)
    chosen = [n for n in whole if len(data.states[n]) > 2 or (many and not fractions)]
    if not chosen:
        return data
    note = taken_as(chosen, "continuous", "genes are numbers", "matrix")
    columns = [data.column(n) for n in data.names]
    numbers = [
        replace(c.as_number(), why=None, rule="matrix") if c.name in chosen else c for c in columns
    ]
    # A scale of answers among them was none.
    others = (n for n in data.notes if n.rule != "scale" or not set(n.columns) <= set(chosen))
    return assemble(numbers, data.missing, data.index, (*others, note))
