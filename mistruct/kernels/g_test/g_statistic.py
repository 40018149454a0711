"""The G test of conditional independence between discrete columns.

G = 2 n I(x; y | z) with the plug-in estimate, summed over the strata of z. Its null distribution
is chi-square with dof = sum over z of (r_z - 1)(c_z - 1), counting non-empty rows and columns only,
after Williams' (1976) correction, as long as Cochran's (1954) rule allows it: no expected count
below 1, and at most a fifth of them below 5. Elsewhere `sparse_null` takes over.

Counts come from packed words, from a histogram or from sorted rows, and in a search from refined
cells. How they are summed depends on the columns alone.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.chi_square import chi_square_upper_tail
from mistruct.kernels.compiler import kernel
from mistruct.kernels.counts.coded_columns import CodedColumns, Strata, count_complete, label_strata
from mistruct.kernels.counts.log_tables import c_log_c
from mistruct.kernels.counts.refined_cells import (
    RefinedCells,
    count_states,
    keep_cells,
    position_by_key,
    split_strata,
    tables_of_cells,
)
from mistruct.kernels.counts.sparse_tables import SparseTables, tables_of_counts, tables_of_rows
from mistruct.kernels.counts.stratum_bitsets import (
    Intersections,
    count_packed_strata,
    no_intersections,
    packed_is_cheaper,
)
from mistruct.kernels.g_test.margins import sum_of_margins, weigh_expected
from mistruct.kernels.g_test.sparse_null import CHI_SQUARE, UNTESTABLE, SparseRule, sparse_p_value

# The columns of a row of results.
G, DOF, N_SAMPLES, P_VALUE, HOW = 0, 1, 2, 3, 4
N_RESULTS = 5


@kernel
def weigh_table(table: NDArray[np.int64], n_strata: int, n_x: int, n_y: int):  # type: ignore[no-untyped-def]
    """G and the rule for chi-square, from counts ``table[(stratum * n_x + x) * n_y + y]``.

    Returns G, n, dof, whether Cochran's rule allows chi-square, and Williams' q if it does.
    """
    g, n, dof, cells, small, tiny, williams = 0.0, np.int64(0), 0, 0, 0, 0, 0.0
    rows = np.empty(n_x, np.int64)
    columns = np.empty(n_y, np.int64)
    for s in range(n_strata):
        n_rows = np.int64(0)  # a literal 0 would be compiled for once more
        for a in range(n_x):
            total = np.int64(0)
            for b in range(n_y):
                count = table[(s * n_x + a) * n_y + b]
                total += count
                g += c_log_c(count)
            n += total
            if total > 0:
                rows[n_rows] = total
                n_rows += 1
        n_columns = np.int64(0)
        for b in range(n_y):
            total = np.int64(0)
            for a in range(n_x):
                total += table[(s * n_x + a) * n_y + b]
            if total > 0:
                columns[n_columns] = total
                n_columns += 1
        g -= sum_of_margins(rows, n_rows, columns, n_columns)
        if n_rows < 2 or n_columns < 2:  # none where x or y is missing throughout the stratum
            continue
        dof += int((n_rows - 1) * (n_columns - 1))
        if tiny == 0:  # else the rule is broken already
            expected = weigh_expected(rows[:n_rows], columns[:n_columns])
            cells += expected[0]
            small += expected[1]
            tiny += expected[2]
            williams += expected[3]
    return 2.0 * g, n, dof, tiny == 0 and 5 * small <= cells, 1.0 + williams / max(dof, 1)


@kernel
def most_cells(n_samples: int) -> int:
    """Maximum number of cells for dense counting, O(n_samples)."""
    return n_samples + 1024


@kernel
def fits_dense(n_states: NDArray[np.int64], tested: NDArray[np.int64], n_samples: int) -> bool:
    """Whether tables are stored densely, with their empty cells.

    It depends on the columns alone, so that sums do not depend on how cells were counted.
    """
    n_cells = np.int64(1)
    for c in tested:
        n_cells *= n_states[c]
        if n_cells > most_cells(n_samples):
            return False
    return True


@kernel
def count_strata(
    x: NDArray[Any],
    y: NDArray[Any],
    strata: NDArray[np.int32],
    weights: NDArray[np.int64],
    n_x: int,
    n_y: int,
    n_strata: int,
) -> NDArray[np.int64]:
    """Dense counts of x and y within the strata; `strata` is empty where nothing is given."""
    table = np.zeros(n_strata * n_x * n_y, np.int64)
    for t in range(x.size):
        stratum = np.int64(0) if strata.size == 0 else np.int64(strata[t])
        if stratum >= 0 and x[t] < n_x and y[t] < n_y:
            weight = np.int64(1) if weights.size == 0 else weights[t]
            table[(stratum * n_x + x[t]) * n_y + y[t]] += weight
    return table


@kernel
def weigh_sparse(tables: SparseTables):  # type: ignore[no-untyped-def]
    """G and the rule for chi-square, as `weigh_table`, from non-empty cells; without n."""
    g, dof, cells, small, tiny, williams = 0.0, 0, 0, 0, 0, 0.0
    for count in tables.counts:
        g += c_log_c(count)
    for s in range(tables.row_starts.size - 1):
        rows = tables.rows[tables.row_starts[s] : tables.row_starts[s + 1]]
        columns = tables.columns[tables.column_starts[s] : tables.column_starts[s + 1]]
        g -= sum_of_margins(rows, rows.size, columns, columns.size)
        dof += (rows.size - 1) * (columns.size - 1)
        if tiny == 0:  # else the rule is broken already
            expected = weigh_expected(rows, columns)
            cells += expected[0]
            small += expected[1]
            tiny += expected[2]
            williams += expected[3]
    return 2.0 * g, dof, tiny == 0 and 5 * small <= cells, 1.0 + williams / max(dof, 1)


@kernel
def chi_square_answers(
    g: float, dof: int, allowed: bool, williams: float, method: int, result: NDArray[np.float64]
) -> bool:
    """Fill `result` without n; False if the chi-square distribution does not answer."""
    result[G] = g
    result[DOF] = dof
    if dof == 0:
        result[P_VALUE] = math.nan
        result[HOW] = UNTESTABLE
    elif allowed:
        result[P_VALUE] = chi_square_upper_tail(g / williams, dof)
        result[HOW] = CHI_SQUARE
    elif method == CHI_SQUARE:
        result[P_VALUE] = chi_square_upper_tail(g, dof)
        result[HOW] = CHI_SQUARE
    else:
        return False
    return True


@kernel
def answer_from_tables(
    tables: SparseTables,
    data: CodedColumns,
    tested: NDArray[np.int64],
    rule: SparseRule,
    result: NDArray[np.float64],
) -> None:
    """Fill `result` without n from the tables of the last two columns `tested` given the others."""
    g, dof, allowed, williams = weigh_sparse(tables)
    if not chi_square_answers(g, dof, allowed, williams, rule.method, result):
        result[P_VALUE], result[HOW] = sparse_p_value(g, tables, data, tested, rule)


@kernel
def g_test(
    data: CodedColumns,
    tested: NDArray[np.int64],
    last: int,
    found: Intersections,
    strata: Strata,
    rule: SparseRule,
    result: NDArray[np.float64],
) -> None:
    """Fill `result` with the test of the last two columns `tested` given the others.

    `found` and `strata` are room for what tests of the same columns but ``tested[last]``, and of
    the same conditioning set, share.
    """
    n_samples = data.n_rows
    n_x, n_y = data.n_states[tested[-2]], data.n_states[tested[-1]]
    n_strata = np.int64(1)
    if packed_is_cheaper(data.packed, data.n_states, tested, n_samples, most_cells(n_samples)):
        for z in tested[:-2]:
            n_strata *= data.n_states[z]
        table = np.zeros(n_strata * n_x * n_y, np.int64)
        count_packed_strata(data.packed, data.n_states, tested, last, n_samples, found, table)
    else:
        label_strata(data, tested[:-2], strata)
        n_strata = strata.n[0]
        x, y = data.codes[tested[-2]], data.codes[tested[-1]]
        if n_strata * n_x * n_y > most_cells(n_samples):
            tables, result[N_SAMPLES] = tables_of_rows(
                x, y, strata.labels, data.weights, n_x, n_y, n_strata
            )
            answer_from_tables(tables, data, tested, rule, result)
            return
        table = count_strata(x, y, strata.labels, data.weights, n_x, n_y, n_strata)
        if not fits_dense(data.n_states, tested, n_samples):
            result[N_SAMPLES] = table.sum()
            tables = tables_of_counts(table, n_strata, n_x, n_y)
            answer_from_tables(tables, data, tested, rule, result)
            return
    g, n, dof, allowed, williams = weigh_table(table, n_strata, n_x, n_y)
    result[N_SAMPLES] = n
    if not chi_square_answers(g, dof, allowed, williams, rule.method, result):
        tables = tables_of_counts(table, n_strata, n_x, n_y)
        result[P_VALUE], result[HOW] = sparse_p_value(g, tables, data, tested, rule)


@kernel
def g_test_of_cells(
    data: CodedColumns,
    tested: NDArray[np.int64],
    chosen: NDArray[np.int64],
    cells: RefinedCells,
    rule: SparseRule,
    result: NDArray[np.float64],
) -> bool:
    """Fill `result` as `g_test`, from `cells` of the others, in the order `chosen`, but the last.

    Returns False, and leaves `result` as it is, where the table is dense or room is short.
    """
    if fits_dense(data.n_states, tested, data.n_rows):
        return False
    level = chosen.size - 1
    x, y = tested[-2], tested[-1]
    if level < 0 or not keep_cells(data, x, y, chosen[:level], cells):
        return False
    codes, n_states = data.codes[chosen[level]], data.n_states[chosen[level]]
    counts = count_states(cells, level, codes, n_states, data.weights)
    if counts.size == 0:
        return False
    position = position_by_key(data.keys, chosen[:level], chosen[level])
    split = split_strata(cells, level, counts, n_states, position)
    tables = tables_of_cells(cells, level, counts, n_states, split, data.n_states[y])
    result[N_SAMPLES] = count_complete(data, tested)
    answer_from_tables(tables, data, tested, rule, result)
    return True


@kernel
def g_test_pairs(
    data: CodedColumns,
    pairs: NDArray[np.int64],
    given: NDArray[np.int64],
    strata: Strata,
    rule: SparseRule,
    results: NDArray[np.float64],
) -> None:
    """Fill a row of `results` for each pair of columns given the same others."""
    tested = np.empty(given.size + 2, np.int64)
    tested[: given.size] = given
    last = given.size + 1
    found = no_intersections(last)
    for k in range(pairs.shape[0]):
        tested[given.size :] = pairs[k]
        g_test(data, tested, last, found, strata, rule, results[k])
