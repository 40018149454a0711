"""The one place where work is spread over threads, or handed to an executor.

Kernels release the interpreter's lock, so threads are enough: nothing is copied or pickled.
Results come in the order of the blocks, so they do not depend on the number of threads. Blocks that
can leave the process go through `run_anywhere`, and so to the executor that there may be (see
`executors`); all others write into arrays that threads share.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from mistruct.errors import ParameterError
from mistruct.executors import current, is_inside, run_elsewhere

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Block = TypeVar("Block")
Result = TypeVar("Result")
Shared = TypeVar("Shared")

#: Environment variable that sets the number of threads; by default all available cores are used.
THREADS_VARIABLE = "MISTRUCT_NUM_THREADS"

_PROGRESS_DELAY = 2.0  # seconds of work before a progress bar appears

# Duration of a block, and least number of blocks if the work is long enough.
_BLOCK_NANOSECONDS = 5e7
_SHORTEST_BLOCK_NANOSECONDS = 2e5
_BLOCKS_PER_THREAD = 4

# Set while a block of `run_in_turn` is computed: one bar is enough.
_inside = ContextVar("_inside", default=False)


def n_threads() -> int:
    """Number of threads to use: ``MISTRUCT_NUM_THREADS``, else the cores this process may use.

    One by default in a block that an executor computes, which fills its cores with blocks.
    """
    wanted = os.environ.get(THREADS_VARIABLE)
    if wanted is None:
        if is_inside():
            return 1
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

    The thread that asks is one of them. A progress bar appears on standard error when that is a
    terminal and the work lasts; at once when numba compiles, which it does in the first run only.
    An exception, or Ctrl-C, stops the blocks that have not started.
    """
    threads = min(n_threads(), len(blocks))
    ahead = 2 * threads  # enough to keep every thread busy while one result is taken
    patient = True
    pending: deque[tuple[Block, Future[Result]]] = deque()
    with _progress(len(blocks), description) as advance:
        try:
            for i in range(len(blocks) + ahead):
                if i < len(blocks):
                    pending.append((blocks[i], _started(function, blocks[i], threads)))
                if i >= ahead and pending:
                    _help(function, pending)
                    yield pending.popleft()[1].result()
                    advance()
        except KeyboardInterrupt:
            patient = False  # a block that compiles would take seconds to end
            raise
        finally:
            running = [future for _, future in pending if not future.cancel()]
            if patient:
                wait(running)


def for_each(
    function: Callable[[Block], object], blocks: Sequence[Block], *, description: str
) -> None:
    """Call ``function(block)`` for each block as `run_blocks` does, where nothing is returned."""
    for _ in run_blocks(function, blocks, description=description):
        pass


def n_slots() -> int:
    """Number of blocks that `run_anywhere` computes at once."""
    where = current()
    return n_threads() if where is None else where.n_slots


def run_anywhere(
    function: Callable[[Shared, Block], Result],
    shared: Shared,
    blocks: Sequence[Block],
    *,
    description: str,
    in_turn: bool = False,
) -> Iterator[Result]:
    """Yield ``function(shared, block)`` for each block, in order, on the executor or on threads.

    The function, what all blocks share, the blocks and the results can be pickled, and no block
    depends on another. With `in_turn` a block has threads of its own: as in `run_in_turn` one
    follows another here, while an executor computes several.
    """
    where = current()
    if where is None or len(blocks) < 2:
        run = run_in_turn if in_turn else run_blocks
        return run(partial(function, shared), blocks, description=description)
    return _shown(run_elsewhere(where, function, shared, blocks), len(blocks), description)


def _shown(results: Iterator[Result], total: int, description: str) -> Iterator[Result]:
    """Results, counted by a progress bar."""
    with _progress(total, description) as advance:
        for result in results:
            yield result
            advance()


