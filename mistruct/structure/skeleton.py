"""The search for the skeleton: which pairs no set of other columns separates.

Two columns are adjacent in a DAG exactly if nothing separates them, and if something does, then
the parents of one of the two do (Spirtes, Glymour and Scheines 2000). So start with all pairs,
and at depth d = 0, 1, 2, ... try for each adjacent pair the sets of d columns among the neighbours
of either. Neighbours are those at the beginning of a depth (Colombo and Maathuis 2014), so what is
removed does not depend on the order of pairs, and a depth is one batch of questions.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset
from mistruct.independence.batches import join_separations, join_tests, part
from mistruct.independence.protocol import (
    IndependenceTest,
    Positions,
    Ragged,
    Separations,
    TestBatch,
)
from mistruct.kernels.candidates import candidates_of_pairs
from mistruct.structure.batches import Given, separate
from mistruct.structure.determinism import Determinism, believe, corrected
from mistruct.structure.knowledge import Constraints

Floats = NDArray[np.float64]
Adjacency = NDArray[np.bool_]

# Why a pair is no longer adjacent; "" while it is.
INDEPENDENT, DETERMINED, UNTESTABLE, FORBIDDEN, FDR, CORRECTION = (
    "independent",
    "determined",
    "untestable",
    "forbidden",
    "fdr",
    "correction",
)


@dataclass(frozen=True, eq=False)
class Round:
    """What was asked at one depth, for each pair adjacent at its beginning.

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
    """

    depth: int
    pairs: Positions
    tests: TestBatch
    sets: Positions
    n_tests: Positions
    rule: NDArray[np.str_]
    relevance: Floats


@dataclass(frozen=True, eq=False)
class Edges:
    """The pairs that are left, with the test that came closest to separating each.

    Attributes
    ----------
    pairs : ndarray of int, shape (n_edges, 2)
    mi : ndarray of float, shape (n_edges,)
        I(x; y) without conditioning.
    tests : TestBatch
    sets : ndarray of int, shape (n_edges, size)
        As in `Round`.
    n_tests : ndarray of int, shape (n_edges,)
    """

    pairs: Positions
    mi: Floats
    tests: TestBatch
    sets: Positions
    n_tests: Positions

    def select(self, keep: NDArray[np.bool_]) -> Edges:
        """Some of the edges."""
        places = np.flatnonzero(keep)
        return Edges(
            self.pairs[keep],
            self.mi[keep],
            part(self.tests, places),
            self.sets[keep],
            self.n_tests[keep],
        )

    def updated(self, found: Round) -> Edges:
        """After one more round, which had these edges for its pairs."""
        larger = ~(found.tests.p_value <= self.tests.p_value) & found.tests.testable
        here, there = np.flatnonzero(~larger), np.flatnonzero(larger)
        # A round has the largest sets so far.
        sets = np.full_like(found.sets, -1)
        sets[:, : self.sets.shape[1]] = self.sets
        sets[there] = found.sets[there]
        return Edges(
            self.pairs,
            self.mi,
            join_tests([(here, part(self.tests, here)), (there, part(found.tests, there))]),
            sets,
            self.n_tests + found.n_tests,
        )


@dataclass(frozen=True, eq=False)
class Ties:
    """How strongly related columns are, for an order of candidates.

    Attributes
    ----------
    owner : ndarray of int, shape (2 n_edges,)
        The column that each tie is one of, ascending.
    related : Ragged
        The columns related to each one, in ascending order.
    strength : ndarray of float, shape (2 n_edges,)
        Of each of ``related.flat``.
    """

    owner: Positions
    related: Ragged
    strength: Floats


@dataclass(frozen=True, eq=False)
class Skeleton:
    """What is adjacent, and all that was found on the way.

    Attributes
    ----------
    n_variables : int
    edges : Edges
    rounds : tuple of Round
    """

    n_variables: int
    edges: Edges
    rounds: tuple[Round, ...]

    @property
    def adjacent(self) -> Adjacency:
        """Symmetric, shape (n_variables, n_variables)."""
        return adjacency(self.n_variables, self.edges.pairs)

    @property
    def depth(self) -> int:
        """The size of the largest sets that were tried."""
        return self.rounds[-1].depth

    def separating_sets(
        self, among: Collection[tuple[int, int]] | None = None
    ) -> dict[tuple[int, int], Given]:
        """The set that separated each pair (a < b) which a test, or determinism, removed.

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


