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
from tests.bench.conftest import seconds as taken
from tests.bench.workers_model import Profile, link_to

distributed = pytest.importorskip("distributed", reason="Dask is an extra")

# Bytes a second of a usual network.
GIGABIT = 1.25e8


def _table(n_rows: int = 800, n_groups: int = 15) -> ms.Dataset:
    rng = np.random.default_rng(0)
    hidden = np.repeat(rng.normal(size=(n_rows, n_groups)), 8, axis=1)
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


# Longer work, so that it matters how it is divided.
LONGER: dict[str, tuple[tuple[int, int], Callable[[ms.Dataset], pd.DataFrame]]] = {
    "64 bootstraps of ARACNE, 480 columns x 800 rows": (
        (800, 60),
        lambda data: ms.ARACNE(n_bootstraps=64).fit(data).edges_,
    ),
    "matrix by neighbours, 120 columns x 3,000 rows": ((3000, 15), WORK["matrix by neighbours"]),
}


@pytest.mark.long
@pytest.mark.parametrize("name", LONGER)
def test_the_model_of_workers(
    name: str, record: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    size, work = LONGER[name]
    data = _table(*size)
    monkeypatch.setenv(THREADS_VARIABLE, "1")
    work(data)  # compiles
    ratios = []

    def profile_on(n_workers: int) -> Profile:
        found = (Profile.of(lambda: work(data), n_workers) for _ in range(2))
        return min(found, key=lambda profile: profile.serial + sum(map(sum, profile.calls)))

    profiles = {}
    for n_workers in (1, 2):
        profiles[n_workers] = profile_on(n_workers)
        with (
            distributed.LocalCluster(
                n_workers, threads_per_worker=1, dashboard_address=":0"
            ) as cluster,
            cluster.get_client() as client,
            ms.executor(client),
        ):
            work(data)  # loads what is compiled
            link = link_to(client)
            own = min(taken(lambda: work(data)) for _ in range(3))
        predicted = profiles[n_workers].on(link)
        record(f"{name}, {n_workers} workers", own, "the model", predicted, predicted / own)
        ratios.append(predicted / own)
        print(f"{name}: {n_workers} workers, measured {own:.2f} s, model {predicted:.2f} s")  # noqa: T201
    profiles |= {n: profile_on(n) for n in (8, 64)}
    for n_workers, profile in profiles.items():
        n_blocks = sum(map(len, profile.calls))
        print(  # noqa: T201
            f"{name}: {n_workers} workers, {profile.on(link._replace(bandwidth=GIGABIT)):.2f} s by "
            f"1 Gbit/s: {profile.serial:.2f} s undivided, "
            f"{sum(map(sum, profile.calls)):.2f} s in {n_blocks} blocks, {profile.n_bytes:,} bytes "
            f"of blocks, {profile.shared:,} bytes to each worker, latency {1e3 * link.latency:.2f} "
            f"ms, here {link.bandwidth / 1e6:.0f} MB/s"
        )
    assert min(ratios) > 0.7
    assert max(ratios) < 1.4
