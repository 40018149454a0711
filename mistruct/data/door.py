"""Checked columns, and the settings and notes shared by the checks of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mistruct.data.kinds import why
from mistruct.data.missing_marks import Marks
from mistruct.data.notes import Found, Note

Kind = Literal["discrete", "ordinal", "continuous"]


@dataclass(frozen=True, eq=False)
class Column:
    """A checked column; `states` is None if the column is continuous.

    `rule` says why it has its kind; of whole numbers `distinct` and `bounds` are how many there
    are, and the least and the largest. Where `values` are distinct ones alone, `times` are the rows
    of each, and `counts_up` says whether the values go up by one from row to row.
    """

    name: str
    kind: Kind
    inferred: bool
    values: NDArray[Any]
    states: tuple[Any, ...] | None
    rule: str = "given"
    distinct: int = 0
    bounds: tuple[int, int] = (0, 0)
    stored: str = ""
    why: str | None = None
    times: NDArray[np.int64] | None = None
    counts_up: bool | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows of the table."""
        return len(self.values) if self.times is None else int(self.times.sum())

    @property
    def reason(self) -> str:
        """The reason for the column's kind, in words."""
        if self.why is not None:
            return self.why
        return why(self.rule if self.inferred else "given", self.distinct, self.n_rows)

    def as_number(self) -> Column:
        """Copy of a column of whole numbers as a continuous one."""
        if self.states is None:
            return replace(self, rule="matrix")
        values = np.array([*self.states, np.nan], dtype=np.float64)[self.values]
        return replace(self, kind="continuous", values=values, states=None, rule="matrix")

    def as_ordinal(self, rule: str) -> Column:
        """Copy of a column of whole numbers as an ordinal one, by a rule of `kinds`."""
        if self.states is not None:
            return replace(self, kind="ordinal", rule=rule)
        found, codes = np.unique(self.values, return_inverse=True)
        states = tuple(int(s) for s in found[: self.distinct])
        return replace(self, kind="ordinal", values=codes, states=states, rule=rule)


@dataclass
class Door:
    """Settings for all columns of a table, and the notes that were taken of them.

    In a `file` all is text, whose types are told; a caller's own text stays what it is. `kinds` are
    those that are declared, `numbers` the columns of a matrix of numbers, `dropped` the columns
    that `drop` matches; `weights` is the column of weights, `counts` what it holds, but zeros.
    """

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    drop: Sequence[str] = ()
    numbers: frozenset[str] = frozenset()
    marks: Marks = field(default_factory=lambda: Marks(words=False))
    notes: list[Note] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    leading_zeros: dict[str, str] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    file: bool = False
    decimal: str = "."
    weights: str | None = None
    counts: NDArray[np.int64] | None = None

    def kind(self, name: str) -> Kind | None:
        """The declared kind of a column; None if it has none."""
        return self.kinds.get(name)
