"""Search for the set that separates a pair of continuous columns, from their correlations.

Gaussian elimination of the columns of z leaves the residual covariances of x and y. A column that
those before it determine adds no dimension; `least` is the residual variance that takes it so.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.gaussian.wilks import P_VALUE, wilks_test
from mistruct.kernels.subsets import next_subset

# The fields of a result, after those of `wilks_test`.
NATS, N_X, N_Y, N_Z, DOF, HOW = 2, 3, 4, 5, 6, 7

# How a p-value was found.
WILKS, SCORE = 0, 1


class Correlations(NamedTuple):
    """Correlations of columns.

    Attributes
    ----------
    matrix : ndarray of float, shape (n_columns, n_columns)
    n_samples : int
    least : float
        Residual variance at which a column is taken as determined by others.
    """

    matrix: NDArray[np.float64]
    n_samples: int
    least: float


@kernel
def eliminate(matrix: NDArray[np.float64], n_swept: int, least: float) -> int:
    """Sweep the first variables out of the others in place; returns the rank of the first."""
    rank = 0
    for p in range(n_swept):
        pivot = matrix[p, p]
        if pivot <= least:
            continue
        rank += 1
        for i in range(p + 1, matrix.shape[0]):
            factor = matrix[i, p] / pivot
            for j in range(p + 1, matrix.shape[0]):
                matrix[i, j] -= factor * matrix[p, j]
    return rank


@kernel
def partial_information(
    correlations: NDArray[np.float64],
    order: NDArray[np.int64],
    least: float,
    matrix: NDArray[np.float64],
    result: NDArray[np.float64],
) -> None:
    """Fill the information of the last two of `order` given the others in `result`.

    `matrix` is room for their residual covariances.
    """
    n_given = order.size - 2
    for a in range(order.size):
        for b in range(order.size):
            matrix[a, b] = correlations[order[a], order[b]]
    n_z = eliminate(matrix, n_given, least)
    var_x, var_y = matrix[n_given, n_given], matrix[n_given + 1, n_given + 1]
    result[N_Z] = n_z
    result[N_X] = var_x > least
    result[N_Y] = var_y > least
    result[DOF] = result[N_X] * result[N_Y]
    result[HOW] = WILKS
    result[NATS] = 0.0
    if var_x > least and var_y > least:
        square = matrix[n_given, n_given + 1] ** 2 / (var_x * var_y)
        result[NATS] = -0.5 * math.log1p(-square) if 1.0 - square > least else math.inf


@kernel
def weigh_information(n_samples: int, result: NDArray[np.float64]) -> None:
    """Fill the statistic and its p-value in `result`, after `partial_information`."""
    n_error = n_samples - 1 - np.int64(result[N_Z])
    wilks_test(result[NATS], np.int64(result[N_X]), np.int64(result[N_Y]), n_error, result)


@kernel
def partial_correlation_test(
    correlations: Correlations,
    x: int,
    y: int,
    given: NDArray[np.int64],
    result: NDArray[np.float64],
) -> None:
    """Fill `result` with the test of x and y given others."""
    order = np.empty(given.size + 2, np.int64)
    order[: given.size] = given
    order[given.size] = x
    order[given.size + 1] = y
    matrix = np.empty((order.size, order.size))
    partial_information(correlations.matrix, order, correlations.least, matrix, result)
    weigh_information(correlations.n_samples, result)


@kernel
def information_of_each(
    correlations: NDArray[np.float64],
    least: float,
    pairs: NDArray[np.int64],
    sets: NDArray[np.int64],
    set_starts: NDArray[np.int64],
    nats: NDArray[np.float64],
) -> None:
    """Fill `nats` with the information of each pair given its own set.

    The set of pair k is ``sets[set_starts[k]:set_starts[k + 1]]``.
    """
    result = np.empty(HOW + 1)
    for k in range(pairs.shape[0]):
        given = sets[set_starts[k] : set_starts[k + 1]]
        order = np.empty(given.size + 2, np.int64)
        order[: given.size] = given
        order[given.size :] = pairs[k]
        partial_information(correlations, order, least, np.empty((order.size, order.size)), result)
        nats[k] = result[NATS]


@kernel
def copula_test_pairs(
    correlations: Correlations,
    pairs: NDArray[np.int64],
    given: NDArray[np.int64],
    first: int,
    results: NDArray[np.float64],
) -> None:
    """Fill `results`, from column `first` on, with the test of each pair given the same others."""
    order = np.empty(given.size + 2, np.int64)
    order[: given.size] = given
    matrix = np.empty((order.size, order.size))
    test = np.empty(results.shape[0])
    for k in range(pairs.shape[0]):
        order[given.size :] = pairs[k]
        partial_information(correlations.matrix, order, correlations.least, matrix, test)
        weigh_information(correlations.n_samples, test)
        results[:, first + k] = test


@kernel
def may_determine(
    correlations: NDArray[np.float64],
    least: float,
    pairs: NDArray[np.int64],
    candidates: NDArray[np.int64],
    candidate_starts: NDArray[np.int64],
    size: int,
    found: NDArray[np.bool_],
) -> None:
    """Whether some set of this size among the candidates of a pair may determine x or y.

    What all candidates together do not determine, none of their subsets does; single ones are
    looked at one by one.
    """
    for k in range(pairs.shape[0]):
        given = candidates[candidate_starts[k] : candidate_starts[k + 1]]
        x, y = pairs[k]
        found[k] = False
        if given.size < size:
            continue
        if size == 1:
            for z in given:
                r_xz, r_yz = correlations[x, z], correlations[y, z]
                found[k] |= 1.0 - max(r_xz * r_xz, r_yz * r_yz) <= least
            continue
        matrix = np.empty((given.size + 2, given.size + 2))
        for a in range(given.size + 2):
            i = given[a] if a < given.size else pairs[k, a - given.size]
            for b in range(given.size + 2):
                j = given[b] if b < given.size else pairs[k, b - given.size]
                matrix[a, b] = correlations[i, j]
        eliminate(matrix, given.size, least)
        found[k] = (
            matrix[given.size, given.size] <= least
            or matrix[given.size + 1, given.size + 1] <= least
        )


@kernel
def copula_separate(
    correlations: Correlations,
    pairs: NDArray[np.int64],
    candidates: NDArray[np.int64],
    candidate_starts: NDArray[np.int64],
    alpha: float,
    first: int,
    last: int,
    results: NDArray[np.float64],
    sets: NDArray[np.int64],
    n_tests: NDArray[np.int64],
) -> None:
    """Try sets of candidates, as wide as `sets`, until one separates, for ``pairs[first:last]``.

    Sets come in the order of `itertools.combinations`; the candidates of pair k are
    ``candidates[candidate_starts[k]:candidate_starts[k + 1]]``. A column of `results` is the test
    with the largest p-value, and a row of `sets` its conditioning set; where nothing was testable
    they stay NaN and -1. Untestable sets count as tests but never separate.
    """
    size = sets.shape[1]
    chosen = np.empty(size, np.int64)
    order = np.empty(size + 2, np.int64)
    given = order[:size]
    matrix = np.empty((order.size, order.size))
    test = np.empty(results.shape[0])
    for k in range(first, last):
        begin = candidate_starts[k]
        n_candidates = candidate_starts[k + 1] - begin
        results[:, k] = math.nan
        sets[k] = -1
        n_tests[k] = 0
        if n_candidates < size:
            continue
        for c in range(size):
            chosen[c] = c
        order[size:] = pairs[k]
        while True:
            for c in range(size):
                given[c] = candidates[begin + chosen[c]]
            partial_information(correlations.matrix, order, correlations.least, matrix, test)
            n_tests[k] += 1
            # The p-value is not larger if there is more information given as many columns.
            if test[DOF] > 0.0 and not (
                test[NATS] >= results[NATS, k] and test[N_Z] == results[N_Z, k]
            ):
                weigh_information(correlations.n_samples, test)
                if not math.isnan(test[P_VALUE]) and not test[P_VALUE] <= results[P_VALUE, k]:
                    results[:, k] = test
                    sets[k] = given
                if test[P_VALUE] > alpha:
                    break
            if not next_subset(chosen, n_candidates):
                break
