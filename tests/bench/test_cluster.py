"""Workers of Dask on this machine beside threads: the same bytes, and what the way there costs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.parallel import THREADS_VARIABLE

distributed = pytest.importorskip("distributed", reason="Dask is an extra")


def _table() -> ms.Dataset:
    rng = np.random.default_rng(0)
    hidden = np.repeat(rng.normal(size=(800, 15)), 8, axis=1)
    return ms.as_dataset(hidden + rng.normal(size=hidden.shape))


WORK: dict[str, Callable[[ms.Dataset], pd.DataFrame]] = {
    "40 bootstraps of ARACNE": lambda data: ms.ARACNE(n_bootstraps=40).fit(data).edges_,
    "20 bootstraps of PC": lambda data: ms.Bootstrap(ms.PC(), 20).fit(data).edges_,
    "matrix by neighbours": lambda data: ms.mutual_information_matrix(data, estimator="ksg"),
}


@pytest.mark.long
@pytest.mark.parametrize("name", WORK)
def test_two_workers_beside_two_threads(
    name: str, record: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, work = _table(), WORK[name]
    monkeypatch.setenv(THREADS_VARIABLE, "2")
    seconds: dict[str, list[float]] = {"threads": [], "workers": []}
    found: dict[str, Any] = {}

    def timed(where: str) -> None:
        start = time.perf_counter()
        found[where] = work(data)
        seconds[where].append(time.perf_counter() - start)

    work(data)  # compiles
    with (
        distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=":0") as cluster,
        cluster.get_client() as client,
    ):
        client.run(lambda: __import__("os").environ.update({THREADS_VARIABLE: "1"}))
        with ms.executor(client):
            work(data)  # loads what is compiled
        for _ in range(5):
            timed("threads")
            with ms.executor(client):
                timed("workers")
    pd.testing.assert_frame_equal(found["threads"], found["workers"], check_exact=True)
    own, other = (statistics.median(seconds[where]) for where in ("workers", "threads"))
    record(f"{name}, two workers of Dask", own, "two threads", other, other / own)
    assert own < 1.2 * other
