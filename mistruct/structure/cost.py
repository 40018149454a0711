"""What a network of pairs takes, told before the work is begun."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError
from mistruct.information.estimators import Estimator

GIGABYTE = 1e9

# Of a pair that passes, at the worst moment: in the table of edges and what is sorted for it.
_BYTES_OF_A_PAIR = 200

# Columns of the trial that tells the time of a pair.
_TRIED = 12


@dataclass(frozen=True)
class Cost:
    """Bytes at the worst moment, of the matrix and the table, and of the pairs that pass for sure.

    Attributes
    ----------
    n_pairs : int
        How many pairs are estimated.
    matrix, pairs : int
        Bytes.
    """

    n_pairs: int
    matrix: int
    pairs: int

    @property
    def total(self) -> int:
        """Bytes of all."""
        return self.matrix + self.pairs


def memory_of(
    data: Dataset, n_rows: int, dtype: np.dtype[np.generic], n_pairs: int, keeps_all: bool
) -> Cost:
    """Of a matrix of so many rows, and of the pairs if all are kept."""
    table = data.values.nbytes + data.codes.nbytes
    matrix = n_rows * data.n_variables * dtype.itemsize
    return Cost(n_pairs, 2 * table + matrix, _BYTES_OF_A_PAIR * n_pairs if keeps_all else 0)


def check_memory(cost: Cost, names_regulators: bool) -> None:
    """Raise ParameterError, with the figures and what would help, where it does not fit."""
    limit = memory_limit()
    if limit is None or cost.total <= limit:
        return
    figures = (
        f"about {cost.total / GIGABYTE:.0f} GB for {cost.n_pairs:,} pairs, "
        f"of {limit / GIGABYTE:.0f} GB of memory"
    )
    if cost.matrix <= limit:
        raise ParameterError(f"alpha=None keeps all pairs: {figures}; give a level, as alpha=0.05")
    fewer = "fewer regulators" if names_regulators else "regulators="
    raise ParameterError(f"the network takes {figures}; give {fewer}, or fewer columns")


def memory_limit() -> int | None:
    """Bytes that this process may use at most; None where the system does not say."""
    found = []
    try:
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):  # not on Windows
        return None
    with suppress(OSError, ValueError):  # not in a container, or without a limit ("max")
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return min(found)


def seconds_of(data: Dataset, estimator: Estimator, rows: NDArray[np.int64], n_pairs: int) -> float:
    """About how long the estimates of so many pairs take, from a few of them."""
    tried = rows[np.linspace(0, len(rows) - 1, min(_TRIED, len(rows))).astype(np.int64)]
    n_columns = min(_TRIED, data.n_variables)
    columns = np.linspace(0, data.n_variables - 1, n_columns).astype(np.int64)
    estimator.pairwise(data, tried[:1], columns[:2], np.dtype(np.float64))  # compiles
    started = time.perf_counter()
    estimator.pairwise(data, tried, columns, np.dtype(np.float64))
    return (time.perf_counter() - started) / (len(tried) * len(columns)) * n_pairs
