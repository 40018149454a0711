r"""Which unshielded triples are v-structures.

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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset
from mistruct.independence.protocol import IndependenceTest
from mistruct.structure.batches import Given, tests_given
from mistruct.structure.knowledge import Constraints

Orientation = Literal["majority", "standard", "conservative"]
Verdict = Literal["collider", "noncollider", "ambiguous", "conflict"]

Pair = tuple[int, int]


@dataclass(frozen=True)
class Triple:
    """An unshielded triple x - middle - y, and how many separating sets of x and y hold middle."""

    x: int
    middle: int
    y: int
    n_separating: int
    n_with_middle: int
    verdict: Verdict


def judge_triples(
    data: Dataset,
    test: IndependenceTest,
    rule: Orientation,
    adjacent: NDArray[np.bool_],
    separating_sets: Mapping[Pair, Given],
    constraints: Constraints,
    alpha: float,
    max_size: int,
) -> list[Triple]:
    """The verdict on every unshielded triple; `max_size` bounds the sets that are tried."""
    neighbours = [np.flatnonzero(row).tolist() for row in adjacent]
    middles: dict[Pair, list[int]] = {}
    for z, around in enumerate(neighbours):
        for x, y in combinations(around, 2):
            if not adjacent[x, y]:
                middles.setdefault((x, y), []).append(z)
    pairs = sorted(middles)
    votes: dict[Pair, list[Given]] = {
        pair: [tuple(sorted(separating_sets[pair]))] if pair in separating_sets else []
        for pair in pairs
    }
    if rule != "standard":
        parents = [
            [z for z in around if constraints.possible[z, x]] for x, around in enumerate(neighbours)
        ]
        settled = _settled(data, test, middles)
        for size in range(max_size + 1):
            # No set smaller than the one that was found separates: it was tried before.
            of_size = {
                pair: found
                for pair, found in votes.items()
                if not found or (len(found[0]) <= size and pair not in settled)
            }
            _vote(data, test, of_size, parents, alpha, size)
    return [
        Triple(x, z, y, len(votes[x, y]), n_with, _verdict(rule, len(votes[x, y]), n_with))
        for x, y in pairs
        for z in middles[x, y]
        for n_with in [sum(z in given for given in votes[x, y])]
    ]


def _settled(
    data: Dataset, test: IndependenceTest, middles: Mapping[Pair, Sequence[int]]
) -> set[Pair]:
    """The pairs whose separating sets are known to agree on every middle."""
    if not hasattr(test, "known_edges"):
        return set()
    known = test.known_edges(data)
    return {pair for pair, between in middles.items() if known[np.ix_(pair, between)].all()}


def _vote(
    data: Dataset,
    test: IndependenceTest,
    votes: dict[Pair, list[Given]],
    parents: Sequence[Sequence[int]],
    alpha: float,
    size: int,
) -> None:
    """Add the sets of one size that separate each pair."""
    asked: list[Pair] = []
    sets: list[Given] = []
    for (x, y), found in votes.items():
        of_pair = dict.fromkeys(
            given for side in (parents[x], parents[y]) for given in combinations(side, size)
        )
        known = set(found)
        new = [given for given in of_pair if x not in given and given not in known]
        asked += [(x, y)] * len(new)
        sets += new
    if asked:
        tests = tests_given(test, data, np.array(asked), sets, alpha)
        for k in np.flatnonzero(tests.p_value > alpha).tolist():
            votes[asked[k]].append(sets[k])


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
