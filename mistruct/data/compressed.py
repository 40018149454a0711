"""The bytes of a file, whatever it is compressed with."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
from pathlib import Path

from mistruct.errors import DataError

#: The suffixes of compressed files.
COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst", ".zip")


def read_bytes(path: Path) -> bytes:
    """The content of a file, decompressed by its suffix."""
    match path.suffix.lower():
        case ".gz":
            return gzip.decompress(path.read_bytes())
        case ".bz2":
            return bz2.decompress(path.read_bytes())
        case ".xz":
            return lzma.decompress(path.read_bytes())
        case ".zst":
            import pyarrow

            with pyarrow.input_stream(str(path), compression="zstd") as stream:
                return bytes(stream.read())
        case ".zip":
            return _only_member(path)
    return path.read_bytes()


def _only_member(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        names = [
            i.filename
            for i in archive.infolist()
            if not i.is_dir() and not i.filename.startswith("__MACOSX/")
        ]
        if len(names) != 1:
            shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
            raise DataError(f"the archive holds {len(names)} files ({shown}) instead of one table")
        return archive.read(names[0])
