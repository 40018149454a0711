"""Tables and explanations of the evidence of a search for separating sets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mistruct.errors import ParameterError
from mistruct.independence.protocol import Given
from mistruct.structure.causal.meek import Oriented
from mistruct.structure.causal.skeleton import (
    CORRECTION,
    DETERMINED,
    FDR,
    FORBIDDEN,
    INDEPENDENT,
    SCORE,
    UNTESTABLE,
    Edges,
    Skeleton,
    as_given,
)
from mistruct.structure.causal.v_structures import Triple
from mistruct.structure.reasons import Reason, Reasons, check_pair

InWords = Callable[[Any], tuple[str, str]]


def edge_table(names: Sequence[str], edges: Edges, oriented: Oriented) -> pd.DataFrame:
    """Table with one row per edge, the strongest first; directed from source to target."""
    named = np.array(names, dtype=object)
    backwards = np.array([(b, a) in oriented.arrows for a, b in edges.pairs.tolist()], dtype=bool)
    source, target = np.where(backwards[:, np.newaxis], edges.pairs[:, ::-1], edges.pairs).T
    orientation = [
        "directed"
        if (a, b) in oriented.arrows or (b, a) in oriented.arrows
        else "contested"
        if (a, b) in oriented.contested
        else "undirected"
        for a, b in edges.pairs.tolist()
    ]
    return pd.DataFrame(
        {
            "source": named[source],
            "target": named[target],
            "mi": edges.mi,
            "p_value": edges.tests.p_value,
            "n_samples": edges.tests.n_samples,
            "orientation": np.array(orientation, dtype=object),
            "separating_set": named_sets(names, as_given(edges.sets)),
            "cmi": edges.tests.mi,
            "n_tests": edges.n_tests,
        }
    ).sort_values("mi", ascending=False, kind="stable", ignore_index=True)


def both_ways(graph: nx.DiGraph) -> nx.DiGraph:
    """Convert edges to a PDAG: an undirected edge becomes two opposite arcs."""
    for source, target, evidence in list(graph.edges(data=True)):
        if evidence["orientation"] != "directed":
            graph.add_edge(target, source, **evidence)
    return graph


def separation_table(names: Sequence[str], found: Skeleton) -> pd.DataFrame:
    """Table with one row per removed pair, in the order of the search."""
    named = np.array(names, dtype=object)
    spent = np.zeros((found.n_variables,) * 2, dtype=np.int64)
    parts = []
    for of_depth in found.rounds:
        spent[tuple(of_depth.pairs.T)] += of_depth.n_tests
        places = np.flatnonzero(of_depth.rule != "")
        pairs, tests = of_depth.pairs[places], of_depth.tests.take(places)
        parts.append(
            pd.DataFrame(
                {
                    "source": named[pairs[:, 0]],
                    "target": named[pairs[:, 1]],
                    "separating_set": named_sets(names, as_given(of_depth.sets[places])),
                    "mi": tests.mi,
                    "p_value": tests.p_value,
                    "n_samples": tests.n_samples,
                    "depth": of_depth.depth,
                    "method": tests.method,
                    "rule": of_depth.rule[places].astype(object),
                    "n_tests": spent[tuple(pairs.T)],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def triple_table(names: Sequence[str], triples: Sequence[Triple]) -> pd.DataFrame:
    """Table with one row per unshielded triple."""
    return pd.DataFrame(
        {
            "x": [names[t.x] for t in triples],
            "middle": [names[t.middle] for t in triples],
            "y": [names[t.y] for t in triples],
            "n_separating": [t.n_separating for t in triples],
            "n_with_middle": [t.n_with_middle for t in triples],
            "verdict": [t.verdict for t in triples],
        }
    )


def explain(
    x: str,
    y: str,
    names: Sequence[str],
    edges: pd.DataFrame,
    separations: pd.DataFrame,
    required: Collection[tuple[str, str]],
    in_words: InWords | None = None,
) -> str:
    """Explain why two columns are adjacent or not.

    Parameters
    ----------
    x, y : str
    names : sequence of str
        All columns.
    edges, separations : pandas.DataFrame
        As from `edge_table` and `separation_table`.
    required : collection of (str, str)
        Edges that knowledge requires.
    in_words : callable, optional
        What a row of the table of edges says of its two columns, and what comes after its tests;
        by default `orientation_in_words`.

    Raises
    ------
    ParameterError
        A name is not a column, or both are one.
    """
    check_pair(x, y, names)
    kept = (x, y) in required or (y, x) in required
    adjacent = partial(_why_adjacent, kept=kept, in_words=in_words or orientation_in_words)
    for table, say in ((edges, adjacent), (separations, _why_removed)):
        of_pair = table[table["source"].isin([x, y]) & table["target"].isin([x, y])]
        for row in of_pair.itertuples():
            return say(row)
    raise ParameterError(f"why: nothing was asked about {x!r} and {y!r}; one must be the target")


def reasons(
    edges: pd.DataFrame,
    separations: pd.DataFrame,
    required: Collection[tuple[str, str]],
    most: int,
    groups: Sequence[dict[str, list[Any]]] = (),
    in_words: InWords | None = None,
) -> Reasons:
    """Reasons as by `explain`, for all edges and the `most` absent pairs of smallest p-value.

    Parameters
    ----------
    edges, separations, required, in_words
        As in `explain`.
    most : int
        How many pairs without an edge.
    groups : sequence of dict
        As in `as_group`.
    """
    known = {frozenset(arc) for arc in required}
    ranked = separations.sort_values("p_value", kind="stable", na_position="first")
    adjacent, absent = [], []
    row: Any
    for row in edges.itertuples():
        kept = frozenset((row.source, row.target)) in known
        words = _why_adjacent(row, kept, in_words or orientation_in_words)
        words += as_group(row.source, row.target, groups)
        adjacent.append(Reason(row.source, row.target, words, row.separating_set))
    for row in ranked.head(most).itertuples():
        absent.append(Reason(row.source, row.target, _why_removed(row), row.separating_set))
    return Reasons(adjacent, absent, max(0, len(ranked) - most))


def as_group(x: str, y: str, groups: Sequence[dict[str, list[Any]]]) -> str:
    """Words that follow where an edge comes from a test of a group of columns as one.

    `groups` are those of the learner: their ``members``, and the ``edges`` found with them.
    """
    return "".join(
        f"; tested as one column with all that {', '.join(group['members'])} say, "
        "as they determine each other"
        for group in groups
        if [x, y] in group["edges"] or [y, x] in group["edges"]
    )


def _why_removed(separation: Any) -> str:
    """Explain a row of the table of separations."""
    pair = f"{separation.source!r} and {separation.target!r} are not adjacent"
    given = ", ".join(separation.separating_set)
    depth = f"removed at depth {separation.depth}"
    p_value = f"p = {separation.p_value:.2g}"
    reasons = {
        INDEPENDENT: f"{depth}: independent{f' given {given}' if given else ''}, {p_value}",
        DETERMINED: f"{depth}: {given} determines one of the two, which leaves nothing to test",
        UNTESTABLE: "one of the two does not vary, or too few rows are known of both",
        FORBIDDEN: "knowledge forbids an edge either way",
        SCORE: "the graph of the highest score (BOSS) has no edge between them",
        CORRECTION: f"not significant beside so many other columns, {p_value}",
        FDR: f"above the threshold of the false discovery rate, {p_value}"
        + (f" given {given}" if given else ""),
    }
    return f"{pair}: {reasons[separation.rule]}"


def _why_adjacent(edge: Any, kept: bool, in_words: InWords) -> str:
    """Explain a row of the table of edges."""
    given = ", ".join(edge.separating_set)
    joined, after = in_words(edge)
    text = f"{joined}: "
    text += "required by knowledge; " if kept else ""
    tests = f"{edge.n_tests} tests" if edge.n_tests > 1 else "1 test"
    text += f"the largest p-value of {tests} is {edge.p_value:.2g}"
    text += f", given {given}" if given else ", without conditioning"
    return text + after


def orientation_in_words(edge: Any) -> tuple[str, str]:
    """Describe how an edge joins its two columns, and the evidence for its direction."""
    middle = "points to" if edge.orientation == "directed" else "is adjacent to"
    contested = edge.orientation == "contested"
    after = "; v-structures disagree on its direction" if contested else ""
    return f"{edge.source!r} {middle} {edge.target!r}", after


def named_sets(names: Sequence[str], sets: Sequence[Given]) -> NDArray[Any]:
    """Sets of columns as tuples of names."""
    named = (tuple(sorted(names[z] for z in given)) for given in sets)
    return np.fromiter(named, dtype=object, count=len(sets))
