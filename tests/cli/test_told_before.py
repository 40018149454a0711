"""What commands say of their work before they begin, if it is large."""

from __future__ import annotations

import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.cli import report
from mistruct.structure import cost as cost_module
from mistruct.structure.cost import Cost
from tests.cli_helpers import Run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    a = rng.normal(size=200).round(4)
    table = pd.DataFrame({"a": a, "b": (a + rng.normal(size=200)).round(4)})
    table["group"] = np.where(a + rng.normal(size=200) > 0, "ill", "well")
    table.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"


@pytest.mark.parametrize(
    "asked",
    [
        ("rank", "--target", "group"),
        ("learn", "--method", "markov-blanket", "--target", "group", "--output", "out"),
        ("learn", "--method", "chordal", "--drop", "group", "--output", "out"),
        ("learn", "--method", "pc", "--bootstraps", "3", "--checkpoint", "kept", "--output", "out"),
        ("diff", "--condition", "group", "--permutations", "20", "--output", "out"),
        ("check", "--permutations", "0"),
        ("pack", "out.mistruct"),
    ],
    ids=lambda asked: " ".join(asked[:3]),
)
def test_long_work_is_told(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...]
) -> None:
    monkeypatch.setattr(report, "SECONDS_BESIDE", 120.0)
    monkeypatch.chdir(data.parent)
    command, *options = asked
    if command == "check":
        ms.write_network(nx.DiGraph([("a", "b")]), "graph.dot")
        options = ["graph.dot", str(data), *options]
    else:
        options = [str(data), *options]
    code, _, err = run(command, *options)
    writes = "--checkpoint" in options or command == "pack"
    on_disk = r", at least \d kB on disk" if writes else ""
    assert code == 0
    assert re.fullmatch(rf"this takes about 2 minutes, \d{{3}} MB of memory{on_disk}\n", err)


def test_what_does_not_fit_is_told_with_what_would_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mistruct.memory.memory_limit", lambda: 8 * 10**9)
    monkeypatch.setattr(cost_module, "memory_limit", lambda: 8 * 10**9)
    cost = Cost(seconds=float("nan"), n_bytes=12_340_000_000, n_bytes_sent=2_000_000)
    assert report.cost_in_words(cost.advised(packs=True)) == (
        "12.3 GB of memory, 2 MB sent to workers; there are 8.0 GB of memory: pack it with "
        "mistruct pack, or leave out columns by --drop, or take fewer rows"
    )


def test_what_is_sent_is_told(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = ms.read_table(data)
    with ProcessPoolExecutor(1) as pool, ms.executor(pool):
        report.show_cost(ms.Bootstrap(ms.PC(), 3).cost(table))
    said = capsys.readouterr().err
    assert re.fullmatch(r"this takes about 3 s, 33\d MB of memory, \d kB sent to workers\n", said)
