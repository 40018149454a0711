"""The matrix of mutual information beside other ways to the same counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from tests.bench.conftest import Beside


def table_of(n_variables: int, n_samples: int, n_states: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, n_states, (n_variables, n_samples), dtype=np.uint8)
    return pd.DataFrame(codes.T, columns=[f"v{i}" for i in range(n_variables)])


def size(n_variables: int, n_samples: int, n_states: int) -> str:
    return f"{n_variables} columns x {n_samples:,} rows x {n_states} states"


@pytest.mark.parametrize(
    ("n_variables", "n_samples", "n_states", "at_least"),
    [
        (1000, 10_000, 3, 5.0),
        (1000, 10_000, 2, 5.0),
        (200, 100_000, 3, 5.0),
        (500, 10_000, 4, 1.0),
        (300, 10_000, 8, 1.0),
        (150, 10_000, 16, 1.0),
    ],
)
def test_beside_a_product_of_one_hot_columns(
    n_variables: int, n_samples: int, n_states: int, at_least: float, beside: Beside
) -> None:
    """The product holds the same counts, and nothing is done with them."""
    table = table_of(n_variables, n_samples, n_states)
    data = ms.as_dataset(table)
    one_hot = np.concatenate([data.codes == s for s in range(n_states)]).astype(np.float32)
    ratio = beside(
        f"MI matrix, {size(n_variables, n_samples, n_states)}",
        lambda: ms.mutual_information_matrix(data),
        "one-hot float32 BLAS product",
        lambda: np.dot(one_hot, one_hot.T),
        rounds=15,
    )
    assert ratio >= at_least


def test_beside_scikit_learn(beside: Beside) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    data = ms.as_dataset(table_of(1000, 10_000, 3))
    codes = data.codes[:10]

    def theirs() -> None:
        for x in codes:
            for y in codes:
                metrics.mutual_info_score(x, y)

    ratio = beside(
        f"MI matrix, {size(1000, 10_000, 3)}",
        lambda: ms.mutual_information_matrix(data),
        "scikit-learn, from 100 pairs",
        theirs,
        rounds=3,
        scale=1000 * 999 / 2 / 100,
    )
    assert ratio >= 50


def test_beside_pyagrum(beside: Beside) -> None:
    pyagrum = pytest.importorskip("pyagrum")
    table = table_of(1000, 10_000, 3)
    data = ms.as_dataset(table)
    learner = pyagrum.BNLearner(table.iloc[:, :10].astype(str))

    def theirs() -> None:
        for x in range(10):
            for y in range(x):
                learner.mutualInformation(f"v{x}", f"v{y}")

    ratio = beside(
        f"MI matrix, {size(1000, 10_000, 3)}",
        lambda: ms.mutual_information_matrix(data),
        "pyAgrum, from 45 pairs",
        theirs,
        rounds=3,
        scale=1000 * 999 / 2 / 45,
    )
    assert ratio >= 50
