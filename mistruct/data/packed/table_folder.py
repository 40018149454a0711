"""A packed table as a folder: a header in JSON and one file for each array.

``codes.bin`` holds the codes of the discrete columns, ``bitsets.bin`` a bit per row for each of
their states, ``values.bin`` the continuous columns and ``ranks.bin`` their ranks; each is one
array in row-major order, little endian, with a row per column or state. The header says how large
each file is and has the CRC-32 of each of its rows, and a digest of itself. The files are mapped
into memory, so opening a table reads the header alone, and the rest as it is used.
"""

from __future__ import annotations

import json
import math
import mmap
import os
import platform
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset, Missing, under_policy
from mistruct.data.door import Kind
from mistruct.data.notes import Note
from mistruct.data.patterns import by_pattern
from mistruct.errors import DataError, Either, Setting

#: The suffix of a packed table.
SUFFIX = ".mistruct"

_FORMAT, _VERSION = "mistruct packed table", 2
_HEADER = "header.json"

# Reading a file a part at a time for its checksums.
_PART = 1 << 24

# A private mapping takes no memory before something is written to it, which nothing does, so
# none has to be set aside for it.
_LINUX_NORESERVE = (
    0x4000 if sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64") else 0
)
_NORESERVE = getattr(mmap, "MAP_NORESERVE", _LINUX_NORESERVE)


@dataclass(frozen=True, eq=False)
class Stored:
    """Arrays of a packed table that are mapped from its folder.

    Attributes
    ----------
    codes, values : ndarray
        Those of the table that this belongs to.
    words : ndarray of uint64, shape (n_bitsets, n_words)
        As `PackedColumns` has them.
    first_word, n_bitsets : ndarray of int, shape (n_discrete,)
        Which of them are those of a column.
    ranks : ndarray of int32, shape (n_continuous, n_samples)
        Doubled centred ranks, as `rank_writer` makes them.
    varies : ndarray of bool, shape (n_continuous,)
        Whether two known entries of a continuous column differ.
    n_missing : mapping of str to int
        Number of missing entries of each column.
    reopen : callable
        Opens some of the columns again, given their names, the policy and the kinds.
    """

    codes: NDArray[Any]
    values: NDArray[np.float64]
    words: NDArray[np.uint64]
    first_word: NDArray[np.int64]
    n_bitsets: NDArray[np.int64]
    ranks: NDArray[np.int32]
    varies: NDArray[np.bool_]
    n_missing: Mapping[str, int]
    reopen: Callable[[Sequence[str], Missing, Mapping[str, Kind]], Dataset]

    def select(
        self,
        of_codes: Sequence[int],
        of_values: Sequence[int],
        arrays: tuple[NDArray[Any], NDArray[np.float64], NDArray[np.int32]],
    ) -> Stored:
        """Copy for some of the columns, given their codes, values and ranks."""
        places = np.array(of_codes, dtype=np.int64)
        codes, values, ranks = arrays
        return replace(
            self,
            codes=codes,
            values=values,
            ranks=ranks,
            varies=self.varies[list(of_values)],
            first_word=self.first_word[places],
            n_bitsets=self.n_bitsets[places],
        )


def write_header(folder: Path, content: Mapping[str, Any], notes: Sequence[Note]) -> None:
    """Write the header of the arrays that are in a folder already."""
    said = [
        {**vars(n), "words": [*map(_word, n.words)], "change": [*map(_word, n.change)]}
        for n in notes
    ]
    table = {**content, "notes": said}
    text = json.dumps(table, ensure_ascii=False)
    header = {"format": _FORMAT, "version": _VERSION, "digest": _digest(text), "table": text}
    (folder / _HEADER).write_text(json.dumps(header, ensure_ascii=False, indent=1), "utf-8")


def _word(word: str | Setting | Either) -> Any:
    if isinstance(word, Either):
        return word._asdict()
    return vars(word) if isinstance(word, Setting) else word


def _unword(word: dict[str, Any]) -> Setting | Either:
    return Setting(**word) if "parameter" in word else Either(**word)


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()


def is_packed_table(path: Path) -> bool:
    """Whether there is a folder with the header of a packed table."""
    return (path / _HEADER).is_file()


