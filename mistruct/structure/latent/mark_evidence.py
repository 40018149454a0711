"""The marks of a graph with hidden causes, as a table and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from mistruct.structure.causal.evidence import named_sets
from mistruct.structure.causal.skeleton import Edges, as_given
from mistruct.structure.end_marks import ARROW, CIRCLE, KIND, TAIL, Mark, glyph
from mistruct.structure.latent.orient_pag import MarkedGraph, Why
from mistruct.structure.latent.zhang_rules import End

_MEANS: dict[tuple[Mark, Mark], str] = {
    (TAIL, ARROW): "{x} is a cause of {y}, so a hidden common cause is not all",
    (CIRCLE, ARROW): "{y} is no cause of {x}; {x} is a cause of {y}, or both have a hidden one",
    (ARROW, ARROW): "a hidden common cause, neither is a cause of the other",
    (CIRCLE, CIRCLE): "which is a cause, or whether a hidden one is, is open",
    (TAIL, TAIL): "both are causes of what rows are in the table (selection)",
    (TAIL, CIRCLE): "{x} is a cause of {y} or of what rows are in the table (selection)",
}


def relation(at_source: Mark, at_target: Mark) -> str:
    """Name of an edge (Ribeiro-Dantas et al. 2024), its target the end with the arrowhead.

    Examples
    --------
    >>> relation("tail", "arrow"), relation("circle", "arrow"), relation("arrow", "arrow")
    ('genuine', 'putative', 'latent')
    """
    if at_target != ARROW:
        return "undirected"
    return {TAIL: "genuine", CIRCLE: "putative", ARROW: "latent"}[at_source]


def marked_edge_table(
    names: Sequence[str], edges: Edges, marked: MarkedGraph, arrows: Mapping[End, float] | None
) -> pd.DataFrame:
    """One row an edge, the strongest first; of two ends the one more like an arrowhead is target.

    `arrows` are the probabilities of arrowheads, None where the test estimates no information.
    """
    order = (TAIL, CIRCLE, ARROW)
    pairs = [
        (b, a) if order.index(marked.mark[b, a]) > order.index(marked.mark[a, b]) else (a, b)
        for a, b in edges.pairs.tolist()
    ]
    ends = {"source": [pair[::-1] for pair in pairs], "target": pairs}
    nothing = Why("")
    why = {side: [marked.why.get(end, nothing) for end in ends[side]] for side in ends}
    marks = {side: [marked.mark[end] for end in ends[side]] for side in ends}
    columns: dict[str, Any] = {
        "source": [names[a] for a, _ in pairs],
        "target": [names[b] for _, b in pairs],
        "mi": edges.mi,
        "p_value": edges.tests.p_value,
        "n_samples": edges.tests.n_samples,
        "relation": [relation(*both) for both in zip(*marks.values(), strict=True)],
    }
    for side in ends:
        columns[f"{side}_mark"] = marks[side]
        columns[f"{side}_rule"] = [w.rule for w in why[side]]
        columns[f"{side}_forced_by"] = named_paths(names, [w.by for w in why[side]])
        columns[f"{side}_p_arrow"] = [
            np.nan if arrows is None else arrows.get(end, 0.5) for end in ends[side]
        ]
    columns["separating_set"] = named_sets(names, as_given(edges.sets))
    columns["cmi"] = edges.tests.mi
    columns["n_tests"] = edges.n_tests
    table = pd.DataFrame(columns)
    return table.sort_values("mi", ascending=False, kind="stable", ignore_index=True)


def named_paths(names: Sequence[str], paths: Sequence[tuple[int, ...]]) -> Any:
    """Columns in an order of their own as tuples of names."""
    named = (tuple(names[c] for c in path) for path in paths)
    return np.fromiter(named, dtype=object, count=len(paths))


def as_pag(graph: nx.DiGraph) -> nx.DiGraph:
    """A graph of such edges as a PAG: two opposite arcs, each with the mark at its end."""
    graph.graph["kind"] = KIND
    of_ends = ("mark", "rule", "p_arrow")
    for source, target, evidence in list(graph.edges(data=True)):
        ends = {
            side: {key: evidence.pop(f"{side}_{key}") for key in of_ends}
            for side in ("source", "target")
        }
        graph.add_edge(target, source, **evidence, **ends["source"])
        evidence.update(ends["target"])
    return graph


def marks_in_words(edge: Any) -> tuple[str, str]:
    """Describe how an edge joins its two columns, what that means, and what forces its marks."""
    x, y = repr(edge.source), repr(edge.target)
    means = _MEANS[edge.source_mark, edge.target_mark].format(x=x, y=y)
    after = ""
    for at, side in ((x, "source"), (y, "target")):
        mark, rule = getattr(edge, f"{side}_mark"), getattr(edge, f"{side}_rule")
        if rule:
            by = ", ".join(getattr(edge, f"{side}_forced_by"))
            after += f"; {mark} at {at} by {rule}" + (f" ({by})" if by else "")
    return f"{x} {glyph(edge.source_mark, edge.target_mark)} {y} ({means})", after
