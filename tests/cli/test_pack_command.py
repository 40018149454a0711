"""Packing by the command, and what the other commands make of a packed table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

import mistruct as ms
from tests.cli_helpers import Run


def _table(folder: Path) -> Path:
    path = folder / "t.csv"
    frame = pd.DataFrame({"a": [0, 1, 2] * 40, "b": [0, 1, 1] * 40, "c": [0, 0, 1, 1] * 30})
    frame.assign(row=range(120)).to_csv(path, index=False)
    return path


def test_a_packed_table_is_read_by_every_command(run: Run, tmp_path: Path) -> None:
    path, packed = _table(tmp_path), tmp_path / "t.mistruct"
    code, out, err = run("pack", path, packed, "--kind", "a=ordinal")
    assert code == 0
    assert out.splitlines() == [
        f"{packed}: 120 rows, 3 columns (2 discrete, 1 ordinal)",
        f"written: {packed}",
    ]
    assert "'row' is left out (row numbers)" in err
    assert ms.read_table(packed).kinds["a"] == "ordinal"
    code, out, _ = run("mi", packed, "a", "b")
    assert (code, out) == (0, run("mi", path, "a", "b", "--kind", "a=ordinal")[1])


def test_what_asks_for_the_whole_table_is_done_first(run: Run, tmp_path: Path) -> None:
    path, packed = _table(tmp_path), tmp_path / "t.mistruct"
    code, *_ = run("pack", path, packed, "--index", "row")
    assert code == 0
    assert ms.read_table(packed).names == ("a", "b", "c")


def test_what_cannot_be_packed_leaves_nothing(refused: Callable[..., str], tmp_path: Path) -> None:
    path = _table(tmp_path)
    assert refused("pack", path, tmp_path / "t.out").startswith("OUTPUT must end in .mistruct")
    assert refused("pack", tmp_path / "none.csv", tmp_path / "t.mistruct").endswith(
        "No such file or directory"
    )
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]
