"""Graphs with hidden causes by their definitions, slow and obvious; imports nothing of the package.

A mixed graph is a dict: (u, v) is the mark at the end v of an edge, ">", "-" or "o".

References
----------
.. [RS02] Richardson, Spirtes (2002), "Ancestral graph Markov models".
.. [Z08] Zhang (2008), "On the completeness of orientation rules for causal discovery in the
   presence of latent confounders and selection bias".
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import networkx as nx

Marks = dict[tuple[str, str], str]
Separator = Callable[[str, str], frozenset[str]]


def ancestors(dag: nx.DiGraph, of: Iterable[str]) -> set[str]:
    return {a for v in of for a in {v, *nx.ancestors(dag, v)}}


def has_inducing_path(
    dag: nx.DiGraph, x: str, y: str, hidden: set[str], selected: set[str]
) -> bool:
    """[RS02] definition 4.1: colliders are ancestors of the ends or selected, others hidden."""
    above = ancestors(dag, {x, y, *selected})
    for path in nx.all_simple_paths(dag.to_undirected(), x, y):
        if all(
            b in above if dag.has_edge(a, b) and dag.has_edge(c, b) else b in hidden
            for a, b, c in zip(path, path[1:], path[2:], strict=False)
        ):
            return True
    return False


def separator(
    dag: nx.DiGraph, x: str, y: str, hidden: set[str], selected: set[str]
) -> frozenset[str]:
    """[RS02] theorem 4.18: if any set separates x and y, their observed ancestors do."""
    return frozenset(ancestors(dag, {x, y, *selected}) - hidden - selected - {x, y})


def mag_of(dag: nx.DiGraph, hidden: set[str] = set(), selected: set[str] = set()) -> Marks:  # noqa: B006
    """The maximal ancestral graph of a DAG."""
    marks: Marks = {}
    for x, y in itertools.combinations(sorted(set(dag) - hidden - selected), 2):
        z = separator(dag, x, y, hidden, selected)
        if not nx.is_d_separator(dag, {x}, {y}, z | selected):
            marks[x, y] = "-" if y in ancestors(dag, {x, *selected}) else ">"
            marks[y, x] = "-" if x in ancestors(dag, {y, *selected}) else ">"
    return marks


def around(marks: Marks, v: str) -> list[str]:
    return sorted(b for a, b in marks if a == v)


def m_separated(marks: Marks, x: str, y: str, z: Iterable[str]) -> bool:
    """[RS02] section 2.1: no path on which colliders are ancestors of z and no others are in z."""
    z = set(z)
    opens = set(z)
    while (
        new := {a for a, b in marks if b in opens and marks[a, b] == ">" and marks[b, a] == "-"}
        - opens
    ):
        opens |= new
    seen, queue = set(), [(x, b) for b in around(marks, x)]
    while queue:
        a, b = queue.pop()
        if b == y:
            return False
        for c in around(marks, b):
            collider = marks[a, b] == marks[c, b] == ">"
            if c != a and (b in opens if collider else b not in z) and (b, c) not in seen:
                seen.add((b, c))
                queue.append((b, c))
    return True


def independences(marks: Marks, nodes: Iterable[str]) -> Iterator[bool]:
    for x, y in itertools.combinations(sorted(nodes), 2):
        others = sorted(set(nodes) - {x, y})
        for size in range(len(others) + 1):
            for z in itertools.combinations(others, size):
                yield m_separated(marks, x, y, z)


def is_ancestral(marks: Marks) -> bool:
    """[RS02] definition 2.1: no arrow at an ancestor of the other end, and none at — edges."""
    arcs = nx.DiGraph((a, b) for a, b in marks if marks[a, b] == ">" and marks[b, a] == "-")
    if not nx.is_directed_acyclic_graph(arcs):
        return False
    for a, b in marks:
        if marks[a, b] == ">" and b in arcs and a in nx.descendants(arcs, b):
            return False
        if marks[a, b] == marks[b, a] == "-" and any(marks[c, a] == ">" for c in around(marks, a)):
            return False
    return True


def unshielded_colliders(marks: Marks) -> set[tuple[str, str, str]]:
    return {
        (a, b, c)
        for a, b in marks
        for c in around(marks, b)
        if a < c and (a, c) not in marks and marks[a, b] == marks[c, b] == ">"
    }


def pag_by_enumeration(mag: Marks, nodes: Iterable[str]) -> Marks:
    """By definition: the marks that all MAGs with the same independences share.

    Those have the same edges, and the same unshielded colliders, which spares most comparisons.
    """
    nodes = sorted(nodes)
    edges = sorted(pair for pair in mag if pair[0] < pair[1])
    wanted, colliders = list(independences(mag, nodes)), unshielded_colliders(mag)
    seen: dict[tuple[str, str], set[str]] = {pair: set() for pair in mag}
    for ends in itertools.product(
        [("-", ">"), (">", "-"), (">", ">"), ("-", "-")], repeat=len(edges)
    ):
        other: Marks = {}
        for (a, b), (at_a, at_b) in zip(edges, ends, strict=True):
            other[b, a], other[a, b] = at_a, at_b
        if unshielded_colliders(other) != colliders or not is_ancestral(other):
            continue
        if all(w == f for w, f in zip(wanted, independences(other, nodes), strict=True)):
            for pair, mark in other.items():
                seen[pair].add(mark)
    return {pair: min(found) if len(found) == 1 else "o" for pair, found in seen.items()}


class SlowFCI:
    """The rules of [Z08], from known adjacencies and separating sets; counts the marks of each."""

    def __init__(self, adjacencies: Iterable[tuple[str, str]], separating: Separator) -> None:
        self.marks: Marks = dict.fromkeys(adjacencies, "o")
        self.separating = separating
        self.count: Counter[str] = Counter()

    def set(self, a: str, b: str, mark: str, rule: str) -> bool:
        if self.marks[a, b] != "o":
            assert self.marks[a, b] == mark, (a, b, rule)
            return False
        self.marks[a, b] = mark
        self.count[rule] += 1
        return True

    def apart(self, a: str, b: str) -> bool:
        return a != b and (a, b) not in self.marks

    def is_(self, a: str, b: str, at_a: str, at_b: str) -> bool:
        """Whether an edge of a and b has one of some marks at a, and at b; "*" is any."""
        if (a, b) not in self.marks:
            return False
        return self.marks[b, a] in (at_a if at_a != "*" else "->o") and self.marks[a, b] in (
            at_b if at_b != "*" else "->o"
        )

    def run(self) -> Marks:
        for a, b, c in self.triples():
            if self.apart(a, c) and b not in self.separating(a, c):
                self.set(a, b, ">", "R0")
                self.set(c, b, ">", "R0")
        self.repeat(self.r1, self.r2, self.r3, self.r4)
        self.r5()
        self.repeat(self.r6, self.r7)
        self.repeat(self.r8, self.r9, self.r10)
        return self.marks

    def repeat(self, *rules: Callable[[], int]) -> None:
        while sum([rule() for rule in rules]):
            pass

    def triples(self) -> list[tuple[str, str, str]]:
        return [(a, b, c) for a, b in self.marks for c in around(self.marks, b) if c != a]

    def r1(self) -> int:
        return sum(
            self.set(c, b, "-", "R1") + self.set(b, c, ">", "R1")
            for a, b, c in self.triples()
            if self.apart(a, c) and self.is_(a, b, "*", ">") and self.is_(b, c, "o", "*")
        )

    def r2(self) -> int:
        return sum(
            self.set(a, c, ">", "R2")
            for a, b, c in self.triples()
            if self.is_(a, c, "*", "o")
            and (
                (self.is_(a, b, "-", ">") and self.is_(b, c, "*", ">"))
                or (self.is_(a, b, "*", ">") and self.is_(b, c, "-", ">"))
            )
        )

    def r3(self) -> int:
        return sum(
            self.set(d, b, ">", "R3")
            for a, b, c in self.triples()
            if self.apart(a, c) and self.is_(a, b, "*", ">") and self.is_(c, b, "*", ">")
            for d in around(self.marks, b)
            if self.is_(d, b, "*", "o") and self.is_(a, d, "*", "o") and self.is_(c, d, "*", "o")
        )

    def discriminating(self, path: list[str], c: str) -> Iterator[str]:
        """The starts of discriminating paths that end with `path` and c."""
        for d in around(self.marks, path[0]):
            if d in path or d == c or self.marks[d, path[0]] != ">":
                continue
            if self.apart(d, c):
                yield d
            elif self.is_(d, c, "-", ">") and self.marks[path[0], d] == ">":
                yield from self.discriminating([d, *path], c)

    def r4(self) -> int:
        changed = 0
        for a, b, c in self.triples():
            if not (self.is_(a, c, "-", ">") and self.is_(b, a, "*", ">")):
                continue
            for d in self.discriminating([a, b], c):
                if not self.is_(b, c, "o", "*"):
                    break
                if b in self.separating(d, c):
                    changed += self.set(c, b, "-", "R4") + self.set(b, c, ">", "R4")
                else:
                    changed += self.set(a, b, ">", "R4") + self.set(c, b, ">", "R4")
                    changed += self.set(b, c, ">", "R4")
        return changed

    def uncovered(self, path: list[str], end: str, at: tuple[str, str]) -> Iterator[list[str]]:
        """Paths to `end` whose consecutive triples are unshielded, edges with some marks only."""
        if path[-1] == end:
            yield path
            return
        for v in around(self.marks, path[-1]):
            unshielded = len(path) < 2 or self.apart(path[-2], v)
            if v not in path and unshielded and self.is_(path[-1], v, *at):
                yield from self.uncovered([*path, v], end, at)

    def r5(self) -> None:
        found = []
        for a, b in self.marks:
            if self.is_(a, b, "o", "o"):
                for path in self.uncovered([a], b, ("o", "o")):
                    if len(path) > 3 and self.apart(a, path[-2]) and self.apart(b, path[1]):
                        found += [(a, b), *itertools.pairwise(path)]
        for a, b in found:
            self.set(a, b, "-", "R5")
            self.set(b, a, "-", "R5")

    def r6(self) -> int:
        return sum(
            self.set(c, b, "-", "R6")
            for a, b, c in self.triples()
            if self.is_(a, b, "-", "-") and self.is_(b, c, "o", "*")
        )

    def r7(self) -> int:
        return sum(
            self.set(c, b, "-", "R7")
            for a, b, c in self.triples()
            if self.apart(a, c) and self.is_(a, b, "-", "o") and self.is_(b, c, "o", "*")
        )

    def r8(self) -> int:
        return sum(
            self.set(c, a, "-", "R8")
            for a, b, c in self.triples()
            if self.is_(a, c, "o", ">") and self.is_(a, b, "-", ">o") and self.is_(b, c, "-", ">")
        )

    def r9(self) -> int:
        return sum(
            self.set(c, a, "-", "R9")
            for a, c in self.marks
            if self.is_(a, c, "o", ">")
            and any(
                len(path) > 3 and self.apart(c, path[1])
                for path in self.uncovered([a], c, ("-o", ">o"))
            )
        )

    def r10(self) -> int:
        changed = 0
        for a, c in self.marks:
            if not self.is_(a, c, "o", ">"):
                continue
            parents = [b for b in around(self.marks, c) if b != a and self.is_(b, c, "-", ">")]
            firsts = {
                b: {path[1] for path in self.uncovered([a], b, ("-o", ">o")) if c not in path}
                for b in parents
            }
            if any(
                self.apart(m, w)
                for b, d in itertools.permutations(parents, 2)
                for m in firsts[b]
                for w in firsts[d]
            ):
                changed += self.set(c, a, "-", "R10")
        return changed
