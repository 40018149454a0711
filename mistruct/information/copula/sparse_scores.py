r"""Copula information between the columns of a sparse matrix, which never is dense.

The zeros of a column are ties, so they have one rank and one normal score, b. The others differ
from it by u, which is sparse: the scores are b + u, and for columns x and y of n rows

.. math:: \sum (x - \bar x)(y - \bar y) = \sum u_x u_y - \frac1n \sum u_x \sum u_y .

So all that is needed are the sums of u and the products of the sparse matrix with itself. These are
made of one block of rows after another, of which BLAS is given a dense copy: where more than a few
percent of the entries are not zero, that is faster than a sparse product, and it uses all cores.
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
from mistruct.parallel import run_blocks, run_in_turn, slices

_COLUMNS_AT_ONCE = 16

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
    by_rows = csr_matrix(counts)
    products = np.zeros((n_columns, n_columns))

    def multiply(rows: slice) -> NDArray[Any]:
        dense = by_rows[rows].toarray()
        return np.asarray(dense.T @ dense)

    blocks = slices(n, max(1, _ENTRIES_AT_ONCE // n_columns))
    for product in run_in_turn(multiply, blocks, description="mutual information (copula)"):
        products += product
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
