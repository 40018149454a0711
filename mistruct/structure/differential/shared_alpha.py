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

#: The parts of alpha that the linear and the form test of a pair may use beforehand.
LINEAR, FORM = 0.9, 0.1
# The part that goes to pairs that depend in the mean of the groups, beforehand.
_OF_DEPENDENT = 0.25
# How many discoveries the shares beforehand are worth, and the parts of the pairs.
_DISCOVERIES, _PARTS = 4.0, 5


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
    tested = np.flatnonzero(~np.isnan(linear))
    p_values = np.full(len(linear), np.nan)
    if not len(tested):
        return p_values
    kind = depends[tested].astype(np.int64)
    n_of_kind = np.bincount(kind, minlength=2)
    part = np.empty(len(tested), dtype=np.int64)
    for k in (0, 1):
        part[kind == k] = np.arange(n_of_kind[k]) % _PARTS
    tests = np.stack([linear[tested], form[tested]])
    before = _shares_beforehand(n_of_kind)
    at_first = tests / _weights(before, n_of_kind)[:, kind]
    of_tested = np.empty(len(tested))
    for k in range(_PARTS):
        inside = part == k
        found = _found(at_first[:, ~inside], kind[~inside], alpha)
        weights = _weights(_learned(before, found), n_of_kind)
        of_tested[inside] = (tests[:, inside] / weights[:, kind[inside]]).min(axis=0)
    p_values[tested] = np.minimum(of_tested, 1.0)
    return p_values


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


def _found(tests: Floats, kind: Positions, alpha: float) -> Floats:
    """How many of the discoveries among some pairs are of each kind, shape (2, 2)."""
    smaller = tests.min(axis=0)
    # Only what is at most alpha can be found.
    candidates = np.flatnonzero(smaller <= alpha)
    candidates = candidates[np.argsort(smaller[candidates], kind="stable")]
    rank = np.arange(1, len(candidates) + 1)
    below = np.flatnonzero(smaller[candidates] <= alpha * rank / len(smaller))
    discoveries = candidates[: below[-1] + 1] if len(below) else candidates[:0]
    found = np.zeros((2, 2))
    np.add.at(found, (tests[:, discoveries].argmin(axis=0), kind[discoveries]), 1.0)
    return found
