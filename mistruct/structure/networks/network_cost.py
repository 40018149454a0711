"""Expected cost of a network of pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mistruct.data.dataset import Dataset
from mistruct.errors import Either, ParameterError, Setting
from mistruct.memory import memory_limit
from mistruct.structure.causal.search_cost import quick_test
from mistruct.structure.cost import Cost

#: Peak memory for a significant pair: in the table of edges, and in the arrays sorted for it.
BYTES_OF_A_PAIR = 100

_COLUMNS_TRIED = 100


@dataclass(frozen=True, kw_only=True)
class NetworkCost(Cost):
    """Expected cost of a network.

    Attributes
    ----------
    n_pairs : int
        Pairs of columns that are estimated.
    """

    n_pairs: int


def check_memory(needed: int, n_pairs: int, n_kept: int) -> int:
    """Bytes of what is needed whatever is found, and of pairs that are kept.

    Raises
    ------
    ParameterError
        There is less memory. The message has the figures, and says what would help.
    """
    limit = memory_limit()
    in_total = needed + BYTES_OF_A_PAIR * n_kept
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


def share_of_dependent(data: Dataset, alpha: float) -> float:
    """The share of pairs that are significant beyond chance, in a hundred columns of a table.

    They are tested by counts or by the copula, which is quick.
    """
    chosen = np.unique(np.linspace(0, data.n_variables - 1, _COLUMNS_TRIED).astype(np.int64))
    pairs = chosen[np.column_stack(np.triu_indices(len(chosen), 1))]
    few = data.select([data.names[k] for k in chosen])
    tests = quick_test().test_pairs(few, np.searchsorted(chosen, pairs))
    found = float(np.mean(tests.testable & (tests.p_value <= alpha)))
    return max(0.0, (found - alpha) / (1.0 - alpha))
