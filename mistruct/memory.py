"""The memory of this process, and the refusal of what is larger."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from mistruct.errors import DataError

_MAPPED = Path("/proc/self/statm")


def memory_limit() -> int | None:
    """Largest memory of this process in bytes, with what it holds; None where nothing tells.

    That is the memory of the machine, or less where a container allows less, or where ``ulimit -v``
    leaves less of the address space.
    """
    return _limit(with_held=True)


def memory_left() -> int | None:
    """Largest memory in bytes that this process may take more; the machine's where none is less."""
    return _limit(with_held=False)


def _limit(*, with_held: bool) -> int | None:
    of_system = _of_system()
    if of_system is None:
        return None
    import resource

    allowed = resource.getrlimit(resource.RLIMIT_AS)[0]
    if allowed == resource.RLIM_INFINITY:
        return of_system
    with suppress(OSError):  # only Linux tells what is mapped already
        mapped, held = map(int, _MAPPED.read_text("ascii").split()[:2])
        allowed -= (mapped - held * with_held) * resource.getpagesize()
    return min(max(allowed, 0), of_system)


@cache
def _of_system() -> int | None:
    """The memory of the machine, or of the container."""
    try:
        found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (AttributeError, OSError, ValueError):  # not on Windows
        return None
    with suppress(OSError, ValueError):  # not in a container, or without a limit ("max")
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return min(found)


def require_memory(n_bytes: float, what: str, *way_out: Any) -> None:
    """Refuse arrays of so many bytes before they are made.

    Parameters
    ----------
    n_bytes : float
        What they take together, at least.
    what : str
        What takes it, as the subject of a sentence in the plural.
    *way_out : str, Setting or Either
        What to do instead.

    Raises
    ------
    DataError
        There is less memory; the message has both figures.
    """
    limit = memory_left()
    if limit is not None and n_bytes > limit:
        figures = f"about {n_bytes / 1e9:,.1f} GB, of {limit / 1e9:,.1f} GB"
        raise DataError(f"{what} take {figures}; ", *way_out)
