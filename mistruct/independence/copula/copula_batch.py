"""Results of copula tests, as kernels fill them, as a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.independence.protocol import TestBatch
from mistruct.information.copula.gaussian_copula import gaussian_bias
from mistruct.kernels.gaussian.partial_correlation import DOF, HOW, N_X, N_Y, N_Z, NATS
from mistruct.kernels.gaussian.wilks import P_VALUE, STATISTIC

_METHODS = np.array(
    [
        "copula",
        "copula, products of residuals",
        "copula, permutations within strata",
        "copula, moments within strata",
        "copula, untestable",
    ],
    dtype=object,
)
_UNTESTABLE = 4  # after the ways to find a p-value


def copula_batch(results: NDArray[np.float64], n_samples: NDArray[np.int64]) -> TestBatch:
    """Batch of results of shape (n_fields, n_tests), with the bias taken off the information."""
    testable = ~np.isnan(results[P_VALUE])
    # Where z leaves something of x and y but no row to test it with, nothing is known.
    known = testable | (results[N_X] == 0) | (results[N_Y] == 0)
    mi = np.where(known, results[NATS], np.nan)
    some = slice(None) if testable.all() else testable  # all, as mostly, without a copy
    mi[some] -= _biases([n_samples[some], *results[N_X : N_Z + 1, some]])
    how = np.where(testable, results[HOW], _UNTESTABLE)
    return TestBatch(
        statistic=np.where(testable, results[STATISTIC], np.nan),
        p_value=results[P_VALUE].copy(),
        dof=np.nan_to_num(results[DOF]).astype(np.int64),
        mi=mi,
        n_samples=n_samples,
        method=_METHODS[how.astype(np.intp)],
        bias=np.zeros(len(n_samples)),
    )


def _biases(sizes: Sequence[NDArray[Any]]) -> NDArray[np.float64] | float:
    """Bias of information, given the number of rows and dimensions."""
    if len(sizes[0]) and all((of_tests == of_tests[0]).all() for of_tests in sizes):
        return gaussian_bias(*(int(of_tests[0]) for of_tests in sizes))
    # As one number each, which is faster to sort than rows are.
    whole = [of_tests.astype(np.int64) for of_tests in sizes]
    shape = tuple(int(of_tests.max(initial=0)) + 1 for of_tests in whole)
    distinct, which = np.unique(np.ravel_multi_index(whole, shape), return_inverse=True)
    of_distinct = zip(*np.unravel_index(distinct, shape), strict=True)
    return np.array([gaussian_bias(*map(int, s)) for s in of_distinct])[which]
