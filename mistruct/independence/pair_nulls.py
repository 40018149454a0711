r"""What an estimate between two columns is held against, for whole matrices of estimates.

If two columns are independent, the distribution of the estimate depends on the estimator, the
number of rows and how often each of their values occurs. So columns that are alike in these share
their nulls, and a matrix of many columns needs few:

- Copula: :math:`\exp(-2 \hat I)` without correction for bias is Wilks' lambda. It follows a beta
  distribution where one of the columns has one dimension; else Bartlett's (1938) factor makes its
  logarithm nearly chi-square.
- Two discrete columns, under whatever estimator: :math:`2 n \hat I` of the plug-in estimate
  against chi-square (Wilks 1938).
- Elsewhere: draws of the estimator between independent columns without ties, with a fitted tail.

All can be far from the truth: the beta distribution where most rows of both columns are tied,
chi-square where states are rare, the draws where columns have many ties or an estimator sees more
than ranks. There a check of the pair on its own has to confirm what the null finds significant; and
between columns with gaps a test of the pair is all there is.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammaincc

from mistruct.data.dataset import Dataset
from mistruct.independence.base import IndependenceTest
from mistruct.independence.copula_test import CopulaTest
from mistruct.independence.g_test import GTest
from mistruct.independence.knn_test import KNNTest
from mistruct.independence.nulls import null_of
from mistruct.independence.permutation_moments import is_skewed
from mistruct.independence.skewed_scores import SkewedScores
from mistruct.information.auto import ByKinds
from mistruct.information.binned import Binned
from mistruct.information.copula import GaussianCopula
from mistruct.information.copula_knn import CopulaKNN
from mistruct.information.discrete import PlugIn
from mistruct.information.estimators import Estimator
from mistruct.information.kde import KDE
from mistruct.information.knn import KSG, MixedKNN
from mistruct.information.partition import AdaptivePartition

Floats = NDArray[np.float64]

# Share of the rows. Up to it, in columns rounded for the purpose, the p-values of all estimators
# stayed right down to 0.001; at a fifth those of nearest neighbours were too small by half.
_FEW_TIES = 0.05


class Null(Protocol):
    """The distribution of an estimate between independent columns."""

    def p_values(self, statistics: Any) -> Floats:
        """P-values of large estimates, the larger the smaller."""
        ...


@dataclass(frozen=True)
class WilksNull:
    """Of the copula's information between columns of these dimensions, less `bias`."""

    n_samples: int
    d_x: int
    d_y: int
    bias: float = 0.0

    def p_values(self, statistics: Any) -> Floats:
        """P-values of large estimates."""
        nats = np.maximum(np.asarray(statistics, dtype=np.float64) + self.bias, 0.0)
        n_error, wider = self.n_samples - 1, max(self.d_x, self.d_y)
        if min(self.d_x, self.d_y) == 1:
            p = betainc((n_error - wider) / 2, wider / 2, np.exp(-2.0 * nats))
        else:
            dof = self.d_x * self.d_y
            p = gammaincc(dof / 2, (n_error - (self.d_x + self.d_y + 1) / 2) * nats)
        return np.asarray(p)


@dataclass(frozen=True)
class ChiSquareNull:
    """Of the plug-in information between two discrete columns."""

    n_samples: int
    dof: int

    def p_values(self, statistics: Any) -> Floats:
        """P-values of large estimates."""
        nats = np.maximum(np.asarray(statistics, dtype=np.float64), 0.0)
        return np.asarray(gammaincc(self.dof / 2, self.n_samples * nats))


class Check(Protocol):
    """The p-values of pairs, each looked at on its own."""

    def p_values(self, data: Dataset, pairs: NDArray[np.int64]) -> Floats:
        """P-values, shape (n_pairs,), of pairs of columns by position, shape (n_pairs, 2)."""
        ...


