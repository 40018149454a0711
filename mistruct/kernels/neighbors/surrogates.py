"""Surrogates of a column: its values, shuffled within groups of rows that are alike.

The plain shuffle takes the values of a group to be exchangeable. The tilted one (the conditional
permutation test of Berrett, Wang, Barber and Samworth 2020) takes each row's value to be drawn from
probabilities of its own, and weighs the permutations of a group by how probable they make it: pairs
of rows are swapped at random with the odds of the swap. One such walk leads from the observed
column to a hub, and one from there to each surrogate, which makes the column and its surrogates
exchangeable.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.random import draw_uniform, shuffle

# Swaps tried for each row of a group, in each walk.
_SWAPS_PER_ROW = 15


@kernel
def shuffle_within(
    values: NDArray[Any],
    members: NDArray[np.int64],
    starts: NDArray[np.int64],
    state: NDArray[np.uint64],
    surrogates: NDArray[Any],
) -> None:
    """Fill each row of `surrogates` with the `values`, shuffled within groups.

    Group g holds the rows ``members[starts[g]:starts[g + 1]]``. Steps ``state[0]``.
    """
    shuffled = members.copy()
    for b in range(surrogates.shape[0]):
        for g in range(starts.size - 1):
            shuffle(shuffled, starts[g], starts[g + 1], state)
        for t in range(members.size):
            surrogates[b, members[t]] = values[shuffled[t]]


@kernel
def swap_within(
    codes: NDArray[np.int64],
    log_probabilities: NDArray[np.float64],
    members: NDArray[np.int64],
    starts: NDArray[np.int64],
    state: NDArray[np.uint64],
) -> None:
    """Walk among the permutations of `codes` within groups, as probable as their codes.

    `log_probabilities` has shape (n_states, n).
    """
    for g in range(starts.size - 1):
        size = starts[g + 1] - starts[g]
        for _ in range(_SWAPS_PER_ROW * size if size > 1 else 0):
            i = members[starts[g] + np.int64(draw_uniform(state) * size)]
            j = members[starts[g] + np.int64(draw_uniform(state) * size)]
            a, b = codes[i], codes[j]
            if a == b:
                continue
            log_odds = (
                log_probabilities[b, i]
                + log_probabilities[a, j]
                - log_probabilities[a, i]
                - log_probabilities[b, j]
            )
            if draw_uniform(state) * (1.0 + math.exp(-log_odds)) < 1.0:
                codes[i], codes[j] = b, a


@kernel
def tilted_surrogates(
    hub: NDArray[np.int64],
    log_probabilities: NDArray[np.float64],
    members: NDArray[np.int64],
    starts: NDArray[np.int64],
    state: NDArray[np.uint64],
    surrogates: NDArray[np.int64],
) -> None:
    """Fill each row of `surrogates` by a walk from the hub."""
    for b in range(surrogates.shape[0]):
        surrogates[b] = hub
        swap_within(surrogates[b], log_probabilities, members, starts, state)
