"""Strata of the rows, and which of them can be compared between groups."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.errors import DataError, MistructWarning

_FEWEST_IN_STRATUM = 5  # of a group


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
