"""Replicates of work on samples of the rows, saved in a folder when finished.

*Rows.* A replicate sees 63.2 percent of the rows, drawn without replacement: as many different rows
as a bootstrap of n rows has on average, n (1 - 1/e). A bootstrap proper repeats rows, and ties are
information to estimators by neighbours, densities and ranks, and rows to a test that there are
not. Drawn like this, the p-values of a replicate are those of a smaller table. Which rows these are
depends on the seed and the number of the replicate alone.

*Checkpoint.* Its folder has one file for each finished replicate, and `checkpoint.json`, which says
what they were made of and with, and with which a run must agree that goes on. Each file comes into
being whole, in one step. It begins with a digest of what follows, its number and
`checkpoint.json`, so that one which is damaged or from another run is not taken for a replicate.
So two processes with one folder do some work twice, and no harm.
"""

from __future__ import annotations

import io
import json
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from mistruct import __version__
from mistruct.atomic import replacing, sweep
from mistruct.data.dataset import Dataset
from mistruct.errors import DataError, MistructWarning, ParameterError, Setting, check_count
from mistruct.parallel import run_anywhere
from mistruct.structure.cost import Cost

AnyCost = TypeVar("AnyCost", bound=Cost)
Arrays = Mapping[str, NDArray[Any]]
Folder = str | os.PathLike[str]

#: The share of different rows in a bootstrap of many.
SHARE = 0.632

# Fewer rows have hardly as many different samples as there are replicates.
_FEWEST_ROWS = 10

# A checkpoint holds for each replicate a file, and in it so much for an edge.
_BYTES_OF_A_FILE, _BYTES_OF_AN_EDGE = 1500, 25

_FORMAT = 1
_MANIFEST = "checkpoint.json"
_DIGEST = 32  # bytes
_SHOWN = 80  # characters of a value in a message


def check_replicates(
    parameter: str, n: int | None, seed: int | None, checkpoint: Folder | None
) -> None:
    """Raise ParameterError if the parameters of replicates are inconsistent."""
    if n is not None:
        check_count(parameter, n)
    if seed is not None:
        check_count("seed", seed, least=0)
    if checkpoint is None:
        return
    if not isinstance(checkpoint, (str, os.PathLike)):
        raise ParameterError(
            Setting("checkpoint"), f" must be the path of a folder, got {checkpoint!r}"
        )
    if n is None:
        raise ParameterError(
            Setting("checkpoint"), f" is for replicates: it needs {parameter}, got {parameter}=None"
        )
    if seed is None:
        raise ParameterError(
            Setting("checkpoint"), " needs a seed, so that a run can go on, got seed=None"
        )


def run_replicates(
    make: Callable[[Dataset], Arrays],
    data: Dataset,
    n: int,
    seed: int | None,
    made_with: Mapping[str, Any],
    checkpoint: Folder | None = None,
    n_rows: int | None = None,
) -> Iterator[Arrays]:
    """Yield ``make(sample)`` of n samples of the rows, in order.

    Parameters
    ----------
    make : callable
        From a Dataset to named arrays without objects.
    data : Dataset
        The table.
    n : int
        Number of replicates.
    seed : int or None
        What the rows that are drawn depend on; None draws afresh.
    made_with : mapping of str to str, number, bool, None or list of these
        What else the replicates depend on.
    checkpoint : path, optional
        Folder from which finished replicates are read, and to which the others are written.
    n_rows : int, optional
        Number of rows of each sample; 63.2 percent by default.

    Raises
    ------
    DataError
        The table has fewer than 10 rows; the checkpoint is of other data, or cannot be used.
    ParameterError
        The checkpoint was made with other parameters, or these have no seed.

    Warns
    -----
    MistructWarning
        A replicate in the checkpoint is damaged, and is made again.
    """
    if data.n_samples < _FEWEST_ROWS:
        raise DataError(
            f"replicates need {_FEWEST_ROWS} rows or more to draw from, got {data.n_samples}"
        )
    work = Work.of(make, data, seed, n_rows)
    kept = None
    if checkpoint is not None:
        fresh = [f"{k}={v}" for k, v in made_with.items() if "seed=None" in str(v)]
        if fresh:
            raise ParameterError(
                Setting("checkpoint"), f" needs seeds, so that a run can go on, got {fresh[0]}"
            )
        made = {"data": _describe(data), "seed": None if seed is None else int(seed)}
        kept = _Checkpoint(Path(checkpoint), {**made, **made_with})

    missing = [b for b in range(n) if kept is None or kept.read(b) is None]
    results = run_anywhere(_replicate, work, missing, description="replicates", in_turn=True)
    remaining = set(missing)
    for b in range(n):
        if kept and b not in remaining:
            yield kept.read(b) or _replicate(work, b)
            continue
        arrays = next(results)
        if kept:
            kept.write(b, arrays)
        yield arrays
    if kept:
        kept.tidy()


class Work(NamedTuple):
    """Work that all replicates share."""

    make: Callable[[Dataset], Arrays]
    data: Dataset
    entropy: Any
    n_rows: int | None

    @classmethod
    def of(
        cls,
        make: Callable[[Dataset], Arrays],
        data: Dataset,
        seed: int | None,
        n_rows: int | None = None,
    ) -> Work:
        """The work with a seed."""
        return cls(make, data, np.random.SeedSequence(seed).entropy, n_rows)


