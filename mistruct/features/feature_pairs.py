r"""Search for pairs of features that are informative only together, as in a parity.

Forward selection never finds them: neither says anything until the other is there. So where no
single candidate passes the test, all pairs are looked at. What two say beyond each alone is the
interaction information :math:`I(x_j; y | x_k) - I(x_j; y) = I(x_k; x_j y) - I(x_k; x_j) - I(x_k;
y)`. If x_k is independent of the other two, 2n times its plug-in estimate is a difference of nested
likelihood ratios, and so chi-square with :math:`(r_j - 1)(r_k - 1)(r_y - 1)` degrees of freedom.

As everywhere in the criteria, continuous columns are counted in bins: there a correlation that
turns its sign, as in a product, is seen, which the copula does not see.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincc

from mistruct.features.stopping import Selection, StopRule, condition
from mistruct.features.terms import PairTerms
from mistruct.independence.g_test import GTest

# The pairs of so many features are looked at, those that say most alone.
_MOST = 500
# Of so many of the best pairs it is asked whether they add to what was chosen.
_PATIENCE = 10


def next_pair(terms: PairTerms, selection: Selection, rule: StopRule) -> tuple[int, ...]:
    """Find the most informative pair that adds to the chosen features; None if there is none.

    That which says more alone comes first. Both its surplus and what one half adds to the other
    and to the chosen are significant, at the level of the rule divided by the number of pairs: the
    first orders the pairs, the second holds in sparse tables too, where chi-square does not.
    """
    left = np.setdiff1d(np.arange(len(terms.features)), selection.chosen)
    most = left[np.argsort(-terms.relevance[left], kind="stable")][:_MOST]
    if len(most) < 2:
        return ()
    surplus = np.array([(terms.added(k) - terms.relevance)[most] for k in most])
    n_states = terms.counted.n_observed - 1.0
    dof = np.outer(n_states[most], n_states[most]) * n_states[-1]
    first, second = np.triu_indices(len(most), 1)
    # The bias that the estimates are rid of belongs to the chi-square.
    statistic = np.maximum(2 * terms.data.n_samples * surplus + dof, 0.0)[first, second]
    p_values = gammaincc(np.maximum(dof[first, second], 1.0) / 2, statistic / 2)
    best = np.lexsort([-statistic, p_values])
    for pair in best[:_PATIENCE].tolist():
        j, k = sorted((int(most[first[pair]]), int(most[second[pair]])))
        if (
            max(p_values[pair], _p_value(terms, selection, rule, j, k)) * len(p_values)
            <= rule.alpha
        ):
            return (k, j) if terms.relevance[k] > terms.relevance[j] else (j, k)
    return ()


def _p_value(terms: PairTerms, selection: Selection, rule: StopRule, j: int, k: int) -> float:
    """P-value of I(j; target given k, c), c the chosen feature that changes j most; NaN is 1."""
    given = [k, *condition(terms, rule.sizes, j, selection)[:1]]
    target = len(terms.features)
    result = GTest().test_pairs(terms.counted, np.array([[j, target]], dtype=np.int64), given)
    return float(np.nan_to_num(result.p_value[0], nan=1.0))
