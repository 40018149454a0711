"""Exchange of parents in a DAG, if it raises the score.

To grow and shrink a set of parents one column at a time misses parents that say little alone and
much together, and keeps one that two others would replace. At the end of a search each column is
offered, in place of its parents: one more, one for one of them, and two more or two for one of
them, where the first of the two is among the best that one could add.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mistruct.structure.knowledge import Constraints
from mistruct.structure.orders.order_search import Forest, reachable

Parents = list[list[int]]

# Sets of parents that are tried further at each step, and steps without a gain after which the
# search ends: two steps exchange a parent for another or add two that say little alone.
_WIDTH = 8
_STEPS_WITHOUT_GAIN = 3


def exchange_parents(parents: Parents, forest: Forest, constraints: Constraints) -> Parents:
    """The parents of each column once no exchange within one family raises the score."""
    parents = [list(its) for its in parents]
    known: dict[tuple[int, bytes], tuple[float, list[int]]] = {}
    while True:
        free = constraints.possible & ~reachable(parents).T
        offers = []
        for column, its in enumerate(parents):
            key = column, np.packbits(free[:, column]).tobytes() + bytes(str(its), "ascii")
            if key not in known:
                known[key] = _better_parents(forest, column, its, free[:, column], constraints)
            offers.append(known[key])
        best = max(range(len(parents)), key=lambda c: offers[c][0])
        if offers[best][0] <= 0:
            return parents
        parents[best] = offers[best][1]


def _better_parents(
    forest: Forest,
    column: int,
    now: Sequence[int],
    free: NDArray[np.bool_],
    constraints: Constraints,
) -> tuple[float, list[int]]:
    """The gain by the best parents that the beam finds, 0 where none are better, and these."""
    required = set(np.flatnonzero(constraints.required[:, column]).tolist())
    before = best_score = forest.score(column, now) + forest.tolerance
    best = tuple(now)
    seen = {best}
    beam = [best]
    patience = _STEPS_WITHOUT_GAIN
    while beam and patience:
        patience -= 1
        offers: dict[tuple[int, ...], float] = {}
        for parents in beam:
            with_one = np.where(free, forest.scores_with_any(column, parents), -np.inf)
            for added in np.argsort(-with_one, kind="stable")[:_WIDTH].tolist():
                if with_one[added] > -np.inf:
                    offers[tuple(sorted([*parents, added]))] = float(with_one[added])
            for removed in parents:
                if removed not in required:
                    fewer = tuple(p for p in parents if p != removed)
                    offers[fewer] = forest.score(column, fewer)
        ranked = sorted(
            (-score, parents) for parents, score in offers.items() if parents not in seen
        )
        beam = [parents for _, parents in ranked[:_WIDTH]]
        seen.update(beam)
        if ranked and -ranked[0][0] > best_score:
            best_score, best = -ranked[0][0] + forest.tolerance, ranked[0][1]
            patience = _STEPS_WITHOUT_GAIN
    return best_score - before, list(best)
