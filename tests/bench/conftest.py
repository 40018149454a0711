"""How a benchmark is measured: turn by turn with its peer, the best of each, and as a ratio.

Absolute times tell more about the machine and its other users than about the code, and a slow
moment hits whoever is running. So the two take turns, the fastest turn of each counts, and only the
ratio of the two is asserted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

ROWS = pytest.StashKey[list[tuple[str, float, str, float | None, float | None]]]()

Beside = Callable[..., float]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: takes minutes; runs with --long only")
    config.stash[ROWS] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        for item in items:
            if "long" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="takes minutes; run with --long"))


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Add a row to the table at the end: what, seconds, and what it is measured against."""

    def add(what: str, own: float, peer: str, other: float | None, ratio: float | None) -> None:
        request.config.stash[ROWS].append((what, own, peer, other, ratio))

    return add


@pytest.fixture
def beside(benchmark: Any, record: Callable[..., None]) -> Beside:
    """Measure our work turn by turn with that of a peer; how many times faster ours is.

    `scale` is how often the peer's work would have to be repeated to do all of ours; a peer that
    takes minutes may sit out all but `peer_rounds` turns.
    """

    def measure(
        what: str,
        ours: Callable[[], Any],
        peer: str,
        theirs: Callable[[], Any],
        *,
        rounds: int = 5,
        peer_rounds: int | None = None,
        scale: float = 1.0,
    ) -> float:
        ours()  # compiles
        of_peer: list[float] = []

        def turn_of_peer() -> None:
            if len(of_peer) < (peer_rounds or rounds):
                of_peer.append(seconds(theirs))

        benchmark.pedantic(ours, setup=turn_of_peer, rounds=rounds)
        own, other = benchmark.stats.stats.min, scale * min(of_peer)
        benchmark.extra_info.update(peer=peer, peer_seconds=other, ratio=other / own)
        record(what, own, peer, other, other / own)
        return float(other / own)

    return measure


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    rows = config.stash[ROWS]
    if rows:
        terminalreporter.section("beside peers, as in docs/benchmarks.md")
        terminalreporter.write_line("| work | mistruct, s | beside | s | times |")
        terminalreporter.write_line("| --- | --- | --- | --- | --- |")
    for what, own, peer, other, ratio in rows:
        cells = [what, f"{own:.3g}", peer]
        cells += ["" if value is None else f"{value:.3g}" for value in (other, ratio)]
        terminalreporter.write_line(f"| {' | '.join(cells)} |")
