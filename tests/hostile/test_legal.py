"""Large but legal tables: each call ends, or is refused with the figure and a way out."""

from __future__ import annotations

import numpy as np
import pytest

from tests.hostile.legal import CALLS, ORDINARY, TABLES
from tests.hostile.legal_worker import table
from tests.hostile.runner import run_jobs
from tests.hostile.test_tables import report

# What the system is said to have in the ordinary run: too little for all pairs of 4,500 columns. In
# the long one a worker has 5 GB.
_BYTES = 150_000_000

_SECONDS, _SECONDS_LONG = 300.0, 900.0


def test_large_tables(pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> None:
    long = pytestconfig.getoption("--long")
    if not long:
        monkeypatch.setenv("LEGAL_BYTES", str(_BYTES))
    jobs = [(f"{of}:{TABLES[of][1 + long]}", CALLS if long else ORDINARY[of]) for of in TABLES]
    verdicts = run_jobs(
        [(name, list(calls)) for name, calls in jobs],
        module="tests.hostile.legal_worker",
        workers=1,
        seconds=_SECONDS_LONG if long else _SECONDS,
    )
    assert len(verdicts) == sum(len(calls) for _, calls in jobs)
    assert all(v["verdict"] != "fault" for v in verdicts), report(verdicts)
    if not long:
        for v in verdicts:
            word = ORDINARY[v["table"].split(":")[0]][v["call"]]
            assert (v["verdict"] == "refused") == bool(word), v
            assert word in v["detail"], v


def test_the_tables_are_what_they_are_called() -> None:
    assert table("mostly_missing:12").n_missing["m1"] > 0.85 * 1200
    assert len(table("many_categories:90").states["many"]) == 90
    correlations = np.corrcoef(table("copies:16").values)
    assert correlations.min() > 0.7
