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

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Positions
from mistruct.independence.protocol import Ragged
from mistruct.kernels.graphs.ancestral_graphs import Neighbours, is_maximal_ancestral
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

    @cached_property
    def joined(self) -> Neighbours:
        """The neighbours of all columns, for kernels."""
        around = Ragged.of(self.around)
        return Neighbours(around.flat, around.starts)

    @property
    def heads(self) -> NDArray[np.bool_]:
        """The arrowheads as a matrix, shape (n_variables, n_variables)."""
        heads = np.zeros((len(self.around),) * 2, dtype=bool)
        heads[tuple(self._ends.T)] = [*self.head.values()]
        return heads

    @cached_property
    def _ends(self) -> Positions:
        return np.array([*self.head], dtype=np.int64).reshape(-1, 2)

    @property
    def is_legal(self) -> bool:
        """Whether the graph is ancestral and maximal."""
        return bool(is_maximal_ancestral(self.joined, self.heads))

    def is_collider(self, corner: Corner) -> bool:
        """Whether both edges of a triple have an arrowhead at its middle."""
        x, z, y = corner
        return self.head[x, z] and self.head[y, z]

    def pag(self, corners: Iterable[Corner], constraints: Constraints) -> MarkedGraph:
        """The marks that all graphs with the same independences share, `corners` its triples."""
        adjacent = np.zeros((len(self.around),) * 2, dtype=bool)
        adjacent[tuple(self._ends.T)] = True
        colliders = [c for c in corners if self.is_collider(c)]
        others = [c for c in corners if not self.is_collider(c)]

        def at_its_end(path: Path) -> bool:
            *_, a, b, c = path.columns
            return self.is_collider((a, b, c))

        marked = orient_pag(adjacent, colliders, others, at_its_end, constraints, False)
        if marked is None:
            raise AssertionError("nothing removes edges on the way")
        return marked


def states(constraints: Constraints, u: int, v: int) -> list[tuple[bool, bool]]:
    """The marks at u and v of an edge, True for an arrowhead, that are known to be possible."""
    return [
        (at_u, at_v)
        for at_u, at_v in ((False, True), (True, False), (True, True))
        if _is_possible(constraints, u, v, at_u, at_v)
    ]


def moves(graph: AncestralGraph, ends: Sequence[End], constraints: Constraints) -> Iterator[
    dict[End, bool]
]:  # fmt: skip
    """The ways to set the marks of one edge, or of two at once, that are known to be possible."""
    options: list[dict[End, bool]] = [{}]
    for u, v in ends:
        possible = [{(u, v): at_v, (v, u): at_u} for at_u, at_v in states(constraints, u, v)]
        options = [before | state for before in options for state in possible]
    for option in options:
        if any(graph.head[end] != mark for end, mark in option.items()):
            yield option


def _is_possible(known: Constraints, u: int, v: int, at_u: bool, at_v: bool) -> bool:
    """Whether u is a cause of v where it may be one, and where it must."""
    return all(
        known.possible[a, b] if not at_a else not known.required[a, b]
        for a, b, at_a in ((u, v, at_u), (v, u, at_v))
    )
