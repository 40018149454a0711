"""Search for the set that separates a pair: the inner loop of PC-style learners."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.bitsets import PackedColumns
from mistruct.kernels.compiler import kernel
from mistruct.kernels.contingency import join_strata
from mistruct.kernels.determinism import determine_alone
from mistruct.kernels.g_permutation import g_test_sorted
from mistruct.kernels.g_tables import cells_are_few, g_test_drawn
from mistruct.kernels.g_test import (
    CHI_SQUARE,
    DOF,
    HOW,
    N_SAMPLES,
    P_VALUE,
    SPARSE,
    UNTESTABLE,
    G,
    fits_dense,
    g_test_dense,
    g_test_packed,
)
from mistruct.kernels.packed_strata import no_intersections
from mistruct.kernels.random import mix
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
def g_test_of_strata(
    codes: NDArray[Any],
    n_states: NDArray[np.int64],
    keys: NDArray[np.uint64],
    columns: NDArray[np.int64],
    strata: NDArray[np.int32],
    n_permutations: int,
    seed: int,
    test: NDArray[np.float64],
) -> None:
    """Test the last two of `columns` given the others, whose strata are written to `strata`."""
    strata[:] = 0
    n_strata = np.int64(1)  # a literal would compile what it is passed to once more
    z_key = np.uint64(0)
    for z in columns[:-2]:
        n_strata = join_strata(strata, n_strata, codes[z], n_states[z])
        z_key += mix(keys[z])
    i, j = columns[-2], columns[-1]
    test[HOW] = SPARSE
    if fits_dense(n_states[i], n_states[j], n_strata, codes.shape[1]):
        g_test_dense(codes[i], codes[j], strata, n_states[i], n_states[j], n_strata, test)
        if test[HOW] == SPARSE and n_permutations == 0:
            test[HOW] = CHI_SQUARE
    if (
        test[HOW] == SPARSE
        and n_permutations > 0
        and cells_are_few(n_states[i], n_states[j], n_strata, codes.shape[1])
    ):
        g_test_drawn(
            codes, n_states, keys, i, j, strata, n_strata, z_key, n_permutations, seed, test
        )
    elif test[HOW] == SPARSE:
        g_test_sorted(
            codes, n_states, keys, i, j, strata, n_strata, z_key, n_permutations, seed, test
        )


@kernel
def g_test_separate(
    codes: NDArray[Any],
    n_states: NDArray[np.int64],
    packed: PackedColumns,
    keys: NDArray[np.uint64],
    pairs: NDArray[np.int64],
    candidates: NDArray[np.int64],
    candidate_starts: NDArray[np.int64],
    size: int,
    alpha: float,
    n_permutations: int,
    seed: int,
    results: NDArray[np.float64],
    sets: NDArray[np.int64],
    n_tests: NDArray[np.int64],
) -> None:
    """For each pair, try the subsets of its candidates of this size until one separates it.

    Subsets come in the order of `itertools.combinations`; the candidates of pair k are
    ``candidates[candidate_starts[k]:candidate_starts[k + 1]]``. A row of `results` is the test
    with the largest p-value, and a row of `sets` its conditioning set, -1 where nothing was
    testable. Untestable subsets count as tests but never separate. Without permutations
    sparse tables are held against chi-square, too.
    """
    strata = np.empty(codes.shape[1], np.int32)
    chosen = np.empty(size, np.int64)
    columns = np.empty(size + 2, np.int64)
    given = columns[:size]
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
        # What such a set leaves need not be counted to know that it cannot be tested.
        alone = np.zeros(n_candidates, np.bool_)
        if size > 1:
            alone = determine_alone(codes, n_states, pairs[k, 0], pairs[k, 1], among)
        while True:
            if alone[chosen].any():
                n_tests[k] += 1
                if next_subset(chosen, n_candidates):
                    continue
                break
            for c in range(size):
                given[c] = among[chosen[c]]
            sort_by_key(given, keys)
            last = size + 1
            for c in range(size):  # most often the next set differs in the last one chosen
                if given[c] == among[chosen[size - 1]]:
                    last = c
            counted = g_test_packed(packed, n_states, columns, last, codes.shape[1], found, test)
            if not counted or (test[HOW] == SPARSE and n_permutations > 0):
                g_test_of_strata(codes, n_states, keys, columns, strata, n_permutations, seed, test)
            elif test[HOW] == SPARSE:
                test[HOW] = CHI_SQUARE
            n_tests[k] += 1
            if test[HOW] != UNTESTABLE and not test[P_VALUE] <= results[k, P_VALUE]:
                results[k] = test
                for c in range(size):
                    sets[k, c] = among[chosen[c]]
            if test[HOW] != UNTESTABLE and test[P_VALUE] > alpha:
                break
            if not next_subset(chosen, n_candidates):
                break
