"""The arrays of a packed table, written a portion of rows at a time."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from mistruct.data.packed.progress import Progress, checksum
from mistruct.data.packed.rank_writer import MOST_ROWS, bytes_of_scratch, write_ranks
from mistruct.errors import DataError
from mistruct.kernels.counts.bitsets import (
    first_bitsets,
    pack_states,
    states_to_pack,
    words_of_rows,
)

#: Bytes of the portion of rows that is held.
PORTION_BYTES = 64_000_000

# How many of these rows there are at least and at most.
_FEWEST_ROWS, _MOST_ROWS = 1 << 12, 1 << 18
_WORD = 64

Method = TypeVar("Method", bound=Callable[..., Any])


def _written(method: Method) -> Method:
    """Decorator: errors of the disk are not those of the source that is read meanwhile."""

    @wraps(method)
    def checked(*arguments: Any) -> Any:
        try:
            return method(*arguments)
        except OSError as error:
            raise DataError(f"cannot write the packed table: {error.strerror}") from error

    return cast(Method, checked)


class _Rows:
    """One file: an array whose rows all grow at the same pace, with a checksum of each."""

    def __init__(self, file: BinaryIO, dtype: np.dtype[Any], shape: tuple[int, int]) -> None:
        self.file, self.dtype, self.shape = file, dtype, shape
        self.crc = [0] * shape[0]
        self.done = 0
        file.truncate(shape[0] * shape[1] * dtype.itemsize)

    def resume(self, said: Any) -> bool:
        """Go on after what an earlier run has said to be done; False where it is not as it said."""
        done, crc = said
        size, rows = self.dtype.itemsize, self.shape[1]
        self.done, self.crc = done, crc
        return len(crc) == self.shape[0] and all(
            checksum(self.file, i * rows * size, done * size) == c for i, c in enumerate(crc)
        )

    def append(self, rows: NDArray[Any]) -> None:
        for i, row in enumerate(rows):
            part = np.ascontiguousarray(row)
            self.file.seek((i * self.shape[1] + self.done) * self.dtype.itemsize)
            self.file.write(part.data)
            self.crc[i] = zlib.crc32(part.data, self.crc[i])
        self.done += rows.shape[1]

    def header(self) -> dict[str, Any]:
        """Entry of the file in the header of the table; rows are filled with zeros."""
        rest = bytes((self.shape[1] - self.done) * self.dtype.itemsize)
        crc = [zlib.crc32(rest, c) for c in self.crc]
        return {"dtype": self.dtype.str, "shape": list(self.shape), "crc": crc}


class RowWriter:
    """Writes columns as they come in; a context.

    Parameters
    ----------
    folder : Path
    n_samples : int
        Number of rows that will come.
    n_states : sequence of int
        Of each discrete column.
    n_continuous : int
    complete : bool
        Whether no entry of a discrete column is missing.

    Attributes
    ----------
    done_before : int
        Rows that an earlier run has written, which need not come again.
    """

    def __init__(
        self,
        folder: Path,
        n_samples: int,
        n_states: Sequence[int],
        n_continuous: int,
        complete: bool,
    ) -> None:
        states = np.array(n_states, dtype=np.int64)
        self.n_bitsets = states_to_pack(states, complete)
        self.first_word = first_bitsets(self.n_bitsets)
        # The code after the last state is reserved for missing, so it must fit too.
        codes = np.dtype(np.min_scalar_type(int(states.max(initial=0)))).newbyteorder("<")
        n_words, n_bitsets = words_of_rows(n_samples), int(self.n_bitsets.sum())
        self._shapes = {
            "codes.bin": (codes, (len(states), n_samples)),
            "bitsets.bin": (np.dtype("<u8"), (n_bitsets, n_words)),
            "values.bin": (np.dtype("<f8"), (n_continuous, n_samples)),
        }
        self._n_continuous, self._n_samples = n_continuous, n_samples
        of_row = len(states) * codes.itemsize + n_continuous * 8
        held = int(np.clip(PORTION_BYTES // of_row, _FEWEST_ROWS, _MOST_ROWS))
        self._length = held - held % (_WORD * 4)
        self._codes = np.empty((len(states), self._length), dtype=codes)
        self._values = np.empty((n_continuous, self._length))
        self._words = np.empty((n_bitsets, self._length // _WORD), dtype=np.uint64)
        self._filled = self.done_before = 0
        self._folder, self._progress = folder, Progress(folder)
        self._files: dict[str, _Rows] = {}
        self._stack = ExitStack()

    def __enter__(self) -> RowWriter:
        needed = sum(s[0] * s[1] * d.itemsize for d, s in self._shapes.values())
        if self._n_continuous:
            if self._n_samples > MOST_ROWS:
                raise DataError(
                    f"a packed table with continuous columns has at most {MOST_ROWS:,} rows, got "
                    f"{self._n_samples:,}"
                )
            of_ranks = 4 * self._n_continuous * self._n_samples
            needed += of_ranks + bytes_of_scratch(self._n_samples)
        free = shutil.disk_usage(self._folder).free
        free += sum(getattr(f.stat(), "st_blocks", 0) * 512 for f in self._folder.iterdir())
        if needed > free:
            raise DataError(
                f"the packed table takes {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free "
                "on its disk; choose another disk, or leave out columns"
            )
        said = {name: self._progress.get(name) for name in self._shapes}
        if not (all(said.values()) and self._open("r+b", said)):
            self._stack.close()
            self._open("w+b")
        self.done_before = self._files["codes.bin"].done
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _open(self, mode: str, said: Mapping[str, Any] | None = None) -> bool:
        """Open the files; whether they hold what an earlier run has `said`."""
        for name, (dtype, shape) in self._shapes.items():
            if said and not (self._folder / name).is_file():
                return False
            file = self._stack.enter_context((self._folder / name).open(mode))
            self._files[name] = _Rows(cast(BinaryIO, file), dtype, shape)
            if said and not self._files[name].resume(said[name]):
                return False
        return True

    def append(
        self, codes: Iterable[NDArray[Any]], values: Iterable[NDArray[Any]], n_rows: int
    ) -> None:
        """Rows of all columns, discrete and continuous, as many of each."""
        codes, values = list(codes), list(values)
        done = 0
        while done < n_rows:
            taken = min(n_rows - done, self._length - self._filled)
            of, to = slice(done, done + taken), slice(self._filled, self._filled + taken)
            for buffer, columns in ((self._codes, codes), (self._values, values)):
                for row, column in zip(buffer, columns, strict=True):
                    row[to] = column[of]
            self._filled += taken
            done += taken
            if self._filled == self._length:
                self._flush()

    @_written
    def _flush(self) -> None:
        n_words = -(-self._filled // _WORD)
        codes, words = self._codes, self._words
        if self._filled < self._length:  # the last rows
            codes = np.ascontiguousarray(codes[:, : self._filled])
            words = np.empty((len(words), n_words), dtype=np.uint64)
        pack_states(codes, self.n_bitsets, self.first_word, words)
        self._files["codes.bin"].append(codes)
        self._files["bitsets.bin"].append(words)
        self._files["values.bin"].append(self._values[:, : self._filled])
        self._filled = 0
        for rows in self._files.values():
            rows.file.flush()
        self._progress.say(**{n: (rows.done, rows.crc) for n, rows in self._files.items()})

    @_written
    def finish(self) -> dict[str, Any]:
        """Write what is held; what the header says of the arrays."""
        if self._filled:
            self._flush()
        for rows in (self._files["codes.bin"], self._files["values.bin"]):
            if rows.done != rows.shape[1]:
                raise DataError(
                    f"the source had {rows.shape[1]} rows when it was first read and {rows.done} "
                    "the second time; pack it while nothing changes it"
                )
        arrays = {name: rows.header() for name, rows in self._files.items()}
        shape = self._files["values.bin"].shape
        of_ranks = write_ranks(
            self._folder / "values.bin", self._folder / "ranks.bin", *shape, self._progress
        )
        return {
            "first_word": self.first_word.tolist(),
            "n_bitsets": self.n_bitsets.tolist(),
            "varies": of_ranks.pop("varies"),
            "arrays": {**arrays, "ranks.bin": of_ranks},
        }
