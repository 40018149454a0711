"""Adaptive partitions, and kernel densities, beside peers that estimate the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import mistruct as ms
from mistruct.information.counts.partition import AdaptivePartition
from mistruct.information.density.kde import KDE
from tests.bench.conftest import Beside


def genes(n_columns: int, n_samples: int) -> np.ndarray:
    """Columns in groups of ten that share a cause; most pairs are independent."""
    rng = np.random.default_rng(0)
    causes = np.repeat(rng.normal(size=(-(-n_columns // 10), n_samples)), 10, axis=0)
    return 0.6 * causes[:n_columns] + 0.8 * rng.normal(size=(n_columns, n_samples))


def regulators(n_rows: int, n_columns: int) -> Callable[[], np.ndarray]:
    """The information of the first columns with all, as a gene network asks for it."""
    data = ms.as_dataset(genes(n_columns, 200).T)
    rows, columns = np.arange(n_rows), np.arange(n_columns)
    return lambda: AdaptivePartition().pairwise(data, rows, columns, np.float32)


def histogram_information(x: np.ndarray, y: np.ndarray) -> float:
    counts = np.histogram2d(x, y, bins=6)[0] / len(x)
    of_both = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0)
    seen = counts > 0
    return float((counts[seen] * np.log(counts[seen] / of_both[seen])).sum())


def test_beside_histograms(beside: Beside) -> None:
    columns = genes(20, 200)
    ratio = beside(
        "adaptive partition, 1,800 x 2,000 pairs x 200 rows",
        regulators(1800, 2000),
        "numpy.histogram2d, from 400 pairs",
        lambda: [histogram_information(x, y) for x in columns for y in columns],
        rounds=3,
        scale=1800 * 2000 / 400,
    )
    assert ratio >= 50


@pytest.mark.long
@pytest.mark.parametrize("n_columns", [2000, 20_000])
def test_beside_aminfo(n_columns: int, beside: Beside) -> None:
    aminfo = pytest.importorskip("aminfo")
    columns = genes(30, 200)
    ratio = beside(
        f"adaptive partition, 1,800 x {n_columns:,} pairs x 200 rows",
        regulators(1800, n_columns),
        "aminfo, from 900 pairs",
        lambda: [aminfo.adaptive_mutual_information(x, y) for x in columns for y in columns],
        rounds=2,
        scale=1800 * n_columns / 900,
    )
    assert ratio >= 10


def test_kernel_densities_beside_scipy(beside: Beside) -> None:
    stats = pytest.importorskip("scipy.stats")
    data = ms.as_dataset(genes(100, 1000).T)
    every = np.arange(100)
    pairs = [(data.values[a], data.values[a + 1]) for a in range(3)]

    def theirs() -> None:
        for pair in pairs:
            joint = stats.gaussian_kde(pair)
            joint(pair)
            for column in pair:
                stats.gaussian_kde(column)(column)

    ratio = beside(
        "KDE matrix, 100 columns x 1,000 rows",
        lambda: KDE().pairwise(data, every, every),
        "scipy.stats.gaussian_kde, from 3 pairs",
        theirs,
        rounds=3,
        scale=100 * 99 / 2 / 3,
    )
    assert ratio >= 20
