"""Records of a search for the skeleton: its tests, its edges and their evidence."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Floats, Positions
from mistruct.independence.protocol import Given, TestBatch
from mistruct.structure.causal.determinism import Lean, Pair

Adjacency = NDArray[np.bool_]

# Why a pair is no longer adjacent; "" while it is.
INDEPENDENT, DETERMINED, UNTESTABLE, FORBIDDEN, FDR, CORRECTION, SCORE = (
    "independent",
    "determined",
    "untestable",
    "forbidden",
    "fdr",
    "correction",
    "score",
)


@dataclass(frozen=True, eq=False)
class Round:
    """Tests at one depth, for each pair adjacent at its beginning.

    Attributes
    ----------
    depth : int
    pairs : ndarray of int, shape (n_pairs, 2)
    tests : TestBatch
        The test with the largest p-value of each pair at this depth.
    sets : ndarray of int, shape (n_pairs, size)
        Its conditioning set, or the one that determines; -1 after the end of a smaller one.
    n_tests : ndarray of int, shape (n_pairs,)
    rule : ndarray of str, shape (n_pairs,)
        Why the pair was removed, or "".
    relevance : ndarray of float, shape (n_pairs,)
        Where the rule is DETERMINED, the p-value on which that was believed.
    leans : dict of (int, int) to tuple of Lean
        The edges on which the separation of each DETERMINED pair leans.
    """

    depth: int
    pairs: Positions
    tests: TestBatch
    sets: Positions
    n_tests: Positions
    rule: NDArray[np.str_]
    relevance: Floats
    leans: dict[Pair, tuple[Lean, ...]]


@dataclass(frozen=True, eq=False)
class Edges:
    """Remaining pairs, with the test that came closest to separating each.

    Attributes
    ----------
    pairs : ndarray of int, shape (n_edges, 2)
    mi : ndarray of float, shape (n_edges,)
        I(x; y) without conditioning.
    bias : ndarray of float, shape (n_edges,)
        What `mi` is expected to be above the truth.
    tests : TestBatch
    sets : ndarray of int, shape (n_edges, size)
        As in `Round`.
    n_tests : ndarray of int, shape (n_edges,)
    """

    pairs: Positions
    mi: Floats
    bias: Floats
    tests: TestBatch
    sets: Positions
    n_tests: Positions

    @classmethod
    def of(cls, found: Round) -> Edges:
        """The pairs of the round without conditioning, all of them."""
        tests = found.tests
        return cls(found.pairs, tests.mi, tests.bias, tests, found.sets, found.n_tests)

    def take(self, chosen: NDArray[Any]) -> Edges:
        """Select the edges at some positions, or where a mask is True."""
        return Edges(
            self.pairs[chosen],
            self.mi[chosen],
            self.bias[chosen],
            self.tests.take(chosen),
            self.sets[chosen],
            self.n_tests[chosen],
        )

    @classmethod
    def concatenate(cls, parts: Sequence[Edges]) -> Edges:
        """Concatenate edges, in the order of their columns."""
        pairs = np.concatenate([part.pairs for part in parts])
        order = np.lexsort(pairs.T[::-1])
        ends = np.cumsum([0, *(len(part.pairs) for part in parts)])
        spans = [np.arange(*span) for span in pairwise(ends)]
        size = max(part.sets.shape[1] for part in parts)
        return cls(
            pairs,
            np.concatenate([part.mi for part in parts]),
            np.concatenate([part.bias for part in parts]),
            TestBatch.join(list(zip(spans, (part.tests for part in parts), strict=True))),
            np.concatenate([_filled_up(part.sets, size) for part in parts]),
            np.concatenate([part.n_tests for part in parts]),
        ).take(order)

    def updated(self, found: Round) -> Edges:
        """Update the edges after a further round, whose pairs were these edges."""
        larger = ~(found.tests.p_value <= self.tests.p_value) & found.tests.testable
        here, there = np.flatnonzero(~larger), np.flatnonzero(larger)
        size = max(self.sets.shape[1], found.sets.shape[1])
        sets = _filled_up(self.sets, size)
        sets[there] = _filled_up(found.sets, size)[there]
        return replace(
            self,
            tests=TestBatch.join([(here, self.tests.take(here)), (there, found.tests.take(there))]),
            sets=sets,
            n_tests=self.n_tests + found.n_tests,
        )


@dataclass(frozen=True, eq=False)
class Skeleton:
    """Skeleton, with all evidence from the search.

    Attributes
    ----------
    n_variables : int
    edges : Edges
    rounds : tuple of Round
    groups : dict of tuple of int to set of (int, int)
        Groups of columns that determine each other, and the edges that were found for each as one
        column only.
    """

    n_variables: int
    edges: Edges
    rounds: tuple[Round, ...]
    groups: Mapping[Given, set[Pair]] = field(default_factory=dict)

    @property
    def adjacent(self) -> Adjacency:
        """Adjacency matrix, symmetric, shape (n_variables, n_variables)."""
        return adjacency(self.n_variables, self.edges.pairs)

    @property
    def depth(self) -> int:
        """Size of the largest sets that were tried."""
        return max(found.depth for found in self.rounds)

    def with_leaned_on(self, removed: Edges) -> Skeleton:
        """Restore edges removed by a shadow, if a determined pair depends on them."""
        back = {
            lean.edge
            for found in self.rounds
            for leans in found.leans.values()
            for lean in leans
            if removed_with(self.rounds, INDEPENDENT, lean)
        }
        if not back:
            return self
        places = [k for k, pair in enumerate(map(tuple, removed.pairs.tolist())) if pair in back]
        return self.with_edges(Edges.concatenate([self.edges, removed.take(np.array(places))]))

    def with_edges(self, edges: Edges) -> Skeleton:
        """Add edges, and delete their removal from the rounds."""
        adjacent = adjacency(self.n_variables, edges.pairs)
        rounds = tuple(
            replace(found, rule=np.where(adjacent[tuple(found.pairs.T)], "", found.rule))
            for found in self.rounds
        )
        return replace(self, edges=edges, rounds=rounds)

    def separating_sets(
        self, among: Collection[tuple[int, int]] | None = None
    ) -> dict[tuple[int, int], Given]:
        """Separating set of each pair (a < b) that a test, or determinism, removed.

        Of all pairs, or of those in `among`.
        """
        if among is not None:
            asked = adjacency(self.n_variables, np.array([*among], dtype=np.int64).reshape(-1, 2))
        chosen: dict[tuple[int, int], Given] = {}
        for found in self.rounds:
            removed = (found.rule == INDEPENDENT) | (found.rule == DETERMINED) | (found.rule == FDR)
            if among is not None:
                removed &= asked[tuple(found.pairs.T)]
            places = np.flatnonzero(removed)
            pairs = map(tuple, found.pairs[places].tolist())
            chosen.update(zip(pairs, as_given(found.sets[places]), strict=True))
        return chosen


def removed_with(rounds: Sequence[Round], rule: str, lean: Lean) -> bool:
    """Whether a protected edge was removed by the given rule with the shadow in its set."""
    x, y = lean.edge
    return any(
        lean.shadow in found.sets[k]
        for found in rounds
        for k in np.flatnonzero((found.pairs[:, 0] == x) & (found.pairs[:, 1] == y))
        if found.rule[k] == rule
    )


def as_given(sets: Positions) -> list[Given]:
    """Sets of a `Round` or of `Edges` as tuples, without padding."""
    return [tuple(c for c in given if c >= 0) for given in sets.tolist()]


def as_array(sets: Sequence[Given]) -> Positions:
    """Pad tuples to the sets of a `Round` or of `Edges`."""
    size = max(map(len, sets), default=0)
    filled = [(*given, *[-1] * (size - len(given))) for given in sets]
    return np.array(filled, dtype=np.int64).reshape(len(sets), size)


def _filled_up(sets: Positions, size: int) -> Positions:
    """Copy the sets of a `Round` or of `Edges`, padded to more columns."""
    filled = np.full((len(sets), size), -1, dtype=np.int64)
    filled[:, : sets.shape[1]] = sets
    return filled


def adjacency(n_variables: int, pairs: Positions) -> Adjacency:
    """Adjacency matrix of pairs, symmetric."""
    adjacent = np.zeros((n_variables, n_variables), dtype=bool)
    adjacent[pairs[:, 0], pairs[:, 1]] = adjacent[pairs[:, 1], pairs[:, 0]] = True
    return adjacent
