"""Many threads and processes, interrupts, repetition, kills, and two runs into one folder."""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from tests.cli_helpers import ROOT, Run
from tests.hostile.tables import plain

_LEARNERS = {
    "ChowLiu": lambda: ms.ChowLiu(0.05),
    "TAN": lambda: ms.TAN("a"),
    "ARACNE": lambda: ms.ARACNE(),
    "CLR": lambda: ms.CLR(),
    "MRNET": lambda: ms.MRNET(),
    "PC": lambda: ms.PC(),
    "BOSS": lambda: ms.BOSS(n_restarts=1),
    "MarkovBlanket": lambda: ms.MarkovBlanket("a"),
    "FCI": lambda: ms.FCI(),
    "ChordalNetwork": lambda: ms.ChordalNetwork(),
    "DifferentialNetwork": lambda: ms.DifferentialNetwork(
        ms.ChowLiu(0.05), "a", n_permutations=9, n_resamples=2
    ),
    "Bootstrap": lambda: ms.Bootstrap(ms.ChowLiu(0.05), 3),
}


def table(n: int = 200) -> pd.DataFrame:
    return plain(np.random.default_rng(0), n)


def taken_by(name: str, n: int = 200) -> pd.DataFrame:
    """The columns of the table that a learner takes: a chordal network those of one kind."""
    return table(n)[["a", "b"]] if name == "ChordalNetwork" else table(n)


def learned(name: str, learner: Any, data: ms.Dataset) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What a learner that was fitted elsewhere says, and what a new one learns from a dataset."""
    return learner.edges_, _LEARNERS[name]().fit(data).edges_


def test_eight_threads_at_once() -> None:
    """Each gets what it gets alone."""
    data = {name: ms.as_dataset(taken_by(name)) for name in _LEARNERS}
    alone = {name: make().fit(data[name]).edges_ for name, make in _LEARNERS.items()}
    with ThreadPoolExecutor(8) as pool:
        fits = [(n, pool.submit(_LEARNERS[n]().fit, data[n])) for n in list(_LEARNERS) * 3]
        for name, fit in fits:
            pd.testing.assert_frame_equal(fit.result().edges_, alone[name])


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_in_other_processes(method: str) -> None:
    """A dataset and a fitted learner say in a forked or spawned process what they say here."""
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip("not on this system")
    names = list(_LEARNERS)
    data = {name: ms.as_dataset(taken_by(name)) for name in names}
    here = [_LEARNERS[name]().fit(data[name]) for name in names]
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        there = pool.map(learned, names, here, [data[name] for name in names], timeout=300)
        for learner, (told, again) in zip(here, there, strict=True):
            pd.testing.assert_frame_equal(told, learner.edges_)
            pd.testing.assert_frame_equal(again, learner.edges_)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forks of one process")
def test_killed_commands(pytestconfig: pytest.Config) -> None:
    """Neither a part of a result, nor anything for good, and the next run ends as if alone."""
    asked = ["500", "0"] if pytestconfig.getoption("--long") else ["6", "0", "bootstraps", "matrix"]
    one = dict.fromkeys(("MISTRUCT_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.kills", *asked],
        cwd=ROOT,
        env={**os.environ, **one, "MPLBACKEND": "agg"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    found = json.loads(done.stdout)
    assert set(found["counts"]) <= {"killed", "ended before"}, found
    assert found["counts"]["killed"] >= int(asked[0]) // 2


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="has no timers")
# Python ignores, and says so, what comes while an object is taken down.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_interrupts_at_random_moments(pytestconfig: pytest.Config) -> None:
    """After each, the same question gets its answer."""
    data, learner = ms.as_dataset(table()), ms.PC(test="hybrid", max_conditioning=1)
    wanted = learner.fit(data).edges_
    started = time.perf_counter()
    learner.fit(data)
    lasts, random_ = time.perf_counter() - started, random.Random(0)
    n = 200 if pytestconfig.getoption("--long") else 20
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        # At once, so that one interrupts on any machine.
        assert any(_interrupted(lambda: learner.fit(data), 1e-4) for _ in range(20))
        for _ in range(n):
            _interrupted(lambda: learner.fit(data), max(random_.random() * lasts, 1e-4))
            pd.testing.assert_frame_equal(learner.fit(data).edges_, wanted)
    finally:
        signal.signal(signal.SIGALRM, before)


def _interrupted(work: Callable[[], object], seconds: float) -> bool:
    """Whether an interrupt after so many seconds ended the work."""
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            work()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        return True
    return False


@pytest.mark.parametrize("name", _LEARNERS)
def test_repeated_fits_keep_nothing(name: str, pytestconfig: pytest.Config) -> None:
    n = 500 if pytestconfig.getoption("--long") else 20
    frame = taken_by(name, 500)

    def repeat(times: int) -> None:
        for _ in range(times):
            _LEARNERS[name]().fit(frame)

    repeat(5)  # fills caches, which have an end
    gc.collect()
    tracemalloc.start()
    try:
        repeat(3)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        repeat(n)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    # A fit that is kept keeps 8,000 bytes of its table at least; 100,000 are chance.
    assert grown < 100_000 + 1_000 * n, f"{grown} bytes after {n} fits"


_HOLD = """
import sys, time
from pathlib import Path
from mistruct.cli.folder_lock import one_run
with one_run(Path(sys.argv[1])):
    Path(sys.argv[1], ".mistruct-left").mkdir()
    print("held", flush=True)
    time.sleep(600)
"""


def test_two_runs_into_one_folder(run: Run, tmp_path: Path) -> None:
    """The second is told while the first runs; what a killed one left is gone after the next."""
    path, output = tmp_path / "t.csv", tmp_path / "deep" / "out"
    table().to_csv(path, index=False)
    first = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(output)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert first.stdout is not None and first.stdout.readline().strip() == b"held"
        code, _, err = run("learn", path, "--output", output, "--method", "chow-liu")
        assert code == 2 and "another run is writing to" in err
        assert set(os.listdir(output)) == {".mistruct.lock", ".mistruct-left"}
    finally:
        first.kill()
        first.wait()
        assert first.stdout is not None
        first.stdout.close()
    code, _, _ = run("learn", path, "--output", output, "--method", "chow-liu")
    assert code == 0
    assert "run.json" in os.listdir(output)
    assert not [name for name in os.listdir(output) if name.startswith(".")]


def test_a_run_that_fails_makes_no_folder(run: Run, tmp_path: Path) -> None:
    path, output = tmp_path / "t.csv", tmp_path / "deep" / "out"
    pd.DataFrame({"a": [1.5] * 30, "b": [2.5] * 30}).to_csv(path, index=False)
    assert run("aracne", path, "--output", output)[0] == 2
    assert os.listdir(tmp_path) == ["t.csv"]
