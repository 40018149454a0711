"""Copies: columns that agree in every row, which no score can tell apart.

Where two columns have the same states up to their names, or the same ranks, whatever is a parent of
one could be of the other for the same score. So that the choice does not fall to chance on the way
of a search, the first by name stands for the others, and these can have no neighbour but it.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from mistruct.data.dataset import Dataset
from mistruct.data.packed.rank_writer import MISSING_RANK
from mistruct.parallel import slices
from mistruct.structure.knowledge import Constraints

# Entries that are looked at together.
_ROWS = 1 << 20


def copies_of(data: Dataset) -> dict[int, int]:
    """Find copies: the first column that each later one equals, by position; none if constant."""
    first: dict[tuple[bool, bytes], int] = {}
    copies = {}
    for column, name in enumerate(data.names):
        key = data.is_discrete(name), _key(data, name)
        if key[1] and key in first:
            copies[column] = first[key]
        else:
            first[key] = column
    return copies


def _key(data: Dataset, name: str) -> bytes:
    """Digest that two copies share; empty for a constant column."""
    row = data.row(name)
    if data.is_discrete(name):
        _, places, labels = np.unique(data.codes[row], return_index=True, return_inverse=True)
        order = np.argsort(np.argsort(places))  # states in the order in which they occur
        return _digest(order[labels].astype(np.int32)) if len(places) > 1 else b""
    if not data.varies[row]:
        return b""
    stored = data.on_disk
    if stored is not None:
        return _either_way(stored.ranks[row])
    ranks = np.asarray(rankdata(data.values[row], nan_policy="omit"))  # NaN where missing
    known = ~np.isnan(ranks)
    centred = np.full(len(ranks), MISSING_RANK, dtype=np.int32)
    centred[known] = 2.0 * ranks[known] - (np.count_nonzero(known) + 1)
    return _either_way(centred)


def _either_way(ranks: NDArray[np.int32]) -> bytes:
    """Digest of doubled centred ranks, in the direction in which the first other than 0 is more."""
    for rows in slices(len(ranks), _ROWS):
        some = ranks[rows]
        seen = some[(some != 0) & (some != MISSING_RANK)]
        if len(seen):
            break
    return _digest(ranks, turned=bool(seen[0] < 0))


def _digest(numbers: NDArray[np.int32], *, turned: bool = False) -> bytes:
    digest = blake2b(digest_size=32)
    for rows in slices(len(numbers), _ROWS):
        some = numbers[rows]
        # That of what is missing is its own negative.
        digest.update(np.ascontiguousarray(-some if turned else some).data)
    return digest.digest()


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
