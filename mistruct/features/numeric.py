"""Conversion between values of numeric columns and scores.

A *score* is a column's normal score (the normal quantile of its rank), centred and of unit
variance. Ranks do not change under a monotone transform of a column, and so nor does anything that
is made of scores. New rows are placed among the rows that were fitted, and a score goes back to the
value that stands at its rank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import ndtr, ndtri

from mistruct._typing import Floats
from mistruct.errors import ParameterError, check_count


def check_n_components(n_components: Any, n_features: int) -> None:
    """Raise ParameterError unless `n_components` is between 1 and the number of varying columns."""
    check_count("n_components", n_components)
    if n_components > n_features:
        raise ParameterError(
            f"n_components must be at most the {n_features} columns that are not constant, "
            f"got {n_components}"
        )


@dataclass(frozen=True, eq=False)
class Scores:
    """Fitted conversion from values of columns to scores, and back.

    Attributes
    ----------
    ordered : list of ndarray
        Known values of each column that was fitted, in order; empty without normal scores.
    centre, scale : ndarray, shape (n_features,)
        Of the normal scores, or of the values; a constant column has scale 0, and scores 0.
    """

    ordered: list[Floats]
    centre: Floats
    scale: Floats

    @classmethod
    def fit(cls, values: Floats, *, normal_scores: bool) -> Self:
        """Fit the conversion to values of shape (n_features, n_samples), NaN where missing."""
        ordered = [np.sort(row[~np.isnan(row)]) for row in values] if normal_scores else []
        n_features = len(values)
        bare = cls(ordered, np.zeros(n_features), np.ones(n_features))
        raw = bare._raw(values)
        centre = np.nanmean(raw, axis=1)
        constant = np.nanmax(raw, axis=1) == np.nanmin(raw, axis=1)
        # Over all rows, so that scores have unit variance where gaps are zeros among them.
        scale = np.sqrt(np.nansum((raw - centre[:, np.newaxis]) ** 2, axis=1) / values.shape[1])
        return cls(ordered, centre, np.where(constant, 0.0, scale))

    def forward(self, values: Floats) -> Floats:
        """Scores of columns; 0, the centre, where a value is missing or the column constant."""
        scores = self._raw(values) - self.centre[:, np.newaxis]
        scores /= np.where(self.scale > 0, self.scale, np.inf)[:, np.newaxis]
        return np.where(np.isnan(scores), 0.0, scores)

    def backward(self, scores: Floats) -> Floats:
        """Values of columns at these scores, of a fitted column between two of its values."""
        raw = self.centre[:, np.newaxis] + self.scale[:, np.newaxis] * scores
        if not self.ordered:
            return raw
        result = np.empty_like(raw)
        for to, row, known in zip(result, raw, self.ordered, strict=True):
            n = len(known)
            to[:] = np.interp(ndtr(row) * (n + 1), np.arange(1, n + 1), known)
        return result

    def _raw(self, values: Floats) -> Floats:
        if not self.ordered:
            return values
        ranks = np.empty_like(values)
        for to, row, known in zip(ranks, values, self.ordered, strict=True):
            # The mean rank of ties, and half a rank between two values of those that were fitted.
            ends = known.searchsorted(row, "left") + known.searchsorted(row, "right")
            to[:] = (ends + 1) / (2 * (len(known) + 1))
        ranks[np.isnan(values)] = np.nan
        return np.asarray(ndtri(ranks))
