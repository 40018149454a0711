"""Search for the sets that separate pairs: the inner loops of PC-style learners."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.counts.coded_columns import CodedColumns, Strata, no_strata
from mistruct.kernels.counts.determined import NEITHER, determine_alone, what_is_determined
from mistruct.kernels.counts.refined_cells import RefinedCells, no_cells
from mistruct.kernels.counts.stratum_bitsets import Intersections, no_intersections
from mistruct.kernels.g_test.g_statistic import (
    DOF,
    HOW,
    N_RESULTS,
    N_SAMPLES,
    P_VALUE,
    G,
    g_test,
    g_test_of_cells,
)
from mistruct.kernels.g_test.sparse_null import UNTESTABLE, SparseRule
from mistruct.kernels.subsets import next_subset


@kernel
def sort_by_key(positions: NDArray[np.int64], keys: NDArray[np.uint64]) -> None:
    """Insertion sort, so that the order in which columns are given does not matter."""
    for c in range(1, positions.size):
        moving = positions[c]
        d = c
        while d > 0 and keys[moving] < keys[positions[d - 1]]:
            positions[d] = positions[d - 1]
            d -= 1
        positions[d] = moving


@kernel
def g_test_given(
    data: CodedColumns,
    columns: NDArray[np.int64],
    given: NDArray[np.int64],
    found: Intersections,
    strata: Strata,
    cells: RefinedCells,
    rule: SparseRule,
    test: NDArray[np.float64],
) -> None:
    """Fill `test` with the test of the last two of `columns` given the others, sorted by key.

    `found`, `strata` and `cells` are room for what tests of the same pair share whose sets differ
    in the last column, as those that follow each other in `itertools.combinations` mostly do.
    """
    size = given.size
    columns[:size] = given
    sort_by_key(columns[:size], data.keys)
    last = size + 1
    for c in range(size):
        if columns[c] == given[size - 1]:
            last = c
    if not g_test_of_cells(data, columns, given, cells, rule, test):
        g_test(data, columns, last, found, strata, rule, test)


@kernel
def g_test_separate(
    data: CodedColumns,
    pairs: NDArray[np.int64],
    candidates: NDArray[np.int64],
    candidate_starts: NDArray[np.int64],
    alpha: float,
    rule: SparseRule,
    results: NDArray[np.float64],
    sets: NDArray[np.int64],
    n_tests: NDArray[np.int64],
) -> None:
    """Try subsets of a pair's candidates, as wide as `sets`, until one separates it, for each pair.

    Subsets come in the order of `itertools.combinations`; the candidates of pair k are
    ``candidates[candidate_starts[k]:candidate_starts[k + 1]]``. A row of `results` is the test
    with the largest p-value, and a row of `sets` the places of its conditioning set among these
    candidates, -1 where nothing was testable. Untestable subsets count as tests but never separate.
    """
    size = sets.shape[1]
    strata = no_strata(data.codes.shape[1], size)
    cells = no_cells(data.codes.shape[1], size)
    chosen = np.empty(size, np.int64)
    given = np.empty(size, np.int64)
    columns = np.empty(size + 2, np.int64)
    test = np.empty(results.shape[1])
    found = no_intersections(size + 1)
    for k in range(pairs.shape[0]):
        first = candidate_starts[k]
        n_candidates = candidate_starts[k + 1] - first
        results[k, G] = results[k, P_VALUE] = math.nan
        results[k, DOF] = results[k, N_SAMPLES] = 0
        results[k, HOW] = UNTESTABLE
        sets[k] = -1
        n_tests[k] = 0
        if n_candidates < size:
            continue
        for c in range(size):
            chosen[c] = c
        columns[size:] = pairs[k]
        among = candidates[first : first + n_candidates]
        # Sets with such a column cannot be tested, which needs no counting.
        alone = np.zeros(n_candidates, np.bool_)
        if size > 1:
            alone = determine_alone(data.codes, data.n_states, pairs[k, 0], pairs[k, 1], among)
        while True:
            if alone[chosen].any():
                n_tests[k] += 1
                if next_subset(chosen, n_candidates):
                    continue
                break
            for c in range(size):
                given[c] = among[chosen[c]]
            g_test_given(data, columns, given, found, strata, cells, rule, test)
            n_tests[k] += 1
            if test[HOW] != UNTESTABLE and not test[P_VALUE] <= results[k, P_VALUE]:
                results[k] = test
                sets[k] = chosen
            if test[HOW] != UNTESTABLE and test[P_VALUE] > alpha:
                break
            if not next_subset(chosen, n_candidates):
                break


@kernel
def g_test_which_separate(
    data: CodedColumns,
    pairs: NDArray[np.int64],
    owner: NDArray[np.int64],
    sets: NDArray[np.int64],
    alpha: float,
    rule: SparseRule,
    separates: NDArray[np.bool_],
) -> None:
    """Fill in whether each set separates the pair that `owner` says; untestable ones do not.

    The fewer changes of the owner, and of all but the last column of a set, the faster.
    """
    size = sets.shape[1]
    strata = no_strata(data.codes.shape[1], size)
    cells = no_cells(data.codes.shape[1], size)
    columns = np.empty(size + 2, np.int64)
    test = np.empty(N_RESULTS)
    found = no_intersections(size + 1)
    # Of this owner and each column: not known yet, or whether it leaves nothing to test alone.
    alone = np.empty(data.n_states.size, np.int64)
    for s in range(owner.size):
        x, y = pairs[owner[s]]
        if s == 0 or owner[s] != owner[s - 1]:
            alone[:] = -1
            columns[size], columns[size + 1] = x, y
        separates[s] = False
        nothing_left = False
        if size > 1:
            for c in range(size):
                z = sets[s, c]
                if alone[z] < 0:
                    given = sets[s, c : c + 1]
                    alone[z] = what_is_determined(data.codes, data.n_states, x, y, given) != NEITHER
                nothing_left |= alone[z] > 0
        if not nothing_left:
            g_test_given(data, columns, sets[s], found, strata, cells, rule, test)
            separates[s] = test[HOW] != UNTESTABLE and test[P_VALUE] > alpha
