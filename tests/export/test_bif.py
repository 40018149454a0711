"""BIF: models with hard names come back, and pgmpy's own reader reads what is written."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pgmpy
import pytest
from pgmpy.factors.discrete import TabularCPD
from pgmpy.models import DiscreteBayesianNetwork
from pgmpy.readwrite import BIFReader

from mistruct.errors import DataError
from mistruct.export.bif import format_bif, parse_bif
from mistruct.export.network_files import read_network, write_network
from mistruct.export.pgmpy_models import to_bayesian_network

EXAMPLES = Path(pgmpy.__file__).parent / "utils" / "example_models"


def assert_same_model(one, other):
    assert set(one.edges) == set(other.edges) and list(one) == list(other)
    for node in one:
        a, b = one.get_cpds(node), other.get_cpds(node)
        assert a.variables == b.variables
        for v in a.variables:
            assert a.state_names[v] == b.state_names[v]
            assert list(map(type, a.state_names[v])) == list(map(type, b.state_names[v]))
        np.testing.assert_array_equal(a.values, b.values)


def hard_model():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "dose (mg), daily": rng.choice([-1, 0, 10], 60),
            "alive": rng.random(60) < 0.5,
            "Alive": rng.choice(["True", "False"], 60),
            'the "höchste" stage': rng.choice(["I", "II (a)", "II, b", "i", "é", " ", ""], 60),
            "variable": rng.choice(["table", "default", "1", "NaN"], 60),
            "7th": rng.choice(["a;b", "{x}", "// y", "/* z */", "p=q", "100 %"], 60),
            "probability | x": rng.choice(["only"], 60),
            "基因": rng.choice([0.5, 1.5], 60),
        }
    )
    names = list(frame)
    dag = nx.DiGraph([(names[0], names[3]), (names[1], names[3]), (names[2], names[4])])
    dag.add_edge(names[7], names[5])
    dag.add_node(names[6])
    from mistruct.data.dataset import as_dataset

    return to_bayesian_network(dag, as_dataset(frame, kinds={"基因": "discrete"}))


@pytest.mark.parametrize("name", ["asia", "cancer", "survey", "sachs"])
def test_bundled_networks_come_back(tmp_path, name):
    with gzip.open(EXAMPLES / f"{name}.bif.gz", "rt") as file:
        text = file.read()
    model = BIFReader(string=text).get_model()
    path = tmp_path / f"{name}.bif"
    write_network(model, path)
    assert_same_model(read_network(path), model)
    # Names that are identifiers already need no map, so any reader gives the same model.
    assert "property" not in path.read_text()
    if name == "asia":
        assert_same_model(BIFReader(path=str(path)).get_model(), model)
    assert os.listdir(tmp_path) == [path.name]


def test_hard_names_and_states_come_back(tmp_path):
    model = hard_model()
    path = tmp_path / "model.bif"
    write_network(model, path)
    back = read_network(path)
    assert back.check_model()
    assert_same_model(back, model)


def test_pgmpy_reads_the_identifiers(inference):
    model = hard_model()
    text = format_bif(model)
    assert text.isascii()
    plain = BIFReader(string=text).get_model()
    assert plain.check_model()
    assert all(v.isidentifier() and v.isascii() for v in plain)
    assert len({v.lower() for v in plain}) == len(model)
    renamed = dict(zip(model, plain, strict=True))
    assert {(renamed[u], renamed[v]) for u, v in model.edges} == set(plain.edges)
    for node, word in renamed.items():
        np.testing.assert_array_equal(model.get_cpds(node).values, plain.get_cpds(word).values)
    assert len(list(BIFReader(string=text, include_properties=True).get_model())) == len(model)


def test_letters_outside_ascii_are_spelled_in_it(tmp_path):
    names = {"Ärger": "Arger", "größe": "grosse", "β-actin": "beta_actin", "Łódź": "Lodz"}
    names |= {"基因": "u57fau56e0"}
    frame = pd.DataFrame({name: ["ja", "nein"] for name in names})
    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    model = to_bayesian_network(graph, frame)
    write_network(model, tmp_path / "m.bif")
    assert set(BIFReader(str(tmp_path / "m.bif")).get_model()) == set(names.values())
    assert set(read_network(tmp_path / "m.bif")) == set(names)


@pytest.mark.parametrize("name", ["a ", " a", " ", "a  b", "  a   b  "])
def test_spaces_come_back(name: str) -> None:
    frame = pd.DataFrame({name: [0, 1], "x": ["y ", " "]})
    model = to_bayesian_network(nx.empty_graph([name, "x"]), frame)
    assert_same_model(parse_bif(format_bif(model)), model)


def test_identifiers_are_kept_and_never_displaced():
    frame = pd.DataFrame({"a b": [0, 1], "a_b": ["x", "y"], "A_B": ["x", "y"]})
    model = to_bayesian_network(nx.empty_graph(["a b", "a_b", "A_B"]), frame)
    text = format_bif(model)
    assert "variable a_b {" in text and "property mistruct_name = a b ;" in text
    assert_same_model(parse_bif(text), model)


def test_foreign_files(tmp_path):
    text = """// made by hand
network "Dog-Problem" {
}
variable light-on { /* a comment */
  type discrete[2] {  "true"  "false" };
  property "position = (218, 195)" ;
}
variable "family-out" {
  type discrete[2] { true false };
}
probability ( "light-on" | "family-out" ) {
  (true) 0.6, 0.4;
  (false) 0.05 0.95;
}
probability ( "family-out" ) {
  table 0.15 0.85;
}
"""
    path = tmp_path / "dog.bif"
    path.write_text(text)
    model = read_network(path)
    assert set(model.edges) == {("family-out", "light-on")}
    assert model.get_cpds("light-on").values.tolist() == [[0.6, 0.05], [0.4, 0.95]]
    write_network(model, path)
    assert_same_model(read_network(path), model)


def test_what_is_no_complete_model_is_refused(tmp_path):
    model = DiscreteBayesianNetwork([("a", "b")])
    with pytest.raises(DataError, match="the model is not complete"):
        write_network(model, tmp_path / "n.bif")
    model = DiscreteBayesianNetwork()
    model.add_node("a")
    model.add_cpds(TabularCPD("a", 2, [[0.5], [0.5]], state_names={"a": [(1, 2), "x"]}))
    with pytest.raises(DataError, match=r"the state \(1, 2\) of 'a' is a tuple"):
        write_network(model, tmp_path / "n.bif")
    assert os.listdir(tmp_path) == []
    text = format_bif(hard_model())
    (tmp_path / "half.bif").write_text(text[: len(text) // 2])
    with pytest.raises(DataError, match=r"cannot read .*half\.bif'"):
        read_network(tmp_path / "half.bif")


def test_a_model_of_200_variables_takes_its_own_size():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 3, (50, 200)), columns=[f"gene {i}" for i in range(200)])
    tree = nx.relabel_nodes(nx.random_labeled_tree(200, seed=1), lambda i: f"gene {i}")
    model = to_bayesian_network(tree, frame)
    assert_same_model(parse_bif(format_bif(model)), model)
