"""Marks that no graph can have, and the verdicts on triples to blame.

A tail at x of x --> y says that x is a cause of y. So arrows must not lead around, none may lead
from a column to one whose edge has an arrowhead there, and no arrowhead may stand at x --- y
(Richardson and Spirtes 2002, definition 2.1). From a sample they do where a test went wrong. Every
mark follows from the verdicts on some unshielded triples: that they are v-structures, or not. Of
those that a contradiction follows from, the one for which the information of its three columns
speaks least is held to be the wrong one: it is taken for ambiguous, and the marks begin anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import networkx as nx

from mistruct.structure.end_marks import ARROW, TAIL
from mistruct.structure.latent.orient_pag import MarkedGraph
from mistruct.structure.latent.zhang_rules import End

Corner = tuple[int, int, int]


def to_blame(marked: MarkedGraph, strength: Mapping[Corner, float]) -> set[Corner]:
    """The weakest triple of each contradiction that shares none with those before it.

    Empty if nothing contradicts, or knowledge alone does.
    """
    found: set[Corner] = set()
    for ends in sorted(_contradictions(marked), key=lambda ends: (len(ends), ends)):
        corners = frozenset[Corner]().union(*(marked.corners.get(e, frozenset()) for e in ends))
        if corners and not corners & found:
            found.add(min(corners, key=lambda c: (strength.get(c, 0.0), c)))
    return found


def _contradictions(marked: MarkedGraph) -> Iterator[list[End]]:
    """The marks of each contradiction; of cycles in one part of the graph, a shortest."""
    mark = marked.mark
    arrows = nx.DiGraph()
    arrows.add_edges_from(
        sorted(e for e, m in mark.items() if m == ARROW and mark[e[::-1]] == TAIL)
    )
    for part in nx.strongly_connected_components(arrows):
        if len(part) > 1:
            inside = arrows.subgraph(sorted(part))
            around = ([*nx.shortest_path(inside, v, u), v] for u, v in sorted(inside.edges))
            yield _both_ends(min(around, key=lambda path: (len(path), path)))
    below = {v: nx.descendants(arrows, v) for v in arrows}
    for (u, v), m in mark.items():
        if m == ARROW and mark[v, u] != TAIL and u in below.get(v, ()):
            yield [(u, v), *_both_ends(nx.shortest_path(arrows, v, u))]
        elif m == mark[v, u] == TAIL:
            for w in marked.neighbours(v):
                if mark[w, v] == ARROW:
                    yield [(u, v), (v, u), (w, v)]


def _both_ends(path: list[int]) -> list[End]:
    return [end for u, v in pairwise(path) for end in ((u, v), (v, u))]
