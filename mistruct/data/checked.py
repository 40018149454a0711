"""The class Dataset, a checked table, on which all other packages work.

Arrays are variable-major and C-contiguous, so that one variable is one contiguous row: codes of
the discrete columns in the smallest unsigned type that holds them all, values of the continuous
ones in float64. A missing entry is the code ``n_states`` or NaN. Nothing below checks again.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mistruct.data.door import Column, Kind
from mistruct.data.notes import Note
from mistruct.errors import DataError, Either, ParameterError, nearest_names

if TYPE_CHECKING:
    from mistruct.data.packed.table_folder import Stored

Missing = Literal["raise", "testwise", "state"]

#: The state that ``missing="state"`` adds to a discrete column.
MISSING_STATE = "missing"


#: The most rows of a table: kernels number rows, ranks and strata in 32 bits.
MOST_ROWS = 2**31 - 1


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A checked table; made by :func:`read_table` and :func:`as_dataset`.

    Attributes
    ----------
    names : tuple of str
        The columns, in the caller's order.
    kinds : mapping of str to {"discrete", "ordinal", "continuous"}
        The kind of each column.
    states : mapping of str to tuple
        The states of each discrete or ordinal column, in order; code ``i`` stands for
        ``states[name][i]``.
    codes : ndarray of unsigned int, shape (n_discrete, n_samples)
        Columns with states, in the order of `names`; ``n_states`` where missing.
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
    notes : tuple of Note
        What was guessed, left out or read as missing when the table was made, and how to have it
        otherwise.
    why : mapping of str to str
        Why each column has its kind.
    stored : Stored or None
        Of a packed table: what is on disk beside `codes` and `values`.
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
    notes: tuple[Note, ...] = ()
    why: Mapping[str, str] = field(default_factory=dict)
    stored: Stored | None = None

    def __post_init__(self) -> None:
        if self.n_samples > MOST_ROWS:
            raise DataError(
                f"the table has {self.n_samples:,} rows, more than the {MOST_ROWS:,} that can be "
                "numbered; take fewer rows"
            )

    @property
    def on_disk(self) -> Stored | None:
        """Arrays of the packed table that this one is mapped from, if it is."""
        stored = self.stored
        own = stored is not None and stored.codes is self.codes and stored.values is self.values
        return stored if own else None

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Send a packed table to other processes as its path, not as its rows."""
        if self.on_disk is None:
            return super().__reduce_ex__(protocol)
        return self.on_disk.reopen, (self.names, self.missing, dict(self.kinds))

    def __getstate__(self) -> dict[str, Any]:
        """Send the table itself, not what has been derived from it, which may be as large."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return int(self.codes.shape[1])

    @property
    def n_variables(self) -> int:
        """Number of columns."""
        return len(self.names)

    def is_discrete(self, name: str) -> bool:
        """Whether a column has states, and so a row in `codes`."""
        return name in self.states

    @cached_property
    def discrete_mask(self) -> NDArray[np.bool_]:
        """Mask of the columns that have states, shape (n_variables,)."""
        return np.array([n in self.states for n in self.names], dtype=np.bool_)

    @cached_property
    def discrete(self) -> tuple[str, ...]:
        """Names of the columns that have states, in the order of the rows of `codes`."""
        return tuple(n for n in self.names if n in self.states)

    @cached_property
    def continuous(self) -> tuple[str, ...]:
        """Names of the continuous columns, in the order of the rows of `values`."""
        return tuple(n for n in self.names if n not in self.states)

    @cached_property
    def ordinal(self) -> tuple[str, ...]:
        """Names of the ordinal columns, whose states have an order; `discrete` has them too."""
        return tuple(n for n in self.discrete if self.kinds[n] == "ordinal")

    @property
    def by_order(self) -> Dataset:
        """The table in which ordinal columns are continuous: 0, 1, ... in the order of states."""
        return self._by_order if self.ordinal else self

    @property
    def by_states(self) -> Dataset:
        """The table in which ordinal columns are discrete."""
        return self._by_states if self.ordinal else self

    @cached_property
    def _by_order(self) -> Dataset:
        ordinal = set(self.ordinal)
        rest = [n for n in self.discrete if n not in ordinal]
        kinds: dict[str, Kind] = {
            n: "continuous" if n in ordinal else k for n, k in self.kinds.items()
        }
        values = np.empty((len(self.continuous) + len(ordinal), self.n_samples))
        names = [n for n in self.names if kinds[n] == "continuous"]
        for row, name in zip(values, names, strict=True):
            if name in ordinal:
                numbers = np.append(np.arange(len(self.states[name]), dtype=np.float64), np.nan)
                row[:] = numbers[self.codes[self.row(name)]]
            else:
                row[:] = self.values[self.row(name)]
        codes = self.codes[[self.row(n) for n in rest]]
        states = {n: self.states[n] for n in rest}
        return replace(self, kinds=kinds, states=states, codes=codes, values=values)

    @cached_property
    def _by_states(self) -> Dataset:
        kinds: dict[str, Kind] = {
            n: "discrete" if n in self.states else k for n, k in self.kinds.items()
        }
        return replace(self, kinds=kinds)

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
    def varies(self) -> NDArray[np.bool_]:
        """Whether two known entries of each continuous column differ, shape (n_continuous,)."""
        if self.on_disk is not None:
            return self.on_disk.varies
        low, high = (f.reduce(self.values, axis=1) for f in (np.fmin, np.fmax))  # without NaN
        return np.asarray(high > low)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {n: i for group in (self.discrete, self.continuous) for i, n in enumerate(group)}

    def row(self, name: str) -> int:
        """Row of a column in `codes` or `values`, whichever holds its kind."""
        return self._rows[name]

    def check_names(self, parameter: str, names: Iterable[Hashable]) -> tuple[str, ...]:
        """Names as the table spells them; ParameterError if a column does not exist."""
        if isinstance(names, str) or not isinstance(names, Iterable):
            raise ParameterError(f"{parameter} must be a list of column names, got {names!r}")
        checked = tuple(str(n) for n in names)
        for name in checked:
            if name not in self._rows:
                for note in self.notes:
                    if note.rule == "identifier" and name in note.columns:
                        raise ParameterError(f"{parameter}: ", *note.words, "; ", *note.change)
                raise ParameterError(
                    f"{parameter}: there is no column {name!r}{nearest_names(name, self.names)}"
                )
        return checked

    def require_discrete(self, purpose: str, names: Iterable[str] | None = None) -> None:
        """Raise DataError if a column, or one of those in `names`, is continuous."""
        concerned = self.names if names is None else tuple(dict.fromkeys(names))
        continuous = [n for n in concerned if not self.is_discrete(n)]
        if continuous:
            shown = ", ".join(repr(n) for n in continuous[:3])
            more = ", ..." if len(continuous) > 3 else ""
            raise DataError(
                f"{purpose} needs discrete columns, but {len(continuous)} of "
                f"{len(concerned)} are continuous ({shown}{more}); "
                "bin them ",
                Either(
                    "with mistruct.discretize, make them categories, or declare them with kinds=",
                    "with --discretize, or declare them with --kind COLUMN=discrete",
                ),
            )

    @cached_property
    def n_missing(self) -> Mapping[str, int]:
        """Number of missing entries of each column."""
        if self.on_disk is not None:
            return {n: self.on_disk.n_missing[n] for n in self.names}
        # One column at a time, since a mask of the whole table can be as large as the table.
        return {n: self.n_samples - int(self.known(n).sum()) for n in self.names}

    def known(self, name: str) -> NDArray[np.bool_]:
        """Mask of the rows in which a column is not missing."""
        row = self.row(name)
        if not self.is_discrete(name):
            known: NDArray[np.bool_] = ~np.isnan(self.values[row])
            return known
        return np.asarray(self.codes[row] < self.n_states[row])

    def column(self, name: str) -> Column:
        """The values of one column, as they were checked."""
        values = (self.codes if self.is_discrete(name) else self.values)[self.row(name)]
        kind, inferred = self.kinds[name], name in self.inferred
        return Column(name, kind, inferred, values, self.states.get(name), why=self.why.get(name))

    def select(self, names: Iterable[Hashable]) -> Dataset:
        """Table of the columns `names`, in that order."""
        chosen = self.check_names("names", names)
        of_codes = [self.row(n) for n in chosen if self.is_discrete(n)]
        of_values = [self.row(n) for n in chosen if not self.is_discrete(n)]
        codes, values = _rows(self.codes, of_codes), _rows(self.values, of_values)
        stored = self.on_disk
        return replace(
            self,
            names=chosen,
            kinds={n: self.kinds[n] for n in chosen},
            states={n: self.states[n] for n in chosen if self.is_discrete(n)},
            codes=codes,
            values=values,
            inferred=self.inferred & set(chosen),
            stored=None
            if stored is None
            else stored.select(
                of_codes, of_values, (codes, values, _rows(stored.ranks, of_values))
            ),
        )

    def take(self, rows: NDArray[np.bool_]) -> Dataset:
        """Table of the rows marked by a mask of shape (n_samples,), with all columns and states."""
        index = None if self.index is None else self.index[rows]
        # Indexing by `[:, rows]` would lay columns across memory, for which kernels compile anew.
        places = np.flatnonzero(rows)
        return replace(
            self,
            codes=np.take(self.codes, places, axis=1),
            values=np.take(self.values, places, axis=1),
            index=index,
            rows_taken=True,
        )

    def complete_rows(self) -> Dataset:
        """Table of the rows in which no entry is missing."""
        known = np.ones(self.n_samples, dtype=np.bool_)
        for name in self.names:
            known &= self.known(name)
        return self.take(known)

    def to_pandas(self) -> pd.DataFrame:
        """The table as a DataFrame: columns with states as categoricals, continuous as floats.

        The categoricals of ordinal columns are ordered.
        """
        columns: dict[str, Any] = {}
        for name in self.names:
            row = self.row(name)
            if not self.is_discrete(name):
                columns[name] = self.values[row]
            else:
                codes = self.codes[row].astype(np.int32)
                codes[codes == len(self.states[name])] = -1
                states = index_of_states(self.states[name])
                columns[name] = pd.Categorical.from_codes(
                    codes, categories=states, ordered=self.kinds[name] == "ordinal"
                )
        return pd.DataFrame(columns, index=self.index)

    def summary(self) -> pd.DataFrame:
        """One row per column: kind, whether and why inferred, states, missing entries, content."""
        rows = []
        for name in self.names:
            if self.is_discrete(name):
                states = self.states[name]
                held = ", ".join(_shown(s) for s in states[:5]) + (
                    ", ..." if len(states) > 5 else ""
                )
            else:
                row = self.values[self.row(name)]
                known = row[~np.isnan(row)]
                held = f"{known.min():.4g} to {known.max():.4g}" if known.size else ""
            rows.append(
                {
                    "column": name,
                    "kind": self.kinds[name],
                    "inferred": name in self.inferred,
                    "why": self.why.get(name, ""),
                    "n_states": len(self.states[name]) if name in self.states else None,
                    "n_missing": self.n_missing[name],
                    "holds": held,
                }
            )
        return pd.DataFrame(rows).set_index("column").astype({"n_states": "Int64"})

    def __repr__(self) -> str:
        n_ordinal = len(self.ordinal)
        ordinal = f"{n_ordinal} ordinal and " if n_ordinal else ""
        return (
            f"<Dataset: {self.n_samples} rows, {len(self.discrete) - n_ordinal} discrete"
            f"{',' if n_ordinal else ' and'} {ordinal}"
            f"{len(self.continuous)} continuous columns, "
            f"{sum(self.n_missing.values())} missing entries ({self.missing})>"
        )


def _shown(state: Any) -> str:
    """A state as text on one line, in quotes if it has blanks or line breaks at its ends."""
    text = str(state)
    return text if text.isprintable() and text == text.strip() and text else repr(text)


def _rows(table: NDArray[Any], rows: list[int]) -> NDArray[Any]:
    """Take some rows of an array, as a view where they are consecutive."""
    if rows == list(range(len(table))):
        return table
    if rows and rows == list(range(rows[0], rows[0] + len(rows))):
        return table[rows[0] : rows[-1] + 1]
    return table[rows]


def index_of_states(states: Iterable[Any]) -> pd.Index[Any]:
    """Index of states, of a type of numbers if all are such numbers."""
    index: pd.Index[Any] = pd.Index(list(states), dtype=object)
    with suppress(OverflowError):  # whole numbers that no float holds
        index = index.infer_objects()
    return index
