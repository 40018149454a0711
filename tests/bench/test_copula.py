"""The matrix of copula information beside the bare product that it is made of, and its memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.data.dataset import Dataset
from tests.bench.conftest import Beside

N_COLUMNS, N_ROWS = 20_000, 500
GIGABYTE = 1e9

# Its own process, so that nothing but the matrix counts; the table is there before.
MEASURE = f"""
import resource

import numpy as np

import mistruct as ms

values = np.random.default_rng(0).normal(size=({N_ROWS}, {N_COLUMNS}))
data = ms.as_dataset(values)
matrix = ms.mutual_information_matrix(data, estimator="copula", dtype=np.float32)
assert matrix.shape == ({N_COLUMNS}, {N_COLUMNS})
assert (matrix.dtypes == np.float32).all()
kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(kilobytes * (1 if {sys.platform == "darwin"} else 1024))
"""


def table_of(n_columns: int, n_rows: int) -> Dataset:
    values = np.random.default_rng(0).normal(size=(n_rows, n_columns))
    return ms.as_dataset(pd.DataFrame(values, columns=[f"g{i}" for i in range(n_columns)]))


def unit_rows(data: Dataset) -> np.ndarray:
    rows = data.values - data.values.mean(axis=1, keepdims=True)
    return (rows / np.sqrt((rows**2).sum(axis=1, keepdims=True))).astype(np.float32)


def whole_product(rows: np.ndarray) -> None:
    rows @ rows.T


def product_by_panels(rows: np.ndarray) -> None:
    result = np.empty((len(rows), len(rows)), dtype=np.float32)
    for a in range(0, len(rows), 512):
        np.matmul(rows[a : a + 512], rows.T, out=result[a : a + 512])


@pytest.mark.long
@pytest.mark.parametrize("product", [whole_product, product_by_panels])
def test_beside_the_bare_product(product: Callable[[np.ndarray], None], beside: Beside) -> None:
    data = table_of(N_COLUMNS, N_ROWS)
    rows = unit_rows(data)
    ratio = beside(
        f"copula matrix, {N_COLUMNS:,} columns x {N_ROWS} rows, float32",
        lambda: ms.mutual_information_matrix(data, estimator="copula", dtype=np.float32),
        f"BLAS, {product.__name__.replace('_', ' ')} in float32",
        lambda: product(rows),
        rounds=3,
    )
    assert ratio >= 0.5


@pytest.mark.long
def test_the_memory_of_a_large_matrix(record: Callable[..., None]) -> None:
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", MEASURE], capture_output=True, text=True, check=False
    )
    assert not found.returncode, found.stderr
    gigabytes = int(found.stdout) / GIGABYTE
    record(
        f"copula matrix, {N_COLUMNS:,} columns x {N_ROWS} rows, float32: peak memory in GB",
        gigabytes,
        "the matrix alone",
        4 * N_COLUMNS**2 / GIGABYTE,
        None,
    )
    assert gigabytes < 4


def test_beside_the_bare_product_of_a_small_matrix(beside: Beside) -> None:
    data = table_of(2000, 500)
    rows = unit_rows(data)
    ratio = beside(
        "copula matrix, 2000 columns x 500 rows",
        lambda: ms.mutual_information_matrix(data, estimator="copula", dtype=np.float32),
        "BLAS, whole product in float32",
        lambda: whole_product(rows),
        rounds=7,
    )
    # Ranks, scores and logarithms of so few rows take longer than the product.
    assert ratio >= 0.1


@pytest.mark.parametrize("share_of_discrete", [0.0, 0.5])
def test_beside_numpy(share_of_discrete: float, beside: Beside) -> None:
    """The correlations of normal scores, as they are computed by hand."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"g{i}": rng.normal(size=1000) for i in range(500)})
    for name in list(frame)[: int(share_of_discrete * 500)]:
        frame[name] = pd.Categorical(np.digitize(frame[name], [-0.5, 0.5]))
    data = ms.as_dataset(frame)
    values = rng.normal(size=(500, 1000))

    def theirs() -> None:
        scores = ndtri(rankdata(values, axis=1) / 1001)
        with np.errstate(divide="ignore"):
            -0.5 * np.log(np.clip(1 - np.corrcoef(scores) ** 2, 0, None))

    ratio = beside(
        f"copula matrix, 500 columns x 1000 rows, {share_of_discrete:.0%} of 3 states",
        lambda: ms.mutual_information_matrix(data, estimator="copula"),
        "numpy and scipy, continuous columns only",
        theirs,
        rounds=5,
    )
    assert ratio >= (0.5 if not share_of_discrete else 0.02)
