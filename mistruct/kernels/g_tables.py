"""The permutation form of the G test where rows are many and cells few.

A shuffle of y within a stratum matters only through the table it gives, whose cells follow the
multivariate hypergeometric distribution of the margins. Drawn cell by cell, a table costs the
same for a thousand rows and nearly the same for a hundred million.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.g_permutation import (
    are_enough,
    p_value_of_draws,
    reaches,
    stream_of,
)
from mistruct.kernels.g_test import HOW, P_VALUE, PERMUTATION, SPARSE, G, count_strata, g_test_table
from mistruct.kernels.random import draw_hypergeometric

# To draw a cell costs about as much as to shuffle this many rows.
ROWS_PER_CELL = 50


@kernel
def cells_are_few(n_x: int, n_y: int, n_strata: int, n_samples: int) -> bool:
    """Whether drawing tables costs less than shuffling rows."""
    return n_strata * n_x * n_y * ROWS_PER_CELL <= n_samples


@kernel
def draw_cells(
    table: NDArray[np.int64],
    first: int,
    n_x: int,
    n_y: int,
    columns: NDArray[np.int64],
    state: NDArray[np.uint64],
) -> float:
    """Sum of c log c over the cells of a random table with the margins of one stratum's table.

    The stratum's cells start at ``table[first]``; `columns` holds its column totals, and is used
    up.
    """
    total = 0.0
    n_left = columns.sum()
    for a in range(n_x):
        row_left = np.int64(0)
        for b in range(n_y):
            row_left += table[first + a * n_y + b]
        among = n_left
        n_left -= row_left
        for b in range(n_y):
            count = draw_hypergeometric(row_left, columns[b], among, state)
            among -= columns[b]
            row_left -= count
            columns[b] -= count
            if count > 1:
                total += count * math.log(count)
    return total


@kernel
def permute_tables(
    g: float,
    table: NDArray[np.int64],
    n_strata: int,
    n_x: int,
    n_y: int,
    n_permutations: int,
    state: NDArray[np.uint64],
) -> float:
    """P-value of the statistic `g` of dense counts, among random tables with their margins."""
    columns = np.zeros((n_strata, n_y), np.int64)
    of_cells = 0.0
    log_probability = 0.0
    for s in range(n_strata):
        n = np.int64(0)
        for a in range(n_x):
            row = np.int64(0)
            for b in range(n_y):
                count = table[(s * n_x + a) * n_y + b]
                columns[s, b] += count
                row += count
                log_probability -= math.lgamma(count + 1.0)
                if count > 1:
                    of_cells += count * math.log(count)
            n += row
            log_probability += math.lgamma(row + 1.0)
        for b in range(n_y):
            log_probability += math.lgamma(columns[s, b] + 1.0)
        log_probability -= math.lgamma(n + 1.0)
    of_margins = of_cells - 0.5 * g
    drawn = np.empty(n_permutations)
    n_drawn = 0
    exceeding = 0
    left = np.empty(n_y, np.int64)
    while n_drawn < n_permutations and not are_enough(g, drawn, n_drawn, exceeding):
        total = 0.0
        for s in range(n_strata):
            left[:] = columns[s]
            total += draw_cells(table, s * n_x * n_y, n_x, n_y, left, state)
        drawn[n_drawn] = 2.0 * (total - of_margins)
        exceeding += reaches(drawn[n_drawn], g)
        n_drawn += 1
    return p_value_of_draws(g, drawn[:n_drawn], exceeding, math.exp(log_probability))


@kernel
def g_test_drawn(
    codes: NDArray[Any],
    n_states: NDArray[np.int64],
    keys: NDArray[np.uint64],
    i: int,
    j: int,
    strata: NDArray[np.int32],
    n_strata: int,
    z_key: int,
    n_permutations: int,
    seed: int,
    result: NDArray[np.float64],
) -> None:
    """Fill `result` with the test of columns i and j, with the random stream of their `keys`."""
    n_x, n_y = n_states[i], n_states[j]
    table = count_strata(codes[i], codes[j], strata, n_x, n_y, n_strata)
    g_test_table(table, n_strata, n_x, n_y, result)
    if result[HOW] == SPARSE:
        state = stream_of(seed, keys[i], keys[j], z_key)
        result[P_VALUE] = permute_tables(
            result[G], table, n_strata, n_x, n_y, n_permutations, state
        )
        result[HOW] = PERMUTATION


@kernel
def g_test_pairs_drawn(
    codes: NDArray[Any],
    n_states: NDArray[np.int64],
    keys: NDArray[np.uint64],
    pairs: NDArray[np.int64],
    strata: NDArray[np.int32],
    n_strata: int,
    z_key: int,
    n_permutations: int,
    seed: int,
    results: NDArray[np.float64],
) -> None:
    """Fill a row of `results` for each pair (i, j) of columns given the same strata."""
    for k in range(pairs.shape[0]):
        g_test_drawn(
            codes, n_states, keys, pairs[k, 0], pairs[k, 1], strata, n_strata, z_key,
            n_permutations, seed, results[k],
        )  # fmt: skip
