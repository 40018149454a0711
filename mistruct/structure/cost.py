"""What a network of pairs takes, told before the work is begun."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError
from mistruct.information.base import Estimator
from mistruct.memory import memory_limit

Positions = NDArray[np.int64]

# Of a pair that passes, at the worst moment: in the table of edges and what is sorted for it.
_BYTES_OF_A_PAIR = 100

# Columns of the first trial that tells the time, and seconds that a trial has to take to do so.
_TRIED = 12
_ENOUGH = 0.1


@dataclass(frozen=True)
class Cost:
    """What a network takes.

    Attributes
    ----------
    n_pairs : int
        Pairs of columns that are estimated.
    n_bytes : int
        Memory at the worst moment, at least: without the pairs that a level lets pass.
    seconds : float
        About how long the estimates take.
    """

    n_pairs: int
    n_bytes: int
    seconds: float


def check_memory(
    data: Dataset, n_rows: int, dtype: DTypeLike, n_pairs: int, *, keeps_all: bool
) -> int:
    """Bytes that a matrix of so many rows takes, with all pairs if they are kept.

    Raises
    ------
    ParameterError
        There is less memory. The message has the figures, and says what would help.
    """
    matrix = n_rows * data.n_variables * np.dtype(dtype).itemsize
    needed = 2 * (data.values.nbytes + data.codes.nbytes) + matrix
    limit = memory_limit()
    in_total = needed + (_BYTES_OF_A_PAIR * n_pairs if keeps_all else 0)
    if limit is None or in_total <= limit:
        return in_total
    figures = f"{n_pairs:,} pairs take about {in_total / 1e9:.1f} GB, of {limit / 1e9:.1f} GB"
    if needed <= limit:
        raise ParameterError(f"alpha=None keeps all pairs: {figures}; give a level, as alpha=0.05")
    raise ParameterError(f"{figures}; give regulators=, or fewer of them, or fewer columns")


def seconds_of(data: Dataset, estimator: Estimator, rows: Positions) -> float:
    """About how long the matrix of these rows takes, from ever larger parts of it."""
    data = estimator.view(data)
    columns = np.arange(data.n_variables)
    kinds = np.array([data.kinds[name] for name in data.names])
    two = np.concatenate([np.flatnonzero(kinds == kind)[:2] for kind in np.unique(kinds)])
    estimator.pairwise(data, two, two, np.float64)  # compiles, for each kind
    share = min(1.0, _TRIED / len(columns))
    while True:
        of_rows, of_columns = (p[:: max(1, round(1 / share))] for p in (rows, columns))
        started = time.perf_counter()
        estimator.pairwise(data, of_rows, of_columns, np.float64)
        taken = time.perf_counter() - started
        if share == 1.0 or taken > _ENOUGH:
            return taken * len(rows) * len(columns) / (len(of_rows) * len(of_columns))
        share = min(1.0, 2.0 * share)
