r"""How alpha is shared among the tests of pairs, as learned from other pairs.

Each pair has two tests, of a linear change and of one of form, and a pair whose columns depend on
each other in the mean of the groups differs more often than others. So there are four kinds of
tests. Each has a share of alpha, spread evenly over its tests, which are divided by their weights:
the share of their kind, times the number of pairs, over the number of pairs of the kind. As the
weights of all tests sum to the number of pairs, and whether columns depend in the mean is
independent of the p-values of pairs that do not differ, the false discovery rate is bounded as
before (Genovese, Roeder and Wasserman 2006).

Some tables have linear changes only, or changes of pairs that do not depend in the mean, such as
those of sign alone. So shares are learned: they are in the proportion of what is found, with four
discoveries beforehand. What is found in some pairs decides for others only, in five parts, so that
no p-value has a say in its own weight (Ignatiadis and Huber 2021). No share grows but that of
linear changes of pairs that do not depend in the mean, which are nearly all tests, and the most
exact ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Floats, Positions
from mistruct.parallel import slices

#: The parts of alpha that the linear and the form test of a pair may use beforehand.
LINEAR, FORM = 0.9, 0.1
# The part that goes to pairs that depend in the mean of the groups, beforehand.
_OF_DEPENDENT = 0.25
# How many discoveries the shares beforehand are worth, and the parts of the pairs.
_DISCOVERIES, _PARTS = 4.0, 5
_PAIRS_AT_ONCE = 1_000_000


def weighted(linear: Floats, form: Floats, depends: NDArray[np.bool_], alpha: float) -> Floats:
    """P-values of pairs, the smaller of two, each divided by its weight; at most 1.

    Parameters
    ----------
    linear, form : ndarray of float, shape (n_pairs,)
        P-values, NaN for both where a pair is not tested.
    depends : ndarray of bool, shape (n_pairs,)
        Whether the columns depend on each other in the mean of the groups.
    alpha : float
        The false discovery rate at which shares are learned.
    """
    tested = ~np.isnan(linear)
    p_values = np.full(len(linear), np.nan)
    if not tested.any():
        return p_values
    tests = linear[tested], form[tested]
    kind = depends[tested].astype(np.int8)
    part = np.empty(len(kind), dtype=np.int8)
    for k in (0, 1):
        part[kind == k] = np.arange((kind == k).sum()) % _PARTS
    n_of_kind = np.bincount(kind, minlength=2)
    before = _shares_beforehand(n_of_kind)
    weights = np.tile(_weights(before, n_of_kind), (_PARTS, 1, 1))
    divided = _divided(tests, weights, part, kind)
    # Only what is at most alpha can be found.
    some = np.flatnonzero(divided <= alpha)
    some = some[np.argsort(divided[some], kind="stable")]
    linear_first = tests[0][some] / weights[0, 0, kind[some]] <= divided[some]
    for k in range(_PARTS):
        elsewhere = part[some] != k
        rank = np.cumsum(elsewhere)
        n_elsewhere = len(part) - np.count_nonzero(part == k)
        below = elsewhere & (divided[some] <= alpha * rank / n_elsewhere)
        discoveries = np.flatnonzero(elsewhere[: np.flatnonzero(below).max(initial=-1) + 1])
        found = np.zeros((2, 2))
        places = (~linear_first[discoveries]).astype(np.int64), kind[some[discoveries]]
        np.add.at(found, places, 1.0)
        weights[k] = _weights(_learned(before, found), n_of_kind)
    p_values[tested] = np.minimum(_divided(tests, weights, part, kind), 1.0)
    return p_values


def _divided(
    tests: tuple[Floats, Floats],
    weights: Floats,
    part: NDArray[np.int8],
    kind: NDArray[np.int8],
) -> Floats:
    """The smaller p-value of each pair, divided by the weights of its part and kind."""
    found = np.empty(len(part))
    for some in slices(len(part), _PAIRS_AT_ONCE):
        of_linear, of_form = weights[part[some], :, kind[some]].T
        found[some] = np.minimum(tests[0][some] / of_linear, tests[1][some] / of_form)
    return found


def _shares_beforehand(n_of_kind: Positions) -> Floats:
    """Shares of alpha of the two tests of pairs that do not depend and that do, shape (2, 2)."""
    of_kind = n_of_kind / n_of_kind.sum()
    if n_of_kind.all():
        of_kind = (1.0 - _OF_DEPENDENT) * of_kind + _OF_DEPENDENT * np.array([0.0, 1.0])
    return np.outer([LINEAR, FORM], of_kind)


def _learned(before: Floats, found: Floats) -> Floats:
    """Shares with what has been found; only the first of all four grows."""
    shares = _DISCOVERIES * before + found
    shares = np.minimum(shares / shares.sum(), before)
    if before[0, 0] > 0:
        shares[0, 0] += 1.0 - shares.sum()
        return np.asarray(shares)
    return before


def _weights(shares: Floats, n_of_kind: Positions) -> Floats:
    """Weights of tests that have these shares together, shape (2, 2)."""
    return np.asarray(shares * n_of_kind.sum() / np.maximum(n_of_kind, 1))
