"""Atomic writing of files and folders: each is complete or not there."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mistruct.errors import DataError, shortened


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
def replacing_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary folder of files that takes the place of `path` once the block has ended well.

    If the block fails, or is interrupted, `path` is as it was; a process that is killed may leave
    a hidden folder that ends in ``.tmp``. DataError where it cannot be written.

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
    stem = f".{target.name[:100]}.{secrets.token_hex(4)}"
    temporary, earlier = (target.with_name(f"{stem}{end}.tmp") for end in ("", ".earlier"))
    try:
        temporary.mkdir()
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
