"""Copies: columns that agree in every row, which no score can tell apart.

Where two columns have the same states up to their names, or the same ranks, whatever is a parent of
one could be of the other for the same score. So that the choice does not fall to chance on the way
of a search, the first by name stands for the others, and these can have no neighbour but it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.stats import rankdata

from mistruct.data.dataset import Dataset
from mistruct.structure.knowledge import Constraints


def copies_of(data: Dataset) -> dict[int, int]:
    """Find copies: the first column that each later one equals, by position; none if constant."""
    first: dict[tuple[bool, bytes], int] = {}
    copies = {}
    for column, name in enumerate(data.names):
        key = data.is_discrete(name), _as_bytes(data, name)
        if key[1] and key in first:
            copies[column] = first[key]
        else:
            first[key] = column
    return copies


def _as_bytes(data: Dataset, name: str) -> bytes:
    """Key that two copies share; empty for a constant column."""
    row = data.row(name)
    if data.is_discrete(name):
        _, places, labels = np.unique(data.codes[row], return_index=True, return_inverse=True)
        order = np.argsort(np.argsort(places))  # states in the order in which they occur
        return bytes(order[labels].astype(np.int32).tobytes()) if len(places) > 1 else b""
    ranks = np.asarray(rankdata(data.values[row], nan_policy="omit"))  # NaN where missing
    if np.nanmin(ranks) == np.nanmax(ranks):
        return b""
    n_known = np.count_nonzero(~np.isnan(ranks))
    return min(bytes(ranks.tobytes()), bytes((n_known + 1 - ranks).tobytes()))


def without_copies(constraints: Constraints, copies: dict[int, int]) -> Constraints:
    """Constraints under which copies are joined only to their originals.

    A column of which something is known keeps all that it may be joined to.
    """
    n = len(constraints.possible)
    free = constraints.possible | np.eye(n, dtype=bool)
    unbound = np.asarray(free.all(axis=0) & free.all(axis=1))
    possible = constraints.possible.copy()
    for copy, original in copies.items():
        if unbound[copy] and unbound[original]:
            possible[copy], possible[:, copy] = False, False
            possible[original, copy] = True
    return replace(constraints, possible=possible)