@dataclass(frozen=True)
class ByTest:
    """A test as a check."""

    test: IndependenceTest

    def p_values(self, data: Dataset, pairs: NDArray[np.int64]) -> Floats:
        """P-values of the pairs, NaN where the test cannot tell."""
        return self.test.test_pairs(data, pairs).p_value


class Reference(NamedTuple):
    """What the estimates between two classes of columns are held against.

    Attributes
    ----------
    null : Null or None
        None where each pair is looked at on its own.
    check : Check or None
        That does so, or confirms what the null finds significant; one of the two is there.
    counted : bool
        Whether the null is that of the plug-in estimate, not of the estimator.
    """

    null: Any
    check: Any
    counted: bool = False


def column_class(estimator: Estimator, data: Dataset, name: str) -> Hashable:
    """A key that columns have in common whose nulls are the same."""
    if data.n_missing[name]:
        return "gaps", data.kinds[name]
    row = data.row(name)
    by_formula = isinstance(estimator, (GaussianCopula, PlugIn)) or (
        isinstance(estimator, ByKinds)
        and isinstance(estimator.continuous, GaussianCopula)
        and isinstance(estimator.mixed, GaussianCopula)
    )
    kind = data.kinds[name]
    if by_formula:
        n_states = int(data.n_observed[row]) if kind == "discrete" else 0
        return kind, n_states, is_skewed(data, name)
    if kind == "discrete":
        counts = np.bincount(data.codes[row])
        return kind, *np.sort(counts[counts > 0]).tolist()
    return kind, _has_ties(data, name)


def reference(estimator: Estimator, data: Dataset, x: str, y: str) -> Reference:
    """What the estimate between two columns, and others of their classes, is held against."""
    n = data.n_samples
    if isinstance(estimator, ByKinds):
        estimator = estimator.choose(data, (x, y))
    discrete = [c for c in (x, y) if data.kinds[c] == "discrete"]
    gaps = bool(data.n_missing[x] or data.n_missing[y])
    if isinstance(estimator, GaussianCopula):
        if gaps:
            return Reference(None, ByTest(CopulaTest()))
        d_x, d_y = (_n_states(data, c) - 1 if c in discrete else 1 for c in (x, y))
        skewed = is_skewed(data, x) and is_skewed(data, y)
        null = WilksNull(n, d_x, d_y, estimator.bias(n, d_x, d_y))
        return Reference(null, SkewedScores() if skewed else None)
    if len(discrete) == 2:
        if gaps:
            return Reference(None, ByTest(GTest()))
        dof = (_n_states(data, x) - 1) * (_n_states(data, y) - 1)
        return Reference(ChiSquareNull(n, dof), ByTest(GTest()), counted=True)
    if gaps:
        return Reference(None, ByTest(KNNTest()))
    states = [np.bincount(data.codes[data.row(c)]) for c in discrete]
    counts = tuple(int(c) for c in np.sort(states[0]) if c) if states else ()
    ties = any(_has_ties(data, c) for c in (x, y) if c not in discrete)
    near = ties or not _sees_ranks_only(estimator)
    drawn: Any = null_of(estimator, n, counts)  # type: ignore[arg-type]  # hashable in fact
    return Reference(drawn, ByTest(KNNTest()) if near else None)


def _sees_ranks_only(estimator: Estimator) -> bool:
    """Whether the values of a continuous column do not matter, only their order."""
    if isinstance(estimator, (KSG, MixedKNN)):
        return bool(estimator.normal_scores)
    if isinstance(estimator, Binned):
        return estimator.method == "quantile"
    return isinstance(estimator, (CopulaKNN, KDE, AdaptivePartition))


def _n_states(data: Dataset, name: str) -> int:
    return int(data.n_observed[data.row(name)])


def _has_ties(data: Dataset, name: str) -> bool:
    """Whether more than a few rows of a continuous column are tied."""
    ordered = np.sort(data.values[data.row(name)])
    return bool((ordered[1:] == ordered[:-1]).mean() > _FEW_TIES)
