r"""Moments of Pearson's statistic given the margins, and its tail probability.

Given the margins of one stratum of n rows, rows meet columns as if y were shuffled, and

    X^2 = sum over cells of (N_ij - R_i C_j / n)^2 / (R_i C_j / n) = n tr(A P B P')

for a random permutation P, where A and B project onto the indicators of the states of x and of y,
less their mean. Mean and variance are known exactly (Haldane 1940; Dawson 1954; Mielke and Berry
1985). The third moment follows from sums over graphs, as for any such trace (Kazi-Aoual, Hitier,
Sabatier and Lebreton 1995): of A without its multiple k = (r - 1) / (n - 1) of the identity, which
adds a constant to X^2 and leaves mean 0, so that nothing large cancels,

    E tr(A P B P')^3 = sum over graphs g of  count(g) a(g) b(g) / (n (n - 1) ... (n - v(g) + 1)).

A graph has three edges, loops among them, on v vertices; a(g) is the sum of the product of the
entries of A at its edges, over all ways to place its vertices on different rows, and count(g) is in
how many ways six indices, paired, make the graph. Since rows of A add up to 0, all a(g) follow from
sums over the entries alone: of the cubes of its diagonal d and of all entries U, of d^2, and the
trace of A^3. That takes time proportional to the states that occur.

Strata are independent: their cumulants add up. The p-value is that of the Pearson III (shifted
gamma) distribution with these three. Everything is exact for any number of rows, also below 4.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.chi_square import shifted_gamma_upper_tail
from mistruct.kernels.compiler import kernel

# count(g) and v(g) of the graphs in the order in which `sums_over_graphs` fills them in.
_COUNTS = np.array(
    [1, 3, 6, 6, 12, 4, 1, 12, 3, 24, 12, 6, 24, 8, 3, 12, 12, 6, 8, 24, 3, 12, 1], dtype=np.float64
)
_VERTICES = np.array([1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 5, 5, 6])
N_GRAPHS = 23

# A deviation so small beside the mean is rounding: all tables give the same statistic.
_NO_SPREAD = 1e-13


@kernel
def sums_over_graphs(totals: NDArray[np.int64], n: int, sums: NDArray[np.float64]):  # type: ignore[no-untyped-def]
    """Fill `sums` with a(g) of the states of one column, `totals` rows each, of `n` in all.

    Returns the sum of d^2, and the trace of A^2.
    """
    k = (totals.size - 1.0) / (n - 1.0)
    of_squares, of_cubes, all_cubes, same = 0.0, 0.0, 0.0, 0.0
    for total in totals:
        of_pair = 1.0 / total - (1.0 - k) / n  # the entry at two rows in the same state
        d = of_pair - k
        of_squares += total * d**2
        of_cubes += total * d**3
        all_cubes += total * (d**3 + (total - 1.0) * of_pair**3)
        same += float(total) * total
    all_cubes -= (float(n) * n - same) * ((1.0 - k) / n) ** 3
    trace_2 = k * (1.0 - k) * (n - 1.0)
    trace_3 = (1.0 - 2.0 * k) * trace_2
    weighted = (1.0 - k) * of_squares  # d' A d
    squared = (1.0 - 2.0 * k) * of_squares  # d times the diagonal of A^2
    s, u, b, g = of_cubes, all_cubes, weighted, squared
    # Vertices are letters here, "i" a loop on i, and "ij" an edge.
    sums[0] = s  # i i i
    sums[1] = -s  # i i j
    sums[2] = -s  # i i ij
    sums[3] = b - s  # i j ij
    sums[4] = g - s  # i ij ij
    sums[5] = u - s  # ij ij ij
    sums[6] = 2.0 * s  # i j k
    sums[7] = 2.0 * s - b  # i j jk
    sums[8] = 2.0 * s  # i i jk
    sums[9] = 2.0 * s - b - g  # i ij jk
    sums[10] = 2.0 * s - g  # j ij jk
    sums[11] = 2.0 * s - 2.0 * g  # i jk jk
    sums[12] = 2.0 * s - g - u  # ij ij jk
    sums[13] = trace_3 - 3.0 * g + 2.0 * s  # ij jk ki
    sums[14] = 2.0 * b - 6.0 * s  # i j kl
    sums[15] = 2.0 * b + 3.0 * g - 6.0 * s  # i jk kl
    sums[16] = 2.0 * b + 2.0 * g - 6.0 * s  # i ij kl
    sums[17] = 4.0 * g + 2.0 * u - 6.0 * s  # ij ij kl
    sums[18] = 3.0 * g + 2.0 * u - 6.0 * s  # ij ik il
    sums[19] = b + u + 5.0 * g - 6.0 * s - trace_3  # ij jk kl
    sums[20] = 4.0 * s - 4.0 * sums[15] - 2.0 * sums[11]  # i jk lm
    sums[21] = -4.0 * (sums[19] + sums[12]) - 2.0 * (sums[18] + sums[13])  # ij jk lm
    sums[22] = -8.0 * (sums[21] + sums[19]) - 4.0 * sums[17]  # ij kl mo
    return of_squares, trace_2


@kernel
def pearson_cumulants(  # type: ignore[no-untyped-def]
    statistic: float,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    of_rows: NDArray[np.float64],
    of_columns: NDArray[np.float64],
):
    """Cumulants of X^2 of one stratum given its margins, and X^2 less its mean.

    Returns also mean, variance and third central moment. `rows` and `columns` are the totals of the
    states that occur, at least two of each, and the last two arrays, shape (N_GRAPHS,), room to
    work in.
    """
    n = rows.sum()
    n_rows = float(n)
    squares_x, trace_x = sums_over_graphs(rows, n, of_rows)
    squares_y, trace_y = sums_over_graphs(columns, n, of_columns)
    mean = n_rows * (rows.size - 1.0) * (columns.size - 1.0) / (n_rows - 1.0)
    variance = 0.0
    if n > 2:
        w_x, w_y = n_rows * squares_x / (n_rows - 2.0), n_rows * squares_y / (n_rows - 2.0)
        variance = n_rows * n_rows / (n_rows - 1.0) * w_x * w_y
        if n > 3:
            variance += 2.0 * n_rows / (n_rows - 3.0) * (trace_x - w_x) * (trace_y - w_y)
    third = 0.0
    placings = 1.0
    v = 0
    for graph in range(N_GRAPHS):
        if _VERTICES[graph] > n:
            break
        while v < _VERTICES[graph]:
            placings *= n_rows - v
            v += 1
        third += _COUNTS[graph] * of_rows[graph] * of_columns[graph] / placings
    return statistic - mean, mean, variance, n_rows**3 * third


@kernel
def tail_of_cumulants(excess: float, mean: float, variance: float, third: float) -> float:
    """Probability that a statistic is at least `excess` above its mean, by its three cumulants."""
    deviation = math.sqrt(max(variance, 0.0))
    if deviation <= _NO_SPREAD * mean:
        return 1.0
    return shifted_gamma_upper_tail(excess / deviation, third / deviation**3)
