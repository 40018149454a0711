r"""Residuals of columns given a conditioning set, and the score statistic of a pair.

Least squares on indicators leaves a discrete column's curved dependence on z in its residuals, and
two discrete columns that share z then look dependent. So the residual of a discrete column is that
of a logistic regression, its indicators less their fitted probabilities, and x and y are tested by
whether the products of their residuals sum to zero (the generalised covariance measure, Shah and
Peters 2020), which holds to first order if only one of the two fits is right. Each row weighs with
its own variance: fitted for a discrete column, the squared residual for a continuous one, so that a
spread which depends on z does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from mistruct.data.dataset import Dataset
from mistruct.data.derived import Kept, once_per_table
from mistruct.independence.copula.many_states import Side, States, Vectors
from mistruct.independence.copula.state_probabilities import (
    probabilities_of_states,
    slopes_of_states,
)
from mistruct.independence.permutation_moments import is_skewed
from mistruct.information.blocks import joint_labels
from mistruct.information.copula.basis import RESOLUTION, basis, embed, of_unit_length, spanning
from mistruct.information.copula.residual_blocks import Block, Known, is_wide, pooled
from mistruct.kernels.gaussian.logistic import fit_logistic

# A column of more states has no residuals of its own, but enters sums of squares.
FEW_STATES = 6

# The discrete columns of z enter by their joint states where that many rows are left for each.
_ROWS_PER_STATE = 5

# Columns with more states in all than that, beside one of any number, enter jointly as well.
_MOST_TERMS = 200

# Above this number, groups of rows enter a logistic regression by their shares.
_MOST_LEVELS = 8

# Cells of continuous columns have so many rows. What a regression misses within m slices is of
# the order of m^-4, to be less than what n rows can tell.
_ROWS_PER_CELL = 20
_SLICES = 3
_MOST_CELLS = 1 << 40

# Of the variance of a row that a fit has all to itself; its residual is 0.
_LEAST_KEPT = 0.1

# A regression has at most one term for this number of rows.
_ROWS_PER_TERM = 10

# Up to this number, probabilities are fitted for states by rows; above it, by cells of rows.
_MOST_PROBABILITIES = 1 << 22

_TINY = 1e-12

# Of one table, so that a search which comes back to a set need not regress again.
_MOST_BYTES = 1 << 27
# Of coefficients, which take little and long, and so outlive what follows from them.
_MOST_BYTES_OF_SLOPES = 1 << 24

# A cell of fewer expected rows is not near normal, and is left out of the score.
_LEAST_EXPECTED_COUNT = 1.0

# Of the coefficients, for columns of unit variance: wide, but finite where z separates the states.
_WIDE = 1e3

Rows = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Residuals:
    """Residuals of the vectors of a column, shape (d, n), and what their covariances follow from.

    A discrete column has a vector for each state, with the `expected` probabilities, (d, n), and
    covariances :math:`p_a ([a = b] - p_b)`; a continuous one has the `variances`, shape (n,).
    Both are divided by the share that the fit has `kept` of them, shape (n,).
    """

    rows: Rows
    kept: NDArray[np.float64]
    expected: Rows | None = None
    variances: NDArray[np.float64] | None = None

    @property
    def covariances(self) -> NDArray[np.float64]:
        """Covariances of the vectors in each row, shape (d, d, n)."""
        if self.expected is None:
            assert self.variances is not None
            return np.asarray(self.variances / self.kept)[np.newaxis, np.newaxis]
        scaled = self.expected / self.kept
        covariances = -self.expected[np.newaxis] * scaled[:, np.newaxis]
        covariances[np.diag_indices(len(scaled))] += scaled
        return covariances

    @property
    def nbytes(self) -> int:
        """Size in memory in bytes, without shared arrays."""
        return 2 * self.rows.nbytes


@once_per_table
def _kept(data: Dataset) -> Kept:
    """Cache of the conditions of a table, and of the residuals given them."""
    return Kept(_MOST_BYTES)


@once_per_table
def _kept_slopes(data: Dataset) -> Kept:
    """Cache of the coefficients of columns of many states given conditions."""
    return Kept(_MOST_BYTES_OF_SLOPES)


def _scores(data: Dataset, name: str) -> Rows:
    """Normal scores of a continuous column, shape (1, n)."""
    scores: Rows = _kept(data).get(("scores", name), lambda: embed(data, [name]))
    return scores


def _unit_vectors(data: Dataset, name: str) -> Rows:
    """Scores or indicators of a column as vectors of length 1, without those that are constant."""

    def make() -> Rows:
        is_continuous = not data.is_discrete(name)
        return of_unit_length(_scores(data, name) if is_continuous else embed(data, [name]))

    found: Rows = _kept(data).get(("unit", name), make)
    return found


def _indicators(data: Dataset, name: str) -> Rows:
    """Indicators of the states of a column, shape (n_states, n)."""

    def make() -> Rows:
        codes = data.codes[data.row(name)]
        return np.asarray(codes == np.unique(codes)[:, np.newaxis], dtype=np.float64)

    found: Rows = _kept(data).get(("indicators", name), make)
    return found


def is_skewed_kept(data: Dataset, name: str) -> bool:
    """Whether the scores of a complete column are far from symmetric."""
    return bool(_kept(data).get(("skewed", name), lambda: np.bool_(is_skewed(data, name))))


class Condition:
    """A conditioning set of a complete table, and the residuals of other columns given it.

    Attributes
    ----------
    known : Known
        What is regressed out: the joint states of the discrete columns as groups of rows, or the
        states of one and terms for those of the others, and the scores of the continuous ones.
    has_discrete : bool
    by_strata : bool
        Whether groups of rows are all there is.
    """

    def __init__(self, data: Dataset, names: Sequence[str]) -> None:
        self._key = tuple(names)
        discrete = [n for n in names if data.is_discrete(n)]
        joint, n_labels = joint_labels(data, discrete)
        labels = joint.astype(np.int64)
        self.has_discrete = n_labels > 1
        empty = np.empty((0, data.n_samples))
        scores = [_scores(data, n) for n in names if not data.is_discrete(n)]
        self._continuous = np.concatenate([empty, *scores])
        terms = self._continuous
        self._jointly = n_labels == 1 or n_labels * _ROWS_PER_STATE <= data.n_samples
        if not self._jointly:
            of_each = Known.of(data, discrete) if _n_terms(data, discrete) <= _MOST_TERMS else None
            if of_each is not None:
                labels, terms = of_each.labels, np.concatenate([terms, of_each.rows])
        self.known = Known.of_groups(labels, terms)
        self.by_strata = not len(self.known.rows)

    @classmethod
    def of(cls, data: Dataset, names: Sequence[str]) -> Condition:
        """Cached condition for these columns, in any order."""
        ordered = sorted(names)
        key = ("condition", *ordered)
        condition: Condition = _kept(data).get(key, lambda: cls(data, ordered))
        return condition

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        of_rows = 8 * self.known.labels.size
        return 2 * self.known.nbytes + of_rows + self._continuous.nbytes

    def residuals(self, data: Dataset, name: str) -> Residuals:
        """Residuals of the vectors of a column given the conditioning set."""
        make = self._of_discrete if data.is_discrete(name) else self._of_continuous
        found: Residuals = _kept(data).get(("residuals", self._key, name), lambda: make(data, name))
        return found

    def left(self, data: Dataset, name: str) -> Block:
        """Orthonormal basis of a column given the conditioning set."""

        def make() -> Block:
            if is_wide(data, name):
                return Block.of(data, [name], self.known)
            return Block(spanning(self.known.left(_unit_vectors(data, name))))

        found: Block = _kept(data).get(("left", self._key, name), make)
        return found

    @cached_property
    def _kept_share(self) -> NDArray[np.float64]:
        # A fit takes part of each row's variance to itself: once from the sum of products, but
        # twice, in x and in y, from what its variance is estimated to be. (In strata of m rows the
        # variance of that sum has m - 1 in it where the estimates have m.)
        return np.sqrt(np.maximum(1 - self.known.leverage(), _LEAST_KEPT))

    @cached_property
    def cells(self) -> Known:
        """`known` with groups cut by the ranks of the continuous columns, if rows are left for it.

        Each column is cut into the same odd number of slices of equal size, as many as leave
        twenty rows for each cell, up to 3 n^(1/4); into three, if five rows are left for each cell
        that occurs.
        """
        n_columns, n = len(self._continuous), self.known.labels.size
        if not n_columns or not self._jointly:
            return self.known
        room = n / (_ROWS_PER_CELL * len(self.known.sizes))
        n_slices = int(min(max(room, 1.0) ** (1 / n_columns), _SLICES * n**0.25) + 1e-9)
        n_slices = max(n_slices - (n_slices + 1) % 2, 3)
        if n_slices**n_columns * len(self.known.sizes) > _MOST_CELLS:
            return self.known
        cell = self.known.labels
        for scores in self._continuous:
            # Rounded to even, so that the slices of a reversed column are the same.
            cell = cell * n_slices + np.rint((ndtr(scores) - 0.5) * n_slices).astype(np.int64)
        _, labels = np.unique(cell, return_inverse=True)
        if (labels.max() + 1) * _ROWS_PER_STATE > n:
            return self.known
        return Known.of_groups(labels, self._continuous)

    def side(self, data: Dataset, name: str) -> Side:
        """A column in the form needed by the test of columns of many states."""

        def make() -> Side:
            if not data.is_discrete(name):
                return Vectors.of(_scores(data, name), self.cells)
            if data.n_observed[data.row(name)] > FEW_STATES:
                return self._many_states(data, name)
            return Vectors.of(self.residuals(data, name).rows, self.cells)

        found: Side = _kept(data).get(("side", self._key, name), make)
        return found

    def _many_states(self, data: Dataset, name: str) -> States:
        labels, n_labels = pooled(data.codes[data.row(name)])
        few = labels.size * n_labels <= _MOST_PROBABILITIES
        if self.by_strata or self._has_many_groups or not few:
            return States(labels, n_labels, self.cells)
        slopes = _kept_slopes(data).get(
            (self._key, name), lambda: slopes_of_states(self._levels, labels, n_labels)
        )
        expected = probabilities_of_states(self._levels, slopes)
        return States(labels, n_labels, self.cells, expected, 1 + len(self._levels))

    def _of_continuous(self, data: Dataset, name: str) -> Residuals:
        rows = self.known.left(_scores(data, name))
        variances = rows**2
        if self.by_strata:  # where permutations have the same variance for all rows of a stratum
            variances = self.known.means(variances)[:, self.known.labels]
        return Residuals(rows, self._kept_share, variances=variances[0])

    def _of_discrete(self, data: Dataset, name: str) -> Residuals:
        codes = data.codes[data.row(name)]
        indicators = _indicators(data, name)
        shares = self.known.means(indicators)
        expected = shares[:, self.known.labels] if self.by_strata else self._fitted(codes, shares)
        rows = indicators - expected
        if self._has_many_groups:
            rows = self.known.left(rows)
        return Residuals(rows, self._kept_share, expected)

    @property
    def _has_many_groups(self) -> bool:
        return len(self.known.sizes) > _MOST_LEVELS

    @cached_property
    def _levels(self) -> Rows:
        """Orthonormal basis of the groups and the other terms."""
        groups = np.arange(1, len(self.known.sizes))[:, np.newaxis]
        return basis(np.concatenate([self.known.rows, 1.0 * (self.known.labels == groups)]))

    def _fitted(self, codes: NDArray[Any], shares: Rows) -> Rows:
        """Probability of each state by logistic regression, given its `shares` in each group.

        Many groups enter by these shares, as one term for each state. A second fit bends along the
        first, by powers of its log odds (as in Ramsey's 1969 test of a regression's form), since
        probabilities need not follow the logistic curve.
        """
        if self._has_many_groups:
            overall = (shares @ self.known.sizes / codes.size)[:, np.newaxis]
            n_rows = shares * self.known.sizes
            odds = np.log((n_rows + overall) / (self.known.sizes - n_rows + 1 - overall))
            rows = basis(np.concatenate([self.known.rows, odds[:, self.known.labels]]))
        else:
            rows = self._levels
        fitted, coefficients = _fit(rows, codes, _WIDE)
        log_odds = np.log(np.maximum(fitted[1:], _TINY) / np.maximum(fitted[:1], _TINY))
        bent = np.concatenate([rows, basis(_powers(log_odds), rows)])
        if _ROWS_PER_TERM * (1 + len(bent)) > codes.size:
            return fitted
        return _fit(bent, codes, _WIDE, coefficients)[0]


def _n_terms(data: Dataset, discrete: Sequence[str]) -> int:
    """Number of terms for states of columns, without the column with the most states."""
    n_states = [int(data.n_observed[data.row(n)]) - 1 for n in discrete]
    return sum(n_states) - max(n_states)


def _powers(rows: Rows) -> Rows:
    """Squares and cubes of standardised rows."""
    spread = rows.std(axis=1, keepdims=True)
    scaled = (rows - rows.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)
    return np.concatenate([scaled**2, scaled**3])


def fitted_probabilities(basis: Rows, codes: NDArray[Any], prior_variance: float = _WIDE) -> Rows:
    """Probability of each state that occurs, by logistic regression on orthonormal rows."""
    return _fit(basis, codes, prior_variance)[0]


def _fit(
    basis: Rows, codes: NDArray[Any], prior_variance: float, start: Rows | None = None
) -> tuple[Rows, Rows]:
    """Fitted probabilities and coefficients; a search from those of the first rows is shorter."""
    states, labels = np.unique(codes, return_inverse=True)
    n_samples = basis.shape[1]
    design = np.ones((1 + len(basis), n_samples))
    np.multiply(basis, np.sqrt(n_samples), out=design[1:])
    coefficients = np.zeros((len(states) - 1, len(design)))
    if start is not None:
        coefficients[:, : start.shape[1]] = start
    probabilities = np.empty((len(states), n_samples))
    fit_logistic(design, labels.astype(np.int64), 1 / prior_variance, coefficients, probabilities)
    return probabilities, coefficients


def score(x: Residuals, y: Residuals) -> tuple[float, int]:
    """Sum of squares of the standardised sums of products, and their degrees of freedom."""
    sums = (x.rows @ y.rows.T).ravel()
    d_x, d_y = len(x.rows), len(y.rows)
    of_pairs = x.covariances.reshape(d_x * d_x, -1) @ y.covariances.reshape(d_y * d_y, -1).T
    covariance = of_pairs.reshape(d_x, d_x, d_y, d_y).swapaxes(1, 2).reshape(sums.size, sums.size)
    deviations = np.sqrt(np.diagonal(covariance))
    some = deviations > 0
    if x.expected is not None and y.expected is not None:
        some &= (x.expected @ y.expected.T).ravel() >= _LEAST_EXPECTED_COUNT
    scaled = covariance[np.ix_(some, some)] / np.outer(deviations[some], deviations[some])
    values, vectors = np.linalg.eigh(scaled)
    found = values > RESOLUTION
    standardised = (sums[some] / deviations[some]) @ vectors[:, found] / np.sqrt(values[found])
    return float((standardised**2).sum()), int(found.sum())
