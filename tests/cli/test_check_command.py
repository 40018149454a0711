"""`mistruct check`: it says what `check_graph` and `adjustment_set` say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest

import mistruct as ms
from tests.cli_helpers import SLIP, WET, Run, garden

TRUE = nx.DiGraph([("rain", WET), ("sprinkler", WET), (WET, SLIP), (SLIP, "NA")])
WRONG = nx.DiGraph([("rain", WET), (WET, SLIP), (SLIP, "NA"), ("alone", "NA")])
WRONG.add_node("sprinkler")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    garden().to_csv(path, index=False)
    return path


def test_a_wrong_graph(run: Run, data: Path, tmp_path: Path) -> None:
    output = tmp_path / "tests.csv"
    ms.write_network(WRONG, tmp_path / "wrong.gml")
    code, out, err = run("check", tmp_path / "wrong.gml", data, "--output", output)
    expected = ms.check_graph(WRONG, garden())
    assert (code, err) == (0, "")
    assert expected.missing[0] == ("sprinkler", WET) and expected.verdict in out
    assert f"sprinkler and {WET}" in out and f"'sprinkler' -> '{WET}'" in out
    assert "alone and NA" in out.partition("not needed  ")[2]
    written = pd.read_csv(output, keep_default_na=False)
    assert [tuple(json.loads(g)) for g in written["given"]] == list(expected.tests["given"])


@pytest.mark.parametrize("suffix", ["graphml", "gml", "gexf", "json", "csv", "sif", "dot"])
def test_a_true_graph_in_every_format(run: Run, data: Path, tmp_path: Path, suffix: str) -> None:
    ms.write_network(TRUE, tmp_path / f"true.{suffix}")
    code, out, _ = run("check", tmp_path / f"true.{suffix}", data, "--permutations", "0")
    assert code == 0 and "DAG, 5 nodes" in out and "\nnot refuted: all" in out


def test_what_to_adjust_for(run: Run, data: Path, tmp_path: Path) -> None:
    model = tmp_path / "model.dagitty"
    model.write_text(
        'dag { rain -> "wet, cold" -> NA; rain -> NA; u [latent]; u -> rain; u -> NA }'
    )
    ask = ("check", model, data, "--permutations", "0", "--target", "NA", "--cause")
    assert "effect of wet, cold on NA: adjust for rain (smallest), the set" in run(*ask, WET)[1]
    out = run(*ask, "rain")[1]
    assert "effect of rain on NA: no columns to adjust for, no set of measured columns" in out


def test_refusals(refused: Callable[..., str], data: Path, tmp_path: Path) -> None:
    graph = tmp_path / "g.dagitty"
    graph.write_text("dag { rain -> sprinklr }")
    said = refused("check", graph, data)
    assert "no columns of the table: 'sprinklr'; did you mean 'sprinkler'?" in said
    assert said.endswith("name those that were not measured: --hidden")
    assert refused("check", graph, data, "--permutations", "3").startswith("--permutations must be")
    both = ("--cause", "rain", "--target")
    assert "--target must differ from --cause" in refused("check", graph, data, *both, "rain")
    assert "belong together" in refused("check", graph, data, "--cause", "rain")
    graph.write_text("dag { rain -> NA -> sprinkler -> rain }")
    assert "the graph has a cycle of arrows: 'NA' -> 'sprinkler'" in refused("check", graph, data)
    graph.write_text("pag { rain @-> NA @-@ sprinkler }")
    assert "no legal PAG" in refused("check", graph, data)
