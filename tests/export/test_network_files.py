"""Every format: what comes back from a file, and what is said where something cannot."""

from __future__ import annotations

import itertools
import json
import math
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mistruct as ms
from mistruct.errors import DataError
from mistruct.export.network_files import read_network, write_network
from mistruct.export.pgmpy_models import to_bayesian_network
from mistruct.export.regulatory_tables import write_regulatory_network
from tests.structure.genomes import expression, genome

READABLE = ["graphml", "gexf", "gml", "json", "csv", "tsv", "sif", "dot"]
ATTRIBUTED = ["graphml", "gexf", "gml", "json"]

HARD_NAMES = [
    "plain",
    "with space",
    " spaces around ",
    "comma, semicolon; colon:",
    "(parentheses) [brackets] {braces}",
    'double "quotes"',
    "it's",
    "größe µ 基因 🧬",
    "a\ttab",
    "a\nnewline",
    "back\\slash \\n \\",
    "<xml> & &amp; entity",
    "100 %",
    "json:[1]",
    "1",
    "1.50",
    "True",
    "nan",
    "None",
    "-- -> #",
    "'",
    "key=value",
]


def hard_graph(kind=nx.Graph):
    graph = kind(
        algorithm="ChowLiu",
        parameters={"alpha": 0.01, "root": None, "names": ["a", "b"], "deep": {"x": [1, {}]}},
        version="0.1.0",
        seed=7,
        penalty=None,
        complete=True,
        ratio=math.nan,
        bound=math.inf,
    )
    graph.add_nodes_from(HARD_NAMES)
    graph.add_node("isolated, (too)")
    for i, (u, v) in enumerate(itertools.pairwise(HARD_NAMES)):
        graph.add_edge(u, v, mi=0.1 * i, p_value=1e-300 / (i + 1), n_samples=220 + i)
    if graph.is_directed():
        graph.add_edge(HARD_NAMES[1], HARD_NAMES[0], mi=0.25, p_value=0.5, n_samples=3)
    return graph


