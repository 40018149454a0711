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


def tests_of_size(
    test: IndependenceTest, data: Dataset, pairs: Positions, sets: Positions, alpha: float
) -> TestBatch:
    """Test pair k given ``sets[k]``, for all k; shape (n_pairs, size).

    A search among exactly as many candidates as the set has columns is one test, so all take one
    call.
    """
    n_pairs, size = sets.shape
    if size == 0:
        return test.test_pairs(data, pairs)
    each = Ragged(sets.ravel(), np.arange(n_pairs + 1) * size)
    return separate(test, data, pairs, each, size, alpha).tests


def tests_given(
    test: IndependenceTest, data: Dataset, pairs: Positions, sets: Sequence[Given], alpha: float
) -> TestBatch:
    """Test pair k given ``sets[k]``, for all k, in one call for each size."""
    sizes = np.array([len(s) for s in sets], dtype=np.int64)
    parts = []
    for size in np.unique(sizes).tolist():
        places = np.flatnonzero(sizes == size)
        of_size = np.array([sets[k] for k in places.tolist()], dtype=np.int64)
        tests = tests_of_size(test, data, pairs[places], of_size.reshape(len(places), size), alpha)
        parts.append((places, tests))
    return join_tests(parts) if parts else untestable(0)
