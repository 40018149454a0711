"""The permutation form of the G test.

Shuffling y within the strata leaves every margin as it is, so it samples the null distribution of
G given the margins, whatever the counts (the permutation form of Fisher's exact test). Permutations
stop early (Besag and Clifford 1991), as soon as ten of them reach the observed statistic. Where
none of all does, a shifted gamma distribution gives the tail that they cannot resolve. No p-value
is below the probability of the observed table itself, which keeps that tail honest where few
tables are possible at all. Where rows are many and cells few, tables with the same margins are
drawn instead (`drawn_tables`), which is the same distribution.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.chi_square import shifted_gamma_upper_tail
from mistruct.kernels.compiler import kernel
from mistruct.kernels.counts.sparse_tables import SparseTables, table_probability
from mistruct.kernels.g_test.drawn_tables import cells_are_few, draw_tables
from mistruct.kernels.random import mix, shuffle

ENOUGH_EXCEEDING = 10

# After this number of draws, the fitted tail shows whether the p-value is negligible.
FEW, PLAIN = 100, 1e-8


@kernel
def reaches(drawn: float, g: float) -> bool:
    """Whether a statistic drawn under the null is as large as the observed one."""
    return drawn >= g - 1e-9 * max(g, 1.0)  # equal tables may sum in another order


@kernel
def stream_of(seed: int, key_x: int, key_y: int, z_key: int) -> NDArray[np.uint64]:
    """Random stream of a test, from the seed and the names of its columns."""
    state = np.empty(1, np.uint64)
    state[0] = mix(np.uint64(seed) ^ mix(key_x ^ mix(key_y ^ mix(np.uint64(z_key)))))
    return state


@kernel
def tail_of_draws(g: float, drawn: NDArray[np.float64]) -> float:
    """Probability of `g` or more by a shifted gamma distribution with the moments of draws below.

    It is never less skewed than the gamma that starts at 0, which is the better guess where the
    sample's skewness comes out too small. Without spread nearly every draw gives the same table,
    and there is no tail to fit: 1.
    """
    mean = drawn.mean()
    variance = ((drawn - mean) ** 2).mean()
    if variance < 1e-10 * mean * mean:
        return 1.0
    deviation = math.sqrt(variance)
    skewness = ((drawn - mean) ** 3).mean() / deviation**3
    skewness = max(2.0 * deviation / mean, skewness)
    return shifted_gamma_upper_tail((g - mean) / deviation, skewness)


@kernel
def are_enough(g: float, drawn: NDArray[np.float64], n_drawn: int, exceeding: int) -> bool:
    """Whether to stop: ten draws reach `g`, or the first hundred are all far below it."""
    return exceeding == ENOUGH_EXCEEDING or (
        exceeding == 0 and n_drawn == FEW and tail_of_draws(g, drawn[:n_drawn]) < PLAIN
    )


@kernel
def p_value_of_draws(g: float, drawn: NDArray[np.float64], exceeding: int, least: float) -> float:
    """P-value of the statistic `g` among those `drawn` under the null, and `exceeding` of them.

    Where none reaches `g`, the fitted tail goes beyond what they resolve. The p-value is never
    below `least`, the probability of the observed table.
    """
    if exceeding == ENOUGH_EXCEEDING:
        return max(least, exceeding / drawn.size)
    counted = (1.0 + exceeding) / (1.0 + drawn.size)
    if exceeding > 0:
        return max(least, counted)
    return max(least, min(counted, tail_of_draws(g, drawn)))


@kernel
def rows_in_order(tables: SparseTables) -> NDArray[np.int64]:
    """Column of the table for each row of the sample, in the order of (stratum, x)."""
    y = np.empty(tables.rows.sum(), np.int64)
    filled = 0
    for cell in range(tables.counts.size):
        for _ in range(tables.counts[cell]):
            y[filled] = tables.column_of[cell]
            filled += 1
    return y


@kernel
def shuffle_tables(
    tables: SparseTables,
    y: NDArray[np.int64],
    counts: NDArray[np.int64],
    terms: NDArray[np.float64],
    state: NDArray[np.uint64],
) -> float:
    """Shuffle `y` within the strata; returns the sum of ``terms`` over the cells.

    `counts` is zero for each column, and is so again afterwards; ``terms[c]`` is c log c.
    """
    total = 0.0
    start = 0
    for s in range(tables.row_starts.size - 1):
        stop = start
        for row in range(tables.row_starts[s], tables.row_starts[s + 1]):
            stop += tables.rows[row]
        shuffle(y, start, stop, state)
        for row in range(tables.row_starts[s], tables.row_starts[s + 1]):
            end = start + tables.rows[row]
            for i in range(start, end):
                counts[y[i]] += 1
            for i in range(start, end):
                total += terms[counts[y[i]]]
                counts[y[i]] = 0
            start = end
    return total


@kernel
def permutation_p_value(
    g: float, tables: SparseTables, n_permutations: int, state: NDArray[np.uint64]
) -> float:
    """P-value of the statistic `g` of `tables` among random ones with their margins."""
    of_margins = -0.5 * g
    for count in tables.counts:
        of_margins += count * math.log(count)
    by_cells = cells_are_few(tables)
    y = np.empty(0, np.int64)
    terms = np.empty(0)
    if not by_cells:
        y = rows_in_order(tables)
        terms = np.zeros(tables.rows.max() + 1)
        for c in range(2, terms.size):
            terms[c] = c * math.log(c)
    counts = np.zeros(tables.columns.size, np.int64)
    drawn = np.empty(n_permutations)
    n_drawn = 0
    exceeding = 0
    while n_drawn < n_permutations and not are_enough(g, drawn, n_drawn, exceeding):
        if by_cells:
            total = draw_tables(tables, counts, state)
        else:
            total = shuffle_tables(tables, y, counts, terms, state)
        drawn[n_drawn] = 2.0 * (total - of_margins)
        exceeding += reaches(drawn[n_drawn], g)
        n_drawn += 1
    return p_value_of_draws(g, drawn[:n_drawn], exceeding, table_probability(tables))
