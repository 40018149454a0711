r"""The entropy estimate of Nemenman, Shafee and Bialek.

A Dirichlet prior of concentration beta on K states has the mean entropy
``xi(beta) = psi(K beta + 1) - psi(beta + 1)``, so each single beta all but decides the entropy.
Mixing over beta with the weight ``d xi / d beta`` makes the prior flat in the entropy instead, and
the estimate is the posterior mean of the entropy under that mixture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln, polygamma, psi

# The integrand over log(beta) is smooth and falls off exponentially on both sides, where the
# trapezoid rule converges faster than any power of the step.
_COARSE = np.arange(-60.0, 60.0, 0.25)
_NEGLIGIBLE = 45.0  # in log units below the peak
_N_NODES = 600


def nsb_entropy(counts: NDArray[np.int64], n_states: float) -> float:
    """Posterior mean entropy in nats, given the positive counts of the observed states.

    `n_states` counts all possible states, seen and unseen.

    References
    ----------
    Nemenman, Shafee and Bialek (2002), "Entropy and inference, revisited", NIPS 14.
    """
    if n_states <= 1:
        return 0.0
    values, multiplicity = np.unique(counts, return_counts=True)
    log_weight = _log_weight(_COARSE, values, multiplicity, n_states)
    relevant = _COARSE[log_weight > log_weight.max() - _NEGLIGIBLE]
    log_beta = np.linspace(relevant[0] - 0.25, relevant[-1] + 0.25, _N_NODES)
    log_weight = _log_weight(log_beta, values, multiplicity, n_states)
    weight = np.exp(log_weight - log_weight.max())
    return float(weight @ _mean_entropy(log_beta, values, multiplicity, n_states) / weight.sum())


def _log_weight(
    log_beta: NDArray[np.float64],
    values: NDArray[np.int64],
    multiplicity: NDArray[np.int64],
    n_states: float,
) -> NDArray[np.float64]:
    """Log of the evidence times d xi / d log(beta)."""
    beta = np.exp(log_beta)
    n = float(values @ multiplicity)
    # Ratios of gamma functions as beta functions, whose logarithms do not cancel for large beta.
    evidence = betaln(n_states * beta, n) - gammaln(n)
    for value, times in zip(values, multiplicity, strict=True):
        evidence += times * (gammaln(value) - betaln(beta, value))
    slope = n_states * polygamma(1, n_states * beta + 1) - polygamma(1, beta + 1)
    # The two trigammas agree to the last digit for large beta; their series do not.
    k = 1.0 / n_states
    series = (1 - k) / (2 * beta**2) - (1 - k**2) / (6 * beta**3) + (1 - k**4) / (30 * beta**5)
    slope = np.where(beta > 1e3, series, slope)
    return np.asarray(evidence + np.log(slope) + log_beta)


def _mean_entropy(
    log_beta: NDArray[np.float64],
    values: NDArray[np.int64],
    multiplicity: NDArray[np.int64],
    n_states: float,
) -> NDArray[np.float64]:
    """Posterior mean of the entropy for each beta (Wolpert and Wolf 1995)."""
    beta = np.exp(log_beta)
    total = float(values @ multiplicity) + n_states * beta
    unseen = n_states - multiplicity.sum()
    mean = psi(total + 1) - unseen * beta / total * psi(beta + 1)
    for value, times in zip(values, multiplicity, strict=True):
        mean -= times * (value + beta) / total * psi(value + beta + 1)
    return np.asarray(mean)
