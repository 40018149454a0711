"""The checked table that everything below the door works on.

Arrays are variable-major and C-contiguous, so that one variable is one contiguous row: codes of
the discrete columns in the smallest unsigned type that holds them all, values of the continuous
ones in float64. A missing entry is the code ``n_states`` or NaN. Nothing below checks again.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mistruct.data.columns import Column, Kind, all_missing_error
from mistruct.data.frames import anndata_frame, index_of, is_anndata, read_columns
from mistruct.errors import DataError, ParameterError, check_choice, nearest_names

Missing = Literal["raise", "testwise", "state"]

#: The state that ``missing="state"`` adds to a discrete column.
MISSING_STATE = "missing"


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A checked table; made by :func:`read_table` and :func:`as_dataset`.

    Attributes
    ----------
    names : tuple of str
        The columns, in the caller's order.
    kinds : mapping of str to {"discrete", "continuous"}
        The kind of each column.
    states : mapping of str to tuple
        The states of each discrete column; code ``i`` stands for ``states[name][i]``.
    codes : ndarray of unsigned int, shape (n_discrete, n_samples)
        Discrete columns, in the order of `names`; ``n_states`` where missing.
    values : ndarray of float64, shape (n_continuous, n_samples)
        Continuous columns, in the order of `names`; NaN where missing.
    missing : {"raise", "testwise", "state"}
        What is done about missing entries.
    inferred : frozenset of str
        The columns whose kind was inferred, not given.
    index : pandas.Index or None
        Names of the rows.
    rows_taken : bool
        Whether `take` has chosen among the rows, so that a state need not occur.
    """

    names: tuple[str, ...]
    kinds: Mapping[str, Kind]
    states: Mapping[str, tuple[Any, ...]]
    codes: NDArray[Any]
    values: NDArray[np.float64]
    missing: Missing
    inferred: frozenset[str]
    index: pd.Index[Any] | None = None
    rows_taken: bool = False

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return int(self.codes.shape[1])

    @property
    def n_variables(self) -> int:
        """Number of columns."""
        return len(self.names)

    @cached_property
    def discrete(self) -> tuple[str, ...]:
        """Names of the discrete columns, in the order of the rows of `codes`."""
        return tuple(n for n in self.names if self.kinds[n] == "discrete")

    @cached_property
    def discrete_mask(self) -> NDArray[np.bool_]:
        """Which columns are discrete, shape (n_variables,)."""
        return np.array([self.kinds[n] == "discrete" for n in self.names], dtype=bool)

    @cached_property
    def continuous(self) -> tuple[str, ...]:
        """Names of the continuous columns, in the order of the rows of `values`."""
        return tuple(n for n in self.names if self.kinds[n] == "continuous")

    @cached_property
    def n_states(self) -> NDArray[np.int64]:
        """Number of states of each discrete column, shape (n_discrete,)."""
        return np.array([len(self.states[n]) for n in self.discrete], dtype=np.int64)

    @cached_property
    def n_observed(self) -> NDArray[np.int64]:
        """Number of states that occur in each discrete column; `take` may leave some behind."""
        if not self.rows_taken:
            return self.n_states
        columns = zip(self.codes, self.n_states, strict=True)
        return np.array([(np.bincount(c, minlength=r)[:r] > 0).sum() for c, r in columns])

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {n: i for group in (self.discrete, self.continuous) for i, n in enumerate(group)}

    def row(self, name: str) -> int:
        """Row of a column in `codes` or `values`, whichever holds its kind."""
        return self._rows[name]

    def check_names(self, parameter: str, names: Iterable[Hashable]) -> tuple[str, ...]:
        """The names as this table spells them; ParameterError where a column is not there."""
        if isinstance(names, str) or not isinstance(names, Iterable):
            raise ParameterError(f"{parameter} must be a list of column names, got {names!r}")
        checked = tuple(str(n) for n in names)
        for name in checked:
            if name not in self._rows:
                raise ParameterError(
                    f"{parameter}: there is no column {name!r}{nearest_names(name, self.names)}"
                )
        return checked

    def require_discrete(self, purpose: str, names: Iterable[str] | None = None) -> None:
        """Raise DataError where one of the columns, or of those that are named, is continuous."""
        concerned = self.names if names is None else tuple(dict.fromkeys(names))
        continuous = [n for n in concerned if self.kinds[n] == "continuous"]
        if continuous:
            shown = ", ".join(repr(n) for n in continuous[:3])
            more = ", ..." if len(continuous) > 3 else ""
            raise DataError(
                f"{purpose} needs discrete columns, but {len(continuous)} of "
                f"{len(concerned)} are continuous ({shown}{more}); "
                "bin them with mistruct.discretize, make them categories, or declare them with "
                "kinds="
            )

    @cached_property
    def n_missing(self) -> Mapping[str, int]:
        """Number of missing entries of each column."""
        # One column at a time, since a mask of the whole table can be as large as the table.
        return {n: self.n_samples - int(self.known(n).sum()) for n in self.names}

    def known(self, name: str) -> NDArray[np.bool_]:
        """In which rows a column is not missing."""
        row = self.row(name)
        if self.kinds[name] == "continuous":
            known: NDArray[np.bool_] = ~np.isnan(self.values[row])
            return known
        return np.asarray(self.codes[row] < self.n_states[row])

    def column(self, name: str) -> Column:
        """One column as the door made it."""
        kind = self.kinds[name]
        values = (self.codes if kind == "discrete" else self.values)[self.row(name)]
        return Column(name, kind, name in self.inferred, values, self.states.get(name))

    def select(self, names: Iterable[Hashable]) -> Dataset:
        """The same rows with only the columns `names`, in that order."""
        chosen = self.check_names("names", names)
        kinds = {n: self.kinds[n] for n in chosen}
        of_kind = {k: [self.row(n) for n in chosen if kinds[n] == k] for k in get_args(Kind)}
        held = {"discrete": self.codes, "continuous": self.values}
        # All columns of a kind in their own order, as often, are not copied.
        taken = {
            k: held[k] if rows == list(range(len(held[k]))) else held[k][rows]
            for k, rows in of_kind.items()
        }
        return Dataset(
            names=chosen,
            kinds=kinds,
            states={n: self.states[n] for n in chosen if kinds[n] == "discrete"},
            codes=taken["discrete"],
            values=taken["continuous"],
            missing=self.missing,
            inferred=self.inferred & set(chosen),
            index=self.index,
            rows_taken=self.rows_taken,
        )

    def take(self, rows: NDArray[np.bool_]) -> Dataset:
        """The rows that a mask of shape (n_samples,) marks, with the same columns and states."""
        index = None if self.index is None else self.index[rows]
        return replace(
            self,
            codes=self.codes[:, rows],
            values=self.values[:, rows],
            index=index,
            rows_taken=True,
        )

    def complete_rows(self) -> Dataset:
        """The rows in which no entry is missing."""
        known = np.ones(self.n_samples, dtype=np.bool_)
        for name in self.names:
            known &= self.known(name)
        return self.take(known)

    def to_pandas(self) -> pd.DataFrame:
        """The table as a DataFrame: discrete columns as categoricals, continuous as floats."""
        columns: dict[str, Any] = {}
        for name in self.names:
            row = self.row(name)
            if self.kinds[name] == "continuous":
                columns[name] = self.values[row]
            else:
                codes = self.codes[row].astype(np.int32)
                codes[codes == len(self.states[name])] = -1
                states = pd.Index(self.states[name], dtype=object).infer_objects()
                columns[name] = pd.Categorical.from_codes(codes, categories=states)
        return pd.DataFrame(columns, index=self.index)

    def summary(self) -> pd.DataFrame:
        """One row a column: kind, whether it was inferred, n_states, n_missing, what it holds."""
        rows = []
        for name in self.names:
            if self.kinds[name] == "discrete":
                states = self.states[name]
                held = ", ".join(str(s) for s in states[:5]) + (", ..." if len(states) > 5 else "")
            else:
                row = self.values[self.row(name)]
                known = row[~np.isnan(row)]
                held = f"{known.min():.4g} to {known.max():.4g}" if known.size else ""
            rows.append(
                {
                    "column": name,
                    "kind": self.kinds[name],
                    "inferred": name in self.inferred,
                    "n_states": len(self.states[name]) if name in self.states else None,
                    "n_missing": self.n_missing[name],
                    "holds": held,
                }
            )
        return pd.DataFrame(rows).set_index("column").astype({"n_states": "Int64"})

    def __repr__(self) -> str:
        return (
            f"<Dataset: {self.n_samples} rows, {len(self.discrete)} discrete and "
            f"{len(self.continuous)} continuous columns, "
            f"{sum(self.n_missing.values())} missing entries ({self.missing})>"
        )


