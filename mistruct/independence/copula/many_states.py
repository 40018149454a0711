r"""The test of columns of many states: a sum of squares against its permutation distribution.

With k states, products of residuals have a covariance of k x k numbers for each column beside
them, and no distribution that few rows a state would reach. A weighted sum of squares of the same
products,

.. math:: T = \sum_{a, b} w_a w_b S_{ab}^2, \qquad S_{ab} = \sum_i x_{ai} y_{bi},

needs its mean and variance alone. Here :math:`x_a` are what the conditioning set leaves of the
scores of a continuous column, or of indicators of states, and :math:`w_a` is one over the square
of its length. Without a conditioning set, T of two discrete columns is Pearson's :math:`X^2` with
each cell divided by its variance under independence in place of its expectation.

Over permutations of y within strata, :math:`S = \sum_s S_s` has independent terms of mean zero.
With :math:`X_s = \sum_{i \in s} x_i x_i^\top` of weighted vectors, and :math:`Y_s` likewise,

.. math::
    E T = \sum_s \frac{\operatorname{tr} X_s \operatorname{tr} Y_s}{n_s - 1}, \qquad
    \operatorname{var} T = \sum_s \operatorname{var} |S_s|^2 + 2 \sum_{s \ne t}
    \frac{\operatorname{tr} (X_s X_t) \operatorname{tr} (Y_s Y_t)}{(n_s - 1)(n_t - 1)},

and the variance within one stratum is that of Kazi-Aoual, Hitier, Sabatier and Lebreton (1995) for
:math:`\operatorname{tr}(W_x W_y)`, with W the products of all rows. A gamma distribution with these
moments gives the p-value.

Given continuous columns, the vectors are residuals of a regression on them, and the strata hold
rows with like values, so that a spread or a probability that depends on them does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array
from scipy.special import gammaincc

from mistruct._typing import Floats
from mistruct.information.copula.residual_blocks import Indicators, Known, Labels

# Strata whose products among each other are made at once, and with all others at most.
_STRATA_AT_ONCE = 256
_MOST_STRATA = 3000

_DENSE_ENTRIES = 4_000_000

# Of the variance of a column, what is left of it where it is taken to be determined.
_LEAST_LEFT = 1e-9


@dataclass(frozen=True, eq=False)
class Vectors:
    """Weighted rows, shape (d, n), that sum to zero in each stratum; see `Side`."""

    rows: Floats
    known: Known

    @classmethod
    def of(cls, rows: Floats, known: Known) -> Vectors:
        """Residuals of rows given `known`, each of length 1, or 0 if nothing is left."""
        left = known.left(rows)
        squares, before = (left**2).sum(axis=1), (rows**2).sum(axis=1)
        weights = np.where(squares > _LEAST_LEFT * before, 1 / np.maximum(squares, 1e-300), 0.0)
        return cls(left * np.sqrt(weights)[:, np.newaxis], known)

    @property
    def n_vectors(self) -> int:
        """Number of rows."""
        return len(self.rows)

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return self.rows.nbytes + self.products.nbytes

    @cached_property
    def products(self) -> Floats:
        """Matrix X_s of each stratum, shape (n_strata, d * d)."""
        d, n = self.rows.shape
        products = (self.rows[:, np.newaxis] * self.rows).reshape(d * d, n)
        return np.ascontiguousarray((self.known.means(products) * self.known.sizes).T)

    @cached_property
    def traces(self) -> Floats:
        """Trace of each X_s, shape (n_strata,)."""
        return self._sums((self.rows**2).sum(axis=0))

    @cached_property
    def fourths(self) -> Floats:
        """Sum of squares of the squared lengths of a stratum's rows, shape (n_strata,)."""
        return self._sums((self.rows**2).sum(axis=0) ** 2)

    def _sums(self, values: Floats) -> Floats:
        return np.asarray(np.bincount(self.known.labels, weights=values), dtype=np.float64)

    @property
    def squares(self) -> Floats:
        """Trace of each X_s X_s, shape (n_strata,)."""
        return np.asarray((self.products**2).sum(axis=1))


