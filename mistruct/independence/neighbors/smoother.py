r"""Nonlinear regression of a column on a conditioning set, as curved as the rows support.

A straight line in the normal scores of z, and another level for each state of its discrete
columns, are fitted by least squares. What curves is a sum of Gaussian bumps about the centres of
groups of rows, under a ridge penalty. Their width and the penalty are those that generalised
cross-validation chooses (Golub, Heath and Wahba 1979), with each degree of freedom counted 1.4
times, which keeps it from following noise in few rows (Kim and Gu 2004).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from mistruct._typing import Floats, Positions
from mistruct.information.copula.basis import RESOLUTION, basis

# A line and levels have a term for so many rows at most, or the levels are left out.
_ROWS_PER_TERM = 5

_WIDTHS = (0.25, 0.5, 1.0, 2.0)
_PENALTIES = np.logspace(-4, 4, 17)
_WEIGHT_OF_FREEDOM = 1.4


class Smoother:
    """Regression on columns z of shape (d, n), d > 0, and on labels from 0 on."""

    def __init__(self, z: Floats, labels: Positions, groups: Sequence[Positions]) -> None:
        self._z = z
        self._groups = groups
        terms = [z]
        n_levels = int(labels[-1])
        if _ROWS_PER_TERM * (1 + len(z) + n_levels) <= z.shape[1]:
            terms.append((labels == np.arange(1, n_levels + 1)[:, np.newaxis]).astype(np.float64))
        self.straight = basis(np.concatenate(terms))

    def residuals(self, values: Floats) -> Floats:
        """Residuals of a column of shape (n,), each scaled by the leverage of its row.

        All 0 where nothing is left.
        """
        n = values.size
        centred = values - values.mean()
        left, shares = self._curved(centred - (centred @ self.straight.T) @ self.straight)
        if left @ left <= RESOLUTION**2 * (centred @ centred):
            return np.zeros(n)
        # Rows that pull the regression to themselves have small residuals, in x and in y.
        leverage = 1 / n + (self.straight**2).sum(axis=0) + shares
        return np.asarray(left / np.sqrt(np.maximum(1 - leverage, RESOLUTION)))

    def explained(self, values: Floats) -> Floats:
        """The fitted values of a column, less their mean."""
        centred = values - values.mean()
        straight = (centred @ self.straight.T) @ self.straight
        left = centred - straight
        return np.asarray(centred - self._curved(left)[0])

    def _curved(self, left: Floats) -> tuple[Floats, Floats]:
        """Residuals of the linear residuals given bumps, and the leverage of the bumps."""
        n = left.size
        best, chosen = np.inf, (left, np.zeros(n))
        for vectors, squares in self._bumps:
            along = vectors @ left
            # Rows: penalties. Each direction keeps a share of itself.
            kept = squares / (squares + _PENALTIES[:, np.newaxis])
            rest = left @ left - ((2 * kept - kept**2) * along**2).sum(axis=1)
            freedom = 1 + len(self.straight) + kept.sum(axis=1)
            room = np.maximum(n - _WEIGHT_OF_FREEDOM * freedom, 1e-9)
            score = rest / room**2
            p = int(score.argmin())
            if score[p] < best:
                best = score[p]
                chosen = left - (kept[p] * along) @ vectors, kept[p] @ vectors**2
        return chosen

    @cached_property
    def _bumps(self) -> list[tuple[Floats, Floats]]:
        """Bumps of each width: orthonormal rows beyond the line, and their squared lengths."""
        centres = np.array([self._z[:, rows].mean(axis=1) for rows in self._groups])
        squared = ((self._z[:, np.newaxis] - centres.T[:, :, np.newaxis]) ** 2).sum(axis=0)
        found = []
        for width in _WIDTHS:
            bumps = np.exp(-squared / (2 * width**2 * len(self._z)))
            bumps -= bumps.mean(axis=1, keepdims=True)
            bumps -= (bumps @ self.straight.T) @ self.straight
            # By way of a matrix of few bumps, which is much faster than their singular values.
            squares, turn = np.linalg.eigh(bumps @ bumps.T)
            some = squares > RESOLUTION * squares[-1]
            vectors = (turn[:, some].T @ bumps) / np.sqrt(squares[some])[:, np.newaxis]
            found.append((vectors, squares[some]))
        return found
