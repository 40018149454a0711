"""Detection of the available memory."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def memory_limit() -> int | None:
    """Largest memory of this process in bytes; None if the system does not tell."""
    try:
        found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (AttributeError, OSError, ValueError):  # not on Windows
        return None
    with suppress(OSError, ValueError):  # not in a container, or without a limit ("max")
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return min(found)
