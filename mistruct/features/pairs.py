r"""Two features that tell a target only together, as the halves of a parity.

Forward selection never finds them: neither says anything until the other is there. So where no
single candidate passes the test, all pairs are looked at. What two say beyond each alone is the
interaction information :math:`I(x_j; y | x_k) - I(x_j; y) = I(x_k; x_j y) - I(x_k; x_j) - I(x_k;
y)`. If x_k is independent of the other two, 2n times its plug-in estimate is a difference of nested
likelihood ratios, and so chi-square with :math:`(r_j - 1)(r_k - 1)(r_y - 1)` degrees of freedom.

Everything is counted, continuous columns in four bins of equal size: a correlation that turns its
sign, as in a product, is seen in counts, and not by the copula.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincc

from mistruct.data.discretize import discretize
from mistruct.errors import DataError
from mistruct.features.stopping import Selection, StopRule
from mistruct.features.terms import PairTerms
from mistruct.independence.g_test import GTest

# The pairs of so many features are looked at, those that say most alone.
_MOST = 500
_N_BINS = 4
# Of so many of the best pairs it is asked whether they add to what was chosen.
_PATIENCE = 10


def next_pair(terms: PairTerms, selection: Selection, rule: StopRule) -> tuple[int, ...]:
    """The pair that says most together and adds to the chosen, or nothing.

    That which says more alone comes first. Both its surplus, for the number of pairs, and what it
    adds are significant at the level of the rule.
    """
    left = np.setdiff1d(np.arange(len(terms.features)), selection.chosen)
    most = left[np.argsort(-terms.relevance[left], kind="stable")][:_MOST]
    if len(most) < 2:
        return ()
    try:
        binned = _binned(terms)
    except DataError:  # a target that is the same in nearly all rows falls into one bin
        return ()
    place = {name: i for i, name in enumerate(binned.features)}
    of_binned = [place[terms.features[j]] for j in most]
    surplus = np.array([(binned.added(k) - binned.relevance)[of_binned] for k in of_binned])
    n_states = binned.data.n_observed - 1.0
    dof = np.outer(n_states[of_binned], n_states[of_binned]) * n_states[-1]
    first, second = np.triu_indices(len(most), 1)
    statistic = 2 * binned.data.n_samples * np.maximum(surplus[first, second], 0.0)
    p_values = gammaincc(np.maximum(dof[first, second], 1.0) / 2, statistic / 2)
    best = np.lexsort([-statistic, p_values])
    for pair in best[:_PATIENCE].tolist():
        j, k = sorted((int(most[first[pair]]), int(most[second[pair]])))
        if p_values[pair] * len(p_values) > rule.alpha:
            break
        if _adds(binned, terms, selection, rule, j, k):
            return (k, j) if terms.relevance[k] > terms.relevance[j] else (j, k)
    return ()


def _binned(terms: PairTerms) -> PairTerms:
    if not terms.data.continuous:
        return terms
    return PairTerms(discretize(terms.data, n_bins=_N_BINS), terms.target)


def _adds(
    binned: PairTerms, terms: PairTerms, selection: Selection, rule: StopRule, j: int, k: int
) -> bool:
    """Whether j depends on the target given k and the chosen, of which one more than k counts."""
    chosen = [c for c in rule.condition(j, selection) if c not in (j, k)][:1]
    names = [terms.features[c] for c in (j, k, *chosen)]
    data = binned.data.select([names[0], terms.target, *names[1:]])
    given = range(2, data.n_variables)
    p_value = float(GTest().test_pairs(data, np.array([[0, 1]]), given).p_value[0])
    return p_value <= rule.alpha
