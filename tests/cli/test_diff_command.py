"""`mistruct diff` on two groups of rows."""

import json

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from tests.cli_helpers import Run


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    ill = np.repeat([False, True], 100)
    a, b, c = rng.normal(size=(3, 200))
    frame = pd.DataFrame({"a": a, "b": b + np.where(ill, 2 * a, 0.0), "c": c})
    frame["group"] = np.where(ill, "ill", "healthy")
    frame.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"


def test_writes_what_the_library_finds(run: Run, table, tmp_path):
    out = tmp_path / "out"
    asked = ("--condition", "group", "--method", "chow-liu")
    code, printed, _ = run("diff", table, *asked, "--output", out)
    assert code == 0
    assert "1 pair of columns differ between healthy, ill (FDR 0.05)" in printed
    assert "edges in the networks of the groups: 1 gained" in printed
    net = ms.DifferentialNetwork(ms.ChowLiu(alpha=0.05), "group").fit(ms.read_table(table))
    written = pd.read_csv(out / "edges.csv")
    pd.testing.assert_frame_equal(written, net.edges_, check_dtype=False)
    assert sorted(ms.read_network(out / "network.graphml")) == ["a", "b", "c"]
    record = json.loads((out / "run.json").read_text())
    assert record["files"] == ["edges.csv", "network.graphml", "network.html", "network.png"]
    assert (out / "network.png").read_bytes()[:4] == b"\x89PNG"


def test_an_unknown_group_is_one_line(run: Run, table, tmp_path):
    asked = ("--condition", "group", "--level", "sick", "--level", "ill")
    code, _, error = run("diff", table, *asked, "--output", tmp_path / "out")
    assert code == 2
    assert "levels of 'group' must be one of 'healthy', 'ill', got 'sick'" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
