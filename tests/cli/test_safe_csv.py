"""Names that a spreadsheet takes for formulas, and output that appears as one."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from mistruct.cli.safe_csv import as_it_was, neutral
from tests.cli_helpers import Run, garden

_NAMES = ["=1+1", "+a", "-a", "@a", "\t=a", "'=a", "''-a", "'a", "a=", "", "a"]


def test_neutral_text_begins_with_no_formula_and_goes_back() -> None:
    table = pd.DataFrame({"source": _NAMES, "mi": -1.5})
    written = neutral(table)
    assert not any(n[:1] in tuple("=+-@\t\r") and n for n in written["source"])
    assert written["source"].tolist()[7:] == _NAMES[7:]
    assert written["source"].is_unique and (written["mi"] == -1.5).all()
    pd.testing.assert_frame_equal(as_it_was(written), table)


def test_safe_csv(run: Run, tmp_path: Path) -> None:
    path, output = tmp_path / "t.csv", tmp_path / "out"
    garden().set_axis(["=a", "@b", "-c", "d", "e", "f"], axis=1).to_csv(path, index=False)
    code, out, _ = run("learn", path, "--output", output, "--method", "pc")
    assert code == 0 and "3 of the names may be taken for formulas" in out
    plain = run("why", output, "=a", "-c")
    code, out, _ = run("learn", path, "--output", output, "--method", "pc", "--safe-csv")
    assert code == 0 and "formulas" not in out
    for name in ("edges.csv", "separations.csv"):
        lines = (output / name).read_text().splitlines()[1:]
        assert lines and not any(line[0] in "=+-@" for line in lines)
    assert run("why", output, "=a", "-c") == plain
    assert run("page", output)[0] == 0


def test_a_table_does_not_appear_without_its_picture(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.csv"
    garden().to_csv(path, index=False)
    seen = []

    def interrupt(*_: object, **__: object) -> None:
        seen.append(sorted(os.listdir(tmp_path)))
        raise KeyboardInterrupt

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", interrupt)
    arguments = ("--output", tmp_path / "m.csv", "--plot", tmp_path / "m.png")
    assert run("matrix", path, *arguments)[0] == 130
    assert "m.csv" not in seen[0] and os.listdir(tmp_path) == ["t.csv"]
