"""Entropies of counts with their corrections, and the information of two discrete columns.

Plug-in and Grassberger's (2003) estimate have one form, ``log n - sum of terms[c] / n``, with
``terms[c] = c log c`` or ``c G(c)`` tabulated by the caller. Miller-Madow adds to the plug-in,
Chao-Shen weighs each cell, and James-Stein shrinks the joint table before its margins are taken.
A variable with one possible state has entropy 0 whatever the correction.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.counts.contingency import sort_stably

TABULATED, MILLER_MADOW, CHAO_SHEN, JAMES_STEIN = 0, 1, 2, 3


@kernel
def shrinkage_intensity(counts: NDArray[np.int64], n: int, n_states: float) -> float:
    """Shrinkage intensity towards the uniform distribution (Hausser and Strimmer 2009, eq. 6)."""
    squares = 0.0
    for c in counts:
        squares += (c / n) ** 2
    distance = (n - 1) * (squares - 1.0 / n_states)
    if n < 2 or distance <= 0.0:
        return 1.0
    return min(1.0, (1.0 - squares) / distance)


@kernel
def entropy_of_counts(
    counts: NDArray[np.int64],
    n: int,
    n_states: float,
    correction: int,
    terms: NDArray[np.float64],
    shrinkage: float,
) -> float:
    """Entropy in nats of a variable with `n_states` possible states; zero counts are ignored."""
    if n_states <= 1 or n == 0:
        return 0.0
    total = 0.0
    if correction in (TABULATED, MILLER_MADOW):
        observed = 0
        for c in counts:
            total += terms[c]
            observed += c > 0
        if observed == 1:
            return 0.0  # as it is, but for Grassberger's terms
        plug_in = math.log(n) - total / n
        return plug_in + (observed - 1) / (2.0 * n) if correction == MILLER_MADOW else plug_in
    if correction == CHAO_SHEN:
        singletons = 0
        for c in counts:
            singletons += c == 1
        # All singletons would estimate a coverage of 0.
        coverage = 1.0 - min(singletons, n - 1) / n
        for c in counts:
            if c > 0:
                p = coverage * c / n
                total -= p * math.log(p) / -math.expm1(n * math.log1p(-p))
        return total
    observed = 0
    for c in counts:
        if c > 0:
            observed += 1
            p = shrinkage / n_states + (1.0 - shrinkage) * c / n
            total -= p * math.log(p)
    unseen = shrinkage / n_states
    if unseen > 0.0:
        total -= (n_states - observed) * unseen * math.log(unseen)
    return total


@kernel
def count_pair(
    x: NDArray[Any], y: NDArray[Any], n_x: int, n_y: int, table: NDArray[np.int64]
) -> None:
    """Fill ``table[:n_x * n_y]``, row-major, by a histogram over the rows known in both."""
    table[: n_x * n_y] = 0
    for t in range(x.size):
        if x[t] < n_x and y[t] < n_y:
            table[np.int64(x[t]) * n_y + y[t]] += 1


@kernel
def count_pair_sparsely(
    x: NDArray[Any], y: NDArray[Any], n_x: int, n_y: int, cells: NDArray[np.int64]
) -> int:
    """Fill `cells` with the non-empty cells, using O(n_samples) memory; returns their number."""
    n_known = 0
    rows = np.empty(x.size, np.int64)
    for t in range(x.size):
        if x[t] < n_x and y[t] < n_y:
            rows[n_known] = t
            n_known += 1
    order = sort_stably(rows[:n_known], x, n_x)
    counts = np.zeros(n_y, np.int64)
    n_cells = 0
    start = 0
    while start < order.size:
        stop = start
        while stop < order.size and x[order[stop]] == x[order[start]]:
            counts[y[order[stop]]] += 1
            stop += 1
        for i in range(start, stop):
            b = y[order[i]]
            if counts[b] > 0:
                cells[n_cells] = counts[b]
                n_cells += 1
                counts[b] = 0
        start = stop
    return n_cells


@kernel
def count_margins(
    x: NDArray[Any],
    y: NDArray[Any],
    n_x: int,
    n_y: int,
    margin_x: NDArray[np.int64],
    margin_y: NDArray[np.int64],
) -> None:
    """Fill the margins of x and y over the rows known in both."""
    margin_x[:n_x] = 0
    margin_y[:n_y] = 0
    for t in range(x.size):
        if x[t] < n_x and y[t] < n_y:
            margin_x[x[t]] += 1
            margin_y[y[t]] += 1


@kernel
def information_of_cells(
    cells: NDArray[np.int64],
    margin_x: NDArray[np.int64],
    margin_y: NDArray[np.int64],
    correction: int,
    terms: NDArray[np.float64],
) -> float:
    """Information H(x) + H(y) - H(x, y) in nats; states that do not occur are impossible.

    NaN where there is no row.
    """
    n = margin_x.sum()
    if n == 0:
        return math.nan
    n_x = (margin_x > 0).sum()
    n_y = (margin_y > 0).sum()
    n_xy = float(n_x) * n_y
    shrinkage = shrinkage_intensity(cells, n, n_xy) if correction == JAMES_STEIN else 0.0
    return (
        entropy_of_counts(margin_x, n, float(n_x), correction, terms, shrinkage)
        + entropy_of_counts(margin_y, n, float(n_y), correction, terms, shrinkage)
        - entropy_of_counts(cells, n, n_xy, correction, terms, shrinkage)
    )
