"""How far a table has been packed, so that a run that is killed is continued by the next one.

It stands in the hidden folder in which a table is packed, and that folder's name in what is packed
and how: a run of other settings, or of a source that has changed, begins with an empty folder.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from mistruct.errors import DataError
from mistruct.locks import locked

# Bytes that are read at a time for their checksum.
_PART = 1 << 24


class Progress:
    """The file in a folder that says how much of each of its arrays is there."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "progress.json"
        self._said: dict[str, Any] = {}
        with suppress(OSError, ValueError):
            self._said = json.loads(self._path.read_text("utf-8"))

    def get(self, name: str) -> Any:
        """Note on what is there of an array; None if there is none."""
        return self._said.get(name)

    def say(self, **of_arrays: Any) -> None:
        """Note what is there of some arrays, once it has been handed to the system."""
        self._said |= of_arrays
        written = self._path.with_suffix(".new")
        written.write_text(json.dumps(self._said), "utf-8")
        os.replace(written, self._path)

    def end(self) -> None:
        """Remove the file, as the table is whole."""
        self._path.unlink(missing_ok=True)


def checksum(file: BinaryIO, start: int, n_bytes: int) -> int:
    """CRC-32 of a part of a file."""
    file.seek(start)
    found = 0
    while n_bytes and (part := file.read(min(n_bytes, _PART))):
        found, n_bytes = zlib.crc32(part, found), n_bytes - len(part)
    return found


def token_of(source: Path, settings: Mapping[str, Any]) -> str:
    """Name of what is packed, and how: the files with their sizes and times, and settings."""
    files = sorted(p for p in source.rglob("*") if p.is_file()) if source.is_dir() else [source]
    of_files = [(str(p.absolute()), p.stat().st_size, p.stat().st_mtime_ns) for p in files]
    by = import_module("mistruct").__version__
    text = repr((by, of_files, sorted(settings.items())))
    return blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()


@contextmanager
def one_pack(path: Path) -> Iterator[bool]:
    """Hold the name of a packed table for one run; whether the file system has locks.

    Raises
    ------
    DataError
        Another run is packing a table of this name.
    """
    lock = path.with_name(f".{path.name[:100]}.lock")
    if not lock.parent.is_dir():
        yield False  # whoever writes says so
        return
    try:
        file = locked(lock)
    except BlockingIOError:
        raise DataError(
            f"cannot write {str(path)!r}: another run is packing a table of this name; wait until "
            "it has ended, or choose another name"
        ) from None
    except OSError as error:
        raise DataError(f"cannot write {str(path)!r}: {error.strerror}") from error
    try:
        yield file is not None
    finally:
        if file is not None:
            file.close()
            with suppress(OSError):
                lock.unlink()
