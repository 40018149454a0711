"""Subsets against those of itertools."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from mistruct.kernels.subsets import next_subset


def _all_subsets(n_candidates: int, size: int) -> list[tuple[int, ...]]:
    chosen = np.arange(size, dtype=np.int64)
    found = [tuple(chosen.tolist())]
    while next_subset(chosen, np.int64(n_candidates)):
        found.append(tuple(chosen.tolist()))
    return found


@pytest.mark.parametrize("n_candidates", range(8))
def test_they_are_those_of_itertools_in_their_order(n_candidates: int) -> None:
    for size in range(n_candidates + 1):
        assert _all_subsets(n_candidates, size) == list(combinations(range(n_candidates), size))


def test_after_the_last_nothing_moves() -> None:
    last = np.array([3, 4, 5])
    assert not next_subset(last, np.int64(6))
    assert last.tolist() == [3, 4, 5]
