"""`mistruct learn --method boss`, and `mistruct why` on what it has written."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct import parallel
from mistruct.structure.orders.optimum import MOST_COLUMNS
from tests.cli_helpers import WET, Run, garden, read_back


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    garden().to_csv(path, index=False)
    return path


def test_what_is_written_is_what_python_learns(run: Run, data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    code, out, _ = run("learn", data, "--method", "boss", "--score", "bdeu", "--output", folder)
    learned = ms.BOSS("bdeu").fit(garden())
    assert code == 0
    assert f"score {learned.score_:,.1f} nats by {ms.BDeu()!r}" in out
    for name in ("edges", "additions"):
        found = read_back(folder / f"{name}.csv")
        pd.testing.assert_frame_equal(found, getattr(learned, f"{name}_"), check_dtype=False)
    graph = ms.read_network(folder / "network.graphml")
    assert set(graph.edges) == set(learned.graph_.edges)
    assert set(ms.read_network(folder / "model.bif").edges) == set(learned.dag_.edges)
    asked = json.loads((folder / "run.json").read_text(encoding="utf-8"))["parameters"]
    assert (asked["method"], asked["score"], asked["restarts"]) == ("boss", "bdeu", None)
    for x, y in (("rain", WET), ("rain", "sprinkler")):
        code, said, _ = run("why", folder, x, y)
        assert (code, said) == (0, learned.why(x, y) + "\n")


def test_every_pair_of_a_table_with_gaps_kinds_and_copies(run: Run, tmp_path: Path) -> None:
    table = garden().astype(object)
    rng = np.random.default_rng(0)
    table["level"] = rng.normal(size=len(table)) + table["rain"].astype(float)
    table = table.mask(rng.random(table.shape) < 0.03)
    table["twin"] = table["rain"].map({0: "no", 1: "yes"})
    table.to_csv(tmp_path / "t.csv", index=False)
    options = ["--method", "boss", "--missing", "testwise", "--output", tmp_path / "out"]
    assert run("learn", tmp_path / "t.csv", *options)[0] == 0
    learned = ms.BOSS().fit(ms.read_table(tmp_path / "t.csv", missing="testwise"))
    assert learned.copies_ == {"twin": "rain"}
    said = []
    for x, y in itertools.combinations(table, 2):
        code, out, _ = run("why", tmp_path / "out", x, y)
        assert (code, out) == (0, f"{learned.why(x, y)}\n")
        said.append(out)
    assert "says the same in every row as 'rain', which stands for both" in "".join(said)


def test_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(parallel.Progress, "advance", lambda _, found="": seen.append(found))
    table = pd.DataFrame(np.random.default_rng(0).integers(0, 2, (200, MOST_COLUMNS + 1)))
    learned = ms.BOSS(start="random", n_restarts=2).fit(table.add_prefix("c"))
    scores = [found for found in seen if found]
    assert len(scores) == 3
    assert scores[-1] == f"score {learned.score_:,.1f}"


def test_knowledge_is_obeyed(run: Run, data: Path, tmp_path: Path) -> None:
    known, folder = tmp_path / "known.toml", tmp_path / "out"
    known.write_text(f'required = [["{WET}", "rain"]]', encoding="utf-8")
    options = ["--method", "boss", "--knowledge", known, "--output", folder]
    assert run("learn", data, *options)[0] == 0
    assert (WET, "rain") in set(ms.read_network(folder / "network.graphml").edges)
    assert "required by knowledge" in run("why", folder, "rain", WET)[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--max-parents", "0"], "--max-parents must be a whole number of at least 1, got 0"),
        (["--restarts", "-1"], "--restarts must be a whole number of at least 0, got -1"),
        (["--alpha", "0.05"], "--alpha is for tests, and --method boss goes by its --score"),
        (["--test", "g"], "--test is for tests, and --method boss goes by its --score"),
        (["--fdr", "0.1"], "--fdr is an option of pc, got --method boss"),
    ],
)
def test_what_is_refused(
    run: Run, data: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    folder = tmp_path / "out"
    code, _, err = run("learn", data, "--method", "boss", *options, "--output", folder)
    assert code == 2
    assert message in err
    assert not folder.exists()


def test_an_option_of_boss_is_refused_elsewhere(run: Run, data: Path, tmp_path: Path) -> None:
    options = ["--method", "pc", "--score", "bic", "--output", tmp_path / "out"]
    code, _, err = run("learn", data, *options)
    assert code == 2
    assert "--score is an option of boss, got --method pc" in err
