"""The one place where work is spread over threads.

Kernels release the interpreter's lock, so threads are enough: nothing is copied or pickled.
Results come in the order of the blocks, so they do not depend on the number of threads.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from mistruct.errors import ParameterError

Block = TypeVar("Block")
Result = TypeVar("Result")

#: Environment variable that sets the number of threads; by default all available cores are used.
THREADS_VARIABLE = "MISTRUCT_NUM_THREADS"

_PROGRESS_DELAY = 2.0  # seconds of work before a progress bar appears

# Set while a block of `run_in_turn` is computed: one bar is enough.
_inside = ContextVar("_inside", default=False)


def n_threads() -> int:
    """Number of threads to use: ``MISTRUCT_NUM_THREADS``, else the cores this process may use."""
    wanted = os.environ.get(THREADS_VARIABLE)
    if wanted is None:
        affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
        return len(affinity(0)) if affinity else os.cpu_count() or 1
    if not wanted.isdecimal() or int(wanted) < 1:
        raise ParameterError(
            f"{THREADS_VARIABLE} must be a whole number of at least 1, got {wanted!r}"
        )
    return int(wanted)


def run_blocks(
    function: Callable[[Block], Result], blocks: Sequence[Block], *, description: str
) -> Iterator[Result]:
    """Yield ``function(block)`` for each block, in order, computed on several threads.

    A progress bar appears on standard error when that is a terminal and the work lasts; at once
    when numba compiles, which it does in the first run only. An exception, or Ctrl-C, stops the
    blocks that have not started.
    """
    threads = n_threads()
    if len(blocks) == 1:
        with _progress(1, description):
            yield function(blocks[0])
        return
    pool = ThreadPoolExecutor(max(1, min(threads, len(blocks))))
    patient = True
    pending: deque[Future[Result]] = deque()
    with _progress(len(blocks), description) as bar:
        try:
            ahead = 2 * threads  # enough to keep every thread busy while one result is taken
            for i in range(len(blocks) + ahead):
                if i < len(blocks):
                    pending.append(pool.submit(function, blocks[i]))
                if i >= ahead and pending:
                    yield pending.popleft().result()
                    bar.update()
        except KeyboardInterrupt:
            patient = False  # a block that compiles would take seconds to end
            raise
        finally:
            pool.shutdown(wait=patient, cancel_futures=True)


def run_in_turn(
    function: Callable[[Block], Result], blocks: Sequence[Block], *, description: str
) -> Iterator[Result]:
    """Yield ``function(block)`` for each block, one after another, each free to use all threads.

    One progress bar shows how many are done and how long the rest will take; those of the work
    inside stay hidden.
    """
    with _progress(len(blocks), description) as bar:
        for block in blocks:
            outside = _inside.set(True)
            try:
                result = function(block)
            finally:
                _inside.reset(outside)
            yield result
            bar.update()


@contextmanager
def _progress(total: int, description: str) -> Iterator[Any]:
    """A bar on standard error, if that is a terminal and there is none around it."""
    from tqdm import tqdm

    hidden = True if _inside.get() else None  # None shows the bar on terminals only
    with (
        tqdm(
            total=total, desc=description, delay=_PROGRESS_DELAY, disable=hidden, leave=False
        ) as bar,
        _compilation_shown(bar, description),
    ):
        yield bar


@contextmanager
def _compilation_shown(bar: Any, description: str) -> Iterator[None]:
    """Let a progress bar say when numba compiles instead of computing."""
    if bar.disable:
        yield
        return
    from numba.core import event

    class Announcer(event.Listener):
        depth = 0  # a kernel that is compiled asks for those that it calls

        def on_start(self, _: Any) -> None:
            self.depth += 1
            if self.depth == 1:
                bar.delay = 0  # a bar that was shown before its delay would never be erased
                bar.set_description(f"{description} (compiling, first run only)")

        def on_end(self, _: Any) -> None:
            self.depth -= 1
            if self.depth == 0:
                bar.set_description(description)

    with event.install_listener("numba:compile", Announcer()):
        yield
