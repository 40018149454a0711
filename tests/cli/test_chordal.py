"""`mistruct learn --method chordal`, and `mistruct why` on what it has written."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from tests.cli_helpers import WET, Run, garden


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    garden().to_csv(path, index=False)
    return path


def test_what_is_written_is_what_python_learns(run: Run, data: Path, tmp_path: Path) -> None:
    folder, known = tmp_path / "out", tmp_path / "known.toml"
    known.write_text(f'required = [["{WET}", "alone"]]', encoding="utf-8")
    options = ["--method", "chordal", "--max-clique", "3", "--knowledge", known]
    code, out, _ = run("learn", data, *options, "--output", folder)
    learned = ms.ChordalNetwork(max_clique=3, knowledge=ms.read_knowledge(known)).fit(garden())
    assert code == 0
    assert f"Chordal network: {len(learned.edges_)} edges (bdeu, cliques of at most 3" in out
    graph = ms.read_network(folder / "network.graphml")
    assert set(map(frozenset, graph.edges)) == set(map(frozenset, learned.graph_.edges))
    model = ms.read_network(folder / "model.bif")
    assert set(model.edges) == set(learned.dag_.edges)
    added = pd.read_csv(folder / "additions.csv", keep_default_na=False)
    np.testing.assert_allclose(added["gain"], learned.additions_["gain"])
    asked = json.loads((folder / "run.json").read_text(encoding="utf-8"))["parameters"]
    assert (asked["method"], asked["criterion"], asked["max_clique"]) == ("chordal", "auto", 3)
    for x, y in itertools.combinations(garden(), 2):
        code, said, _ = run("why", folder, x, y)
        assert (code, said) == (0, learned.why(x, y) + "\n")
    (folder / "network.html").unlink()
    assert run("page", folder)[0] == 0
    assert (folder / "network.html").exists()


def test_alpha_is_that_of_the_criterion(run: Run, data: Path, tmp_path: Path) -> None:
    options = ["--criterion", "alpha", "--alpha", "0.2", "--bootstraps", "3"]
    code, out, _ = run("learn", data, *options, "--output", tmp_path / "out")
    assert code == 0
    assert "(alpha 0.2), treewidth" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--max-clique", "1"], "--max-clique must be a whole number of at least 2, got 1"),
        (["--alpha", "0.05"], "--alpha is for --criterion alpha, got --criterion auto"),
        (["--test", "g"], "--test has no effect with --method chordal"),
        (["--fdr", "0.1"], "--fdr is an option of pc, got --method chordal"),
    ],
)
def test_what_is_refused(
    refused: Callable[..., str], data: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    said = refused("learn", data, "--method", "chordal", *options, "--output", tmp_path / "out")
    assert message in said
