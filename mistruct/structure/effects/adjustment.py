r"""Adjustment sets: columns with which a regression gives the effect of x on y.

A set Z is an adjustment set if, in every distribution that the graph stands for, the effect of
setting x is $\sum_z p(y | x, z) p(z)$. The generalised adjustment criterion (Perkovic, Textor,
Kalisch and Maathuis 2018, definition 4) says when it is, for DAGs, CPDAGs and PAGs:

1. amenable: every possibly directed path from x to y that meets x only at its start begins with a
   visible edge out of x;
2. Z has no forbidden node, which are x and the possible descendants of nodes on these paths;
3. Z blocks every other path from x to y that meets x only at its start.

The third holds where Z separates x and y in one member of the class from which the first edges of
the directed paths from x to y have been removed. If any set is valid, so is the canonical one, all
possible ancestors of x and y that are not forbidden. The optimal one, the parents of the nodes on
the directed paths less what is forbidden, has the smallest asymptotic variance of all valid ones in
a linear model (Henckel, Perkovic and Maathuis 2022, theorem 3.13) and non-parametrically (Rotnitzky
and Smucler 2020).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import networkx as nx

from mistruct.errors import Either, ParameterError, check_choice, nearest_names
from mistruct.structure.effects.possible_paths import (
    is_visible,
    possible_ancestors,
    possible_descendants,
    possible_path,
)
from mistruct.structure.mixed_graph import MixedGraph, as_mixed_graph
from mistruct.structure.smallest_separators import smallest_separator

_ZERO = "the effect is zero, as no directed path leads from the cause to the outcome"

AdjustmentKind = Literal["auto", "optimal", "smallest", "canonical"]


@dataclass(frozen=True)
class AdjustmentSet:
    """The columns to adjust for, or why there are none.

    Attributes
    ----------
    x, y : tuple of str
        The causes and the outcomes.
    columns : tuple of str or None
        The adjustment set by name, which may be empty; None where there is none.
    kind : str
        The set that `columns` is: "optimal", "smallest" or "canonical".
    reason : str
        Why the set is valid, or the edge or path because of which there is none.
    """

    x: tuple[str, ...]
    y: tuple[str, ...]
    columns: tuple[str, ...] | None
    kind: str
    reason: str

    @property
    def valid(self) -> bool:
        """Whether an adjustment set exists."""
        return self.columns is not None


def adjustment_set(
    graph: nx.Graph,
    x: Hashable | Collection[Hashable],
    y: Hashable | Collection[Hashable],
    *,
    kind: AdjustmentKind = "auto",
    hidden: Iterable[str] = (),
) -> AdjustmentSet:
    """Find the columns to adjust for to estimate the total effect of x on y.

    Parameters
    ----------
    graph : networkx.DiGraph
        A DAG; a CPDAG, with or without knowledge, whose undirected edges are two opposite arcs; or
        a PAG or MAG, whose arcs (u, v) have as attribute `mark` what stands at v: "arrow", "tail"
        or "circle".
    x, y : node or list of nodes
        The causes, which are set together, and the outcomes.
    kind : {"auto", "optimal", "smallest", "canonical"}
        ``optimal`` gives the estimate with the smallest variance, for DAGs and CPDAGs whose nodes
        are all measured; ``smallest`` has the fewest columns, of several such sets the one closest
        to y; ``canonical`` is the largest that leaves out what lies behind x and y. ``auto`` is the
        optimal one where it is defined, else the smallest.
    hidden : iterable of nodes
        Nodes that were not measured, beside those with a true node attribute `hidden`.

    Returns
    -------
    AdjustmentSet
        With `columns` None where no set is valid.

    Raises
    ------
    DataError
        The graph has a cycle of arrows, or is no legal PAG.
    ParameterError
        A cause or outcome is no node, is hidden, or is both; the graph is undirected, or a PAG with
        edges that come from selection; or the optimal set is not defined.

    Notes
    -----
    Where no possibly directed path leads from x to y, the effect is zero, and the sets separate the
    two. The optimal set is not defined where x does not affect every outcome; it is the smallest
    then, and `kind` of the result says so.

    References
    ----------
    Perkovic, Textor, Kalisch and Maathuis (2018), "Complete graphical characterization and
    construction of adjustment sets in Markov equivalence classes of ancestral graphs", JMLR 18.
    Henckel, Perkovic and Maathuis (2022), "Graphical criteria for efficient total effect estimation
    via adjustment in causal linear models", JRSS B 84.
    van der Zander, Liskiewicz and Textor (2019), "Separators and adjustment sets in causal graphs",
    Artificial Intelligence 270.

    Examples
    --------
    >>> import networkx as nx
    >>> import mistruct as ms
    >>> dag = nx.DiGraph([("age", "drug"), ("age", "blood"), ("blood", "health")])
    >>> dag.add_edges_from([("drug", "health"), ("diet", "health")])
    >>> ms.adjustment_set(dag, "drug", "health").columns
    ('blood', 'diet')
    >>> ms.adjustment_set(dag, "drug", "health", kind="smallest").columns
    ('blood',)
    >>> ms.adjustment_set(dag, "drug", "health", hidden=["age", "blood"]).reason
    "no set of measured columns blocks the path 'drug' <- 'age' -> 'blood' -> 'health'"
    """
    check_choice("kind", kind, ("auto", "optimal", "smallest", "canonical"))
    mixed = as_mixed_graph(graph, hidden)
    _check_causal(mixed)
    causes, outcomes = (
        _ends(mixed, Either("x", "--cause"), x),
        _ends(mixed, Either("y", "--target"), y),
    )
    for both in sorted(set(causes) & set(outcomes)):
        raise ParameterError(f"x and y must be different columns, but both have {both!r}")
    every = mixed.kind != "PAG" and not mixed.hidden
    if kind == "optimal" and not every:
        why = f"{sorted(mixed.hidden)[0]!r} is hidden" if mixed.hidden else "this is a PAG"
        raise ParameterError(
            "kind='optimal' is defined for DAGs and CPDAGs whose nodes are all measured, but "
            f"{why}; use kind='smallest'"
        )
    wanted = kind if kind != "auto" else "optimal" if every else "smallest"
    paths = _Paths.of(mixed, causes, outcomes)
    if paths.reason:
        return AdjustmentSet(causes, outcomes, None, wanted, paths.reason)
    backdoor = _without_effects(mixed.member, causes, outcomes)
    around = possible_ancestors(mixed, {*causes, *outcomes})
    canonical = around - {*causes, *outcomes} - paths.forbidden - mixed.hidden
    walk = _open_path(backdoor, causes, outcomes, canonical)
    if walk is not None:
        reason = f"no set of measured columns blocks the path {mixed.path(walk)}"
        for v in sorted(paths.affected & set(walk[1:-1]))[:1]:
            reason += f", as the cause may affect {v!r}"
        if not paths.between:
            reason += f"; {_ZERO}"
        return AdjustmentSet(causes, outcomes, None, wanted, reason)
    if wanted == "optimal" and paths.between >= set(outcomes):
        causing = {p for v in paths.between for p in backdoor.pred[v]}
        columns = causing - paths.forbidden - set(outcomes)
    elif wanted == "canonical":
        columns = canonical
    else:
        wanted = "smallest"
        columns = smallest_separator(backdoor, causes, outcomes, canonical) or set()
    reason = "the set blocks every path that is not causal, and has nothing that the cause affects"
    if not paths.between:
        reason = f"the set separates cause and outcome; {_ZERO}"
    return AdjustmentSet(causes, outcomes, tuple(sorted(columns)), wanted, reason)


@dataclass(frozen=True)
class _Paths:
    """Possibly directed paths from x to y, and what they decide.

    `between` are the nodes on them, without x, `affected` the possible descendants of these, and
    `reason` why the graph is not amenable, if so.
    """

    between: set[str]
    affected: set[str]
    forbidden: set[str]
    reason: str

    @classmethod
    def of(cls, graph: MixedGraph, x: tuple[str, ...], y: tuple[str, ...]) -> _Paths:
        between: set[str] = set()
        before_y = possible_ancestors(graph, y, x)
        for cause in x:
            into = {v for v in graph.adjacent[cause] if graph.marks[v, cause] == "arrow"}
            avoiding = into | set(x)
            for first in graph.adjacent[cause]:
                if first in avoiding:
                    continue
                reached = possible_descendants(graph, [first], avoiding)
                if not reached & set(y):
                    continue
                between |= reached & before_y
                if not is_visible(graph, cause, first):
                    path = possible_path(graph, first, y, avoiding) or []
                    shown = graph.path([cause, *path])
                    reason = f"the edge {graph.path([cause, first])} " + (
                        "may hide a common cause of the two"
                        if graph.is_directed(cause, first)
                        else "may point either way"
                    )
                    return cls(set(), set(), set(), f"{reason}, on the possible path {shown}")
        affected = possible_descendants(graph, between)
        return cls(between, affected, affected | set(x), "")


def _check_causal(graph: MixedGraph) -> None:
    if graph.kind == "Markov network":
        raise ParameterError(
            "graph has no arrows, and an undirected Graph says nothing about effects; give a "
            "DiGraph, such as graph_ of PC, whose undirected edges are two opposite arcs"
        )
    for u, v in graph.edges if graph.kind == "PAG" else ():
        ends = {graph.marks[u, v], graph.marks[v, u]}
        if "tail" in ends and "arrow" not in ends:
            raise ParameterError(
                f"graph: the edge {graph.path([u, v])} has a tail but no arrow, so rows were "
                "selected by an effect of a column; adjustment is not defined under selection"
            )


def _ends(graph: MixedGraph, parameter: Either, given: Any) -> tuple[str, ...]:
    """The nodes that are meant, by name."""
    alone = isinstance(given, str) or not isinstance(given, Collection)
    named = tuple(sorted({str(v) for v in ([given] if alone else given)}))
    if not named:
        raise ParameterError(parameter, f" must be a node or a list of nodes, got {given!r}")
    for v in named:
        if v not in graph.adjacent:
            raise ParameterError(
                parameter, f": {v!r} is no node of the graph{nearest_names(v, graph.nodes)}"
            )
        if v in graph.hidden:
            raise ParameterError(parameter, f": {v!r} is hidden, so nothing can be estimated of it")
    return named


def _without_effects(dag: nx.DiGraph, x: Collection[str], y: Collection[str]) -> nx.DiGraph:
    """The DAG without the first edges of the directed paths from x to y that leave x for good."""
    beyond = dag.subgraph(set(dag) - set(x))
    before_y = set(y).union(*(nx.ancestors(beyond, v) for v in y))
    backdoor = nx.DiGraph(dag)
    backdoor.remove_edges_from([(u, v) for u in x for v in dag.succ[u] if v in before_y])
    return backdoor


def _open_path(
    dag: nx.DiGraph, x: Collection[str], y: Collection[str], given: Collection[str]
) -> list[str] | None:
    """The measured or hidden nodes, without those that stand for an edge, on a path left open."""
    opening = set(given).union(*(nx.ancestors(dag, v) for v in given))
    queue: list[tuple[Any, bool]] = [(v, False) for v in x]  # a node, and if an arrow points at it
    before: dict[tuple[Any, bool], tuple[Any, bool] | None] = dict.fromkeys(queue)
    for node, into in queue:
        if node in y:
            state: tuple[Any, bool] | None = (node, into)
            path = []
            while state is not None:
                path.append(state[0])
                state = before[state]
            return [v for v in path[::-1] if isinstance(v, str)]
        first = before[node, into] is None
        steps = [(v, True) for v in dag.succ[node]] if first or node not in given else []
        if first or (node in opening if into else node not in given):
            steps += [(v, False) for v in dag.pred[node]]
        for step in steps:
            if step not in before and step[0] not in x:
                before[step] = (node, into)
                queue.append(step)
    return None
