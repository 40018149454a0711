"""Expected cost of a network of pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError
from mistruct.memory import memory_limit

# Of a pair that passes, at the worst moment: in the table of edges and what is sorted for it.
_BYTES_OF_A_PAIR = 100


@dataclass(frozen=True)
class Cost:
    """Cost of a network.

    Attributes
    ----------
    n_pairs : int
        Pairs of columns that are estimated.
    n_bytes : int
        Memory at the worst moment, at least: without the pairs that a level lets pass.
    seconds : float
        About how long the estimates take on one core of a common machine, by constants of the
        estimator; NaN where it does not know.
    """

    n_pairs: int
    n_bytes: int
    seconds: float


def check_memory(
    data: Dataset, n_rows: int, dtype: DTypeLike, n_pairs: int, *, keeps_all: bool
) -> int:
    """Check the memory for a matrix of this many rows, with all pairs if they are kept.

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
