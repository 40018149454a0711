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

from mistruct.kernels.bitsets import PackedColumns
from mistruct.kernels.compiler import kernel
from mistruct.kernels.contingency import join_strata
from mistruct.kernels.packed_strata import (
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
def _log_rising(alpha: float, count: int) -> float:
    """Log Gamma(alpha + count) - log Gamma(alpha)."""
    if count == 1:
        return math.log(alpha)
    return math.lgamma(alpha + count) - math.lgamma(alpha)


@kernel
def _of_table(
    table: NDArray[np.int64],
    n_x: int,
    n_c: int,
    prior: float,
    terms: NDArray[np.float64],
    result: NDArray[np.float64],
) -> None:
    """Fill `result` from counts (stratum, x, c), the last running fastest.

    `prior` is the pseudo-count of a joint state of the parents; 0 asks for the largest likelihood.
    """
    n_strata = 0
    total = 0.0
    for s in range(table.size // (n_x * n_c)):
        for c in range(n_c):
            in_stratum = np.int64(0)
            for k in range(n_x):
                count = table[(s * n_x + k) * n_c + c]
                if count:
                    in_stratum += count
                    total += _log_rising(prior / n_x, count) if prior > 0 else terms[count]
            if in_stratum:
                n_strata += 1
                total -= _log_rising(prior, in_stratum) if prior > 0 else terms[in_stratum]
    result[LIKELIHOOD] = total
    result[N_STRATA] = n_strata


@kernel
def _of_labels(
    strata: NDArray[np.int32],
    n_strata: int,
    codes: NDArray[Any],
    n_x: int,
    prior: float,
    terms: NDArray[np.float64],
    result: NDArray[np.float64],
) -> None:
    """The same from labels of the parents' joint states, which become those of the family."""
    total = 0.0
    counts = np.zeros(n_strata, np.int64)
    for label in strata:
        counts[label] += 1
    for count in counts:
        total -= _log_rising(prior, count) if prior > 0 else terms[count]
    n_cells = join_strata(strata, n_strata, codes, n_x)
    counts = np.zeros(n_cells, np.int64)
    for label in strata:
        counts[label] += 1
    for count in counts:
        total += _log_rising(prior / n_x, count) if prior > 0 else terms[count]
    result[LIKELIHOOD] = total
    result[N_STRATA] = n_strata


@kernel
def _of_nothing_added(
    counted: Counted,
    x: int,
    strata: NDArray[np.int32],
    n_strata: int,
    prior: float,
    result: NDArray[np.float64],
) -> None:
    """The family of x and the parents whose joint states are labelled."""
    codes, n_x = counted.codes[x], counted.n_states[x]
    if n_strata * n_x > _CELLS_PER_ROW * strata.size + 1024:
        _of_labels(strata.copy(), n_strata, codes, n_x, prior, counted.terms, result)
        return
    table = np.zeros(n_strata * n_x, np.int64)
    for t in range(strata.size):
        table[strata[t] * n_x + np.int64(codes[t])] += 1
    _of_table(table, n_x, 1, prior, counted.terms, result)


@kernel
def count_families(
    counted: Counted,
    x: int,
    parents: NDArray[np.int64],
    added: NDArray[np.int64],
    sample_size: float,
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
    sample_size : float
        The equivalent sample size of BDeu; 0 asks for the largest likelihood.
    results : ndarray of float, shape (n_added, 2)
    """
    codes, n_states = counted.codes, counted.n_states
    n_samples = codes.shape[1]
    n_x = n_states[x]
    prior = sample_size
    strata = np.zeros(n_samples, np.int32)
    n_strata = 1
    for p in parents:
        prior /= n_states[p]
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
            _of_nothing_added(counted, x, strata, n_strata, prior, results[k])
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
            _of_table(table, n_x, n_c, prior / n_c, counted.terms, results[k])
        elif n_cells <= _CELLS_PER_ROW * n_samples + 1024:
            table = np.zeros(n_cells, np.int64)
            for t in range(n_samples):
                table[place[t] * n_c + np.int64(codes[c, t])] += 1
            _of_table(table, n_x, n_c, prior / n_c, counted.terms, results[k])
        else:
            labels = strata.copy()
            n_labels = join_strata(labels, n_strata, codes[c], n_c)
            _of_labels(labels, n_labels, codes[x], n_x, prior / n_c, counted.terms, results[k])
