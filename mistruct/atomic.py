"""Atomic writing of files and folders: each is complete or not there.

They are made under a hidden name beside their place, which is locked as long as its process lives.
What a killed process has left has no lock, and is removed by the next that writes to that place.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mistruct.errors import DataError, shortened
from mistruct.locks import HELD, is_at, take

# The name that a temporary one begins with has so many characters of that of its file, at most.
_TEMPORARY = re.compile(r"\.(.*)\.[0-9a-f]{8,}(\.earlier|\.room)?\.tmp", re.DOTALL)
_LONGEST = 100

# Without locks, what is older than this has been left by a process that is gone.
_SECONDS_OF_A_DAY = 86_400


@contextmanager
def replacing(path: str | os.PathLike[str], *, swept: bool = False) -> Iterator[Path]:
    """Context manager: a temporary path that replaces `path` if the block raises no error.

    It lies in the same folder, so that the replacement is one step. If the block fails, or is
    interrupted, `path` is as it was and nothing is left over; a process that is killed may leave a
    hidden file, which the next that replaces `path` removes. With `swept` it is left to `sweep`,
    as the folder is listed for it. DataError where it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> target = Path(tempfile.mkdtemp(), "notes.txt")
    >>> with replacing(target) as temporary:
    ...     _ = temporary.write_text("all of it")
    >>> target.read_text()
    'all of it'
    """
    # A link remains a link: the file that it points to is replaced.
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise DataError(f"cannot write {str(path)!r}: it is a folder")
    if not target.parent.is_dir():
        raise DataError(f"cannot write {str(path)!r}: there is no folder {str(target.parent)!r}")
    temporary = _beside(target)
    try:
        if not swept:
            sweep(target.parent, target.name[:_LONGEST].__eq__)
        with _held(temporary):
            yield temporary
            with temporary.open("rb+") as written:
                os.fsync(written.fileno())  # or a power cut could leave the name without contents
            os.replace(temporary, target)
    except UnicodeEncodeError as error:
        held = shortened(error.object[max(error.start - 20, 0) : error.end])
        raise DataError(f"cannot write {str(path)!r}: no file holds the text {held}") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(f"cannot write {str(path)!r}: {reason}") from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: str | os.PathLike[str], token: str | None = None) -> Iterator[Path]:
    """A temporary folder of files that takes the place of `path` once the block has ended well.

    If the block fails, or is interrupted, `path` is as it was; a process that is killed may leave
    a hidden folder, which the next that replaces `path` removes; with a `token`, hexadecimal
    digits, it continues in the folder of a killed process that had the same token, which is for
    one process at a time. DataError where it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> target = Path(tempfile.mkdtemp(), "notes")
    >>> with replacing_folder(target) as temporary:
    ...     _ = (temporary / "first.txt").write_text("all of it")
    >>> [file.name for file in target.iterdir()]
    ['first.txt']
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_dir():
        raise DataError(f"cannot write {str(path)!r}: it is a file")
    if not target.parent.is_dir():
        raise DataError(f"cannot write {str(path)!r}: there is no folder {str(target.parent)!r}")
    temporary = _beside(target, token)
    earlier = temporary.with_suffix(".earlier.tmp")
    try:
        sweep(target.parent, target.name[:_LONGEST].__eq__, kept=temporary)
        with _held(temporary, folder=True):
            yield temporary
            for file in temporary.iterdir():
                with file.open("rb+") as written:
                    os.fsync(written.fileno())
            if target.exists():
                os.replace(target, earlier)
            try:
                os.replace(temporary, target)
            except OSError:
                if earlier.exists():
                    os.replace(earlier, target)
                raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(f"cannot write {str(path)!r}: {reason}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(earlier, ignore_errors=True)


@contextmanager
def room_beside(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary folder beside `path`, for what is large; it is removed in the end.

    What a killed process leaves is removed by the next that replaces `path`.
    """
    room = _beside(Path(os.path.realpath(path))).with_suffix(".room.tmp")
    try:
        with _held(room, folder=True):
            yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _beside(target: Path, token: str | None = None) -> Path:
    """A hidden name in the folder of a file."""
    return target.with_name(f".{target.name[:_LONGEST]}.{token or secrets.token_hex(4)}.tmp")


@contextmanager
def _held(path: Path, *, folder: bool = False) -> Iterator[None]:
    """Make a file or folder, and hold its lock where the system has such locks."""
    if sys.platform == "win32":  # what is open could not be moved
        if folder:
            path.mkdir(exist_ok=True)
        yield
        return
    descriptor = _locked(path, folder)
    while descriptor is None:  # another process was looking whether anybody holds it
        descriptor = _locked(path, folder)
    try:
        yield
    finally:
        os.close(descriptor)


def _locked(path: Path, folder: bool) -> int | None:
    """Descriptor of a new file or folder with its lock; None where another has that or removed it.

    Without a lock where the file system has none.
    """
    if folder:
        path.mkdir(exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY if folder else os.O_RDWR | os.O_CREAT, 0o666)
    held = False
    try:
        take(descriptor)
    except OSError as error:
        held = error.errno in HELD
    if not held and is_at(descriptor, path):
        return descriptor
    os.close(descriptor)
    return None


def sweep(folder: Path, of: Callable[[str], bool], kept: Path | None = None) -> None:
    """Remove what killed processes have left of the files in a folder that `of` knows by name.

    One path is kept. What stood there before is left where nothing has taken its place.
    """
    for name in os.listdir(folder):
        found = _TEMPORARY.fullmatch(name)
        if found is None or not of(found[1]):
            continue
        left = folder / name
        if left == kept or (found[2] == ".earlier" and not (folder / found[1]).exists()):
            continue
        with suppress(OSError):  # another process sweeps, too
            if _is_abandoned(left):
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def _is_abandoned(path: Path) -> bool:
    """Whether nobody holds a temporary file or folder any more."""
    if sys.platform == "win32":
        return time.time() - path.stat().st_mtime > _SECONDS_OF_A_DAY
    descriptor = os.open(path, os.O_RDONLY)
    try:
        take(descriptor)
        return is_at(descriptor, path)
    except OSError as error:
        if error.errno in HELD:
            return False
        return time.time() - path.stat().st_mtime > _SECONDS_OF_A_DAY
    finally:
        os.close(descriptor)
