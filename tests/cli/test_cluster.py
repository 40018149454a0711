"""The command with a cluster that computes its blocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.cli_helpers import Run

distributed = pytest.importorskip("distributed", reason="Dask is an extra")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(80, 4)), columns=list("abcd"))
    table["e"] = table["a"] + 0.5 * rng.normal(size=80)
    table.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"


def test_the_same_files_with_a_cluster(run: Run, data: Path, tmp_path: Path) -> None:
    with distributed.LocalCluster(1, processes=False, dashboard_address=":0") as cluster:
        for command in (["aracne"], ["learn", "--method", "chow-liu"]):
            asked = [*command, data, "--bootstraps", 4, "--no-page", "--output"]
            assert run(*asked, tmp_path / "here")[0] == 0
            there = tmp_path / "there"
            assert run(*asked, there, "--scheduler", cluster.scheduler_address)[0] == 0
            edges = (tmp_path / "here" / "edges.csv").read_bytes()
            assert (there / "edges.csv").read_bytes() == edges


def test_an_address_where_nobody_answers_is_told(
    refused: Callable[..., str], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mistruct.cli.cluster._SECONDS_TO_ANSWER", 0.3)
    for address in ("tcp://127.0.0.1:9", "no address"):
        said = refused("aracne", data, "--output", tmp_path / "net", "--scheduler", address)
        assert said.startswith(f"--scheduler: no Dask scheduler answers at {address!r}")
    assert not (tmp_path / "net").exists()
