r"""Orientation of a skeleton by v-structures, knowledge and Meek's rules.

Arrows come in three steps: what knowledge fixes, the v-structures, and what follows from both.
For the last, four rules (Meek 1995) orient an edge a - b as a -> b wherever b -> a would make a
cycle or a v-structure that is not there; b and c, or c and d, are not adjacent:

1. c -> a - b
2. a -> c -> b with a - b
3. a - c -> b and a - d -> b with a - b
4. a - c -> d -> b with a - b and a, d adjacent

A rule needs that the triple with a in its middle is no v-structure, which is unknown for
ambiguous triples and for those in conflict.

From a sample, v-structures can contradict each other or close a cycle. Whatever arrows contradict
are taken back together, and the edge is contested: it stays undirected and no rule touches it.
Every step looks at the graph before the step, so that the result does not depend on an order, and
the directed part is acyclic after each.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from mistruct.errors import ParameterError
from mistruct.structure.knowledge import Constraints

Arrow = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Oriented:
    """The directions of the edges of a skeleton.

    Attributes
    ----------
    arrows : set of (int, int)
        Directed edges; all others are undirected.
    contested : set of (int, int)
        Edges (a < b) that were asked to point both ways.
    """

    arrows: set[Arrow]
    contested: set[Arrow]


def orient(
    adjacent: NDArray[np.bool_],
    colliders: Iterable[tuple[int, int, int]],
    noncolliders: Collection[tuple[int, int, int]],
    constraints: Constraints | None = None,
    names: Sequence[str] = (),
) -> Oriented:
    """Orient the edges that v-structures, knowledge and Meek's rules decide.

    `colliders` and `noncolliders` are unshielded triples (x, middle, y) with x < y. ParameterError
    where knowledge leaves only directions that form a cycle.
    """
    known = set() if constraints is None else _known_arrows(adjacent, constraints)
    cycle = _on_cycles(known)
    if cycle:
        shown = ", ".join(f"{names[a]!r} -> {names[b]!r}" for a, b in sorted(cycle)[:6])
        raise ParameterError(
            f"knowledge leaves only directions that form a cycle among the edges found: {shown}"
        )
    wanted = {
        arrow
        for x, z, y in colliders
        if (z, x) not in known and (z, y) not in known
        for arrow in ((x, z), (y, z))
    }
    state = Oriented(set(known), set())
    _add(state, wanted)
    around = [set(np.flatnonzero(row).tolist()) for row in adjacent]
    free = set(noncolliders)

    def is_free(x: int, z: int, y: int) -> bool:
        return (min(x, y), z, max(x, y)) in free

    while True:
        implied = set(_implied(around, state, is_free))
        if not implied:
            return state
        _add(state, implied)


def _known_arrows(adjacent: NDArray[np.bool_], constraints: Constraints) -> set[Arrow]:
    decided = adjacent & constraints.possible & ~constraints.possible.T
    return {(a, b) for a, b in np.argwhere(decided).tolist()}


def _add(state: Oriented, wanted: set[Arrow]) -> None:
    """Add arrows, less those that contradict each other or the arrows that are there."""
    new = wanted - state.arrows
    against = {(a, b) for a, b in new if (b, a) in new}
    against |= _on_cycles((new - against) | state.arrows) & new
    state.arrows.update(new - against)
    state.contested.update((min(arrow), max(arrow)) for arrow in against)


def _on_cycles(arrows: set[Arrow]) -> set[Arrow]:
    graph = nx.DiGraph(sorted(arrows))
    part_of = {v: i for i, part in enumerate(nx.strongly_connected_components(graph)) for v in part}
    return {(a, b) for a, b in arrows if part_of[a] == part_of[b]}


def _implied(
    around: Sequence[set[int]], state: Oriented, is_free: Callable[[int, int, int], bool]
) -> Iterable[Arrow]:
    into: list[set[int]] = [set() for _ in around]
    out_of: list[set[int]] = [set() for _ in around]
    for a, b in state.arrows:
        into[b].add(a)
        out_of[a].add(b)
    undirected = [n - i - o for n, i, o in zip(around, into, out_of, strict=True)]
    for a, neighbours in enumerate(undirected):
        for b in neighbours:
            if (min(a, b), max(a, b)) in state.contested:
                continue
            if (
                any(c not in around[b] and is_free(c, a, b) for c in into[a])
                or out_of[a] & into[b]
                or any(
                    d not in around[c] and is_free(c, a, d)
                    for c, d in combinations(sorted(undirected[a] & into[b]), 2)
                )
                or any(
                    c not in around[b] and c in undirected[a] and is_free(c, a, b)
                    for d in around[a] & into[b]
                    for c in into[d]
                )
            ):
                yield a, b