def cost_of_replicates(
    of_one: AnyCost, data: Dataset, n: int, *, n_times: float, checkpoint: bool
) -> AnyCost:
    """Expected cost of replicates, from that of learning from the table.

    They take as long as to learn from it `n_times`. On disk there is an edge for each column, at
    least.
    """
    sample = round(SHARE * (data.values.nbytes + data.codes.nbytes))
    of_file = _BYTES_OF_A_FILE + _BYTES_OF_AN_EDGE * data.n_variables
    return replace(
        of_one,
        seconds=of_one.seconds * n_times,
        n_bytes=of_one.n_bytes + sample,
        n_bytes_on_disk=n * of_file if checkpoint else 0,
    )


def _replicate(work: Work, b: int) -> Arrays:
    rows = draw_rows(work.data.n_samples, work.entropy, b, work.n_rows)
    return work.make(work.data.take(rows))


def draw_rows(n_samples: int, entropy: Any, b: int, n_rows: int | None = None) -> NDArray[np.bool_]:
    """Mask of the rows of replicate `b`, shape (n_samples,)."""
    rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(b,)))
    rows = np.zeros(n_samples, dtype=np.bool_)
    rows[rng.permutation(n_samples)[: n_rows or round(SHARE * n_samples)]] = True
    return rows


class _Checkpoint:
    """A folder of finished replicates, all made of one table with the same parameters."""

    def __init__(self, folder: Path, made: Mapping[str, Any]) -> None:
        self.folder = folder
        # Another numpy may draw other rows from the same seed.
        own = {"format": _FORMAT, "mistruct": __version__, "numpy": np.__version__, **made}
        text = json.dumps(own, indent=1)
        self.key = blake2b(text.encode()).digest()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # In this order, as another process may begin in between.
            orphaned = any(name.startswith("replicate-") for name in os.listdir(folder))
            stored = (folder / _MANIFEST).read_text("utf-8")
        except FileNotFoundError:
            stored = None
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(
                Setting("checkpoint"), f" {str(folder)!r} cannot be used: {error}"
            ) from None
        if stored is not None:
            self._compare(stored, json.loads(text))
        elif orphaned:
            raise DataError(
                Setting("checkpoint"), f" {str(folder)!r} has replicates but no {_MANIFEST}"
            )
        else:
            self._write(folder / _MANIFEST, text.encode())

    def _compare(self, stored: str, own: dict[str, Any]) -> None:
        """Raise an error if the checkpoint is of other data or parameters."""
        try:
            there = dict(json.loads(stored))
        except (ValueError, TypeError) as error:
            raise DataError(
                Setting("checkpoint"),
                f" {str(self.folder)!r} has a {_MANIFEST} that is damaged: {error}",
            ) from error
        differing = [k for k in {**there, **own} if there.get(k, self) != own.get(k, self)]
        if not differing:
            return
        listed = "; ".join(
            f"{k} was {_short(there.get(k))} and is {_short(own.get(k))}" for k in differing
        )
        kind = DataError if "data" in differing else ParameterError
        raise kind(
            Setting("checkpoint"),
            f" {str(self.folder)!r} is of another run: {listed}; take another folder",
        )

    def _path(self, b: int) -> Path:
        return self.folder / f"replicate-{b:04}.bin"

    def _digest(self, b: int, contents: bytes) -> bytes:
        return blake2b(b"%d " % b + contents, key=self.key, digest_size=_DIGEST).digest()

    def read(self, b: int) -> Arrays | None:
        """Read a replicate; None if it is not finished."""
        path = self._path(b)
        try:
            stored = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DataError(f"cannot read {str(path)!r}: {error.strerror}") from error
        contents = stored[_DIGEST:]
        if stored[:_DIGEST] != self._digest(b, contents):
            damaged = f": {str(path)!r} is damaged, or from another run; it is made again"
            warnings.warn(MistructWarning(Setting("checkpoint"), damaged), stacklevel=2)
            return None
        with np.load(io.BytesIO(contents), allow_pickle=False) as arrays:
            return dict(arrays)

    def write(self, b: int, arrays: Arrays) -> None:
        """Write a replicate."""
        file = io.BytesIO()
        np.savez(file, **dict(arrays))  # type: ignore[arg-type]  # none is called allow_pickle
        contents = file.getvalue()
        self._write(self._path(b), self._digest(b, contents) + contents)

    def _write(self, path: Path, contents: bytes) -> None:
        with replacing(path, swept=True) as temporary:
            temporary.write_bytes(contents)

    def tidy(self) -> None:
        """Remove what killed processes have left."""
        sweep(self.folder, lambda name: name == _MANIFEST or name.startswith("replicate-"))


def _describe(data: Dataset) -> str:
    """Description of a table in words, and a digest of its contents."""
    columns = [(n, data.kinds[n], data.states.get(n)) for n in data.names]
    digest = blake2b(repr((columns, data.missing)).encode(), digest_size=12)
    for array in (data.codes, data.values):
        digest.update(repr((array.dtype.str, array.shape)).encode())
        digest.update(np.ascontiguousarray(array).data)
    return f"{data.n_samples} rows, {data.n_variables} columns, digest {digest.hexdigest()}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
