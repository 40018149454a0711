"""Atomic writing of files and folders, each complete or not there, and locks."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mistruct.errors import DataError, shortened

_HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Context manager: a temporary path that replaces `path` if the block raises no error.

    It lies in the same folder, so that the replacement is one step. If the block fails, or is
    interrupted, `path` is as it was and nothing is left over; a process that is killed may leave a
    hidden file that ends in ``.tmp``. DataError where it cannot be written.

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
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())  # or a power cut could leave the new name without contents
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
    a hidden folder that ends in ``.tmp``. With a `token` the folder is the one that a killed
    process has left which had the same token, and those of others are removed; this is for one
    process at a time. DataError where it cannot be written.

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
    stem = f".{target.name[:100]}."
    of_token = stem + (token or secrets.token_hex(4))
    temporary, earlier = (target.with_name(f"{of_token}{end}.tmp") for end in ("", ".earlier"))
    try:
        if token is not None:
            others = re.compile(re.escape(stem) + r"[0-9a-f]+(\.earlier)?\.tmp")
            for left in target.parent.iterdir():
                found = others.fullmatch(left.name)
                # What stood there before is kept where nothing has taken its place.
                if found and left != temporary and (target.exists() or not found[1]):
                    shutil.rmtree(left, ignore_errors=True)
        temporary.mkdir(exist_ok=token is not None)
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


def locked(lock: Path) -> IO[bytes] | None:
    """A file that this process alone holds, however long it lives; None where there are no locks.

    Raises
    ------
    BlockingIOError
        Another process holds it.
    OSError
        It cannot be written.
    """
    while True:
        file = lock.open("ab")
        try:
            _take(file)
            # Whoever held it may have removed the file in between.
            if os.path.samestat(os.fstat(file.fileno()), lock.stat()):
                return file
        except FileNotFoundError:
            pass
        except OSError as error:
            file.close()
            if error.errno in _HELD:
                raise BlockingIOError(*error.args) from None
            lock.unlink(missing_ok=True)
            return None
        file.close()


def _take(file: IO[bytes]) -> None:
    """Lock an open file; OSError where another holds it."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
