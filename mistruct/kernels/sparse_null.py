"""The p-value of the G test where tables are too sparse for chi-square, by the rule chosen.

By `MOMENTS` the statistic that decides is Pearson's, whose first three moments are known exactly
given the margins; where all strata are 2 x 2 and their tables few, these are listed instead. By
`PERMUTATION` it is G among shuffled tables.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.columns import CodedColumns
from mistruct.kernels.compiler import kernel
from mistruct.kernels.g_permutation import permutation_p_value, stream_of
from mistruct.kernels.pearson_moments import N_GRAPHS, pearson_cumulants, pearson_tail
from mistruct.kernels.random import mix
from mistruct.kernels.small_tables import exact_p_value, n_tables
from mistruct.kernels.sparse_tables import SparseTables, table_probability

# How a p-value was found. UNTESTABLE means dof = 0.
CHI_SQUARE, PERMUTATION, UNTESTABLE, MOMENTS, EXACT = 0, 1, 2, 3, 4


class SparseRule(NamedTuple):
    """What tables too sparse for chi-square are held against.

    Attributes
    ----------
    method : int
        MOMENTS, PERMUTATION or CHI_SQUARE.
    n_permutations : int
        At most.
    seed : uint64
        Of the permutations.
    """

    method: int
    n_permutations: int
    seed: np.uint64


@kernel
def moments_p_value(tables: SparseTables) -> float:
    """P-value of Pearson's statistic by its first three moments given the margins.

    It is never below the probability of the observed tables, which no exact test can undercut.
    """
    of_rows, of_columns = np.empty(N_GRAPHS), np.empty(N_GRAPHS)
    excess, mean, variance, third = 0.0, 0.0, 0.0, 0.0
    for s in range(tables.row_starts.size - 1):
        rows = tables.rows[tables.row_starts[s] : tables.row_starts[s + 1]]
        columns = tables.columns[tables.column_starts[s] : tables.column_starts[s + 1]]
        n = rows.sum()
        share = 0.0
        for cell in range(tables.cell_starts[s], tables.cell_starts[s + 1]):
            count = float(tables.counts[cell])
            row, column = tables.rows[tables.row_of[cell]], tables.columns[tables.column_of[cell]]
            share += count / row * (count / column)
        of_stratum = pearson_cumulants(rows, columns, n, of_rows, of_columns)
        excess += n * (share - 1.0) - of_stratum[0]
        mean += of_stratum[0]
        variance += of_stratum[1]
        third += of_stratum[2]
    return max(pearson_tail(excess, mean, variance, third), table_probability(tables))


@kernel
def sparse_p_value(  # type: ignore[no-untyped-def]
    g: float, tables: SparseTables, data: CodedColumns, tested: NDArray[np.int64], rule: SparseRule
):
    """P-value of `tables` of the last two columns `tested` given the others, and how it was found.

    `g` is their statistic; the columns only name the random stream.
    """
    if rule.method == PERMUTATION:
        z_key = np.uint64(0)
        for z in tested[:-2]:
            z_key += mix(data.keys[z])
        state = stream_of(rule.seed, data.keys[tested[-2]], data.keys[tested[-1]], z_key)
        return permutation_p_value(g, tables, rule.n_permutations, state), PERMUTATION
    n = n_tables(tables)
    if n > 0:
        return exact_p_value(tables, n), EXACT
    return moments_p_value(tables), MOMENTS
