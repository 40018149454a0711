"""The candidates of a search for edges, the best first, as a matrix whose rows are looked at late.

Each row has a bound on its best key. Keys that are dropped leave the bound too high, which is found
out when the row is the first by its bound; so a step of the search looks at a few rows only.
"""

from __future__ import annotations

import numpy as np

from mistruct._typing import Floats, Positions


class EdgeQueue:
    """Pairs of positions with a key each, -inf for those that are no candidates.

    Of equal keys the pair with the first columns comes first.

    Attributes
    ----------
    n_open : int
        Number of candidates.
    """

    def __init__(self, keys: Floats) -> None:
        self._keys = keys
        keys[np.tri(len(keys), dtype=bool)] = -np.inf  # each pair once, in the row of its first
        self._bounds = keys.max(axis=1)
        self.n_open = int((keys > -np.inf).sum())

    def best(self) -> tuple[int, int, float]:
        """The pair with the largest key, and this, which is -inf where none is left."""
        while True:
            row = int(self._bounds.argmax())
            column = int(self._keys[row].argmax())
            key = float(self._keys[row, column])
            if key == self._bounds[row]:
                return row, column, key
            self._bounds[row] = key

    def first(self, most: int) -> Positions:
        """Pairs with the largest keys, in their order, shape (n_pairs, 2)."""
        pairs = np.argwhere(self._keys > -np.inf)
        order = np.argsort(-self._keys[tuple(pairs.T)], kind="stable")
        return np.asarray(pairs[order[:most]])

    def drop(self, some: Positions, others: Positions) -> None:
        """Take all pairs of one of some columns and one of others out."""
        for rows, columns in ((some, others), (others, some)):
            place = np.ix_(rows, columns)
            self.n_open -= int((self._keys[place] > -np.inf).sum())
            self._keys[place] = -np.inf

    def put(self, pairs: Positions, keys: Floats) -> None:
        """Add pairs that are no candidates yet, the lower position first."""
        for (row, column), key in zip(pairs.tolist(), keys.tolist(), strict=True):
            self._keys[row, column] = key
            self._bounds[row] = max(self._bounds[row], key)
            self.n_open += key > -np.inf

    def put_block(self, some: Positions, others: Positions, keys: Floats) -> None:
        """Add all pairs of one of some columns and one of others, by the matrix of all keys."""
        for rows, columns in ((some, others), (others, some)):
            place = np.ix_(rows, columns)
            block = np.where(rows[:, np.newaxis] < columns, keys[place], -np.inf)
            self.n_open += int((block > -np.inf).sum()) - int((self._keys[place] > -np.inf).sum())
            self._keys[place] = block
            self._bounds[rows] = np.maximum(self._bounds[rows], block.max(axis=1))
