"""Correlations between the normal scores of a table's continuous columns, computed once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset
from mistruct.data.derived import once_per_table
from mistruct.information.blocks import normal_scores
from mistruct.parallel import run_blocks

# Columns that a thread ranks at a time.
_COLUMNS_AT_ONCE = 64

# So many columns at most have their whole matrix kept: 128 MB. Of more, the scores are.
_MOST_KEPT = 4096

Positions = NDArray[np.int64]


@once_per_table
def row_of_scores(data: Dataset) -> Positions:
    """The row of each of the table's columns among its continuous ones without gaps, else -1."""
    some = np.array(
        [data.kinds[n] == "continuous" and not data.n_missing[n] for n in data.names], dtype=bool
    )
    return np.where(some, np.cumsum(some) - 1, -1)


def score_correlations(data: Dataset, columns: Positions) -> tuple[NDArray[np.float64], Positions]:
    """Correlations among continuous columns without gaps, by position, and where each stands.

    Returns a matrix that holds at least these columns, and the row in it of each of the table's
    columns, -1 for others. A constant column has correlations of 0.
    """
    row = row_of_scores(data)
    if row.max(initial=-1) < _MOST_KEPT:
        return _all_correlations(data), row
    used = np.unique(columns)
    scores = _kept_scores(data)[row[used]]
    place = np.full(data.n_variables, -1)
    place[used] = np.arange(len(used))
    return scores @ scores.T, place


@once_per_table
def _all_correlations(data: Dataset) -> NDArray[np.float64]:
    scores = _unit_scores(data)
    return scores @ scores.T


def _unit_scores(data: Dataset) -> NDArray[np.float64]:
    """Centred normal scores of length 1, a row for each column; all 0 for a constant one."""
    places = np.flatnonzero(row_of_scores(data) >= 0)
    rows = np.array([data.row(data.names[i]) for i in places], dtype=np.int64)
    cut = [rows[i : i + _COLUMNS_AT_ONCE] for i in range(0, len(rows), _COLUMNS_AT_ONCE)]
    parts = run_blocks(lambda some: normal_scores(data.values[some]), cut, description="ranks")
    scores = np.concatenate([np.empty((0, data.n_samples)), *parts])
    scores -= scores.mean(axis=1, keepdims=True)
    lengths = np.sqrt((scores**2).sum(axis=1, keepdims=True))
    return np.asarray(np.divide(scores, lengths, out=scores, where=lengths > 0))


_kept_scores = once_per_table(_unit_scores)
