"""Explanations of the absent edges of a DAG: the loss of score by each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from mistruct.structure.knowledge import Constraints
from mistruct.structure.orders.order_search import Forest, as_matrix, reachable
from mistruct.structure.reasons import Reason, Reasons, check_pair


def addition_table(
    parents: Sequence[Sequence[int]],
    forest: Forest,
    constraints: Constraints,
    names: Sequence[str],
) -> pd.DataFrame:
    """Table with one row per pair without an edge, the cheapest first.

    Columns: source, target, loss (what the score of the DAG would lose with source -> target, in
    nats) and reverse_loss (with target -> source), NaN where that edge would close a cycle, is
    forbidden, or gives a column more parents than it may have; source -> target is the cheaper.
    """
    n = len(names)
    losses = np.full((n, n), np.nan)
    reached = reachable(parents)
    for column, its in enumerate(parents):
        now = forest.score(column, its)
        with_each = forest.scores_with_any(column, its)
        free = np.isfinite(with_each) & constraints.possible[:, column] & ~reached[column]
        losses[free, column] = now - with_each[free]
    arcs = as_matrix(parents)
    pairs = np.argwhere(np.triu(~(arcs | arcs.T), k=1))
    forward, backward = losses[pairs[:, 0], pairs[:, 1]], losses[pairs[:, 1], pairs[:, 0]]
    turned = np.isnan(forward) | (backward < forward)
    source, target = np.where(turned[:, np.newaxis], pairs[:, ::-1], pairs).T
    named = np.array(names, dtype=object)
    table = pd.DataFrame(
        {
            "source": named[source],
            "target": named[target],
            "loss": np.where(turned, backward, forward),
            "reverse_loss": np.where(turned, forward, backward),
        }
    )
    return table.sort_values(["loss", "source", "target"], ignore_index=True)


def explain_by_score(
    x: str,
    y: str,
    names: Sequence[str],
    edges: pd.DataFrame,
    additions: pd.DataFrame,
    required: Collection[tuple[str, str]],
    copies: Mapping[str, str],
) -> str:
    """Explain why a search by score joins two columns or not.

    Parameters
    ----------
    x, y : str
    names : sequence of str
        All columns.
    edges, additions : pandas.DataFrame
    copies : mapping of str to str
        As :class:`BOSS` has them.
    required : collection of (str, str)
        Edges that knowledge requires.

    Raises
    ------
    ParameterError
        A name is not a column, or both are one.
    """
    check_pair(x, y, names)
    kept = (x, y) in required or (y, x) in required
    explained = ((edges, partial(_why_adjacent, kept=kept)), (additions, partial(_why_not, copies)))
    for table, say in explained:
        of_pair = table[table["source"].isin([x, y]) & table["target"].isin([x, y])]
        for row in of_pair.itertuples():
            return say(row)
    raise AssertionError("a pair has an edge or could have one")


def reasons_by_score(
    edges: pd.DataFrame,
    additions: pd.DataFrame,
    required: Collection[tuple[str, str]],
    copies: Mapping[str, str],
    most: int,
) -> Reasons:
    """Reasons as by `explain_by_score`, for all edges and the `most` cheapest absent pairs.

    Parameters
    ----------
    edges, additions, required, copies
        As in `explain_by_score`.
    most : int
        How many pairs without an edge.
    """
    known = {frozenset(arc) for arc in required}
    row: Any
    adjacent, absent = [], []
    for row in edges.itertuples():
        kept = frozenset((row.source, row.target)) in known
        adjacent.append(Reason(row.source, row.target, _why_adjacent(row, kept)))
    for row in additions.head(most).itertuples():
        absent.append(Reason(row.source, row.target, _why_not(copies, row)))
    return Reasons(adjacent, absent, max(0, len(additions) - most))


def _why_adjacent(edge: Any, kept: bool) -> str:
    verb = "points to" if edge.orientation == "directed" else "is adjacent to"
    required = "required by knowledge; " if kept else ""
    text = f"{edge.source!r} {verb} {edge.target!r}: {required}without this edge the score would "
    text += _change(edge.gain)
    if np.isnan(edge.cmi):
        return f"{text}; too few rows are complete to say what they share given the other parents"
    return f"{text}; given the other parents the two share {edge.cmi:.3g} nats"


def _why_not(copies: Mapping[str, str], pair: Any) -> str:
    ways = (
        (pair.source, pair.target, pair.loss),
        (pair.target, pair.source, pair.reverse_loss),
    )
    said = [f"{a!r} -> {b!r} would {_change(loss)}" for a, b, loss in ways if not np.isnan(loss)]
    reason = " and ".join(said) or "no edge between them is allowed"
    for copy in (c for c in (pair.source, pair.target) if c in copies and not said):
        reason = f"{copy!r} says the same in every row as {copies[copy]!r}, which stands for both"
    return f"{pair.source!r} and {pair.target!r} are not adjacent: {reason}"


def _change(loss: float) -> str:
    return f"lose {loss:.3g} nats" if loss >= 0 else f"gain {-loss:.3g} nats"
