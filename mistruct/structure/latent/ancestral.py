r"""Maximal ancestral graphs, and the partial ancestral graph of each.

A graph over the columns that says what a DAG with hidden columns implies: :math:`x \to y` where x
is a cause of y, and :math:`x \leftrightarrow y` where neither is one of the other and both have a
hidden cause (Richardson and Spirtes 2002). It is ancestral if no arrows lead around and none lead
from x to y beside :math:`x \leftrightarrow y`, and maximal if some set separates each pair without
an edge. What no set separates is joined by an inducing path: each column on it is a collider, and a
cause of one of its ends.

Graphs that imply the same independences have the same partial ancestral graph, which the rules of
:mod:`.orient_pag` find from any of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from mistruct.structure.causal.skeleton import Adjacency
from mistruct.structure.knowledge import Constraints
from mistruct.structure.latent.orient_pag import MarkedGraph, orient_pag
from mistruct.structure.latent.zhang_rules import End, Path

Corner = tuple[int, int, int]


@dataclass(eq=False)
class AncestralGraph:
    """A graph whose edges are arrows or join two effects of a hidden cause.

    Attributes
    ----------
    around : list of list of int
        The neighbours of each column, in order.
    head : dict of (int, int) to bool
        Whether an arrowhead stands at v of the edge (u, v); else a tail. Changed in place.
    """

    around: Sequence[Sequence[int]]
    head: dict[End, bool]

    @classmethod
    def of_dag(cls, adjacent: Adjacency, arcs: Adjacency) -> AncestralGraph:
        """The edges of a DAG, with `arcs`, between pairs that are adjacent."""
        around = [np.flatnonzero(row).tolist() for row in adjacent]
        return cls(
            around, {(u, v): bool(arcs[u, v]) for u, near in enumerate(around) for v in near}
        )

    @property
    def is_legal(self) -> bool:
        """Whether the graph is ancestral and maximal."""
        above = self._above()
        return above is not None and self._is_ancestral(above) and self._is_maximal(above)

    def _above(self) -> list[int] | None:
        """The causes of each column and itself as bits of a number; None if arrows lead around."""
        n_left = [0] * len(self.around)
        effects: list[list[int]] = [[] for _ in self.around]
        for (u, v), head in self.head.items():
            if head and not self.head[v, u]:
                n_left[v] += 1
                effects[u].append(v)
        above = [1 << v for v in range(len(self.around))]
        ready = [v for v, n in enumerate(n_left) if not n]
        for u in ready:
            for v in effects[u]:
                above[v] |= above[u]
                n_left[v] -= 1
                if not n_left[v]:
                    ready.append(v)
        return above if len(ready) == len(above) else None

    def _siblings(self) -> dict[int, list[int]]:
        """The columns with edges <->, each with those at the other end."""
        found: dict[int, list[int]] = {}
        for (u, v), head in self.head.items():
            if head and self.head[v, u]:
                found.setdefault(u, []).append(v)
        return found

    def _is_ancestral(self, above: Sequence[int]) -> bool:
        return not any(above[u] >> v & 1 for u, near in self._siblings().items() for v in near)

    def _is_maximal(self, above: Sequence[int]) -> bool:
        siblings = self._siblings()
        ends = sorted({u for v in siblings for u in self.around[v] if self.head[u, v]})
        return not any(
            self._has_inducing_path(x, y, above[x] | above[y], siblings)
            for x, y in combinations(ends, 2)
            if (x, y) not in self.head
        )

    def _has_inducing_path(
        self, x: int, y: int, causes: int, siblings: Mapping[int, Sequence[int]]
    ) -> bool:
        queue = [v for v in self.around[x] if self.head[x, v] and causes >> v & 1]
        seen = set(queue)
        for v in queue:
            if self.head.get((y, v)):
                return True
            for w in siblings.get(v, ()):
                if causes >> w & 1 and w not in seen and w not in (x, y):
                    seen.add(w)
                    queue.append(w)
        return False

    def is_collider(self, corner: Corner) -> bool:
        """Whether both edges of a triple have an arrowhead at its middle."""
        x, z, y = corner
        return self.head[x, z] and self.head[y, z]

    def pag(self, corners: Iterable[Corner], constraints: Constraints) -> MarkedGraph:
        """The marks that all graphs with the same independences share, `corners` its triples."""
        adjacent = np.zeros((len(self.around),) * 2, dtype=bool)
        adjacent[tuple(np.array([*self.head], dtype=np.int64).reshape(-1, 2).T)] = True
        colliders = [c for c in corners if self.is_collider(c)]
        others = [c for c in corners if not self.is_collider(c)]

        def at_its_end(path: Path) -> bool:
            *_, a, b, c = path.columns
            return self.is_collider((a, b, c))

        marked = orient_pag(adjacent, colliders, others, at_its_end, constraints, False)
        if marked is None:
            raise AssertionError("nothing removes edges on the way")
        return marked


def moves(graph: AncestralGraph, ends: Sequence[End], constraints: Constraints) -> Iterator[
    dict[End, bool]
]:  # fmt: skip
    """The ways to set the marks of one edge, or of two at once, that are known to be possible."""
    options: list[dict[End, bool]] = [{}]
    for u, v in ends:
        states = [
            {(u, v): at_v, (v, u): at_u}
            for at_u, at_v in ((False, True), (True, False), (True, True))
            if _is_possible(constraints, u, v, at_u, at_v)
        ]
        options = [before | state for before in options for state in states]
    for option in options:
        if any(graph.head[end] != mark for end, mark in option.items()):
            yield option


def _is_possible(known: Constraints, u: int, v: int, at_u: bool, at_v: bool) -> bool:
    """Whether u is a cause of v where it may be one, and where it must."""
    return all(
        known.possible[a, b] if not at_a else not known.required[a, b]
        for a, b, at_a in ((u, v, at_u), (v, u, at_v))
    )
