"""Wide tables and single cells: time and peak memory of what no dense matrix would hold.

Each runs in a process of its own, whose peak memory is its own, too.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

GIGABYTE = 1e9

START = f"""
import resource, sys, time

sys.path.insert(0, ".")
import numpy as np
import mistruct as ms


def ended(start, *more):
    taken = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    unit = {1 if sys.platform == "darwin" else 1024}
    print(taken, used.ru_utime + used.ru_stime, used.ru_maxrss * unit, *more)


def modules(n_columns, n_samples, size=50):
    # Each module of columns follows one hidden factor.
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(n_columns // size, n_samples)).astype(np.float32)
    noise = rng.normal(size=(n_columns, n_samples)).astype(np.float32)
    return (noise + 0.8 * np.repeat(hidden, size, axis=0)).T
"""

WIDE = """
data = ms.as_dataset(modules(n_columns, 500))
start = time.perf_counter()
learner = {learner}.fit(data)
ended(start, len(learner.edges_))
"""

MAKE_CELLS = """
import anndata
from scipy.sparse import csr_matrix, vstack

rng = np.random.default_rng(0)
rate = rng.gamma(0.3, 0.35, size=5000).astype(np.float32)
parts = []
for _ in range(n_cells // 5000):
    factor = rng.gamma(2.0, 0.5, size=(5000, 20)).astype(np.float32)
    parts.append(csr_matrix(rng.poisson(factor[:, np.arange(5000) % 20] * rate), dtype=np.float32))
cells = vstack(parts, format="csr")
anndata.AnnData(cells).write_h5ad(path)
print(cells.nnz / np.prod(cells.shape))
"""

CELLS = """
import anndata

start = time.perf_counter()
cells = anndata.read_h5ad(path, backed="r")
matrix = ms.mutual_information_matrix(cells, estimator="copula", dtype="float32")
network = ms.aracne_network(matrix, threshold=0.005)
ended(start, network.number_of_edges())
"""

Record = Callable[..., None]


def run(script: str, **values: object) -> list[float]:
    given = "".join(f"{name} = {value!r}\n" for name, value in values.items())
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", START + given + script],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    return [float(word) for word in done.stdout.split()]


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "learner", "minutes"),
    [
        ("ARACNE", "ms.ARACNE()", 15),
        ("CLR", "ms.CLR()", 20),
        ("Chow-Liu forest", "ms.ChowLiu(alpha=0.01, estimator='copula')", 20),
    ],
)
def test_a_hundred_thousand_columns(record: Record, name: str, learner: str, minutes: int) -> None:
    taken, cpu, peak, n_edges = run(WIDE.format(learner=learner), n_columns=100_000)
    record(
        f"{name}, 100,000 columns x 500 rows: {n_edges:,.0f} edges, {cpu:.0f} s of processors, "
        f"peak memory {peak / GIGABYTE:.1f} GB",
        taken,
        "as long as it may take",
        60.0 * minutes,
        60.0 * minutes / taken,
    )
    assert taken < 60 * minutes
    assert peak < 8 * GIGABYTE


@pytest.mark.long
def test_a_quarter_of_a_million_cells(record: Record, tmp_path: Path) -> None:
    pytest.importorskip("anndata")
    path = str(tmp_path / "cells.h5ad")
    (density,) = run(MAKE_CELLS, path=path, n_cells=250_000)
    taken, cpu, peak, n_edges = run(CELLS, path=path)
    record(
        f"copula matrix and ARACNE, 250,000 cells x 5,000 genes, {density:.0%} not zero: "
        f"{n_edges:,.0f} edges, {cpu:.0f} s of processors, peak memory {peak / GIGABYTE:.1f} GB",
        taken,
        "as long as it may take",
        600.0,
        600.0 / taken,
    )
    assert taken < 600
    assert peak < 8 * GIGABYTE
