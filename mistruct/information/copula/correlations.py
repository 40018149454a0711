r"""The matrix of copula information between the columns of a complete table.

Each column becomes an orthonormal basis, of one row for a continuous column and of r - 1 for a
discrete one, and one matrix product holds the products of all. The canonical correlations of a
pair are the singular values of its block of that product; where one of the two has a single row,
their squares sum to those of the block. A column of many states stays as codes: its products are
sums over the rows of each state (`residual_blocks`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.information.copula.basis import (
    Bases,
    information_of,
    least_remainder,
    require_rows,
    warn_infinite,
)
from mistruct.information.copula.residual_blocks import Block, Known, is_wide
from mistruct.information.copula.score_correlations import correlations_between, has_matrix
from mistruct.information.panels import Panel, Panels
from mistruct.parallel import run_blocks, slices

#: Enough of the product at once for it to run at full speed, and little beside the result.
PANEL_ENTRIES = 8_000_000
# The block that a thread turns into information fits into its cache.
_CHUNK_ENTRIES = 100_000

#: The bias of a pair of columns of these dimensions.
Bias = Callable[[int, int], float]


def pairwise_by_products(
    data: Dataset, rows: Positions, columns: Positions, bias: Bias, dtype: DTypeLike
) -> NDArray[Any]:
    """Information less its `bias` between columns by position, shape (len(rows), len(columns))."""
    result = np.empty((len(rows), len(columns)), dtype=dtype)
    if not result.size:
        return result
    wide = np.array([is_wide(data, n) for n in data.names])
    _require_rows(data, rows, columns)
    some_rows, some_columns = np.flatnonzero(~wide[rows]), np.flatnonzero(~wide[columns])
    if len(some_rows) and len(some_columns):
        of_narrow = panels_of(
            data, rows[some_rows], columns[some_columns], bias, result.dtype
        ).matrix()
        if not wide[rows].any() and not wide[columns].any():
            result = of_narrow  # the matrix of 20,000 columns, which is not copied
        else:
            result[np.ix_(some_rows, some_columns)] = of_narrow
    for p in np.unique(np.concatenate([rows[wide[rows]], columns[wide[columns]]])):
        in_rows, in_columns = np.flatnonzero(rows == p), np.flatnonzero(columns == p)
        if len(in_rows):
            result[in_rows] = _wide_column(data, p, columns, bias)
        if len(in_columns):
            result[:, in_columns] = _wide_column(data, p, rows, bias)[:, np.newaxis]
    warn_of_infinite_pairs(data, rows, columns, result)
    return result


class CorrelationPanels(Panels):
    """Panels between continuous columns without gaps, from correlations that are made once.

    Those of a packed table are summed over shards of its rows, so that no column is held.
    """

    description = "mutual information (copula)"
    takes_threads = False

    def __init__(
        self, data: Dataset, rows: Positions, columns: Positions, bias: Bias, dtype: DTypeLike
    ) -> None:
        _require_rows(data, rows, columns)
        self._lay_out(rows, columns, dtype, PANEL_ENTRIES)
        self._correlations = correlations_between(data, rows, columns)
        self._bias, self._names = bias(1, 1), data.names
        self._vary = [
            data.varies[[data.row(data.names[p]) for p in some]] for some in (rows, columns)
        ]

    def _values(self, some: slice | Positions, others: slice) -> NDArray[Any]:
        nats = np.square(self._correlations[some, others])
        nats_of_squares(nats)
        nats -= self._bias
        nats[~self._vary[0][some]] = 0.0
        nats[:, ~self._vary[1][others]] = 0.0
        return nats.astype(self.dtype, copy=False)

    def _first_infinite(self, panel: Panel) -> tuple[int, int] | None:
        return _first_infinite(panel, self._rows, self._columns)

    def _warn_infinite(self, x: int, y: int) -> None:
        warn_infinite([self._names[x]], [self._names[y]])


class ProductPanels(Panels):
    """Panels between columns of few states, or continuous ones, without gaps."""

    description = "mutual information (copula)"
    takes_threads = False

    def __init__(
        self, data: Dataset, rows: Positions, columns: Positions, bias: Bias, dtype: DTypeLike
    ) -> None:
        _require_rows(data, rows, columns)
        self._bias, self._names = bias, data.names
        self._lay_out(rows, columns, dtype, 0)
        self._of_columns = Bases(data, columns, self.dtype)
        self._of_rows = self._of_columns if self.symmetric else Bases(data, rows, self.dtype)
        entries = len(self._of_rows.vectors) * len(self._of_columns.vectors)
        length = max(1, len(rows) * PANEL_ENTRIES // max(1, entries))
        self.cut = slices(len(rows), length)

    def _values(self, some: slice | Positions, others: slice) -> NDArray[Any]:
        n_rows, n_columns = len(self._rows[some]), len(self._columns[others])
        values = np.empty((n_rows, n_columns), dtype=self.dtype)
        _fill(self._of_rows.part(some), self._of_columns.part(others), self._bias, values)
        return values

    def _first_infinite(self, panel: Panel) -> tuple[int, int] | None:
        return _first_infinite(panel, self._rows, self._columns)

    def _warn_infinite(self, x: int, y: int) -> None:
        warn_infinite([self._names[x]], [self._names[y]])


def _first_infinite(panel: Panel, rows: Positions, columns: Positions) -> tuple[int, int] | None:
    if not np.isposinf(panel.values.max(initial=0.0)):
        return None
    x, y = np.nonzero(np.isposinf(panel.values))
    pairs = zip(rows[panel.rows][x], columns[panel.columns][y], strict=True)
    return next(((int(a), int(b)) for a, b in pairs if a != b), None)


def panels_of(
    data: Dataset, rows: Positions, columns: Positions, bias: Bias, dtype: DTypeLike
) -> Panels:
    """Panels between columns that are narrow."""
    used = np.union1d(rows, columns)
    plain = has_matrix(data) and all(data.kinds[data.names[p]] == "continuous" for p in used)
    return (CorrelationPanels if plain else ProductPanels)(data, rows, columns, bias, dtype)


def are_narrow(data: Dataset, rows: Positions, columns: Positions) -> bool:
    """Whether no column has missing entries or many states."""
    names = [data.names[p] for p in np.union1d(rows, columns)]
    return bool(names) and not any(data.n_missing[n] or is_wide(data, n) for n in names)


def _wide_column(
    data: Dataset, position: int, others: Positions, bias: Bias
) -> NDArray[np.float64]:
    """Information between a column of many states and each of others, shape (n_others,)."""
    nothing = Known.of(data, ())
    wide = Block.of(data, [data.names[position]], nothing)

    def information(p: int) -> float:
        if p == position:
            return math.inf
        other = Block.of(data, [data.names[p]], nothing)
        if not len(other):
            return 0.0
        nats = information_of(wide.products(other))
        return nats if math.isinf(nats) else nats - bias(len(wide), len(other))

    found = run_blocks(information, others.tolist(), description="mutual information (copula)")
    return np.array(list(found))


def _require_rows(data: Dataset, rows: Positions, columns: Positions) -> None:
    """Raise an error if the pair with the most dimensions has too few rows."""
    dims_x, dims_y = _dimensions(data, rows), _dimensions(data, columns)
    pairs = [
        (int(dims_x[i] + dims_y[j]), rows[i], columns[j])
        for i in np.argsort(-dims_x, kind="stable")[:2]
        for j in np.argsort(-dims_y, kind="stable")[:2]
        if rows[i] != columns[j]
    ]
    if pairs:
        n_dimensions, x, y = max(pairs)
        require_rows(data.n_samples, n_dimensions, (data.names[x], data.names[y]))


def _dimensions(data: Dataset, positions: Positions) -> Positions:
    """Number of dimensions of each column, 0 if it is constant."""
    varies = dict(zip(data.continuous, data.varies, strict=True))
    return np.array(
        [
            int(varies[n]) if n in varies else int(data.n_observed[data.row(n)]) - 1
            for n in (data.names[p] for p in positions)
        ],
        dtype=np.int64,
    )


def warn_of_infinite_pairs(
    data: Dataset, rows: Positions, columns: Positions, nats: NDArray[Any]
) -> None:
    """Warn of the first infinite entry of a matrix, other than of a column with itself."""
    for row, values in zip(rows, nats, strict=True):
        for column in columns[np.isinf(values)]:
            if column != row:
                warn_infinite([data.names[row]], [data.names[column]])
                return


def _fill(
    x: tuple[NDArray[Any], Positions],
    y: tuple[NDArray[Any], Positions],
    bias: Bias,
    nats: NDArray[Any],
) -> None:
    """Fill `nats` with the information between the columns of x and those of y."""
    (x_basis, dims_x), (y_basis, dims_y) = x, y
    products = x_basis @ y_basis.T
    if (dims_x == 1).all() and (dims_y == 1).all():
        # By chunks that stay in the cache, and in place: this is the matrix of 20,000 columns.
        step = max(1, _CHUNK_ENTRIES // len(y_basis))
        for a in range(0, len(x_basis), step):
            chunk = products[a : a + step]
            nats_of_squares(np.multiply(chunk, chunk, out=chunk))
            np.subtract(chunk, bias(1, 1), out=nats[a : a + step], casting="same_kind")
        return
    starts_x, starts_y = np.cumsum(dims_x) - dims_x, np.cumsum(dims_y) - dims_y
    some_x, some_y = np.flatnonzero(dims_x), np.flatnonzero(dims_y)
    nats[...] = 0.0
    if not some_x.size or not some_y.size:
        return
    by_y = np.add.reduceat(products**2, starts_y[some_y], axis=1)
    values = np.add.reduceat(by_y, starts_x[some_x], axis=0)
    nats_of_squares(values)
    for i in np.flatnonzero(dims_x[some_x] > 1):
        of_i = products[starts_x[some_x[i]] :][: dims_x[some_x[i]]]
        for j in np.flatnonzero(dims_y[some_y] > 1):
            values[i, j] = information_of(of_i[:, starts_y[some_y[j]] :][:, : dims_y[some_y[j]]])
    # A column with itself may have more dimensions than there are rows, and so no bias.
    np.subtract(
        values,
        _biases(bias, dims_x[some_x], dims_y[some_y]),
        out=values,
        where=np.isfinite(values),
    )
    nats[np.ix_(some_x, some_y)] = values


def _biases(bias: Bias, dims_x: Positions, dims_y: Positions) -> NDArray[np.float64]:
    (distinct_x, place_x), (distinct_y, place_y) = (
        np.unique(d, return_inverse=True) for d in (dims_x, dims_y)
    )
    table = np.array([[bias(int(a), int(b)) for b in distinct_y] for a in distinct_x])
    return table[np.ix_(place_x, place_y)]


def nats_of_squares(squares: NDArray[Any], made_in: np.dtype[Any] | None = None) -> None:
    """Turn squared correlations of single vectors into information, in place."""
    np.subtract(1.0, squares, out=squares, casting="same_kind")
    squares[squares < least_remainder(made_in or squares.dtype)] = 0.0
    with np.errstate(divide="ignore"):
        np.log(squares, out=squares)
    squares *= -0.5
