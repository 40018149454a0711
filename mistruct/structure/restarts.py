"""The search for the best DAG from one order: climb, delete, and again from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mistruct.structure.backward import Parents, delete_edges
from mistruct.structure.knowledge import Constraints
from mistruct.structure.order_search import Forest, Order

# A restart moves this share of the columns, and two at least.
_SHARE_MOVED = 0.1


def best_dag(
    forest: Forest,
    constraints: Constraints,
    names: Sequence[str],
    start: Order,
    n_restarts: int,
    rng: np.random.Generator,
) -> Parents:
    """The parents of each column in the best DAG found from an order and `n_restarts` others.

    Each restart moves some columns of the best order to random places and climbs again; the result
    is kept where it is better.
    """
    order = forest.climb(start)
    for _ in range(n_restarts):
        other = forest.climb(_scattered(order, constraints.required, rng))
        if forest.total(other) > forest.total(order) + forest.tolerance:
            order = other
    return _polished(forest, constraints, names, order)


def _polished(
    forest: Forest, constraints: Constraints, names: Sequence[str], order: Order
) -> Parents:
    """The parents once neither a deletion nor a move of a column raises the score."""
    parents = forest.parents(order)
    while True:
        fewer = delete_edges(parents, forest.score, constraints, names, forest.tolerance)
        if fewer == parents:
            return parents
        parents = fewer
        order = forest.climb(order_of(parents))
        climbed = forest.parents(order)
        if forest.score_of(climbed) <= forest.score_of(parents) + forest.tolerance:
            return parents
        parents = climbed


def order_of(parents: Sequence[Sequence[int]]) -> Order:
    """An order in which parents stand before their children; of several columns the first."""
    return obedient(np.arange(len(parents)), as_matrix(parents))


def as_matrix(parents: Sequence[Sequence[int]]) -> NDArray[np.bool_]:
    """[i, j] where i is a parent of j."""
    arcs = np.zeros((len(parents),) * 2, dtype=bool)
    for column, its in enumerate(parents):
        arcs[list(its), column] = True
    return arcs


def obedient(order: Order, required: NDArray[np.bool_]) -> Order:
    """The order with each column moved behind its required parents, and no further."""
    waiting = required.sum(axis=0)
    left = order.tolist()
    placed = []
    while left:
        column = next(c for c in left if not waiting[c])
        left.remove(column)
        placed.append(column)
        waiting = waiting - required[column]
    return np.array(placed, dtype=np.int64)


def _scattered(order: Order, required: NDArray[np.bool_], rng: np.random.Generator) -> Order:
    """Some columns at random places."""
    n = len(order)
    moved = rng.choice(n, min(n, max(2, round(_SHARE_MOVED * n))), replace=False)
    others = [c for c in order.tolist() if c not in moved]
    for column in moved.tolist():
        others.insert(int(rng.integers(len(others) + 1)), column)
    return obedient(np.array(others), required)
