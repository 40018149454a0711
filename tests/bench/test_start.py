"""What a user waits for before any work is done: imports, and the first run's compilation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.conftest import seconds

ROOT = Path(__file__).resolve().parent.parent.parent


def run(program: str, **environment: str) -> float:
    """Seconds of a whole process of Python."""
    command = [sys.executable, "-W", "ignore", "-c", program]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return seconds(lambda: subprocess.run(command, check=True, env=env, capture_output=True))


def test_import(record) -> None:
    programs = ["pass", "import mistruct"]
    turns = [[run(program) for program in programs] for _ in range(10)]
    bare, ours = (min(column) for column in zip(*turns, strict=True))
    record("`import mistruct`, over bare Python", ours - bare, "bare Python", bare, None)
    assert ours - bare < 0.1


def test_import_beside_pgmpy(record) -> None:
    pytest.importorskip("pgmpy")
    turns = [[run(p) for p in ("import mistruct", "import pgmpy.models")] for _ in range(3)]
    ours, peer = (min(column) for column in zip(*turns, strict=True))
    record("`import mistruct`, whole process", ours, "`import pgmpy.models`", peer, peer / ours)
    assert ours < peer / 10


LEARN = """
import numpy as np
import mistruct as ms

data = ms.discretize(ms.read_table("examples/data/tcga_brca.csv"))
forest = ms.ChowLiu(alpha=0.01).fit(data)
"""


def test_first_and_second_run(record, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    firsts, seconds_ = [], []
    for attempt in range(2):
        cache = str(tmp_path / str(attempt))
        firsts.append(run(LEARN, NUMBA_CACHE_DIR=cache))
        seconds_.append(min(run(LEARN, NUMBA_CACHE_DIR=cache) for _ in range(2)))
    first, second = min(firsts), min(seconds_)
    record("learning from examples/data/tcga_brca.csv: compilation", first - second, "", None, None)
    record("the same from the second run on, whole process", second, "", None, None)
    assert first - second < 15
    assert second < 5