def learn_skeleton(
    data: Dataset,
    test: IndependenceTest,
    *,
    alpha: float,
    max_conditioning: int | None,
    determinism: Determinism,
    constraints: Constraints,
) -> Skeleton:
    """Remove edges depth by depth until no pair has enough neighbours for a larger set."""
    kept = constraints.kept
    found = _unconditional(data, test, alpha, constraints)
    rounds = [found]
    edges = Edges(found.pairs, found.tests.mi, found.tests, found.sets, found.n_tests)
    edges = edges.select(found.rule == "")
    weights = corrected(edges.tests)
    ties = ties_of(data.n_variables, edges)
    depth = 1
    while max_conditioning is None or depth <= max_conditioning:
        adjacent = adjacency(data.n_variables, edges.pairs)
        sides = candidate_sides(adjacent, ties, constraints, edges.pairs, depth)
        if not any((side.lengths >= depth).any() for side in sides):
            break
        found = _search(data, test, edges.pairs, sides, depth, alpha, determinism, weights)
        found.rule[kept[tuple(edges.pairs.T)]] = ""
        rounds.append(found)
        left = found.rule == ""
        edges = edges.updated(found).select(left)
        weights = weights[left]
        depth += 1
    return Skeleton(data.n_variables, edges, tuple(rounds))


def control_fdr(skeleton: Skeleton, fdr: float, kept: Adjacency) -> Skeleton:
    """Keep the edges that pass Benjamini and Hochberg's (1995) step-up rule.

    The p-value of an edge is its largest, which bounds that of "some set separates the pair". All
    pairs count as tested, and those that are gone have p = 1, which can only make it stricter.
    """
    edges = skeleton.edges
    n_pairs = skeleton.n_variables * (skeleton.n_variables - 1) // 2
    ordered = np.sort(edges.tests.p_value)
    passing = np.flatnonzero(ordered <= fdr * np.arange(1, len(ordered) + 1) / n_pairs)
    threshold = ordered[passing[-1]] if passing.size else -1.0
    removed = ~(edges.tests.p_value <= threshold) & ~kept[tuple(edges.pairs.T)]
    last = Round(
        depth=skeleton.depth,
        pairs=edges.pairs,
        tests=edges.tests,
        sets=edges.sets,
        n_tests=np.zeros(len(edges.pairs), dtype=np.int64),
        rule=np.where(removed, FDR, ""),
        relevance=np.full(len(edges.pairs), np.nan),
    )
    return replace(skeleton, edges=edges.select(~removed), rounds=(*skeleton.rounds, last))


def as_given(sets: Positions) -> list[Given]:
    """The sets of a `Round` or of `Edges` without what fills them up."""
    return [tuple(c for c in given if c >= 0) for given in sets.tolist()]


def as_array(sets: Sequence[Given]) -> Positions:
    """The reverse."""
    size = max(map(len, sets), default=0)
    filled = [(*given, *[-1] * (size - len(given))) for given in sets]
    return np.array(filled, dtype=np.int64).reshape(len(sets), size)


def adjacency(n_variables: int, pairs: Positions) -> Adjacency:
    """Pairs as a symmetric matrix."""
    adjacent = np.zeros((n_variables, n_variables), dtype=bool)
    adjacent[pairs[:, 0], pairs[:, 1]] = adjacent[pairs[:, 1], pairs[:, 0]] = True
    return adjacent


def ties_of(n_variables: int, edges: Edges) -> Ties:
    """The ties of the columns that edges join.

    A test that estimates no information goes by its p-values.
    """
    strength = np.where(np.isnan(edges.mi), -edges.tests.p_value, edges.mi)
    x, y = np.concatenate([edges.pairs, edges.pairs[:, ::-1]]).T
    order = np.lexsort((y, x))
    starts = np.searchsorted(x[order], np.arange(n_variables + 1))
    return Ties(x[order], Ragged(y[order], starts), np.tile(strength, 2)[order])


