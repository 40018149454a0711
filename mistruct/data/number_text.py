"""Columns of text: plain numbers, numbers in a special format, or words.

A column is looked at through its distinct values. If all are numbers, or marks of missing
entries, it is a column of numbers. If all the others are numbers once one rule of writing is undone
(thousands, a decimal comma, percent, currency), that rule is. If most are numbers and some are
neither, nobody but the caller can know what these mean, so the column is refused. Otherwise it
holds words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mistruct._typing import Floats
from mistruct.data.missing_marks import Marks
from mistruct.data.notes import Found, Note, blanks_trimmed, in_rows, read_as_numbers
from mistruct.errors import DataError, Setting

# A column with so large a share of numbers, and so many different ones, is one of numbers.
_MOSTLY = 0.8
_DISTINCT = 5

_LEADING_ZERO = re.compile(r"[+-]?0\d+$")
_DATE = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}.*)?$|\d{1,2}[/.]\d{1,2}[/.](\d{4}|\d{2})$"
    r"|\d{4}/\d{1,2}/\d{1,2}$|\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$"
)
_LIMIT = re.compile(r"[<>≤≥]\s*=?\s*\d+(\.\d+)?$")


class Words(NamedTuple):
    """A column of text: its distinct values, and a code for each row, -1 where missing."""

    codes: NDArray[Any]
    states: list[str]


class _Form(NamedTuple):
    name: str
    pattern: re.Pattern[str]
    undo: Callable[[str], str]


#: Ways to write numbers that are undone if all values that are no plain numbers agree on one.
_FORMS = (
    _Form("thousands", re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"), lambda s: s.replace(",", "")),
    _Form(
        "a decimal comma",
        re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?$"),
        lambda s: s.replace(",", "."),
    ),
    _Form(
        "thousands and a decimal comma",
        re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?$"),
        lambda s: s.replace(".", "").replace(",", "."),
    ),
    _Form("percent", re.compile(r"[+-]?\d+(\.\d+)?\s*%$"), lambda s: s.rstrip("% ")),
    *(
        _Form(
            f"the sign {sign}",
            re.compile(
                rf"[+-]?({re.escape(sign)}\s*\d{{1,3}}(,?\d{{3}})*(\.\d+)?"
                rf"|\d{{1,3}}(,?\d{{3}})*(\.\d+)?\s*{re.escape(sign)})$"
            ),
            lambda s, sign=sign: s.replace(sign, "").replace(",", "").replace(" ", ""),  # type: ignore[misc]
        )
        for sign in ("$", "€", "£", "¥", "USD", "EUR", "GBP", "CHF")
    ),
)


class Reading(NamedTuple):
    """Result of reading a column of text: numbers or None, words, and notes.

    `of_states` are the numbers of the distinct values, NaN where one is missing.
    """

    numbers: Floats | None
    words: Words
    notes: list[Note]
    marks: Sequence[Found] = ()
    of_states: Floats | None = None
    leading_zeros: str | None = None


def factorized(values: NDArray[Any]) -> tuple[NDArray[Any], list[Any]]:
    """Codes and distinct objects, in the order of their first row; missing is -1."""
    codes, found = pd.factorize(values)
    return codes, found.tolist()


def is_date(text: str) -> bool:
    """Whether a text is written as a date or a time of day."""
    return bool(_DATE.match(text))


def read_words(
    name: str,
    words: Words,
    marks: Marks,
    kind: str | None,
    decimal: str = ".",
    weights: NDArray[np.int64] | None = None,
) -> Reading:
    """Decide whether a column of text holds numbers or words, given its declared kind, if any.

    `weights` say how many rows each row stands for.

    Raises
    ------
    DataError
        Most values are numbers, and what the others mean is not known.
    """
    words, notes = _trimmed(name, words)
    states = words.states
    if kind == "discrete" or not states:
        return _as_words(name, words, marks, notes)
    parsed = _parsed(states, decimal)
    known = ~np.isnan(parsed)
    marked = np.array([s in marks.in_numbers for s in states], dtype=bool)
    known &= ~marked
    strange = np.flatnonzero(~known & ~marked)
    if not known.any() and (not len(strange) or not _form_of(states, strange, parsed, known)):
        return _as_words(name, words, marks, notes)
    zero = next((s for s in states if _LEADING_ZERO.match(s)), None)
    if zero is not None and kind is None and not len(strange):
        return _as_words(name, words, marks, notes)._replace(leading_zeros=zero)
    if len(strange):
        form = _form_of(states, strange, parsed, known)
        if form is None:
            if kind == "continuous":
                raise _not_numbers(name, words, strange, marks)
            if _mostly_numbers(words, known, strange, weights):
                raise _dirty(name, words, known, strange, marks)
            return _as_words(name, words, marks, notes)
        for i in strange:
            parsed[i] = float(form.undo(states[i]))
        count = int(np.isin(words.codes, strange).sum())
        notes.append(read_as_numbers(name, form.name, count, states[int(strange[0])]))
    parsed[marked] = np.nan
    found = _marks_in(name, words, np.flatnonzero(marked))
    return Reading(np.append(parsed, np.nan)[words.codes], words, notes, found, parsed)


def _trimmed(name: str, words: Words) -> tuple[Words, list[Note]]:
    """Trim blanks around values; with a note if that merges two states."""
    padded = [i for i, s in enumerate(words.states) if s != s.strip()]
    if not padded:
        return words, []
    places: dict[str, int] = {}
    to = [places.setdefault(s.strip(), len(places)) for s in words.states]
    notes = []
    if len(places) < len(words.states):
        count = int(np.isin(words.codes, padded).sum())
        notes.append(blanks_trimmed([name], count, words.states[padded[0]]))
    return Words(np.array([*to, -1])[words.codes], list(places)), notes


def _as_words(name: str, words: Words, marks: Marks, notes: list[Note]) -> Reading:
    marked = [i for i, s in enumerate(words.states) if s in marks.in_words]
    if not marked:
        return Reading(None, words, notes)
    kept = np.ones(len(words.states) + 1, dtype=bool)
    kept[marked] = False
    kept[-1] = False
    to = np.where(kept, np.cumsum(kept) - 1, -1)
    states = [s for i, s in enumerate(words.states) if kept[i]]
    return Reading(None, Words(to[words.codes], states), notes, _marks_in(name, words, marked))


def _marks_in(name: str, words: Words, marked: Any) -> list[Found]:
    """The rows of each mark of missing entries, other than the empty field."""
    found = []
    for i in marked:
        if mark := words.states[int(i)]:
            rows = np.flatnonzero(words.codes == i) + 1
            found.append(Found(mark, name, len(rows), tuple(rows[:3].tolist())))
    return found


def _parsed(states: Sequence[str], decimal: str) -> Floats:
    """Parse texts as numbers; NaN if a text is not a number."""
    if decimal == ",":  # a point is no decimal mark then, nor part of a plain number
        states = ["?" if "." in s else s.replace(",", ".") for s in states]
    numbers = pd.to_numeric(pd.Series(states, dtype=object), errors="coerce")
    return np.asarray(numbers, dtype=np.float64).copy()


def _form_of(states: Sequence[str], strange: Any, parsed: Floats, known: Any) -> _Form | None:
    """Find the one special format in which all texts that are no plain numbers are written."""
    texts = [states[int(i)] for i in strange]
    for form in _FORMS:
        if all(form.pattern.match(t) for t in texts):
            # Plain numbers beside thousands are below a thousand, or the rule is another.
            if form.name == "thousands" and (np.abs(parsed[known]) >= 1000).any():
                return None
            if form.name in ("percent", "a decimal comma") and _fractions(parsed[known]):
                return None
            return form
    return None


def _fractions(values: Floats) -> bool:
    return bool((values != np.floor(values)).any())


def _rows_of(words: Words, places: Any) -> NDArray[Any]:
    return np.flatnonzero(np.isin(words.codes, places))


def _mostly_numbers(
    words: Words, known: Any, strange: Any, weights: NDArray[np.int64] | None
) -> bool:
    """Whether so few values are not numbers that they must be errors in a column of numbers."""
    if known.sum() < _DISTINCT:
        return False
    if all(_LIMIT.match(words.states[int(i)]) for i in strange):
        return True
    rows = (_rows_of(words, places) for places in (np.flatnonzero(known), strange))
    n_known, n_strange = (len(r) if weights is None else weights[r].sum() for r in rows)
    return bool(n_known >= _MOSTLY * (n_known + n_strange))


def _dirty(name: str, words: Words, known: Any, strange: Any, marks: Marks) -> DataError:
    rows = _rows_of(words, strange) + 1
    texts = [words.states[int(i)] for i in strange]
    n_numbers = len(_rows_of(words, np.flatnonzero(known)))
    shown = ", ".join(repr(t) for t in texts[:3]) + (", ..." if len(texts) > 3 else "")
    are = "is" if len(rows) == 1 else "are"
    limits = all(_LIMIT.match(t) for t in texts)
    what = (
        " (values beyond a limit; write a number in their place, such as the limit, first)"
        if limits
        else ""
    )
    return DataError(
        f"column {name!r} is no column of numbers: {n_numbers} of {n_numbers + len(rows)} values "
        f"are, but {shown} in {in_rows(rows.tolist(), len(rows))} {are} "
        f"not{what}; correct them, take them as missing with ",
        Setting("missing_marks", [*(marks.asked or ()), *texts[:20]]),
        ", or, if all values are names of categories, declare ",
        Setting("kinds", {name: "discrete"}),
    )


def _not_numbers(name: str, words: Words, strange: Any, marks: Marks) -> DataError:
    rows = _rows_of(words, strange) + 1
    texts = [words.states[int(i)] for i in strange]
    return DataError(
        f"column {name!r} is declared continuous but does not hold numbers: {texts[0]!r} in "
        f"{in_rows(rows.tolist(), len(rows))}; take such text as missing with ",
        Setting("missing_marks", [*(marks.asked or ()), *texts[:20]]),
        " if that is what it means",
    )