def same(one, other):
    """Equal, where NaN equals NaN."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and math.isnan(one):
        return isinstance(other, float) and math.isnan(other)
    return type(one) is type(other) and one == other


def edges_of(graph):
    key = tuple if graph.is_directed() else frozenset
    return {key(e): graph.edges[e] for e in graph.edges}


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph])
@pytest.mark.parametrize("suffix", READABLE)
def test_nodes_and_edges_come_back(tmp_path, suffix, kind):
    graph = hard_graph(kind)
    path = tmp_path / f"network.{suffix}"
    write_network(graph, path)
    back = read_network(path)
    assert type(back) is kind
    assert set(back) == set(graph)
    assert edges_of(back).keys() == edges_of(graph).keys()
    if suffix not in ("sif", "dot"):
        assert same(edges_of(back), edges_of(graph))
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", ATTRIBUTED)
def test_graph_and_node_attributes_come_back(tmp_path, suffix):
    graph = hard_graph()
    graph.nodes["plain"].update(n_samples=5, role="gene", tags=["x", "y"])
    write_network(graph, tmp_path / f"n.{suffix}")
    back = read_network(tmp_path / f"n.{suffix}")
    assert same(back.graph, graph.graph)
    assert same(dict(back.nodes["plain"]), dict(graph.nodes["plain"]))
    assert back.nodes["1"] == {}


@pytest.mark.parametrize("suffix", [*ATTRIBUTED, "csv", "tsv"])
def test_awkward_attribute_values(tmp_path, suffix):
    graph = nx.Graph()
    graph.add_edge(
        "a",
        "b",
        mi=math.inf,
        p_value=math.nan,
        n_samples=np.int64(3),
        weight=np.float32(0.5),
        direct=True,
        sign=-1,
        explained_by=["x, y", 'z"'],
        note="json:looks alike",
    )
    graph.add_edge(
        "b",
        "c",
        mi=-math.inf,
        p_value=None,
        n_samples=2**40,
        weight=2,
        direct=np.bool_(False),
        sign=1,
        note="",
    )
    path = tmp_path / f"n.{suffix}"
    write_network(graph, path)
    back = read_network(path)
    first, second = dict(back.edges["a", "b"]), dict(back.edges["b", "c"])
    assert first["mi"] == math.inf and second["mi"] == -math.inf
    assert math.isnan(first["p_value"]) and "p_value" not in second
    assert (first["n_samples"], second["n_samples"]) == (3, 2**40)
    assert (first["weight"], second["weight"]) == (0.5, 2)
    assert first["direct"] is True and second["direct"] is False
    assert (first["sign"], second["sign"]) == (-1, 1)
    assert first["explained_by"] == ["x, y", 'z"']
    assert first["note"] == "json:looks alike"
    # The caller's graph is as it was.
    assert graph.edges["b", "c"]["p_value"] is None
    assert isinstance(graph.edges["a", "b"]["n_samples"], np.int64)


@pytest.mark.parametrize("suffix", READABLE)
@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph])
def test_graphs_without_edges(tmp_path, suffix, kind):
    path = tmp_path / f"n.{suffix}"
    for names in ([], ["one (1)"], ["a b", "c d"]):
        graph = kind()
        graph.add_nodes_from(names)
        write_network(graph, path)
        back = read_network(path)
        assert set(back) == set(names) and back.number_of_edges() == 0
        if suffix != "sif":  # the interaction on its edges is all that SIF says of direction
            assert type(back) is kind


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    names=st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, unique=True
    ),
    data=st.data(),
)
@pytest.mark.parametrize("suffix", READABLE)
def test_any_names_come_back_or_are_refused(tmp_path, suffix, names, data):
    graph = data.draw(st.sampled_from([nx.Graph, nx.DiGraph]))()
    graph.add_nodes_from(names)
    pairs = st.tuples(st.sampled_from(names), st.sampled_from(names)).filter(lambda e: e[0] != e[1])
    if len(names) > 1:
        graph.add_edges_from(data.draw(st.lists(pairs, max_size=5)))
    path = tmp_path / f"n.{suffix}"
    try:
        write_network(graph, path)
    except DataError as error:
        assert suffix in ("graphml", "gexf", "gml")
        assert "XML cannot" in str(error) or "GML cannot" in str(error)
        return
    back = read_network(path)
    assert set(back) == set(graph)
    assert edges_of(back).keys() == edges_of(graph).keys()


def test_edge_lists_begin_with_the_evidence_and_are_read_by_pandas(tmp_path):
    graph = nx.Graph()
    graph.add_edge("a, b", "c", weight=2.0, n_samples=3, p_value=math.nan, mi=0.5)
    graph.add_node("alone")
    write_network(graph, tmp_path / "edges.csv")
    frame = pd.read_csv(tmp_path / "edges.csv")
    assert list(frame) == ["source", "target", "mi", "p_value", "n_samples", "weight"]
    assert frame.iloc[0][["source", "target", "mi", "weight"]].tolist() == ["a, b", "c", 0.5, 2.0]
    assert frame["p_value"].isna().all() and frame.iloc[1]["source"] == "alone"


def test_foreign_files_are_read(tmp_path):
    (tmp_path / "a.csv").write_text("\ufeffsource,target,score\nx,y,1\ny,z,\n", encoding="utf-8")
    assert dict(read_network(tmp_path / "a.csv").edges["x", "y"]) == {"score": 1}
    (tmp_path / "a.sif").write_text("x pp y z\nalone\n")
    sif = read_network(tmp_path / "a.sif")
    assert set(sif) == {"x", "y", "z", "alone"} and sif.edges["x", "z"] == {"interaction": "pp"}
    (tmp_path / "a.json").write_text(
        json.dumps({"nodes": [{"id": 1}, {"id": 2}], "links": [{"source": 1, "target": 2}]})
    )
    assert set(read_network(tmp_path / "a.json").edges) == {("1", "2")}
    (tmp_path / "a.gml").write_text('graph [ node [ id 0 label "x" ] node [ id 1 label "y" ] ]')
    assert set(read_network(tmp_path / "a.gml")) == {"x", "y"}


def test_json_is_strict(tmp_path):
    graph = nx.Graph(ratio=math.nan)
    graph.add_edge("a", "b", mi=math.inf, p_value=None)
    write_network(graph, tmp_path / "n.json")

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    json.loads((tmp_path / "n.json").read_text(encoding="utf-8"), parse_constant=refuse)


def test_numbers_in_graphml_are_spelled_for_java(tmp_path):
    graph = nx.Graph()
    graph.add_edge("nan", "inf", mi=math.inf, p_value=math.nan, note="nan")
    graph.add_edge("nan", "b", mi=1)
    write_network(graph, tmp_path / "n.graphml")
    text = (tmp_path / "n.graphml").read_text(encoding="utf-8")
    assert ">INF<" in text and ">NaN<" in text and ">nan<" in text
    # One column of one type, though one value was given as a whole number.
    assert text.count('attr.name="mi"') == 1


def test_dot_text(tmp_path):
    cpdag = nx.DiGraph(algorithm='P"C')
    cpdag.add_edge('say "hi"', "back\\", mi=0.5)
    cpdag.add_edge("b", "a", mi=1)
    cpdag.add_edge("a", "b", mi=1)
    cpdag.add_node("line\nbreak")
    write_network(cpdag, tmp_path / "n.dot")
    assert (tmp_path / "n.dot").read_text(encoding="utf-8").splitlines() == [
        "strict digraph {",
        '  graph ["algorithm"="P\\"C"];',
        '  "say \\"hi\\"";',
        '  "back\\\\";',
        '  "b";',
        '  "a";',
        '  "line\\nbreak";',
        '  "say \\"hi\\"" -> "back\\\\" ["mi"="0.5"];',
        '  "a" -> "b" ["mi"="1", "dir"="none"];',
        "}",
    ]
    write_network(nx.Graph([("a", "b")]), tmp_path / "n.dot")
    assert '"a" -- "b";' in (tmp_path / "n.dot").read_text(encoding="utf-8")
    with pytest.raises(DataError, match=r"dagitty is only read; .* \.graphml, \.gexf"):
        write_network(cpdag, tmp_path / "n.dagitty")


@pytest.mark.parametrize("suffix", READABLE)
def test_models_are_written_as_their_structure(tmp_path, suffix):
    frame = pd.DataFrame({"a": [0, 1, 1], "b": [True, False, True], "c": ["x", "y", "y"]})
    model = to_bayesian_network(nx.DiGraph([("a", "b")]), frame)
    write_network(model, tmp_path / f"n.{suffix}")
    assert set(read_network(tmp_path / f"n.{suffix}").edges) == {("a", "b")}


@pytest.mark.parametrize("direction", [None, "hubs"])
def test_a_gene_network_is_typed_for_cytoscape(tmp_path, direction):
    rng = np.random.default_rng(0)
    genes = expression(rng, genome(rng, 15, regulators=0.3), 100)
    net = ms.ARACNE(direction=direction).fit(genes.assign(alone=rng.normal(size=100)))
    graph = net.graph_
    write_network(graph, tmp_path / "net.graphml")
    write_network(graph, tmp_path / "net.sif")

    # GraphML declares the type of each column of the edge table.
    root = ET.parse(tmp_path / "net.graphml").getroot()
    keys = {k.get("id"): k for k in root.findall("{*}key") if k.get("for") == "edge"}
    assert {k.get("attr.name"): k.get("attr.type") for k in keys.values()} == {
        "mi": "double", "p_value": "double", "n_samples": "long", "weight": "double",
        "sign": "long",
    }  # fmt: skip
    kind = "undirected" if direction is None else "directed"
    assert root.find("{*}graph").get("edgedefault") == kind
    back = nx.read_graphml(tmp_path / "net.graphml")
    assert back.is_directed() == graph.is_directed()
    assert set(back) == set(graph) and edges_of(back) == edges_of(graph)

    # SIF: source, interaction and target between tabs, or one name alone.
    lines = (tmp_path / "net.sif").read_text(encoding="utf-8").splitlines()
    cells = [line.split("\t") for line in lines]
    edges = [(row[0], row[2]) for row in cells if len(row) == 3 and row[1] == kind]
    assert sorted(edges) == sorted(graph.edges) and len(edges) > 10
    alone = [row[0] for row in cells if len(row) == 1]
    assert alone == list(nx.isolates(graph)) and "alone" in alone
    assert len(edges) + len(alone) == len(lines)


def test_suffixes(tmp_path):
    write_network(nx.Graph([("a", "b")]), tmp_path / "N.GraphML")
    assert set(read_network(str(tmp_path / "N.GraphML"))) == {"a", "b"}
    known = (
        r"\.graphml, \.gexf, \.gml, \.json, \.csv, \.tsv, \.sif, \.dot, \.tetrad, \.bif, "
        r"\.dagitty"
    )
    for name in ("n.xyz", "n"):
        with pytest.raises(DataError, match=rf"the known ones are {known}"):
            write_network(nx.Graph(), tmp_path / name)
        with pytest.raises(DataError, match=rf"the known ones are {known}"):
            read_network(tmp_path / name)


@pytest.mark.parametrize("suffix", READABLE)
def test_nothing_is_written_where_something_fails(tmp_path, suffix):
    graph = nx.Graph([("a", "b")])
    with pytest.raises(DataError, match="there is no folder"):
        write_network(graph, tmp_path / "absent" / f"n.{suffix}")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="there is no folder"):
        write_network(graph, tmp_path / "file" / f"n.{suffix}")
    (tmp_path / f"folder.{suffix}").mkdir()
    with pytest.raises(DataError, match="it is a folder"):
        write_network(graph, tmp_path / f"folder.{suffix}")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(DataError, match="one is 1"):
        write_network(nx.Graph([(1, "a")]), tmp_path / f"n.{suffix}")
    assert sorted(os.listdir(tmp_path)) == before


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "n.graphml"
    write_network(nx.Graph([("a", "b")]), path)
    before = path.read_bytes()
    with pytest.raises(DataError, match=r"holds the character '\\x00', which XML cannot"):
        write_network(nx.Graph([("a", "nul\x00")]), path)

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(DataError, match=r"cannot write .*n\.graphml': No space left on device"):
        write_network(nx.Graph([("c", "d")]), path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == [path.name]


def test_what_a_format_cannot_hold_is_said(tmp_path):
    graph = nx.Graph()
    graph.add_edge("a", "b", type="x", source="y")
    graph.edges["a", "b"]["not a key"] = 1
    with pytest.raises(DataError, match="GEXF uses the attribute 'type' for itself"):
        write_network(graph, tmp_path / "n.gexf")
    with pytest.raises(DataError, match="as GML: 'not a key' is not a valid key"):
        write_network(graph, tmp_path / "n.gml")
    with pytest.raises(DataError, match=r"GML cannot hold the name '\[\]'"):
        write_network(nx.empty_graph(["[]"]), tmp_path / "n.gml")
    with pytest.raises(DataError, match="an edge list has its own column 'source'"):
        write_network(graph, tmp_path / "n.csv")
    with pytest.raises(DataError, match="a node is ''"):
        write_network(nx.Graph([("a", "")]), tmp_path / "n.csv")
    with pytest.raises(DataError, match="BIF holds discrete Bayesian networks of pgmpy, got Graph"):
        write_network(graph, tmp_path / "n.bif")


@pytest.mark.parametrize("suffix", [*READABLE, "bif"])
def test_broken_files_are_refused(tmp_path, suffix):
    path = tmp_path / f"n.{suffix}"
    with pytest.raises(DataError, match="No such file"):
        read_network(path)
    path.write_bytes(b"\xff\xfe\x00 no network\n")
    with pytest.raises(DataError, match=rf"cannot read .*n\.{suffix}': it is not"):
        read_network(path)


def test_broken_edge_lists_say_where(tmp_path):
    path = tmp_path / "n.csv"
    path.write_text("from,when\na,b\n")
    with pytest.raises(DataError, match=r"has no column 'source', only \['from', 'when'\]"):
        read_network(path)
    path.write_text("source,target\na,b\nc\n")
    with pytest.raises(DataError, match="line 3 has 1 cells, not 2"):
        read_network(path)
    (tmp_path / "n.sif").write_text("a\tpp\n")
    with pytest.raises(DataError, match="the line of 'a' names an interaction but no target"):
        read_network(tmp_path / "n.sif")


def test_graph_files_do_without_pgmpy(tmp_path):
    script = (
        "import sys, networkx as nx, mistruct.export as e\n"
        "g = nx.Graph([('a', 'b')])\n"
        f"for s in {READABLE}:\n"
        f"    e.write_network(g, r'{tmp_path}/n.' + s); e.read_network(r'{tmp_path}/n.' + s)\n"
        "print(sorted(m for m in ('pgmpy', 'matplotlib') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("text", "suffix", "edges"),
    [
        ("from,to,weight\nTP53,MDM2,0.5\n", "csv", [("TP53", "MDM2", {"weight": 0.5})]),
        ("From\tTo\nTP53\tMDM2\n", "tsv", [("TP53", "MDM2", {})]),
        ("TF,target,mi\nTP53,MDM2,0.5\n", "csv", [("TP53", "MDM2", {"mi": 0.5})]),
        ("TP53\tMDM2\nMDM2\tEGFR\n", "tsv", [("TP53", "MDM2", {}), ("MDM2", "EGFR", {})]),
        ("TP53,MDM2,0.5\n", "csv", [("TP53", "MDM2", {"weight": 0.5})]),
        ("TP53,MDM2,pp\n", "csv", [("TP53", "MDM2", {"interaction": "pp"})]),
    ],
)
def test_edge_lists_of_others(tmp_path, text, suffix, edges):
    path = tmp_path / f"net.{suffix}"
    path.write_text(text)
    assert list(read_network(path).edges(data=True)) == edges


@pytest.mark.parametrize(
    "text",
    ["id,name\n1,TP53\n", "gene,score,p\na,b,0.5\n", "x,y,z\na,b,0.5\n", "a,b,c,d\n1,2,3,4\n"],
)
def test_what_is_no_edge_list(tmp_path, text):
    (tmp_path / "net.csv").write_text(text)
    with pytest.raises(DataError, match="its header has no column 'source', only"):
        read_network(tmp_path / "net.csv")


def test_numbered_nodes_are_called_by_name(tmp_path):
    graph = nx.Graph([("n0", "n1")])
    nx.set_node_attributes(graph, {"n0": "TP53", "n1": "MDM2"}, "name")
    nx.write_graphml(graph, tmp_path / "igraph.graphml")
    assert list(read_network(tmp_path / "igraph.graphml").edges) == [("TP53", "MDM2")]
    nx.set_node_attributes(graph, "TP53", "name")  # names that do not differ
    nx.write_graphml(graph, tmp_path / "twice.graphml")
    assert set(read_network(tmp_path / "twice.graphml")) == {"n0", "n1"}
    named = nx.Graph([("TP53", "MDM2")])
    nx.set_node_attributes(named, {"TP53": "p53", "MDM2": "mdm"}, "name")
    write_network(named, tmp_path / "own.graphml")
    assert set(read_network(tmp_path / "own.graphml")) == {"TP53", "MDM2"}
    (tmp_path / "bare.gml").write_text(
        "graph [ node [ id 1 ] node [ id 2 ] edge [ source 1 target 2 ] ]"
    )
    assert set(read_network(tmp_path / "bare.gml")) == {"1", "2"}


# Graphs with hidden causes ----------------------------------------------------------------------

ALL_MARKS = {
    ("a", "b"): ("circle", "arrow"),
    ("b", "c"): ("arrow", "arrow"),
    ("d", "c"): ("tail", "arrow"),
    ("d", "e"): ("circle", "circle"),
    ("e", "f"): ("tail", "tail"),
    ("a", "f"): ("circle", "tail"),
}


def pag():
    graph = nx.DiGraph(kind="pag")
    graph.add_nodes_from("abcdefg")
    for (u, v), (at_u, at_v) in ALL_MARKS.items():
        graph.add_edge(u, v, mark=at_v)
        graph.add_edge(v, u, mark=at_u)
    return graph


@pytest.mark.parametrize("suffix", [*ATTRIBUTED, "csv", "dot", "tetrad"])
def test_marks_come_back(tmp_path, suffix):
    write_network(pag(), tmp_path / f"n.{suffix}")
    back = read_network(tmp_path / f"n.{suffix}")
    assert back.graph["kind"] == "pag"
    assert set(back) == set("abcdefg")
    assert {(u, v): m for u, v, m in back.edges(data="mark")} == {
        (u, v): m for u, v, m in pag().edges(data="mark")
    }


def test_tetrad_text(tmp_path):
    path = tmp_path / "n.tetrad"
    write_network(pag(), path)
    assert path.read_text(encoding="utf-8").splitlines()[3:] == [
        *("Graph Edges:", "1. a o-> b", "2. a o-- f", "3. b <-> c", "4. d --> c"),
        *("5. d o-o e", "6. e --- f"),
    ]
    cpdag = nx.DiGraph([("a", "c"), ("b", "c"), ("c", "d"), ("d", "c")])
    write_network(cpdag, path)
    assert set(read_network(path).edges) == set(cpdag.edges)
    write_network(nx.Graph([("a", "b")]), path)
    assert not read_network(path).is_directed()
    with pytest.raises(DataError, match="TETRAD cannot read the name 'a b'"):
        write_network(nx.Graph([("a b", "c")]), path)
    path.write_text("a --> b")
    with pytest.raises(DataError, match="it is not a TETRAD graph"):
        read_network(path)


def test_dot_has_marks(tmp_path):
    write_network(pag(), tmp_path / "n.dot")
    text = (tmp_path / "n.dot").read_text(encoding="utf-8")
    assert '"a" -> "b" ["arrowhead"="normal", "arrowtail"="odot", "dir"="both"];' in text
    assert text.count(" -> ") == len(ALL_MARKS)


def test_a_graph_with_hidden_causes_has_no_bayesian_network():
    table = pd.DataFrame({v: [0, 1] for v in "abcdefg"})
    with pytest.raises(DataError, match="causes may be hidden"):
        to_bayesian_network(pag(), table)


def test_an_end_without_a_mark_is_refused(tmp_path):
    graph = pag()
    del graph.edges["a", "b"]["mark"]
    with pytest.raises(DataError, match="arc from 'a' to 'b' must have a mark"):
        write_network(graph, tmp_path / "n.tetrad")
    graph.remove_edge("a", "b")
    with pytest.raises(DataError, match="edge of 'b' and 'a' has no arc back"):
        write_network(graph, tmp_path / "n.tetrad")


def test_a_byte_order_mark_in_a_name_stays_in_sif(tmp_path: Path) -> None:
    path = tmp_path / "a.sif"
    for graph in (nx.Graph([("\ufeffa", "b")]), nx.empty_graph(["\ufeff", "\\ufeff"])):
        write_network(graph, path)
        assert set(read_network(path)) == set(graph)
    with pytest.raises(DataError, match="SIF cannot hold the name ''"):
        write_network(nx.Graph([("", "b")]), path)


def test_half_a_character_in_a_table_of_regulators(tmp_path: Path) -> None:
    edges = pd.DataFrame({"source": ["\ud800"], "target": ["b"], "weight": [1.0]})
    with pytest.raises(DataError, match=r"no file holds the text '\\ud800'"):
        write_regulatory_network(edges, tmp_path / "net.tsv", "pyscenic")
    assert not list(tmp_path.iterdir())
