"""Locks on files and folders, which the system lets go of when their process ends."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import IO

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


def locked(path: Path) -> IO[bytes] | None:
    """A file that this process alone holds, however long it lives; None where there are no locks.

    Raises
    ------
    BlockingIOError
        Another process holds it.
    OSError
        It cannot be written.
    """
    while True:
        file = path.open("ab")
        try:
            take(file.fileno())
            # Whoever held it may have removed the file in between.
            if is_at(file.fileno(), path):
                return file
        except OSError as error:
            file.close()
            if error.errno in HELD:
                raise BlockingIOError(*error.args) from None
            path.unlink(missing_ok=True)
            return None
        file.close()
