"""Why a chordal network joins two columns or not, in words, from its tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import networkx as nx
import pandas as pd

from mistruct.structure.knowledge import Knowledge
from mistruct.structure.reasons import Reason, Reasons, check_pair, in_numbers, not_adjacent

_OTHERWISE = (
    "an edge between them would close a cycle without a chord, "
    "or tells too little to be among the best that were not added"
)


def explain_chordal(
    x: str,
    y: str,
    names: Sequence[str],
    tables: tuple[pd.DataFrame, pd.DataFrame],
    knowledge: Knowledge,
    max_clique: int | None,
) -> str:
    """Why a chordal network joins two columns or not.

    Parameters
    ----------
    x, y : str
    names : sequence of str
        All columns.
    tables : pair of pandas.DataFrame
        ``edges_`` and ``additions_``.
    knowledge : Knowledge
    max_clique : int, optional

    Raises
    ------
    ParameterError
        A name is not a column, or both are one.
    """
    check_pair(x, y, names)
    edges, additions = tables
    row: Any
    for row in _of_pair(x, y, edges):
        return _why_adjacent(row, _required(knowledge))
    for row in _of_pair(x, y, additions):
        return _why_not(row)
    if knowledge.constraints(names).excluded[names.index(x), names.index(y)]:
        return not_adjacent(x, y, "knowledge forbids an edge between them")
    graph = nx.from_pandas_edgelist(edges)
    graph.add_nodes_from(names)
    between = sorted(set(graph[x]) & set(graph[y]))
    graph.remove_nodes_from(between)
    if nx.has_path(graph, x, y):
        path = " - ".join(nx.shortest_path(graph, x, y))
        return not_adjacent(x, y, f"an edge would close a cycle without a chord along {path}")
    if max_clique is not None and len(between) + 2 > max_clique:
        clique = ", ".join(sorted([x, y, *between]))
        reason = f"the edge would make a clique of more than {max_clique} columns ({clique})"
        return not_adjacent(x, y, reason)
    return not_adjacent(x, y, f"they share too little{_given(between)}")


def reasons_of_chordal(
    edges: pd.DataFrame, additions: pd.DataFrame, knowledge: Knowledge, most: int
) -> Reasons:
    """Words of `explain_chordal` for all edges, and for the `most` best pairs without one."""
    required = _required(knowledge)
    adjacent = [_reason(row, _why_adjacent(row, required)) for row in edges.itertuples()]
    absent = [_reason(row, _why_not(row)) for row in additions.head(most).itertuples()]
    return Reasons(adjacent, absent, max(0, len(additions) - most), _OTHERWISE)


def _reason(row: Any, words: str) -> Reason:
    return Reason(row.source, row.target, words, tuple(row.separating_set))


def _of_pair(x: str, y: str, table: pd.DataFrame) -> Any:
    return table[table["source"].isin([x, y]) & table["target"].isin([x, y])].itertuples()


def _required(knowledge: Knowledge) -> set[frozenset[str]]:
    return {frozenset(arc) for arc in knowledge.required}


def _why_adjacent(edge: Any, required: Collection[frozenset[str]]) -> str:
    x, y = edge.source, edge.target
    kept = "knowledge requires the edge; " if frozenset((x, y)) in required else ""
    return f"{x!r} and {y!r} are adjacent: {kept}{_evidence(edge)}"


def _why_not(pair: Any) -> str:
    return not_adjacent(pair.source, pair.target, _evidence(pair))


def _evidence(row: Any) -> str:
    """Describe what two columns share given their separator, and what the edge gains."""
    given = _given(row.separating_set)
    numbers = in_numbers(row._replace(mi=row.cmi))
    change = f"gains {row.gain:.3g}" if row.gain >= 0 else f"costs {-row.gain:.3g}"
    return f"they share {numbers}{given}; the edge {change} nats in the score"


def _given(between: Collection[str]) -> str:
    return f" given {', '.join(between)}" if len(between) else ""
