r"""Null distributions of estimates between pairs of columns, for whole matrices.

If two columns are independent, the distribution of the estimate depends on the estimator, the
number of rows and how often each of their values occurs. So columns that are alike in these share
their nulls, and a matrix of many columns needs few:

- Where the estimator knows its own null, as the copula does: that one.
- Two discrete columns, under whatever other estimator: chi-square, for the plug-in estimate.
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

from mistruct._typing import Floats
from mistruct.data.dataset import Dataset
from mistruct.independence.base import IndependenceTest
from mistruct.independence.copula.skewed_columns import SkewedScores
from mistruct.independence.names import resolve_test
from mistruct.independence.nulls import null_of
from mistruct.independence.permutation_moments import is_skewed
from mistruct.information.base import Estimator
from mistruct.information.null_distributions import ChiSquareNull

# Share of the rows. Up to it, in columns rounded for the purpose, the p-values of all estimators
# stayed right down to 0.001; at a fifth those of nearest neighbours were too small by half.
_FEW_TIES = 0.05


class Check(Protocol):
    """Base class of checks, which compute p-values of single pairs."""

    def p_values(self, data: Dataset, pairs: NDArray[np.int64]) -> Floats:
        """P-values, shape (n_pairs,), of pairs of columns by position, shape (n_pairs, 2)."""
        ...


@dataclass(frozen=True)
class ByTest:
    """Check of pairs by a test of independence."""

    test: IndependenceTest

    def p_values(self, data: Dataset, pairs: NDArray[np.int64]) -> Floats:
        """P-values of the pairs, NaN if the test cannot tell."""
        return self.test.test_pairs(data, pairs).p_value


class Reference(NamedTuple):
    """Null distribution and check of the estimates between two classes of columns.

    Attributes
    ----------
    null : NullDistribution or None
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
    """Key of a column; columns with the same key have the same null distribution."""
    data = estimator.view(data)
    kind, row = data.kinds[name], data.row(name)
    if data.n_missing[name]:
        return "gaps", kind
    if estimator.null_by_n_states:
        return kind, _n_states(data, name) if kind == "discrete" else 0, is_skewed(data, name)
    if kind == "continuous":
        return kind, _has_ties(data, name), is_skewed(data, name)
    counts = np.bincount(data.codes[row])
    return kind, *np.sort(counts[counts > 0]).tolist()


def reference(estimator: Estimator, data: Dataset, x: str, y: str) -> Reference:
    """Null distribution and check of the estimate between two columns, and of their classes."""
    n = data.n_samples
    estimator = estimator.choose(data, (x, y))
    data = estimator.view(data)
    discrete = [c for c in (x, y) if data.is_discrete(c)]
    test = estimator.confirming_test(data, x, y)
    check = ByTest(resolve_test(test))
    if data.n_missing[x] or data.n_missing[y]:
        return Reference(None, check)
    null = estimator.null(data, x, y)
    if null is not None:
        skewed = is_skewed(data, x) and is_skewed(data, y)
        by_scores = SkewedScores() if test == "copula" else check
        return Reference(null, by_scores if skewed else None)
    if len(discrete) == 2:
        dof = (_n_states(data, x) - 1) * (_n_states(data, y) - 1)
        return Reference(ChiSquareNull(n, dof), check, counted=True)
    states = [np.bincount(data.codes[data.row(c)]) for c in discrete]
    counts = tuple(int(c) for c in np.sort(states[0]) if c) if states else ()
    ties = any(_has_ties(data, c) for c in (x, y) if c not in discrete)
    near = ties or not estimator.sees_ranks_only
    return Reference(null_of(estimator, n, counts), check if near else None)


def _n_states(data: Dataset, name: str) -> int:
    return int(data.n_observed[data.row(name)])


def _has_ties(data: Dataset, name: str) -> bool:
    """Whether more than a few rows of a continuous column are tied."""
    ordered = np.sort(data.values[data.row(name)])
    return bool((ordered[1:] == ordered[:-1]).mean() > _FEW_TIES)
