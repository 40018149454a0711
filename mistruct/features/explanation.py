r"""Total correlation explained by linear factors, and the search for the best factors.

Columns :math:`x_i` of zero mean and unit variance have factors :math:`z_j = w_j x + \epsilon_j`
with independent noise of unit variance. The factors explain the columns as far as these are
independent given them, and as far as they are independent themselves:

.. math::
   TC(X) - TC(X | Z) - TC(Z) = \sum_i I(X_i; Z) - \sum_j I(Z_j; X)
   = -\frac12 \sum_i \log \langle (x_i - \langle x_i | z \rangle)^2 \rangle
     - \frac12 \sum_j \log \langle z_j^2 \rangle .

A modular model, in which each column has one factor as its parent, has :math:`TC(Z | X_i) = 0`
besides. Given each column the factors are then independent, so the mean of a column given all
factors is that of a naive Bayes classifier. With :math:`R_{ji}` the correlation of factor j and
column i,

.. math::
   \nu_i = \frac{1}{1 + r_i} \sum_j B_{ji} \frac{z_j}{\sqrt{\langle z_j^2 \rangle}}, \quad
   B_{ji} = \frac{R_{ji}}{1 - R_{ji}^2}, \quad r_i = \sum_j R_{ji} B_{ji} .

Putting :math:`\nu` in the place of the conditional mean makes the errors no smaller, so what is
maximised is a lower bound of what is explained, tight for modular models only. It needs the
correlations of factors with columns and with each other, never those of columns with each other:
a step costs :math:`O(m n p)` for m factors.

The bound has many maxima. As in the paper, columns first have much of an independent noise, which
only large modules rise above, and each maximum is where the search with less noise begins.

Ver Steeg, Harutyunyan, Moyer and Galstyan (2019), "Fast structure learning with modular
regularization", NeurIPS 32, sections 2 and 3. The search is L-BFGS here.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from mistruct._typing import Floats
from mistruct.errors import MistructWarning

# Share of noise in the standard deviation of a column. The last keeps the information of columns
# that repeat each other finite, at 6.9 nats.
_NOISE = (*(0.6**k for k in range(1, 7)), 1e-3)
_STEPS, _LAST_STEPS = 100, 1000
# Steps end where the bound grows by less than this times itself. Beyond, only the fit to chance
# gets better: modules are found no better with a hundredth of it.
_TOLERANCE = 1e-6
# What rounding can leave of 1 - R^2 and of a variance that is zero.
_LEAST = 1e-12


@dataclass(frozen=True, eq=False)
class Explained:
    """Quantities that describe factors and columns, named as in the theory above.

    Attributes
    ----------
    covariances : ndarray, shape (n_factors, n_features)
        Of the factors with the columns.
    variances : ndarray, shape (n_factors,)
        Of the factors, with their noise of 1.
    between : ndarray, shape (n_factors, n_factors)
        Correlations of the factors.
    r, b : ndarray, shape (n_factors, n_features)
        R and B.
    share : ndarray, shape (n_features,)
        1 / (1 + r_i), the part of a column's variance that is left in a modular model.
    reached, spread : ndarray, shapes (n_factors, n_features) and (n_features,)
        `between` times B, and B times that.
    errors : ndarray, shape (n_features,)
        Mean squared errors of the columns.
    """

    covariances: Floats
    variances: Floats
    between: Floats
    r: Floats
    b: Floats
    share: Floats
    reached: Floats
    spread: Floats
    errors: Floats

    @classmethod
    def by(cls, weights: Floats, scores: Floats, noise: float = _NOISE[-1]) -> Self:
        """Compute them for factors with these weights, and columns with a share of noise."""
        covariances = (weights @ scores) @ scores.T
        covariances *= 1 - noise**2
        covariances += noise**2 * weights
        between = covariances @ weights.T
        variances = np.diag(between) + 1.0
        sd = np.sqrt(variances)[:, np.newaxis]
        between /= sd * sd.T
        np.fill_diagonal(between, 1.0)
        r = covariances / sd
        b = r / np.maximum(1 - r * r, _LEAST)
        share = 1 / (1 + np.einsum("ji,ji->i", r, b))
        reached = between @ b
        spread = np.einsum("ji,ji->i", b, reached)
        errors = np.maximum(1 - 2 * (1 - share) + spread * share**2, _LEAST)
        return cls(covariances, variances, between, r, b, share, reached, spread, errors)


def find_weights(scores: Floats, n_factors: int, rng: np.random.Generator) -> Floats:
    """Find the weights of the factors that explain most, shape (n_factors, n_features).

    Parameters
    ----------
    scores : ndarray of float, shape (n_features, n_samples)
        Columns of zero mean and unit variance.
    n_factors : int
    rng : numpy.random.Generator
        Of the start: random sums of rows, which do not depend on the order of the columns.
    """
    n_features, n_samples = scores.shape
    rows = rng.normal(size=(n_factors, n_samples))
    weights: Floats = rows @ scores.T / np.sqrt(n_samples * n_features)
    scores = scores / np.sqrt(n_samples)
    if n_samples > 2 * n_features:
        # All that counts is the matrix of correlations, to which fewer rows lead as well.
        scores = np.ascontiguousarray(np.asarray(np.linalg.qr(scores.T, mode="r")).T)
    # The BLAS of numpy and that of scipy have threads of their own, which would wait for each other
    # at every step.
    with threadpool_limits(1, "blas"):
        for noise in _NOISE:
            found = minimize(
                unexplained,
                weights.ravel(),
                (scores, n_factors, noise),
                jac=True,
                method="L-BFGS-B",
                options={
                    "maxiter": _LAST_STEPS if noise == _NOISE[-1] else _STEPS,
                    "ftol": _TOLERANCE,
                },
            )
            weights = np.asarray(found.x).reshape(weights.shape)
    if found.status == 1:
        warnings.warn(
            f"the factors did not settle in {_LAST_STEPS} steps; columns that repeat each other, "
            "or more factors than the rows carry, can be why",
            MistructWarning,
            stacklevel=3,
        )
    return weights


def unexplained(
    weights: Floats, scores: Floats, n_factors: int, noise: float
) -> tuple[float, Floats]:
    """The negative bound in nats, and its gradient.

    Parameters
    ----------
    weights : ndarray of float, shape (n_factors * n_features,)
    scores : ndarray of float, shape (n_features, n)
        Any matrix whose product with its transpose is the correlations of the columns.
    n_factors : int
    noise : float
        Share of independent noise in the standard deviation of each column.
    """
    w = weights.reshape(n_factors, -1)
    fit = Explained.by(w, scores, noise)
    value = 0.5 * (np.log(fit.errors).sum() + np.log(fit.variances).sum())

    # Backwards through the lines of `by`; rest and errors count as above their least.
    r, b, share = fit.r, fit.b, fit.share
    variances, diagonal = fit.variances, np.diag_indices(n_factors)
    sd = np.sqrt(variances)[:, np.newaxis]
    rest = np.maximum(1 - r * r, _LEAST)
    by_spread = 0.5 * share**2 / fit.errors
    by_sum = -2 * by_spread * (1 + fit.spread * share)
    by_r = fit.reached
    by_r *= 2 * by_spread
    by_r += by_sum * r
    by_r *= 2 - rest
    by_r /= rest
    by_r /= rest
    by_r += by_sum * b
    by_between_r = (b * by_spread) @ b.T
    by_between = by_between_r / sd / sd.T
    by_between[diagonal] += (1 - np.einsum("ji,ji->j", by_r, r)) / (2 * variances)
    by_between[diagonal] -= (by_between_r * fit.between).sum(axis=1) / variances
    by_columns = by_r
    by_columns /= sd
    gradient = 2 * by_between @ fit.covariances
    gradient += noise**2 * by_columns
    gradient += (1 - noise**2) * ((by_columns @ scores) @ scores.T)
    return float(value), gradient.ravel()
