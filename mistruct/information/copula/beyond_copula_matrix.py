"""The matrix of information from the copula and nearest neighbours, for all pairs of columns.

Columns without gaps are ranked, standardised and sorted once. A kernel then takes the pairs of
which one column has no ties, so that no two rows are equal; other pairs are done one at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.special import psi

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.errors import TooFewRowsError
from mistruct.information.blocks import normal_scores
from mistruct.information.copula.basis import RESOLUTION, basis, require_rows, warn_infinite
from mistruct.information.copula.beyond_copula import (
    CLEAR,
    codes_of_ranks,
    require_neighbors,
    unit_variance,
)
from mistruct.information.copula.gaussian_copula import gaussian_bias
from mistruct.information.tiles import infinite_pairs, pairwise_by_tiles
from mistruct.kernels.neighbors.pairs_beyond_copula import ScoredColumns, excess_of_pairs
from mistruct.kernels.neighbors.sorted_line import COUNTED

Information = Callable[[Dataset, str, str], float]

# Sorting and searching halves and, at times, all rows; on about two cores of 2023.
_NANOSECONDS_PER_POINT = 250.0
_NANOSECONDS_PER_STEP = 3.0

# Beyond this multiple of the typical distance to a k-th neighbour, a point is searched alone.
_WINDOWS_SIDE_BY_SIDE = 4.0


def pairwise_excess(
    data: Dataset,
    rows: Positions,
    columns: Positions,
    n_neighbors: int,
    one_pair: Information,
    dtype: DTypeLike = np.float64,
) -> NDArray[Any]:
    """Information between continuous columns by position, shape (len(rows), len(columns)).

    What the kernel does not take is left to `one_pair`, given complete rows and two names.
    """
    if len(rows) and len(columns):
        names = [data.names[p] for p in (rows[0], columns[0])]
        require_neighbors(data.n_samples, n_neighbors, names)
        require_rows(data.n_samples, 2, names)
    matrix = _Matrix(data, np.union1d(rows, columns), n_neighbors, one_pair)
    result = pairwise_by_tiles(
        matrix.fill,
        rows,
        columns,
        matrix.nanoseconds_per_pair,
        dtype,
        "mutual information (copula and nearest neighbors)",
    )
    for x, y in infinite_pairs(rows, columns, result)[:1]:
        warn_infinite([data.names[x]], [data.names[y]])
    return result


class _Matrix:
    """Fills tiles of the matrix."""

    def __init__(
        self, data: Dataset, used: Positions, n_neighbors: int, one_pair: Information
    ) -> None:
        n = data.n_samples
        self.data = data
        self.n_neighbors = n_neighbors
        self.one_pair = one_pair
        whole = np.array([p for p in used if not data.n_missing[data.names[p]]], dtype=np.int64)
        self.row = np.full(data.n_variables, -1)
        self.row[whole] = np.arange(whole.size)
        given = data.values[[data.row(data.names[p]) for p in whole]]
        order = np.argsort(given, axis=1).astype(np.int32)
        ordered = np.take_along_axis(given, order, axis=1)
        self.tied = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
        self.varying = ordered[:, 0] < ordered[:, -1]
        self.bases = np.zeros_like(given)
        for i in np.flatnonzero(self.varying):
            self.bases[i] = basis(normal_scores(given[[i]]))[0]
        coordinates = unit_variance(self.bases)
        self.columns = ScoredColumns(coordinates, order, codes_of_ranks(given), self.tied)
        self.psi = psi(np.maximum(np.arange(n + 1), 1))
        window = math.sqrt(n_neighbors * n)
        self.reach = max(COUNTED, int(_WINDOWS_SIDE_BY_SIDE * window))
        self.nanoseconds_per_pair = n * (_NANOSECONDS_PER_POINT + _NANOSECONDS_PER_STEP * window)

    def fill(
        self, rows: Positions, columns: Positions, symmetric: bool, tile: NDArray[np.float64]
    ) -> None:
        wanted = np.ones(tile.shape, dtype=np.bool_)
        a, b = np.nonzero(np.triu(wanted) if symmetric else wanted)
        x, y = self.row[rows[a]], self.row[columns[b]]
        simple = (x >= 0) & (y >= 0)
        x_rows, y_rows = x[simple], y[simple]
        varying = self.varying[x_rows] & self.varying[y_rows]
        simple[simple] = varying & ~(self.tied[x_rows] & self.tied[y_rows])
        values = np.empty(a.size)
        values[simple] = self._information(x[simple], y[simple])
        for p in np.flatnonzero(~simple):
            values[p] = self._one(int(rows[a[p]]), int(columns[b[p]]))
        tile[a, b] = values

    def _information(self, x: Positions, y: Positions) -> NDArray[np.float64]:
        """Information of pairs of complete columns, of which one has no ties."""
        n = self.data.n_samples
        correlations = np.einsum("pn,pn->p", self.bases[x], self.bases[y])
        left = 1.0 - correlations**2
        nats = np.full(x.size, math.inf)
        known = left >= RESOLUTION**2
        bias = gaussian_bias(n, 1, 1, 0)
        values = -0.5 * np.log(left[known]) - bias
        excess_of_pairs(
            self.columns, x[known], y[known], correlations[known],
            self.reach, self.n_neighbors, self.psi, -bias, CLEAR, values,
        )  # fmt: skip
        nats[known] = values
        return nats

    def _one(self, x: int, y: int) -> float:
        names = [self.data.names[p] for p in (x, y)]
        pair = self.data.select(dict.fromkeys(names)).complete_rows()
        if pair.n_samples and x == y and (pair.values != pair.values[0, 0]).any():
            return math.inf
        try:
            return self.one_pair(pair, *names)
        except TooFewRowsError:
            if pair.n_samples == self.data.n_samples:
                raise
            return math.nan