def as_dataset(
    data: Any,
    *,
    kinds: Mapping[str, Kind] | None = None,
    missing: Missing = "raise",
    layer: str | None = None,
    obs: Sequence[str] = (),
) -> Dataset:
    """Check a table and encode it.

    Parameters
    ----------
    data : Dataset, DataFrame, array of shape (n_samples, n_variables), or AnnData
        DataFrames of pandas, polars and pyarrow keep their column names; the columns of an array
        are called ``x0``, ``x1``, ... A Dataset is returned as it is, or under
        the policy `missing` where that is another one than ``raise``.
    kinds : mapping of column name to {"discrete", "continuous"}, optional
        Overrides the inferred kinds. Booleans, categories and text are inferred as discrete,
        floats as continuous, integers as discrete up to 20 distinct values, but as continuous in
        the matrix of an AnnData.
    missing : {"raise", "testwise", "state"}
        ``raise`` refuses missing entries; ``testwise`` lets each quantity use the rows that are
        complete for its own variables; ``state`` makes missing a state of its own (discrete
        columns only).
    layer : str, optional
        Of an AnnData: the layer to take instead of ``X``.
    obs : sequence of str
        Of an AnnData: annotations of the cells to take along as columns.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        No rows, fewer than two columns, duplicate names, infinite or nested values, dates,
        identifiers, a column without any value, missing entries under ``raise``.
    ParameterError
        A parameter breaks its rule.

    Examples
    --------
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> table = pd.DataFrame({"smoker": [True, False, True], "age": [61.5, 33.0, 47.2]})
    >>> ms.as_dataset(table).kinds
    {'smoker': 'discrete', 'age': 'continuous'}
    """
    check_choice("missing", missing, get_args(Missing))
    if is_anndata(data):
        data = anndata_frame(data, layer, [obs] if isinstance(obs, str) else obs)
    elif layer is not None or obs:
        raise ParameterError(f"layer and obs are for AnnData only, got {layer!r} and {obs!r}")
    if isinstance(data, Dataset):
        if kinds is not None:
            raise ParameterError(f"kinds: a Dataset has its kinds already, got {dict(kinds)!r}")
        if data.n_samples == 0:
            raise DataError("the table has no rows")
        if missing in ("raise", data.missing):
            return data
        if data.missing == "state":
            raise ParameterError(
                f"missing: what is missing is a state of this Dataset already, got {missing!r}"
            )
        return assemble([data.column(n) for n in data.names], missing, data.index)
    dataset = assemble(read_columns(data, kinds or {}), missing, index_of(data))
    if dataset.n_variables < 2:
        raise DataError(
            f"the table has one column, {dataset.names[0]!r}; a structure needs at least two"
        )
    return dataset


def assemble(
    columns: Sequence[Column], missing: Missing, index: pd.Index[Any] | None = None
) -> Dataset:
    """Columns of equal length as one Dataset, under a policy for missing entries."""
    for column in columns:
        unknown = np.isnan(column.values).all() if column.states is None else not column.states
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
    # The reserved code is the next free one, so the new state takes its place.
    return Column(
        column.name, "discrete", column.inferred, column.values, (*column.states, MISSING_STATE)
    )


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
            f"{sum(absent.values())} entries are missing, in {shown}{more}; choose "
            "missing='testwise' (each quantity uses the rows complete for its own variables) or "
            "missing='state' (missing is a state of its own; discrete columns only)"
        )
