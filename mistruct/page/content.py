"""Content of a page, as numbers and texts for JSON."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError
from mistruct.independence.multiple_testing import discovery_rates
from mistruct.page.pictures import Pictures
from mistruct.plot.sheet import lay_out
from mistruct.structure.reasons import Reasons

#: More than this is not drawn; the strongest part is.
MOST_EDGES = 5_000
MOST_NODES = 2_000
#: More words and pictures than this make a page that is too large to be mailed.
MOST_REASONS = 20_000
MOST_PICTURES = 2_000
_MOST_POINTS = 5_000

#: Numbers of an edge that one may filter by, and whether a good edge has a small one.
FILTERS = {
    "p_value": True,
    "fdr": True,
    "mi": False,
    "weight": False,
    "gain": False,
    "support": False,
}
_RANKS = ("support", "weight", "mi")
#: What an edge can have at an end.
MARKS = ("tail", "circle", "arrow")


def links_of(graph: nx.Graph) -> nx.Graph:
    """The adjacencies with their evidence, `fdr`, and `marks`, what an edge has at its two ends.

    An arc of a directed graph has an arrow at its end, unless the opposite arc is there as well or
    its attribute `mark` says otherwise, as in a partial ancestral graph. Nodes and edges come in
    the order of names, so that nothing depends on how the graph was made.
    """
    links = nx.Graph()
    links.add_nodes_from(sorted(graph, key=_by_name))
    arcs = [(u, v, evidence) for u, v, evidence in graph.edges(data=True) if u != v]
    if not graph.is_directed():
        arcs = [(*sorted((u, v), key=_by_name), evidence) for u, v, evidence in arcs]
    for u, v, evidence in sorted(arcs, key=lambda arc: (_by_name(arc[0]), _by_name(arc[1]))):
        if not links.has_edge(u, v):
            marks = {u: _mark(graph, v, u), v: _mark(graph, u, v)}
            links.add_edge(u, v, **{**evidence, "marks": marks})
    tested = [e for e in links.edges.values() if _number(e.get("p_value")) is not None]
    p_values = np.array([e["p_value"] for e in tested], dtype=np.float64)
    rates = discovery_rates(p_values, math.comb(len(links), 2))
    for evidence, rate in zip(tested, rates.tolist(), strict=True):
        evidence["fdr"] = rate
    return links


def _mark(graph: nx.Graph, u: Hashable, v: Hashable) -> str:
    """Mark of the edge between u and v at v."""
    if not graph.is_directed() or not graph.has_edge(u, v):
        return "tail"
    found = graph[u][v].get("mark", "tail" if graph.has_edge(v, u) else "arrow")
    if found not in MARKS:
        rule = f"mark of the edge {u!r} -> {v!r} must be one of {', '.join(MARKS)}"
        raise ParameterError(f"{rule}, got {found!r}")
    return str(found)


def content(
    networks: Sequence[nx.Graph],
    reasons: Sequence[Reasons],
    names: Sequence[str],
    data: Dataset | None,
    target: Hashable | None,
    columns: pd.DataFrame | None,
    data_points: bool,
) -> dict[str, Any]:
    """Collect the content of a page for one network, or for two.

    Parameters
    ----------
    networks : sequence of networkx.Graph
        One or two.
    reasons : sequence of Reasons
        Of each network.
    names : sequence of str
        What to call them, if there are two.
    data : Dataset, optional
        The table, for pictures of pairs.
    target : node, optional
    columns : pandas.DataFrame, optional
        Further columns to colour the nodes by; its index has names of nodes.
    data_points : bool
        Whether the page may hold entries of the table.
    """
    links = [links_of(network) for network in networks]
    union = nx.compose_all(links[::-1])
    notes: list[str] = []
    whole = union
    union = _strongest(union, target, notes)
    linked = [n for n in union if union.degree(n) or n == target]
    nodes = sorted(union, key=_by_name)
    position = {n: i for i, n in enumerate(nodes)}
    places = _places(union.subgraph(linked).copy(), nodes, target)
    edges = sorted((sorted(e, key=position.__getitem__) for e in union.edges), key=_by_names)
    found = {
        "names": [str(n) for n in nodes],
        "networks": list(names),
        "n_variables": len(whole),
        "n_edges": whole.number_of_edges(),
        "target": position.get(target, -1),
        "x": [round(float(places[n][0]), 1) for n in nodes],
        "y": [round(float(places[n][1]), 1) for n in nodes],
        "colours": _colours(union, nodes, data, columns),
        **_edges(edges, position, links),
    }
    found["reasons"] = [_reasons(r, position, notes) for r in reasons]
    if data is not None:
        found |= _pictures(found, nodes, data, notes)
        if data_points:
            found["points"] = _points(nodes, data, notes)
    found["notes"] = notes
    return found


def _strongest(links: nx.Graph, target: Hashable | None, notes: list[str]) -> nx.Graph:
    """Network, or as much of its strongest part as a page can show."""
    if len(links) <= MOST_NODES and links.number_of_edges() <= MOST_EDGES:
        return links

    def strength(edge: Any) -> tuple[Any, ...]:
        u, v, evidence = edge
        by = next((k for k in _RANKS if evidence.get(k) is not None), None)
        rank = evidence[by] if by else 0.0
        return (target not in (u, v), -rank, _by_name(u), _by_name(v))

    kept = nx.Graph()
    if target is not None:
        kept.add_node(target)
    for u, v, evidence in sorted(links.edges(data=True), key=strength)[:MOST_EDGES]:
        if len({*kept, u, v}) <= MOST_NODES:
            kept.add_edge(u, v, **evidence)
    for node in links:
        if len(kept) < MOST_NODES:
            kept.add_node(node)
    notes.append(
        f"The network has {len(links):,} variables and {links.number_of_edges():,} edges. "
        f"Shown are {len(kept):,} variables and the {kept.number_of_edges():,} strongest edges."
    )
    return kept


def _places(linked: nx.Graph, nodes: Sequence[Hashable], target: Hashable | None) -> dict[Any, Any]:
    """Positions of the nodes: as in the picture, and those without an edge in rows below it."""
    steps = {} if target is None else nx.single_source_shortest_path_length(linked, target, 2)
    places: dict[Any, Any] = {}
    if len(linked):
        page = lay_out(linked, steps, None, 0.0)
        places = dict(zip(page.nodes, page.places, strict=True))
    lowest = min((p[1] for p in places.values()), default=0.0)
    left = min((p[0] for p in places.values()), default=0.0)
    width = max((p[0] for p in places.values()), default=400.0) - left
    alone = [n for n in nodes if n not in places]
    across = max(1, int(max(width, 200.0) // 40))
    for i, node in enumerate(alone):
        places[node] = (left + 40 * (i % across), lowest - 40 - 20 * (i // across))
    return places


def _edges(
    edges: Sequence[Sequence[Any]], position: dict[Any, int], links: Sequence[nx.Graph]
) -> dict[str, Any]:
    """Marks and numbers of the edges in each network, null where one does not have it."""
    ends: list[tuple[int, int]] = [(position[u], position[v]) for u, v in edges]
    each = []
    for network in links:
        evidence = [network.edges.get(e) if network.has_edge(*e) else None for e in edges]
        numbers = {
            name: [None if e is None else _number(e.get(name)) for e in evidence]
            for name in [*FILTERS, "cmi", "sign"]
        }
        each.append(
            {
                "ends": [None if e is None else _ends(e["marks"], position) for e in evidence],
                "contested": [
                    i for i, e in enumerate(evidence) if e and e.get("orientation") == "contested"
                ],
                "numbers": {
                    name: values
                    for name, values in numbers.items()
                    if any(v is not None for v in values)
                },
            }
        )
    return {"a": [a for a, _ in ends], "b": [b for _, b in ends], "of": each}


def _ends(marks: dict[Hashable, str], position: dict[Any, int]) -> list[int]:
    """The places in `MARKS` of what an edge has at its two nodes."""
    return [MARKS.index(marks[node]) for node in sorted(marks, key=position.__getitem__)]


def _number(value: Any) -> float | None:
    if value is None or isinstance(value, str) or not math.isfinite(value):
        return None
    return float(value)


def _reasons(reasons: Reasons, position: dict[Any, int], notes: list[str]) -> dict[str, Any]:
    by_name = {str(n): i for n, i in position.items()}
    rows = [
        [
            by_name[r.x],
            by_name[r.y],
            r.words,
            [by_name[z] for z in r.separating_set if z in by_name],
        ]
        for r in (*reasons.adjacent, *reasons.absent)
        if r.x in by_name and r.y in by_name
    ]
    if reasons.n_left:
        notes.append(
            f"Why two variables have no edge is said of the {len(reasons.absent):,} pairs that are "
            f"closest to one; {reasons.n_left:,} further pairs are left out."
        )
    return {"rows": rows, "otherwise": reasons.otherwise}


def _colours(
    links: nx.Graph, nodes: Sequence[Any], data: Dataset | None, columns: pd.DataFrame | None
) -> dict[str, Any]:
    """Properties by which nodes can be coloured: lists of texts or of numbers."""
    found: dict[str, Any] = {}
    if data is not None:
        kinds = {str(name): kind for name, kind in data.kinds.items()}
        found["kind"] = [kinds.get(str(n)) for n in nodes]
    modules = nx.community.louvain_communities(links, weight=None, seed=0)
    modules = sorted((sorted(m, key=_by_name) for m in modules if len(m) > 1), key=_by_size)
    module_of = {n: f"module {i}" for i, m in enumerate(modules, 1) for n in m}
    found["module"] = [module_of.get(n) for n in nodes]
    if columns is not None:
        table = columns.set_axis(columns.index.map(str)).reindex([str(n) for n in nodes])
        for name in table:
            values = table[name]
            if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
                found[str(name)] = [_number(v) for v in values]
            else:
                found[str(name)] = [None if pd.isna(v) else str(v) for v in values]
    return found


def _pictures(
    found: dict[str, Any], nodes: Sequence[Any], data: Dataset, notes: list[str]
) -> dict[str, Any]:
    """Counts of all edges, then of pairs that have a reason, up to a number of pairs."""
    pictures, held = Pictures(data), set(data.names)
    names = [str(n) for n in nodes]
    pairs = list(zip(found["a"], found["b"], strict=True))
    pairs += [(r[0], r[1]) for of in found["reasons"] for r in of["rows"]]
    pairs = list(dict.fromkeys(tuple(sorted(p)) for p in pairs))
    pairs = [(a, b) for a, b in pairs if names[a] in held and names[b] in held]
    shown = pairs[: max(MOST_PICTURES, len(found["a"]))]
    drawn = [[a, b, pictures.of_pair(names[a], names[b])] for a, b in shown]
    axes = {str(i): pictures.axis(names[i]) for pair in shown for i in pair}
    notes.append(
        f"Of the table ({data.n_samples:,} rows) the page holds counts on coarse grids and rounded "
        f"quantiles, of {len(shown):,} pairs of columns; a count may be small."
    )
    return {"pairs": drawn, "axes": dict(sorted(axes.items()))}


def _points(nodes: Sequence[Any], data: Dataset, notes: list[str]) -> dict[str, Any]:
    """Entries of the continuous columns, of some rows evenly spread if there are many."""
    rows = np.unique(np.linspace(0, data.n_samples - 1, _MOST_POINTS).astype(np.int64))
    shown = [(str(i), str(n)) for i, n in enumerate(nodes) if str(n) in data.continuous]
    notes.append(f"The page holds {len(rows):,} rows of {len(shown):,} continuous columns.")
    return {
        i: [_number(v) for v in data.values[data.row(name)][rows].tolist()] for i, name in shown
    }


def _by_name(node: Any) -> tuple[str, str]:
    return str(node), type(node).__name__


def _by_names(nodes: Sequence[Any]) -> list[tuple[str, str]]:
    return [_by_name(n) for n in nodes]


def _by_size(members: Sequence[Any]) -> tuple[int, Any]:
    return -len(members), _by_name(members[0])
