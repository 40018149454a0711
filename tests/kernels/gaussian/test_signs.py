"""Signs of covariances against whole numbers of Python, which never overflow."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mistruct.kernels.gaussian.signs import covariance_signs


def sign(x: list[int], y: list[int]) -> int:
    """That of n sum xy - sum x sum y."""
    covariance = len(x) * sum(a * b for a, b in zip(x, y, strict=True)) - sum(x) * sum(y)
    return (covariance > 0) - (covariance < 0)


def found(ranks: np.ndarray, states: np.ndarray, pairs: list[tuple[int, int]]) -> list[int]:
    n_ranks, n_states = len(ranks), len(states)
    result = np.full(len(pairs), 7, dtype=np.int8)
    covariance_signs(
        ranks.astype(np.int32), states.astype(np.uint8),
        np.arange(n_ranks + n_states) < n_ranks,
        np.concatenate([np.arange(n_ranks), np.arange(n_states)]),
        np.array(pairs, dtype=np.int64).reshape(-1, 2), result,
    )  # fmt: skip
    return result.tolist()


@given(st.integers(0, 2**32), st.integers(1, 9), st.sampled_from([2, 1_000_000]))
def test_all_kinds_of_pairs(seed: int, n: int, largest: int) -> None:
    rng = np.random.default_rng(seed)
    ranks = rng.integers(-largest, largest + 1, (3, n))
    ranks[:, 0] -= ranks.sum(axis=1)  # so that they sum to 0
    states = rng.integers(0, 2, (3, n))
    columns = [*ranks.tolist(), *states.tolist()]
    pairs = [(i, j) for i in range(6) for j in range(6)]
    assert found(ranks, states, pairs) == [sign(columns[i], columns[j]) for i, j in pairs]


def test_sums_near_the_end_of_64_bits() -> None:
    n = 1_000_000
    ranks = np.arange(n)[np.newaxis] * 2 - (n - 1)
    both = np.concatenate([ranks, -ranks])
    assert found(both, np.empty((0, n)), [(0, 0), (0, 1)]) == [1, -1]
