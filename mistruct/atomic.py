"""Atomic writing of files: a file is complete or not there."""

from __future__ import annotations

import os
import secrets
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
    # A link stays a link: what it points to is replaced.
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
