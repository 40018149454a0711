"""Moments of the normal scores of a table's continuous columns, computed once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset
from mistruct.data.derived import once_per_table
from mistruct.information.blocks import normal_scores
from mistruct.information.copula.basis import RESOLUTION
from mistruct.information.copula.gram import correlations, moments_of, rows_of_shard, vectors_of
from mistruct.kernels.gaussian.partial_correlation import (
    HOW,
    N_X,
    N_Y,
    N_Z,
    NATS,
    partial_information,
)
from mistruct.parallel import run_blocks, slices

# How many times the correlations that are asked for may be made at once.
_MOST_WASTED = 4

# Columns that a thread ranks at a time.
_COLUMNS_AT_ONCE = 64

#: Up to this number of columns the matrix is cached (128 MB), above it the scores.
MOST_CORRELATED = 4096

# Of few pairs among many columns.
_PAIRS_AT_ONCE = 256


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
    if has_matrix(data):
        return _correlations(data)[0], row
    used = np.unique(np.concatenate([some.ravel() for some in columns]))
    scores = _scores(data)[0][row[used]]
    place = np.full(data.n_variables, -1)
    place[used] = np.arange(len(used))
    return scores @ scores.T, place


def cut_pairs(data: Dataset, pairs: Positions) -> list[slice]:
    """Slices of pairs whose correlations are worth making together.

    That is all, unless the matrix of their columns has far more entries than there are pairs, as
    for one column with each of many.
    """
    n_columns = 0 if has_matrix(data) else len(np.unique(pairs))
    few = len(pairs) * 2 * _PAIRS_AT_ONCE < n_columns**2
    return slices(len(pairs), _PAIRS_AT_ONCE if few else max(len(pairs), 1))


def correlations_between(data: Dataset, rows: Positions, columns: Positions) -> Floats:
    """Correlations of complete continuous columns by position, shape (len(rows), len(columns))."""
    if len(rows) > len(columns):
        return correlations_between(data, columns, rows).T
    if len(np.union1d(rows, columns)) ** 2 <= _MOST_WASTED * len(rows) * len(columns):
        return _between(data, rows, columns)
    # Few beside many, which come with them a part at a time.
    cut = slices(len(columns), max(len(rows), _COLUMNS_AT_ONCE))
    return np.concatenate([_between(data, rows, columns[some]) for some in cut], axis=1)


def _between(data: Dataset, rows: Positions, columns: Positions) -> Floats:
    """Correlations of rows and columns, from those among all of either."""
    used = np.union1d(rows, columns)
    found = _of_columns(data, used)
    places = [np.searchsorted(used, some) for some in (rows, columns)]
    whole = all(np.array_equal(some, np.arange(len(used))) for some in places)
    return found if whole else found[np.ix_(*places)]


def _of_columns(data: Dataset, used: Positions) -> Floats:
    """Correlations of all of the columns, which are kept if they are those of the whole table."""
    if len(used) == (row_of_scores(data) >= 0).sum():
        return _correlations(data)[0]
    names = [data.names[p] for p in used]
    return correlations(moments_of(vectors_of(data, names)), data.n_samples)[0]


def is_long(data: Dataset, names: Sequence[str]) -> bool:
    """Whether columns are continuous, without gaps, and of more rows than a shard has."""
    numbers = all(data.kinds[n] == "continuous" for n in names)
    if not numbers or data.n_samples <= rows_of_shard(len(names)):
        return False
    if data.on_disk is None:  # where it is not known what is missing in which columns
        data = data.select(dict.fromkeys(names))
    return not any(data.n_missing[n] for n in names)


def information_in_shards(
    data: Dataset, x: str, y: str, z: Sequence[str]
) -> tuple[float, int, int, int]:
    """I(x; y | z) in nats without its bias, and the dimensions of x, y and z.

    From moments over shards of rows, so no column of a packed table is held.
    """
    names = sorted({x, y, *z})
    found = correlations(moments_of(vectors_of(data, names)), data.n_samples)[0]
    order = np.array([names.index(n) for n in (*sorted(set(z)), x, y)])
    result = np.empty(HOW + 1)
    partial_information(found, order, RESOLUTION**2, np.empty((len(order),) * 2), result)
    return float(result[NATS]), int(result[N_X]), int(result[N_Y]), int(result[N_Z])


def skewness_of_scores(data: Dataset) -> Floats:
    """Skewness of each row of scores, which is 0 without ties."""
    return (_correlations if has_matrix(data) else _scores)(data)[1]


def has_matrix(data: Dataset) -> bool:
    """Whether the correlations of all complete continuous columns are made, and kept."""
    return bool(row_of_scores(data).max(initial=-1) < MOST_CORRELATED)


@once_per_table
def _correlations(data: Dataset) -> tuple[Floats, Floats]:
    """Correlations of all columns, and the skewness of each; of a packed table in shards."""
    names = [n for n, row in zip(data.names, row_of_scores(data), strict=True) if row >= 0]
    if not names:
        return np.empty((0, 0)), np.empty(0)
    return correlations(moments_of(vectors_of(data, names)), data.n_samples)


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
