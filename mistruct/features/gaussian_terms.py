r"""How much of what two columns share depends on the target, from normal scores.

The interaction :math:`I(x_j; x_k | y) - I(x_j; x_k)` is what the second of two columns adds to its
own information on y once the first is known; negative where they are redundant. Both terms are
those of the Gaussian copula. Given a discrete y the first is the mean over its classes, weighted
by their sizes, with ranks taken anew in each, so that a correlation which differs between the
classes is seen. Given a continuous y its scores are regressed out of both.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset
from mistruct.errors import MistructWarning, TooFewRowsError
from mistruct.information.copula import GaussianCopula, gaussian_bias
from mistruct.information.correlations import fill_information
from mistruct.information.embedding import Bases, basis, embed

Floats = NDArray[np.float64]
#: Information of one feature with some, by position.
Sharing = Callable[[int, slice], Floats]


class GaussianTerms:
    """Information of one column with the others, in all rows and given the target."""

    def __init__(self, data: Dataset, features: tuple[str, ...], target: str) -> None:
        columns = data.select(features)
        strata, known = [columns], None
        if data.kinds[target] == "discrete":
            codes = data.codes[data.row(target)]
            strata = [columns.take(codes == c) for c in np.unique(codes)]
        else:
            known = basis(embed(data, [target]))
        self._sizes = np.array([rows.n_samples for rows in strata], dtype=np.float64)
        if any(columns.n_missing.values()):
            given = () if known is None else (target,)
            self._pooled: Sharing = partial(_pair_by_pair, columns, ())
            self._given: list[Sharing] = [
                partial(_pair_by_pair, data if given else rows, given) for rows in strata
            ]
        else:
            self._pooled = _Products(columns).of
            self._given = [_Products(rows, known).of for rows in strata]

    def shared(self, k: int, others: slice) -> Floats:
        """I(x_j; x_k) in nats of feature k with each of the `others`; infinite for copies."""
        return np.nan_to_num(self._pooled(k, others), nan=0.0, posinf=math.inf)

    def interactions(self, k: int, others: slice) -> Floats:
        """I(x_j; x_k | y) - I(x_j; x_k) in nats; minus infinity for copies.

        Classes that are too small for a pair are left out of its mean.
        """
        shared = self._pooled(k, others)
        within = np.array([of_stratum(k, others) for of_stratum in self._given])
        known = ~np.isnan(within)
        weights = self._sizes[:, np.newaxis] * known
        total = weights.sum(axis=0)
        mean = (weights * np.where(known, within, 0.0)).sum(axis=0, where=weights > 0)
        with np.errstate(invalid="ignore"):
            result = np.where(total > 0, mean / np.maximum(total, 1.0) - shared, 0.0)
        result[np.isinf(shared)] = -math.inf
        return np.nan_to_num(result, nan=0.0, posinf=math.inf, neginf=-math.inf)


class _Products:
    """Columns without gaps: one product of vectors for a column with all others."""

    def __init__(self, rows: Dataset, known: Floats | None = None) -> None:
        self._bases = Bases(rows, np.arange(rows.n_variables), known=known)
        self._n, self._n_known = rows.n_samples, 0 if known is None else len(known)

    def of(self, k: int, others: slice) -> Floats:
        """I(x_j; x_k), NaN where there are too few rows for the two."""
        one, rest = self._bases.part(slice(k, k + 1)), self._bases.part(others)
        nats = np.empty((1, len(rest[1])))
        fill_information(one, rest, self._bias, nats)
        nats[0, self._too_few(int(one[1][0]), rest[1])] = math.nan
        return nats.ravel()

    def _bias(self, n_x: int, n_y: int) -> float:
        if self._too_few(n_x, n_y):
            return 0.0
        return gaussian_bias(self._n, n_x, n_y, self._n_known)

    def _too_few(self, n_x: int, n_y: NDArray[np.int64] | int) -> NDArray[np.bool_]:
        return np.asarray((n_x + n_y + self._n_known >= self._n - 1) & (n_x * n_y > 0))


def _pair_by_pair(rows: Dataset, given: tuple[str, ...], k: int, others: slice) -> Floats:
    """The same where entries are missing: each pair over the rows that are complete for it."""
    names = [name for name in rows.names if name not in given]
    copula = GaussianCopula()
    result = np.empty(len(names[others]))
    for j, name in enumerate(names[others]):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", MistructWarning)  # copies are expected here
                result[j] = copula.information(rows, [name], [names[k]], given)
        except TooFewRowsError:
            result[j] = math.nan
    return result
