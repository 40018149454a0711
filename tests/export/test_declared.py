"""What a file of a network must not do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import mistruct as ms

_GRAPHML = """<?xml version="1.0"?>{doctype}
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="undirected">
<node id="a"/><node id="b"/>{more}<edge source="a" target="{end}"/></graph></graphml>"""

_GEXF = """<?xml version="1.0"?>{doctype}
<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2"><graph defaultedgetype="undirected">
<nodes><node id="a" label="a"/><node id="b" label="b"/>{more}</nodes>
<edges><edge source="a" target="{end}"/></edges></graph></gexf>"""

_LAUGHS = """<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY end "&b;&b;&b;">]>"""
_OTHER_FILE = """<!DOCTYPE x [<!ENTITY end SYSTEM "file:///etc/hostname">]>"""


@pytest.mark.parametrize("form", [_GRAPHML, _GEXF], ids=["graphml", "gexf"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("doctype", [_LAUGHS, _OTHER_FILE])
def test_entities_are_refused(form: str, encoding: str, doctype: str, tmp_path: Path) -> None:
    path = tmp_path / ("a.graphml" if form is _GRAPHML else "a.gexf")
    path.write_text(form.format(doctype="", more="", end="b"), encoding)
    assert set(ms.read_network(path)) == {"a", "b"}
    path.write_text(form.format(doctype=doctype, more="", end="&end;"), encoding)
    with pytest.raises(ms.DataError, match="declares the document type 'x'"):
        ms.read_network(path)


def _written(suffix: str, *, more: str, end: str) -> str:
    if suffix == "json":
        nodes = [{"id": "a"}, {"id": "b"}, *([{"id": more}] if more else [])]
        return json.dumps({"nodes": nodes, "edges": [{"source": "a", "target": end}]})
    form = _GRAPHML if suffix == "graphml" else _GEXF
    node = f'<node id="{more}" label="{more}"/>' if more else ""
    return form.format(doctype="", more=node, end=end)


@pytest.mark.parametrize("suffix", ["graphml", "gexf", "json"])
@pytest.mark.parametrize(
    ("more", "end", "message"),
    [
        ("", "c", "an edge joins 'a' and 'c', but 'c' is no node"),
        ("a", "b", "the node 'a' stands 2 times"),
    ],
)
def test_nodes_that_are_not_declared_once(
    suffix: str, more: str, end: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_text(_written(suffix, more=more, end=end))
    with pytest.raises(ms.DataError, match=message):
        ms.read_network(path)
