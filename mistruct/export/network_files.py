"""Reading and writing networks, in the format given by the suffix.

=============== ============================================= ===================================
suffix          read by                                       what it does not keep
=============== ============================================= ===================================
.graphml        Cytoscape, Gephi, yEd, igraph                 attributes that are None
.gexf           Gephi                                         attributes that are None
.gml            Cytoscape, igraph                             attributes that are None
.json           D3, cytoscape.js (node-link)                  attributes that are None
.csv, .tsv      spreadsheets, pandas, R                       attributes of nodes and of the graph
.sif            Cytoscape                                     all attributes
.dot            Graphviz                                      two opposite arcs are one line
.tetrad         TETRAD                                        all attributes but the marks at ends
.bif            pgmpy, bnlearn, pyAgrum, SamIam: models only  see :mod:`mistruct.export.bif`
.dagitty        dagitty; only read                            see :mod:`mistruct.export.dot_text`
=============== ============================================= ===================================

Names come back as they were from each format that is read. An attribute that a format cannot hold
is JSON text in it, and a value again when read. Isolated nodes are kept: rows without a target in
edge lists, lines of one name in SIF. A directed graph has the column `directed` in edge lists and
the interaction ``directed`` in SIF.
"""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx

from mistruct.atomic import replacing
from mistruct.errors import DataError
from mistruct.export.attributes import from_json, pack, pack_columns, to_json, unpack
from mistruct.export.declared import check_declared, check_xml
from mistruct.export.dot_text import parse_edges
from mistruct.export.edge_text import (
    read_edge_list,
    read_sif,
    write_dot,
    write_edge_list,
    write_sif,
)
from mistruct.export.tables import check_graph
from mistruct.export.tetrad_text import read_tetrad, write_tetrad

if TYPE_CHECKING:
    from pgmpy.models import DiscreteBayesianNetwork

# Characters that XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# Keys to which GEXF gives a meaning of its own.
_GEXF_OWN = {"id", "label", "pid", "start", "end", "type", "key", "parents", "viz", "spells"}

# Ids that are no names.
_NUMBERED = re.compile(r"n?\d+$")

_GML_INTEGERS = range(-(2**31), 2**31)


def write_network(graph: nx.Graph, path: str | os.PathLike[str]) -> None:
    """Write a graph or model to a file.

    Parameters
    ----------
    graph : networkx.Graph, networkx.DiGraph or pgmpy model
        Nodes are strings. ``.bif`` takes a pgmpy DiscreteBayesianNetwork; all other formats take
        any graph, and of a model its structure.
    path : path
        Its suffix names the format: .graphml, .gexf, .gml, .json, .csv, .tsv, .sif, .dot, .tetrad
        or .bif. A file that exists is replaced, in one step.

    Raises
    ------
    DataError
        An unknown suffix, a folder that is not there or not writable, nodes that are no strings,
        or something the format cannot hold (named in the message).

    See Also
    --------
    read_network : The way back.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import networkx as nx
    >>> from mistruct.export.network_files import read_network, write_network
    >>> graph = nx.Graph(algorithm="ChowLiu", parameters={"alpha": 0.01})
    >>> graph.add_edge("ESR1", "subtype (PAM50)", mi=0.61, p_value=1e-30, n_samples=220)
    >>> graph.add_node("MKI67")
    >>> path = Path(tempfile.mkdtemp(), "network.graphml")
    >>> write_network(graph, path)
    >>> back = read_network(path)
    >>> sorted(back.nodes), back.edges["ESR1", "subtype (PAM50)"]["mi"], back.graph["parameters"]
    (['ESR1', 'MKI67', 'subtype (PAM50)'], 0.61, {'alpha': 0.01})
    """
    form = _format_of(path)
    if form.write is None:
        written = ", ".join(s for s, f in _FORMATS.items() if f.write)
        raise DataError(
            f"cannot write {os.fspath(path)!r}: {form.name} is only read; "
            f"the formats that can be written are {written}"
        )
    content = graph if form is _FORMATS[".bif"] else _plain(graph)
    with replacing(path) as temporary:
        try:
            form.write(content, temporary)
        except (nx.NetworkXError, UnicodeEncodeError, TypeError) as error:
            raise DataError(f"cannot write {os.fspath(path)!r} as {form.name}: {error}") from error


