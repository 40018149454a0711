"""Counts within strata from packed words against counts row by row."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistruct.information.counts.packing import pack
from mistruct.kernels.counts.stratum_bitsets import (
    count_packed_strata,
    no_intersections,
    packed_is_cheaper,
)


def _counts(codes: np.ndarray, n_states: np.ndarray, columns: list[int]) -> np.ndarray:
    """Cells in the order of the columns' states; a row with a missing entry is in none."""
    seen = Counter(
        row for row in zip(*codes[columns].tolist(), strict=True)
        if all(s < n_states[c] for s, c in zip(row, columns, strict=True))
    )  # fmt: skip
    table = np.zeros(n_states[columns], dtype=np.int64)
    for cell, count in seen.items():
        table[cell] = count
    return table.ravel()


@given(
    st.integers(0, 2**32),
    st.sampled_from([1, 63, 64, 65, 300]),
    st.permutations(range(5)),
    st.integers(2, 4),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_counts_are_those_of_the_rows(
    seed: int, n_samples: int, order: list[int], size: int, gaps: bool
) -> None:
    """Whichever column is counted last, and where others share what was intersected before."""
    rng = np.random.default_rng(seed)
    n_states = rng.integers(2, 5, 5)
    codes = rng.integers(0, n_states[:, np.newaxis] + gaps, (5, n_samples)).astype(np.uint8)
    columns = order[:size]
    packed, found = pack(codes, n_states), no_intersections(size - 1)
    for last in range(size):
        for column in {columns[last], *order[size:]}:
            columns[last] = column
            table = np.zeros(n_states[columns].prod(), dtype=np.int64)
            count_packed_strata(packed, n_states, np.array(columns), last, n_samples, found, table)
            assert table.tolist() == _counts(codes, n_states, columns).tolist()


@pytest.mark.parametrize("n_samples", [64 * 4096, 64 * 8192, 64 * 8192 + 1])
def test_chunks_of_words_add_up(n_samples: int) -> None:
    """With columns 0 and 1 all fits, with 3 and 1 it does not; what is left then is not used."""
    rng = np.random.default_rng(0)
    n_states = np.array([2, 2, 2, 3])
    codes = rng.integers(0, n_states[:, np.newaxis], (4, n_samples)).astype(np.uint8)
    packed, found = pack(codes, n_states), no_intersections(2)
    for columns in ([0, 1, 2], [3, 1, 2], [3, 1, 0], [0, 1, 2]):
        table = np.zeros(n_states[columns].prod(), dtype=np.int64)
        count_packed_strata(packed, n_states, np.array(columns), 2, n_samples, found, table)
        assert table.tolist() == _counts(codes, n_states, columns).tolist()


def test_what_is_not_packed_or_too_wide_is_left_to_others() -> None:
    n_states = np.array([2, 2, 100])
    codes = np.tile(np.arange(100, dtype=np.uint8), (3, 1)) % n_states[:, np.newaxis].astype("u1")
    packed = pack(codes, n_states)
    pair, wide = np.array([0, 1]), np.array([0, 2])
    assert packed_is_cheaper(packed, n_states, pair, 100, 1000)
    assert not packed_is_cheaper(packed, n_states, pair, 100, 3)
    assert not packed_is_cheaper(packed, n_states, wide, 100, 1000)