class States:
    """Weighted indicators of the states of a column, less what is known; see `Side`.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        The states, from 0 on.
    n_labels : int
    known : Known
    expected : ndarray of float, shape (n_labels, n), optional
        Fitted probabilities; else those of `known` are all there is.
    n_terms : int
        How many terms each of their fits has.
    """

    def __init__(
        self,
        labels: Labels,
        n_labels: int,
        known: Known,
        expected: Floats | None = None,
        n_terms: int = 0,
    ) -> None:
        self.known = known
        # A fit makes its variances smaller by the share of the rows that it has terms.
        self.correction = labels.size / max(labels.size - n_terms, 1)
        self.expected = expected
        self.indicators = Indicators([(labels, n_labels)], known)
        self._labels = labels
        counts = np.bincount(labels, minlength=n_labels).astype(np.float64)
        of_groups = self.indicators.counts
        in_strata = counts - np.asarray(
            of_groups.multiply(of_groups).multiply(1 / known.sizes[:, np.newaxis]).sum(axis=0)
        )
        if expected is None:
            left = in_strata - (self.indicators.along**2).sum(axis=0)
        else:
            left = (expected * (1 - expected)).sum(axis=1)
        some = left > _LEAST_LEFT * counts
        self.weights = np.where(some, 1 / np.maximum(left, 1e-300), 0.0)
        # What rows of `known` take away beyond the means of strata, as a share of all.
        self._scale = float(some.sum()) / max(float(self.weights @ in_strata), 1e-300)

    @property
    def n_vectors(self) -> int:
        """Number of states."""
        return self.weights.size

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        n_strata = len(self.known.sizes)
        of_fit = 0 if self.expected is None else 2 * self.expected.nbytes
        return (
            of_fit
            + self.indicators.nbytes
            + 8 * min(2 * n_strata * self.weights.size**2, 2 * _DENSE_ENTRIES)
        )

    @cached_property
    def residuals(self) -> Floats:
        """Residuals of the indicators given probabilities and `known`, shape (n_states, n)."""
        assert self.expected is not None
        states = np.arange(self.weights.size)[:, np.newaxis]
        return self.known.left((self._labels == states) - self.expected)

    @cached_property
    def lengths(self) -> Floats:
        """Weighted variance of each row by the fitted probabilities, shape (n,)."""
        assert self.expected is not None
        return np.asarray(self.weights @ (self.expected * (1 - self.expected)))

    @cached_property
    def _counts(self) -> Floats:
        """Number of rows of each state in each stratum, shape (n_strata, n_states)."""
        return np.asarray(self.indicators.counts.toarray())

    @cached_property
    def traces(self) -> Floats:
        """Trace of each X_s, shape (n_strata,)."""
        counts = self.indicators.counts
        first = counts @ self.weights
        return np.asarray(
            self._scale * (first - counts.multiply(counts) @ self.weights / self.known.sizes)
        )

    @cached_property
    def fourths(self) -> Floats:
        """Sum of squares of the squared lengths of a stratum's rows, shape (n_strata,)."""
        counts, sizes, labels = self.indicators.counts, self.known.sizes, self.known.labels
        common = counts.multiply(counts) @ self.weights / sizes**2
        own = self.weights[self._labels]
        share = counts[labels, self._labels] / sizes[labels]
        lengths = own * (1 - 2 * share) + common[labels]
        return np.asarray(self._scale**2 * np.bincount(labels, weights=lengths**2))

    def between(self, some: slice) -> Floats:
        """Traces of X_s X_t for some strata s and all t, shape (n_some, n_strata)."""
        counts, w, sizes = self._counts, self.weights, self.known.sizes
        shares = counts / sizes[:, np.newaxis]
        weighted = np.concatenate([w**2 * counts[some], -(w**2) * counts[some] * shares[some]], 1)
        alike = weighted @ np.concatenate([counts * (1 - shares), counts], 1).T
        shared = ((w * counts[some]) @ counts.T) ** 2 / np.outer(sizes[some], sizes)
        return np.asarray(self._scale**2 * (alike + shared))

    def summed(self, factors: Floats) -> Floats:
        """Traces of X X, X the sum of all X_s by factors of shape (m, n_strata); shape (m,)."""
        if self.products is not None:
            return np.asarray(((factors @ self.products) ** 2).sum(axis=1))
        root = np.sqrt(self.weights)
        scale = self._scale * np.outer(root, root)
        return np.array([((scale * self._table(f)) ** 2).sum() for f in factors])

    @cached_property
    def products(self) -> Floats | None:
        """Matrix X_s of each stratum, shape (n_strata, n_states^2); None if that is too large."""
        n_strata, k = self.indicators.counts.shape
        if n_strata * k * k > _DENSE_ENTRIES:
            return None
        counts, root = self._counts, np.sqrt(self.weights)
        scaled = counts / self.known.sizes[:, np.newaxis]
        found = -scaled[:, :, np.newaxis] * counts[:, np.newaxis]
        diagonal = np.arange(k)
        found[:, diagonal, diagonal] += counts
        found *= self._scale * np.outer(root, root)
        return np.asarray(found.reshape(n_strata, k * k))

    def _table(self, factors: Floats) -> Floats:
        """Sum of all X_s by factors, without weights."""
        counts = self.indicators.counts
        scaled = (factors / self.known.sizes)[:, np.newaxis]
        if np.prod(counts.shape) <= _DENSE_ENTRIES:
            table = -((self._counts * scaled).T @ self._counts)
        else:
            table = -(csr_array(counts.multiply(scaled)).T @ counts).toarray()
        table[np.diag_indices(len(table))] += factors @ counts
        return np.asarray(table)

    @property
    def squares(self) -> Floats:
        """Trace of each X_s X_s, shape (n_strata,)."""
        counts, w, sizes = self.indicators.counts, self.weights, self.known.sizes
        squared = counts.multiply(counts)
        first = squared @ w**2 - 2 * (squared.multiply(counts) @ w**2) / sizes
        return np.asarray(self._scale**2 * (first + (squared @ w / sizes) ** 2))