def read_network(path: str | os.PathLike[str]) -> nx.Graph | DiscreteBayesianNetwork:
    """Read a graph or model from a file.

    Parameters
    ----------
    path : path
        A file of :func:`write_network`, or another one in the same format. Its suffix names the
        format: .graphml, .gexf, .gml, .json, .csv, .tsv, .sif, .dot, .tetrad, .bif or .dagitty.

    Returns
    -------
    networkx.Graph, networkx.DiGraph or pgmpy.models.DiscreteBayesianNetwork
        A model from ``.bif``, else a graph with strings as nodes. Edge lists without a column
        `directed` are read as undirected; their header may say ``from`` and ``to``, or be absent.
        Numbered nodes of GraphML and GML are called as their attribute `name` says.

    Raises
    ------
    DataError
        An unknown suffix, or a file that is not there, not readable or not in its format.
    """
    form = _format_of(path)
    try:
        graph = form.read(Path(path))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(f"cannot read {os.fspath(path)!r}: {reason}") from error
    except DataError as error:
        raise DataError(f"cannot read {os.fspath(path)!r}: {error}") from error
    except Exception as error:  # parsers meet broken files with every kind of error
        detail = str(error)[:300] or type(error).__name__
        raise DataError(
            f"cannot read {os.fspath(path)!r}: it is not {form.name} ({detail})"
        ) from error
    return graph


def _plain(graph: nx.Graph) -> nx.Graph:
    """Copy a graph as a networkx graph without attributes that are None."""
    check_graph(graph)
    plain = nx.DiGraph() if graph.is_directed() else nx.Graph()
    plain.graph.update(graph.graph)
    plain.add_nodes_from(graph.nodes(data=True))
    plain.add_edges_from(graph.edges(data=True))
    # None says nothing, and pgmpy gives a weight of None to whatever has no weight.
    for record in (*plain.nodes.values(), *plain.edges.values()):
        for key in [k for k, v in record.items() if v is None]:
            del record[key]
    return plain


def _write_graphml(graph: nx.Graph, path: Path) -> None:
    scalars = {bool, int, float, str}
    pack_columns(graph.nodes.values(), scalars)
    pack_columns(graph.edges.values(), scalars)
    for key, value in graph.graph.items():
        graph.graph[key] = pack(value, scalars)
    _check_xml(graph)
    writer = nx.readwrite.graphml.GraphMLWriter()
    writer.add_graph_element(graph)
    # XML Schema, and with it Java tools, spell these differently from Python.
    floats = {k.get("id") for k in writer.xml.iter("key") if k.get("attr.type") == "double"}
    spelled = {"nan": "NaN", "inf": "INF", "-inf": "-INF"}
    for item in writer.xml.iter("data"):
        if item.get("key") in floats:
            item.text = spelled.get(item.text, item.text)
    with path.open("wb") as file:
        writer.dump(file)


def _read_graphml(path: Path) -> nx.Graph:
    check_xml(path)
    graph = nx.read_graphml(path)
    for key in ("node_default", "edge_default"):
        graph.graph.pop(key, None)
    return _named(graph)


def _named(graph: nx.Graph) -> nx.Graph:
    """Rename numbered nodes by their attribute `name`, as in files of Cytoscape and igraph.

    The names have to differ, or the numbers stay.
    """
    if not all(_NUMBERED.match(str(node)) for node in graph):
        return graph
    names = {node: record.get("name") for node, record in graph.nodes.items()}
    if not graph or not all(isinstance(n, str) and n for n in names.values()):
        return graph
    if len(set(names.values())) < len(names):
        return graph
    for record in graph.nodes.values():
        del record["name"]
    return nx.relabel_nodes(graph, names)


def _write_gexf(graph: nx.Graph, path: Path) -> None:
    for record in (*graph.nodes.values(), *graph.edges.values()):
        for key in _GEXF_OWN & record.keys():
            raise DataError(f"GEXF uses the attribute {key!r} for itself; rename it")
    scalars = {bool, int, float, str}
    pack_columns(graph.nodes.values(), scalars)
    pack_columns(graph.edges.values(), scalars)
    described = json.dumps(to_json(graph.graph), ensure_ascii=False)
    graph.graph.clear()
    _check_xml(graph, described)
    writer = nx.readwrite.gexf.GEXFWriter()
    writer.add_graph(graph)
    # GEXF has no attributes of the graph, but a free description.
    ET.SubElement(writer.xml.find("meta"), "description").text = described
    with path.open("wb") as file:
        writer.write(file)


def _read_gexf(path: Path) -> nx.Graph:
    check_xml(path)
    graph = nx.read_gexf(path)
    for node, record in graph.nodes.items():
        if record.get("label") == node:
            del record["label"]
    for record in graph.edges.values():
        record.pop("id", None)
    graph.graph.clear()
    described = ET.parse(path).findtext(".//{*}meta/{*}description") or ""
    try:
        attributes = json.loads(described)
    except ValueError:
        return graph
    if isinstance(attributes, dict):
        graph.graph.update(from_json(attributes))
    return graph


