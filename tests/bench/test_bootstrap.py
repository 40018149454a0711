"""Bootstraps of a network of genes, beside the ranks and products that numpy makes of as many."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.stats import rankdata

import mistruct as ms
from mistruct.structure.resampling.replicates import draw_rows
from tests.bench.conftest import Beside
from tests.bench.test_networks import genes

N = 100


def test_beside_numpy(beside: Beside) -> None:
    table = genes(1000, 500)
    values = table.to_numpy()

    def rank_correlations() -> None:
        for b in range(N):
            np.corrcoef(rankdata(values[draw_rows(500, 0, b)], axis=0).T)

    ratio = beside(
        f"ARACNE, 1000 genes x 500 samples, {N} bootstraps",
        lambda: ms.ARACNE(n_bootstraps=N).fit(table).edges_,
        "numpy and scipy, rank correlations of as many resamples",
        rank_correlations,
        rounds=2,
    )
    assert ratio > 0.05  # it estimates, tests 500,000 pairs and prunes, as often


def test_checkpoints_cost_little(beside: Beside, tmp_path: Path) -> None:
    data = ms.as_dataset(genes(1000, 500))
    runs = iter(range(100))
    ratio = beside(
        "ARACNE, 1000 genes x 500 samples, 20 bootstraps, with a checkpoint",
        lambda: ms.ARACNE(n_bootstraps=20, checkpoint=tmp_path / str(next(runs))).fit(data).edges_,
        "without",
        lambda: ms.ARACNE(n_bootstraps=20).fit(data).edges_,
        rounds=3,
    )
    assert ratio > 0.5
