r"""Rules for separations by sets that determine a column, so that nothing can be tested.

In the sample x does not vary once z is known, so "x is independent of y given z" holds vacuously,
and whatever x is adjacent to would be separated from it by z. PC as published accepts that
(``textbook``), and loses the true neighbours of every column that others determine.

z makes x redundant for y only if z carries what x says about y *and more besides*: then y goes
with z and x is its shadow. If y owes to z nothing that x does not say as well, the edge x - y is
as good an explanation as z - y, and stays. So ``informative`` believes the separation where
I(y; z | x) is significant and above a tenth of I(x; y), both corrected for bias; and where z
determines y, likewise with x and y exchanged. I(y; z | x) is the sum over the columns of z of
:math:`I(y; z_i | x, z_1 \ldots z_{i-1})` (the chain rule), each term one test.

Such a separation leans on the edges between y and the columns of z: these have to carry what x
said. Of three 0/1 columns that stand for one category each is determined by the other two, and if
all three separations were believed, y would lose them all. So they are believed one after another,
the weakest pair first, and none that leans on an edge which determinism, with x in the set, has
removed. Where a test with x in its set removes an edge that is leaned on, that edge comes back in
the end: x was its shadow. (What separates z from y without x separates x from y as well, if x is
a function of z, so that nothing is lost there.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.independence.base import IndependenceTest
from mistruct.independence.protocol import DeterminingSets, Ragged
from mistruct.kernels.counts.determined import X, Y

Determinism = Literal["informative", "textbook"]
Pair = tuple[int, int]

# What z must say about y beyond x, as a share of what x says about y.
_SHARE = 0.1

# Determining sets judged for each pair at each depth, at most.
_MOST_SETS = 8


class Lean(NamedTuple):
    """Edge that must not be removed by a set that contains a determined column, the shadow."""

    edge: Pair
    shadow: int


@dataclass(frozen=True, eq=False)
class Believed:
    """Vacuous separations that are accepted.

    Attributes
    ----------
    pairs : ndarray of int, shape (n_believed,)
        Places among the pairs that were asked for.
    sets : ndarray of int, shape (n_believed, size)
        The set of each, which determines one of the pair.
    relevance : ndarray of float, shape (n_believed,)
        The p-value of "z says nothing about y beyond x"; 0 where that was not asked.
    leans : list of tuple of Lean
        What each leans on.
    n_tests : ndarray of int, shape (n_asked,)
        Tests made for each pair that was asked for.
    """

    pairs: Positions
    sets: Positions
    relevance: NDArray[np.float64]
    leans: list[tuple[Lean, ...]]
    n_tests: Positions


def believe(
    data: Dataset,
    test: IndependenceTest,
    rule: Determinism,
    pairs: Positions,
    sides: Sequence[Ragged],
    size: int,
    alpha: float,
    information: NDArray[np.float64],
    holds: Callable[[Lean], bool],
) -> Believed:
    """Choose the vacuous separations of pairs that the rule accepts.

    Parameters
    ----------
    pairs : ndarray of int, shape (n_pairs, 2)
        Edges that may be removed.
    sides : sequence of Ragged
        The candidates of each pair, in lists of which each is searched.
    size : int
        Of the determining sets.
    information : ndarray of float, shape (n_pairs,)
        I(x; y) of each pair less its bias.
    holds : callable
        Whether what a separation leans on holds before any of these pairs is removed.
    """
    informative = rule == "informative"
    most = _MOST_SETS if informative else 1
    found = DeterminingSets.concatenate(
        [test.determining_sets(data, pairs, side, size, most) for side in sides], size
    )
    p_values, n_terms = np.zeros(len(found.owner)), np.zeros(len(found.owner), dtype=np.int64)
    if informative:
        p_values, n_terms = _relevance(data, test, pairs, found, alpha, information)
    removed: dict[Pair, Positions] = {}
    chosen, leans = [], []
    for k in np.lexsort([np.arange(len(found.owner)), information[found.owner]]).tolist():
        pair: Pair = tuple(pairs[found.owner[k]].tolist())
        if p_values[k] > alpha or pair in removed:
            continue
        needed = _leans_of(pair, found.sets[k], found.determined[k]) if informative else ()
        if all(holds(n) and n.shadow not in removed.get(n.edge, ()) for n in needed):
            removed[pair] = found.sets[k]
            chosen.append(k)
            leans.append(needed)
    return Believed(
        found.owner[chosen],
        found.sets[chosen],
        p_values[chosen],
        leans,
        np.bincount(found.owner, n_terms, minlength=len(pairs)).astype(np.int64),
    )


def _leans_of(pair: Pair, given: Positions, determined: int) -> tuple[Lean, ...]:
    """Edges between a set and the other column of a pair, for each column it determines."""
    return tuple(
        Lean((min(z, other), max(z, other)), shadow)
        for side, shadow, other in ((X, *pair), (Y, *pair[::-1]))
        if determined & side
        for z in given.tolist()
    )


def _relevance(
    data: Dataset,
    test: IndependenceTest,
    pairs: Positions,
    found: DeterminingSets,
    alpha: float,
    information: NDArray[np.float64],
) -> tuple[NDArray[np.float64], Positions]:
    """P-values that sets add no information, 1 if they add too little; also counts tests."""
    n_sets, size = found.sets.shape
    p_values = np.zeros(n_sets)
    n_tests = np.zeros(n_sets, dtype=np.int64)
    for side in (X, Y):
        chosen = np.flatnonzero(found.determined & side)
        shadow, other = pairs[found.owner[chosen]].T[:: 1 if side == X else -1]
        asked, given = [], []
        for x, y, z in zip(
            shadow.tolist(), other.tolist(), found.sets[chosen].tolist(), strict=True
        ):
            asked += [(y, z_i) for z_i in z]
            given += [(x, *z[:i]) for i in range(size)]
        ordered = np.array(asked, dtype=np.int64).reshape(-1, 2)
        tests = test.test_each(data, ordered, Ragged.of(given), alpha)
        more = np.nan_to_num(tests.mi - tests.bias).reshape(-1, size).sum(axis=1)
        smallest = np.nan_to_num(tests.p_value, nan=1.0).reshape(-1, size).min(axis=1)
        says_more = more > _SHARE * np.maximum(information[found.owner[chosen]], 0.0)
        of_side = np.where(says_more, np.minimum(smallest * size, 1.0), 1.0)
        p_values[chosen] = np.maximum(p_values[chosen], of_side)
        n_tests[chosen] += size
    return p_values, n_tests
