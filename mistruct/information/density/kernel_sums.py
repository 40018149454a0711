r"""Kernel sums of leave-one-out densities, of one set of columns and of all pairs.

A sum over the other rows of :math:`\exp(-\frac12 |p_i - p_j|^2)` is a density at row i but for its
norm. For all pairs of columns at once, each column's kernels at row i are one row of a matrix, and
its product with its own transpose holds the sums of all pairs: the exponentials, which are most of
the work for one pair, are shared by all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from mistruct._typing import Floats
from mistruct.kernels.gaussian.density import fill_kernels, sum_kernels
from mistruct.parallel import run_blocks

Labels = NDArray[np.int32]
Tile = tuple[slice, slice]

# A sum this small has lost digits, or all of itself, to the smallest numbers.
_UNDERFLOW = 1e-250

# Measured, for a kernel and for a product of two.
_NANOSECONDS_PER_KERNEL = 1.6
_NANOSECONDS_PER_PRODUCT = 0.1
_BLOCK_NANOSECONDS = 1e8

# Columns a tile: enough for products to outweigh kernels, few enough to need little memory.
_TILE_EDGE = 512


def log_sums(
    points: Sequence[Floats],
    labels: Sequence[Labels],
    members: NDArray[np.bool_],
    description: str,
) -> Floats:
    """Logarithms of sums of kernels over the other rows, shape (len(members), n_samples).

    Block b is ``points[b]``, of shape (d, n_samples) and in units of the bandwidths, within the
    categories ``labels[b]``. Each row of `members` marks the blocks whose kernels are multiplied.
    No sample is alone in its category.
    """
    n_samples = labels[0].size
    first = np.cumsum([0, *map(len, points)])
    of_all, categories = np.concatenate(points), np.array(labels)
    nanoseconds = n_samples**2 / 2 * len(points) * _NANOSECONDS_PER_KERNEL
    n_blocks = math.ceil(nanoseconds / _BLOCK_NANOSECONDS)
    # Row i meets the i rows before it, so equal areas under a line are equal work.
    edges = np.rint(n_samples * np.sqrt(np.arange(n_blocks + 1) / n_blocks)).astype(np.int64)

    def run(block: tuple[np.int64, np.int64]) -> Floats:
        sums: Floats = sum_kernels(of_all, first, categories, members, *block)
        return sums

    blocks = list(pairwise(edges))
    parts = run_blocks(run, blocks, description=description) if n_blocks > 1 else map(run, blocks)
    sums = np.zeros((len(members), n_samples))
    for part in parts:
        sums += part
    lost = np.flatnonzero((sums < _UNDERFLOW).any(axis=0))
    with np.errstate(divide="ignore"):
        logs = np.log(sums)
    for i in lost:
        exponents = np.empty(categories.shape)
        for b, block in enumerate(points):
            exponents[b] = -0.5 * ((block - block[:, [i]]) ** 2).sum(axis=0)
            exponents[b, labels[b] != labels[b][i]] = -math.inf
        others = np.delete(exponents, i, axis=1)
        logs[:, i] = [logsumexp(others[row].sum(axis=0)) for row in members]
    return logs


def mean_log_ratios(
    points: Floats, rows: NDArray[np.int64], columns: NDArray[np.int64], description: str
) -> Iterator[tuple[Tile, Floats]]:
    """Matrix of the means of log(s_xy / (s_x s_y)), x from `rows`, y from `columns` of `points`.

    s are the sums over the other rows. NaN where one of them is too small to be told. Where rows
    are columns, only tiles on and above the diagonal.
    """
    symmetric = np.array_equal(rows, columns)
    n_samples = points.shape[1]
    tiles = [
        (slice(a, a + _TILE_EDGE), slice(b, b + _TILE_EDGE))
        for a in range(0, len(rows), _TILE_EDGE)
        for b in range(a if symmetric else 0, len(columns), _TILE_EDGE)
    ]
    blocks = []
    for of_rows, of_columns in tiles:
        n_x, n_y = len(rows[of_rows]), len(columns[of_columns])
        nanoseconds = (n_x + n_y) * _NANOSECONDS_PER_KERNEL + n_x * n_y * _NANOSECONDS_PER_PRODUCT
        step = max(1, int(_BLOCK_NANOSECONDS / (nanoseconds * n_samples)))
        for start in range(0, n_samples, step):
            blocks.append((of_rows, of_columns, start, min(start + step, n_samples)))

    def run(block: tuple[slice, slice, int, int]) -> Floats:
        of_rows, of_columns, start, stop = block
        x, y = rows[of_rows], columns[of_columns]
        same = symmetric and of_rows == of_columns
        of_x = np.empty((len(x), n_samples))
        of_y = of_x if same else np.empty((len(y), n_samples))
        total = np.zeros((len(x), len(y)))
        for i in range(start, stop):
            fill_kernels(points, x, np.int64(i), of_x)
            if not same:
                fill_kernels(points, y, np.int64(i), of_y)
            both = of_x @ of_y.T
            both[both < _UNDERFLOW] = math.nan
            total += np.log(both)
            # What is too small for one column alone is so for each of its pairs.
            with np.errstate(divide="ignore"):
                total -= np.log(of_x.sum(axis=1))[:, np.newaxis]
                total -= np.log(of_y.sum(axis=1))
        return total

    mean: Floats | float = 0.0
    # The blocks are spread over threads already; BLAS would have its own wait for each other.
    with threadpool_limits(1, "blas"):
        parts = run_blocks(run, blocks, description=description)
        for (of_rows, of_columns, _, stop), part in zip(blocks, parts, strict=True):
            mean = mean + part / n_samples
            if stop == n_samples:
                yield (of_rows, of_columns), np.asarray(mean)
                mean = 0.0
