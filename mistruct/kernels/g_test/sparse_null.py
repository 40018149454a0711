"""P-values of the G test for tables too sparse for chi-square.

By `MOMENTS` a 2 x 2 table gets Fisher's exact test. Elsewhere the sum over strata decides of a
statistic whose first three moments given the margins are known exactly: of G itself where a stratum
is 2 x 2 with a small expected count, and else of Pearson's X^2, which is near G. Where a cell is
expected to be all but empty, one row in it makes X^2 so large that the sum would hide what other
strata say. In a 2 x 2 stratum that is the rule rather than the exception, and G does not do it.

By `PERMUTATION` it is G among shuffled tables.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.counts.coded_columns import CodedColumns
from mistruct.kernels.counts.sparse_tables import SparseTables, table_probability
from mistruct.kernels.g_test.pearson_moments import N_GRAPHS, pearson_cumulants, tail_of_cumulants
from mistruct.kernels.g_test.permutation import permutation_p_value, stream_of
from mistruct.kernels.g_test.two_by_two import fisher_mid_p, g_cumulants
from mistruct.kernels.random import mix

# How a p-value was found. UNTESTABLE means dof = 0.
CHI_SQUARE, PERMUTATION, UNTESTABLE, MOMENTS, EXACT = 0, 1, 2, 3, 4

# Below this a cell's expected count is small, as in Cochran's rule.
_FEW_EXPECTED = 5


class SparseRule(NamedTuple):
    """Null distribution for tables too sparse for chi-square.

    Attributes
    ----------
    method : int
        MOMENTS, PERMUTATION or CHI_SQUARE.
    n_permutations : int
        At most.
    seed : int
        Of the permutations.
    """

    method: int
    n_permutations: int
    seed: int


@kernel
def moments_p_value(tables: SparseTables) -> float:
    """P-value of the sum over strata by its first three moments given the margins.

    It is never below the probability of the observed tables, which no exact test can undercut.
    """
    of_rows, of_columns = np.empty(N_GRAPHS), np.empty(N_GRAPHS)
    excess, mean, variance, third = 0.0, 0.0, 0.0, 0.0
    for s in range(tables.row_starts.size - 1):
        rows = tables.rows[tables.row_starts[s] : tables.row_starts[s + 1]]
        columns = tables.columns[tables.column_starts[s] : tables.column_starts[s + 1]]
        n = rows.sum()
        two_by_two = rows.size == 2 and columns.size == 2
        if two_by_two and min(rows[0], rows[1]) * min(columns[0], columns[1]) < _FEW_EXPECTED * n:
            # The first cell is that of the first row and column.
            of_stratum = g_cumulants(rows, columns, tables.counts[tables.cell_starts[s]])
        else:
            share = 0.0
            for cell in range(tables.cell_starts[s], tables.cell_starts[s + 1]):
                count = float(tables.counts[cell])
                row = tables.rows[tables.row_of[cell]]
                column = tables.columns[tables.column_of[cell]]
                share += count / row * (count / column)
            of_stratum = pearson_cumulants(n * (share - 1.0), rows, columns, of_rows, of_columns)
        excess += of_stratum[0]
        mean += of_stratum[1]
        variance += of_stratum[2]
        third += of_stratum[3]
    return max(tail_of_cumulants(excess, mean, variance, third), table_probability(tables))


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
    n_strata = tables.row_starts.size - 1
    if n_strata == 1 and tables.rows.size == 2 and tables.columns.size == 2:
        return fisher_mid_p(tables.rows, tables.columns, tables.counts[0]), EXACT
    return moments_p_value(tables), MOMENTS
