"""The G test of conditional independence from dense tables of counts.

G = 2 n I(x; y | z) with the plug-in estimate, summed over the strata of z. Its null distribution
is chi-square with dof = sum over z of (r_z - 1)(c_z - 1), counting non-empty rows and columns only,
after Williams' (1976) correction, as long as Cochran's (1954) rule allows it: no expected count
below 1, and at most a fifth of them below 5. Elsewhere `g_tables` or `g_permutation` takes
over.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.bitsets import PackedColumns
from mistruct.kernels.chi_square import chi_square_upper_tail
from mistruct.kernels.compiler import kernel
from mistruct.kernels.packed_strata import (
    Intersections,
    count_packed_strata,
    no_intersections,
    packed_is_cheaper,
)

# How a p-value was found. SPARSE asks for the permutation form; UNTESTABLE means dof = 0.
CHI_SQUARE, PERMUTATION, UNTESTABLE, SPARSE = 0, 1, 2, 3

# The columns of a row of results.
G, DOF, N_SAMPLES, P_VALUE, HOW = 0, 1, 2, 3, 4


@kernel
def weigh_margins(rows: NDArray[np.int64], n_rows: int, columns: NDArray[np.int64], n_columns: int):  # type: ignore[no-untyped-def]
    """What one stratum's margins say, from its non-empty row and column counts.

    Returns the sum of m log m over the margins (to be taken off that of the cells), dof, the
    numbers of expected counts, of those below 5 and below 1, and dof times Williams' q - 1.
    """
    n = np.int64(0)
    margins = 0.0
    inverse_rows = 0.0
    inverse_columns = 0.0
    for a in range(n_rows):
        n += rows[a]
        margins += rows[a] * math.log(rows[a])
        inverse_rows += 1.0 / rows[a]
    for b in range(n_columns):
        margins += columns[b] * math.log(columns[b])
        inverse_columns += 1.0 / columns[b]
    if n > 0:
        margins -= n * math.log(n)
    dof = (n_rows - 1) * (n_columns - 1)
    if n_rows < 2 or n_columns < 2:  # none where x or y is missing throughout the stratum
        return margins, 0, 0, 0, 0, 0.0
    small = 0
    tiny = 0
    for a in range(n_rows):
        for b in range(n_columns):
            expected = rows[a] * columns[b] / n
            small += expected < 5.0
            tiny += expected < 1.0
    williams = (n * inverse_rows - 1.0) * (n * inverse_columns - 1.0) / (6.0 * n)
    return margins, dof, n_rows * n_columns, small, tiny, williams


@kernel
def weigh_table(table: NDArray[np.int64], n_strata: int, n_x: int, n_y: int):  # type: ignore[no-untyped-def]
    """Statistic and rule from dense counts ``table[(stratum * n_x + x) * n_y + y]``.

    Returns G, n, dof, whether Cochran's rule allows chi-square, and Williams' q.
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
                if count > 0:
                    g += count * math.log(count)
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
        of_stratum = weigh_margins(rows, n_rows, columns, n_columns)
        g -= of_stratum[0]
        dof += of_stratum[1]
        cells += of_stratum[2]
        small += of_stratum[3]
        tiny += of_stratum[4]
        williams += of_stratum[5]
    return 2.0 * g, n, dof, tiny == 0 and 5 * small <= cells, 1.0 + williams / max(dof, 1)


@kernel
def most_cells(n_samples: int) -> int:
    """Of a dense table, which so stays of the order of the rows."""
    return n_samples + 1024


@kernel
def fits_dense(n_x: int, n_y: int, n_strata: int, n_samples: int) -> bool:
    """Whether a table of these cardinalities is counted densely."""
    return n_strata * n_x * n_y <= most_cells(n_samples)


