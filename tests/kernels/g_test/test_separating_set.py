"""The search for a separating set against the reference's loop over subsets."""

from __future__ import annotations

import itertools
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistruct.information.counts.packing import pack
from mistruct.kernels.counts.coded_columns import CodedColumns
from mistruct.kernels.g_test.g_statistic import HOW, N_SAMPLES, P_VALUE
from mistruct.kernels.g_test.separating_set import g_test_separate, sort_by_key
from mistruct.kernels.g_test.sparse_null import (
    CHI_SQUARE,
    MOMENTS,
    PERMUTATION,
    UNTESTABLE,
    SparseRule,
)
from tests import reference as ref
from tests import strategies
from tests.kernels.g_test.test_g_statistic import cochran_and_williams

_g_test = ref.g_test

# G, dof, rows, p-value and how.
UNTESTED = [[np.nan, 0, 0, np.nan, UNTESTABLE]]


def _separate(
    codes: np.ndarray,
    pairs: list[tuple[int, int]],
    candidates: list[list[int]],
    size: int,
    alpha: float,
    method: int = MOMENTS,
) -> tuple[np.ndarray, list[list[int]], list[int]]:
    results = np.full((len(pairs), 5), -7.0)
    sets = np.full((len(pairs), size), -7)
    n_tests = np.full(len(pairs), -7)
    n_states = codes.max(axis=1).astype(np.int64) + 1
    keys = np.arange(len(codes), dtype=np.uint64)[::-1].copy() * np.uint64(77)
    g_test_separate(
        CodedColumns(
            codes, n_states, keys, pack(codes, n_states), np.empty(0, np.int64), codes.shape[1]
        ),
        np.array(pairs),
        np.array([c for of_pair in candidates for c in of_pair], dtype=np.int64),
        np.cumsum([0, *map(len, candidates)]), alpha, SparseRule(method, 99, np.uint64(0)),
        results, sets, n_tests,
    )  # fmt: skip
    columns = [
        [-1 if c < 0 else among[c] for c in places]
        for places, among in zip(sets.tolist(), candidates, strict=True)
    ]
    return results, columns, n_tests.tolist()


def _chain(seed: int, n_samples: int = 3000) -> np.ndarray:
    """a -> b -> c, and d of its own: b separates a from c, and only b."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 2, n_samples)
    b = np.where(rng.random(n_samples) < 0.8, a, 1 - a)
    c = np.where(rng.random(n_samples) < 0.8, b, 1 - b)
    return np.array([a, b, c, rng.integers(0, 2, n_samples)], dtype=np.uint8)


def _corrected_g_test(x: np.ndarray, y: np.ndarray, z: list[np.ndarray]) -> tuple[float, int, int]:
    """The reference's, with the statistic after Williams' correction."""
    statistic, dof, n_cells = _g_test(x.tolist(), y.tolist(), [c.tolist() for c in z])
    return statistic / cochran_and_williams(x, y, z)[1], dof, n_cells


@given(
    st.integers(0, 2**32), strategies.alphas, st.integers(0, 3), st.permutations([0, 1, 2, 3, 4])
)
@settings(max_examples=30, deadline=None)
def test_the_search_is_that_of_the_reference(
    seed: int, alpha: float, size: int, order: list[int]
) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 2, (5, 800), dtype=np.uint8)
    codes[1] ^= codes[0] & (rng.random(800) < 0.5)
    codes[3] ^= codes[1] & (rng.random(800) < 0.3)
    x, y, *candidates = order
    results, sets, n_tests = _separate(codes, [(x, y)], [candidates], size, alpha)
    with mock.patch.object(ref, "g_test", _corrected_g_test):
        _, largest, its_set, n = ref.separating_set(x, y, candidates, size, list(codes), alpha)
    assert results[0, HOW] == CHI_SQUARE
    assert n_tests == [n]
    # Near G = 0 the p-value falls with the root of G, and so of its rounding.
    close = 1e-5 if largest > 0.99 else 0.0
    assert results[0, P_VALUE] == pytest.approx(largest, rel=1e-8, abs=close)
    assert tuple(sets[0]) == its_set


def test_it_stops_at_the_first_set_that_separates() -> None:
    codes = _chain(0)
    results, sets, n_tests = _separate(
        codes, [(0, 2), (0, 2), (0, 1)], [[3, 1], [1, 3], [2, 3]], 1, 0.01
    )
    assert sets[:2] == [[1], [1]]
    assert n_tests == [2, 1, 2]
    assert results[0, P_VALUE] == results[1, P_VALUE] > 0.01 > results[2, P_VALUE]


def test_without_a_separating_set_the_largest_p_value_is_kept() -> None:
    codes = _chain(1)
    each = [_separate(codes, [(0, 1)], [[c]], 1, 0.5)[0][0, P_VALUE] for c in (2, 3)]
    results, sets, n_tests = _separate(codes, [(0, 1)], [[2, 3]], 1, 0.5)
    assert n_tests == [2]
    assert results[0, P_VALUE] == max(each)
    assert sets == [[2 if each[0] >= each[1] else 3]]


@pytest.mark.parametrize("size", [1, 2])
def test_too_few_candidates_make_no_test(size: int) -> None:
    results, sets, n_tests = _separate(_chain(2), [(0, 2)], [[1][: size - 1]], size, 0.05)
    np.testing.assert_array_equal(results, UNTESTED)
    assert sets == [[-1] * size]
    assert n_tests == [0]


def test_size_zero_is_the_marginal_test() -> None:
    codes = _chain(3)
    results, sets, n_tests = _separate(codes, [(0, 3), (0, 1)], [[], [2]], 0, 0.05)
    assert sets == [[], []]
    assert n_tests == [1, 1]
    assert results[0, P_VALUE] > 0.05 > results[1, P_VALUE]


def test_a_vacuous_set_neither_separates_nor_counts_as_evidence() -> None:
    codes = _chain(4)
    codes[3] = 1 - codes[0]  # d determines a
    results, sets, n_tests = _separate(codes, [(0, 2)], [[3]], 1, 0.05)
    np.testing.assert_array_equal(results, UNTESTED)
    assert (sets, n_tests) == ([[-1]], [1])
    results, sets, n_tests = _separate(codes, [(0, 2)], [[3, 1]], 1, 0.05)
    assert (sets, n_tests) == ([[1]], [2])
    assert results[0, P_VALUE] > 0.05


@pytest.mark.parametrize("method", [MOMENTS, PERMUTATION])
def test_the_order_of_a_set_and_of_its_columns_does_not_matter(method: int) -> None:
    codes = np.random.default_rng(5).integers(0, 3, (5, 60), dtype=np.uint8)
    found = {
        tuple(_separate(codes, [(0, 1)], [list(order)], 3, 0.05, method)[0][0].tolist())
        for order in itertools.permutations([2, 3, 4])
    }
    assert len(found) == 1
    assert next(iter(found))[HOW] == method
    assert next(iter(found))[N_SAMPLES] == 60


def test_sort_by_key() -> None:
    keys = np.random.default_rng(0).integers(0, 2**64, 12, dtype=np.uint64)
    positions = np.random.default_rng(1).permutation(12)
    sort_by_key(positions, keys)
    assert positions.tolist() == np.argsort(keys).tolist()
