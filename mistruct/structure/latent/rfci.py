"""RFCI: marks that hold though not all edges were asked for sets beyond neighbours.

Without that search some edges may be left that a larger set would remove, and then a v-structure or
a discriminating path may rest on one of them. Colombo, Maathuis, Kalisch and Richardson (2012) test
what a mark rests on instead: in an unshielded triple x - z - y both edges must still depend given
the set that separates x and y (lemma 3.1), and along a discriminating path each edge given any part
of that set (lemma 3.2). An edge that does not is removed, and the marks begin anew. The marks are
then as true as those of FCI, but there may be fewer, and more edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.independence.base import IndependenceTest
from mistruct.independence.protocol import Given, Ragged, Separations
from mistruct.structure.causal.skeleton import INDEPENDENT, Adjacency, Round, Skeleton, adjacency
from mistruct.structure.causal.v_structures import middles_of
from mistruct.structure.latent.zhang_rules import End, Path


@dataclass(eq=False)
class Doubts:
    """The tests that RFCI makes of a skeleton.

    Attributes
    ----------
    skeleton : Skeleton
        What is left.
    kept : ndarray of bool, shape (n_variables, n_variables)
        Pairs that stay adjacent whatever the data say.
    asked : set of (str, End, Given)
        What was tested before.
    """

    data: Dataset
    test: IndependenceTest
    alpha: float
    kept: Adjacency
    skeleton: Skeleton
    asked: set[tuple[str, End, Given]] = field(default_factory=set)

    def settle_triples(self) -> None:
        """Remove the edges of unshielded triples that the set of their ends separates."""
        removed = True
        while removed:
            middles = middles_of(self.skeleton.adjacent)
            sets = self.skeleton.separating_sets(among=middles)
            doubts = [
                ((min(end, z), max(end, z)), tuple(sorted(set(sets[pair]) - {z, *pair})))
                for pair, between in middles.items()
                for z in between
                for end in pair
                if pair in sets
            ]
            weak = []
            new = self._new("triple", doubts)
            if new:
                tests = self.test.test_each(
                    self.data,
                    np.array([edge for edge, _ in new], dtype=np.int64),
                    Ragged.of([z for _, z in new]),
                    self.alpha,
                )
                weak = [new[k] for k in np.flatnonzero(tests.p_value > self.alpha)]
            removed = self._remove(weak)

    def hold(self, paths: Sequence[Path]) -> bool:
        """Whether the edges of all discriminating paths depend; edges that do not are removed."""
        sets = self.skeleton.separating_sets()
        doubts = []
        for path in paths:
            *_, last = columns = path.columns
            ends = min(columns[0], last), max(columns[0], last)
            for edge in pairwise(columns):
                pair = min(edge), max(edge)
                doubts.append((pair, tuple(sorted(set(sets[ends]) - set(pair)))))
        return not self._remove(self._new("path", doubts))

    def _new(self, of: str, doubts: Iterable[tuple[End, Given]]) -> list[tuple[End, Given]]:
        """The edges with the sets that were not tested before, in order."""
        new = {(of, *d) for d in doubts if d[1] and not self.kept[d[0]]} - self.asked
        self.asked |= new
        return [(edge, z) for _, edge, z in sorted(new)]

    def _remove(self, doubts: Sequence[tuple[End, Given]]) -> bool:
        """Remove the edges that a part of their set separates, the smallest first."""
        left = list(doubts)
        before = self.skeleton
        for size in range(1, max((len(z) for _, z in left), default=0) + 1):
            left = [d for d in left if len(d[1]) >= size]
            found = self.test.separate(
                self.data,
                np.array([edge for edge, _ in left], dtype=np.int64),
                Ragged.of([z for _, z in left]),
                size,
                self.alpha,
            )
            apart: dict[End, int] = {}
            for k in np.flatnonzero(found.tests.p_value > self.alpha).tolist():
                apart.setdefault(left[k][0], k)
            left = [d for d in left if d[0] not in apart]
            if apart:
                self._record(
                    size, np.array(list(apart)), found.take(np.array(list(apart.values())))
                )
            if not left:
                break
        return self.skeleton is not before

    def _record(self, size: int, pairs: Positions, found: Separations) -> None:
        """Take out edges, each with the set that separated it."""
        edges = self.skeleton.edges
        gone = adjacency(self.skeleton.n_variables, pairs)[tuple(edges.pairs.T)]
        n = len(pairs)
        last = Round(
            depth=size,
            pairs=pairs,
            tests=found.tests,
            sets=found.sets,
            n_tests=found.n_tests,
            rule=np.full(n, INDEPENDENT, dtype="<U12"),
            relevance=np.full(n, np.nan),
            leans={},
        )
        self.skeleton = replace(
            self.skeleton, edges=edges.take(~gone), rounds=(*self.skeleton.rounds, last)
        )
