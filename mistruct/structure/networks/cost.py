"""Expected cost of a network of pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from mistruct.data.dataset import Dataset
from mistruct.errors import Either, ParameterError, Setting
from mistruct.memory import memory_limit

# Peak memory for a significant pair: in the table of edges, and in the arrays sorted for it.
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


def check_memory(data: Dataset, entries: int, dtype: DTypeLike, n_pairs: int, n_kept: int) -> int:
    """Bytes that a table takes with so many entries of its matrix and pairs that are kept.

    Raises
    ------
    ParameterError
        There is less memory. The message has the figures, and says what would help.
    """
    held = entries * np.dtype(dtype).itemsize
    of_table = data.values.nbytes + data.codes.nbytes if data.on_disk is None else 0
    needed = 2 * of_table + held
    limit = memory_limit()
    in_total = needed + _BYTES_OF_A_PAIR * n_kept
    if limit is None or in_total <= limit:
        return in_total
    figures = f"{n_pairs:,} pairs take about {in_total / 1e9:.1f} GB, of {limit / 1e9:.1f} GB"
    if n_kept == n_pairs and needed <= limit:
        raise ParameterError(
            f"alpha=None keeps all pairs: {figures}; give a level, as alpha=0.05, or ",
            Setting("n_edges"),
        )
    if n_kept and needed <= limit:
        raise ParameterError(
            f"{n_kept:,} pairs or more are kept: {figures}; use ",
            Setting("correction", "bh"),
            ", 'bonferroni' or a smaller ",
            Setting("n_edges"),
        )
    raise ParameterError(
        f"{figures}; give ",
        Either("regulators=", "--regulators"),
        ", or fewer of them, or fewer columns",
    )
