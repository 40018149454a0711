"""Decisions from the whole table: identifiers, matrices of counts, questionnaires."""

from __future__ import annotations

from collections.abc import Sequence

from mistruct.data.door import Column, Door
from mistruct.data.identifiers import find_identifiers, notes_of, refuse_identifiers
from mistruct.data.kinds import (
    MAX_STATES,
    end_of_scale,
    is_matrix_of_counts,
    is_name_of_scale,
    may_be_codes,
)
from mistruct.data.notes import few_rows_per_state, kept_as_text, read_as_missing, taken_as
from mistruct.data.weights import notice_counts

# A column of words with fewer rows per state has almost none for most of its states.
_FEW_ROWS = 10

_WHOLE = ("two values", "few rows", "many values", "counts", "codes")


def settled(
    columns: list[Column], door: Door, *, refuse: bool = True, genes: bool = False
) -> list[Column]:
    """Final columns of a table, each with its kind, without identifiers.

    Columns that name the rows are refused, or left out with a note. `genes` is for tables that
    were turned: their columns were rows of one matrix.
    """
    identifiers = find_identifiers(columns)
    if identifiers:
        if refuse or len(identifiers) == len(columns):
            refuse_identifiers(identifiers, columns)
        door.notes += notes_of(identifiers, columns)
        columns = [c for c in columns if c.name not in identifiers]
    columns = _on_scales(_one_matrix(columns, door, genes), door)
    places = {c.name: i for i, c in enumerate(columns)}
    found = [f for f in door.found if f.column in places]
    found.sort(key=lambda f: places[f.column])
    door.notes += read_as_missing(found, door.marks.asked or ())
    notice_counts(columns, door)
    _note_kinds(columns, door)
    return columns


def _one_matrix(columns: list[Column], door: Door, genes: bool) -> list[Column]:
    """Give the columns of a matrix of counts one kind."""
    whole = [c for c in columns if c.inferred and c.rule in _WHOLE]
    mixed = len({c.kind for c in whole}) > 1
    facts = [(c.bounds[0], c.distinct) for c in whole]
    is_matrix = mixed and (
        is_matrix_of_counts(facts, len(columns))
        or (genes and len(whole) == len(columns) and all(least >= 0 for least, _ in facts))
    )
    if not is_matrix:
        return columns
    few = [c.name for c in whole if c.states is not None]
    why = f"counts of one matrix of {len(whole)} columns"
    door.notes.append(taken_as(few, "continuous", why, "matrix"))
    at = {c.name for c in whole}
    return [c.as_number() if c.name in at else c for c in columns]


def _on_scales(columns: list[Column], door: Door) -> list[Column]:
    """Make answers of a questionnaire and codes named after a scale ordinal."""
    whole = [
        c for c in columns if c.inferred and c.rule in _WHOLE and 3 <= c.distinct <= MAX_STATES
    ]
    end = end_of_scale([c.bounds for c in whole])
    # Items may lack the lowest answers.
    rules = {c.name: "scale" for c in whole if c.bounds[0] >= 1 and c.bounds[1] == end}
    why = {"scale": f"answers from 1 to {end} in {len(rules)} columns", "name": "name of a scale"}
    for c in whole:
        if c.rule == "codes" and is_name_of_scale(c.name):
            rules.setdefault(c.name, "name")
    for rule, reason in why.items():
        if names := [c.name for c in columns if rules.get(c.name) == rule]:
            door.notes.append(taken_as(names, "ordinal", reason, rule))
    return [c.as_ordinal(rules[c.name]) if c.name in rules else c for c in columns]


def _note_kinds(columns: Sequence[Column], door: Door) -> None:
    """Add notes on kinds that are uncertain guesses."""
    if door.leading_zeros:
        names = list(door.leading_zeros)
        door.notes.append(kept_as_text(names, door.leading_zeros[names[0]]))
    guessed = [c for c in columns if c.inferred and c.rule in _WHOLE]
    counts = [
        c.name for c in guessed if c.rule in ("counts", "few rows") and c.distinct <= MAX_STATES
    ]
    codes = [
        c.name
        for c in guessed
        if c.rule == "many values" and may_be_codes(c.distinct, c.bounds[1] - c.bounds[0], c.n_rows)
    ]
    floats = [
        c.name
        for c in guessed
        if c.rule == "codes" and c.stored == "float" and not (c.values == c.distinct).any()
    ]
    for names, kind, why in (
        (counts, "continuous", "counts, or few rows per value"),
        (codes, "continuous", f"more than {MAX_STATES} whole numbers, which may be codes"),
        (floats, "discrete", "few whole numbers"),
    ):
        if names:
            door.notes.append(taken_as(names, kind, why))
    for column in columns:
        n_states, n_rows = len(column.states or ()), column.n_rows
        if column.rule == "words" and n_states > max(MAX_STATES, n_rows / _FEW_ROWS):
            door.notes.append(few_rows_per_state(column.name, n_states, n_rows))
