r"""Multinomial logistic regression with a normal prior on the slopes, by Newton's method.

The design has a row of ones first, then a row for each term. With :math:`\theta_k \cdot x` the log
odds of state k against state 0, the objective

.. math:: -\sum_i \log p_{y_i}(x_i) + \frac{\lambda}{2} \sum_{k, l} P_{kl}\, \theta_k \cdot \theta_l

(its last sum without the intercepts) is convex, with the gradient
:math:`\sum_i (p_k - [y_i = k])\, x_i` and the Hessian
:math:`\sum_i p_k ([k = l] - p_l)\, x_i x_i^T`, each plus the prior's part. A normal prior on the
slopes of all K states, which treats them alike, means P = I - 1/K here; of two states it is the one
slope that has it, P = 1.

A step that does not lessen the objective enough is halved. Rows go by tiles, so that memory does
not grow with them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.simd import LANES, add, fill, load, multiply, store

_TILE = 128
_MOST_STEPS = 200
_LEAST_STEP = 1e-4
_LEAST_DECREASE = 1e-4  # of what the slope promises (Armijo)
# The square of a step's length, as the Hessian measures it; that of the next is about its square.
_CONVERGED = 1e-8
_LEAST_PIVOT = 1e-13

Floats = NDArray[np.float64]


@kernel
def _add_products(rows: Floats, weights: Floats, block: Floats, lanes: Floats) -> None:
    """Add to the lower half of a block the weighted products of the rows of a tile."""
    weighted = np.empty(_TILE)
    for a in range(rows.shape[0]):
        for i in range(_TILE):
            weighted[i] = weights[i] * rows[a, i]
        for b in range(a + 1):
            row = rows[b]
            even, odd = fill(0.0), fill(0.0)
            for i in range(0, _TILE, 2 * LANES):
                even = add(even, multiply(load(weighted, i), load(row, i)))
                odd = add(odd, multiply(load(weighted, i + LANES), load(row, i + LANES)))
            store(lanes, 0, add(even, odd))
            for i in range(LANES):
                block[a, b] += lanes[i]


@kernel
def _predict(design: Floats, first: int, coefficients: Floats, tile: Floats, odds: Floats) -> int:
    """Copy a tile of rows and fill the log odds of each state; returns the number of rows."""
    n = min(_TILE, design.shape[1] - first)
    tile[:] = 0.0
    tile[:, :n] = design[:, first : first + n]
    odds[:] = 0.0
    for k in range(coefficients.shape[0]):
        for a in range(design.shape[0]):
            slope = coefficients[k, a]
            for i in range(_TILE):
                odds[k + 1, i] += slope * tile[a, i]
    return n


@kernel
def _evaluate(
    design: Floats,
    labels: NDArray[np.int64],
    precision: float,
    coefficients: Floats,
    gradient: Floats,
    hessian: Floats,
) -> float:
    """Fill the gradient, (K - 1, p), and blocks k >= l of the Hessian; returns the objective."""
    n_free, n_terms = coefficients.shape
    tile, odds = np.empty((n_terms, _TILE)), np.empty((n_free + 1, _TILE))
    weights, lanes = np.empty(_TILE), np.empty(LANES)
    gradient[:] = 0.0
    hessian[:] = 0.0
    objective = 0.0
    for first in range(0, design.shape[1], _TILE):
        n = _predict(design, first, coefficients, tile, odds)
        for i in range(n):
            objective -= odds[labels[first + i], i]
            objective += _to_shares(odds, i)
        odds[:, n:] = 0.0
        for k in range(n_free):
            for m in range(k + 1):
                for i in range(_TILE):
                    weights[i] = odds[k + 1, i] * ((k == m) - odds[m + 1, i])
                _add_products(tile, weights, hessian[k, m], lanes)
        for i in range(n):
            odds[labels[first + i], i] -= 1.0
        for k in range(n_free):
            for a in range(n_terms):
                for i in range(n):
                    gradient[k, a] += odds[k + 1, i] * tile[a, i]
    alike = 0.0 if n_free == 1 else 1.0 / (n_free + 1)
    for k in range(n_free):
        for m in range(n_free):
            share = precision * ((k == m) - alike)
            for a in range(1, n_terms):
                gradient[k, a] += share * coefficients[m, a]
                objective += 0.5 * share * coefficients[k, a] * coefficients[m, a]
                hessian[k, m, a, a] += share
    return objective


@kernel
def _to_shares(odds: Floats, i: int) -> float:
    """Turn log odds in a row of a tile into probabilities; returns the log of their former sum."""
    largest = 0.0
    for k in range(1, odds.shape[0]):
        largest = max(largest, odds[k, i])
    total = 0.0
    for k in range(odds.shape[0]):
        odds[k, i] = math.exp(odds[k, i] - largest)
        total += odds[k, i]
    for k in range(odds.shape[0]):
        odds[k, i] /= total
    return largest + math.log(total)


@kernel
def _solve(hessian: Floats, gradient: Floats, step: Floats) -> float:
    """Fill the Newton step, by Cholesky's method; returns its squared length in the Hessian."""
    n_free, n_terms = gradient.shape
    size = n_free * n_terms
    factor, solved = np.empty((size, size)), np.empty(size)
    for i in range(size):
        k, a = i // n_terms, i % n_terms
        row = factor[i]
        for j in range(i + 1):
            m, b = j // n_terms, j % n_terms
            total = hessian[k, m, max(a, b), min(a, b)]
            if i == j:
                least = max(_LEAST_PIVOT * total, 1e-300)
            other = factor[j]
            for c in range(j):
                total -= row[c] * other[c]
            row[j] = math.sqrt(max(total, least)) if i == j else total / other[j]
        total = gradient[k, a]
        for c in range(i):
            total -= row[c] * solved[c]
        solved[i] = total / row[i]
    squared = 0.0
    for i in range(size):
        squared += solved[i] ** 2
    for i in range(size - 1, -1, -1):
        solved[i] /= factor[i, i]
        for c in range(i):
            solved[c] -= factor[i, c] * solved[i]
        step[i // n_terms, i % n_terms] = solved[i]
    return squared


@kernel
def fit_logistic(
    design: Floats,
    labels: NDArray[np.int64],
    precision: float,
    coefficients: Floats,
    probabilities: Floats,
) -> None:
    """Improve `coefficients`, (K - 1, p), to the best fit; fill its `probabilities`, (K, n).

    The `design` has shape (p, n), ones first; each state 0, ..., K - 1 is among the `labels`.
    """
    n_free, n_terms = coefficients.shape
    gradient, step = np.empty((n_free, n_terms)), np.empty((n_free, n_terms))
    hessian = np.empty((n_free, n_free, n_terms, n_terms))
    best = coefficients.copy()
    objective = _evaluate(design, labels, precision, best, gradient, hessian)
    for _ in range(_MOST_STEPS):
        squared = _solve(hessian, gradient, step)
        length = 1.0
        while length >= _LEAST_STEP:
            for k in range(n_free):
                for a in range(n_terms):
                    coefficients[k, a] = best[k, a] - length * step[k, a]
            if squared <= _CONVERGED:
                break
            now = _evaluate(design, labels, precision, coefficients, gradient, hessian)
            if now <= objective - _LEAST_DECREASE * length * squared:
                objective = now
                break
            length *= 0.5
        if squared <= _CONVERGED:
            break
        if length < _LEAST_STEP:  # what is left to gain is lost in rounding
            coefficients[:] = best
            break
        best[:] = coefficients
    tile, odds = np.empty((n_terms, _TILE)), np.empty((n_free + 1, _TILE))
    for first in range(0, design.shape[1], _TILE):
        n = _predict(design, first, coefficients, tile, odds)
        for i in range(n):
            _to_shares(odds, i)
        probabilities[:, first : first + n] = odds[:, :n]
