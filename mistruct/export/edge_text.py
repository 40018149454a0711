"""Text formats of a graph: edge lists, SIF for Cytoscape, DOT for Graphviz."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import networkx as nx

from mistruct.errors import DataError
from mistruct.export.attributes import pack, pack_columns, unpack
from mistruct.structure.end_marks import ARROW, CIRCLE, KIND, TAIL, is_pag, marks_of

_FIRST_COLUMNS = ("mi", "p_value", "n_samples")
_CELL_TYPES = (bool, int, float, str)
_INTEGER = re.compile(r"[+-]?\d+$")

# Names of the two ends of an edge in a header, and of its other columns.
_ENDS = (
    ("source", "target"), ("from", "to"), ("regulator", "target"), ("tf", "target"),
    ("node1", "node2"), ("gene1", "gene2"), ("protein1", "protein2"),
)  # fmt: skip
_TITLES = {
    "source", "target", "from", "to", "id", "name", "node", "nodes", "edge", "weight", "score",
    "interaction", "type", "gene", "symbol", "p", "p_value", "mi", "x", "y", "a", "b",
}  # fmt: skip

Rows = list[tuple[int, list[str]]]

_DOT_ENDS = {ARROW: "normal", TAIL: "none", CIRCLE: "odot"}

# SIF separates by tabs and newlines and knows no quotes.
# A byte order mark at the beginning would be taken for that of the file.
_SIF_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\ufeff": "\\ufeff"}
_SIF_ESCAPED = {v: k for k, v in _SIF_ESCAPES.items()}


def write_edge_list(graph: nx.Graph, path: Path, delimiter: str) -> None:
    """Write a row for each edge, and a row without target for each isolated node."""
    edges = [(u, v, dict(data)) for u, v, data in graph.edges(data=True)]
    for name in ("source", "target", "directed"):
        if any(name in data for *_, data in edges):
            raise DataError(f"an edge list has its own column {name!r}; rename that edge attribute")
    if graph.is_directed():
        edges = [(u, v, {**data, "directed": True}) for u, v, data in edges]
    if "" in graph:
        raise DataError("an edge list marks isolated nodes by an empty target, but a node is ''")
    pack_columns((data for *_, data in edges), _CELL_TYPES)
    seen = {key: None for *_, data in edges for key in data}
    columns = [k for k in _FIRST_COLUMNS if k in seen]
    columns += [k for k in seen if k not in _FIRST_COLUMNS]
    if graph.is_directed() and not edges:
        columns = ["directed"]
    rows = [["source", "target", *columns]]
    rows += [[u, v, *(_cell(data.get(k)) for k in columns)] for u, v, data in edges]
    rows += [[v, "", *("" for _ in columns)] for v in nx.isolates(graph)]
    # The csv module leaves a carriage return bare, unless lines end in one.
    bare = any("\r" in cell for row in rows for cell in row)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(
            file,
            delimiter=delimiter,
            lineterminator="\n",
            quoting=csv.QUOTE_ALL if bare else csv.QUOTE_MINIMAL,
        ).writerows(rows)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value != value:
        return "NaN"  # pandas, R and Java all read this spelling
    return str(value)


def read_edge_list(path: Path, delimiter: str) -> nx.Graph:
    """Undo :func:`write_edge_list`; the types of attributes are inferred column by column."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        rows = [(reader.line_num, row) for row in reader if row]
    header, rows = _header(rows)
    records = []
    for line, row in rows:
        if len(row) != len(header):
            raise ValueError(f"line {line} has {len(row)} cells, not {len(header)}")
        records.append(dict(zip(header, row, strict=True)))
    values = {
        c: _parse_column([r[c] for r in records]) for c in header if c not in ("source", "target")
    }
    directed = "directed" in values and False not in values["directed"]
    graph = nx.DiGraph() if directed else nx.Graph()
    for i, record in enumerate(records):
        graph.add_node(record["source"])
        if record["target"] != "":
            data = {c: cells[i] for c, cells in values.items() if c != "directed"}
            kept = {k: v for k, v in data.items() if v is not None}
            graph.add_edge(record["source"], record["target"], **kept)
    if directed and "mark" in values:
        graph.graph["kind"] = KIND
    return graph


