"""Expected cost of a search for a Markov blanket, by the rules of `search_cost`.

The target is tested with every column. Of those that are found, the strongest are looked at as a
search by tests would: which of them one other is expected to separate from the target. The rest are
the expected neighbours. Each of them is searched like the target, so the cost is that of the target
for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import comb

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.independence.base import IndependenceTest
from mistruct.structure.causal.search_cost import dependences, first_depth, quick_test
from mistruct.structure.cost import LIBRARIES, Cost, bytes_held

# So many of the columns that depend on the target are looked at with each other.
_STRONGEST = 100

# A call of a test for many columns with one.
_SECONDS_OF_A_CALL = 3e-4


@dataclass(frozen=True, kw_only=True)
class BlanketCost(Cost):
    """Expected cost of a Markov blanket.

    Attributes
    ----------
    n_neighbours : int
        Columns that are expected to be adjacent to the target.
    n_tests : float
        Tests, of all sizes.
    """

    n_neighbours: int
    n_tests: float


def blanket_cost(
    data: Dataset,
    target: int,
    test: IndependenceTest,
    alpha: float,
    max_conditioning: int | None,
    max_pairs: int,
) -> BlanketCost:
    """Expected cost of the Markov blanket of a column by position."""
    others = np.delete(np.arange(data.n_variables), target)
    pairs = np.sort(np.column_stack([np.full(len(others), target), others]), axis=1)
    tests = quick_test().test_pairs(data, pairs)
    passing = np.flatnonzero(tests.testable & (tests.p_value <= alpha))
    strongest = passing[np.argsort(-tests.mi[passing], kind="stable")[:_STRONGEST]]
    n_neighbours = _neighbours(data, target, others[strongest], alpha)
    largest = n_neighbours if max_conditioning is None else max_conditioning
    n_tests, n_calls = np.zeros(largest + 1), 1.0
    n_tests[0] = len(others)
    for member in range(n_neighbours):  # each asks with the members before it
        sets = comb(member, np.arange(min(member + 1, largest)))
        # The first given alone meets all that pass, after it mostly the neighbours are left.
        n_tests[1 : 1 + len(sets)] += sets * (len(passing) if member == 0 else n_neighbours)
        n_calls += float(sets.sum())
    n_tests, n_calls = n_tests * (1 + n_neighbours), n_calls * (1 + n_neighbours)
    rest = data.n_variables - 1 - n_neighbours
    if rest * (rest - 1) // 2 <= max_pairs and largest:
        n_tests[1] += rest * (rest - 1)
        n_calls += rest
    of_size = [float(np.mean(test.seconds(data, pairs, k))) for k in range(largest + 1)]
    return BlanketCost(
        seconds=float(n_tests @ np.array(of_size)) + _SECONDS_OF_A_CALL * n_calls,
        n_bytes=LIBRARIES + bytes_held(data) + test.n_bytes(data),
        n_neighbours=n_neighbours,
        n_tests=float(n_tests.sum()),
    )


def _neighbours(data: Dataset, target: int, others: Positions, alpha: float) -> int:
    """How many dependent columns no other is expected to separate from the target."""
    if not len(others):
        return 0
    few = data.select([data.names[k] for k in (target, *others)])
    shared, edges = dependences(few, alpha)
    _, left = first_depth(shared, edges, data.n_samples)
    return int(left[(edges == 0).any(axis=1)].sum())
