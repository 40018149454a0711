"""Search for separating sets with any test, one test at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from mistruct.data.dataset import Dataset
from mistruct.independence.batches import join_tests, untestable
from mistruct.independence.protocol import Positions, Ragged, Separations, TestBatch
from mistruct.parallel import run_blocks


def separate_by_loop(
    test_pairs: Callable[[Dataset, Positions, Sequence[int]], TestBatch],
    data: Dataset,
    pairs: Positions,
    candidates: Ragged,
    size: int,
    alpha: float,
) -> Separations:
    """Find a separating set of one size for each pair among its own candidates.

    Subsets come in the order of `itertools.combinations`, until a p-value exceeds `alpha`. Those
    that cannot be tested count as tests, but never separate.
    """

    def search(k: int) -> tuple[TestBatch | None, tuple[int, ...], int]:
        best: TestBatch | None = None
        of_best = (-1,) * size
        n_tests = 0
        for given in combinations(candidates[k], size):
            found = test_pairs(data, pairs[k : k + 1], given)
            n_tests += 1
            if found.testable[0] and (best is None or found.p_value[0] > best.p_value[0]):
                best, of_best = found, given
            if found.p_value[0] > alpha:
                break
        return best, of_best, n_tests

    searched = list(run_blocks(search, range(len(pairs)), description="separations"))
    none = untestable(1)
    return Separations(
        tests=join_tests([(np.array([k]), best or none) for k, (best, _, _) in enumerate(searched)])
        if searched
        else untestable(0),
        sets=np.array([s for _, s, _ in searched], dtype=np.int64).reshape(len(pairs), size),
        n_tests=np.array([n for _, _, n in searched], dtype=np.int64),
    )
