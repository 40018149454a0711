"""Packing that is killed, or that runs out of disk: continued, or as it was."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.data.packed import arrow_source, rank_writer, row_writer
from mistruct.data.packed.progress import Progress
from mistruct.errors import DataError
from mistruct.locks import locked

N = 2000

_KILLED = """
import os, signal, sys
import mistruct as ms
from mistruct.data.packed import arrow_source, rank_writer, row_writer
from mistruct.data.packed.progress import Progress
rank_writer._SAID = 1
arrow_source._ROWS, row_writer._FEWEST_ROWS, row_writer._MOST_ROWS = 97, 256, 256
path, packed, last, torn = sys.argv[1:]
say, times = Progress.say, 0

def counted(self, **of_arrays):
    global times
    say(self, **of_arrays)
    times += 1
    if times == int(last):
        if torn:
            with open(self._path.with_name(torn), "r+b") as file:
                file.write(b"lost!")
        os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)

Progress.say = counted
ms.pack_table(path, packed)
"""


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_source, "_ROWS", 97)
    monkeypatch.setattr(row_writer, "_FEWEST_ROWS", 256)
    monkeypatch.setattr(row_writer, "_MOST_ROWS", 256)
    monkeypatch.setattr(rank_writer, "_SAID", 1)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(N, 3)).round(2), columns=list("xyz"))
    table["state"] = rng.integers(0, 3, N)
    table["word"] = rng.choice(["a", "b"], N)
    table.to_parquet(tmp_path / "t.parquet")
    return tmp_path / "t.parquet"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What runs of this process note, each time."""
    calls: list[list[str]] = []
    say = Progress.say

    def noted(self: Progress, **of_arrays: Any) -> None:
        calls.append(sorted(of_arrays))
        say(self, **of_arrays)

    monkeypatch.setattr(Progress, "say", noted)
    return calls


def files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def killed(source: Path, packed: Path, *, after: int, torn: str = "") -> None:
    """A run that is killed once it has noted its progress so often."""
    command = [sys.executable, "-c", _KILLED, str(source), str(packed), str(after), torn]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == -getattr(signal, "SIGKILL", signal.SIGTERM), run.stderr
    assert not packed.exists()
    assert list(packed.parent.glob(".t.mistruct.*.tmp"))


# The rows take 8 notes, and the ranks one for each column.
@pytest.mark.skipif(os.name == "nt", reason="exit codes of killed processes are those of POSIX")
@pytest.mark.parametrize(
    ("after", "torn", "left"),
    [(3, "", 8), (8, "", 3), (10, "", 1), (3, "codes.bin", 11), (10, "ranks.bin", 3)],
)
def test_a_killed_run_is_continued(
    after: int, torn: str, left: int, source: Path, tmp_path: Path, said: list[list[str]]
) -> None:
    whole = tmp_path / "whole.mistruct"
    ms.pack_table(source, whole)
    assert len(said) == 11
    said.clear()
    killed(source, tmp_path / "t.mistruct", after=after, torn=torn)
    ms.pack_table(source, tmp_path / "t.mistruct")
    assert len(said) == left
    assert files(tmp_path / "t.mistruct") == files(whole)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t.mistruct", "t.parquet", whole.name]


@pytest.mark.skipif(os.name == "nt", reason="exit codes of killed processes are those of POSIX")
@pytest.mark.parametrize("change", ["source", "settings"])
def test_what_has_changed_is_packed_anew(
    change: str, source: Path, tmp_path: Path, said: list[list[str]]
) -> None:
    killed(source, tmp_path / "t.mistruct", after=10)
    settings = {"drop": ["word"]} if change == "settings" else {}
    if change == "source":
        table = pd.read_parquet(source)
        table.iloc[0, 0] += 1
        table.to_parquet(source)
    ms.pack_table(source, tmp_path / "t.mistruct", **settings)
    assert len(said) == 11
    packed = files(tmp_path / "t.mistruct")
    ms.pack_table(source, tmp_path / "again.mistruct", **settings)
    assert packed == files(tmp_path / "again.mistruct")
    assert not list(tmp_path.glob(".*"))


def test_one_run_packs_a_table_of_a_name(source: Path, tmp_path: Path) -> None:
    held = locked(tmp_path / ".t.mistruct.lock")
    assert held is not None
    with held, pytest.raises(DataError, match=r"another run is packing a table of this name"):
        ms.pack_table(source, tmp_path / "t.mistruct")
    ms.pack_table(source, tmp_path / "t.mistruct")
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("where", [row_writer._Rows, rank_writer._Numbers])
def test_a_disk_that_fills_leaves_what_was_there(
    where: Any, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ms.pack_table(source, tmp_path / "t.mistruct")
    before = files(tmp_path / "t.mistruct")

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(where, "append" if where is row_writer._Rows else "write", full)
    with pytest.raises(DataError, match=r"cannot write the packed table: No space left"):
        ms.pack_table(source, tmp_path / "t.mistruct", drop=["word"])
    assert files(tmp_path / "t.mistruct") == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t.mistruct", "t.parquet"]


@pytest.mark.parametrize("name", ["values.bin", "ranks.bin"])
def test_continuous_columns_cut_short_or_changed_are_refused(
    name: str, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "t.mistruct"
    ms.pack_table(source, path)
    content = (path / name).read_bytes()
    n = len(content)
    (path / name).write_bytes(content[:-4])
    with pytest.raises(DataError, match=rf"{name} has {n - 4} bytes instead of {n}"):
        ms.read_table(path)
    (path / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    ms.read_table(path)
    with pytest.raises(DataError, match=f"{name} has been changed in row 3"):
        ms.read_table(path, verify=True)


def test_ranks_are_the_same_in_any_number_of_runs(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ties within and across runs, and entries that are missing."""
    table = pd.read_parquet(source)
    table["x"] = table["x"].where(table["y"] < 1)
    table["z"] = np.where(table["y"] < 0.5, 0.0, table["z"])
    ms.pack_table(table, tmp_path / "t.mistruct")
    expected = files(tmp_path / "t.mistruct")
    for run, step, merged in ((1999, 8, 400), (300, 7, 100), (64, 16, 16)):
        monkeypatch.setattr(rank_writer, "_RUN", run)
        monkeypatch.setattr(rank_writer, "_STEP", step)
        monkeypatch.setattr(rank_writer, "_MERGED", merged)
        ms.pack_table(table, tmp_path / "again.mistruct")
        assert files(tmp_path / "again.mistruct") == expected
    ranks = ms.read_table(tmp_path / "t.mistruct", missing="testwise").on_disk.ranks  # type: ignore[union-attr]
    for row, name in zip(ranks, "xyz", strict=True):
        known = table[name].notna().to_numpy()
        np.testing.assert_array_equal(
            row[known], 2 * table[name][known].rank() - (known.sum() + 1), strict=False
        )
        assert (row[~known] == rank_writer.MISSING_RANK).all()
