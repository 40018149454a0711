"""Sparse cells against the dense table of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_matrix, csr_matrix

import mistruct as ms
from mistruct.information.copula import sparse_scores
from mistruct.information.copula.sparse_scores import sparse_information

anndata = pytest.importorskip("anndata", reason="an extra")


def cells_of(seed: int, n: int, p: int, density: float, negative: bool = False) -> Any:
    """Counts that share a hidden factor; some columns are all zeros, none, equal or negative."""
    rng = np.random.default_rng(seed)
    hidden = rng.gamma(1.0, size=(n, 1))
    dense = rng.poisson(2 * hidden * rng.random(p)) * (rng.random((n, p)) < density) * 1.0
    if p > 4:
        dense[:, 0] = 0.0
        dense[:, 1] = rng.normal(size=n)
        dense[:, 2] = 7.0
        dense[:, 3] = np.arange(n) > n / 3
    return -dense if negative else dense


@given(
    st.integers(0, 2**32), st.integers(4, 40), st.integers(2, 9), st.floats(0, 1), st.booleans(),
    st.integers(1, 400), st.sampled_from([0.0, 1.0]),
)  # fmt: skip
@settings(max_examples=60)
@pytest.mark.filterwarnings("ignore:the information between")
def test_it_is_the_matrix_of_the_dense_table(seed, n, p, density, negative, at_once, most):
    dense = cells_of(seed, n, p, density, negative)
    names = [f"g{k}" for k in range(p)]
    data = ms.as_dataset(dense, kinds={f"x{k}": "continuous" for k in range(p)})
    copula = ms.GaussianCopula()
    everything = np.arange(p)
    expected = copula.pairwise(data, everything, everything)
    limits = ("_ENTRIES_AT_ONCE", at_once), ("_PRODUCTS_AT_ONCE", at_once), ("_MOST_SPARSE", most)
    with pytest.MonkeyPatch.context() as patched:
        for name, value in limits:
            patched.setattr(sparse_scores, name, value)
        found = sparse_information(
            csc_matrix(dense), names, lambda n: copula.bias(n, 1, 1), np.dtype(np.float64)
        )
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


def test_the_block_of_columns_changes_no_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse_scores, "_MOST_SPARSE", 0.1)
    cells = csc_matrix(cells_of(1, 300, 40, 0.02))
    names = [f"g{k}" for k in range(40)]
    found = []
    for at_once in (1, 7 * 40, 10**6):
        monkeypatch.setattr(sparse_scores, "_PRODUCTS_AT_ONCE", at_once)
        found.append(sparse_information(cells.copy(), names, lambda n: 0.0, np.dtype(np.float64)))
    assert sparse_scores._is_sparse(cells)
    assert found[0].tobytes() == found[1].tobytes() == found[2].tobytes()


def test_a_backed_file_is_read_as_it_is(tmp_path: Path) -> None:
    dense = cells_of(0, 80, 12, 0.2)
    adata = anndata.AnnData(csr_matrix(dense))
    adata.var_names = [f"gene {k}" for k in range(12)]
    adata.write_h5ad(tmp_path / "cells.h5ad")
    backed = anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r")
    found = ms.mutual_information_matrix(backed, estimator="copula")
    expected = ms.mutual_information_matrix(
        anndata.AnnData(dense, var=adata.var), estimator="copula"
    )
    assert list(found.columns) == list(expected.columns)
    assert found.attrs == expected.attrs
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)
    single = ms.mutual_information_matrix(adata, estimator="copula", dtype="float32")
    assert set(single.dtypes) == {np.dtype(np.float32)}
    np.testing.assert_allclose(single, expected, rtol=1e-3, atol=1e-5)
    assert (csr_matrix(dense) != adata.X).nnz == 0
    with pytest.raises(ms.DataError, match="needs at least two rows more"):
        ms.mutual_information_matrix(adata[:3], estimator="copula")
    adata.X.data[0] = np.nan
    with pytest.raises(ms.DataError, match=r"^column 'gene 1' holds nan; .* must be finite$"):
        ms.mutual_information_matrix(adata, estimator="copula")