#: A column as weighted vectors: what T and its moments need of it.
Side = Vectors | States


def sum_of_squares(x: Side, y: States) -> float:
    """The statistic T, a sum of squares."""
    if isinstance(x, Vectors):
        return float(y.weights @ (_products(x.rows, y) ** 2).sum(axis=0))
    if x.expected is None:
        products = x.indicators.known_left(y.indicators)
    else:
        products = _products(x.residuals, y)
    return float(x.weights @ products**2 @ y.weights)


def _products(rows: Floats, y: States) -> Floats:
    """Products of residual rows with residuals of states, shape (d, n_states)."""
    found = y.indicators.sums(rows)
    return found if y.expected is None else found - rows @ y.expected.T


def moments(x: Side, y: States) -> tuple[float, float]:
    """Mean and variance of T over permutations within the strata that x and y share.

    With fitted probabilities the mean is the sum over rows of the products of both variances.
    """
    sizes = x.known.sizes
    some = sizes > 1
    factor = np.where(some, 1 / np.maximum(sizes - 1, 1.0), 0.0)
    # Each row of `known` takes one more dimension from what both are spread over.
    n_left = float((sizes - 1).sum())
    beyond = n_left / max(n_left - len(x.known.rows), 1.0)
    mean = beyond * float((factor * x.traces * y.traces).sum())
    variance = float(_variances(sizes, x, y).sum()) + 2 * _between_strata(x, y, factor)
    variance *= beyond**2
    if y.expected is not None and mean > 0:
        by_rows = float(_lengths(x) @ y.lengths) * y.correction
        mean, variance = by_rows, variance * (by_rows / mean) ** 2
    return mean, variance


def _lengths(x: Side) -> Floats:
    """Weighted squared length of the residual of each row, shape (n,)."""
    if isinstance(x, Vectors):
        return np.asarray((x.rows**2).sum(axis=0))
    return np.asarray(x.weights @ x.residuals**2)


def p_value(total: float, mean: float, variance: float) -> tuple[float, float, float]:
    """P-value of T, with a statistic and degrees of freedom that match a chi-square.

    NaN where T is the same for all permutations.
    """
    if not (mean > 0 and variance > 1e-12 * mean**2):
        return np.nan, np.nan, 0.0
    dof = 2 * mean**2 / variance
    statistic = 2 * total * mean / variance
    return float(gammaincc(dof / 2, statistic / 2)), statistic, dof


def _variances(n: Floats, x: Side, y: Side) -> Floats:
    """Variance of T within each stratum (Kazi-Aoual et al. 1995)."""
    found = np.zeros(len(n))
    some = n > 2
    n = n[some]
    t, t2, s2 = (v[some] for v in (x.traces, x.squares, x.fourths))
    u, u2, v2 = (v[some] for v in (y.traces, y.squares, y.fourths))
    first = 2 * ((n - 1) * t2 - t**2) * ((n - 1) * u2 - u**2)
    first /= (n - 1) ** 2 * (n + 1) * (n - 2)
    of_x = n * (n + 1) * s2 - (n - 1) * (t**2 + 2 * t2)
    of_y = n * (n + 1) * v2 - (n - 1) * (u**2 + 2 * u2)
    # In three rows both are 0.
    second = of_x * of_y / ((n + 1) * n * (n - 1) * (n - 2) * np.maximum(n - 3, 1.0))
    found[some] = first + np.where(n > 3, second, 0.0)
    return found


def _between_strata(x: Side, y: States, factor: Floats) -> float:
    """Sum over different strata of tr(X_s X_t) tr(Y_s Y_t), each by its size less one."""
    if len(factor) == 1:
        return 0.0
    within = float((factor**2 * x.squares * y.squares).sum())
    n_strata, d_x, d_y = len(factor), x.n_vectors, y.n_vectors
    among_strata = 2 * n_strata * (d_x + d_y)
    if x.products is not None and (
        isinstance(x, Vectors) or d_x**2 * d_y**2 < among_strata or n_strata > _MOST_STRATA
    ):
        # The sum over s and t, for each entry of X_s, is the square of one sum over s.
        upper, lower = np.triu_indices(d_x)
        entries = x.products[:, upper * d_x + lower].T
        return float(np.where(upper < lower, 2, 1) @ y.summed(factor * entries)) - within
    if len(factor) > _MOST_STRATA:
        # As if all strata had the same shape.
        assert isinstance(x, States)
        ones = np.ones((1, len(factor)))
        shape = x.summed(ones)[0] / x.traces.sum() ** 2 * y.summed(ones)[0] / y.traces.sum() ** 2
        return max(float((factor * x.traces * y.traces).sum() ** 2 * shape) - within, 0.0)
    total = 0.0
    for a in range(0, len(factor), _STRATA_AT_ONCE):
        some = slice(a, a + _STRATA_AT_ONCE)
        total += float(factor[some] @ (x.between(some) * y.between(some)) @ factor)
    return total - within
