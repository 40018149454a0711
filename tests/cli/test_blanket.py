"""`mistruct learn --method markov-blanket`: what it says and writes, and `why` about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from tests.cli_helpers import Run


def table() -> pd.DataFrame:
    """left, right -> ill -> "high fever" <- sun, and two columns of noise."""
    rng = np.random.default_rng(0)
    left, right, sun, noise, other = rng.normal(size=(5, 600)).round(6)
    ill = left + right + 0.5 * rng.normal(size=600) > 0
    fever = (2 * ill + sun + 0.5 * rng.normal(size=600)).round(6)
    return pd.DataFrame(
        {"left": left, "right": right, "ill": np.where(ill, "yes", "no"), "high fever": fever,
         "sun": sun, "noise": noise, "other": other}
    )  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    table().to_csv(path, index=False)
    return path


def test_what_is_said_and_written(run: Run, data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    options = ("--method", "markov-blanket", "--target", "ill")
    code, out, err = run("learn", data, *options, "--output", folder)
    assert (code, err) == (0, "")
    learned = ms.MarkovBlanket("ill").fit(table())
    assert learned.blanket_[3] == "sun"
    lines = out.splitlines()
    assert (
        lines[1]
        == "Markov blanket of ill: 4 of 6 other columns (alpha 0.01, bh), by auto (g, copula)"
    )
    assert lines[2] == f"  neighbours: {', '.join(learned.blanket_[:3])}"
    assert lines[3] == "  spouses (through): sun (high fever)"
    written = {path.name for path in folder.iterdir()}
    assert written == {
        "network.graphml", "edges.csv", "separations.csv", "members.csv", "network.png",
        "network.html", "model.bif", "run.json",
    }  # fmt: skip
    graph = ms.read_network(folder / "network.graphml")
    assert set(graph.edges) == set(learned.graph_.edges)
    members = pd.read_csv(folder / "members.csv", keep_default_na=False)
    assert members["column"].tolist() == learned.blanket_
    model = ms.read_network(folder / "model.bif")
    assert set(model.nodes) == {"ill", *learned.blanket_}
    assert json.loads((folder / "run.json").read_text())["parameters"]["method"] == "markov-blanket"
    for column in table().columns.drop("ill"):
        for pair in ((column, "ill"), ("ill", column)):
            assert run("why", folder, *pair) == (0, f"{learned.why(column)}\n", "")
    code, out, err = run("why", folder, "noise", "other")
    assert (code, out) == (2, "")
    assert "nothing was asked about 'noise' and 'other'; one must be the target" in err


def test_nothing_around_the_target(run: Run, data: Path, tmp_path: Path) -> None:
    options = ("--method", "markov-blanket", "--target", "noise")
    code, out, _ = run("learn", data, *options, "--output", tmp_path / "out")
    assert code == 0
    assert "Markov blanket of noise: 0 of 6 other columns" in out


def test_bootstraps(run: Run, data: Path, tmp_path: Path) -> None:
    options = ("--method", "markov-blanket", "--target", "ill", "--bootstraps", "5")
    code, _, _ = run("learn", data, *options, "--output", tmp_path / "out")
    assert code == 0
    edges = pd.read_csv(tmp_path / "out" / "edges.csv")
    assert edges["support"].between(0, 1).all()
    assert edges["support"].max() == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--method markov-blanket wants the column it is to surround: --target"),
        (["--target", "il"], "--target: there is no column 'il'; did you mean 'ill'?"),
        (["--target", "ill", "--fdr", "0.1"], "--fdr is an option of pc, got --method markov-b"),
    ],
)
def test_what_is_refused(
    options: list[str], message: str, refused: Callable[..., str], data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    said = refused("learn", data, "--method", "markov-blanket", *options, "--output", out)
    assert message in said
    assert not out.exists()
