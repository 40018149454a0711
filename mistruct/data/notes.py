"""Notes on what was guessed, dropped or read as missing, with the settings that change it.

The words are made here and nowhere else. They hold settings, not text, where they give advice, so
Python says ``kinds={'zip': 'discrete'}`` where the command says ``--kind zip=discrete``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mistruct.errors import Setting, Words, spelled

# So many names, marks or rows are shown of more.
_SHOWN = 3


@dataclass(frozen=True)
class Note:
    """A note on how a table was read.

    Attributes
    ----------
    rule : str
        What was applied, such as ``identifier`` or ``missing mark``.
    columns : tuple of str
        The columns concerned; empty where it is the whole file.
    count : int
        How many columns, rows or entries.
    rows : tuple of int
        The first rows concerned, counted from 1.
    examples : tuple of str
        Values that show it.
    words : tuple of str or Setting
        What was done.
    change : tuple of str or Setting
        How to have it otherwise.

    Examples
    --------
    >>> note = left_out(["id"], "row numbers")
    >>> print(note)
    'id' is left out (row numbers); to keep it: kinds={'id': 'continuous'}
    >>> note.in_command()
    "'id' is left out (row numbers); to keep it: --kind id=continuous"
    """

    rule: str
    columns: tuple[str, ...]
    count: int
    words: Words
    change: Words = ()
    rows: tuple[int, ...] = ()
    examples: tuple[str, ...] = ()

    def _said(self) -> Words:
        return (*self.words, "; ", *self.change) if self.change else self.words

    def __str__(self) -> str:
        return spelled(self._said())

    def in_command(self) -> str:
        """The note in the words of the command."""
        return spelled(self._said(), command=True)


def listed(names: Iterable[object], shown: int = _SHOWN) -> str:
    """List names, the first few of many: ``'a', 'b', 'c' and 4 more``."""
    names = list(names)
    some = ", ".join(repr(str(n)) for n in names[:shown])
    return some if len(names) <= shown else f"{some} and {len(names) - shown} more"


def in_rows(rows: Sequence[int], count: int) -> str:
    """List rows, counted from 1: ``row 4`` or ``rows 4, 17, 30, ...``."""
    some = ", ".join(str(r) for r in rows[:_SHOWN])
    return f"row{'s' if count > 1 else ''} {some}{', ...' if count > len(rows[:_SHOWN]) else ''}"


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _kinds(names: Sequence[str], kind: str) -> Words:
    """Setting that declares the kind of columns; of many columns, the first is the example."""
    if len(names) <= _SHOWN:
        return (Setting("kinds", dict.fromkeys(names, kind)),)
    return (Setting("kinds", {names[0]: kind}), ", ...")


def left_out(names: Sequence[str], why: str, kind: str = "continuous") -> Note:
    """Note on identifiers that were dropped."""
    them = "it" if len(names) == 1 else "them"
    return Note(
        "identifier",
        tuple(names),
        len(names),
        (f"{listed(names)} {_are(names)} left out ({why})",),
        (f"to keep {them}: ", *_kinds(names, kind)),
    )


class Found(NamedTuple):
    """A mark of missing entries in one column, with the first rows it stands in."""

    mark: str
    column: str
    times: int
    rows: tuple[int, ...]


def read_as_missing(found: Sequence[Found], asked: Sequence[str]) -> list[Note]:
    """Notes on marks of missing entries, one for each; `asked` are those given by the caller."""
    by_mark: dict[str, list[Found]] = {}
    for f in found:
        by_mark.setdefault(f.mark, []).append(f)
    notes = []
    for mark, of in by_mark.items():
        count = sum(f.times for f in of)
        where = [
            f"{f'{f.times} in ' if len(of) > 1 else ''}{f.column!r} ({in_rows(f.rows, f.times)})"
            for f in of[:_SHOWN]
        ]
        more = f" and {len(of) - _SHOWN} more columns" if len(of) > _SHOWN else ""
        others = [m for m in asked if m != mark] or [""]
        notes.append(
            Note(
                "missing mark",
                tuple(f.column for f in of),
                count,
                (f"{count} {mark!r} read as missing: {', '.join(where)}{more}",),
                ("to choose the marks: ", Setting("missing_marks", others)),
                of[0].rows,
                (mark,),
            )
        )
    return notes


def read_as_numbers(column: str, written: str, count: int, example: str) -> Note:
    """Note on text that was read as numbers in a special format."""
    return Note(
        "number format",
        (column,),
        count,
        (f"{column!r} is read as numbers: {count} are written with {written}, as {example!r}",),
        ("to keep it as text: ", Setting("kinds", {column: "discrete"})),
        examples=(example,),
    )


def kept_as_text(names: Sequence[str], example: str) -> Note:
    """Note on digits with a leading zero, which were kept as text."""
    return Note(
        "leading zeros",
        tuple(names),
        len(names),
        (f"{listed(names)} {_are(names)} kept as text, for leading zeros as in {example!r}",),
        ("to read numbers: ", *_kinds(names, "continuous")),
        examples=(example,),
    )


def blanks_trimmed(names: Sequence[str], count: int, example: str) -> Note:
    """Note on blanks around values, which were trimmed."""
    return Note(
        "blanks",
        tuple(names),
        count,
        (f"blanks around {count} values of {listed(names)} are trimmed, as of {example!r}",),
        examples=(example,),
    )


def taken_as(names: Sequence[str], kind: str, why: str, rule: str = "kind") -> Note:
    """Note on columns whose kind was guessed."""
    other = "continuous" if kind == "discrete" else "discrete"
    return Note(
        rule,
        tuple(names),
        len(names),
        (f"{listed(names)} {_are(names)} taken as {kind} ({why})",),
        ("otherwise: ", *_kinds(names, other)),
    )


def few_rows_per_state(name: str, n_states: int, n_rows: int) -> Note:
    """Note on a column of words with few rows per state."""
    return Note(
        "few rows per state",
        (name,),
        n_states,
        (f"{name!r} has {n_states} states in {n_rows} rows, so few rows per state",),
        ("to leave it out: ", Setting("drop", [name])),
    )


def stands_for(name: str, n_rows: int, total: int, n_zeros: int) -> Note:
    """Note on a column of weights, by which rows stand for several."""
    zeros = ""
    if n_zeros:
        zeros = f"; {n_zeros:,} of weight 0 {'is' if n_zeros == 1 else 'are'} left out"
    text = f"the table of {n_rows:,} rows stands for {total:,} rows, as {name!r} says{zeros}"
    return about_file("weights", text, total)


def looks_like_counts(name: str) -> Note:
    """Note on a column that may hold weights."""
    return Note(
        "counts of rows",
        (name,),
        1,
        (
            f"no two rows agree in all columns but {name!r}, which may say how many rows each "
            "stands for",
        ),
        ("if so: ", Setting("weights", name)),
    )


def about_file(rule: str, text: str, count: int = 1, change: Words = ()) -> Note:
    """Note on the file as a whole."""
    return Note(rule, (), count, (text,), change)
