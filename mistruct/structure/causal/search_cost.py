r"""Expected cost of a search for separating sets.

Nothing is timed: constants of the tests say what one takes, and the table says how many there will
be, so that a choice that goes by the cost is the same on every machine. All pairs are tested once
without conditioning, by counts or by the copula, which is quick. An edge between x and y is
expected to fall to one column z if I(x; y) is no larger than information that passes through z:
with the share :math:`r_{xy}^2` that two columns have in common, :math:`r_{xy} \leq r_{xz} r_{zy}`
but for noise, as in a Markov chain of normal variables. The sets of two columns and more are those
that the edges left leave room for. The same edges say how many sets will vote on the direction of
others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, triu
from scipy.special import comb

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset
from mistruct.independence.auto_test import AutoTest
from mistruct.independence.base import IndependenceTest
from mistruct.independence.g_test import GTest
from mistruct.structure.causal.skeleton import adjacency
from mistruct.structure.causal.skeleton_search import MOST_SECONDS
from mistruct.structure.causal.v_structures import MOST_SECONDS_OF_VOTES
from mistruct.structure.cost import LIBRARIES, Cost, bytes_held

# Measured on the tuning networks at 500 and 5,000 rows, normal columns and gene expression, where
# the number of tests so predicted was .5 to 1.7 times the true one: how far a pair may exceed what
# passes through a column, the share of candidates tried until one separates, and how many of the
# neighbours at one depth are left at the next.
_SLACK, _TRIED, _LEFT = 1.1, 0.3, 0.85

# Columns that share more are copies of each other, which separate nothing.
_COPIES = 0.99


# Memory for a pair of columns: in batches of tests, and in the tables of what was found.
_BYTES_OF_A_PAIR = 400


@dataclass(frozen=True, eq=False, kw_only=True)
class SearchCost(Cost):
    """Expected cost of a search for separating sets.

    Attributes
    ----------
    n_tests, seconds_by_size : ndarray of float, shape (n_sizes,)
        Tests, and what they take, for each size of conditioning sets from 0 on; also of sizes for
        which a search takes too long, so that it stops before them.
    seconds_of_votes : float
        What the votes of separating sets on v-structures take.
    """

    n_tests: Floats
    seconds_by_size: Floats
    seconds_of_votes: float


def search_cost(
    data: Dataset,
    test: IndependenceTest,
    alpha: float,
    max_conditioning: int | None,
    *,
    with_votes: bool,
) -> SearchCost:
    """Expected cost of `learn_skeleton` with these parameters, and of votes on v-structures."""
    pairs = np.column_stack(np.triu_indices(data.n_variables, 1))
    shared, edges = dependences(test.view(data), alpha)
    n_first, left = first_depth(shared, edges, data.n_samples)
    n_tests = [float(len(pairs)), n_first]
    room = adjacency(data.n_variables, edges[left]).sum(axis=1)[edges[left]] - 1.0
    size = 2
    while (max_conditioning is None or size <= max_conditioning) and (room >= size).any():
        n_tests.append(float(comb(room, size).sum()))
        room *= _LEFT
        size += 1
    if max_conditioning is not None:
        n_tests = n_tests[: max_conditioning + 1]
    of_size = [pairs, edges, *[edges[left]] * (len(n_tests) - 2)]
    seconds = [
        n * float(np.mean(test.seconds(data, asked, k))) if n else 0.0
        for k, (n, asked) in enumerate(zip(n_tests, of_size, strict=False))
    ]
    n_bytes = LIBRARIES + bytes_held(data) + test.n_bytes(data) + _BYTES_OF_A_PAIR * len(pairs)
    of_votes = _seconds_of_votes(data, test, edges[left], len(n_tests)) if with_votes else 0.0
    of_tests = _allowed(seconds) if max_conditioning is None else float(np.sum(seconds))
    return SearchCost(
        seconds=of_tests + of_votes,
        n_bytes=n_bytes,
        n_tests=np.array(n_tests),
        seconds_by_size=np.array(seconds),
        seconds_of_votes=of_votes,
    )


def _seconds_of_votes(
    data: Dataset, test: IndependenceTest, edges: Positions, n_sizes: int
) -> float:
    """Expected seconds for the sets of columns that vote, given the edges left by the first depth.

    With a share of the edges, a pair has that share of its neighbours, and of pairs that have a
    neighbour in common its square is left.
    """
    adjacent = csr_array(adjacency(data.n_variables, edges))
    near = triu(adjacent @ adjacent, 1).tocoo()
    keys = np.setdiff1d(near.row * data.n_variables + near.col, edges @ [data.n_variables, 1])
    pairs = np.column_stack(np.divmod(keys, data.n_variables))
    share = _LEFT ** max(n_sizes - 2, 0)
    degrees = share * np.diff(adjacent.indptr)[pairs]
    total = 0.0
    for size in range(n_sizes):
        n_sets = share**2 * comb(degrees, size).sum(axis=1)
        total += float((n_sets * test.seconds(data, pairs, size)).sum())
        if total > MOST_SECONDS_OF_VOTES:
            return MOST_SECONDS_OF_VOTES
    return total


def _allowed(seconds: list[float]) -> float:
    """Expected seconds of the sizes that a search of any size tries."""
    total = np.cumsum(seconds)
    stops = np.flatnonzero(total[2:] - seconds[0] > MOST_SECONDS)
    return float(total[1 + stops[0]] if len(stops) else total[-1])


def quick_test() -> AutoTest:
    """The test of pairs that the cost is foreseen by: counts, or the copula."""
    return AutoTest(discrete=GTest())


def dependences(data: Dataset, alpha: float) -> tuple[Floats, Positions]:
    """Correlations of all columns, 0 for independent ones, and the dependent pairs."""
    pairs = np.column_stack(np.triu_indices(data.n_variables, 1))
    tests = quick_test().test_pairs(data, pairs)
    found = tests.testable & (tests.p_value <= alpha)
    shared = np.zeros((data.n_variables,) * 2)
    information = np.maximum(tests.mi - tests.bias, 0.0)
    shared[tuple(pairs.T)] = np.where(found, _shares(data, pairs, information), 0.0)
    return np.sqrt(shared + shared.T), pairs[found]


def _shares(data: Dataset, pairs: NDArray[np.int64], information: Floats) -> Floats:
    """Squared correlation equivalent to the information; for states, its share of entropy."""
    entropies = np.full(data.n_variables, np.nan)
    for position, name in enumerate(data.names):
        if name in data.states:
            codes = data.codes[data.row(name)]
            shares = np.bincount(codes, minlength=len(data.states[name]))[: len(data.states[name])]
            shares = shares[shares > 0] / shares.sum()
            entropies[position] = -(shares * np.log(shares)).sum()
    smaller = np.fmin(*entropies[pairs.T])
    with np.errstate(divide="ignore", invalid="ignore"):
        of_states = np.minimum(np.where(smaller > 0, information / smaller, 0.0), 1.0)
    return np.where(np.isnan(smaller), -np.expm1(-2.0 * information), of_states)


def first_depth(
    shared: Floats, edges: NDArray[np.int64], n_samples: int
) -> tuple[float, NDArray[np.bool_]]:
    """Expected number of tests given one column, and edges expected to survive them."""
    noise = 2.0 / np.sqrt(n_samples)
    adjacent = adjacency(len(shared), edges)
    n_tests = 0.0
    left = np.empty(len(edges), dtype=bool)
    for k, (x, y) in enumerate(edges):
        through = np.where(np.maximum(shared[x], shared[y]) < _COPIES, shared[x] * shared[y], 0.0)
        left[k] = not (shared[x, y] <= _SLACK * through[through > 0] + noise).any()
        candidates = np.count_nonzero(adjacent[x] | adjacent[y]) - 2
        n_tests += candidates if left[k] else max(_TRIED * candidates, 1.0)
    return n_tests, left