def _write_gml(graph: nx.Graph, path: Path) -> None:
    for name in {"[]", "()"} & set(graph):
        # networkx takes these for containers when it reads them
        raise DataError(f"GML cannot hold the name {name!r}; rename it, or use the suffix .json")
    scalars = {int, float, str}
    for records in (graph.nodes.values(), graph.edges.values()):
        pack_columns(records, scalars)
        for record in records:
            for key, value in record.items():
                if isinstance(value, int) and value not in _GML_INTEGERS:
                    record[key] = pack(value, ())
    # One text, as GML allows few characters in keys and gives several of them a meaning.
    attributes = pack(graph.graph, ())
    graph.graph.clear()
    graph.graph["attributes"] = attributes
    nx.write_gml(graph, path)


def _read_gml(path: Path) -> nx.Graph:
    try:
        graph = nx.read_gml(path)
    except nx.NetworkXError as error:
        if "label" not in str(error):
            raise
        graph = nx.read_gml(path, label="id")  # igraph writes no labels
        graph = _named(nx.relabel_nodes(graph, str))
    attributes = unpack(graph.graph.get("attributes"))
    if isinstance(attributes, dict):
        del graph.graph["attributes"]
        graph.graph.update(attributes)
    return graph


def _write_json(graph: nx.Graph, path: Path) -> None:
    content = to_json(nx.node_link_data(graph, edges="edges"))
    path.write_text(
        json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1),
        encoding="utf-8",
        newline="\n",
    )


def _read_json(path: Path) -> nx.Graph:
    content = json.loads(path.read_text(encoding="utf-8-sig"))
    # The key was "links" in networkx before 3.4, and is so in D3.
    edges = "edges" if "edges" in content else "links"
    names = [record["id"] for record in content["nodes"]]
    check_declared(names, ((e["source"], e["target"]) for e in content[edges]))
    graph = nx.node_link_graph(content, multigraph=False, edges=edges)
    for record in (graph.graph, *graph.nodes.values(), *graph.edges.values()):
        record.update(from_json(record))
    return nx.relabel_nodes(graph, {v: str(v) for v in names if not isinstance(v, str)})


def _write_bif(model: DiscreteBayesianNetwork, path: Path) -> None:
    from mistruct.export.bif import format_bif

    path.write_text(format_bif(model), encoding="ascii", newline="\n")


def _read_bif(path: Path) -> DiscreteBayesianNetwork:
    from mistruct.export.bif import parse_bif

    return parse_bif(path.read_text(encoding="utf-8-sig"))


def _read_edges(path: Path) -> nx.Graph:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return parse_edges(file.read())


def _check_xml(graph: nx.Graph, *texts: str) -> None:
    values = [v for r in (*graph.nodes.values(), *graph.edges.values()) for v in r.values()]
    for text in (*graph, *values, *graph.graph.values(), *texts):
        if isinstance(text, str) and (found := _NOT_XML.search(text)):
            raise DataError(
                f"{text!r} holds the character {found[0]!r}, which XML cannot; "
                "rename it, or use the suffix .json"
            )


def _unpacked(read: Callable[[Path], nx.Graph]) -> Callable[[Path], nx.Graph]:
    def reader(path: Path) -> nx.Graph:
        graph = read(path)
        for record in (graph.graph, *graph.nodes.values(), *graph.edges.values()):
            for key, value in record.items():
                record[key] = unpack(value)
        return graph

    return reader


class _Format(NamedTuple):
    name: str
    write: Callable[[nx.Graph, Path], None] | None
    read: Callable[[Path], Any]


_FORMATS: dict[str, _Format] = {
    ".graphml": _Format("GraphML", _write_graphml, _unpacked(_read_graphml)),
    ".gexf": _Format("GEXF", _write_gexf, _unpacked(_read_gexf)),
    ".gml": _Format("GML", _write_gml, _unpacked(_read_gml)),
    ".json": _Format("node-link JSON", _write_json, _read_json),
    ".csv": _Format(
        "an edge list",
        lambda graph, path: write_edge_list(graph, path, ","),
        lambda path: read_edge_list(path, ","),
    ),
    ".tsv": _Format(
        "an edge list",
        lambda graph, path: write_edge_list(graph, path, "\t"),
        lambda path: read_edge_list(path, "\t"),
    ),
    ".sif": _Format("SIF", write_sif, read_sif),
    ".dot": _Format("DOT", write_dot, _read_edges),
    ".tetrad": _Format("a TETRAD graph", write_tetrad, read_tetrad),
    ".bif": _Format("BIF", _write_bif, _read_bif),
    ".dagitty": _Format("a model of dagitty", None, _read_edges),
}


def _format_of(path: str | os.PathLike[str]) -> _Format:
    suffix = Path(path).suffix
    try:
        return _FORMATS[suffix.lower()]
    except KeyError:
        raise DataError(
            f"{os.fspath(path)!r} has the suffix {suffix!r}; "
            f"the known ones are {', '.join(_FORMATS)}"
        ) from None
