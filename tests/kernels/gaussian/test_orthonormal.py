"""The Gram-Schmidt kernel: an orthonormal basis of what rows span, and no more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistruct.kernels.gaussian.orthonormal import orthonormalise


@given(st.integers(1, 9), st.integers(1, 40), st.integers(0, 9), st.integers(0, 2**32))
@settings(max_examples=60)
def test_what_rows_span(d: int, n: int, n_free: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(d, min(n_free, d))) @ rng.normal(size=(min(n_free, d), n))
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-300)
    found = rows.copy()
    rank = orthonormalise(found, 1e-6)
    basis = found[:rank]
    assert rank == min(n_free, d, n)
    np.testing.assert_allclose(basis @ basis.T, np.eye(rank), atol=1e-12)
    np.testing.assert_allclose((rows @ basis.T) @ basis, rows, atol=1e-5)


@pytest.mark.parametrize(("left", "rank"), [(3e-6, 2), (3e-7, 1)])
def test_how_much_of_a_row_must_be_left(left: float, rank: int) -> None:
    rows = np.array([[1.0, 0.0, 0.0], [np.sqrt(1 - left**2), left, 0.0]])
    assert orthonormalise(rows, 1e-6) == rank
