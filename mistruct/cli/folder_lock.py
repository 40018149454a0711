"""One run at a time in an output folder, and nothing left there of runs that were killed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mistruct.errors import DataError
from mistruct.locks import locked

#: How temporary folders in an output folder begin.
TEMPORARY = ".mistruct-"

_LOCK = ".mistruct.lock"


@contextmanager
def one_run(folder: Path) -> Iterator[None]:
    """Hold an output folder for one run, and remove what killed runs have left in it.

    The folder is made, and removed if it is empty at the end. The system lets go of the lock of a
    process that ends, however it ends. Where it knows no locks, nothing is held or removed.

    Raises
    ------
    DataError
        Another run holds the folder, or it cannot be written to.
    """
    new = [p for p in (folder, *folder.parents) if not p.exists()]
    lock = folder / _LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = locked(lock)
    except BlockingIOError:
        raise DataError(
            f"--output: another run is writing to {str(folder)!r}; wait until it has ended, "
            "or take another folder"
        ) from None
    except OSError as error:
        raise DataError(f"--output: cannot write to {str(folder)!r}: {error.strerror}") from error
    try:
        for left in folder.glob(f"{TEMPORARY}*") if file else ():
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        if file is not None:
            if sys.platform == "win32":
                file.close()  # or it could not be removed
            with suppress(OSError):
                lock.unlink()
            file.close()
        for made in new:
            with suppress(OSError):
                made.rmdir()
