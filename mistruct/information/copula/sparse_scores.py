r"""Copula information between the columns of a sparse matrix, which never is dense.

The zeros of a column are ties, so they have one rank and one normal score, b. The others differ
from it by u, which is sparse: the scores are b + u, and for columns x and y of n rows

.. math:: \sum (x - \bar x)(y - \bar y) = \sum u_x u_y - \frac1n \sum u_x \sum u_y .

So all that is needed are the sums of u and the products of the sparse matrix with itself. Up to 3
percent of entries other than zero these are sparse products, a block of columns after another.
Above that BLAS is given a dense copy of one block of rows after another, which is faster then: of
20,000 x 5,000 entries the sparse product took 1.4 s of one core at 1 percent, 2.6 at 2, 6.8 at 5
and 18.5 at 10, and the dense one 7 to 8 at any share.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import ndtri
from scipy.stats import rankdata

from mistruct._typing import Floats
from mistruct.information.copula.basis import require_rows
from mistruct.information.copula.correlations import nats_of_squares
from mistruct.parallel import for_each, run_blocks, run_in_turn, slices

_DESCRIPTION = "mutual information (copula)"

_COLUMNS_AT_ONCE = 16

# Entries of the result of a sparse product.
_PRODUCTS_AT_ONCE = 1_000_000

# The largest share of entries other than zero for sparse products.
_MOST_SPARSE = 0.03

# Entries of a block of rows that is dense for a moment: 160 MB in single precision.
_ENTRIES_AT_ONCE = 40_000_000


class _Part(NamedTuple):
    """Scores of some columns, less those of zero; their sums, and the lengths when centred."""

    scores: NDArray[Any]
    sums: Floats
    lengths: Floats


def sparse_information(
    counts: Any, names: list[str], bias: Callable[[int], float], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Information between all columns of a matrix in columns, shape (n_columns, n_columns).

    As `pairwise` of :class:`GaussianCopula` of the dense table; 0 with a column that does not vary.

    Parameters
    ----------
    counts : scipy.sparse.csc_matrix, shape (n_samples, n_columns)
        Finite numbers other than 0 where something is stored.
    names : list of str
        The columns.
    bias : callable
        What is subtracted, by the number of rows.
    dtype : dtype
        Of the products and the result.
    """
    n, n_columns = counts.shape
    require_rows(n, 2, names[:2])
    half = ndtri((n + 1 - np.arange(n)) / (2 * (n + 1)))
    scores = np.empty(len(counts.data), dtype=dtype)
    sums, lengths = np.empty(n_columns), np.empty(n_columns)

    def score(some: slice) -> _Part:
        return _scored(counts, some, half)

    chunks = slices(n_columns, _COLUMNS_AT_ONCE)
    for some, part in zip(chunks, run_blocks(score, chunks, description="ranks"), strict=True):
        scores[counts.indptr[some.start] : counts.indptr[some.stop]] = part.scores
        sums[some], lengths[some] = part.sums, part.lengths
    counts.data = scores
    products = _sparse_products(counts) if _is_sparse(counts) else _dense_products(counts)
    varies = lengths > 0
    unit = np.where(varies, lengths, 1.0)
    for i in range(n_columns):  # row by row, to spare the memory of a second matrix
        row = (products[i] - sums[i] * sums / n) / (unit[i] * unit)
        products[i] = np.minimum(row**2, 1.0)
    nats_of_squares(products, dtype)
    products -= bias(n)
    products[~varies] = products[:, ~varies] = 0.0
    np.fill_diagonal(products, np.where(varies, np.inf, 0.0))
    return products.astype(dtype, copy=False)


def _is_sparse(counts: Any) -> bool:
    n, n_columns = counts.shape
    return bool(counts.nnz <= _MOST_SPARSE * n * n_columns)


def _sparse_products(scores: Any) -> Floats:
    """Products of all columns, by sums in double precision in the order of the rows."""
    scores = scores.astype(np.float64)
    by_rows = csr_matrix(scores)
    products = np.empty((scores.shape[1],) * 2)

    def multiply(some: slice) -> None:
        products[some] = (scores[:, some].T @ by_rows).toarray()

    chunks = slices(len(products), max(1, _PRODUCTS_AT_ONCE // len(products)))
    for_each(multiply, chunks, description=_DESCRIPTION)
    return products


def _dense_products(scores: Any) -> Floats:
    """Products of all columns, summed in double precision over blocks of rows."""
    by_rows = csr_matrix(scores)
    n, n_columns = scores.shape
    products = np.zeros((n_columns, n_columns))

    def multiply(rows: slice) -> NDArray[Any]:
        dense = by_rows[rows].toarray()
        return np.asarray(dense.T @ dense)

    blocks = slices(n, max(1, _ENTRIES_AT_ONCE // n_columns))
    for product in run_in_turn(multiply, blocks, description=_DESCRIPTION):
        products += product
    return products


def _scored(counts: Any, some: slice, half: Floats) -> _Part:
    n = counts.shape[0]
    parts, sums, lengths = [np.empty(0)], [], []
    for column in range(some.start, some.stop):
        values = counts.data[counts.indptr[column] : counts.indptr[column + 1]]
        n_zeros, n_below = n - len(values), int((values < 0).sum())
        ranks = rankdata(values) + n_zeros * (values > 0)
        zero = _score(np.array([n_below + (n_zeros + 1) / 2]), half)[0] if n_zeros else 0.0
        excess = _score(ranks, half) - zero
        total = float(excess.sum())
        parts.append(excess)
        sums.append(total)
        varies = n_zeros < n if n_zeros else values.min() < values.max()
        lengths.append(max(float(excess @ excess) - total**2 / n, 0.0) ** 0.5 if varies else 0.0)
    return _Part(np.concatenate(parts), np.array(sums), np.array(lengths))


def _score(ranks: Floats, half: Floats) -> Floats:
    """Normal scores of ranks, as `normal_scores` has them."""
    above = (2.0 * ranks - (len(half) + 1)).astype(np.int64)
    return np.where(above > 0, -half[np.abs(above)], half[np.abs(above)])
