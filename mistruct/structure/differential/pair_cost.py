"""Expected cost of the tests of a differential network."""

from __future__ import annotations

from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError
from mistruct.memory import memory_limit
from mistruct.structure.differential.score_differences import columns_at_once

# Peak memory for a pair: statistics, p-values, weights and q-values, and their order.
_BYTES_OF_A_PAIR = 90
# Copies of a tile of statistics, and what the draws that are kept take.
_COPIES, _BYTES_OF_DRAWS = 3, 150_000_000
# Measured on common processors: for a pair and a permutation, and for each of their rows.
_NANOSECONDS, _NANOSECONDS_OF_A_ROW = 60.0, 0.2


def cost_of_differences(data: Dataset, n_permutations: int) -> tuple[float, int]:
    """Seconds of one core, and bytes at the worst moment."""
    n_pairs = data.n_variables * (data.n_variables - 1) // 2
    width = min(columns_at_once(n_permutations), data.n_variables)
    of_tile = _COPIES * 2 * 4 * width**2 * (n_permutations + 1)
    n_bytes = 4 * data.values.nbytes + _BYTES_OF_A_PAIR * n_pairs + of_tile + _BYTES_OF_DRAWS
    of_pair = _NANOSECONDS + _NANOSECONDS_OF_A_ROW * data.n_samples
    return 1e-9 * n_pairs * (n_permutations + 1) * of_pair, n_bytes


def check_memory_of_pairs(data: Dataset, n_permutations: int) -> None:
    """Raise ParameterError if there is too little memory; the message says what would help."""
    n_bytes, limit = cost_of_differences(data, n_permutations)[1], memory_limit()
    if limit is not None and n_bytes > limit:
        n_pairs = data.n_variables * (data.n_variables - 1) // 2
        raise ParameterError(
            f"the {n_pairs:,} pairs of {data.n_variables:,} columns take about "
            f"{n_bytes / 1e9:.1f} GB, of {limit / 1e9:.1f} GB; compare fewer columns, such as "
            "those that vary most"
        )
