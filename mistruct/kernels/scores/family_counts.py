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
from mistruct.kernels.counts.stratum_bitsets import (
    count_packed_strata,
    no_intersections,
    packed_is_cheaper,
)

# A histogram may have this many cells for each row.
_CELLS_PER_ROW = 4

#: Places in a row of results: the likelihood, and how many joint states of the parents occur.
LIKELIHOOD, N_STRATA = range(2)


class Counted(NamedTuple):
    """Discrete columns to be counted, without missing entries.

    Attributes
    ----------
    codes : ndarray of unsigned int, shape (n_columns, n_samples)
    n_states : ndarray of int, shape (n_columns,)
    packed : PackedColumns
    terms : ndarray of float, shape (n_samples + 1,)
        ``n log n``, 0 for n = 0.
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
def add_count(sums: NDArray[np.float64], count: int, terms: NDArray[np.float64]) -> float:
    """Add the count of a state; returns its contribution to the maximum likelihood."""
    for i in range(sums.shape[1]):
        prior = sums[0, i]
        rising = math.lgamma(prior + count) - sums[1, i] if count > 1 else math.log(prior)
        sums[2, i] += rising
    return terms[count]


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
def _of_nothing_added(
    counted: Counted,
    x: int,
    strata: NDArray[np.int32],
    n_strata: int,
    q: float,
    sizes: NDArray[np.float64],
    result: NDArray[np.float64],
) -> None:
    """Fill `result` for the family of x and the parents whose joint states are labelled."""
    codes, n_x = counted.codes[x], counted.n_states[x]
    if n_strata * n_x > _CELLS_PER_ROW * strata.size + 1024:
        _of_labels(strata.copy(), n_strata, codes, n_x, q, sizes, counted.terms, result)
        return
    table = np.zeros(n_strata * n_x, np.int64)
    for t in range(strata.size):
        table[strata[t] * n_x + np.int64(codes[t])] += 1
    _of_table(table, (n_x, 1), q, sizes, counted.terms, result)


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
    codes, n_states = counted.codes, counted.n_states
    n_samples = codes.shape[1]
    n_x = n_states[x]
    q = 1.0
    strata = np.zeros(n_samples, np.int32)
    n_strata = 1
    for p in parents:
        q *= n_states[p]
        n_strata = join_strata(strata, n_strata, codes[p], n_states[p])
    in_cells = n_strata * n_x <= _CELLS_PER_ROW * n_samples + 1024
    place = np.empty(n_samples if in_cells else 0, np.int64)
    if in_cells:
        for t in range(n_samples):
            place[t] = strata[t] * n_x + np.int64(codes[x, t])
    columns = np.empty(parents.size + 2, np.int64)
    columns[: parents.size] = parents
    columns[parents.size] = x
    found = no_intersections(columns.size - 1)
    for k in range(added.size):
        c = added[k]
        if c < 0:
            _of_nothing_added(counted, x, strata, n_strata, q, sizes, results[k])
            continue
        columns[-1] = c
        n_c = n_states[c]
        n_cells = n_strata * n_x * n_c
        if packed_is_cheaper(counted.packed, n_states, columns, n_samples, n_samples + 1024):
            n_cells = np.int64(1)
            for column in columns:
                n_cells *= n_states[column]
            table = np.zeros(n_cells, np.int64)
            count_packed_strata(
                counted.packed, n_states, columns, columns.size - 1, n_samples, found, table
            )
            _of_table(table, (n_x, n_c), q * n_c, sizes, counted.terms, results[k])
        elif n_cells <= _CELLS_PER_ROW * n_samples + 1024:
            table = np.zeros(n_cells, np.int64)
            for t in range(n_samples):
                table[place[t] * n_c + np.int64(codes[c, t])] += 1
            _of_table(table, (n_x, n_c), q * n_c, sizes, counted.terms, results[k])
        else:
            labels = strata.copy()
            n_labels = join_strata(labels, n_strata, codes[c], n_c)
            _of_labels(labels, n_labels, codes[x], n_x, q * n_c, sizes, counted.terms, results[k])
