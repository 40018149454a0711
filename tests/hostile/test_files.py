"""Broken files: refused in one line or read, never a traceback, and never a part for the whole."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hostile.files import BOMBS, FORMATS, name_of, original
from tests.hostile.runner import run_jobs
from tests.hostile.test_tables import report

_N_FILES, _N_LONG = 70, 2_000

# What has failed once: HDF5 read on for ever.
_CASES = [".h5ad:139", ".h5ad:409"]

# Seconds; ten for a file, and some to import what reads it on a busy machine.
_LONGEST = 60.0


@pytest.fixture(scope="module")
def verdicts(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[dict[str, Any]]]:
    """Those on broken files, and those on bombs, by processes that are started once."""
    folder = tmp_path_factory.mktemp("files")
    for suffix, (_, read) in FORMATS.items():  # compiles, for which the workers have no memory
        for name, whole in original(suffix).items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(whole)
        read(folder / name_of(suffix))
    n = _N_LONG if pytestconfig.getoption("--long") else _N_FILES
    suffixes = list(FORMATS)
    broken = [*_CASES, *(f"{suffixes[i % len(suffixes)]}:{i}" for i in range(n))]
    bombs = []
    for suffix, make in BOMBS.items():
        path = tmp_path_factory.mktemp("bomb") / name_of(suffix)
        make(path)
        bombs.append(f"{suffix}:{path}")
    jobs = [(name, ["read"]) for name in [*broken, *bombs]]
    found = run_jobs(jobs, module="tests.hostile.file_worker", seconds=_LONGEST)
    assert len(found) == len(jobs)
    return {
        "broken": [v for v in found if v["table"] not in bombs],
        "bombs": [v for v in found if v["table"] in bombs],
    }


def test_broken_files(verdicts: dict[str, list[dict[str, Any]]]) -> None:
    of_broken = verdicts["broken"]
    assert all(v["verdict"] != "fault" for v in of_broken), report(of_broken)
    assert any(v["verdict"] == "refused" for v in of_broken)


def test_bombs(verdicts: dict[str, list[dict[str, Any]]]) -> None:
    """What a small file stands for is told before the memory for it is taken."""
    of_bombs = verdicts["bombs"]
    assert [v["verdict"] for v in of_bombs] == ["refused"] * len(BOMBS), report(of_bombs)
    assert all(" GB" in str(v["detail"]) for v in of_bombs), of_bombs
