"""Packed words against counting rows one by one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from numba import njit

from mistruct.kernels.counts.bitsets import count_packed_pair, pack_states, popcount


@njit  # type: ignore[untyped-decorator]
def _popcounts(words: np.ndarray) -> np.ndarray:
    counts = np.empty(words.size, np.uint64)
    for i in range(words.size):
        counts[i] = popcount(words[i])
    return counts


def _packed(codes: np.ndarray, n_packed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    first_word = np.cumsum(n_packed) - n_packed
    # Garbage in the words must not survive, in the unused bits of the last word least of all.
    words = np.full((n_packed.sum(), -(-codes.shape[1] // 64)), ~np.uint64(0))
    pack_states(codes, n_packed, first_word, words)
    return words, first_word


def test_popcount_is_the_number_of_ones() -> None:
    words = np.random.default_rng(0).integers(0, 2**64, 50, dtype=np.uint64)
    words[:3] = [0, 1, 2**64 - 1]
    assert _popcounts(words).tolist() == [int(w).bit_count() for w in words]


@pytest.mark.parametrize("n_samples", [1, 2, 63, 64, 65, 127, 128, 200, 641])
def test_a_bit_says_whether_the_row_is_in_the_state(n_samples: int) -> None:
    codes = np.random.default_rng(n_samples).integers(0, 5, (3, n_samples), dtype=np.uint8)
    n_packed = np.array([5, 0, 3])
    words, first_word = _packed(codes, n_packed)
    for j in range(3):
        for s in range(n_packed[j]):
            as_int = sum(int(w) << (64 * i) for i, w in enumerate(words[first_word[j] + s]))
            assert as_int == sum(1 << t for t in range(n_samples) if codes[j, t] == s)


@pytest.mark.parametrize("derive", [True, False])
@pytest.mark.parametrize("n_samples", [1, 5, 63, 64, 65, 300])
@pytest.mark.parametrize(("n_x", "n_y"), [(2, 2), (1, 3), (3, 1), (4, 7), (1, 1)])
def test_a_table_is_that_of_counting_rows(derive: bool, n_samples: int, n_x: int, n_y: int) -> None:
    rng = np.random.default_rng(n_samples)
    # Without derived cells, the code after the last state stands for a missing entry.
    missing = 0 if derive else 1
    x = rng.integers(0, n_x + missing, n_samples)
    y = rng.integers(0, n_y + missing, n_samples)
    codes = np.array([x, y], dtype=np.uint8)
    n_packed = np.array([n_x, n_y]) - (1 if derive else 0)
    words, first = _packed(codes, n_packed)
    margin_x, margin_y = (np.bincount(c, minlength=n + 1) for c, n in ((x, n_x), (y, n_y)))
    table = np.full(n_x * n_y + 3, -7)
    count_packed_pair(
        words, first[0], n_x, first[1], n_y, margin_x[:n_x], margin_y[:n_y], derive, table
    )
    expected = Counter(zip(x.tolist(), y.tolist(), strict=True))
    assert table[: n_x * n_y].tolist() == [expected[a, b] for a in range(n_x) for b in range(n_y)]
    assert table[n_x * n_y :].tolist() == [-7] * 3
