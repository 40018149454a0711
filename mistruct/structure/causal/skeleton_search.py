"""Search for the skeleton: the pairs that no set of other columns separates.

Two columns are adjacent in a DAG exactly if nothing separates them, and if something does, then
the parents of one of the two do (Spirtes, Glymour and Scheines 2000). So start with all pairs,
and at depth d = 0, 1, 2, ... try for each adjacent pair the sets of d columns among the neighbours
of either. Neighbours are those at the beginning of a depth (Colombo and Maathuis 2014), so what is
removed does not depend on the order of pairs, and a depth is one batch of questions.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset
from mistruct.errors import MistructWarning
from mistruct.independence.base import IndependenceTest
from mistruct.independence.multiple_testing import threshold
from mistruct.independence.protocol import Given, Ragged, Separations
from mistruct.kernels.graphs.candidates import candidates_of_pairs
from mistruct.structure.causal.determinism import Determinism, believe
from mistruct.structure.causal.redundant_groups import as_one_column, redundant_groups
from mistruct.structure.causal.skeleton import (
    DETERMINED,
    FDR,
    FORBIDDEN,
    INDEPENDENT,
    UNTESTABLE,
    Adjacency,
    Edges,
    Round,
    Skeleton,
    adjacency,
    removed_with,
)
from mistruct.structure.knowledge import Constraints

# Of all sets up to one size, by the constants of the test, where no size is asked for.
MOST_SECONDS = 60.0

# The same of further columns, where sets separate so much less often.
_MOST_SECONDS_FURTHER = 5.0


@dataclass(frozen=True, eq=False)
class Ties:
    """Strengths of the relations between columns, which order the candidates.

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


def learn_skeleton(
    data: Dataset,
    test: IndependenceTest,
    *,
    alpha: float,
    max_conditioning: int | None,
    determinism: Determinism,
    constraints: Constraints,
) -> Skeleton:
    """Remove edges depth by depth until no pair has enough neighbours for a larger set.

    Under the rule ``informative`` what is adjacent to a group of columns that determine each
    other, taken as one column, keeps an edge to one of them.
    """
    search = _Search(data, test, alpha, max_conditioning, determinism, constraints)
    skeleton = search.whole()
    if determinism == "textbook" or test.always_answers:
        return skeleton
    for group in redundant_groups(data):
        merged = replace(
            search,
            data=as_one_column(data, group),
            constraints=constraints.as_one(group),
            wanted=_without_an_edge_to(skeleton, group),
        )
        skeleton = _with_edges_of(skeleton, group, merged.whole().edges, constraints)
    return skeleton


def search_further(
    data: Dataset,
    test: IndependenceTest,
    skeleton: Skeleton,
    pool: Adjacency,
    *,
    alpha: float,
    max_conditioning: int | None,
    determinism: Determinism,
    constraints: Constraints,
) -> Skeleton:
    """Remove the edges of a skeleton that sets from other columns than neighbours separate.

    ``pool[x, c]`` says that a set for x may hold c.
    """
    search = _Search(
        data, test, alpha, max_conditioning, determinism, constraints,
        pool=pool, most_seconds=_MOST_SECONDS_FURTHER,
    )  # fmt: skip
    edges, removed, rounds = search.deepen(skeleton.rounds, skeleton.edges)
    further = replace(skeleton, edges=edges, rounds=(*skeleton.rounds, *rounds))
    return further.with_leaned_on(removed)


def _without_an_edge_to(skeleton: Skeleton, group: Given) -> Adjacency:
    """Pairs of a merged group with columns that have no edge to any member."""
    left = np.delete(np.arange(skeleton.n_variables), group[1:])
    lacks = np.asarray(~skeleton.adjacent[left][:, list(group)].any(axis=1))
    joint = np.asarray(left == group[0])
    return np.outer(joint, lacks) | np.outer(lacks, joint)


def _with_edges_of(
    skeleton: Skeleton, group: Given, merged: Edges, constraints: Constraints
) -> Skeleton:
    """Add the strongest edge to a member of a group if only the merged group has one.

    Its p-value and set are those of the group.
    """
    left = np.delete(np.arange(skeleton.n_variables), group[1:])
    first = skeleton.rounds[0]
    place = np.zeros((skeleton.n_variables,) * 2, dtype=np.int64)
    place[tuple(first.pairs.T)] = place.T[tuple(first.pairs.T)] = np.arange(len(first.pairs))
    strength = np.nan_to_num(first.tests.mi - first.tests.bias, nan=-np.inf)
    strength[constraints.excluded[tuple(first.pairs.T)]] = -np.inf
    adjacent = skeleton.adjacent
    added = []
    for k, pair in enumerate(left[merged.pairs].tolist()):
        if group[0] not in pair:
            continue
        other = pair[1] if pair[0] == group[0] else pair[0]
        if not adjacent[other, list(group)].any():
            strongest = max(place[other, list(group)], key=strength.__getitem__)
            edge = merged.take(np.array([k]))
            added.append(
                replace(
                    edge,
                    pairs=first.pairs[[strongest]],
                    mi=first.tests.mi[[strongest]],
                    bias=first.tests.bias[[strongest]],
                    sets=np.where(edge.sets >= 0, left[edge.sets], -1),
                )
            )
    found = {(int(a), int(b)) for edge in added for a, b in edge.pairs}
    skeleton = replace(skeleton, groups={**skeleton.groups, group: found})
    if not added:
        return skeleton
    return skeleton.with_edges(Edges.concatenate([skeleton.edges, *added]))