def candidate_sides(
    adjacent: Adjacency, ties: Ties, constraints: Constraints, pairs: Positions, depth: int
) -> tuple[Ragged, Ragged]:
    """For each pair, the two lists of columns among which separating sets are looked for.

    The neighbours of x that may cause x, and those of y. What separates a pair carries what they
    share, so the candidates whose weaker tie to the pair is strongest come first; positions go by
    name and settle ties. At depth 1 one list holds both, elsewhere the shorter comes first, and
    the second is empty where it has nothing new.
    """
    columns = ties.related.flat
    possible = adjacent[ties.owner, columns] & constraints.possible[columns, ties.owner]
    first, first_starts, second, second_starts = candidates_of_pairs(
        columns, ties.related.starts, ties.strength, possible, pairs, depth == 1, depth
    )
    return Ragged(first, first_starts), Ragged(second, second_starts)


def _unconditional(
    data: Dataset, test: IndependenceTest, alpha: float, constraints: Constraints
) -> Round:
    """Depth 0: all pairs. One that cannot be tested, for lack of variation or rows, is no edge."""
    pairs = np.column_stack(np.triu_indices(data.n_variables, 1))
    tests = test.test_pairs(data, pairs)
    places = tuple(pairs.T)
    rule = np.select(
        [
            constraints.kept[places],
            constraints.excluded[places],
            ~tests.testable,
            tests.p_value > alpha,
        ],
        ["", FORBIDDEN, UNTESTABLE, INDEPENDENT],
        default="",
    )
    n_pairs = len(pairs)
    return Round(
        depth=0,
        pairs=pairs,
        tests=tests,
        sets=np.empty((n_pairs, 0), dtype=np.int64),
        n_tests=np.ones(n_pairs, dtype=np.int64),
        rule=rule,
        relevance=np.full(n_pairs, np.nan),
    )


def _search(
    data: Dataset,
    test: IndependenceTest,
    pairs: Positions,
    sides: Sequence[Ragged],
    depth: int,
    alpha: float,
    determinism: Determinism,
    mi: Floats,
) -> Round:
    """One depth: a set that the data can test goes before one that leaves nothing to test."""
    found = separate(test, data, pairs, sides[0], depth, alpha)
    places = np.flatnonzero(~(found.tests.p_value > alpha) & (sides[1].lengths > 0))
    if len(places):
        other = separate(test, data, pairs[places], sides[1].take(places), depth, alpha)
        larger = ~(other.tests.p_value <= found.tests.p_value[places]) & other.tests.testable
        n_tests = found.n_tests.copy()
        n_tests[places] += other.n_tests
        chosen = places[larger]
        rest = np.setdiff1d(np.arange(len(pairs)), chosen)
        parts = [(rest, _part(found, rest)), (chosen, _part(other, np.flatnonzero(larger)))]
        found = replace(join_separations(parts), n_tests=n_tests)
    rule = np.where(found.tests.p_value > alpha, INDEPENDENT, "").astype("<U12")
    relevance = np.full(len(pairs), np.nan)
    sets = found.sets.copy()
    n_tests = found.n_tests.copy()
    tests = found.tests
    for side in sides:
        places = np.flatnonzero((rule == "") & (side.lengths >= depth))
        if not len(places):
            continue
        believed = believe(
            data, test, determinism, pairs[places], side.take(places), depth, alpha, mi[places]
        )
        n_tests[places] += believed.n_tests
        removed = places[believed.pairs]
        rule[removed] = DETERMINED
        relevance[removed] = believed.relevance
        tests = _untested(tests, removed)
        sets[removed] = np.array(believed.sets, dtype=np.int64).reshape(len(removed), depth)
    return Round(depth, pairs, tests, sets, n_tests, rule, relevance)


def _untested(tests: TestBatch, places: Positions) -> TestBatch:
    """The same where some pairs have nothing to test: given the set, no information is left."""
    p_value, mi, method = tests.p_value.copy(), tests.mi.copy(), tests.method.copy()
    p_value[places], mi[places], method[places] = np.nan, 0.0, "determined"
    return replace(tests, p_value=p_value, mi=mi, method=method)


def _part(found: Separations, places: Positions) -> Separations:
    return Separations(part(found.tests, places), found.sets[places], found.n_tests[places])
