"""The data processing inequality beside a vectorised numpy, which looks at every triangle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mistruct as ms
from mistruct.structure.networks.aracne import explain
from tests.bench.conftest import Beside, seconds
from tests.structure.genomes import expression, genome


def information(n_genes: int, n_samples: int, dtype: Any = np.float64) -> np.ndarray:
    rng = np.random.default_rng(0)
    table = expression(rng, genome(rng, n_genes, regulators=0.1, exponent=0.5), n_samples)
    everything = np.arange(n_genes)
    matrix = ms.GaussianCopula().pairwise(ms.as_dataset(table), everything, everything, dtype)
    np.fill_diagonal(matrix, 0.0)
    return matrix


def by_numpy(matrix: np.ndarray, tolerance: float) -> np.ndarray:
    """Which edges stay, from the strongest detour of each."""
    stay = np.empty(matrix.shape, dtype=bool)
    for i, row in enumerate(matrix):
        stay[i] = row >= (1 - tolerance) * np.minimum(row, matrix).max(axis=1)
    return stay


@pytest.mark.parametrize("share", [0.05, 1.0])
def test_beside_numpy(share: float, beside: Beside) -> None:
    matrix = information(1000, 200)
    upper = np.triu(np.ones(matrix.shape, dtype=bool), 1)
    weakest = np.quantile(matrix[upper], 1 - share) if share < 1 else -np.inf
    row, column = np.nonzero(upper & (matrix >= weakest))
    ties = np.where(matrix >= weakest, matrix, 0.0)

    def ours() -> Any:
        return explain(row, column, matrix[row, column], len(matrix), 0.1)

    ratio = beside(
        f"data processing inequality, 1000 genes, {share:.0%} of the pairs",
        ours,
        "numpy, row by row",
        lambda: by_numpy(ties, 0.1),
        rounds=10,
        peer_rounds=2,
    )
    assert ((ours() < 0) == by_numpy(ties, 0.1)[row, column]).all()
    assert ratio >= (20 if share < 1 else 5)


@pytest.mark.long
@pytest.mark.parametrize("share", [0.01, 0.05])
def test_twenty_thousand_genes(share: float, record: Callable[..., None]) -> None:
    n = 20_000
    matrix = information(n, 500, np.float32)
    sampled = matrix[np.random.default_rng(0).integers(0, n, 3000)]
    row, column = np.nonzero(np.triu(matrix >= np.quantile(sampled, 1 - share), 1))
    mi = matrix[row, column]
    explain(row[:9], column[:9], mi[:9], n, 0.1)
    taken = seconds(lambda: explain(row, column, mi, n, 0.1))
    record(
        f"data processing inequality, {n:,} genes, {share:.0%} of the pairs",
        taken,
        "as long as it may take",
        30.0,
        30.0 / taken,
    )
    assert taken < 30
