"""The optimal DAG over few columns, by dynamic programming over their subsets.

Of the best DAG over a set of columns, some column is a sink. So its score is the largest over its
columns x of that of the best DAG over the others, and of x with its best parents among these
(Silander and Myllymäki 2006). Sets are numbers whose bit i says whether column i is in.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mistruct.structure.knowledge import Constraints
from mistruct.structure.orders.backward import Parents
from mistruct.structure.orders.order_search import Forest

# Ten columns have 5,120 families, which are scored in less than a second.
MOST_COLUMNS = 10


def optimal_dag(forest: Forest, constraints: Constraints) -> Parents:
    """The parents of each column in a DAG with the highest score of all that obey knowledge."""
    n = len(forest.names)
    of_columns = [_best_among(forest, constraints, column) for column in range(n)]
    best = np.full(1 << n, -np.inf)
    best[0] = 0.0
    sink = np.zeros(1 << n, dtype=np.int64)
    for set_ in range(1, 1 << n):
        for x in _members(set_, n):
            before = set_ & ~(1 << x)
            score = best[before] + of_columns[x][0][before]
            if score > best[set_] + forest.tolerance:
                best[set_], sink[set_] = score, x
    parents: Parents = [[] for _ in range(n)]
    left = (1 << n) - 1
    while left:
        x = int(sink[left])
        left &= ~(1 << x)
        parents[x] = list(_members(int(of_columns[x][1][left]), n))
    return parents


def _best_among(
    forest: Forest, constraints: Constraints, column: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Best parent set within each set of candidates, and its score.

    The score is -inf where the column cannot have the parents that it must have.
    """
    n = len(forest.names)
    sets = 1 << n
    allowed = _as_number(constraints.possible[:, column])
    required = _as_number(constraints.required[:, column])
    best = np.full(sets, -np.inf)
    chosen = np.zeros(sets, dtype=np.int64)
    for set_ in range(sets):
        if set_ >> column & 1:
            continue
        its = list(_members(set_, n))
        if set_ & ~allowed == 0 and required & ~set_ == 0 and len(its) <= forest.max_parents:
            best[set_], chosen[set_] = forest.score(column, its), set_
        for x in its:
            fewer = set_ & ~(1 << x)
            if best[fewer] >= best[set_] - forest.tolerance and best[fewer] > -np.inf:
                best[set_], chosen[set_] = best[fewer], chosen[fewer]
    return best, chosen


def _members(set_: int, n: int) -> Iterator[int]:
    return (x for x in range(n) if set_ >> x & 1)


def _as_number(members: NDArray[np.bool_]) -> int:
    return sum(1 << int(x) for x in np.flatnonzero(members))
