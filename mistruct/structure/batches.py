"""Tests of many pairs, each given its own set, asked of any test in few calls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mistruct.data.dataset import Dataset
from mistruct.independence.batches import join_tests, untestable
from mistruct.independence.protocol import (
    IndependenceTest,
    Positions,
    Ragged,
    Separations,
    TestBatch,
)
from mistruct.independence.search import separate_by_loop

Given = tuple[int, ...]


def separate(
    test: IndependenceTest,
    data: Dataset,
    pairs: Positions,
    candidates: Ragged,
    size: int,
    alpha: float,
) -> Separations:
    """Find a separating set of one size for each pair; a test without a search gets a loop."""
    if hasattr(test, "separate"):
        return test.separate(data, pairs, candidates, size, alpha)
    return separate_by_loop(test.test_pairs, data, pairs, candidates, size, alpha)


def tests_given(
    test: IndependenceTest, data: Dataset, pairs: Positions, sets: Sequence[Given], alpha: float
) -> TestBatch:
    """Test pair k given ``sets[k]``, for all k.

    A search among exactly as many candidates as the set has columns is one test, so all sets of
    one size take one call.
    """
    sizes = np.array([len(s) for s in sets], dtype=np.int64)
    parts = []
    for size in np.unique(sizes).tolist():
        places = np.flatnonzero(sizes == size)
        if size == 0:
            parts.append((places, test.test_pairs(data, pairs[places])))
            continue
        of_size = Ragged.of([sets[k] for k in places.tolist()])
        parts.append((places, separate(test, data, pairs[places], of_size, size, alpha).tests))
    return join_tests(parts) if parts else untestable(0)
