"""Refusal of network files that declare entities, or join nodes that they do not declare.

GraphML and GEXF need no document type. One may declare entities that stand for each other, so that
a small file grows to gigabytes, or for other files. Expat reads no other files by itself, and has a
limit for growth since version 2.4.1; but Python takes the Expat of the system, whichever that is.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

from mistruct.errors import DataError


class _RootElement(Exception):
    pass


def check_xml(path: Path) -> None:
    """Raise DataError where GraphML or GEXF declares a document type or lacks nodes of edges."""
    _check_no_doctype(path)
    root = ET.parse(path).getroot()
    nodes = (node.get("id") for node in root.iterfind(".//{*}node"))
    edges = root.iterfind(".//{*}edge")
    check_declared(nodes, ((e.get("source"), e.get("target")) for e in edges))


def check_declared(nodes: Iterable[Any], edges: Iterable[tuple[Any, Any]]) -> None:
    """Raise DataError where a node stands twice, or an edge has an end that is no node."""
    times = Counter(nodes)
    for node, n in times.items():
        if n > 1:
            raise DataError(f"the node {node!r} stands {n} times")
    for u, v in edges:
        for end in (u, v):
            if end not in times:
                raise DataError(f"an edge joins {u!r} and {v!r}, but {end!r} is no node")


def _check_no_doctype(path: Path) -> None:
    """Raise DataError where there is a document type, which comes before the root."""

    def refuse(name: str, *_: Any) -> NoReturn:
        raise DataError(
            f"it declares the document type {name!r}, whose entities could grow without end or "
            "stand for other files; remove the line with <!DOCTYPE"
        )

    def stop(*_: Any) -> NoReturn:
        raise _RootElement

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = stop
    # What is no XML is refused by its reader.
    with path.open("rb") as file, suppress(_RootElement, expat.ExpatError):
        parser.ParseFile(file)
