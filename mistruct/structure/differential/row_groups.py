"""Groups and strata of the rows, and which of them can be compared between groups."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.errors import (
    DataError,
    MistructWarning,
    ParameterError,
    Setting,
    check_choice,
)

_FEWEST_IN_STRATUM = 5  # of a group


def group_of_rows(
    table: Dataset, condition: str, chosen: Sequence[Hashable] | None
) -> tuple[tuple[Hashable, ...], Positions]:
    """The levels, and the code of the level of each row, or -1."""
    if condition not in table.states:
        raise DataError(
            f"condition {condition!r} is continuous; groups need states: bin it with "
            "mistruct.discretize, or ",
            Setting("kinds", {condition: "discrete"}),
        )
    states = table.states[condition]
    codes = table.codes[table.row(condition)].astype(np.int64)
    if chosen is None:
        levels = tuple(s for k, s in enumerate(states) if (codes == k).any())
    else:
        levels = tuple(chosen)
        for level in levels:
            check_choice(f"levels of {condition!r}", level, states)
        if len(set(levels)) < len(levels):
            raise ParameterError(f"levels must differ, got {list(levels)}")
    if len(levels) < 2:
        raise DataError(
            f"condition {condition!r} has {len(levels)} level to compare, {levels[0]!r}; "
            "two or more are needed"
            if levels
            else f"condition {condition!r} has no level to compare; two or more are needed"
        )
    group = np.full(len(codes), -1)
    for g, level in enumerate(levels):
        group[codes == states.index(level)] = g
    return levels, group


def strata_of(table: Dataset, strata: Iterable[str]) -> Positions:
    """Codes of the combinations of states of each row, -1 if one is missing."""
    codes = np.zeros(table.n_samples, dtype=np.int64)
    missing = np.zeros(table.n_samples, dtype=bool)
    for name in strata:
        if name not in table.states:
            raise DataError(
                f"strata: column {name!r} is continuous; bin it with mistruct.discretize first"
            )
        missing |= ~table.known(name)
        of_column = table.codes[table.row(name)]
        _, codes = np.unique(codes * (len(table.states[name]) + 1) + of_column, return_inverse=True)
    codes[missing] = -1
    return codes


def without_small_strata(group: Positions, stratum: Positions, n_levels: int) -> Positions:
    """Groups of the rows, -1 in strata in which a group has too few rows."""
    group = np.where(stratum < 0, -1, group)
    if not stratum.any():
        return group
    small, n_rows = 0, 0
    for s in range(int(stratum.max()) + 1):
        inside = (stratum == s) & (group >= 0)
        if np.bincount(group[inside], minlength=n_levels).min() < _FEWEST_IN_STRATUM:
            small, n_rows = small + bool(inside.any()), n_rows + int(inside.sum())
            group[stratum == s] = -1
    if small:
        warnings.warn(
            f"strata: {small} of the strata, with {n_rows} rows, are left out, as a group has "
            f"fewer than {_FEWEST_IN_STRATUM} rows there",
            MistructWarning,
            stacklevel=4,  # of `fit`
        )
    return group