def slices(n: int, length: int) -> list[slice]:
    """Slices of `length` that together cover n items; the last may be shorter.

    Examples
    --------
    >>> from mistruct.parallel import slices
    >>> slices(5, 2)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    return [slice(a, min(a + length, n)) for a in range(0, n, length)]


def blocks_by_cost(n: int, nanoseconds: float | NDArray[np.float64]) -> list[slice]:
    """Slices that cover n items and take about equally long, short enough to share out.

    Parameters
    ----------
    n : int
        Number of items.
    nanoseconds : float or ndarray of float, shape (n,)
        The time that every item takes, or each one.

    Examples
    --------
    >>> from mistruct.parallel import blocks_by_cost
    >>> blocks_by_cost(3, 100.0)
    [slice(0, 3, None)]
    >>> len(blocks_by_cost(10_000, 1e6)) >= 200
    True
    """
    import numpy as np

    each = np.broadcast_to(np.maximum(nanoseconds, 1.0), n)
    end = np.cumsum(each)
    if n == 0 or end[-1] <= _SHORTEST_BLOCK_NANOSECONDS:
        return [slice(0, n)] if n else []
    begin = end - each
    even = end[-1] / (_BLOCKS_PER_THREAD * n_threads())
    length = np.clip(even, _SHORTEST_BLOCK_NANOSECONDS, _BLOCK_NANOSECONDS)
    starts = np.flatnonzero(np.diff(begin // length, prepend=-1.0)).tolist()
    return [slice(*ends) for ends in pairwise([*starts, n])]


def _started(function: Callable[[Block], Result], block: Block, threads: int) -> Future[Result]:
    """Future of a block: a helper takes it when free, unless it is computed here before."""
    return _helpers(threads - 1).submit(function, block) if threads > 1 else Future()


def _help(
    function: Callable[[Block], Result], pending: deque[tuple[Block, Future[Result]]]
) -> None:
    """Compute blocks that no helper has begun, until the first of all is done or all have begun."""
    for k, (block, future) in enumerate(pending):
        if pending[0][1].done():
            return
        if future.cancel():
            taken: Future[Result] = Future()
            try:
                taken.set_result(function(block))
            except Exception as error:
                taken.set_exception(error)
            pending[k] = (block, taken)


@cache
def _helpers(n: int) -> ThreadPoolExecutor:
    """Pool of helper threads, kept because starting threads is slower than many blocks."""
    return ThreadPoolExecutor(n, thread_name_prefix="mistruct")


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_helpers.cache_clear)  # threads do not survive a fork


def run_in_turn(
    function: Callable[[Block], Result],
    blocks: Sequence[Block],
    *,
    description: str,
    found: Callable[[Result], str] = lambda _: "",
) -> Iterator[Result]:
    """Yield ``function(block)`` for each block, one after another, each free to use all threads.

    One progress bar shows how many are done and how long the rest will take, and `found` says what
    the last one has found; the bars of the work inside stay hidden.
    """
    with _progress(len(blocks), description) as advance:
        for block in blocks:
            outside = _inside.set(True)
            try:
                result = function(block)
            finally:
                _inside.reset(outside)
            yield result
            advance(found(result))


@dataclass(eq=False)
class Progress:
    """Progress of running work: its description, and its finished blocks."""

    description: str
    total: int
    done: int = 0
    found: str = ""

    def advance(self, found: str = "") -> None:
        """Count a finished block, with its findings."""
        self.done += 1
        self.found = found


_running: list[Progress] = []


def running() -> Progress | None:
    """Progress of the latest unfinished work, for reports without a terminal."""
    return _running[-1] if _running else None


@contextmanager
def _progress(total: int, description: str) -> Iterator[Callable[..., object]]:
    """Context manager: count finished blocks, with a bar if standard error is a terminal.

    Work inside other work is not counted.
    """
    if _inside.get():
        yield lambda *_: None
        return
    if not (sys.stderr and sys.stderr.isatty()):
        progress = Progress(description, total)
        _running.append(progress)
        try:
            yield progress.advance
        finally:
            _running.remove(progress)
        return
    from tqdm import tqdm

    with (
        tqdm(total=total, desc=description, delay=_PROGRESS_DELAY, leave=False) as bar,
        _compilation_shown(bar, description),
    ):

        def advance(found: str = "") -> None:
            if found:
                bar.set_postfix_str(found, refresh=False)
            bar.update()

        yield advance


@contextmanager
def _compilation_shown(bar: Any, description: str) -> Iterator[None]:
    """Context manager: let a progress bar show when numba is compiling."""
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
