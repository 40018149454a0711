r"""Forward selection of features by a criterion, up to a number or until a test stops it.

The criteria are those that Brown et al. (2012) bring under one form. S are the features chosen so
far, and the next one has the largest

- mim: :math:`I(x_j; y)` (Lewis 1992)
- mrmr: :math:`I(x_j; y) - \frac{1}{|S|} \sum_{k \in S} I(x_j; x_k)` (Peng, Long and Ding 2005)
- jmi: :math:`\sum_{k \in S} I(x_j x_k; y)` (Yang and Moody 1999)
- cmim: :math:`\min_{k \in S} I(x_j; y | x_k)` (Fleuret 2004)
- disr: :math:`\sum_{k \in S} I(x_j x_k; y) / H(x_j, x_k, y)` (Meyer and Bontempi 2006)

The first feature is the one with the largest :math:`I(x_j; y)` in all of them. What a chosen
feature k contributes to the scores of the others is added to a running sum, or minimum, so that
each step costs one pass over the features.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Floats
from mistruct.errors import ParameterError, check_choice, check_count
from mistruct.features.feature_pairs import next_pair
from mistruct.features.stopping import Selection, StopRule
from mistruct.features.terms import PairTerms
from mistruct.independence.base import IndependenceTest

Criterion = Literal["jmi", "mim", "mrmr", "cmim", "disr"]

#: The criteria that see what two features say together.
_SEES_PAIRS = ("jmi", "cmim", "disr")

# So many of the best candidates may fail the test in a row before the search ends.
_PATIENCE = 10


def check_criterion(criterion: Criterion, n_features: int | None, n_there: int) -> None:
    """Raise ParameterError if the criterion or the number of features is invalid."""
    check_choice("criterion", criterion, get_args(Criterion))
    if n_features is not None:
        check_count("n_features", n_features)
        if n_features > n_there:
            raise ParameterError(
                f"n_features must be at most the {n_there} features that there are, "
                f"got {n_features}"
            )


def stop_rule(
    terms: PairTerms, criterion: Criterion, test: IndependenceTest, alpha: float
) -> StopRule:
    """Stopping rule that selects no independent column with probability 1 - alpha or more.

    Where pairs are looked for too, these have one half of alpha and single features the other.
    """
    return StopRule(terms, test, alpha / 2 if criterion in _SEES_PAIRS else alpha)


def select_features(
    terms: PairTerms, criterion: Criterion, n_features: int | None, rule: StopRule | None
) -> Selection:
    """Select features until there are `n_features`, or until none passes the stopping rule."""
    n = len(terms.features)
    limit = n if n_features is None else n_features
    selection, scores = Selection(), _Scores(terms, criterion)
    barred = np.zeros(n, dtype=np.bool_)
    while len(selection.chosen) < limit:
        best = _next(scores, barred, selection, rule, criterion)
        found: tuple[int, ...] = () if best is None else (best,)
        if best is None and rule is not None and criterion in _SEES_PAIRS:
            found = next_pair(terms, selection, rule)[: limit - len(selection.chosen)]
            if len(found) == 2:
                selection.partner |= {found[0]: found[1], found[1]: found[0]}
        if not found:
            break
        for k in found:
            barred[k] = True
            selection.chosen.append(k)
            if criterion != "mim":
                selection.added.append(scores.include(k))
    return selection


class _Scores:
    """Scores of all features, given those that are selected."""

    def __init__(self, terms: PairTerms, criterion: Criterion) -> None:
        self._terms, self._criterion = terms, criterion
        self._n_included = 0
        self._sum = np.full(len(terms.features), math.inf if criterion == "cmim" else 0.0)

    def include(self, k: int) -> Floats:
        """Select feature k; returns what each feature adds to it."""
        terms = self._terms
        added = terms.added(k)
        match self._criterion:
            case "jmi":
                # I(x_k; y), the rest of I(x_j x_k; y), is the same for all candidates.
                self._sum += added
            case "cmim":
                np.minimum(self._sum, added, out=self._sum)
            case "mrmr":
                self._sum += terms.shared(k)
            case "disr":
                joint = terms.joint_entropies(k)
                self._sum += np.divide(
                    added + terms.relevance[k], joint, out=np.zeros_like(joint), where=joint > 0
                )
        self._n_included += 1
        return added

    def now(self) -> Floats:
        """The current scores; larger is better."""
        if self._criterion == "mim":
            return np.nan_to_num(self._terms.mi, nan=-math.inf, posinf=math.inf)
        if not self._n_included:
            return self._terms.relevance
        if self._criterion == "mrmr":
            return np.asarray(self._terms.relevance - self._sum / self._n_included)
        return self._sum


def _next(
    scores: _Scores,
    barred: NDArray[np.bool_],
    selection: Selection,
    rule: StopRule | None,
    criterion: Criterion,
) -> int | None:
    """The best candidate, which must pass the rule if there is one; others are excluded."""
    now = scores.now()
    order = np.flatnonzero(~barred)  # empty with a rule only
    order = order[np.argsort(-now[order], kind="stable")]
    if rule is None:
        return int(order[0])
    n_candidates = len(order)
    for k in map(int, order[:_PATIENCE]):
        # mim looks at each feature on its own, and so does its test.
        if rule.adds(k, Selection() if criterion == "mim" else selection, n_candidates):
            return k
        barred[k] = True
    return None
