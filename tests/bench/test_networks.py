"""From a table to a network of genes, beside the steps that numpy and scipy make of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from tests.bench.conftest import Beside
from tests.bench.test_pruning import by_numpy
from tests.structure.genomes import expression, genome

GIGABYTE = 1e9


def genes(n_genes: int, n_samples: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return expression(rng, genome(rng, n_genes, regulators=0.1, exponent=0.5), n_samples)


def information(values: np.ndarray) -> np.ndarray:
    """That of the copula, by hand."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    scores = ndtri(rankdata(values, axis=0) / (len(values) + 1))
    correlations = np.corrcoef(scores.T)
    np.fill_diagonal(correlations, 0.0)
    return np.asarray(-0.5 * np.log1p(-(correlations**2)))


def significant(values: np.ndarray, alpha: float = 0.05) -> np.ndarray:
    """The matrix with 0 for pairs that Benjamini and Hochberg's rule leaves out."""
    from scipy.stats import beta, false_discovery_control

    matrix = information(values)
    upper = np.triu_indices(len(matrix), 1)
    p_values = beta.cdf(np.exp(-2 * matrix[upper]), (len(values) - 2) / 2, 0.5)
    cut = matrix[upper] * (false_discovery_control(p_values) <= alpha)
    matrix[upper] = cut
    matrix.T[upper] = cut
    return matrix


def aracne_by_hand(values: np.ndarray) -> Any:
    matrix = significant(values)
    return by_numpy(matrix, 0.1) & (matrix > 0)


def clr_by_hand(values: np.ndarray) -> Any:
    matrix = information(values)
    z = np.maximum(0.0, (matrix - matrix.mean(axis=1)) / matrix.std(axis=1))
    return np.hypot(z, z.T) * (significant(values) > 0)


def mrnet_by_hand(values: np.ndarray) -> Any:
    matrix = significant(values)
    scores = np.zeros_like(matrix)
    for target, relevance in enumerate(matrix):
        redundancy, left, n_selected = np.zeros(len(matrix)), relevance > 0, 0
        while left.any():
            gain = np.where(left, relevance - redundancy / max(n_selected, 1), -np.inf)
            best = int(gain.argmax())
            if gain[best] <= 0:
                break
            scores[best, target] = gain[best]
            left[best] = False
            redundancy += matrix[best]
            n_selected += 1
    return np.maximum(scores, scores.T)


@pytest.mark.parametrize(
    ("learner", "by_hand", "n_genes", "at_least"),
    [
        (ms.ARACNE(), aracne_by_hand, 1000, 2.0),
        (ms.CLR(), clr_by_hand, 1000, 0.5),
        (ms.MRNET(), mrnet_by_hand, 500, 1.0),
    ],
    ids=["aracne", "clr", "mrnet"],
)
def test_beside_numpy(
    learner: Any, by_hand: Callable[..., Any], n_genes: int, at_least: float, beside: Beside
) -> None:
    table = genes(n_genes, 200)
    values = table.to_numpy()
    ratio = beside(
        f"{type(learner).__name__}, {n_genes} genes x 200 samples, from a DataFrame to `edges_`",
        lambda: learner.fit(table).edges_,
        "numpy and scipy, to a matrix",
        lambda: by_hand(values),
        rounds=5,
        peer_rounds=2,
    )
    assert ratio >= at_least


WHOLE = f"""
import resource, sys, time

sys.path.insert(0, ".")
import mistruct as ms
from tests.bench.test_networks import genes

data = ms.as_dataset(genes(20_000, 500))
start = time.perf_counter()
learner = ms.ARACNE().fit(data)
taken = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
unit = {1 if sys.platform == "darwin" else 1024}
print(taken, peak * unit, len(learner.edges_), learner.graph_.number_of_edges())
"""


@pytest.mark.long
def test_twenty_thousand_genes(record: Callable[..., None]) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WHOLE], capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    taken, peak, n_pairs, n_edges = map(float, done.stdout.split())
    record(
        f"ARACNE, 20,000 genes x 500 samples: {n_pairs:,.0f} pairs, {n_edges:,.0f} edges, peak "
        f"memory {peak / GIGABYTE:.1f} GB",
        taken,
        "as long as it may take",
        180.0,
        180.0 / taken,
    )
    assert taken < 180
    assert peak < 6 * GIGABYTE
