r"""Surroundings of a column beyond its neighbours: spouses, interactions and directions.

A spouse is a parent of a child. Some set S separates it from the target, and the child, once known,
makes the two dependent; so it is found as a neighbour y of a neighbour x of the target, x not in
S, that is dependent on the target given S and x (Peña et al. 2007, algorithm PCMB). The same
question about the middle of any three columns x - m - y whose ends are not adjacent tells the
directions: m is a collider if x and y depend on each other given S and m, and none if m is in S.

Where the target is a function of two columns and of neither alone, as a parity is, its neighbours
cannot be told one by one. So of the columns that are left each pair may be asked about: what
separates both from the target, and one of them, make a set; does the target depend on the other
given that?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from mistruct.data.dataset import Dataset
from mistruct.independence.multiple_testing import Correction
from mistruct.independence.protocol import Given, Ragged, TestBatch
from mistruct.structure.blanket.neighbourhood import Neighbourhood, Rule, find_neighbourhood
from mistruct.structure.causal.meek import Oriented, orient

# A column, that through which it may be found, and what is given.
Question = tuple[int, int, Given]


@dataclass(frozen=True, eq=False)
class Found:
    """Columns found by a test, each with the column through which it was.

    Attributes
    ----------
    columns, through : list of int
    tests : TestBatch
    sets : list of tuple of int
        What was given.
    """

    columns: list[int]
    through: list[int]
    tests: TestBatch
    sets: list[Given]

    def take(self, places: Sequence[int]) -> Found:
        """Select some of the columns."""
        return Found(
            [self.columns[k] for k in places],
            [self.through[k] for k in places],
            self.tests.take(np.array(places, dtype=np.int64)),
            [self.sets[k] for k in places],
        )


class Surroundings:
    """The neighbourhoods of a table, each searched when it is first asked for."""

    def __init__(self, data: Dataset, rule: Rule) -> None:
        self._data, self._rule = data, rule
        self._known: dict[int, Neighbourhood] = {}

    def of(self, column: int) -> Neighbourhood:
        """The neighbourhood of a column."""
        if column not in self._known:
            self._known[column] = find_neighbourhood(self._data, self._rule, column)
        return self._known[column]

    def adjacent(self, x: int, y: int) -> bool:
        """Whether two columns are members of each other's neighbourhood."""
        return y in self.of(x).members and x in self.of(y).members

    def neighbours(self, column: int) -> list[int]:
        """The columns adjacent to one."""
        return [m for m in self.of(column).members if column in self.of(m).members]

    def closest(self, x: int, y: int) -> tuple[Neighbourhood, int]:
        """The neighbourhood, and position in it, that came closest to separating two columns.

        That around x, unless y is a member there: then both are asked.
        """
        of_x = self.of(x)
        if y not in of_x.members:
            return of_x, y
        of_y = self.of(y)
        if x not in of_y.members or of_y.tests.p_value[x] > of_x.tests.p_value[y]:
            return of_y, x
        return of_x, y

    def separating_set(self, x: int, y: int) -> Given:
        """Set that separates two columns that are not adjacent."""
        side, place = self.closest(x, y)
        return side.sets[place]

    def spouses(self, target: int, neighbours: Sequence[int]) -> Found:
        """Spouses: other parents of the children of the target, by ascending p-value."""
        inside = {target, *neighbours}
        asked = []
        for through in neighbours:
            for y in self.of(through).members:
                if y in inside:
                    continue
                given = self.separating_set(target, y)
                if through not in given:
                    asked.append((y, through, tuple(sorted((*given, through)))))
        # As for the directions: only what the search has found adjacent to a child is asked.
        found = self._dependent(target, asked, "none")
        chosen = [
            k
            for k, (y, x) in enumerate(zip(found.columns, found.through, strict=True))
            if self.adjacent(x, y) and y not in found.columns[:k]
        ]
        return found.take(chosen)

    def interactions(self, target: int, inside: Sequence[int], max_pairs: int) -> Found:
        """Interactions: columns on which the target depends only in pairs, with their partners.

        The surest pairs first; nothing where there are more than `max_pairs` to be asked about.
        """
        around = self.of(target)
        barred = {target, *inside, *around.members}
        left = [c for c in np.flatnonzero(around.tests.testable).tolist() if c not in barred]
        if not 0 < len(left) * (len(left) - 1) // 2 <= max_pairs:
            return self._ask(target, [])

        def question(x: int, through: int) -> Question:
            return (
                x,
                through,
                tuple(sorted({through, *around.sets[x], *around.sets[through]} - {x})),
            )

        asked = [question(a, b) for a, b in combinations(left, 2)]
        found = self._dependent(target, asked, "bonferroni")
        both: list[Question] = []
        taken: set[int] = set()
        for a, b in zip(found.columns, found.through, strict=True):
            if not taken & {a, b}:
                both += [question(a, b), question(b, a)]
                taken |= {a, b}
        return self._ask(target, both)

    def _dependent(self, target: int, asked: Sequence[Question], correction: Correction) -> Found:
        """Columns that depend on the target given a set, by ascending p-value."""
        found = self._ask(target, asked)
        rule = replace(self._rule, correction=correction)
        passing = np.flatnonzero(rule.passing(found.tests.p_value, len(asked)))
        order = np.lexsort([-found.tests.mi[passing], found.tests.p_value[passing]])
        return found.take(passing[order].tolist())

    def _ask(self, target: int, asked: Sequence[Question]) -> Found:
        pairs = [(target, x) for x, _, _ in asked]
        sets = [given for _, _, given in asked]
        return Found(
            [x for x, _, _ in asked], [t for _, t, _ in asked], self._test(pairs, sets), sets
        )

    def _test(self, pairs: Sequence[tuple[int, int]], sets: Sequence[Given]) -> TestBatch:
        ordered = np.sort(np.array(pairs, dtype=np.int64).reshape(-1, 2), axis=1)
        return self._rule.test.test_each(self._data, ordered, Ragged.of(sets), self._rule.alpha)

    def oriented(self, columns: Sequence[int]) -> tuple[list[tuple[int, int]], Oriented]:
        """The edges (x < y) among some columns, and their directions."""
        places = sorted(columns)
        adjacent = np.zeros((len(places),) * 2, dtype=bool)
        for a, b in combinations(range(len(places)), 2):
            adjacent[a, b] = adjacent[b, a] = self.adjacent(places[a], places[b])
        triples, pairs, sets, noncolliders = [], [], [], []
        for m in range(len(places)):
            for a, b in combinations(np.flatnonzero(adjacent[m]).tolist(), 2):
                if adjacent[a, b]:
                    continue
                x, y = places[a], places[b]
                given = self.separating_set(x, y)
                if places[m] in given:
                    noncolliders.append((a, m, b))
                else:
                    triples.append((a, m, b))
                    pairs.append((x, y))
                    sets.append(tuple(sorted((*given, places[m]))))
        dependent = (self._test(pairs, sets).p_value <= self._rule.alpha).tolist()
        colliders = [t for t, d in zip(triples, dependent, strict=True) if d]
        found = orient(adjacent, colliders, noncolliders)
        edges = [(places[a], places[b]) for a, b in np.argwhere(np.triu(adjacent)).tolist()]
        return edges, Oriented(
            {(places[a], places[b]) for a, b in found.arrows},
            {(places[a], places[b]) for a, b in found.contested},
        )
