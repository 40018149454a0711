"""Moments of the normal scores of a table's continuous columns, computed once."""

from __future__ import annotations

import numpy as np

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset
from mistruct.data.derived import once_per_table
from mistruct.information.blocks import normal_scores
from mistruct.information.copula.blas import one_blas_thread
from mistruct.parallel import run_blocks

# Columns that a thread ranks at a time.
_COLUMNS_AT_ONCE = 64

#: Up to this number of columns the matrix is cached (128 MB), above it the scores.
MOST_CORRELATED = 4096

# Products with fewer multiplications take BLAS no longer than to wait for a core that is busy.
_SHORT_PRODUCT = 1e8


@once_per_table
def row_of_scores(data: Dataset) -> Positions:
    """Row of each column among the complete continuous ones, otherwise -1."""
    some = np.array(
        [data.kinds[n] == "continuous" and not data.n_missing[n] for n in data.names], dtype=bool
    )
    return np.where(some, np.cumsum(some) - 1, -1)


def score_correlations(data: Dataset, *columns: Positions) -> tuple[Floats, Positions]:
    """Correlations among complete continuous columns, by position, and the row of each column.

    Returns a matrix that holds at least these columns, and the row in it of each of the table's
    columns, -1 for others. A constant column has correlations of 0.
    """
    row = row_of_scores(data)
    if _is_small(data):
        return _correlations(data)[0], row
    used = np.unique(np.concatenate([some.ravel() for some in columns]))
    scores = _scores(data)[0][row[used]]
    place = np.full(data.n_variables, -1)
    place[used] = np.arange(len(used))
    return scores @ scores.T, place


def skewness_of_scores(data: Dataset) -> Floats:
    """Skewness of each row of scores, which is 0 without ties."""
    return (_correlations if _is_small(data) else _scores)(data)[1]


def _is_small(data: Dataset) -> bool:
    return bool(row_of_scores(data).max(initial=-1) < MOST_CORRELATED)


@once_per_table
def _correlations(data: Dataset) -> tuple[Floats, Floats]:
    """Correlations of all columns, and the skewness of each."""
    scores, skewness = _unit_scores(data)
    is_short = scores.size * len(scores) < _SHORT_PRODUCT
    with one_blas_thread(is_short):
        return scores @ scores.T, skewness


def _unit_scores(data: Dataset) -> tuple[Floats, Floats]:
    """Centred normal scores of length 1, a row for each column, and the skewness of each.

    All 0 for a constant column.
    """
    places = np.flatnonzero(row_of_scores(data) >= 0)
    rows = np.array([data.row(data.names[i]) for i in places], dtype=np.int64)
    cut = [rows[i : i + _COLUMNS_AT_ONCE] for i in range(0, len(rows), _COLUMNS_AT_ONCE)]

    def unit(some: Positions) -> Floats:
        scores = normal_scores(data.values[some])
        scores -= scores.mean(axis=1, keepdims=True)
        lengths = np.sqrt((scores**2).sum(axis=1, keepdims=True))
        return np.asarray(np.divide(scores, lengths, out=scores, where=lengths > 0))

    parts = list(run_blocks(unit, cut, description="ranks"))
    third = [(part * part * part).sum(axis=1) for part in parts]
    return (
        np.concatenate([np.empty((0, data.n_samples)), *parts]),
        np.concatenate([np.empty(0), *third]) * data.n_samples**0.5,
    )


_scores = once_per_table(_unit_scores)
