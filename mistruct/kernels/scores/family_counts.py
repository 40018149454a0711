r"""Scores of families of discrete columns, from the counts of their joint states.

A family is a column x and its parents. With :math:`N_{jk}` rows in state k of x and state j of the
parents, and :math:`N_j` in the latter, the log-likelihood that is largest over all conditional
distributions of x is

.. math:: \sum_{jk} N_{jk} \log N_{jk} - \sum_j N_j \log N_j,

that is n (I(x; parents) - H(x)). A search asks for x with each of many columns added to the same
parents, so the rows in each joint state of x and these are found once. The counts then come from
popcounts of packed words, from a histogram, or, where the table would be larger than the sample,
from labels of the states that occur.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.counts.bitsets import PackedColumns
from mistruct.kernels.counts.contingency import join_strata
from mistruct.kernels.counts.log_tables import known_term
from mistruct.kernels.counts.stratum_bitsets import (
    Intersections,
    count_packed_strata,
    no_intersections,
    packed_is_cheaper,
)

# A histogram may have this many cells for each row.
_CELLS_PER_ROW = 4

# To count the rows in a histogram takes as long as this many words of popcounts each, and twice as
# long to label them by a parent, which serves for all families that are asked for.
_WORDS_PER_ROW, _WORDS_OF_A_COUNT = 10, 40

# From here on the series of Stirling is exact to rounding.
_LARGE = 10
_HALF_LOG_2_PI = 0.5 * math.log(2.0 * math.pi)

#: Places in a row of results: the likelihood, and how many joint states of the parents occur.
LIKELIHOOD, N_STRATA = range(2)


class Counted(NamedTuple):
    """Discrete columns to be counted, without missing entries.

    Attributes
    ----------
    codes : ndarray of unsigned int, shape (n_columns, n_samples)
    n_states : ndarray of int, shape (n_columns,)
    packed : PackedColumns
    terms : ndarray of float
        ``n log n`` of small n, 0 for n = 0.
    """

    codes: NDArray[Any]
    n_states: NDArray[np.int64]
    packed: PackedColumns
    terms: NDArray[np.float64]


@kernel
def start_sums(sizes: NDArray[np.float64], n_states: float) -> NDArray[np.float64]:
    """Allocate sums: rows of prior counts per state, of their log Gamma, and of zeros."""
    sums = np.zeros((3, sizes.size))
    for i in range(sizes.size):
        sums[0, i] = sizes[i] / n_states
        sums[1, i] = math.lgamma(sums[0, i])
    return sums


@kernel
def log_rising(start: float, log_gamma: float, count: int) -> float:
    """Log of Gamma(start + count) / Gamma(start), given the log of the latter, count > 0."""
    if count < _LARGE:
        product = start
        for k in range(1, count):
            product *= start + k
        return math.log(product)
    x = start + count
    y = 1.0 / x
    z = y * y
    series = 1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z / 1188)))
    return (x - 0.5) * math.log(x) - x + _HALF_LOG_2_PI + y * series - log_gamma


@kernel
def add_count(sums: NDArray[np.float64], count: int, terms: NDArray[np.float64]) -> float:
    """Add the count of a state; returns its contribution to the maximum likelihood."""
    for i in range(sums.shape[1]):
        sums[2, i] += log_rising(sums[0, i], sums[1, i], count)
    return known_term(terms, count)


@kernel
def log_mean(sums: NDArray[np.float64], sizes: NDArray[np.float64], n_samples: int) -> float:
    """Log of the mean over sample sizes of the probability of the rows."""
    logs = sums[2]
    for i in range(sizes.size):
        logs[i] += math.lgamma(sizes[i]) - math.lgamma(sizes[i] + n_samples)
    largest = logs.max()
    return largest + math.log(np.exp(logs - largest).mean())


@kernel
def _of_table(
    table: NDArray[np.int64],
    shape: tuple[int, int],
    q: float,
    sizes: NDArray[np.float64],
    terms: NDArray[np.float64],
    result: NDArray[np.float64],
) -> None:
    """Fill `result` from counts (stratum, x, c), the last running fastest, shape (n_x, n_c).

    The strata and c are joint states of parents that have q of them.
    """
    n_x, n_c = shape
    of_parents, of_family = start_sums(sizes, q), start_sums(sizes, q * n_x)
    n_strata = 0
    n_samples = np.int64(0)
    total = 0.0
    for s in range(table.size // (n_x * n_c)):
        for c in range(n_c):
            in_stratum = np.int64(0)
            for k in range(n_x):
                count = table[(s * n_x + k) * n_c + c]
                if count:
                    in_stratum += count
                    total += add_count(of_family, count, terms)
            if in_stratum:
                n_strata += 1
                n_samples += in_stratum
                total -= add_count(of_parents, in_stratum, terms)
    if sizes.size:
        total = log_mean(of_family, sizes, n_samples) - log_mean(of_parents, sizes, n_samples)
    result[LIKELIHOOD] = total
    result[N_STRATA] = n_strata


@kernel
def _of_labels(
    strata: NDArray[np.int32],
    n_strata: int,
    codes: NDArray[Any],
    n_x: int,
    q: float,
    sizes: NDArray[np.float64],
    terms: NDArray[np.float64],
    result: NDArray[np.float64],
) -> None:
    """Fill `result` from labels of the parents' joint states, which become those of the family."""
    of_parents, of_family = start_sums(sizes, q), start_sums(sizes, q * n_x)
    total = 0.0
    counts = np.zeros(n_strata, np.int64)
    for label in strata:
        counts[label] += 1
    for count in counts:
        total -= add_count(of_parents, count, terms)
    n_cells = join_strata(strata, n_strata, codes, n_x)
    counts = np.zeros(n_cells, np.int64)
    for label in strata:
        counts[label] += 1
    for count in counts:
        total += add_count(of_family, count, terms)
    if sizes.size:
        total = log_mean(of_family, sizes, strata.size) - log_mean(of_parents, sizes, strata.size)
    result[LIKELIHOOD] = total
    result[N_STRATA] = n_strata


