"""A model of how long work takes on workers, from what its blocks take on one.

The time on W workers is that of what does not divide; of the blocks, handed out in order to whoever
is free; of what each block costs on its way; and of what is shared, which goes to each worker:

    T(W) = a + D(W) + n l + (n b + W S) / B

with n blocks of b bytes each way together, S bytes that they share, a latency l per block, and B
bytes a second. D(W) is the sum of the blocks divided by W, where they are many and alike.
"""

from __future__ import annotations

import heapq
import pickle
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

import mistruct as ms
from mistruct.executors import bytes_of
from mistruct.parallel import run_anywhere

# Empty blocks that are sent to find the latency, and bytes to find the bandwidth.
_N_EMPTY, _N_BYTES = 400, 50_000_000


class Link(NamedTuple):
    """What it costs to reach workers: seconds for each block, and bytes in a second."""

    latency: float
    bandwidth: float


@dataclass
class Recorder:
    """Executor that computes each block at once, and notes what it takes.

    Attributes
    ----------
    blocks : list of (int, float, int)
        Of each block: which call it belongs to, seconds, and bytes each way together.
    shared : dict of int to int
        Bytes that the blocks of each call share.
    noting : float
        Seconds that it took to note all this.
    """

    _max_workers: int
    blocks: list[tuple[int, float, int]] = field(default_factory=list)
    shared: dict[int, int] = field(default_factory=dict)
    noting: float = 0.0

    def submit(self, function: Any, *arguments: Any) -> Future[Any]:
        """The finished future of a block."""
        future: Future[Any] = Future()
        spool, block = arguments[1:]
        start = time.perf_counter()
        future.set_result(function(*arguments))
        end = time.perf_counter()
        if id(spool) not in self.shared:
            self.shared[id(spool)] = bytes_of(spool.value)
        n_bytes = len(pickle.dumps(block)) + bytes_of(future.result())
        self.blocks.append((id(spool), end - start, n_bytes))
        self.noting += time.perf_counter() - end
        return future


@dataclass(frozen=True)
class Profile:
    """Work cut into blocks for a number of workers, and what each takes.

    Attributes
    ----------
    serial : float
        Seconds of what does not divide.
    calls : list of list of float
        Seconds of the blocks of each call, which waits for those of the one before.
    n_bytes : int
        Bytes of all blocks and results.
    shared : int
        Bytes that each worker gets once.
    n_workers : int
    """

    serial: float
    calls: list[list[float]]
    n_bytes: int
    shared: int
    n_workers: int

    @classmethod
    def of(cls, work: Callable[[], Any], n_workers: int) -> Profile:
        """The profile of some work, by doing it."""
        recorder = Recorder(n_workers)
        start = time.perf_counter()
        with ms.executor(recorder):
            work()
        total = time.perf_counter() - start
        of_blocks = sum(seconds for _, seconds, _ in recorder.blocks)
        calls = [
            [seconds for _, seconds, _ in blocks]
            for _, blocks in groupby(recorder.blocks, key=lambda block: block[0])
        ]
        n_bytes = sum(size for *_, size in recorder.blocks)
        shared = sum(recorder.shared.values())
        return cls(total - of_blocks - recorder.noting, calls, n_bytes, shared, n_workers)

    def on(self, link: Link) -> float:
        """The seconds that the model predicts for the workers."""
        n_blocks = sum(map(len, self.calls))
        sent = self.n_bytes + self.n_workers * self.shared
        divided = sum(_makespan(seconds, self.n_workers) for seconds in self.calls)
        return self.serial + divided + n_blocks * link.latency + sent / link.bandwidth


def _makespan(seconds: list[float], n_workers: int) -> float:
    """How long workers need for blocks that whoever is free takes in order."""
    free = [0.0] * n_workers
    for of_block in seconds:
        heapq.heappush(free, heapq.heappop(free) + of_block)
    return max(free)


def _nothing(_: Any, block: int) -> int:
    return block


def link_to(client: Any) -> Link:
    """The link to the workers of a client of Dask, measured with empty blocks and with bytes."""
    with ms.executor(client):
        list(run_anywhere(_nothing, None, range(50), description="warm"))
        start = time.perf_counter()
        list(run_anywhere(_nothing, None, range(_N_EMPTY), description="empty"))
        latency = (time.perf_counter() - start) / _N_EMPTY
    start = time.perf_counter()
    client.scatter([bytes(_N_BYTES)], hash=False, broadcast=True)
    seconds = time.perf_counter() - start
    return Link(latency, _N_BYTES * len(client.nthreads()) / seconds)