def control_fdr(skeleton: Skeleton, fdr: float, kept: Adjacency) -> Skeleton:
    """Keep the edges that pass Benjamini and Hochberg's (1995) step-up rule.

    The p-value of an edge is its largest, which bounds that of "some set separates the pair". All
    pairs count as tested, and those that are gone have p = 1, which can only make it stricter.
    """
    edges = skeleton.edges
    n_pairs = skeleton.n_variables * (skeleton.n_variables - 1) // 2
    largest = threshold(edges.tests.p_value, n_pairs, fdr, "bh")
    removed = ~(edges.tests.p_value <= largest) & ~kept[tuple(edges.pairs.T)]
    last = Round(
        depth=skeleton.depth,
        pairs=edges.pairs,
        tests=edges.tests,
        sets=edges.sets,
        n_tests=np.zeros(len(edges.pairs), dtype=np.int64),
        rule=np.where(removed, FDR, ""),
        relevance=np.full(len(edges.pairs), np.nan),
        leans={},
    )
    return replace(skeleton, edges=edges.take(~removed), rounds=(*skeleton.rounds, last))


def ties_of(n_variables: int, edges: Edges) -> Ties:
    """Strengths of the relations between the columns that edges join.

    A test that estimates no information goes by its p-values.
    """
    strength = np.where(np.isnan(edges.mi), -edges.tests.p_value, edges.mi)
    x, y = np.concatenate([edges.pairs, edges.pairs[:, ::-1]]).T
    order = np.lexsort((y, x))
    starts = np.searchsorted(x[order], np.arange(n_variables + 1))
    return Ties(x[order], Ragged(y[order], starts), np.tile(strength, 2)[order])


def candidate_sides(
    pool: Adjacency, ties: Ties, constraints: Constraints, pairs: Positions, depth: int
) -> tuple[Ragged, Ragged]:
    """Candidates for separating sets: two lists of columns for each pair.

    The columns in the pool of x (mostly its neighbours) that may cause x, and those of y. What
    separates a pair carries what they share, so the candidates whose weaker tie to the pair is
    strongest come first; positions go by name and settle ties. At depth 1 one list holds both,
    elsewhere the shorter comes first, and the second is empty where it has nothing new.
    """
    columns = ties.related.flat
    possible = pool[ties.owner, columns] & constraints.possible[columns, ties.owner]
    first, first_starts, second, second_starts = candidates_of_pairs(
        columns, ties.related.starts, ties.strength, possible, pairs, depth == 1, depth
    )
    return Ragged(first, first_starts), Ragged(second, second_starts)


