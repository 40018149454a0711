"""The G test where tables are wide or sparse: rows sorted by stratum, and permutations.

Shuffling y within the strata leaves every margin as it is, so it samples the null distribution of
G given the margins, whatever the counts (the permutation form of Fisher's exact test). Permutations
stop early (Besag and Clifford 1991), as soon as ten of them reach the observed statistic. Where
none of all does, a shifted gamma distribution gives the tail that they cannot resolve. No p-value
is below the probability of the observed table itself, which keeps that tail honest where few
tables are possible at all.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.chi_square import chi_square_upper_tail, gamma_upper_tail
from mistruct.kernels.compiler import kernel
from mistruct.kernels.contingency import sort_by_stratum, sum_over_runs
from mistruct.kernels.g_test import (
    CHI_SQUARE,
    DOF,
    HOW,
    N_SAMPLES,
    P_VALUE,
    PERMUTATION,
    UNTESTABLE,
    G,
    weigh_margins,
)
from mistruct.kernels.random import mix, shuffle

ENOUGH_EXCEEDING = 10

# So many draws tell a p-value below the second from one that matters, by their fitted tail.
FEW, PLAIN = 100, 1e-8


@kernel
def reaches(drawn: float, g: float) -> bool:
    """Whether a statistic drawn under the null is as large as the observed one."""
    return drawn >= g - 1e-9 * max(g, 1.0)  # equal tables may sum in another order


@kernel
def stream_of(seed: int, key_x: int, key_y: int, z_key: int) -> NDArray[np.uint64]:
    """The random stream of a test, from the seed and the names of its columns."""
    state = np.empty(1, np.uint64)
    state[0] = mix(np.uint64(seed) ^ mix(key_x ^ mix(key_y ^ mix(np.uint64(z_key)))))
    return state


@kernel
def weigh_sorted(  # type: ignore[no-untyped-def]
    run_starts: NDArray[np.int64],
    stratum_starts: NDArray[np.int64],
    y_sorted: NDArray[Any],
    n_y: int,
    terms: NDArray[np.float64],
):
    """As `weigh_table`, from rows sorted by (stratum, x) with their runs."""
    counts = np.zeros(n_y, np.int64)
    g = sum_over_runs(run_starts, y_sorted, counts, terms)
    dof, cells, small, tiny, williams = 0, 0, 0, 0, 0.0
    widest = 1
    for s in range(stratum_starts.size - 1):
        widest = max(widest, stratum_starts[s + 1] - stratum_starts[s])
    rows = np.empty(widest, np.int64)
    columns = np.empty(min(widest, n_y), np.int64)
    run = 0
    for s in range(stratum_starts.size - 1):
        start, stop = stratum_starts[s], stratum_starts[s + 1]
        n_rows = np.int64(0)  # a literal 0 would be compiled for once more
        while run_starts[run] < stop:
            rows[n_rows] = run_starts[run + 1] - run_starts[run]
            n_rows += 1
            run += 1
        for i in range(start, stop):
            counts[y_sorted[i]] += 1
        n_columns = np.int64(0)
        for i in range(start, stop):
            if counts[y_sorted[i]] > 0:
                columns[n_columns] = counts[y_sorted[i]]
                counts[y_sorted[i]] = 0
                n_columns += 1
        of_stratum = weigh_margins(rows, n_rows, columns, n_columns)
        g -= of_stratum[0]
        dof += of_stratum[1]
        cells += of_stratum[2]
        small += of_stratum[3]
        tiny += of_stratum[4]
        williams += of_stratum[5]
    return (
        2.0 * g,
        y_sorted.size,
        dof,
        tiny == 0 and 5 * small <= cells,
        1.0 + williams / max(dof, 1),
    )


@kernel
def table_probability(
    run_starts: NDArray[np.int64], stratum_starts: NDArray[np.int64], y: NDArray[Any], n_y: int
) -> float:
    """Probability of the observed table given its margins (multivariate hypergeometric)."""
    factorials = np.zeros(y.size + 1)  # their logarithms
    for c in range(2, y.size + 1):
        factorials[c] = factorials[c - 1] + math.log(c)
    counts = np.zeros(n_y, np.int64)
    of_columns = sum_over_runs(stratum_starts, y, counts, factorials)
    of_cells = sum_over_runs(run_starts, y, counts, factorials)
    of_rows = 0.0
    for r in range(run_starts.size - 1):
        of_rows += factorials[run_starts[r + 1] - run_starts[r]]
    of_strata = 0.0
    for s in range(stratum_starts.size - 1):
        of_strata += factorials[stratum_starts[s + 1] - stratum_starts[s]]
    return math.exp(of_rows + of_columns - of_strata - of_cells)


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
    half_skewness = max(deviation / mean, 0.5 * skewness)
    shape = 1.0 / half_skewness**2
    return gamma_upper_tail(shape, shape + (g - mean) / (deviation * half_skewness))


@kernel
def are_enough(g: float, drawn: NDArray[np.float64], n_drawn: int, exceeding: int) -> bool:
    """Whether ten draws reach `g`, or the first hundred lie so far below that more are idle."""
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
def permute(
    g: float,
    run_starts: NDArray[np.int64],
    stratum_starts: NDArray[np.int64],
    y: NDArray[Any],
    n_y: int,
    terms: NDArray[np.float64],
    n_permutations: int,
    state: NDArray[np.uint64],
) -> float:
    """P-value of the statistic `g` of `y` (sorted as the runs say), which is shuffled in place."""
    least = table_probability(run_starts, stratum_starts, y, n_y)
    counts = np.zeros(n_y, np.int64)
    of_margins = sum_over_runs(run_starts, y, counts, terms) - 0.5 * g
    shuffled = np.empty(n_permutations)
    n_drawn = 0
    exceeding = 0
    while n_drawn < n_permutations and not are_enough(g, shuffled, n_drawn, exceeding):
        for s in range(stratum_starts.size - 1):
            shuffle(y, stratum_starts[s], stratum_starts[s + 1], state)
        shuffled[n_drawn] = 2.0 * (sum_over_runs(run_starts, y, counts, terms) - of_margins)
        exceeding += reaches(shuffled[n_drawn], g)
        n_drawn += 1
    return p_value_of_draws(g, shuffled[:n_drawn], exceeding, least)


@kernel
def starts_of_runs(
    order: NDArray[np.int64], strata: NDArray[np.int32], x: NDArray[Any], split_by_x: bool
) -> NDArray[np.int64]:
    """Where each run of rows of one stratum, or one stratum and x, starts; and the end."""
    starts = np.empty(order.size + 1, np.int64)
    n_runs = 0
    for i in range(order.size):
        if (
            i == 0
            or strata[order[i]] != strata[order[i - 1]]
            or (split_by_x and x[order[i]] != x[order[i - 1]])
        ):
            starts[n_runs] = i
            n_runs += 1
    starts[n_runs] = order.size
    return starts[: n_runs + 1]


@kernel
def g_test_sorted(
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
    x, y, n_x, n_y = codes[i], codes[j], n_states[i], n_states[j]
    if strata.size == 0:
        strata = np.zeros(x.size, np.int32)
    order = sort_by_stratum(x, y, strata, n_x, n_y, n_strata)
    run_starts = starts_of_runs(order, strata, x, np.bool_(True))  # no literals: one compilation
    stratum_starts = starts_of_runs(order, strata, x, np.bool_(False))
    y_sorted = np.empty(order.size, y.dtype)
    for t in range(order.size):
        y_sorted[t] = y[order[t]]
    longest = np.int64(0)
    for r in range(run_starts.size - 1):
        longest = max(longest, run_starts[r + 1] - run_starts[r])
    terms = np.empty(longest + 1)
    terms[0] = 0.0
    for c in range(1, longest + 1):
        terms[c] = c * math.log(c)
    g, n, dof, allowed, williams = weigh_sorted(run_starts, stratum_starts, y_sorted, n_y, terms)
    result[G] = g
    result[DOF] = dof
    result[N_SAMPLES] = n
    if dof == 0:
        result[P_VALUE] = math.nan
        result[HOW] = UNTESTABLE
    elif allowed:
        result[P_VALUE] = chi_square_upper_tail(g / williams, dof)
        result[HOW] = CHI_SQUARE
    elif n_permutations == 0:
        result[P_VALUE] = chi_square_upper_tail(g, dof)
        result[HOW] = CHI_SQUARE
    else:
        state = stream_of(seed, keys[i], keys[j], z_key)
        result[P_VALUE] = permute(
            g, run_starts, stratum_starts, y_sorted, n_y, terms, n_permutations, state
        )
        result[HOW] = PERMUTATION


@kernel
def g_test_pairs_sorted(
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
        g_test_sorted(
            codes, n_states, keys, pairs[k, 0], pairs[k, 1], strata, n_strata, z_key,
            n_permutations, seed, results[k],
        )  # fmt: skip
