"""Hostile tables: every call on one ends in an answer or in one line that says why not."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import mistruct as ms
from tests.hostile.calls import CALLS, ELSEWHERE
from tests.hostile.runner import run_jobs
from tests.hostile.tables import FAMILIES, tables

_CASES = Path(__file__).with_name("cases.json")

_N_TABLES, _N_CALLS = 300, 6
_N_LONG, _N_CALLS_LONG = 10_000, 24


def chosen(table: str, n: int) -> list[str]:
    """Some calls of all, others for each table."""
    rng = np.random.default_rng(list(table.encode()))
    return [str(c) for c in rng.choice(list(CALLS), n, replace=False)]


def report(verdicts: list[dict[str, object]]) -> str:
    """What is at fault, the most frequent first."""
    counts = Counter(str(v["verdict"]) for v in verdicts)
    faults = Counter(str(v["detail"]) for v in verdicts if v["verdict"] == "fault")
    where = {str(v["detail"]): f"{v['table']} {v['call']}" for v in verdicts}
    listed = [f"{n} x {detail} ({where[detail]})" for detail, n in faults.most_common(40)]
    return "\n".join([f"{sum(counts.values())} calls: {dict(counts)}", *listed])


def test_hostile_tables(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    """Those that have failed once, and others."""
    long = pytestconfig.getoption("--long")
    n_calls = _N_CALLS_LONG if long else _N_CALLS
    asked = pytestconfig.getoption("--tables") or f"0:{_N_LONG if long else _N_TABLES}"
    jobs = [(table, [call]) for table, call in json.loads(_CASES.read_text())]
    jobs += [(t, chosen(t, n_calls)) for t in tables(*map(int, asked.split(":")))]
    verdicts = run_jobs(jobs, log=tmp_path / "verdicts.jsonl")
    assert len(verdicts) == sum(len(calls) for _, calls in jobs)
    assert all(v["verdict"] != "fault" for v in verdicts), report(verdicts)


def test_every_public_name_is_called() -> None:
    source = Path(__file__).with_name("calls.py").read_text("utf-8")
    errors = {n for n in ms.__all__ if n.endswith(("Error", "Warning"))}
    absent = {n for n in ms.__all__ if callable(getattr(ms, n)) and n[0].islower()}
    absent = {n for n in absent - ELSEWHERE - errors if f"ms.{n}(" not in source}
    assert not absent
    assert len(FAMILIES) >= 20
