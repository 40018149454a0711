"""Sums of Gaussian kernels over pairs of rows, for densities that leave a row out.

Almost all of the time goes into the exponential. That of the library is called for one number at a
time; the one below is plain arithmetic on whole rows, which the compiler turns into vectors.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel

_LOG2_E = 1.4426950408889634
# ln 2 in two parts; a whole number below 2^20 times the first has no rounding.
_LN2_HIGH = 0.6931471803691238
_LN2_LOW = 1.9082149292705877e-10

# Where exp(x) is the smallest that a float holds in full.
_LEAST = -708.0

# A single running sum would have each addition wait for the one before.
_LANES = 8


@kernel
def _fill_factors(
    points: NDArray[np.float64],
    labels: NDArray[np.int32],
    i: int,
    m: int,
    powers: NDArray[np.int64],
    scales: NDArray[np.float64],
    factors: NDArray[np.float64],
) -> None:
    """``factors[j]`` for j < m: exp(-|p_i - p_j|^2 / 2) where the labels agree, else 0.

    Points are columns of `points`; `scales` is the memory of `powers`, read as floats. An exponent
    is x = k ln 2 + r with whole k and |r| <= ln 2 / 2, and exp(r) its series, good to a rounding.
    """
    for j in range(m):
        factors[j] = 0.0
    for d in range(points.shape[0]):
        for j in range(m):
            distance = points[d, i] - points[d, j]
            factors[j] += distance * distance
    for j in range(m):
        x = max(-0.5 * factors[j], _LEAST)
        k = math.floor(x * _LOG2_E + 0.5)
        r = (x - k * _LN2_HIGH) - k * _LN2_LOW
        # The bits of the float 2^k.
        powers[j] = np.int64(k + 1023.0) << 52
        p = 1 / 6227020800
        p = p * r + 1 / 479001600
        p = p * r + 1 / 39916800
        p = p * r + 1 / 3628800
        p = p * r + 1 / 362880
        p = p * r + 1 / 40320
        p = p * r + 1 / 5040
        p = p * r + 1 / 720
        p = p * r + 1 / 120
        p = p * r + 1 / 24
        p = p * r + 1 / 6
        p = p * r + 0.5
        p = p * r + 1.0
        factors[j] = p * r + 1.0 if labels[j] == labels[i] else 0.0
    for j in range(m):
        factors[j] *= scales[j]


@kernel
def sum_kernels(
    points: NDArray[np.float64],
    first: NDArray[np.int64],
    labels: NDArray[np.int32],
    members: NDArray[np.bool_],
    start: int,
    stop: int,
) -> NDArray[np.float64]:
    """Sums of products of kernels over the pairs of rows i, j with ``start <= i < stop``, j < i.

    Block b has the dimensions ``points[first[b]:first[b + 1]]`` and the categories ``labels[b]``.
    The result has a row for each row of `members`, which marks the blocks whose kernels are
    multiplied, and a column for each sample, since a pair counts for both its rows.
    """
    n_blocks, n_samples = labels.shape
    powers = np.empty(n_samples, np.int64)
    scales = powers.view(np.float64)
    factors = np.empty((n_blocks, n_samples))
    product = np.empty(n_samples + _LANES)
    lanes = np.empty(_LANES)
    sums = np.zeros((members.shape[0], n_samples))
    for i in range(start, stop):
        for b in range(n_blocks):
            of_block = points[first[b] : first[b + 1]]
            _fill_factors(of_block, labels[b], i, i, powers, scales, factors[b])
        for s in range(members.shape[0]):
            product[:i] = 1.0
            product[i : i + _LANES] = 0.0
            for b in range(n_blocks):
                if members[s, b]:
                    for j in range(i):
                        product[j] *= factors[b, j]
            for j in range(i):
                sums[s, j] += product[j]
            lanes[:] = 0.0
            for j in range(0, i, _LANES):
                for lane in range(_LANES):
                    lanes[lane] += product[j + lane]
            sums[s, i] += lanes.sum()
    return sums


@kernel
def fill_kernels(
    points: NDArray[np.float64],
    columns: NDArray[np.int64],
    i: int,
    kernels: NDArray[np.float64],
) -> None:
    """``kernels[a, j]``: the kernel of column ``columns[a]`` between rows i and j, 0 for j = i."""
    n_samples = points.shape[1]
    powers = np.empty(n_samples, np.int64)
    scales = powers.view(np.float64)
    labels = np.zeros(n_samples, np.int32)
    for a in range(columns.size):
        point = points[columns[a] : columns[a] + 1]
        _fill_factors(point, labels, i, n_samples, powers, scales, kernels[a])
        kernels[a, i] = 0.0


@kernel
def class_sums(
    points: NDArray[np.float64], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums of the kernels of each row with all others, and with the others of its class."""
    n_samples = points.shape[1]
    powers = np.empty(n_samples, np.int64)
    scales = powers.view(np.float64)
    one = np.zeros(n_samples, np.int32)
    kernels = np.empty(n_samples)
    of_all, of_class = np.zeros(n_samples), np.zeros(n_samples)
    for i in range(n_samples):
        _fill_factors(points, one, i, n_samples, powers, scales, kernels)
        kernels[i] = 0.0
        for j in range(n_samples):
            of_all[j] += kernels[j]
            of_class[j] += kernels[j] if labels[j] == labels[i] else 0.0
    return of_all, of_class


@kernel
def class_slopes(
    points: NDArray[np.float64],
    labels: NDArray[np.int64],
    of_all: NDArray[np.float64],
    of_class: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Slope of the sum of ``log(of_class / of_all)`` in each row's first coordinate.

    The two are `class_sums`, to which something may have been added.
    """
    n_samples = points.shape[1]
    powers = np.empty(n_samples, np.int64)
    scales = powers.view(np.float64)
    one = np.zeros(n_samples, np.int32)
    kernels = np.empty(n_samples)
    by_all, by_class = 1.0 / of_all, 1.0 / of_class
    z = points[0]
    slopes = np.zeros(n_samples)
    for i in range(n_samples):
        _fill_factors(points, one, i, n_samples, powers, scales, kernels)
        for j in range(n_samples):
            pull = by_class[i] + by_class[j] if labels[j] == labels[i] else 0.0
            slopes[j] += kernels[j] * (pull - by_all[i] - by_all[j]) * (z[i] - z[j])
    return slopes
