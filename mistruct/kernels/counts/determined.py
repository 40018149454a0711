"""Sets of columns that determine one of a pair, so that there is nothing to test.

A stratum in which both vary shows that a set is not one of these, and most sets show it within a
few rows; so the search costs little beside the tests.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.counts.contingency import join_strata
from mistruct.kernels.subsets import next_subset

# What a set determines: nothing (so that the pair can be tested), x, y, or both. Where each is
# constant in some strata only, both count as determined.
NEITHER, X, Y, BOTH = 0, 1, 2, 3

# Strata are counted over the product of states up to so many for each row, else joined.
_CELLS_PER_ROW = 1


@kernel
def what_is_determined(
    codes: NDArray[Any],
    n_states: NDArray[np.int64],
    x: int,
    y: int,
    given: NDArray[np.int64],
) -> int:
    """Find which of x and y the given columns determine, in the rows where all are known."""
    n_samples = codes.shape[1]
    n_strata = np.int64(1)
    joined = False
    for z in given:
        joined = joined or n_strata * n_states[z] > _CELLS_PER_ROW * n_samples + 1024
        if not joined:
            n_strata *= n_states[z]
    strata = np.empty(0, np.int32)
    if joined:
        strata = np.zeros(n_samples, np.int32)
        n_strata = np.int64(1)
        for z in given:
            n_strata = join_strata(strata, n_strata, codes[z], n_states[z])
    # The state seen in each stratum: -1 for none yet, -2 for more than one.
    x_state = np.full(n_strata, -1, np.int64)
    y_state = np.full(n_strata, -1, np.int64)
    x_varies = False
    y_varies = False
    n_known = 0
    for t in range(n_samples):
        s = np.int64(0)
        known = codes[x, t] < n_states[x] and codes[y, t] < n_states[y]
        if joined:
            s = np.int64(strata[t])
            known = known and s >= 0
        else:
            for z in given:
                known = known and codes[z, t] < n_states[z]
                s = s * n_states[z] + np.int64(codes[z, t])
        if not known:
            continue
        n_known += 1
        if x_state[s] == -1:
            x_state[s] = np.int64(codes[x, t])
            y_state[s] = np.int64(codes[y, t])
            continue
        if x_state[s] != np.int64(codes[x, t]):
            x_state[s] = -2
            x_varies = True
        if y_state[s] != np.int64(codes[y, t]):
            y_state[s] = -2
            y_varies = True
        if x_state[s] == -2 and y_state[s] == -2:
            return NEITHER
    if n_known == 0:
        return NEITHER
    if x_varies == y_varies:
        return BOTH
    return Y if x_varies else X


@kernel
def determine_alone(
    codes: NDArray[Any],
    n_states: NDArray[np.int64],
    x: int,
    y: int,
    candidates: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Mask of the candidates that determine x or y alone, and so in every larger set."""
    alone = np.empty(candidates.size, np.bool_)
    for c in range(candidates.size):
        given = candidates[c : c + 1]
        alone[c] = what_is_determined(codes, n_states, x, y, given) != NEITHER
    return alone


@kernel
def find_determining(
    codes: NDArray[Any],
    n_states: NDArray[np.int64],
    pairs: NDArray[np.int64],
    candidates: NDArray[np.int64],
    candidate_starts: NDArray[np.int64],
    sets: NDArray[np.int64],
    determined: NDArray[np.int64],
) -> None:
    """Find the first sets of candidates that determine one column of a pair, for each pair.

    Sets come in the order of `itertools.combinations`, as in `g_test_separate`, and are written to
    `sets`, shape (n_pairs, most, size); `determined`, shape (n_pairs, most) and all NEITHER before,
    says what they determine. Only minimal sets count: those of which no part, less one column, does
    the same.
    """
    most, size = sets.shape[1:]
    given = np.empty(size, np.int64)
    part = np.empty(size - 1, np.int64)
    subset = np.empty(size, np.int64)
    for k in range(pairs.shape[0]):
        first = candidate_starts[k]
        n_candidates = candidate_starts[k + 1] - first
        if n_candidates < size:
            continue
        for c in range(size):
            subset[c] = c
        n_found = 0
        x, y = pairs[k]
        among = candidates[first : first + n_candidates]
        # A larger set that has one of these is not minimal.
        alone = np.zeros(n_candidates, np.bool_)
        if size > 1:
            alone = determine_alone(codes, n_states, x, y, among)
        while True:
            for c in range(size):
                given[c] = among[subset[c]]
            found = np.int64(NEITHER)
            if not alone[subset].any():
                found = what_is_determined(codes, n_states, x, y, given)
            if found != NEITHER:
                minimal = True
                for left_out in range(size):
                    for c in range(size - 1):
                        part[c] = given[c + (c >= left_out)]
                    if size > 1 and what_is_determined(codes, n_states, x, y, part) != NEITHER:
                        minimal = False
                        break
                if minimal:
                    sets[k, n_found] = given
                    determined[k, n_found] = found
                    n_found += 1
            if n_found == most or not next_subset(subset, n_candidates):
                break