def open_table(
    path: Path, *, missing: Missing = "raise", drop: Sequence[str] = (), verify: bool = False
) -> Dataset:
    """The packed table in a folder, mapped into memory.

    With `verify` every entry is compared with the checksums.

    Raises
    ------
    DataError
        There is no packed table, it has another version, has been cut short or changed, or has
        missing entries under ``raise``.
    """
    table = _read_header(path)
    arrays = {name: _array(path / name, **of) for name, of in table["arrays"].items()}
    if verify:
        for name, of in table["arrays"].items():
            _verify(path / name, **of)
    names = tuple(table["names"])
    data = Dataset(
        names=names,
        kinds=table["kinds"],
        states={n: tuple(s) for n, s in table["states"].items()},
        codes=arrays["codes.bin"],
        values=arrays["values.bin"],
        missing="testwise",
        inferred=frozenset(table["inferred"]),
        notes=tuple(_note(**n) for n in table["notes"]),
        why=table["why"],
        stored=Stored(
            codes=arrays["codes.bin"],
            values=arrays["values.bin"],
            words=arrays["bitsets.bin"],
            first_word=np.array(table["first_word"], dtype=np.int64),
            n_bitsets=np.array(table["n_bitsets"], dtype=np.int64),
            ranks=arrays["ranks.bin"],
            varies=np.array(table["varies"], dtype=np.bool_),
            n_missing=table["n_missing"],
            reopen=partial(_reopened, path.absolute(), table),
        ),
    )
    dropped = {n for p in drop for n in by_pattern("drop", p, names)}
    if len(dropped) == len(names):
        raise DataError("no column is left")
    return under_policy(data.select([n for n in names if n not in dropped]), missing)


def _reopened(
    path: Path,
    before: Mapping[str, Any],
    names: Sequence[str],
    missing: Missing,
    kinds: Mapping[str, Kind],
) -> Dataset:
    """Columns of a table that another process has opened, or this one before."""
    if _read_header(path) != before:
        raise DataError(f"the packed table {str(path)!r} is another one than before; start again")
    table = under_policy(open_table(path, missing="testwise").select(names), missing)
    return replace(table, kinds=dict(kinds))


def _read_header(path: Path) -> dict[str, Any]:
    if not is_packed_table(path):
        raise DataError(f"there is no packed table: {_HEADER} is missing")
    try:
        header = json.loads((path / _HEADER).read_text("utf-8"))
        found, version = header["format"], header["version"]
    except (ValueError, KeyError, TypeError):
        raise DataError(f"{_HEADER} is cut short or is no header of a packed table") from None
    if found != _FORMAT or version != _VERSION:
        raise DataError(
            f"the table has version {version!r}, and this mistruct reads version {_VERSION}; "
            "pack it again with mistruct.pack_table"
        )
    if header.get("digest") != _digest(str(header.get("table"))):
        raise DataError(f"{_HEADER} has been changed; pack the table again")
    table: dict[str, Any] = json.loads(header["table"])
    for name, of in table["arrays"].items():
        expected = math.prod(of["shape"]) * np.dtype(of["dtype"]).itemsize
        file = path / name
        size = file.stat().st_size if file.is_file() else -1
        if size != expected:
            what = "is missing" if size < 0 else f"has {size} bytes instead of {expected}"
            raise DataError(f"{name} {what}, so the table is not whole; pack it again")
    return table


def _note(**fields: Any) -> Note:
    for key in ("words", "change"):
        fields[key] = tuple(w if isinstance(w, str) else _unword(w) for w in fields[key])
    for key in ("columns", "rows", "examples"):
        fields[key] = tuple(fields[key])
    return Note(**fields)


def _array(path: Path, dtype: str, shape: list[int], **_: Any) -> NDArray[Any]:
    """A file as an array; what is written to it would not reach the file."""
    if 0 in shape:
        return np.empty(shape, dtype=dtype)
    with path.open("rb") as file:
        if os.name == "posix":
            access: dict[str, int] = {
                "flags": mmap.MAP_PRIVATE | _NORESERVE,
                "prot": mmap.PROT_READ | mmap.PROT_WRITE,
            }
        else:
            access = {"access": mmap.ACCESS_COPY}
        mapped = mmap.mmap(file.fileno(), 0, **access)
    return np.frombuffer(mapped, dtype=dtype).reshape(shape)


def _verify(path: Path, dtype: str, shape: list[int], crc: list[int]) -> None:
    """Raise DataError where a row of a file is not what its checksum says."""
    of_row = math.prod(shape[1:]) * np.dtype(dtype).itemsize
    with path.open("rb") as file:
        for row, expected in enumerate(crc):
            found, left = 0, of_row
            while left and (part := file.read(min(left, _PART))):
                found, left = zlib.crc32(part, found), left - len(part)
            if found != expected:
                raise DataError(f"{path.name} has been changed in row {row + 1}; pack it again")


def forget(array: NDArray[Any]) -> None:
    """Let go of the memory of an array that is mapped from a file; it is read again when used."""
    base: Any = array
    while isinstance(base, (np.ndarray, memoryview)):
        base = base.base if isinstance(base, np.ndarray) else base.obj
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)
