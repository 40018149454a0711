"""Forward selection: the best edge that keeps the graph chordal, again and again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import networkx as nx
import numpy as np

from mistruct._typing import Floats
from mistruct.errors import ParameterError
from mistruct.independence.protocol import Ragged
from mistruct.structure.chordal.criteria import Criterion
from mistruct.structure.chordal.edge_queue import EdgeQueue
from mistruct.structure.chordal.separators import ChordalGraph, Opened
from mistruct.structure.knowledge import Constraints


class ForwardSelection:
    """A chordal graph and the edges that could be added to it.

    Attributes
    ----------
    graph : ChordalGraph
    added : list of Opened
        The edges in the order in which they were added, with what separated the two then.
    queue : EdgeQueue
        The candidates.
    required : list of pairs of int
        The edges that knowledge requires.
    barred : pair of int, optional
        Is no candidate for now.
    """

    def __init__(
        self,
        names: Sequence[str],
        criterion: Criterion,
        constraints: Constraints | None,
        max_clique: int | None,
    ) -> None:
        self._names = names
        self._criterion = criterion
        self._excluded = None if constraints is None else constraints.excluded
        self._most = len(names) if max_clique is None else max_clique
        self.graph = ChordalGraph(len(names))
        self.added: list[Opened] = []
        self.queue = EdgeQueue(self._keys_of_pairs())
        self._apart: Floats | None = None  # keys of pairs without a separator, once asked for
        self._room = self._most
        self.barred: tuple[int, int] | None = None
        self.required: list[list[int]] = []
        if constraints is not None:
            self.required = np.argwhere(np.triu(constraints.kept)).tolist()
            self._require(self.required)

    def _keys_of_pairs(self) -> Floats:
        keys = self._criterion.keys_of_pairs()
        if self._excluded is not None:
            keys[self._excluded] = -np.inf
        return keys

    def run(self, room: int | None = None) -> float:
        """Add edges while the criterion accepts the best; returns the sum of their keys.

        Cliques have at most `room` columns.
        """
        room = self._most if room is None else min(room, self._most)
        if room > self._room:
            sizes = self.graph.sizes  # of separators, two less than those of cliques
            pairs = np.argwhere(np.triu((sizes >= self._room - 1) & (sizes <= room - 2))).tolist()
            self._room = room
            self.offer(Opened(x, y, self.graph.separator(x, y)) for x, y in pairs)
        self._room = room
        total = 0.0
        while True:
            x, y, key = self.queue.best()
            if key == -np.inf or not self._criterion.accepts(key, self.queue.n_open):
                return total
            self.add(x, y)
            total += key

    def add(self, x: int, y: int) -> None:
        """Add an edge that keeps the graph chordal."""
        self.added.append(Opened(x, y, self.graph.separator(x, y)))
        near_x, near_y, opened = self.graph.add(x, y)
        self.queue.drop(near_x, near_y)
        self.offer(opened)

    def key(self, x: int, y: int) -> float:
        """The key of an edge, given what would separate its ends without it."""
        separators = Ragged.of([self.graph.separator(x, y)])
        return float(self._criterion.keys(np.array([[x, y]]), separators)[0])

    def remove(self, x: int, y: int) -> None:
        """Take out an edge that is removable; `added` still has it."""
        separator = self.graph.separator(x, y)
        near_x, near_y, closed = self.graph.remove(x, y)
        for a, b in closed:
            self.queue.drop(np.array([a]), np.array([b]))
        if separator:
            pairs = [(min(a, b), max(a, b)) for a in near_x.tolist() for b in near_y.tolist()]
            self.offer(Opened(*pair, separator) for pair in pairs)
            return
        if self._apart is None:
            self._apart = self._keys_of_pairs()
        self.queue.put_block(near_x, near_y, self._apart)
        if self.barred is not None:
            self.queue.drop(*np.array(self.barred)[:, np.newaxis])

    def offer(self, opened: Iterable[Opened]) -> None:
        """Let those pairs that are allowed be candidates."""
        allowed = [
            one
            for one in opened
            if len(one.separator) + 2 <= self._room
            and one[:2] != self.barred
            and (self._excluded is None or not self._excluded[one.x, one.y])
        ]
        if allowed:
            pairs = np.array([one[:2] for one in allowed], dtype=np.int64)
            separators = Ragged.of([one.separator for one in allowed])
            self.queue.put(pairs, self._criterion.keys(pairs, separators))

    def _require(self, pairs: list[list[int]]) -> None:
        """Add the edges that knowledge requires, in an order that keeps the graph chordal.

        Between two chordal graphs, one within the other, there always is such an order (Frydenberg
        and Lauritzen 1989).
        """
        self._refuse_holes(pairs)
        self._room = 2  # their candidates are scored when all are there
        left = pairs
        while left:
            x, y = next(p for p in left if self.graph.sizes[p[0], p[1]] >= 0)
            if len(self.graph.separator(x, y)) + 2 > self._most:
                clique = [self._names[c] for c in (x, y, *self.graph.separator(x, y))]
                raise ParameterError(
                    f"max_clique: knowledge requires all edges among {sorted(clique)}, which is a "
                    f"clique of {len(clique)}; got max_clique={self._most}"
                )
            self.add(x, y)
            left = [p for p in left if p != [x, y]]

    def _refuse_holes(self, pairs: list[list[int]]) -> None:
        required = nx.Graph(pairs)
        if nx.is_chordal(required):
            return
        whole, _ = nx.complete_to_chordal_graph(required)
        x, y = min(tuple(sorted(e)) for e in whole.edges if not required.has_edge(*e))
        raise ParameterError(
            "knowledge: the required edges have a cycle of four or more columns without a chord, "
            "which no chordal network has; require a chord as well, such as "
            f"({self._names[x]!r}, {self._names[y]!r})"
        )
