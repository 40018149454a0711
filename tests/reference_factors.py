"""Slow, obvious versions of what factors explain, from whole covariance matrices."""

from __future__ import annotations

import numpy as np


def gaussian_information(covariance, block, other) -> float:
    """I(block; other) in nats of normal variables, from determinants."""

    def log_determinant(rows):
        return np.linalg.slogdet(covariance[np.ix_(rows, rows)])[1]

    block, other = list(block), list(other)
    return 0.5 * (log_determinant(block) + log_determinant(other) - log_determinant(block + other))


def joint_covariance(correlations, weights):
    """Of the columns, and of factors that are weighted sums of them with noise of variance 1."""
    n_factors = len(weights)
    of_both = weights @ correlations
    of_factors = of_both @ weights.T + np.eye(n_factors)
    return np.block([[correlations, of_both.T], [of_both, of_factors]])


def explained_exactly(correlations, weights) -> float:
    """TC(X) - TC(X | Z) - TC(Z) in nats, as sum I(X_i; Z) - sum I(Z_j; X)."""
    covariance = joint_covariance(correlations, weights)
    n_columns, n_factors = len(correlations), len(weights)
    columns, factors = range(n_columns), range(n_columns, n_columns + n_factors)
    told = sum(gaussian_information(covariance, [i], factors) for i in columns)
    return told - sum(gaussian_information(covariance, [j], columns) for j in factors)


def explained(correlations, weights) -> float:
    """The same with the conditional mean of a modular model, term by term."""
    covariance = joint_covariance(correlations, weights)
    n_columns, n_factors = len(correlations), len(weights)
    variance = np.diag(covariance)[n_columns:]
    total = 0.0
    for i in range(n_columns):
        r = [covariance[n_columns + j, i] / np.sqrt(variance[j]) for j in range(n_factors)]
        b = [r[j] / (1 - r[j] ** 2) for j in range(n_factors)]
        share = 1 / (1 + sum(r[j] * b[j] for j in range(n_factors)))
        # x_i - nu_i as a combination of all variables, and its variance
        error = np.zeros(n_columns + n_factors)
        error[i] = 1.0
        for j in range(n_factors):
            error[n_columns + j] = -share * b[j] / np.sqrt(variance[j])
        total -= 0.5 * np.log(error @ covariance @ error)
    return total - 0.5 * sum(np.log(v) for v in variance)
