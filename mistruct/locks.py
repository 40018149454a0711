"""Locks on files and folders, which the system lets go of when their process ends."""

from __future__ import annotations

import errno
import os
import sys

#: What `take` raises where another process holds the lock; other errors say that there are none.
HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


def take(descriptor: int) -> None:
    """Lock an open file or folder; OSError where another holds it, or the system has no locks."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_at(descriptor: int, path: str | os.PathLike[str]) -> bool:
    """Whether an open file or folder is still the one at `path`."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
