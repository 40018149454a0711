r"""Logistic regression of columns with many states on few terms, one state at a time.

The model is that of :mod:`mistruct.kernels.gaussian.logistic`, log odds linear in the terms. With k
states and m terms its Hessian has (k m)^2 entries, but those between states are products of two of
their probabilities, so small for many states. Without them a step of Newton's method solves k
systems of m equations. It starts from the linear discriminant, which is the maximum if the terms
are normal with the same covariance in each state (Efron 1975), and is halved where it does not
gain.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Floats
from mistruct.information.copula.residual_blocks import Labels, one_hot

_MOST_STEPS = 6
_MOST_HALVINGS = 4
_LEAST_GAIN = 1e-4  # in nats, of all rows
_PRECISION = 1e-3  # of a normal prior on the slopes, for terms of unit variance
_LEAST_LEFT = 1e-3  # of a term's variance within states


def probabilities_of_states(rows: Floats, slopes: Floats) -> Floats:
    """Probability of each state in each row, shape (n_labels, n), from `slopes_of_states`."""
    return _shares(slopes, _design(rows))


def slopes_of_states(rows: Floats, labels: Labels, n_labels: int) -> Floats:
    """Coefficients of the log odds of each state, shape (n_labels, 1 + m), the intercept first.

    They are far smaller than the probabilities, which follow from them in one pass.

    Parameters
    ----------
    rows : ndarray of float, shape (m, n)
        Terms: orthonormal, with mean 0.
    labels : ndarray of int, shape (n,)
        States, from 0 on; each occurs.
    n_labels : int
    """
    n, m = labels.size, len(rows)
    design = _design(rows)
    counts = np.bincount(labels, minlength=n_labels)
    sums = np.asarray(one_hot(labels, n_labels).T @ design.T)
    products = (design[:, np.newaxis] * design).reshape(-1, n)
    prior = _PRECISION * np.diag([0.0, *np.ones(m)])
    slopes = _discriminant(sums, counts)
    found = _shares(slopes, design)
    objective = _objective(found, labels, slopes)
    for _ in range(_MOST_STEPS):
        gradient = sums - found @ design.T - slopes @ prior
        hessians = ((found * (1 - found)) @ products.T).reshape(n_labels, m + 1, m + 1) + prior
        # A state without variation is as it is.
        hessians += 1e-9 * np.eye(m + 1)
        step = np.linalg.solve(hessians, gradient[:, :, np.newaxis])[:, :, 0]
        for _ in range(_MOST_HALVINGS):
            tried = _shares(slopes + step, design)
            now = _objective(tried, labels, slopes + step)
            if now < objective:
                break
            step = step / 2
        else:
            break
        gain, objective = objective - now, now
        slopes, found = slopes + step, tried
        if gain < _LEAST_GAIN:
            break
    return slopes


def _design(rows: Floats) -> Floats:
    """A row of ones, and the terms with variance 1."""
    n = rows.shape[1]
    return np.concatenate([np.ones((1, n)), rows * np.sqrt(n)])


def _discriminant(sums: Floats, counts: NDArray[np.int64]) -> Floats:
    """Coefficients of the linear discriminant, shape (k, 1 + m), from sums of terms by state."""
    shares = counts / counts.sum()
    means = sums[:, 1:] / counts[:, np.newaxis]
    within = np.eye(means.shape[1]) - (means.T * shares) @ means
    values, vectors = np.linalg.eigh(within)
    inverse = (vectors / np.maximum(values, _LEAST_LEFT)) @ vectors.T
    slopes = means @ inverse
    return np.column_stack([np.log(shares) - 0.5 * (slopes * means).sum(axis=1), slopes])


def _shares(slopes: Floats, design: Floats) -> Floats:
    odds = slopes @ design
    odds -= odds.max(axis=0)
    np.exp(odds, out=odds)
    odds /= odds.sum(axis=0)
    return odds


def _objective(found: Floats, labels: Labels, slopes: Floats) -> float:
    """Negative log-likelihood with the prior."""
    of_rows = np.maximum(found[labels, np.arange(labels.size)], 1e-300)
    return float(0.5 * _PRECISION * (slopes[:, 1:] ** 2).sum() - np.log(of_rows).sum())
