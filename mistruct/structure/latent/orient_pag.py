"""Orientation of adjacencies, v-structures and knowledge to a graph with a mark at each end.

All ends begin as circles. What is known comes first: where x is required to cause y, x --> y; where
it must not, an arrowhead at x. Then R0, the v-structures, and R1 to R10 as long as they find marks.
Each rule looks at the whole graph before it changes anything, so that the result does not depend
on an order. Where one rule asks for a tail and for an arrowhead at one end, as it may on a sample,
the end stays a circle and is contested.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import NamedTuple

import numpy as np

from mistruct.structure.causal.skeleton import Adjacency
from mistruct.structure.end_marks import ARROW, CIRCLE, TAIL, Mark
from mistruct.structure.knowledge import Constraints
from mistruct.structure.latent.zhang_rules import (
    End,
    Implied,
    Marked,
    Path,
    along_a_path,
    along_two_paths,
    away_from_collider,
    away_from_cycle,
    away_from_tail,
    beside_undirected,
    circle_cycle,
    discriminate,
    discriminating_paths,
    double_triangle,
    through_a_cause,
)

_STAGES: tuple[tuple[tuple[str, Callable[[Marked], Iterable[Implied]] | None], ...], ...] = (
    (
        ("R1", away_from_collider),
        ("R2", away_from_cycle),
        ("R3", double_triangle),
        ("R4", None),  # needs a verdict on each path
    ),
    (("R5", circle_cycle),),
    (("R6", beside_undirected), ("R7", away_from_tail)),
    (("R8", through_a_cause), ("R9", along_a_path), ("R10", along_two_paths)),
)


Corner = tuple[int, int, int]


class Why(NamedTuple):
    """The rule that made a mark, and the columns that forced it."""

    rule: str
    by: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class MarkedGraph:
    """The marks of a skeleton, and the reason of each.

    Attributes
    ----------
    mark : dict of (int, int) to str
        What stands at v for the edge (u, v).
    why : dict of (int, int) to Why
        Of each mark that is no circle.
    contested : set of (int, int)
        Ends for which a rule asked for a tail and for an arrowhead.
    corners : dict of (int, int) to frozenset of (int, int, int)
        The triples, v-structures or not, from which each mark follows.
    around : list of set of int
        The neighbours of each column.
    """

    mark: dict[End, Mark]
    why: dict[End, Why]
    contested: set[End]
    corners: dict[End, frozenset[Corner]]
    around: Sequence[set[int]]

    def neighbours(self, v: int) -> list[int]:
        """The neighbours of a column, in order."""
        return sorted(self.around[v])


def orient_pag(
    adjacent: Adjacency,
    colliders: Collection[tuple[int, int, int]],
    noncolliders: Collection[tuple[int, int, int]],
    is_collider: Callable[[Path], bool | None],
    constraints: Constraints,
    selection: bool,
    holds: Callable[[list[Path]], bool] = lambda paths: True,
) -> MarkedGraph | None:
    """Set the marks that v-structures, knowledge and the rules decide.

    Parameters
    ----------
    adjacent : ndarray of bool, shape (n_variables, n_variables)
    colliders, noncolliders : iterable of (int, int, int)
        Unshielded triples (x, middle, y), x < y.
    is_collider : callable
        Whether the middle of a discriminating path is one; None if that is not known.
    constraints : Constraints
    selection : bool
        Whether the rules of selection apply, R5 to R7.
    holds : callable
        Asked of all discriminating paths before R4 uses them; where it says no, the adjacencies
        have changed, and None is returned.
    """
    around = [set(np.flatnonzero(row).tolist()) for row in adjacent]
    mark: dict[End, Mark] = {(u, v): CIRCLE for u, near in enumerate(around) for v in near}
    g = Marked(around, mark, set(noncolliders))
    why: dict[End, Why] = {}
    corners: dict[End, frozenset[Corner]] = {}
    for u, v in mark:
        if constraints.required[v, u]:
            mark[u, v], why[u, v] = TAIL, Why("knowledge")
        elif not constraints.possible[v, u]:
            mark[u, v], why[u, v] = ARROW, Why("knowledge")
    heads = [
        Implied(start, middle, ARROW, (x, middle, y))
        for x, middle, y in colliders
        if TAIL not in (mark[x, middle], mark[y, middle])
        for start in (x, y)
    ]
    _apply(g, why, corners, "R0", heads)
    for x, middle, y in colliders:
        for end in ((x, middle), (y, middle)):
            corners[end] = corners.get(end, frozenset()) | {(x, middle, y)}
    changed = True
    while changed:
        changed = False
        for stage in _STAGES if selection else (_STAGES[0], _STAGES[-1]):
            while True:
                found = False
                for name, rule in stage:
                    if rule is None:
                        asked = [(path, is_collider(path)) for path in discriminating_paths(g)]
                        paths = [(path, verdict) for path, verdict in asked if verdict is not None]
                        if not holds([path for path, _ in paths]):
                            return None
                        said = [i for path, v in paths for i in discriminate(g, path, v)]
                    found |= _apply(g, why, corners, name, rule(g) if rule else said)
                if not found:
                    break
                changed = True
    return MarkedGraph(g.mark, why, g.fixed, corners, around)


def _apply(
    g: Marked,
    why: dict[End, Why],
    corners: dict[End, frozenset[Corner]],
    rule: str,
    implied: Iterable[Implied],
) -> bool:
    """Set marks at ends that are open, but none where the rule contradicts itself."""
    wanted: dict[End, Implied] = {}
    against: set[End] = set()
    for one in implied:
        end = one.start, one.at
        if g.mark[end] != CIRCLE or end in g.fixed:
            continue
        if wanted.setdefault(end, one).mark != one.mark:
            against.add(end)
    g.fixed |= against
    new = {end: _corners_of(g, corners, wanted[end].by) for end in wanted.keys() - against}
    for end in new:
        g.mark[end] = wanted[end].mark
        why[end] = Why(rule, wanted[end].by)
    corners.update(new)
    return bool(wanted)


def _corners_of(
    g: Marked, corners: Mapping[End, frozenset[Corner]], by: tuple[int, ...]
) -> frozenset[Corner]:
    """The verdicts on triples that a rule rests on where it applies to some columns."""
    before = [corners.get(end, frozenset()) for end in permutations(by, 2)]
    free = {(x, z, y) for x, z, y in permutations(by, 3) if x < y and (x, z, y) in g.free}
    return frozenset(free).union(*before)
