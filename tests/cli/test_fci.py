"""`mistruct learn --method fci`, and `mistruct why` on what it has written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from tests.cli_helpers import Run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    drug, sport, hidden, *noise = np.random.default_rng(0).normal(size=(5, 800))
    table = pd.DataFrame({"drug": drug, "sport": sport})
    table["weight"], table["pulse"] = drug + hidden + noise[0], sport + hidden + noise[1]
    path = tmp_path / "table.csv"
    table.to_csv(path, index=False)
    return path


def test_what_is_written_is_what_python_learns(run: Run, data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    options = ["--method", "fci", "--max-conditioning", 1, "--all-sets", "--bootstraps", 3]
    code, out, _ = run("learn", data, *options, "--output", folder)
    learned = ms.FCI(max_conditioning=1, fast=False).fit(ms.read_table(data))
    assert code == 0
    assert "FCI graph: 3 edges (2 putative, 1 latent) of 6 pairs" in out
    assert "pulse <-> weight" in out
    assert "no model.bif: a partial ancestral graph" in out
    graph = ms.read_network(folder / "network.graphml")
    assert ms.compare(graph, learned.graph_).shd == 0
    assert graph.edges["pulse", "weight"]["latent"] > 0.5
    asked = json.loads((folder / "run.json").read_text(encoding="utf-8"))["parameters"]
    assert (asked["method"], asked["fast"], asked["max_conditioning"]) == ("fci", False, 1)
    assert run("why", folder, "pulse", "weight")[1].startswith(learned.why("pulse", "weight"))
    assert run("page", folder)[0] == 0


def test_where_it_starts_from(run: Run, data: Path, tmp_path: Path) -> None:
    for start, level in (("boss", 0.3), ("pc", 0.01)):
        folder = tmp_path / start
        code, out, _ = run("learn", data, "--start", start, "--output", folder, "--no-page")
        assert code == 0
        assert f"alpha {level}" in out
        asked = json.loads((folder / "run.json").read_text(encoding="utf-8"))["parameters"]
        assert (asked["method"], asked["start"], asked["alpha"]) == ("fci", start, level)
    code, _, said = run("learn", data, "--start", "boss", "--all-sets", "--output", tmp_path / "x")
    assert code == 2
    assert "fast=False needs start='pc', got start='boss'" in said


def test_its_own_option_chooses_it_and_fits_no_other(run: Run, data: Path, tmp_path: Path) -> None:
    out = ["--output", tmp_path / "out", "--no-page"]
    assert "FCI graph" in run("learn", data, "--all-sets", "--orientation", "standard", *out)[1]
    _, _, said = run("learn", data, "--method", "pc", "--all-sets", *out)
    assert "--fast is an option of fci, got --method pc" in said