@kernel
def _of_packed(
    counted: Counted,
    columns: NDArray[np.int64],
    n_parents: int,
    sizes: NDArray[np.float64],
    found: Intersections,
    result: NDArray[np.float64],
) -> None:
    """Fill `result` from packed words of the parents, x, and the added column if there is one."""
    n_states = counted.n_states
    q, n_cells = 1.0, np.int64(1)
    for k in range(columns.size):
        n_cells *= n_states[columns[k]]
        q *= n_states[columns[k]] if k != n_parents else 1
    table = np.zeros(n_cells, np.int64)
    count_packed_strata(
        counted.packed, n_states, columns, columns.size - 1, counted.codes.shape[1], found, table
    )
    n_c = n_states[columns[-1]] if columns.size > n_parents + 1 else 1
    _of_table(table, (n_states[columns[n_parents]], n_c), q, sizes, counted.terms, result)


@kernel
def _packed_is_cheaper(counted: Counted, columns: NDArray[np.int64], n_labels: float) -> bool:
    """Whether popcounts of packed columns are faster than labels, so many a family, and rows."""
    n_samples = counted.codes.shape[1]
    n_cells = 1.0
    for c in columns:
        n_cells *= counted.n_states[c]
    of_cells = n_cells * (n_samples // 64 + _WORDS_OF_A_COUNT)
    return of_cells < n_samples * _WORDS_PER_ROW * (1 + 2 * n_labels) and packed_is_cheaper(
        counted.packed, counted.n_states, columns, n_samples, n_samples + 1024
    )


@kernel
def _of_rows(
    counted: Counted,
    x: int,
    parents: NDArray[np.int64],
    added: NDArray[np.int64],
    asked: NDArray[np.int64],
    sizes: NDArray[np.float64],
    results: NDArray[np.float64],
) -> None:
    """Fill the rows of `results` that are asked for from labels of the rows of the table."""
    codes, n_states = counted.codes, counted.n_states
    n_samples, n_x = codes.shape[1], n_states[x]
    most_cells = _CELLS_PER_ROW * n_samples + 1024
    q = 1.0
    strata = np.zeros(n_samples, np.int32)
    n_strata = 1
    for p in parents:
        q *= n_states[p]
        n_strata = join_strata(strata, n_strata, codes[p], n_states[p])
    place = np.empty(n_samples if n_strata * n_x <= most_cells else 0, np.int64)
    for t in range(place.size):
        place[t] = strata[t] * n_x + np.int64(codes[x, t])
    for k in asked:
        c = added[k]
        n_c = n_states[c] if c >= 0 else 1
        if n_strata * n_x * n_c > most_cells:
            labels, n_labels = strata.copy(), n_strata
            if c >= 0:
                n_labels = join_strata(labels, n_strata, codes[c], n_c)
            _of_labels(labels, n_labels, codes[x], n_x, q * n_c, sizes, counted.terms, results[k])
            continue
        table = np.zeros(n_strata * n_x * n_c, np.int64)
        if c >= 0:
            for t in range(n_samples):
                table[place[t] * n_c + np.int64(codes[c, t])] += 1
        else:
            for t in range(n_samples):
                table[place[t]] += 1
        _of_table(table, (n_x, n_c), q * n_c, sizes, counted.terms, results[k])


@kernel
def count_families(
    counted: Counted,
    x: int,
    parents: NDArray[np.int64],
    added: NDArray[np.int64],
    sizes: NDArray[np.float64],
    results: NDArray[np.float64],
) -> None:
    """Fill a row of `results` for x with the parents and each column of `added`, -1 for none.

    Parameters
    ----------
    counted : Counted
    x : int
    parents : ndarray of int, shape (n_parents,)
        Ascending.
    added : ndarray of int, shape (n_added,)
    sizes : ndarray of float, shape (n_sizes,)
        Equivalent sample sizes of BDeu, over which to average; none asks for the largest
        likelihood.
    results : ndarray of float, shape (n_added, 2)
    """
    columns = np.empty(parents.size + 2, np.int64)
    columns[: parents.size] = parents
    columns[parents.size] = x
    found, found_alone = no_intersections(parents.size + 1), no_intersections(parents.size)
    by_rows = np.empty(added.size, np.int64)
    n_by_rows = 0
    for k in range(added.size):
        columns[-1] = added[k]
        of_k = columns if added[k] >= 0 else columns[:-1]
        if _packed_is_cheaper(counted, of_k, parents.size / added.size):
            before = found if added[k] >= 0 else found_alone
            _of_packed(counted, of_k, parents.size, sizes, before, results[k])
        else:
            by_rows[n_by_rows] = k
            n_by_rows += 1
    if n_by_rows:
        _of_rows(counted, x, parents, added, by_rows[:n_by_rows], sizes, results)
