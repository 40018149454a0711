"""Reasons why pairs of columns have an edge or not."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx
from numpy.typing import NDArray

from mistruct.errors import ParameterError, nearest_names

if TYPE_CHECKING:
    import pandas as pd


class Reason(NamedTuple):
    """Reason why one pair has an edge or not.

    `words` are those of the learner's `why`; `separating_set` is the set that separated the pair,
    or came closest to it.
    """

    x: str
    y: str
    words: str
    separating_set: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reasons:
    """Reasons why pairs have an edge or not.

    Attributes
    ----------
    adjacent, absent : list of Reason
        Pairs with an edge and without, the latter from the closest to an edge to the furthest.
    n_left : int
        Further pairs without an edge, whose reasons were left out because there are too many.
    otherwise : str
        The reason of all pairs that are not listed, if one holds for them all, otherwise empty.
    """

    adjacent: list[Reason]
    absent: list[Reason]
    n_left: int = 0
    otherwise: str = ""


def plain_reasons(edges: pd.DataFrame, graph: nx.Graph) -> Reasons:
    """Reasons from the evidence of the edges, for learners that keep no others."""
    found: dict[frozenset[str], Reason] = {}
    row: Any
    for row in edges.itertuples():
        x, y = row.source, row.target
        if graph.has_edge(x, y) or graph.has_edge(y, x):
            found.setdefault(frozenset((x, y)), Reason(x, y, adjacent(x, y, row)))
    return Reasons(list(found.values()), [])


def forest_reasons(edges: pd.DataFrame, rule: str, most: int) -> Reasons:
    """Reasons why a forest joins pairs or not, with at most `most` absent pairs.

    `rule` says which edges were strong enough.
    """
    forest = nx.from_pandas_edgelist(edges) if len(edges) else nx.Graph()
    absent: list[Reason] = []
    n_left = 0
    for x in sorted(forest):
        for y, path in sorted(nx.single_source_shortest_path(forest, x).items()):
            if len(path) == 2 or y <= x:
                continue
            if len(absent) == most:
                n_left += 1
                continue
            words = not_adjacent(x, y, on_the_way(path))
            absent.append(Reason(x, y, words, tuple(path[1:-1])))
    return Reasons(plain_reasons(edges, forest).adjacent, absent, n_left, too_weak(rule))


def network_reasons(
    pairs: pd.DataFrame,
    graph: nx.Graph,
    level: str,
    regulators: bool,
    n_samples: int | None,
    most: int,
) -> Reasons:
    """Reasons why a gene network joins pairs or not, with the `most` strongest absent pairs.

    Parameters
    ----------
    pairs : pandas.DataFrame
        ``edges_``, also of pairs without an edge.
    graph : networkx.Graph
        The network.
    level : str
        When a pair is significant.
    regulators : bool
        Whether only some columns may regulate.
    n_samples : int, optional
        How many samples of the rows voted.
    most : int
    """
    found: list[Reason] = []
    absent: list[Reason] = []
    seen = set()
    n_left = 0
    row: Any
    for row in pairs.itertuples():
        x, y = row.source, row.target
        if frozenset((x, y)) in seen:
            continue
        seen.add(frozenset((x, y)))
        if graph.has_edge(x, y) or graph.has_edge(y, x):
            found.append(Reason(x, y, adjacent(x, y, row)))
        elif len(absent) == most:
            n_left += 1
        else:
            through = () if n_samples else (row.explained_by,)
            reason = not_chosen(row, level, n_samples)
            absent.append(Reason(x, y, not_adjacent(x, y, reason), through))
    return Reasons(found, absent, n_left, not_significant(level, regulators))


def not_chosen(row: Any, level: str, n_samples: int | None) -> str:
    """Reason why a significant pair is not in a gene network."""
    if n_samples:
        reason = f"no more samples of the rows have the edge than by chance ({level}), "
        return reason + f"{row.support:.2f} of {n_samples:,} sample{'s' * (n_samples != 1)}"
    return f"{row.explained_by} shares more with each of them ({in_numbers(row)})"


def not_significant(level: str, regulators: bool) -> str:
    """Reason why a pair that is not significant is not in a gene network."""
    neither = ", or neither is a regulator" if regulators else ""
    return f"what they share is not significant ({level}){neither}"


def adjacent(x: str, y: str, edge: Any) -> str:
    """Sentence on a pair with an edge, from the row of the edge."""
    return f"{x!r} and {y!r} are adjacent: {in_numbers(edge)}"


def not_adjacent(x: str, y: str, reason: str) -> str:
    """Sentence on a pair without an edge, with the reason."""
    return f"{x!r} and {y!r} are not adjacent: {reason}"


def on_the_way(path: Collection[str]) -> str:
    """Reason why a forest does not join the ends of a path."""
    between = ", ".join(list(path)[1:-1])
    return f"each edge on the way through {between} is at least as strong"


def too_weak(rule: str) -> str:
    """Reason why a forest does not join two of its trees."""
    return f"no edges that are strong enough ({rule}) lead from one to the other"


def in_numbers(edge: Any) -> str:
    """Information and p-value of a row in words."""
    p_value = edge.p_value
    text = f"{p_value:.2g}" if p_value >= 1e-4 else f"{p_value:.1e}"
    return f"{edge.mi:.3g} nats, p = {'<1e-300' if p_value < 1e-300 else text}"


class ExplainsPairs:
    """Mixin of the learners that explain each pair of columns in words."""

    feature_names_in_: NDArray[Any]

    def why(self, x: Hashable, y: Hashable) -> str:
        """Explain in words why two columns are joined or not.

        Parameters
        ----------
        x, y : column names

        Returns
        -------
        str

        Raises
        ------
        ParameterError
            A name is not a column, or both are one.
        """
        check_pair(str(x), str(y), self.feature_names_in_.tolist())
        return self._reason(str(x), str(y))

    @abstractmethod
    def _reason(self, x: str, y: str) -> str:
        """Explain a pair of different columns."""


def check_pair(x: str, y: str, names: Sequence[str]) -> None:
    """Raise ParameterError unless x and y are two of the names."""
    for name in (x, y):
        if name not in names:
            raise ParameterError(f"why: there is no column {name!r}{nearest_names(name, names)}")
    if x == y:
        raise ParameterError(f"why: x and y must be two columns, got {x!r} twice")
