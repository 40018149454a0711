"""Blocks on pools that lose them, on processes, and on a cluster whose workers are killed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mistruct as ms
from mistruct.executors import current
from mistruct.parallel import n_slots, n_threads, run_anywhere
from mistruct.structure.resampling.replicates import run_replicates

N = 30


class BadPool:
    """Computes blocks when asked for, in any order, twice, late, and loses some of them."""

    def __init__(self, seed: int, lost: float) -> None:
        self.random, self.lost = random.Random(seed), lost
        self.waiting: list[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]] = []
        self.computed = 0

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Any:
        future: Future[Any] = Future()
        self.waiting.append((future, function, arguments))
        pool = self

        class Late:
            def result(self) -> Any:
                while not future.done():
                    pool.compute_one()
                return future.result()

            def cancel(self) -> bool:
                return future.cancel()

        return Late()

    def compute_one(self) -> None:
        place = self.random.randrange(len(self.waiting))
        future, function, arguments = self.waiting.pop(place)
        time.sleep(self.random.random() / 1000)
        if self.random.random() < self.lost:
            future.set_exception(ConnectionError("the worker is gone"))
            return
        self.computed += 1
        if self.random.random() < 0.3:
            function(*arguments)
        future.set_result(function(*arguments))


def scaled(factor: int, block: int) -> int:
    return factor * block


def refused(_: int, block: int) -> int:
    if block == 3:
        raise ms.DataError("block 3")
    return block


def killed_once(folder: str, block: int) -> int:
    """A worker that is killed by its pid in the middle of block 5, the first time."""
    mark = Path(folder) / "killed"
    if block == 5 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    return block * block


def sum_of_rows(sample: Any) -> dict[str, Any]:
    return {"sum": sample.values.sum(axis=1)}


@pytest.fixture
def table() -> Any:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(60, 5))
    values[:, 1] += values[:, 0]
    return ms.as_dataset(values)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="Dask is an extra")
    with distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=":0") as cluster:
        yield cluster


@pytest.fixture
def client(cluster: Any) -> Iterator[Any]:
    with cluster.get_client() as client:
        yield client


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("lost", [0.0, 0.2])
def test_results_are_in_order_whatever_a_pool_does(seed: int, lost: float) -> None:
    with ms.executor(BadPool(seed, lost)):
        assert n_slots() > 1
        found = list(run_anywhere(scaled, 3, range(N), description="blocks"))
    assert found == [3 * b for b in range(N)]
    assert current() is None


def test_a_block_that_is_always_lost_is_one_clear_error() -> None:
    pool = BadPool(0, 1.0)
    message = r"^executor BadPool: a block of work was lost 4 times, .*ConnectionError: the worker"
    with ms.executor(pool), pytest.raises(ms.MistructError, match=message):
        list(run_anywhere(scaled, 3, range(N), description="blocks"))
    assert pool.computed == 0


def test_an_error_of_a_block_is_not_tried_again() -> None:
    pool = BadPool(0, 0.0)
    with ms.executor(pool), pytest.raises(ms.DataError, match=r"^block 3$"):
        list(run_anywhere(refused, 0, range(5), description="blocks"))
    assert pool.computed <= 5


def test_what_has_no_submit_is_refused() -> None:
    with pytest.raises(ms.ParameterError, match=r"executor must be .* got 4"), ms.executor(4):
        pass


def test_blocks_of_a_pool_take_one_thread_and_stay_where_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MISTRUCT_NUM_THREADS", raising=False)

    def look(_: None, block: int) -> tuple[int, bool]:
        return n_threads(), current() is None

    with ms.executor(BadPool(0, 0.0)):
        assert set(run_anywhere(look, None, range(4), description="blocks")) == {(1, True)}


def everything(data: Any) -> list[str]:
    """What goes to executors: replicates, tiles, tests by shuffles and searches, as text."""
    few = data.select(data.names[:4])
    found = [
        ms.Bootstrap(ms.ChowLiu(), n_resamples=5).fit(data).edges_,
        ms.ARACNE(n_bootstraps=3).fit(data).edges_,
        ms.mutual_information_matrix(data, estimator="ksg"),
        ms.PC(test=ms.KNNTest(n_permutations=99), max_conditioning=1).fit(few).edges_,
    ]
    return [frame.to_csv() for frame in found]


@pytest.mark.parametrize("pool", ["lossy", "processes", "loky"])
def test_the_same_bytes_on_any_pool(table: Any, pool: str) -> None:
    expected = everything(table)
    if pool == "lossy":
        with ms.executor(BadPool(1, 0.2)):
            assert everything(table) == expected
    elif pool == "processes":
        with ProcessPoolExecutor(2) as processes, ms.executor(processes):
            assert everything(table) == expected
    else:
        loky = pytest.importorskip("joblib.externals.loky")
        with ms.executor(loky.get_reusable_executor(2)):
            assert everything(table) == expected


def test_the_same_bytes_on_a_cluster(table: Any, client: Any) -> None:
    with ms.executor(client):
        assert n_slots() == 2
        found = everything(table)
    assert found == everything(table)


def test_a_worker_that_is_killed_costs_its_blocks_only(client: Any, tmp_path: Path) -> None:
    with ms.executor(client):
        found = list(run_anywhere(killed_once, str(tmp_path), range(N), description="blocks"))
    assert (tmp_path / "killed").exists()
    assert found == [b * b for b in range(N)]


def test_a_scheduler_that_dies_leaves_the_checkpoint(table: Any, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is an extra")
    folder = tmp_path / "checkpoint"
    here = list(run_replicates(sum_of_rows, table, 300, 0, {}))
    cluster = distributed.LocalCluster(1, processes=False, dashboard_address=":0")
    with distributed.Client(cluster, timeout=5) as client, ms.executor(client):
        running = run_replicates(sum_of_rows, table, 300, 0, {}, folder)
        next(running)
        cluster.close()
        with pytest.raises(ms.MistructError, match=r"^executor Dask.* lost 4 times"):
            list(running)
    kept = len(list(folder.glob("replicate-*")))
    assert 1 <= kept < 300
    again = list(run_replicates(sum_of_rows, table, 300, 0, {}, folder))
    assert all((a["sum"] == b["sum"]).all() for a, b in zip(again, here, strict=True))
