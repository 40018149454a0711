"""Distinct rows of some columns against numpy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistruct.kernels.counts.distinct_rows import distinct_rows

NO_WEIGHTS = np.empty(0, dtype=np.int64)


def _expected(rows: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """The distinct columns of an array, and the weight of each."""
    distinct, which = np.unique(rows, axis=1, return_inverse=True)
    return distinct, np.bincount(which.ravel(), weights).astype(int).tolist()


# The first columns alone have more states than there may be numbers, if there are ten and not five.
@pytest.mark.parametrize("n_columns", [1, 5, 10])
@given(st.integers(0, 2**32), st.booleans(), st.booleans())
@settings(max_examples=10, deadline=None)
def test_each_distinct_row_has_the_weight_of_all_like_it(
    n_columns: int, seed: int, weighed: bool, gaps: bool
) -> None:
    rng = np.random.default_rng(seed)
    n_states = rng.integers(2, 5, 12)
    hidden = rng.integers(0, 6, 5000)
    codes = ((hidden + rng.integers(0, 2, (12, 1))) % n_states[:, np.newaxis]).astype(np.uint8)
    codes[0, rng.random(5000) < 0.01] = 0
    missing = gaps & (rng.random(codes.shape) < 0.001)
    codes[missing] = 200
    columns = rng.permutation(12)[:n_columns]
    weights = rng.integers(1, 9, 5000) if weighed else NO_WEIGHTS
    rows, found = distinct_rows(codes, (n_states + 1).astype(np.int32), weights, columns)
    distinct, expected = _expected(codes[columns], weights if weighed else np.ones(5000))
    order = np.lexsort(codes[columns][::-1][:, rows])
    np.testing.assert_array_equal(codes[columns][:, rows[order]], distinct)
    assert found[order].tolist() == expected


def test_too_many_states_are_refused() -> None:
    codes = np.random.default_rng(0).integers(0, 4, (12, 3000), dtype=np.uint8)
    for found in distinct_rows(codes, np.full(12, 4, np.int32), NO_WEIGHTS, np.arange(12)):
        assert found.size == 0
