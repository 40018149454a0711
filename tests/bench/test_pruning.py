"""The data processing inequality beside a vectorised numpy, which looks at every triangle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mistruct as ms
from mistruct.structure.networks.aracne import explain
from mistruct.structure.networks.base import Network
from mistruct.structure.networks.significance import Pairs, significant_pairs
from tests.bench.conftest import Beside, seconds
from tests.structure.genomes import expression, genome

COPULA = ms.GaussianCopula()


def network(n_genes: int, n_samples: int, alpha: float | None, dtype: Any = np.float64) -> Network:
    rng = np.random.default_rng(0)
    table = expression(rng, genome(rng, n_genes, regulators=0.1, exponent=0.5), n_samples)
    data = ms.as_dataset(table)
    everything = np.arange(n_genes)
    matrix = COPULA.pairwise(data, everything, everything, dtype)
    np.fill_diagonal(matrix, 0.0)
    pairs = significant_pairs(data, COPULA, matrix, everything, alpha, "bh")
    return Network(everything, matrix, pairs, data)


def by_numpy(matrix: np.ndarray, tolerance: float) -> np.ndarray:
    """Which edges stay, from the strongest detour of each."""
    stay = np.empty(matrix.shape, dtype=bool)
    for i, row in enumerate(matrix):
        stay[i] = row >= (1 - tolerance) * np.minimum(row, matrix).max(axis=1)
    return stay


@pytest.mark.parametrize(
    ("alpha", "what"), [(0.05, "significant pairs"), (None, "all pairs")], ids=["cut", "uncut"]
)
def test_beside_numpy(alpha: float | None, what: str, beside: Beside) -> None:
    made = network(1000, 200, alpha)
    kept = made.matrix.copy()
    explain(made, 0.1)  # leaves what passed
    ties = made.matrix.copy()

    def ours() -> Any:
        made.matrix[...] = kept
        return explain(made, 0.1)

    share = len(made.pairs.row) / (1000 * 999 / 2)
    ratio = beside(
        f"data processing inequality, 1000 genes, {what} ({share:.0%})",
        ours,
        "numpy, row by row",
        lambda: by_numpy(ties, 0.1),
        rounds=10,
        peer_rounds=2,
    )
    stays = by_numpy(ties, 0.1)[made.pairs.row, made.pairs.column]
    assert ((ours() < 0) == stays).all()
    assert ratio >= (20 if alpha else 5)


@pytest.mark.long
@pytest.mark.parametrize("share", [0.01, 0.05])
def test_twenty_thousand_genes(share: float, record: Callable[..., None]) -> None:
    n = 20_000
    made = network(n, 500, 1e-30, np.float32)
    sampled = made.matrix[np.random.default_rng(0).integers(0, n, 3000)]
    row, column = np.nonzero(np.triu(made.matrix >= np.quantile(sampled, 1 - share), 1))
    pairs = Pairs(row.astype(np.int32), column.astype(np.int32), np.zeros(len(row)))
    made = Network(made.rows, made.matrix, pairs, made.data)
    explain(Network(made.rows, made.matrix.copy(), pairs.take(slice(0, 9)), made.data), 0.1)
    taken = seconds(lambda: explain(made, 0.1))
    record(
        f"data processing inequality, {n:,} genes, {share:.0%} of the pairs",
        taken,
        "as long as it may take",
        30.0,
        30.0 / taken,
    )
    assert taken < 30
