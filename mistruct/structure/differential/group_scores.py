"""Normal scores of columns within groups of rows, and their second Hermite polynomials."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from mistruct._typing import Floats, Positions
from mistruct.kernels.gaussian.cell_scores import score_in_cells


class Groups(NamedTuple):
    """Group and stratum of each row, as codes without gaps."""

    group: Positions
    stratum: Positions

    @property
    def cell(self) -> Positions:
        """Codes of group and stratum together, ordered by group."""
        return self.group * (int(self.stratum.max()) + 1) + self.stratum

    def permuted(self, rng: np.random.Generator) -> Groups:
        """The groups with their labels permuted within each stratum."""
        group = self.group.copy()
        for s in range(int(self.stratum.max()) + 1):
            rows = np.flatnonzero(self.stratum == s)
            group[rows] = rng.permutation(group[rows])
        return Groups(group, self.stratum)


class Scores(NamedTuple):
    """Scores of columns in each group, and which entries are known, if not all are.

    Attributes
    ----------
    vectors : list of ndarray of float32, shape (2, n_columns, n_rows of the group)
        Of length 1: scores, and their second polynomials.
    known : list of ndarray of float32, shape (n_columns, n_rows of the group), optional
        1 for entries that are there, 0 for others.
    """

    vectors: list[NDArray[np.float32]]
    known: list[NDArray[np.float32]] | None

    def take(self, columns: slice) -> Scores:
        """Select some of the columns."""
        known = self.known and [part[columns] for part in self.known]
        return Scores([part[:, columns] for part in self.vectors], known)


class Sorted(NamedTuple):
    """Sorted columns, which give ranks within any groups by counting."""

    order: Positions
    n_known: Positions
    tied: NDArray[np.bool_]

    @classmethod
    def of(cls, values: Floats) -> Sorted:
        """Sort each row of `values`, shape (n_columns, n_rows); NaN comes last."""
        order = np.argsort(values, axis=1, kind="stable")
        ordered = np.take_along_axis(values, order, axis=1)
        tied = np.zeros(values.shape, dtype=bool)
        tied[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
        return cls(order, (~np.isnan(values)).sum(axis=1), tied)

    def take(self, columns: slice) -> Sorted:
        """Select some of the columns."""
        return Sorted(self.order[columns], self.n_known[columns], self.tied[columns])


def scores_within(columns: Sorted, cell: Positions) -> tuple[Floats, Positions]:
    """Normal scores of the ranks in each cell of rows, cell by cell; and the order of the rows."""
    sizes = np.bincount(cell)
    quantiles = np.concatenate([ndtri(np.arange(2 * m + 2) / (2 * m + 2)) for m in sizes])
    starts = np.concatenate([[0], np.cumsum(2 * sizes + 2)])
    rows = np.argsort(cell, kind="stable")
    slot = np.empty(len(cell), dtype=np.int64)
    slot[rows] = np.arange(len(cell))
    scores = np.empty(columns.order.shape)
    score_in_cells(*columns, cell, slot, starts, quantiles, scores)
    return scores, rows


def unit_scores(columns: Sorted, groups: Groups, *, gaps: bool) -> Scores:
    """Scores of ranks within each cell of rows, centred there, and their polynomials.

    `gaps` says that an entry is missing, of these columns or of others to compare with them.
    """
    scores, rows = scores_within(columns, groups.cell)
    ends = np.cumsum(np.bincount(groups.group)).tolist()
    cells = np.cumsum(np.bincount(groups.cell)).tolist()
    known = None
    if gaps:
        there = np.ones(scores.shape)
        for i, n_known in enumerate(columns.n_known):
            there[i, columns.order[i, n_known:]] = 0.0
        there = there[:, rows]
        known = np.split(there, ends[:-1], axis=1)
    start = 0
    for end in cells:
        part = scores[:, start:end]
        weight = 1.0 if known is None else there[:, start:end]
        n = np.maximum(np.sum(np.broadcast_to(weight, part.shape), axis=1, keepdims=True), 1.0)
        part -= part.sum(axis=1, keepdims=True) / n * weight
        start = end
    vectors = []
    for g, part in enumerate(np.split(scores, ends[:-1], axis=1)):
        first = _unit(part)
        second = _second(first, 1.0 if known is None else known[g])
        vectors.append(np.array([first, second], dtype=np.float32))
    if known is None:
        return Scores(vectors, None)
    return Scores(vectors, [part.astype(np.float32) for part in known])


def _unit(vectors: Floats) -> Floats:
    lengths = np.sqrt((vectors * vectors).sum(axis=1, keepdims=True))
    longer = lengths > 1e-12
    return np.asarray(np.divide(vectors, lengths, out=np.zeros_like(vectors), where=longer))


def _second(scores: Floats, known: Floats | float) -> Floats:
    """The second Hermite polynomial of unit scores, made orthogonal to them and to constants."""
    squares = scores * scores
    means = squares.sum(axis=1, keepdims=True) / np.maximum(
        np.sum(np.broadcast_to(known, squares.shape), axis=1, keepdims=True), 1.0
    )
    squares -= means * known
    squares -= (squares * scores).sum(axis=1, keepdims=True) * scores
    return _unit(squares)