@dataclass(frozen=True, eq=False)
class _Search:
    """The steps of `learn_skeleton`, with its parameters."""

    data: Dataset
    test: IndependenceTest
    alpha: float
    max_conditioning: int | None
    determinism: Determinism
    constraints: Constraints
    wanted: Adjacency | None = None  # the pairs that are asked for; all of them
    pool: Adjacency | None = None  # the candidates of each column; its neighbours
    most_seconds: float = field(default_factory=lambda: MOST_SECONDS)

    def whole(self) -> Skeleton:
        """Search all depths, then restore edges."""
        found = self.unconditional()
        left = found.rule == ""
        edges, removed, rounds = self.deepen([found], Edges.of(found).take(left))
        skeleton = Skeleton(self.data.n_variables, edges, (found, *rounds))
        return skeleton.with_leaned_on(removed)

    def unconditional(self) -> Round:
        """Test all pairs; a pair that cannot be tested is no edge."""
        pairs = np.column_stack(np.triu_indices(self.data.n_variables, 1))
        tests = self.test.test_pairs(self.data, pairs)
        places = tuple(pairs.T)
        rule = np.select(
            [
                self.constraints.kept[places],
                self.constraints.excluded[places],
                ~tests.testable,
                tests.p_value > self.alpha,
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
            leans={},
        )

    def deepen(self, before: Sequence[Round], edges: Edges) -> tuple[Edges, Edges, list[Round]]:
        """Search ever larger sets; returns the edges that are left, those removed, and the rounds.

        The evidence of those removed is that of the rounds before.
        """
        ties = ties_of(self.data.n_variables, edges if self.pool is None else Edges.of(before[0]))
        rounds: list[Round] = []
        removed = [edges.take(np.empty(0, dtype=np.int64))]
        depth, seconds = 1, 0.0
        while self.max_conditioning is None or depth <= self.max_conditioning:
            pool = self.pool
            if pool is None:
                pool = adjacency(self.data.n_variables, edges.pairs)
            sides = candidate_sides(pool, ties, self.constraints, edges.pairs, depth)
            if not any((side.lengths >= depth).any() for side in sides):
                break
            seconds += self._seconds(edges, sides, depth)
            if self.max_conditioning is None and depth > 1 and seconds > self.most_seconds:
                warnings.warn(
                    f"max_conditioning: the search stops at sets of {depth - 1}, as all sets of "
                    f"{depth} columns could take more than {self.most_seconds:g} s "
                    f"({seconds:,.0f} s); "
                    f"max_conditioning={depth} tests these as well",
                    MistructWarning,
                    stacklevel=7,  # of `fit`
                )
                break
            found = self._separate(edges, sides, depth)
            kept = self.constraints.kept[tuple(edges.pairs.T)]
            found.rule[kept] = ""
            if not self.test.always_answers:
                found = self._judge(found, [*before, *rounds], edges, sides, kept)
            rounds.append(found)
            left = found.rule == ""
            removed.append(edges.take(~left))
            edges = edges.updated(found).take(left)
            if self.wanted is not None and self._is_settled(self.wanted, edges, rounds):
                break
            depth += 1
        return edges, Edges.concatenate(removed), rounds

    def _is_settled(self, wanted: Adjacency, edges: Edges, rounds: Sequence[Round]) -> bool:
        """Whether no pair of interest remains or can be restored.

        It is leaned on for a shadow, which is in its set, and adjacent to both of the pair where a
        larger set with one of them that determines it can take the other from it.
        """
        if wanted[tuple(edges.pairs.T)].any():
            return False
        adjacent = adjacency(self.data.n_variables, edges.pairs)
        asked = [
            (shadow, end)
            for found in rounds
            for k in np.flatnonzero((found.rule == INDEPENDENT) & wanted[tuple(found.pairs.T)])
            for shadow in found.sets[k].tolist()
            for end in found.pairs[k].tolist()
            if adjacent[shadow, found.pairs[k]].all()
        ]
        pairs = np.array(asked, dtype=np.int64).reshape(-1, 2)
        around = [np.setdiff1d(np.flatnonzero(adjacent[x]), y).tolist() for x, y in asked]
        return not any(
            len(self.test.determining_sets(self.data, pairs, Ragged.of(around), size, 1).owner)
            for size in range(rounds[-1].depth + 1, max(map(len, around), default=0) + 1)
        )

    def _seconds(self, edges: Edges, sides: Sequence[Ragged], depth: int) -> float:
        """Expected seconds for all sets of one size; NaN if unknown."""
        n_sets = np.sum([comb(side.lengths, depth) for side in sides], axis=0)
        return float((n_sets * self.test.seconds(self.data, edges.pairs, depth)).sum())

    def _separate(self, asked: Edges, sides: Sequence[Ragged], depth: int) -> Round:
        """Test sets of one size, first those of the first side."""
        pairs = asked.pairs
        found = self.test.separate(self.data, pairs, sides[0], depth, self.alpha)
        places = np.flatnonzero(~(found.tests.p_value > self.alpha) & (sides[1].lengths > 0))
        if len(places):
            second = sides[1].take(places)
            other = self.test.separate(self.data, pairs[places], second, depth, self.alpha)
            larger = ~(other.tests.p_value <= found.tests.p_value[places]) & other.tests.testable
            n_tests = found.n_tests.copy()
            n_tests[places] += other.n_tests
            chosen = places[larger]
            rest = np.setdiff1d(np.arange(len(pairs)), chosen)
            parts = [(rest, found.take(rest)), (chosen, other.take(np.flatnonzero(larger)))]
            found = replace(Separations.join(parts), n_tests=n_tests)
        return Round(
            depth=depth,
            pairs=pairs,
            tests=found.tests,
            sets=found.sets,
            n_tests=found.n_tests,
            rule=np.where(found.tests.p_value > self.alpha, INDEPENDENT, "").astype("<U12"),
            relevance=np.full(len(pairs), np.nan),
            leans={},
        )

    def _judge(
        self,
        found: Round,
        before: Sequence[Round],
        asked: Edges,
        sides: Sequence[Ragged],
        kept: NDArray[np.bool_],
    ) -> Round:
        """Remove pairs with a column determined by a set, if the rule accepts that."""
        left = np.flatnonzero((found.rule == "") & ~kept)
        pairs = found.pairs[left]
        believed = believe(
            self.data, self.test, self.determinism, pairs, [side.take(left) for side in sides],
            found.depth, self.alpha, (asked.mi - asked.bias)[left],
            lambda lean: not removed_with(before, DETERMINED, lean),
        )  # fmt: skip
        removed = left[believed.pairs]
        found.rule[removed] = DETERMINED
        found.relevance[removed] = believed.relevance
        found.sets[removed] = believed.sets
        found.n_tests[left] += believed.n_tests
        # Given the set no information is left, and there is nothing to test.
        p_value, mi, method = (
            values.copy() for values in (found.tests.p_value, found.tests.mi, found.tests.method)
        )
        p_value[removed], mi[removed], method[removed] = np.nan, 0.0, "determined"
        of_pairs = map(tuple, found.pairs[removed].tolist())
        return replace(
            found,
            tests=replace(found.tests, p_value=p_value, mi=mi, method=method),
            leans=dict(zip(of_pairs, believed.leans, strict=True)),
        )
