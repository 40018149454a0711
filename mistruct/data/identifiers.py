"""Detection of identifiers: columns that name the rows instead of describing them.

Their mutual information with anything says how many rows there are. A column is one of these where
it

- counts the rows: whole numbers that go up by one from row to row;
- is called as what names rows is (``id``, ``patient_id``, ``Unnamed: 0``, ``barcode``, ...) and
  holds whole numbers that are all different, or more than 20 different ones;
- or holds text that is different in more than half of the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from mistruct.data.door import Column
from mistruct.data.kinds import MAX_STATES
from mistruct.data.notes import Note, left_out, listed
from mistruct.errors import DataError, Setting

# Fewer rows may count up by chance.
_FEWEST_ROWS = 20
_FEWEST_NAMED = 5

_NAME = re.compile(
    r"(unnamed: \d+|index|idx|level_\d+|#|no\.?|nr\.?|row|rows?[ _.-]?(id|number|num|no|nr|names?)"
    r"|id|ids|uuid|guid|pk|key|barcode|accession|.+[ _.-](id|ids|uuid|key|barcode|no|nr)"
    r"|id[ _.-].+|case[ _.-]?number|patient|subject|sample|participant|respondent|ssn|mrn)$",
    re.IGNORECASE,
)
_CAMEL = re.compile(r".*[a-z0-9]I[dD]$")  # customerID, PassengerId

# Such a column goes up by one with the rows of a series, but it is what the series is of.
_TIME = re.compile(
    r"(year|years|yr|jahr|month|week|day|hour|minute|second|time|date|t|age|step|(?-i:x)|dose|depth|"
    r".*[ _.-](year|time|month|week|day))s?$",
    re.IGNORECASE,
)


def is_name_of_rows(name: str) -> bool:
    """Whether the name of a column is one of an identifier.

    Examples
    --------
    >>> [is_name_of_rows(n) for n in ("patient_id", "customerID", "Unnamed: 0", "acid", "paid")]
    [True, True, True, False, False]
    """
    return bool(_NAME.match(name.strip()) or _CAMEL.match(name.strip()))


def why_identifier(column: Column) -> str | None:
    """Reason why a column is an identifier; None if it is not, or if its kind is declared."""
    if not column.inferred or column.rule in ("fractions", "two values"):
        return None
    n = len(column.values)
    if column.rule == "words":
        n_states = len(column.states or ())
        if n_states > max(MAX_STATES, n / 2):
            return f"text with {n_states} distinct values in {n} rows"
        return None
    if column.rule not in ("many values", "few rows", "counts", "codes"):
        return None
    all_different = column.distinct == n
    if all_different and n >= _FEWEST_ROWS and not _TIME.match(column.name):
        values = column.values if column.states is None else np.array(column.states)[column.values]
        if (np.diff(values) == 1).all():
            return "row numbers"
    many = (all_different and n >= _FEWEST_NAMED) or column.distinct > MAX_STATES
    if many and is_name_of_rows(column.name):
        return f"whole numbers with {column.distinct} distinct values in {n} rows, named as an id"
    return None


def find_identifiers(columns: Iterable[Column]) -> dict[str, str]:
    """Find the identifiers of a table, with the reasons."""
    found = ((c.name, why_identifier(c)) for c in columns)
    return {name: why for name, why in found if why}


def _by_reason(found: dict[str, str]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for name, why in found.items():
        reasons.setdefault(why, []).append(name)
    return reasons


def notes_of(found: dict[str, str], columns: Sequence[Column]) -> list[Note]:
    """Notes on identifiers, one for each reason."""
    words = {c.name for c in columns if c.rule == "words"}
    return [
        left_out(names, why, "discrete" if names[0] in words else "continuous")
        for why, names in _by_reason(found).items()
    ]


def refuse_identifiers(found: dict[str, str], columns: Sequence[Column]) -> None:
    """Raise one error for all identifiers of a table."""
    if not found:
        return
    name = next(iter(found))
    column = next(c for c in columns if c.name == name)
    kind = "discrete" if column.rule == "words" else "continuous"
    reasons = "; ".join(f"{listed(names)} ({why})" for why, names in _by_reason(found).items())
    one = len(found) == 1
    raise DataError(
        f"{'column' if one else 'columns'} {reasons} {'names' if one else 'name'} the rows instead "
        "of describing them; leave out with ",
        Setting("drop", list(found), "as_dataset"),
        ", or keep as a variable with ",
        Setting("kinds", {name: kind}),
    )
