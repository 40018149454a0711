r"""Surrogates of x that depend on z as x does, but not on y.

Rows are cut into groups that are alike in z: of the same states of its discrete columns and, by
halving along the widest axis, near in the continuous ones. Values of x are shuffled within groups
(the local permutation of Runge 2018, in the form of Kim, Neykov, Balakrishnan and Wasserman 2022).
Within a group z still varies a little, and with it x and y, which then look dependent. So

- of a continuous x or y what a regression on z explains is taken out first. Given z that is a mere
  shift, so :math:`I(X; Y | Z) = I(X - f(Z); Y - g(Z) | Z)`, and what f misses does harm only
  where g misses it too;
- if both are discrete, a shuffle is drawn as probable as a logistic regression on z makes it
  (Berrett, Wang, Barber and Samworth 2020).

Rows are brought into an order that follows from their values, so that nothing depends on the one
that they came in.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset
from mistruct.independence.copula.residuals import fitted_probabilities
from mistruct.independence.neighbors.smoother import Smoother
from mistruct.information.blocks import joint_labels, normal_scores
from mistruct.information.copula.basis import basis
from mistruct.kernels.neighbors.conditional import APART
from mistruct.kernels.neighbors.surrogates import shuffle_within, swap_within, tilted_surrogates
from mistruct.kernels.random import shuffle

# A group has the square root of the number of rows, and at least this number if possible.
_LEAST_GROUP = 10

# Of the coefficients of a logistic regression. In few rows a wider one would fit x too well, and
# its surrogates would follow z less than it does.
_PRIOR_VARIANCE = 30.0


class LocalShuffles:
    """Local shuffles: surrogates of x given z, for a test of x and y.

    Attributes
    ----------
    x, y : ndarray, shape (n,)
        Normal scores of a continuous column, or of what z leaves of it; of a discrete one the
        codes, `APART` from each other. A continuous column is x if one of the two is.
    x_discrete, y_discrete : bool
        Their kinds.
    z : ndarray, shape (d, n)
        Normal scores of the continuous columns of z; within a stratum the last one ascends.
    strata : ndarray of int, shape (n_strata + 1,)
        Where the rows of each joint state of z's discrete columns begin; and the end.
    """

    def __init__(
        self, data: Dataset, x: str, y: str, z: Sequence[str], state: NDArray[np.uint64]
    ) -> None:
        if data.is_discrete(x):
            x, y = (x, y) if data.is_discrete(y) else (y, x)
        continuous_z = [name for name in z if not data.is_discrete(name)]
        continuous = [name for name in (x, y) if not data.is_discrete(name)] + continuous_z
        scores = normal_scores(data.values[[data.row(name) for name in continuous]])
        of_rows, _ = joint_labels(data, z)
        discrete = [data.codes[data.row(n)] for n in (y, x, *z) if data.is_discrete(n)]
        xy_scores = scores[: len(scores) - len(continuous_z)]
        order = np.lexsort([*discrete, *xy_scores[::-1], *scores[len(xy_scores) :]])
        labels = _in_order_of_appearance(of_rows[order])
        by_stratum = np.argsort(labels, kind="stable")
        order, labels = order[by_stratum], labels[by_stratum]
        of_name = dict(zip(continuous, scores[:, order], strict=True))
        self._state = state
        self.z = np.array([of_name[name] for name in continuous_z]).reshape(
            len(continuous_z), labels.size
        )
        self.strata = np.append(np.flatnonzero(np.diff(labels, prepend=-1)), labels.size)
        self._members, self._starts = self._groups()
        if continuous_z:
            groups = np.split(self._members, self._starts[1:-1])
            self._smoother = Smoother(self.z, labels, groups)
        self.x_discrete, self.y_discrete = (data.is_discrete(n) for n in (x, y))
        self.x, self.y = (
            self._beyond_z(of_name[n])
            if n in of_name
            else APART * data.codes[data.row(n), order].astype(np.float64)
            for n in (x, y)
        )
        self._log_probabilities: Floats | None = None

    @property
    def vary(self) -> bool:
        """Whether x and y both vary within some stratum of z, so that a test is possible."""
        return all(
            bool((np.maximum.reduceat(v, a) > np.minimum.reduceat(v, a)).any())
            for v, a in ((self.x, self.strata[:-1]), (self.y, self.strata[:-1]))
        )

    def least_p_value(self) -> float:
        """Share of the shuffles that give each (y, z) the values of x that it has."""
        _, x = np.unique(self.x, return_inverse=True)
        _, yz = np.unique(np.vstack([self.y, self.z]), axis=1, return_inverse=True)
        group = np.repeat(np.arange(len(self._starts) - 1), np.diff(self._starts))
        group[self._members] = group.copy()

        def log_orders(*labels: Positions) -> float:
            _, counts = np.unique(np.vstack([group, *labels]), axis=1, return_counts=True)
            return float(gammaln(counts + 1.0).sum())

        return float(np.exp(log_orders(x) + log_orders(yz) - log_orders(x, yz) - log_orders()))

    def surrogates(self, n_surrogates: int) -> Floats:
        """The next surrogates of x, shape (n_surrogates, n)."""
        # Constant columns of z have scores of 0, and nothing can be fitted to them.
        if not (self.x_discrete and self.y_discrete and self.z.any()):
            shuffled = np.empty((n_surrogates, self.x.size))
            shuffle_within(self.x, self._members, self._starts, self._state, shuffled)
            return shuffled
        if self._log_probabilities is None:
            # Which state comes first must not go by their names.
            self._states = self.x[np.sort(np.unique(self.x, return_index=True)[1])]
            self._hub = _in_order_of_appearance(self.x)
            states = np.arange(1, self._hub.max() + 1)[:, np.newaxis]
            curves = [self._smoother.explained(s) for s in (self._hub == states).astype(float)]
            terms = basis(np.concatenate([self._smoother.straight, curves]))
            expected = fitted_probabilities(terms, self._hub, _PRIOR_VARIANCE)
            self._log_probabilities = np.log(np.maximum(expected, np.finfo(float).tiny))
            swap_within(
                self._hub, self._log_probabilities, self._members, self._starts, self._state
            )
        drawn = np.empty((n_surrogates, self.x.size), dtype=np.int64)
        tilted_surrogates(
            self._hub, self._log_probabilities, self._members, self._starts, self._state, drawn
        )
        return np.asarray(self._states[drawn])

    def _groups(self) -> tuple[Positions, Positions]:
        """Rows by group, and where each group begins; and the end."""
        least = max(_LEAST_GROUP, isqrt(self.z.shape[1] or int(self.strata[-1])))
        groups: list[Positions] = []

        def halve(rows: Positions) -> None:
            if not len(self.z) or rows.size < 2 * least:
                groups.append(rows)
                return
            near = self.z[:, rows]
            ordered = rows[np.argsort(near[np.ptp(near, axis=1).argmax()], kind="stable")]
            halve(ordered[: rows.size // 2])
            halve(ordered[rows.size // 2 :])

        for first, last in zip(self.strata[:-1], self.strata[1:], strict=True):
            rows = np.arange(first, last)
            # Rows that tie in z are ordered by x, and must not be grouped by it.
            shuffle(rows, 0, rows.size, self._state)
            halve(rows)
        return np.concatenate(groups), np.cumsum([0, *map(len, groups)])

    def _beyond_z(self, scores: Floats) -> Floats:
        """Residuals of a column given the continuous columns of z; constant if nothing is left."""
        if not len(self.z):
            return scores
        beyond: Floats = normal_scores(self._smoother.residuals(scores)[np.newaxis])[0]
        return beyond


def _in_order_of_appearance(labels: NDArray[Any]) -> Positions:
    """Number labels in the order of their first occurrence."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return first.argsort().argsort()[inverse]
