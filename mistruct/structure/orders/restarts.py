"""Search for the best DAG: climbing, deletion, and restarts from other orders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mistruct.parallel import run_in_turn
from mistruct.structure.knowledge import Constraints
from mistruct.structure.orders.backward import Parents, delete_edges
from mistruct.structure.orders.exchange import exchange_parents
from mistruct.structure.orders.optimum import MOST_COLUMNS, optimal_dag
from mistruct.structure.orders.order_search import Forest, Order, obedient, order_of

# A restart moves this share of the columns, and so many at least.
_SHARE_MOVED = 0.1
_FEWEST_MOVED = 4


def best_dag(
    forest: Forest,
    constraints: Constraints,
    names: Sequence[str],
    start: Order,
    n_restarts: int,
    rng: np.random.Generator,
) -> Parents:
    """The parents of each column in the best DAG found from an order and `n_restarts` others.

    Without restarts, the search of the paper: moves, then deletions. A restart exchanges parents
    in the best DAG so far, moves some columns of its order to random places and goes on from there.
    Of few columns the best DAG of all is found instead.
    """
    if n_restarts and len(names) <= MOST_COLUMNS:
        return optimal_dag(forest, constraints)
    best: Parents = []

    def search(k: int) -> float:
        """Continue from the best DAG, if there is one; returns the best score since."""
        nonlocal best
        if not best:
            best = forest.parents(forest.climb(start))
            best = _improved(forest, constraints, best) if n_restarts else best
            return forest.score_of(best)
        order = _scattered(order_of(best), constraints.required, rng)
        # To climb at once can lead back before an exchange has shown what the other order allows.
        order = order if k % 2 else forest.climb(order)
        other = _improved(forest, constraints, forest.parents(order))
        if forest.score_of(other) > forest.score_of(best) + forest.tolerance:
            best = other
        return forest.score_of(best)

    searches = range(n_restarts + 1)
    for _ in run_in_turn(search, searches, description="orders", found=_score_in_words):
        pass
    return delete_edges(best, forest.score, constraints, names, forest.tolerance)


def _score_in_words(score: float) -> str:
    return f"score {score:,.1f}"


def _improved(forest: Forest, constraints: Constraints, parents: Parents) -> Parents:
    """Improve parents until neither an exchange nor a move of a column raises the score."""
    total = forest.score_of(parents)
    while True:
        changed = exchange_parents(parents, forest, constraints)
        climbed = forest.parents(forest.climb(order_of(changed)))
        changed = max(changed, climbed, key=forest.score_of)
        if forest.score_of(changed) <= total + forest.tolerance:
            return parents
        parents, total = changed, forest.score_of(changed)


def _scattered(order: Order, required: NDArray[np.bool_], rng: np.random.Generator) -> Order:
    """Move some columns of an order to random places."""
    n = len(order)
    moved = rng.choice(n, min(n, max(_FEWEST_MOVED, round(_SHARE_MOVED * n))), replace=False)
    others = [c for c in order.tolist() if c not in moved]
    for column in moved.tolist():
        others.insert(int(rng.integers(len(others) + 1)), column)
    return obedient(np.array(others), required)
