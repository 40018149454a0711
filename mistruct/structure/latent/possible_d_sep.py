"""Possible-d-sep: with hidden causes, a separating set may hold more than neighbours.

Neighbours of x or of y need not separate the two where an arrow from a hidden column points at
both ends of another edge. What does are the columns on paths from x on which each is a collider or
stands in a triangle with those beside it: possible-d-sep of x (Spirtes, Glymour and Scheines 2000,
section 6.7). It has all that the search among neighbours asked, so pairs are asked again only
where it has more.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from mistruct.structure.causal.skeleton import Adjacency
from mistruct.structure.knowledge import Constraints


def possible_d_sep(
    adjacent: Adjacency, noncolliders: Collection[tuple[int, int, int]]
) -> Adjacency:
    """Possible-d-sep of each column.

    Parameters
    ----------
    adjacent : ndarray of bool, shape (n_variables, n_variables)
    noncolliders : collection of (int, int, int)
        Unshielded triples (x, middle, y), x < y, whose middle is no collider. All others may be
        passed.

    Returns
    -------
    ndarray of bool, shape (n_variables, n_variables)
        [x, c] for c in possible-d-sep of x; all False for an x where it has only neighbours.
    """
    around = [np.flatnonzero(row).tolist() for row in adjacent]
    blocked = set(noncolliders)
    pool = np.zeros_like(adjacent)
    for x, near in enumerate(around):
        seen = {(x, v) for v in near}
        queue = list(seen)
        for u, v in queue:
            for w in around[v]:
                passes = w not in (u, x) and (min(u, w), v, max(u, w)) not in blocked
                if passes and (v, w) not in seen:
                    seen.add((v, w))
                    queue.append((v, w))
        reached = {v for _, v in seen}
        if len(reached) > len(near):
            pool[x, list(reached)] = True
    return pool


def may_be_ancestors(constraints: Constraints) -> Constraints:
    """Known ancestors, with all columns that a path of possible edges leads to."""
    reach = constraints.possible | np.eye(len(constraints.possible), dtype=bool)
    while (further := (reach.astype(np.float32) @ reach) > 0).sum() > reach.sum():
        reach = further
    return Constraints(reach, constraints.required)
