"""The content of a file, decompressed, unless there is no memory for it.

A small file can stand for a very large one, by chance or on purpose. What it holds is read in
portions that are counted, or is known from what the file says of itself, before the memory for it
is taken.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import mmap
import struct
import zipfile
from pathlib import Path
from typing import IO, Any

from mistruct.errors import DataError, Either
from mistruct.memory import memory_left, require_memory

#: The suffixes of compressed files.
COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst", ".zip")

_PORTION = 1 << 24

# How a heap of version 1 begins.
_HEAP = b"GCOL\1\0\0\0"

# Text is there twice when its portions are joined, and then beside the columns made of it.
_COPIES = 4

# A cell of a sheet is parsed to objects that take this many times its text.
_COPIES_OF_A_SHEET = 8

_WAY_OUT = ("pack it with ", Either("mistruct.pack_table", "mistruct pack"), ", row by row")


def read_bytes(path: Path) -> bytes:
    """The content of a file of text, decompressed by its suffix.

    Raises
    ------
    DataError
        It is larger than a share of the memory.
    """
    if path.suffix.lower() not in COMPRESSIONS:
        require_memory(path.stat().st_size, "the bytes of the file", *_WAY_OUT)
        return path.read_bytes()
    limit = memory_left()
    parts, size = [], 0
    with _opened(path) as stream:
        while part := stream.read(_PORTION):
            size += len(part)
            if limit is not None and _COPIES * size > limit:
                raise DataError(
                    f"{path.stat().st_size:,} bytes hold more than {size / 1e9:,.1f} GB of text, "
                    f"and {limit / 1e9:,.1f} GB of memory hold a quarter of that; ",
                    *_WAY_OUT,
                )
            parts.append(bytes(part))
    return b"".join(parts)


def check_sheets(path: Path) -> None:
    """Refuse a workbook, which is an archive, that is too large once it is decompressed."""
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    require_memory(
        _COPIES_OF_A_SHEET * size,
        f"the cells of {path.stat().st_size:,} bytes, which hold {size / 1e9:,.1f} GB of text,",
        "save the sheet as .csv",
    )


def check_parquet(path: Path) -> None:
    """Refuse a Parquet file that says to hold more entries than there is memory for."""
    from pyarrow import parquet

    meta = parquet.read_metadata(path)
    widths = [_bits(field.type) for field in meta.schema.to_arrow_schema()]
    require_memory(
        meta.num_rows * sum(widths) / 8,
        f"the {meta.num_rows:,} rows of {len(widths):,} columns",
        *_WAY_OUT,
    )


def check_h5ad(path: Path, layer: str | None) -> None:
    """Refuse an AnnData file whose arrays, or the table that becomes of them, have no room.

    Also one whose text is damaged so that HDF5 would not come to an end.
    """
    import h5py

    _check_heaps(path)
    sizes = []
    with h5py.File(path) as file:
        file.visititems(lambda _, of: sizes.append(getattr(of, "nbytes", 0)))
        chosen = file.get({None: "X", "raw": "raw/X"}.get(layer, f"layers/{layer}"))
        n_rows, n_columns = map(int, getattr(chosen, "attrs", {}).get("shape", (0, 0)))
    require_memory(
        sum(sizes) + 8 * n_rows * n_columns,
        f"the {len(sizes):,} arrays of the file",
        "choose among the genes before it is written",
    )


def _check_heaps(path: Path) -> None:
    """Raise DataError where the sizes in a heap of text do not add up.

    HDF5 reads on for ever there (HDFGroup/hdf5#1707). A heap has objects of an index, 6 bytes and
    a size each; what is left free comes last, with index 0 ("HDF5 File Format", III.E).
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        heap = data.find(_HEAP)
        while heap >= 0:
            end = (
                heap + struct.unpack_from("<Q", data, heap + 8)[0] if heap + 16 <= len(data) else 0
            )
            place = heap + 16
            while place + 16 <= end <= len(data):
                index, size = struct.unpack_from("<H6xQ", data, place)
                place += size if index == 0 else 16 + (size + 7) // 8 * 8
                if index == 0:
                    break
            if place > end or place + 16 <= end:
                raise DataError("a heap of text is damaged")
            heap = data.find(_HEAP, heap + 1)


def _bits(of: Any) -> int:
    """Size of an entry, or of the place of one that has no fixed size."""
    try:
        return int(of.bit_width)
    except ValueError:
        return 32


def _opened(path: Path) -> Any:
    """A compressed file to read bytes from, as a context manager."""
    match path.suffix.lower():
        case ".gz":
            return gzip.open(path)
        case ".bz2":
            return bz2.open(path)
        case ".xz":
            return lzma.open(path)
        case ".zip":
            return _only_member(path)
    import pyarrow

    return pyarrow.input_stream(str(path), compression="zstd")


def _only_member(path: Path) -> IO[bytes]:
    """The file in an archive of one."""
    with zipfile.ZipFile(path) as archive:
        names = [
            i.filename
            for i in archive.infolist()
            if not i.is_dir() and not i.filename.startswith("__MACOSX/")
        ]
        if len(names) != 1:
            shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
            raise DataError(f"the archive holds {len(names)} files ({shown}) instead of one table")
        return archive.open(names[0])
