"""Broken files: refused in one line or read, never a traceback, and never a part for the whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.files import BOMBS, FORMATS, name_of, original
from tests.hostile.runner import run_jobs
from tests.hostile.test_tables import report

_N_FILES, _N_LONG = 70, 2_000

# What has failed once: HDF5 read on for ever.
_CASES = [".h5ad:139", ".h5ad:409"]

# Seconds; ten for a file, and some to import what reads it on a busy machine.
_LONGEST = 60.0


def test_broken_files(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    for suffix, (_, read) in FORMATS.items():  # compiles, for which the workers have no memory
        for name, whole in original(suffix).items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(whole)
        read(tmp_path / name_of(suffix))
    n = _N_LONG if pytestconfig.getoption("--long") else _N_FILES
    suffixes = list(FORMATS)
    names = [*_CASES, *(f"{suffixes[i % len(suffixes)]}:{i}" for i in range(n))]
    jobs = [(name, ["read"]) for name in names]
    verdicts = run_jobs(jobs, module="tests.hostile.file_worker", seconds=_LONGEST)
    assert len(verdicts) == len(names)
    assert all(v["verdict"] != "fault" for v in verdicts), report(verdicts)
    assert any(v["verdict"] == "refused" for v in verdicts)


def test_bombs(tmp_path: Path) -> None:
    """What a small file stands for is told before the memory for it is taken."""
    jobs = []
    for suffix, make in BOMBS.items():
        make(tmp_path / name_of(suffix))
        jobs.append((f"{suffix}:{tmp_path / name_of(suffix)}", ["read"]))
    verdicts = run_jobs(jobs, module="tests.hostile.file_worker", seconds=_LONGEST)
    assert [v["verdict"] for v in verdicts] == ["refused"] * len(BOMBS), report(verdicts)
    assert all(" GB" in str(v["detail"]) for v in verdicts), verdicts
