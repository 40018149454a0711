r"""The rules by which marks follow from marks, where causes may be hidden.

Zhang (2008) gives ten rules, R1 to R10, after R0, which orients v-structures. They are complete:
every mark is found that all graphs with the same independences share. R1 to R4 give arrowheads and
the tails beside them; R5 to R7 the tails of selection, where rows are in the table because of what
the columns are; R8 to R10 the other tails. Each is a function that looks at the graph and yields
the marks that it implies, with the columns that force them.

A rule reads that the middle of an unshielded triple is no collider. Where the sets that separate
the ends disagree on that, the triple is ambiguous, and no rule may rest on it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import NamedTuple

from mistruct.structure.end_marks import ARROW, CIRCLE, TAIL, Mark

End = tuple[int, int]


class Implied(NamedTuple):
    """A mark at the end `at` of the edge from `start`, and the columns that force it."""

    start: int
    at: int
    mark: Mark
    by: tuple[int, ...]


class Path(NamedTuple):
    """A discriminating path from the first column to `last` for `middle`, the one before it."""

    columns: tuple[int, ...]
    middle: int
    last: int


@dataclass(eq=False)
class Marked:
    """A graph with a mark at each end, while it is oriented.

    Attributes
    ----------
    around : list of set of int
        The neighbours of each column.
    mark : dict of (int, int) to str
        What stands at v for the edge (u, v).
    free : set of (int, int, int)
        Unshielded triples (x, middle, y), x < y, whose middle is no collider.
    fixed : set of (int, int)
        Ends that two rules marked differently. They keep their circle.
    """

    around: Sequence[set[int]]
    mark: dict[End, Mark]
    free: set[tuple[int, int, int]]
    fixed: set[End] = field(default_factory=set)

    def into(self, v: int) -> list[int]:
        """The neighbours whose edge has an arrowhead at v."""
        return [u for u in sorted(self.around[v]) if self.mark[u, v] == ARROW]

    def parents(self, v: int) -> list[int]:
        """The neighbours with an edge u --> v."""
        return [u for u in self.into(v) if self.mark[v, u] == TAIL]

    def open_at(self, v: int) -> list[int]:
        """The neighbours whose edge has a circle at v that a rule may change."""
        return [
            u
            for u in sorted(self.around[v])
            if self.mark[u, v] == CIRCLE and (u, v) not in self.fixed
        ]

    def is_free(self, x: int, middle: int, y: int) -> bool:
        """Whether x and y are not adjacent, and `middle` is known to be no collider."""
        if x == y or y in self.around[x]:
            return False
        if TAIL in (self.mark[x, middle], self.mark[y, middle]):
            return True
        return (min(x, y), middle, max(x, y)) in self.free


def away_from_collider(g: Marked) -> Iterator[Implied]:
    """R1: of a *-> b o-* c, a and c not adjacent, b is no collider: b --> c."""
    for b in range(len(g.around)):
        for a in g.into(b):
            for c in g.open_at(b):
                if g.is_free(a, b, c):
                    yield Implied(c, b, TAIL, (a, b, c))
                    if g.mark[b, c] == CIRCLE:
                        yield Implied(b, c, ARROW, (a, b, c))


def away_from_cycle(g: Marked) -> Iterator[Implied]:
    """R2: of a --> b *-> c or a *-> b --> c, with a *-o c: a *-> c."""
    for c in range(len(g.around)):
        heads = g.into(c)
        for a in g.open_at(c):
            for b in heads:
                if (
                    b in g.around[a]
                    and g.mark[a, b] == ARROW
                    and TAIL in (g.mark[b, a], g.mark[c, b])
                ):
                    yield Implied(a, c, ARROW, (a, b, c))


def double_triangle(g: Marked) -> Iterator[Implied]:
    """R3: of a *-> b <-* c and a *-o d o-* c, a and c not adjacent, with d *-o b: d *-> b."""
    for b in range(len(g.around)):
        heads = g.into(b)
        for d in g.open_at(b) if len(heads) > 1 else ():
            towards = [a for a in heads if a in g.around[d] and g.mark[a, d] == CIRCLE]
            for a, c in combinations(towards, 2):
                if g.is_free(a, d, c):
                    yield Implied(d, b, ARROW, (a, b, c, d))


def discriminating_paths(g: Marked) -> Iterator[Path]:
    """The paths of R4: one for each b and each c with b o-* c, the shortest, the first by name.

    Between its start, which is not adjacent to c, and b all are colliders and parents of c.
    """
    for c in range(len(g.around)):
        parents = set(g.parents(c))
        for b in sorted(g.around[c]) if parents else ():
            if g.mark[c, b] == CIRCLE and (c, b) not in g.fixed:
                found = _discriminating_path(g, b, c, parents)
                if found:
                    yield Path(found, b, c)


def _discriminating_path(g: Marked, b: int, c: int, parents: set[int]) -> tuple[int, ...]:
    starts = [a for a in sorted(parents & g.around[b]) if g.mark[b, a] == ARROW]
    after = dict.fromkeys(starts, b)
    queue = list(after)
    for a in queue:
        for d in g.into(a):
            if d in after or d in (b, c):
                continue
            if d not in g.around[c]:
                path = [d, a]
                while path[-1] != b:
                    path.append(after[path[-1]])
                return (*path, c)
            if d in parents and g.mark[a, d] == ARROW:
                after[d] = a
                queue.append(d)
    return ()


def discriminate(g: Marked, path: Path, is_collider: bool) -> Iterator[Implied]:
    """R4: what a discriminating path says, by whether b is a collider on it.

    It is none exactly if the set that separates the ends of the path holds it.
    """
    *_, a, b, c = path.columns
    if not is_collider:
        yield Implied(c, b, TAIL, path.columns)
        ends = [(b, c)]
    else:
        ends = [(a, b), (c, b), (b, c)]
    for start, at in ends:
        if g.mark[start, at] == CIRCLE:
            yield Implied(start, at, ARROW, path.columns)


def circle_cycle(g: Marked) -> Iterator[Implied]:
    """R5: all edges of an uncovered cycle of a o-o b and more are a --- b."""
    for a in range(len(g.around)):
        for b in g.open_at(a):
            if a < b and g.mark[a, b] == CIRCLE:
                firsts = [c for c in sorted(g.around[a]) if g.is_free(b, a, c)]
                path = _uncovered_path(
                    g,
                    a,
                    b,
                    firsts,
                    {CIRCLE},
                    {CIRCLE},
                    {d for d in g.around[b] if g.is_free(d, b, a)},
                )
                for ends in pairwise((*path, a)) if path else ():
                    for u, v in (ends, ends[::-1]):
                        yield Implied(u, v, TAIL, path)


def beside_undirected(g: Marked) -> Iterator[Implied]:
    """R6: of a --- b o-* c: b --* c."""
    for b in range(len(g.around)):
        for a in sorted(g.around[b]):
            if g.mark[a, b] == g.mark[b, a] == TAIL:
                for c in g.open_at(b):
                    yield Implied(c, b, TAIL, (a, b, c))


def away_from_tail(g: Marked) -> Iterator[Implied]:
    """R7: of a --o b o-* c, a and c not adjacent: b --* c."""
    for b in range(len(g.around)):
        for a in g.open_at(b):
            if g.mark[b, a] == TAIL:
                for c in g.open_at(b):
                    if g.is_free(a, b, c):
                        yield Implied(c, b, TAIL, (a, b, c))


def through_a_cause(g: Marked) -> Iterator[Implied]:
    """R8: of a --> b --> c or a --o b --> c, with a o-> c: a --> c."""
    for a, c in _half_open(g):
        for b in g.parents(c):
            if b in g.around[a] and g.mark[b, a] == TAIL and g.mark[a, b] != TAIL:
                yield Implied(c, a, TAIL, (a, b, c))


def along_a_path(g: Marked) -> Iterator[Implied]:
    """R9: of a o-> c and an uncovered path a ... c on which no arrow points back: a --> c."""
    for a, c in _half_open(g):
        firsts = [b for b in sorted(g.around[a]) if b != c and g.is_free(c, a, b)]
        path = _uncovered_path(g, a, c, firsts, {CIRCLE, TAIL}, {CIRCLE, ARROW})
        if path:
            yield Implied(c, a, TAIL, path)


def along_two_paths(g: Marked) -> Iterator[Implied]:
    """R10: of a o-> c, b --> c <-- d and such paths a ... b and a ... d that part: a --> c.

    The second columns of the two paths are not adjacent.
    """
    for a, c in _half_open(g):
        parents = [b for b in g.parents(c) if b != a]
        second: dict[int, tuple[int, ...]] = {}  # the path to a parent of c by its second column
        for m in sorted(g.around[a] - {c}) if len(parents) > 1 else ():
            if not _may_lead(g, a, m, {CIRCLE, TAIL}, {CIRCLE, ARROW}):
                continue
            for b in parents:
                path = (
                    (a, b)
                    if m == b
                    else _uncovered_path(g, a, b, [m], {CIRCLE, TAIL}, {CIRCLE, ARROW})
                )
                if path:
                    second.setdefault(m, path)
        for m, w in combinations(second, 2):
            if g.is_free(m, a, w):  # sound also where b is d, which the rules before leave over
                yield Implied(c, a, TAIL, (*second[m], *second[w][1:], c))
                break


def _half_open(g: Marked) -> Iterator[End]:
    """The edges a o-> c."""
    for a in range(len(g.around)):
        for c in g.open_at(a):
            if g.mark[a, c] == ARROW:
                yield a, c


def _may_lead(g: Marked, u: int, v: int, at_start: set[Mark], at_end: set[Mark]) -> bool:
    return g.mark[v, u] in at_start and g.mark[u, v] in at_end


def _uncovered_path(
    g: Marked,
    a: int,
    c: int,
    firsts: Sequence[int],
    at_start: set[Mark],
    at_end: set[Mark],
    lasts: Container[int] | None = None,
) -> tuple[int, ...]:
    """A shortest path from a over one of `firsts` to c, not adjacent to each other otherwise.

    Edges have one of some marks at their start and end, each three columns in a row are an
    unshielded triple without collider, and the last column before c is one of `lasts`.
    """
    steps: dict[End, tuple[int, ...]]
    steps = {(a, b): (a,) for b in firsts if b != c and _may_lead(g, a, b, at_start, at_end)}
    queue = list(steps)
    for u, v in queue:
        path = (*steps[u, v], v)
        for w in sorted(g.around[v]):
            if w in path or (v, w) in steps or not g.is_free(u, v, w):
                continue
            if not _may_lead(g, v, w, at_start, at_end):
                continue
            if w == c:
                if lasts is None or v in lasts:
                    return (*path, c)
                continue
            steps[v, w] = path
            queue.append((v, w))
    return ()