def _header(rows: Rows) -> tuple[list[str], Rows]:
    """Split off the header, which must contain `source` and `target`, from the rows.

    Raises
    ------
    ValueError
        The first row is neither such a header nor an edge.
    """
    first = rows[0][1] if rows else []
    folded = [name.strip().casefold() for name in first]
    for source, target in _ENDS:
        if source in folded and target in folded:
            ends = {folded.index(source): "source", folded.index(target): "target"}
            return [ends.get(i, name) for i, name in enumerate(first)], rows[1:]
    absent = next((c for c in ("source", "target") if c not in first), "source")
    plain = len(first) in (2, 3) and all(first[:2]) and not _TITLES & set(folded)
    numbers = [_is_number(row[2]) for _, row in rows if len(row) == 3]
    if not plain or (numbers and len(set(numbers)) > 1):
        raise ValueError(f"its header has no column {absent!r}, only {first}")
    third = "weight" if all(numbers) else "interaction"
    return ["source", "target", third][: len(first)], rows


def _parse_column(cells: list[str]) -> list[Any]:
    """Parse cells as whole numbers, numbers, booleans or text; None where empty."""
    filled = [c for c in cells if c]
    kind: Any = unpack
    if all(_INTEGER.match(c) for c in filled):
        kind = int
    elif all(c in ("True", "False") for c in filled):
        kind = "True".__eq__
    elif all(_is_number(c) for c in filled):
        kind = float
    return [kind(c) if c else None for c in cells]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def write_sif(graph: nx.Graph, path: Path) -> None:
    """Write lines ``source <tab> interaction <tab> target``; attributes are lost."""
    if "" in graph:
        raise DataError("SIF cannot hold the name ''; rename it, or use the suffix .json")
    interaction = "directed" if graph.is_directed() else "undirected"
    lines = [f"{_sif(u)}\t{interaction}\t{_sif(v)}" for u, v in graph.edges]
    # Readers split at tabs if there is one in the file, else at blanks, which names may contain.
    alone = "" if lines else "\t"
    lines += [_sif(v) + alone for v in nx.isolates(graph)]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def _sif(name: str) -> str:
    return re.sub("[\\\\\t\n\r\ufeff]", lambda m: _SIF_ESCAPES[m[0]], name)


def read_sif(path: Path) -> nx.Graph:
    """Undo :func:`write_sif`; a foreign interaction becomes the edge attribute `interaction`."""
    text = path.read_text(encoding="utf-8-sig")
    rows = []
    for line in re.split(r"\r?\n", text):
        cells = line.split("\t") if "\t" in text else line.split()
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            rows.append(
                [re.sub(r"\\(?:[\\tnr]|ufeff)", lambda m: _SIF_ESCAPED[m[0]], c) for c in cells]
            )
    graph = nx.DiGraph() if any(r[1] == "directed" for r in rows if len(r) > 1) else nx.Graph()
    for source, *rest in rows:
        graph.add_node(source)
        if len(rest) == 1:
            raise ValueError(f"the line of {source!r} names an interaction but no target")
        own = rest[:1] in (["directed"], ["undirected"])
        for target in rest[1:]:
            graph.add_edge(source, target, **({} if own else {"interaction": rest[0]}))
    return graph


def write_dot(graph: nx.Graph, path: Path) -> None:
    """Write Graphviz text; two opposite arcs become one line, with its marks if it has any."""
    directed = graph.is_directed()
    marks = marks_of(graph) if is_pag(graph) else {}
    arrow = "->" if directed else "--"
    lines = [f"strict {'digraph' if directed else 'graph'} {{"]
    if graph.graph:
        lines.append(f"  graph{_dot_attributes(graph.graph.items())};")
    lines += [f"  {_dot(v)}{_dot_attributes(data.items())};" for v, data in graph.nodes(data=True)]
    for u, v, data in graph.edges(data=True):
        attributes = list(data.items())
        if directed and graph.has_edge(v, u):
            if v < u:
                continue
            if marks:
                attributes = [(k, w) for k, w in attributes if k != "mark"]
                attributes += [("arrowhead", _DOT_ENDS[marks[u, v]])]
                attributes += [("arrowtail", _DOT_ENDS[marks[v, u]])]
            attributes.append(("dir", "both" if marks else "none"))
        lines.append(f"  {_dot(u)} {arrow} {_dot(v)}{_dot_attributes(attributes)};")
    path.write_text("\n".join([*lines, "}", ""]), encoding="utf-8", newline="\n")


def _dot_attributes(attributes: Iterable[tuple[str, Any]]) -> str:
    given = [f"{_dot(k)}={_dot(str(pack(v, _CELL_TYPES)))}" for k, v in attributes if v is not None]
    return f" [{', '.join(given)}]" if given else ""


def _dot(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
