r"""Scores of families of Gaussian columns, from one matrix of correlations.

A column is a block of rows and columns of the matrix: one for a continuous column, one for each
state but one for a discrete column. The residual covariance of x given its parents is left by
Gaussian elimination, and

.. math:: I(x; parents) = \frac12 \log \frac{|\Sigma_{xx}|}{|\Sigma_{xx \mid parents}|}.

A search asks for x with each of many columns added to the same parents, so the elimination of
these serves for all. A dimension that those before it determine adds nothing.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel


@kernel
def eliminate(covariance: NDArray[np.float64], first: int, last: int, least: float) -> float:
    """Eliminate dimensions in place from those after them; returns the log-determinant.

    The residual variance of a dimension that others determine counts as `least`.
    """
    log_determinant = 0.0
    for k in range(first, last):
        variance = covariance[k, k]
        log_determinant += math.log(max(variance, least))
        if variance <= least:
            continue
        for i in range(k + 1, covariance.shape[0]):
            share = covariance[i, k] / variance
            for j in range(k + 1, covariance.shape[0]):
                covariance[i, j] -= share * covariance[k, j]
    return log_determinant


@kernel
def _of_block(
    correlations: NDArray[np.float64], starts: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Covariance matrix of some columns, one block after the other."""
    size = 0
    for c in columns:
        size += starts[c + 1] - starts[c]
    rows = np.empty(size, np.int64)
    size = 0
    for c in columns:
        for i in range(starts[c], starts[c + 1]):
            rows[size] = i
            size += 1
    block = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            block[i, j] = correlations[rows[i], rows[j]]
    return block


@kernel
def gaussian_families(
    correlations: NDArray[np.float64],
    starts: NDArray[np.int64],
    x: int,
    parents: NDArray[np.int64],
    added: NDArray[np.int64],
    least: float,
    nats: NDArray[np.float64],
) -> None:
    """Fill `nats` with I(x; parents and one more column), for each of `added`, -1 for none.

    Parameters
    ----------
    correlations : ndarray of float, shape (n_dimensions, n_dimensions)
    starts : ndarray of int, shape (n_columns + 1,)
        Where the block of each column starts, and the last one ends.
    x : int
    parents : ndarray of int, shape (n_parents,)
        Ascending.
    added : ndarray of int, shape (n_added,)
    least : float
        Share of a variance below which nothing is taken to be left of it.
    nats : ndarray of float, shape (n_added,)
    """
    n_x = starts[x + 1] - starts[x]
    columns = np.empty(parents.size + 1, np.int64)
    columns[: parents.size] = parents
    columns[-1] = x
    # The parents, eliminated once, and what is left of x; `weights` are the rows of elimination.
    block = _of_block(correlations, starts, columns)
    n_parents = block.shape[0] - n_x
    alone = block[n_parents:, n_parents:].copy()
    x_alone = eliminate(alone, 0, n_x, least)
    eliminate(block, 0, n_parents, least)
    left = block[n_parents:, n_parents:].copy()
    rows = np.empty(n_parents, np.int64)
    size = 0
    for p in parents:
        for i in range(starts[p], starts[p + 1]):
            rows[size] = i
            size += 1
    for a in range(added.size):
        c = added[a]
        n_c = starts[c + 1] - starts[c] if c >= 0 else 0
        small = np.empty((n_c + n_x, n_c + n_x))
        small[n_c:, n_c:] = left
        if n_c:
            # Each dimension of c is carried through the same elimination.
            carried = np.empty((n_c, n_parents))
            for i in range(n_c):
                row = starts[c] + i
                for k in range(n_parents):
                    carried[i, k] = correlations[row, rows[k]]
                for k in range(n_parents):
                    if block[k, k] > least:
                        share = carried[i, k] / block[k, k]
                        for j in range(k + 1, n_parents):
                            carried[i, j] -= share * block[k, j]
            for i in range(n_c):
                for j in range(n_c):
                    value = correlations[starts[c] + i, starts[c] + j]
                    for k in range(n_parents):
                        if block[k, k] > least:
                            value -= carried[i, k] * carried[j, k] / block[k, k]
                    small[i, j] = value
                for j in range(n_x):
                    value = correlations[starts[c] + i, starts[x] + j]
                    for k in range(n_parents):
                        if block[k, k] > least:
                            value -= carried[i, k] * block[k, n_parents + j] / block[k, k]
                    small[i, n_c + j] = value
                    small[n_c + j, i] = value
        eliminate(small, 0, n_c, least)
        nats[a] = 0.5 * (x_alone - eliminate(small, n_c, n_c + n_x, least))
