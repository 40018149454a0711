r"""Decision which unshielded triples are v-structures.

In x - z - y with x and y not adjacent, z is a collider (x -> z <- y) exactly if no set that
separates x and y holds z. ``standard`` asks the set that was found in the search. That set is one
of many, and a wrong one turns arrows around, so ``majority`` and ``conservative`` ask all sets of
neighbours of x or of y that separate the two (Ramsey, Zhang and Spirtes 2006; Colombo and Maathuis
2014): z is a collider where it is in less than half, or in none, and it is none where it is in
more than half, or in all. Between, and where no set separates, the triple is ambiguous.

Sets smaller than the one that was found do not separate, or the search would have found them.
All larger ones vote, up to the largest that the search tried: on samples of known networks votes
of few sizes turn twice as many arrows around.

Where both edges are known to be in the graph that a test answers from, all sets agree and the one
that was found is enough: a path over a collider is opened by it, and any other closed by it alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.errors import MistructWarning
from mistruct.independence.base import IndependenceTest
from mistruct.independence.protocol import Given, Ragged
from mistruct.kernels.graphs.votes import count_votes, list_voters, most_voters
from mistruct.structure.knowledge import Constraints

Orientation = Literal["majority", "standard", "conservative"]
Verdict = Literal["collider", "noncollider", "ambiguous", "conflict"]

Pair = tuple[int, int]

# Of all votes up to one size, by the constants of the test.
MOST_SECONDS_OF_VOTES = 5.0

# Number of sets listed at a time; the sets of one pair are never split.
_MOST_SETS = 2**18


@dataclass(frozen=True)
class Triple:
    """Unshielded triple x - middle - y, with the votes of the separating sets of x and y."""

    x: int
    middle: int
    y: int
    n_separating: int
    n_with_middle: int
    verdict: Verdict


@dataclass(frozen=True, eq=False)
class Votes:
    """Votes on the unshielded triples, added up in place.

    Attributes
    ----------
    pairs : ndarray of int, shape (n_pairs, 2)
        The ends, in order.
    middles : Ragged
        Those between each pair, in ascending order.
    found : list of (tuple of int) or None
        The set that the search found for each pair; it has voted.
    n_separating : ndarray of int, shape (n_pairs,)
    n_with : ndarray of int
        How many of these hold each of ``middles.flat``.
    """

    pairs: Positions
    middles: Ragged
    found: list[Given | None]
    n_separating: Positions
    n_with: Positions

    @classmethod
    def begin(
        cls, middles: Mapping[Pair, Sequence[int]], separating_sets: Mapping[Pair, Given]
    ) -> Votes:
        """Make the votes of the sets that the search found."""
        pairs = sorted(middles)
        found = [separating_sets.get(pair) for pair in pairs]
        between = Ragged.of([middles[pair] for pair in pairs])
        votes = cls(
            np.array(pairs, dtype=np.int64).reshape(-1, 2),
            between,
            found,
            np.zeros(len(pairs), dtype=np.int64),
            np.zeros(len(between.flat), dtype=np.int64),
        )
        for size in {len(given) for given in found if given is not None}:
            of_size = [k for k, s in enumerate(found) if s is not None and len(s) == size]
            votes.add(np.array(of_size), votes.found_of_size(np.array(of_size), size)[1])
        return votes

    def found_of_size(self, of_pairs: Positions, size: int) -> tuple[NDArray[np.bool_], Positions]:
        """Pairs for which the search found a set of this size, and the sets, padded with -1."""
        has_one = np.zeros(len(of_pairs), dtype=bool)
        sets = np.full((len(of_pairs), size), -1, dtype=np.int64)
        for place, k in enumerate(of_pairs.tolist()):
            given = self.found[k]
            if given is not None and len(given) == size:
                has_one[place] = True
                sets[place] = sorted(given)
        return has_one, sets

    def add(self, owner: Positions, sets: Positions) -> None:
        """Count sets of one size, each of which separates the pair that `owner` says."""
        count_votes(
            owner, sets, self.middles.flat, self.middles.starts, self.n_separating, self.n_with
        )


def middles_of(adjacent: NDArray[np.bool_]) -> dict[Pair, list[int]]:
    """Middles of the unshielded triples of each pair that is not adjacent."""
    middles: dict[Pair, list[int]] = {}
    for z, row in enumerate(adjacent):
        for x, y in combinations(np.flatnonzero(row).tolist(), 2):
            if not adjacent[x, y]:
                middles.setdefault((x, y), []).append(z)
    return middles


def of_verdict(triples: Iterable[Triple], verdict: Verdict) -> list[tuple[int, int, int]]:
    """The triples with one verdict."""
    return [(t.x, t.middle, t.y) for t in triples if t.verdict == verdict]


def judge_triples(
    data: Dataset,
    test: IndependenceTest,
    rule: Orientation,
    adjacent: NDArray[np.bool_],
    middles: Mapping[Pair, Sequence[int]],
    separating_sets: Mapping[Pair, Given],
    constraints: Constraints,
    alpha: float,
    max_size: int,
) -> list[Triple]:
    """Judge all unshielded triples; `max_size` bounds the size of the sets."""
    votes = Votes.begin(middles, separating_sets)
    if rule != "standard":
        possible = adjacent & constraints.possible.T
        parents = Ragged.of([np.flatnonzero(row).tolist() for row in possible])
        settled = _settled(data, test, middles)
        larger = np.array([pair not in settled for pair in sorted(middles)], dtype=bool)
        least = np.array([len(given or ()) for given in votes.found])
        seconds = 0.0
        for size in range(max_size + 1):
            # No set smaller than the one that was found separates: it was tried before.
            asked = np.flatnonzero((votes.n_separating == 0) | ((least <= size) & larger))
            seconds += _seconds(data, test, votes, asked, parents, size)
            if seconds > MOST_SECONDS_OF_VOTES:
                warnings.warn(
                    f"orientation: sets of {size} columns and more have no vote on v-structures, "
                    f"as all up to that size would take {seconds:,.0f} s; max_conditioning bounds "
                    "both search and votes",
                    MistructWarning,
                    stacklevel=6,  # of `fit`
                )
                break
            _vote(data, test, votes, asked, parents, alpha, size)
    owner = np.repeat(np.arange(len(votes.pairs)), votes.middles.lengths)
    return [
        Triple(x, z, y, n, n_with, _verdict(rule, n, n_with))
        for (x, y), z, n, n_with in zip(
            votes.pairs[owner].tolist(),
            votes.middles.flat.tolist(),
            votes.n_separating[owner].tolist(),
            votes.n_with.tolist(),
            strict=True,
        )
    ]


def _settled(
    data: Dataset, test: IndependenceTest, middles: Mapping[Pair, Sequence[int]]
) -> set[Pair]:
    """Pairs whose separating sets are known to agree on all middles."""
    known = test.known_edges(data)
    if known is None:
        return set()
    return {pair for pair, between in middles.items() if known[np.ix_(pair, between)].all()}


def _seconds(
    data: Dataset,
    test: IndependenceTest,
    votes: Votes,
    asked: Positions,
    parents: Ragged,
    size: int,
) -> float:
    """Expected seconds for the votes of sets of one size; NaN if unknown."""
    n_sets = np.empty(len(asked))
    most_voters(votes.pairs[asked], parents.starts, size, n_sets)
    return float((n_sets * test.seconds(data, votes.pairs[asked], size)).sum())


def _vote(
    data: Dataset,
    test: IndependenceTest,
    votes: Votes,
    asked: Positions,
    parents: Ragged,
    alpha: float,
    size: int,
) -> None:
    """Count the sets of one size that separate each of the given pairs."""
    n_most = np.empty(len(asked))
    most_voters(votes.pairs[asked], parents.starts, size, n_most)
    cuts = np.flatnonzero(np.diff(n_most.cumsum() // _MOST_SETS)) + 1
    for block, n_of_each in zip(np.split(asked, cuts), np.split(n_most, cuts), strict=True):
        room = int(n_of_each.sum())
        owner, sets = np.empty(room, dtype=np.int64), np.empty((room, size), dtype=np.int64)
        n_sets = list_voters(votes.pairs[block], parents.flat, parents.starts, owner, sets)
        owner, sets = owner[:n_sets], sets[:n_sets]
        has_voted, found = votes.found_of_size(block, size)
        new = ~(has_voted[owner] & (sets == found[owner]).all(axis=1))
        owner, sets = owner[new], sets[new]
        if len(owner):
            separates = test.which_separate(data, votes.pairs[block], owner, sets, alpha)
            votes.add(block[owner[separates]], sets[separates])


def _verdict(rule: Orientation, n_separating: int, n_with_middle: int) -> Verdict:
    if not n_separating:
        return "ambiguous"
    if rule == "conservative":
        sure = n_with_middle in (0, n_separating)
    else:
        sure = 2 * n_with_middle != n_separating
    if not sure:
        return "ambiguous"
    return "collider" if 2 * n_with_middle < n_separating else "noncollider"