@kernel
def count_strata(
    x: NDArray[Any], y: NDArray[Any], strata: NDArray[np.int32], n_x: int, n_y: int, n_strata: int
) -> NDArray[np.int64]:
    """Dense counts of x and y within the strata; `strata` may be empty where there is but one."""
    table = np.zeros(n_strata * n_x * n_y, np.int64)
    if strata.size == 0:
        for t in range(x.size):
            if x[t] < n_x and y[t] < n_y:
                table[np.int64(x[t]) * n_y + y[t]] += 1
    else:
        for t in range(x.size):
            if strata[t] >= 0 and x[t] < n_x and y[t] < n_y:
                table[(np.int64(strata[t]) * n_x + x[t]) * n_y + y[t]] += 1
    return table


@kernel
def g_test_table(
    table: NDArray[np.int64], n_strata: int, n_x: int, n_y: int, result: NDArray[np.float64]
) -> None:
    """Fill `result` with the test of dense counts."""
    g, n, dof, allowed, williams = weigh_table(table, n_strata, n_x, n_y)
    result[G] = g
    result[DOF] = dof
    result[N_SAMPLES] = n
    result[P_VALUE] = math.nan
    if dof == 0:
        result[HOW] = UNTESTABLE
    elif allowed:
        result[P_VALUE] = chi_square_upper_tail(g / williams, dof)
        result[HOW] = CHI_SQUARE
    else:
        result[P_VALUE] = chi_square_upper_tail(g, dof)  # for who wants no other
        result[HOW] = SPARSE


@kernel
def g_test_dense(
    x: NDArray[Any],
    y: NDArray[Any],
    strata: NDArray[np.int32],
    n_x: int,
    n_y: int,
    n_strata: int,
    result: NDArray[np.float64],
) -> None:
    """Fill `result` with the test of x against y within the strata."""
    table = count_strata(x, y, strata, n_x, n_y, n_strata)
    g_test_table(table, n_strata, n_x, n_y, result)


@kernel
def g_test_packed(
    packed: PackedColumns,
    n_states: NDArray[np.int64],
    columns: NDArray[np.int64],
    last: int,
    n_samples: int,
    found: Intersections,
    result: NDArray[np.float64],
) -> bool:
    """Test the last two of `columns` given the others by packed words, if that is cheapest.

    Fastest for many tests in which only ``columns[last]`` differs and `found` is the same.
    """
    if not packed_is_cheaper(packed, n_states, columns, n_samples, most_cells(n_samples)):
        return False
    n_strata = np.int64(1)
    for z in columns[:-2]:
        n_strata *= n_states[z]
    n_x, n_y = n_states[columns[-2]], n_states[columns[-1]]
    table = np.zeros(n_strata * n_x * n_y, np.int64)
    count_packed_strata(packed, n_states, columns, last, n_samples, found, table)
    g_test_table(table, n_strata, n_x, n_y, result)
    return True


@kernel
def g_test_pairs(
    codes: NDArray[Any],
    n_states: NDArray[np.int64],
    packed: PackedColumns,
    pairs: NDArray[np.int64],
    given: NDArray[np.int64],
    strata: NDArray[np.int32],
    n_strata: int,
    results: NDArray[np.float64],
) -> None:
    """Fill a row of `results` for each pair (i, j) of columns given the same others.

    `strata` are those of `given`. Pairs too wide for a dense table, or too sparse for chi-square,
    are marked SPARSE.
    """
    columns = np.empty(given.size + 2, np.int64)
    columns[: given.size] = given
    last = given.size + 1
    found = no_intersections(last)
    for k in range(pairs.shape[0]):
        i, j = pairs[k]
        columns[given.size :] = pairs[k]
        if g_test_packed(packed, n_states, columns, last, codes.shape[1], found, results[k]):
            continue
        n_x, n_y = n_states[i], n_states[j]
        if fits_dense(n_x, n_y, n_strata, codes.shape[1]):
            g_test_dense(codes[i], codes[j], strata, n_x, n_y, n_strata, results[k])
        else:
            results[k, P_VALUE] = math.nan
            results[k, HOW] = SPARSE
