r"""A chordal graph that grows by one edge at a time, and which edges would keep it chordal.

Two columns a and b that are not adjacent may be joined, and the graph stays chordal, exactly when
their common neighbours separate them (in terms of the clique graph: a and b are in cliques that
are adjacent there, Deshpande, Garofalakis and Jordan 2001). The common neighbours S_ab are then the
only minimal separator, and complete.

After an edge ab with separator S has been added, no other pair changes than these:

- u and v that S separated, both adjacent to all of S, u on the side of a and v on that of b, are
  no longer separated by their common neighbours;
- a and a neighbour v of b have b as one more common neighbour, and so have b and a neighbour of a.
  They may be joined if v is adjacent to all of S, since ab is then the only way from one to the
  other that S and b leave; or else if b and the neighbours of v in S separate v from any other
  column of S. That pair was looked at before.

An edge may be taken out, and the graph stays chordal, exactly when it is in one clique only, which
is when the common neighbours of its ends are complete. What changes then is the same, reversed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from mistruct._typing import Positions

#: In `ChordalGraph.sizes`: these two are adjacent, or must not be joined as things are.
CLOSED = -1


class Opened(NamedTuple):
    """A pair that may be joined now, and what separates the two."""

    x: int
    y: int
    separator: tuple[int, ...]


class ChordalGraph:
    """Columns by position, and the chordal graph over them; without an edge at first.

    Attributes
    ----------
    neighbours : list of set of int
    sizes : ndarray of int, shape (n, n)
        How many columns separate two that may be joined, otherwise CLOSED.
    """

    def __init__(self, n: int) -> None:
        self.neighbours: list[set[int]] = [set() for _ in range(n)]
        self.sizes = np.zeros((n, n), dtype=np.int16)
        np.fill_diagonal(self.sizes, CLOSED)

    def separator(self, a: int, b: int) -> tuple[int, ...]:
        """The common neighbours of two columns."""
        return tuple(sorted(self.neighbours[a] & self.neighbours[b]))

    def edges(self) -> list[tuple[int, int]]:
        """All edges, in order."""
        return [(a, b) for a, near in enumerate(self.neighbours) for b in sorted(near) if a < b]

    def add(self, a: int, b: int) -> tuple[Positions, Positions, list[Opened]]:
        """Join two columns that may be joined.

        Returns
        -------
        near_a, near_b : ndarray of int
            No column of the one may be joined with one of the other any more,
        opened : list of Opened
            but for these.
        """
        separator = self.neighbours[a] & self.neighbours[b]
        near_a, near_b = (self._beside(c, separator) for c in (a, b))
        self.sizes[np.ix_(near_a, near_b)] = CLOSED
        self.sizes[np.ix_(near_b, near_a)] = CLOSED
        opened = sorted((*self._opened(a, b, separator), *self._opened(b, a, separator)))
        for x, y, between in opened:
            self.sizes[x, y] = self.sizes[y, x] = len(between)
        self.neighbours[a].add(b)
        self.neighbours[b].add(a)
        return near_a, near_b, opened

    def removable(self, a: int, b: int) -> bool:
        """Whether the graph stays chordal without an edge."""
        separator = self.neighbours[a] & self.neighbours[b]
        return all(separator - {s} <= self.neighbours[s] for s in separator)

    def remove(self, a: int, b: int) -> tuple[Positions, Positions, list[tuple[int, int]]]:
        """Take out an edge that is removable.

        Returns
        -------
        near_a, near_b : ndarray of int
            Each column of the one may be joined with each of the other now, and the common
            neighbours of a and b separate them.
        closed : list of pairs of int
            Must not be joined any more.
        """
        separator = self.neighbours[a] & self.neighbours[b]
        self.neighbours[a].discard(b)
        self.neighbours[b].discard(a)
        closed = [
            (min(c, v), max(c, v))
            for c, d in ((a, b), (b, a))
            for v in self.neighbours[d] - separator
            if not separator <= self.neighbours[v]
        ]
        for x, y in closed:
            self.sizes[x, y] = self.sizes[y, x] = CLOSED
        near_a, near_b = (self._on_the_side(c, separator) for c in (a, b))
        self.sizes[np.ix_(near_a, near_b)] = len(separator)
        self.sizes[np.ix_(near_b, near_a)] = len(separator)
        return near_a, near_b, closed

    def _on_the_side(self, c: int, separator: set[int]) -> Positions:
        """The columns on the side of c of a separator that are adjacent to all of it, and c."""
        reached, left = {c}, [c]
        while left:
            found = self.neighbours[left.pop()] - reached - separator
            reached |= found
            left.extend(found)
        for s in separator:
            reached &= self.neighbours[s]
        return np.array(sorted(reached), dtype=np.int64)

    def _beside(self, c: int, separator: set[int]) -> Positions:
        """The columns on the side of c that are adjacent to all of a separator, and c."""
        if separator:
            adjacent = set.intersection(*(self.neighbours[s] for s in separator))
            around = np.array(sorted(adjacent), dtype=np.int64)
        else:
            around = np.arange(len(self.sizes))
        # Those on another side may be joined with c, as exactly the separator is between them.
        return np.asarray(around[self.sizes[around, c] != len(separator)])

    def _opened(self, a: int, b: int, separator: set[int]) -> Iterator[Opened]:
        """The neighbours of b that a may be joined with, once a and b are joined."""
        for v in self.neighbours[b] - separator:
            between = {b, *(separator & self.neighbours[v])}
            beyond = next(iter(separator - self.neighbours[v]), None)
            if beyond is None or self.sizes[v, beyond] == len(between):
                yield Opened(min(a, v), max(a, v), tuple(sorted(between)))
