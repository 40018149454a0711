"""Blocks of work on other processes and machines: on whatever has `submit`, such as Dask's client.

A block that leaves this process is a function of what all blocks share and of its own description,
and returns its part; all three are pickled. What is shared may be a table, so it travels once to
each worker: Dask's client scatters it, and for pools of processes on this machine it becomes a file
that each process reads once. Threads of a pool take it as it is.

Blocks are pure, so one that is lost with its worker is sent again, and one that comes twice does no
harm. Errors of a block itself come back as results, so whatever else goes wrong is the executor's.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from mistruct.errors import MistructError, ParameterError

Block = TypeVar("Block")
Result = TypeVar("Result")

# How often a block is sent before the executor is given up, and how many are sent ahead.
_MOST_TIMES = 4
_AHEAD = 256

# What an unknown pool is taken to compute at once.
_SLOTS = 8


class Executor:
    """Executor to which blocks are sent: an object with `submit`, with what is known of it."""

    def __init__(self, pool: Any) -> None:
        self.pool = pool

    @property
    def n_slots(self) -> int:
        """Approximate number of blocks that the executor computes at once."""
        return int(getattr(self.pool, "_max_workers", _SLOTS))

    def share(self, shared: Any) -> Any:
        """Stand-in for an object that all blocks share, as an argument of `submit`."""
        return _Spool(shared)

    @property
    def n_copies(self) -> int:
        """How often what is shared leaves this process: as one file, or not at all for threads."""
        return 0 if isinstance(self.pool, ThreadPoolExecutor) else 1

    def n_bytes(self, shared: Any) -> int:
        """Bytes that leave this process, in all, where something is shared once."""
        return self.n_copies * bytes_of(shared) if self.n_copies else 0

    def submit(self, *call: Any) -> Any:
        """The future of a call."""
        return self.pool.submit(*call)

    @property
    def name(self) -> str:
        """Name of the executor in messages."""
        return type(self.pool).__name__


class _Dask(Executor):
    """A client of Dask: it scatters what is shared, and sends blocks of dead workers again."""

    @property
    def n_slots(self) -> int:
        return max(1, int(sum(self.pool.nthreads().values())))

    @property
    def n_copies(self) -> int:
        return len(self.pool.nthreads())

    def share(self, shared: Any) -> Any:
        # In a list, as a tuple would be taken for many things to share.
        return self.pool.scatter([shared], hash=False, broadcast=True)[0]

    def submit(self, *call: Any) -> Any:
        return self.pool.submit(*call, pure=False)

    @property
    def name(self) -> str:
        return f"Dask at {self.pool.scheduler.address}" if self.pool.scheduler else "Dask"


_CURRENT: ContextVar[Executor | None] = ContextVar("_CURRENT", default=None)

# Set while a block is computed that was sent here: what sent it counts the cores.
_INSIDE: ContextVar[bool] = ContextVar("_INSIDE", default=False)


@contextmanager
def executor(pool: Any) -> Iterator[None]:
    """Send blocks of work to other processes or machines, in everything inside a `with` block.

    Parameters
    ----------
    pool : distributed.Client, or any object with ``submit(function, *arguments)``
        Such as the pools of :mod:`concurrent.futures`, or that of loky, with futures as results.

    Raises
    ------
    ParameterError
        `pool` has no `submit`.
    MistructError
        Raised by the work inside, where the scheduler or the pool is lost, or a block has been lost
        with its workers four times. Replicates that are finished stay in their `checkpoint`.

    Notes
    -----
    Replicates of bootstraps, pairs of columns that :class:`KNNTest` shuffles, searches for
    separating sets by a test that has no kernel for them, and the parts of a matrix of information
    go there; everything else stays on the threads of this process. Each block takes one thread
    where it is computed, unless ``MISTRUCT_NUM_THREADS`` is set there. The table travels once to
    each worker. The results are the same, bit for bit, wherever they are computed, with the same
    versions of mistruct and its dependencies on machines of one kind. Warnings of a block are shown
    where it is computed.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> import numpy as np
    >>> import mistruct as ms
    >>> table = np.random.default_rng(0).normal(size=(100, 3))
    >>> stable = ms.Bootstrap(ms.ChowLiu(), n_resamples=4)
    >>> on_threads = stable.fit(table).edges_
    >>> with ThreadPoolExecutor(2) as pool, ms.executor(pool):
    ...     stable.fit(table).edges_.equals(on_threads)
    True
    """
    if not callable(getattr(pool, "submit", None)):
        raise ParameterError(
            "executor must be a distributed.Client, a pool of concurrent.futures or another object "
            f"with `submit`, got {pool!r}"
        )
    token = _CURRENT.set(_Dask(pool) if hasattr(pool, "scatter") else Executor(pool))
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> Executor | None:
    """The executor that blocks are sent to; None where they stay here."""
    return _CURRENT.get()


def is_inside() -> bool:
    """Whether the caller runs inside a block that was sent to a worker."""
    return _INSIDE.get()


def run_elsewhere(
    where: Executor,
    function: Callable[[Any, Block], Result],
    shared: Any,
    blocks: Sequence[Block],
) -> Iterator[Result]:
    """Yield ``function(shared, block)`` for each block, in order, computed by an executor."""
    sent = _Sent(where, function, shared)
    pending: deque[tuple[Block, Any]] = deque()
    try:
        for i in range(len(blocks) + _AHEAD):
            if i < len(blocks):
                pending.append((blocks[i], sent.start(blocks[i])))
            if i >= _AHEAD and pending:
                yield sent.result(*pending.popleft())
    finally:
        for _, future in pending:
            with suppress(Exception):  # of an executor that may be gone
                future.cancel()
        sent.close()


class _Sent:
    """Blocks of one kind of work, and how to get their results whatever happens to workers."""

    def __init__(self, where: Executor, function: Callable[..., Any], shared: Any) -> None:
        self._where, self._function, self._shared = where, function, shared
        self._handle: Any = None

    def start(self, block: Any) -> Any:
        """The future of a block, or the error that there was in sending it."""
        try:
            if self._handle is None:
                self._handle = self._where.share(self._shared)
            return self._where.submit(_compute, self._function, self._handle, block)
        except Exception as error:
            return error

    def result(self, block: Any, future: Any) -> Any:
        """Result of a block; a lost block is sent again."""
        for time in range(_MOST_TIMES):
            try:
                if isinstance(future, Exception):
                    raise future
                outcome = future.result()
            except Exception as error:
                if time == _MOST_TIMES - 1:
                    raise self._lost(error) from error
                if time:  # what is shared may be lost, too
                    self.close()
                future = self.start(block)
                continue
            if outcome.error is not None:
                raise outcome.error
            return outcome.result
        raise AssertionError  # the last turn returns or raises

    def _lost(self, error: Exception) -> MistructError:
        words = " ".join(str(error).split()) or "no reason given"
        return MistructError(
            f"executor {self._where.name}: a block of work was lost {_MOST_TIMES} times, the last "
            f"time by {type(error).__name__}: {words[:200]}; start again when it is well, and with "
            "the same checkpoint, where there is one, what is finished is not done again"
        )

    def close(self) -> None:
        """Forget what is shared."""
        if isinstance(self._handle, _Spool):
            self._handle.remove()
        self._handle = None


class _Outcome(NamedTuple):
    """Outcome of a block: its result or its error."""

    result: Any
    error: Exception | None


def _compute(function: Callable[[Any, Any], Any], shared: Any, block: Any) -> _Outcome:
    """A block, where it was sent."""
    if isinstance(shared, _Spool):
        shared = shared.value
    tokens = _CURRENT.set(None), _INSIDE.set(True)
    try:
        return _Outcome(function(shared, block), None)
    except Exception as error:
        return _Outcome(None, error)
    finally:
        _CURRENT.reset(tokens[0])
        _INSIDE.reset(tokens[1])


class _Spool:
    """Object that blocks share, written to a file when it first leaves the process."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self._path: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        if self._path is None:
            file, path = tempfile.mkstemp(prefix="mistruct-", suffix=".shared")
            with os.fdopen(file, "wb") as stream:
                _pickler().dump(self.value, stream, protocol=pickle.HIGHEST_PROTOCOL)
            self._path = path
        return _spooled, (self._path,)

    def remove(self) -> None:
        """Delete the file."""
        if self._path is not None:
            with suppress(OSError):  # which Windows keeps as long as a worker reads it
                Path(self._path).unlink()


@lru_cache(maxsize=2)
def _spooled(path: str) -> _Spool:
    """Read an object that another process has left in a file, once per process."""
    with open(path, "rb") as stream:
        return _Spool(pickle.load(stream))


class _Counter:
    """A file that only counts what is written to it."""

    n_bytes = 0

    def write(self, part: Any) -> int:
        """Count the bytes of a part."""
        self.n_bytes += memoryview(part).nbytes
        return memoryview(part).nbytes


def bytes_of(shared: Any) -> int:
    """Bytes of something as it is pickled."""
    counter = _Counter()
    _pickler().dump(shared, counter, protocol=pickle.HIGHEST_PROTOCOL)
    return counter.n_bytes


def _pickler() -> Any:
    """Module that pickles: cloudpickle where it is installed, else pickle."""
    try:
        return import_module("cloudpickle")
    except ImportError:
        return pickle
