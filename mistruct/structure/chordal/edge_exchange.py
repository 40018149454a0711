"""Exchange of edges: one is given up for others that become possible, as long as that is better.

Forward selection never takes an edge back. So where the strongest edges come first, as between
columns that are nearly functions of one another, later ones may find no place. Each edge that is in
one clique only is taken out in turn, others are added in its place, and what has come about is kept
if its score is higher. Moves by one edge lead from every chordal graph to every other (Frydenberg
and Lauritzen 1989; Giudici and Green 1999).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from mistruct._typing import Floats, Positions
from mistruct.independence.protocol import Ragged
from mistruct.structure.chordal.criteria import Criterion
from mistruct.structure.chordal.forward import ForwardSelection
from mistruct.structure.chordal.separators import Opened
from mistruct.structure.knowledge import Constraints

# Nats that are no rounding error.
_LEAST = 1e-6
# The key of an edge that is there without being worth it.
_LOWEST = -1e300


class Remembered(Criterion):
    """A criterion that looks at no pair twice."""

    def __init__(self, criterion: Criterion) -> None:
        self._criterion = criterion
        self._keys: dict[tuple[int, int, tuple[int, ...]], float] = {}
        self._of_pairs: Floats | None = None

    def keys_of_pairs(self) -> Floats:
        """The keys of all pairs without a separator, as a new array."""
        if self._of_pairs is None:
            self._of_pairs = self._criterion.keys_of_pairs()
        return self._of_pairs.copy()

    def keys(self, pairs: Positions, separators: Ragged) -> Floats:
        """The keys of some pairs."""
        asked = [(x, y, tuple(separators[k])) for k, (x, y) in enumerate(pairs.tolist())]
        new = [k for k, one in enumerate(asked) if one not in self._keys]
        if new:
            found = self._criterion.keys(pairs[new], Ragged.of([asked[k][2] for k in new]))
            self._keys.update(zip((asked[k] for k in new), found.tolist(), strict=True))
        return np.array([self._keys[one] for one in asked])

    def accepts(self, key: float, n_candidates: int) -> bool:
        """Whether the best of so many candidates becomes an edge."""
        return self._criterion.accepts(key, n_candidates)


class _Anyway(Criterion):
    """Accepts every edge."""

    def __init__(self, criterion: Criterion) -> None:
        self._criterion = criterion

    def keys_of_pairs(self) -> Floats:
        return np.maximum(self._criterion.keys_of_pairs(), _LOWEST)

    def keys(self, pairs: Positions, separators: Ragged) -> Floats:
        return np.maximum(self._criterion.keys(pairs, separators), _LOWEST)

    def accepts(self, key: float, n_candidates: int) -> bool:
        return True


def exchange(search: ForwardSelection) -> None:
    """Exchange edges of a search that has come to its end, until none is worth it.

    Edges are tried in the order of their columns, and again if something has changed beside them.
    Where entries are missing, each key is that of other rows, so changes can gain in a circle: a
    graph that has been there is not entered again.
    """
    required = {(x, y) for x, y in search.required}
    _Trial(search, required).prune(search.graph.edges())
    waiting = search.graph.edges()
    now, seen = 0, {0}
    while waiting:
        changed: set[tuple[int, int]] = set()
        for x, y in waiting:
            joined = y in search.graph.neighbours[x]
            if joined and (x, y) not in required and search.graph.removable(x, y):
                trial = _Trial(search, required)
                trial.without(x, y)
                after = now ^ trial.difference
                if trial.gained > _LEAST and after not in seen:
                    now = after
                    seen.add(after)
                    changed.update(trial.touched())
                else:
                    trial.undo()
        waiting = sorted(changed)


class _Trial:
    """Changes of a graph that can be undone.

    Attributes
    ----------
    gained : float
        By all of them, in nats.
    difference : int
        A hash of the edges in which the graph differs from what it was; 0 if there are none.
    """

    def __init__(self, search: ForwardSelection, required: set[tuple[int, int]]) -> None:
        self._search = search
        self._required = required
        self._steps: list[tuple[bool, int, int]] = []  # whether the edge was added
        self.gained = 0.0
        self.difference = 0

    def without(self, x: int, y: int) -> None:
        """Take an edge out, and do without it what is best."""
        search = self._search
        search.barred = (x, y)
        self._remove(x, y)
        self._extend()
        search.barred = None
        if search.graph.sizes[x, y] >= 0:
            search.offer([Opened(x, y, search.graph.separator(x, y))])
            self._extend()
        self.prune(self.touched())

    def prune(self, edges: Iterable[tuple[int, int]]) -> None:
        """Take out those of some edges that cost more than they bring, and go on from there."""
        search = self._search
        seen = {self.difference}
        while True:
            left = [
                (search.key(x, y), x, y)
                for x, y in edges
                if (x, y) not in self._required and search.graph.removable(x, y)
            ]
            worst, x, y = min(left, default=(0.0, 0, 0))
            if worst > -_LEAST:
                return
            self._remove(x, y)
            self._extend()
            if self.difference in seen:
                return
            seen.add(self.difference)
            edges = self.touched()

    def undo(self) -> None:
        """Undo all changes, the last one first."""
        for added, x, y in reversed(self._steps):
            (self._search.remove if added else self._search.add)(x, y)
        self._search.added.clear()

    def _extend(self) -> None:
        self._search.added.clear()
        self.gained += self._search.run()
        for one in self._search.added:
            self._record(True, one.x, one.y)

    def _remove(self, x: int, y: int) -> None:
        self.gained -= self._search.key(x, y)
        self._search.remove(x, y)
        self._record(False, x, y)

    def _record(self, added: bool, x: int, y: int) -> None:
        self._steps.append((added, x, y))
        self.difference ^= hash((x, y))

    def touched(self) -> list[tuple[int, int]]:
        """The edges whose separators may have changed."""
        neighbours = self._search.graph.neighbours
        ends = {c for step in self._steps for c in step[1:]}
        return sorted({(min(c, v), max(c, v)) for c in ends for v in neighbours[c]})


def in_order(names: Sequence[str], criterion: Criterion, search: ForwardSelection) -> list[Opened]:
    """The edges of a search in an order in which each keeps the graph chordal, the best first."""
    possible, required = np.zeros((2, len(names), len(names)), dtype=bool)
    for of_edges, edges in ((possible, search.graph.edges()), (required, search.required)):
        of_edges[tuple(np.array(edges, dtype=np.int64).reshape(-1, 2).T)] = True
    again = ForwardSelection(names, _Anyway(criterion), Constraints(possible, required), None)
    again.run()
    return again.added
