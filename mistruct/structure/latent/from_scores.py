r"""FCI that starts from BOSS: edges from a score, fewer of them by tests, marks from both.

Tests of single triples are weak, and one wrong verdict turns many marks. A score weighs all of a
column's causes at once, but knows no hidden ones: where x and y share one, BOSS joins them, and
also joins each cause p of x to y, since p and y depend given x. GFCI (Ogarrio, Spirtes and Ramsey
2016; with BOSS: Ramsey, Andrews and Spirtes 2025) removes such edges by tests. Here an edge of BOSS
goes where a set of neighbours separates its ends that leaves out one of their common neighbours,
which was then a collider between them; where the set holds all of these, the score is believed.

What is left is a DAG, and from it :mod:`.ancestral_search` looks for the ancestral graph that
agrees best with the information of unshielded triples. Their ends are separated by the set that
removed the edge, or by a smallest one in the DAG of BOSS.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import networkx as nx
import numpy as np

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.independence.base import IndependenceTest
from mistruct.independence.protocol import Given, TestBatch
from mistruct.structure.causal.skeleton import (
    FORBIDDEN,
    INDEPENDENT,
    SCORE,
    Adjacency,
    Edges,
    Skeleton,
    as_array,
    as_given,
)
from mistruct.structure.causal.v_structures import Triple, Verdict, middles_of
from mistruct.structure.knowledge import Constraints
from mistruct.structure.latent.ancestral import AncestralGraph, Corner
from mistruct.structure.latent.ancestral_search import improve
from mistruct.structure.latent.orient_pag import MarkedGraph
from mistruct.structure.latent.three_point import ThreePoints, three_point_information
from mistruct.structure.latent.zhang_rules import End
from mistruct.structure.smallest_separators import Separators


@dataclass(frozen=True, eq=False)
class FromScores:
    """Result of FCI that starts from a DAG.

    Attributes
    ----------
    marked : MarkedGraph
    triples : list of Triple
        The unshielded ones; "conflict" where the information of one speaks against the graph.
    points : ThreePoints
        Their information.
    """

    marked: MarkedGraph
    triples: list[Triple]
    points: ThreePoints


def thinned(
    arcs: Adjacency,
    search: Callable[[Constraints], Skeleton],
    constraints: Constraints,
    alpha: float,
) -> Skeleton:
    """The edges of a DAG that no set separates which leaves out a common neighbour of its ends.

    `search` finds the skeleton among the edges that are possible.
    """
    joined = arcs | arcs.T
    found = search(Constraints(constraints.possible & joined, constraints.required))
    first, *further = found.rounds
    by_score = (first.rule == FORBIDDEN) & ~constraints.excluded[tuple(first.pairs.T)]
    reason = np.where(first.tests.p_value > alpha, INDEPENDENT, SCORE)
    first = replace(first, rule=np.where(by_score, reason, first.rule))
    found = replace(found, rounds=(first, *further))
    back = [
        (x, y)
        for (x, y), given in found.separating_sets().items()
        if joined[x, y] and set(np.flatnonzero(joined[x] & joined[y]).tolist()) <= set(given)
    ]
    if not back:
        return found
    return found.with_edges(Edges.concatenate([found.edges, _evidence(found, back)]))


def _evidence(found: Skeleton, pairs: Sequence[End]) -> Edges:
    """The edges of pairs that were removed, with the test that removed each."""
    first = found.rounds[0]
    tests: list[tuple[Positions, TestBatch]] = []
    sets, mi, bias, n_tests = [], [], [], []
    for pair in pairs:
        rows = [(r, k) for r in found.rounds for k in np.flatnonzero((r.pairs == pair).all(axis=1))]
        last, place = next((r, k) for r, k in reversed(rows) if r.rule[k])
        tests.append((np.array([len(tests)]), last.tests.take(np.array([place]))))
        sets.append(as_given(last.sets[[place]])[0])
        of_pair = rows[0][1]
        mi.append(first.tests.mi[of_pair])
        bias.append(first.tests.bias[of_pair])
        n_tests.append(sum(int(r.n_tests[k]) for r, k in rows))
    return Edges(
        np.array(pairs, dtype=np.int64),
        np.array(mi),
        np.array(bias),
        TestBatch.join(tests),
        as_array(sets),
        np.array(n_tests),
    )


def orient_from_dag(
    data: Dataset,
    test: IndependenceTest,
    arcs: Adjacency,
    found: Skeleton,
    constraints: Constraints,
    alpha: float,
) -> FromScores:
    """The marks of a thinned skeleton."""
    adjacent = found.adjacent
    middles = middles_of(adjacent)
    sets = _separating_sets(arcs, found, middles)
    triples = []
    for (x, y), between in sorted(middles.items()):
        for z in between:
            is_in = z in sets[x, y]
            triples.append(Triple(x, z, y, 1, int(is_in), _verdict(not is_in)))
    points = three_point_information(data, test, triples, sets, alpha)
    weights: dict[Corner, float] = {}
    for t, information in zip(triples, points.corrected.tolist(), strict=True):
        by_set = 1.0 if t.verdict == "collider" else -1.0
        weights[t.x, t.middle, t.y] = -information if np.isfinite(information) else by_set
    graph = AncestralGraph.of_dag(adjacent, arcs)
    improve(graph, weights, np.log(data.n_samples) / 2, constraints)
    settled: list[Triple] = []
    for t in triples:
        corner = t.x, t.middle, t.y
        says, is_one = weights[corner], graph.is_collider(corner)
        against = says < 0 if is_one else says > 0
        settled.append(replace(t, verdict="conflict" if against else _verdict(is_one)))
    return FromScores(graph.pag(weights, constraints), settled, points)


def _verdict(is_collider: bool) -> Verdict:
    return "collider" if is_collider else "noncollider"


def _separating_sets(arcs: Adjacency, found: Skeleton, pairs: Collection[End]) -> dict[End, Given]:
    """The set by which an edge was removed, or a smallest one in the DAG."""
    dag = Separators(nx.from_numpy_array(arcs, create_using=nx.DiGraph))
    removed = found.separating_sets(among=pairs)
    sets: dict[End, Given] = {}
    for x, y in pairs:
        if arcs[x, y] or arcs[y, x]:
            sets[x, y] = removed.get((x, y), ())
        else:
            sets[x, y] = tuple(sorted(dag.smallest([x], [y], range(len(arcs))) or ()))
    return sets
