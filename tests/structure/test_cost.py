"""What is said before a fit: memory beside a process, and bytes beside those that are sent."""

from __future__ import annotations

import pickle
import subprocess
import sys
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.structure import cost as cost_module
from mistruct.structure.cost import LIBRARIES, Cost

# A table is made in place, so that the peak is that of the fit.
IN_A_PROCESS = """
import numpy as np
import mistruct as ms

kind, n, p = {table!r}
rng = np.random.default_rng(0)
names = tuple(f"v{{k:04}}" for k in range(p))
values = np.empty((p if kind == "continuous" else 0, n))
codes = np.empty((p if kind == "discrete" else 0, n), dtype=np.uint8)
for k in range(p):
    if kind == "continuous":
        values[k] = rng.normal(size=n) + (values[k - 1] if k % 10 else 0)
    else:
        new = rng.integers(0, 3, n, dtype=np.uint8)
        codes[k] = np.where(rng.random(n) < 0.4, new, codes[k - 1]) if k % 10 else new
data = ms.Dataset(
    names=names, kinds=dict.fromkeys(names, kind),
    states={{name: (0, 1, 2) for name in names}} if kind == "discrete" else {{}},
    codes=codes, values=values, missing="raise", inferred=frozenset(),
)
said = {learner}.cost(data).n_bytes
{learner}.fit(data).graph_
# ru_maxrss would begin with that of the process that has started this one.
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(said, 1024 * int(status["VmHWM"].split()[0]))
"""


def said_and_taken(learner: str, table: tuple[str, int, int]) -> tuple[int, int]:
    """Peak memory of a fit in a process of its own, as said before and as measured."""
    script = IN_A_PROCESS.format(learner=learner, table=table)
    command = [sys.executable, "-W", "ignore", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said, peak = map(int, done.stdout.split())
    return said, peak


RUNS = [
    ("ms.ARACNE()", ("continuous", 400, 2000)),
    ("ms.PC()", ("continuous", 100_000, 40)),
]


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize(("learner", "table"), RUNS)
def test_memory_is_foreseen(learner: str, table: tuple[str, int, int]) -> None:
    said, peak = said_and_taken(learner, table)
    assert peak > 1.2 * LIBRARIES  # or the libraries alone are foreseen
    assert peak / 2 < said < 2 * peak


class Weighing:
    """A pool in this process, of which every argument is pickled as it would be on its way."""

    def __init__(self) -> None:
        self.files: dict[str, int] = {}

    def submit(self, function: Any, *arguments: Any) -> Future[Any]:
        sent = pickle.dumps((function, *arguments))
        for spool in arguments[1:2]:
            path = spool.__reduce__()[1][0]
            self.files[path] = Path(path).stat().st_size
        future: Future[Any] = Future()
        function, *arguments = pickle.loads(sent)
        future.set_result(function(*arguments))
        return future


def table(n_columns: int = 12) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    hidden = np.repeat(rng.normal(size=(100, n_columns // 4)), 4, axis=1)
    return pd.DataFrame(hidden + rng.normal(size=hidden.shape)).add_prefix("v")


SENDERS = [
    ms.Bootstrap(ms.ChowLiu(), 3),
    ms.ARACNE(n_bootstraps=3),
    ms.ARACNE(),
    ms.CLR(),
    ms.MRNET(n_edges=2),
    ms.ARACNE(None, n_edges=2),
    ms.ChowLiu(),
]


@pytest.mark.parametrize("learner", SENDERS, ids=repr)
def test_as_many_bytes_are_sent_as_were_said(learner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mistruct.information.copula.correlations.PANEL_ENTRIES", 40)
    pool = Weighing()
    with ms.executor(pool):
        said = learner.cost(table()).n_bytes_sent
        assert not pool.files
        learner.fit(table())
    assert said == sum(pool.files.values()) > table().shape[1] ** 2 * 8  # correlations, or rows
    assert learner.cost(table()).n_bytes_sent == 0  # without an executor


def test_what_threads_and_kernels_do_is_not_sent() -> None:
    with ThreadPoolExecutor(1) as pool, ms.executor(pool):
        assert ms.Bootstrap(ms.ChowLiu(), 3).cost(table()).n_bytes_sent == 0
    with ProcessPoolExecutor(1) as pool, ms.executor(pool):
        assert ms.PC().cost(table()).n_bytes_sent == 0
        by_neighbours = ms.PC(test=ms.KNNTest()).cost(table())
        assert by_neighbours.n_bytes_sent > table().size * 8


def test_each_worker_of_a_cluster_is_sent_the_table() -> None:
    class Client:
        scheduler = None

        def submit(self) -> None: ...

        def scatter(self) -> None: ...

        def nthreads(self) -> dict[str, int]:
            return {"a": 1, "b": 1, "c": 4}

    learner = ms.Bootstrap(ms.ChowLiu(), 3)
    with ProcessPoolExecutor(1) as pool, ms.executor(pool):
        once = learner.cost(table()).n_bytes_sent
    with ms.executor(Client()):
        assert learner.cost(table()).n_bytes_sent == 3 * once


def test_checkpoints_take_disk(tmp_path: Path) -> None:
    learner = ms.Bootstrap(ms.ChowLiu(), 5, checkpoint=tmp_path / "kept")
    said = learner.cost(table(40)).n_bytes_on_disk
    learner.fit(table(40))
    taken = sum(f.stat().st_size for f in (tmp_path / "kept").glob("replicate-*"))
    assert taken / 2 < said < 2 * taken
    assert ms.Bootstrap(ms.ChowLiu(), 5).cost(table(40)).n_bytes_on_disk == 0


def test_what_would_make_it_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    few = Cost(seconds=1.0, n_bytes=2_000_000_000)
    monkeypatch.setattr(cost_module, "memory_limit", lambda: 10**9)
    advised = few.advised(packs=True)
    assert not advised.fits and "pack it with" in advised.advice[0].python
    assert "drop" in few.advised(packs=False).advice[1].parameter
    monkeypatch.setattr(cost_module, "memory_limit", lambda: 3 * 10**9)
    assert few.fits and few.advised(packs=True).advice == ()


@pytest.mark.parametrize(
    "learner",
    [ms.TAN("v0"), ms.ChordalNetwork(), ms.MarkovBlanket("v0"), ms.FCI(), ms.BOSS(), ms.MRNET()],
    ids=repr,
)
def test_every_learner_says_it(learner: Any) -> None:
    data = table()
    if isinstance(learner, ms.TAN):
        data = data.assign(v0=(data.v0 > 0).astype("category"))
    said = learner.cost(data)
    assert said.seconds > 0 and said.n_bytes > LIBRARIES
    assert not hasattr(learner, "n_features_in_")


def test_a_blanket_is_foreseen() -> None:
    rng = np.random.default_rng(0)
    causes = rng.normal(size=(500, 3))
    target = causes.sum(axis=1) + rng.normal(size=500)
    frame = pd.DataFrame(rng.normal(size=(500, 100))).add_prefix("noise")
    frame = frame.assign(target=target, **{f"cause{k}": causes[:, k] for k in range(3)})
    assert ms.MarkovBlanket("target").cost(frame).n_neighbours == 3


def test_boss_sends_nothing() -> None:
    with ProcessPoolExecutor(1) as pool, ms.executor(pool):
        assert ms.BOSS().cost(table()).n_bytes_sent == 0
