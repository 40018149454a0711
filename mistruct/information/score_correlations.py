"""Correlations between the normal scores of a table's continuous columns, computed once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset
from mistruct.data.derived import once_per_table
from mistruct.information.blocks import normal_scores

# So many columns at most have their whole matrix kept: 128 MB.
_MOST_KEPT = 4096

Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Scores:
    """Unit vectors of the continuous columns without gaps.

    Attributes
    ----------
    rows : ndarray of float, shape (n_columns, n_samples)
        All 0 for a constant column.
    row : ndarray of int, shape (n_variables,)
        The row of each of the table's columns; -1 where it has none.
    """

    rows: NDArray[np.float64]
    row: Positions


@once_per_table
def unit_scores(data: Dataset) -> Scores:
    """The normal scores of the continuous columns without gaps, centred and of length 1."""
    some = np.array(
        [data.kinds[n] == "continuous" and not data.n_missing[n] for n in data.names], dtype=bool
    )
    rows = normal_scores(data.values[[data.row(data.names[i]) for i in np.flatnonzero(some)]])
    rows -= rows.mean(axis=1, keepdims=True)
    lengths = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    np.divide(rows, lengths, out=rows, where=lengths > 0)
    return Scores(rows, np.where(some, np.cumsum(some) - 1, -1))


@once_per_table
def _all_correlations(data: Dataset) -> NDArray[np.float64]:
    rows = unit_scores(data).rows
    return rows @ rows.T


def score_correlations(data: Dataset, columns: Positions) -> tuple[NDArray[np.float64], Positions]:
    """Correlations among continuous columns without gaps, by position, and where each stands.

    Returns a matrix that holds at least these columns, and the row in it of each of the table's
    columns, -1 for others.
    """
    scores = unit_scores(data)
    if len(scores.rows) <= _MOST_KEPT:
        return _all_correlations(data), scores.row
    used = np.unique(columns)
    rows = scores.rows[scores.row[used]]
    row = np.full(data.n_variables, -1)
    row[used] = np.arange(len(used))
    return rows @ rows.T, row
