r"""Counts of families of discrete columns where entries are missing.

The joint distribution :math:`\theta` of x and its parents is the one that gives all rows the
highest likelihood, also those that are known in part: by expectation and maximisation (Dempster,
Laird and Rubin 1977, section 4.1.3), each such row counts in the cells that agree with it, in
proportion to what these have by now,

.. math:: \theta'_c \propto N_c + \sum_u N_u \frac{\theta_c [c \sim u]}{\sum_{d \sim u} \theta_d},

with :math:`N_u` rows that show the part u of a cell. It starts from the complete rows, and only
cells that occur among these can have a share. The number of steps is fixed, so that rounding cannot
change it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.counts.contingency import join_strata
from mistruct.kernels.scores.family_counts import add_count, log_mean, start_sums

_STEPS = 25

# A share of the rows that is no change.
_NO_CHANGE = 1e-15

#: Places in a row of results: the complete rows; I(x; parents) in nats of the likeliest
#: distribution; and of the complete rows the largest log-likelihood of x, the log-likelihood under
#: the prior, and how many joint states of the parents occur.
N_COMPLETE, INFORMATION, LIKELIHOOD, SCORED, N_STRATA = range(5)


@kernel
def _likeliest(
    codes: NDArray[Any],
    n_states: NDArray[np.int64],
    columns: NDArray[np.int64],
    rows: NDArray[np.int64],
    counts: NDArray[np.int64],
    cells: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Maximum-likelihood shares of the cells.

    Each pattern, of known and missing entries, has a row that shows it and a count; `cells` are
    those without a missing entry, and the columns are in the table's order.
    """
    n_patterns, n_cells = rows.size, cells.size
    of_mask = np.zeros(n_patterns, np.int32)
    n_masks = 1
    for column in columns:
        missing = (codes[column][rows] >= n_states[column]).astype(np.uint8)
        n_masks = join_strata(of_mask, n_masks, missing, 2)
    complete = of_mask[cells[0]]
    # For each mask the cells that agree in what is known, and the rows that show it.
    labels = np.zeros((n_masks, n_cells), np.int32)
    shown = np.zeros((n_masks, n_patterns))
    for mask in range(n_masks):
        patterns = np.flatnonzero(of_mask == mask)
        if mask == complete:
            continue
        some = np.concatenate((rows[cells], rows[patterns]))
        of_some = np.zeros(some.size, np.int32)
        n_labels = 1
        n_known = 0
        for column in columns:
            if codes[column, rows[patterns[0]]] < n_states[column]:
                n_labels = join_strata(of_some, n_labels, codes[column][some], n_states[column])
                n_known += 1
        labels[mask] = of_some[:n_cells]
        for k in range(patterns.size if n_known else 0):
            shown[mask, of_some[n_cells + k]] += counts[patterns[k]]
    of_complete = counts[cells].astype(np.float64)
    shares = of_complete / of_complete.sum()
    agreeing = np.empty(n_patterns)
    for _ in range(_STEPS if n_masks > 1 else 0):
        expected = of_complete.copy()
        for mask in range(n_masks):
            if mask == complete:
                continue
            agreeing[:] = 0
            for c in range(n_cells):
                agreeing[labels[mask, c]] += shares[c]
            for c in range(n_cells):
                label = labels[mask, c]
                if agreeing[label] > 0:
                    expected[c] += shown[mask, label] * shares[c] / agreeing[label]
        expected /= expected.sum()
        change = np.abs(expected - shares).max()
        shares = expected
        if change <= _NO_CHANGE:
            break
    return shares


@kernel
def _of_family(
    codes: NDArray[Any],
    n_states: NDArray[np.int64],
    columns: NDArray[np.int64],
    x: int,
    sizes: NDArray[np.float64],
    terms: NDArray[np.float64],
    result: NDArray[np.float64],
) -> None:
    """Fill `result` for x and the other columns, its parents."""
    labels = np.zeros(codes.shape[1], np.int32)
    n_patterns = 1
    for column in columns:
        n_patterns = join_strata(labels, n_patterns, codes[column], n_states[column] + 1)
    counts = np.zeros(n_patterns, np.int64)
    rows = np.empty(n_patterns, np.int64)
    for t in range(labels.size):
        counts[labels[t]] += 1
        rows[labels[t]] = t
    known = np.ones(n_patterns, np.bool_)
    for column in columns:
        known &= codes[column][rows] < n_states[column]
    cells = np.flatnonzero(known)
    result[:] = 0.0
    if not cells.size:
        return
    shares = _likeliest(codes, n_states, columns, rows, counts, cells)
    states = codes[x][rows[cells]]
    strata = np.zeros(cells.size, np.int32)
    n_strata = 1
    for column in columns:
        if column != x:
            n_strata = join_strata(strata, n_strata, codes[column][rows[cells]], n_states[column])
    of_strata, of_states = np.zeros(n_strata), np.zeros(n_states[x])
    in_strata = np.zeros(n_strata, np.int64)
    for c in range(cells.size):
        of_strata[strata[c]] += shares[c]
        of_states[states[c]] += shares[c]
        in_strata[strata[c]] += counts[cells[c]]
    q = 1.0
    for column in columns:
        q *= n_states[column] if column != x else 1
    of_parents, of_family = start_sums(sizes, q), start_sums(sizes, q * n_states[x])
    for c in range(cells.size):
        if shares[c] > 0:
            expected = of_strata[strata[c]] * of_states[states[c]]
            result[INFORMATION] += shares[c] * math.log(shares[c] / expected)
        count = counts[cells[c]]
        result[N_COMPLETE] += count
        result[LIKELIHOOD] += add_count(of_family, count, terms)
    for count in in_strata:
        result[LIKELIHOOD] -= add_count(of_parents, count, terms)
    result[SCORED] = result[LIKELIHOOD]
    if sizes.size:
        n_complete = np.int64(result[N_COMPLETE])
        result[SCORED] = log_mean(of_family, sizes, n_complete)
        result[SCORED] -= log_mean(of_parents, sizes, n_complete)
    result[N_STRATA] = n_strata


@kernel
def count_incomplete_families(
    codes: NDArray[Any],
    n_states: NDArray[np.int64],
    x: int,
    parents: NDArray[np.int64],
    added: NDArray[np.int64],
    sizes: NDArray[np.float64],
    terms: NDArray[np.float64],
    results: NDArray[np.float64],
) -> None:
    """Fill a row of `results` for x with the parents and each column of `added`, -1 for none.

    Parameters
    ----------
    codes : ndarray of unsigned int, shape (n_columns, n_samples)
        ``n_states`` where missing.
    n_states : ndarray of int, shape (n_columns,)
    x : int
    parents : ndarray of int, shape (n_parents,)
    added : ndarray of int, shape (n_added,)
    sizes : ndarray of float, shape (n_sizes,)
        Equivalent sample sizes of BDeu, over which to average; none asks for the largest
        likelihood.
    terms : ndarray of float, shape (n_samples + 1,)
        ``c log c`` at c.
    results : ndarray of float, shape (n_added, 5)
    """
    for k in range(added.size):
        n = parents.size + (2 if added[k] >= 0 else 1)
        columns = np.empty(n, np.int64)
        columns[: parents.size] = parents
        columns[n - 1] = x
        if added[k] >= 0:
            columns[n - 2] = added[k]
        columns.sort()  # so that a family has one score, to the last bit
        _of_family(codes, n_states, columns, x, sizes, terms, results[k])
