"""Partial correlations by elimination, and the search for the set that separates two columns."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistruct.kernels.gaussian.partial_correlation import (
    DOF,
    HOW,
    N_X,
    N_Y,
    N_Z,
    NATS,
    WILKS,
    Correlations,
    copula_separate,
    eliminate,
    may_determine,
    partial_correlation_test,
)
from mistruct.kernels.gaussian.wilks import P_VALUE, STATISTIC
from tests import reference_continuous as ref
from tests.strategies import alphas

LEAST = 1e-12
N_RESULTS = 8

Columns = np.ndarray[Any, np.dtype[np.float64]]


def _correlations(columns: Columns) -> Columns:
    """Correlations between rows; those of a constant row are 0."""
    centred = columns - columns.mean(axis=1, keepdims=True)
    lengths = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    unit = np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > 1e-12)
    return np.asarray(unit @ unit.T)


def _known(columns: Columns) -> Correlations:
    return Correlations(_correlations(columns), columns.shape[1], LEAST)


def _test(columns: Columns, x: int, y: int, given: tuple[int, ...] = ()) -> Columns:
    result = np.full(N_RESULTS, -7.0)
    partial_correlation_test(
        _known(columns), np.int64(x), np.int64(y), np.array(given, dtype=np.int64), result
    )  # fmt: skip
    return result


def _separate(
    columns: Columns,
    pairs: list[tuple[int, int]],
    candidates: list[list[int]],
    size: int,
    alpha: float,
) -> tuple[Columns, list[list[int]], list[int]]:
    results = np.full((N_RESULTS, len(pairs)), -7.0)
    sets = np.full((len(pairs), size), -7)
    n_tests = np.full(len(pairs), -7)
    copula_separate(
        _known(columns),
        np.array(pairs, dtype=np.int64).reshape(-1, 2),
        np.array([c for of_pair in candidates for c in of_pair], dtype=np.int64),
        np.cumsum([0, *map(len, candidates)]), alpha, 0, len(pairs), results,
        sets, n_tests,
    )  # fmt: skip
    return results.T, sets.tolist(), n_tests.tolist()


def _columns(seed: int, n_columns: int, n_samples: int) -> Columns:
    """Gaussian columns, of which each leans on the one before."""
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(n_columns, n_samples))
    for i in range(1, n_columns):
        columns[i] += rng.choice([-1, 0, 0.5, 2]) * columns[i - 1]
    return columns


# One test --------------------------------------------------------------------------------------


@given(st.integers(0, 2**32), st.integers(0, 4), st.integers(9, 60))
@settings(max_examples=80)
def test_it_is_that_of_the_reference(seed: int, n_given: int, n_samples: int) -> None:
    columns = _columns(seed, n_given + 2, n_samples)
    x, y, *z = np.random.default_rng(seed).permutation(n_given + 2).tolist()
    result = _test(columns, x, y, tuple(z))
    blocks = columns[x], columns[y], columns[z].T
    expected, dof, p_value = ref.wilks_test(*blocks)
    assert result[P_VALUE] == pytest.approx(p_value, rel=1e-7, abs=1e-200)
    nats = ref.gaussian_information(*blocks, bias_correction=False)
    assert result[NATS] == pytest.approx(nats, rel=1e-8, abs=1e-12)
    # The reference tells Student's t of two columns, the kernel Bartlett's statistic of any.
    t_square = dof * math.expm1(2 * result[NATS])
    assert math.sqrt(max(t_square, 0.0)) == pytest.approx(expected, rel=1e-6, abs=1e-6)
    factor = 2 * (n_samples - 1 - n_given - 1.5)
    assert result[STATISTIC] == pytest.approx(factor * result[NATS])
    assert result[[N_X, N_Y, N_Z, DOF, HOW]].tolist() == [1, 1, n_given, 1, WILKS]


@pytest.mark.parametrize(
    "spoilt",
    ["constant x", "constant y", "x in z", "y in z", "x from z", "both from z"],
)
def test_what_z_determines_cannot_be_tested(spoilt: str) -> None:
    columns = _columns(0, 4, 30)
    z = (2, 3)
    if spoilt.startswith("constant"):
        columns["xy".index(spoilt[-1])] = 4.0
    elif spoilt == "x in z":
        z = (0, 3)
    elif spoilt == "y in z":
        z = (1, 2)
    else:
        columns[0] = columns[2] - 0.3 * columns[3]
        columns[1] = -columns[2] if spoilt == "both from z" else columns[1]
    result = _test(columns, 0, 1, z)
    assert np.isnan(result[[STATISTIC, P_VALUE]]).all()
    assert result[NATS] == result[DOF] == 0.0


@pytest.mark.parametrize("sign", [1, -1])
def test_columns_that_determine_each_other(sign: int) -> None:
    columns = _columns(1, 4, 30)
    columns[1] = sign * columns[0]
    for z in ((), (2,), (2, 3)):
        result = _test(columns, 0, 1, z)
        assert result[[NATS, STATISTIC, P_VALUE]].tolist() == [math.inf, math.inf, 0.0]
    columns[1] += 0.7 * columns[2]  # only given z
    assert _test(columns, 0, 1)[NATS] < 5
    assert _test(columns, 0, 1, (2,))[NATS] == math.inf


def test_columns_of_z_that_others_of_z_determine_do_not_count() -> None:
    columns = _columns(2, 7, 25)
    columns[4] = columns[2]
    columns[5] = 2.0 * columns[2] - columns[3]
    columns[6] = 1.0
    expected = _test(columns, 0, 1, (2, 3))
    for order in itertools.permutations([2, 3, 4, 5, 6]):
        found = _test(columns, 0, 1, order)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert expected[N_Z] == 2


@pytest.mark.parametrize("n_samples", [4, 5, 6, 7])
def test_there_must_be_two_rows_more_than_columns(n_samples: int) -> None:
    columns = np.random.default_rng(n_samples).normal(size=(8, n_samples))
    for n_given in range(7):
        testable = 2 + n_given <= n_samples - 2
        assert np.isnan(_test(columns, 0, 1, tuple(range(2, 2 + n_given)))[P_VALUE]) != testable


@given(st.integers(0, 2**32), st.permutations([2, 3, 4]))
def test_it_is_symmetric_and_the_order_of_z_does_not_matter(seed: int, order: list[int]) -> None:
    columns = _columns(seed, 5, 40)
    expected = _test(columns, 0, 1, (2, 3, 4))
    np.testing.assert_allclose(_test(columns, 0, 1, tuple(order)), expected, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(_test(columns, 1, 0, (2, 3, 4)), expected, rtol=1e-8, atol=1e-12)


def test_elimination_leaves_the_residual_covariances() -> None:
    columns = _columns(3, 6, 50)
    matrix = _correlations(columns)
    expected = matrix[3:, 3:] - matrix[3:, :3] @ np.linalg.solve(matrix[:3, :3], matrix[:3, 3:])
    assert eliminate(matrix, np.int64(3), LEAST) == 3
    np.testing.assert_allclose(matrix[3:, 3:], expected, atol=1e-13)


# The search ------------------------------------------------------------------------------------


def _search(
    columns: Columns, pair: tuple[int, int], candidates: list[int], size: int, alpha: float
) -> tuple[Columns, list[int], int]:
    """The loop that the kernel stands for."""
    best, best_set, n_tests = np.full(N_RESULTS, np.nan), [-1] * size, 0
    for subset in itertools.combinations(candidates, size):
        n_tests += 1
        result = _test(columns, *pair, subset)
        if np.isnan(result[P_VALUE]):
            continue
        if np.isnan(best[P_VALUE]) or result[P_VALUE] > best[P_VALUE]:
            best, best_set = result, list(subset)
        if result[P_VALUE] > alpha:
            break
    return best, best_set, n_tests


@given(st.integers(0, 2**32), alphas, st.integers(0, 4), st.sampled_from([6, 12, 60]))
@settings(max_examples=80)
def test_the_search_is_the_loop_over_subsets(
    seed: int, alpha: float, size: int, n_samples: int
) -> None:
    rng = np.random.default_rng(seed)
    columns = _columns(seed, 7, n_samples)
    if seed % 2:
        columns[rng.integers(7)] = columns[rng.integers(7)]
        columns[rng.integers(7)] = 0.0
    pairs = [(a, b) for a, b in itertools.combinations(range(7), 2) if rng.random() < 0.4]
    candidates = [
        rng.permutation([c for c in range(7) if c not in pair])[: rng.integers(0, 6)].tolist()
        for pair in pairs
    ]
    results, sets, n_tests = _separate(columns, pairs, candidates, size, alpha)
    for k, pair in enumerate(pairs):
        best, best_set, n = _search(columns, pair, candidates[k], size, alpha)
        np.testing.assert_array_equal(results[k], best)
        assert (sets[k], n_tests[k]) == (best_set, n)


def test_a_chain_is_separated_by_its_middle() -> None:
    rng = np.random.default_rng(4)
    a = rng.normal(size=2000)
    b = a + 0.5 * rng.normal(size=2000)
    c = b + 0.5 * rng.normal(size=2000)
    columns = np.array([a, b, c, rng.normal(size=2000)])
    results, sets, n_tests = _separate(columns, [(0, 2)] * 3, [[3, 1], [1, 3], [3]], 1, 0.01)
    assert sets == [[1], [1], [3]]
    assert n_tests == [2, 1, 1]
    assert results[0, P_VALUE] == results[1, P_VALUE] > 0.01 > results[2, P_VALUE]


@pytest.mark.parametrize("size", [1, 2])
def test_too_few_candidates_make_no_test(size: int) -> None:
    results, sets, n_tests = _separate(_columns(5, 4, 30), [(0, 1)], [[2][: size - 1]], size, 0.05)
    assert np.isnan(results).all()
    assert (sets, n_tests) == ([[-1] * size], [0])


def test_no_pairs() -> None:
    results, sets, n_tests = _separate(_columns(6, 3, 30), [], [], 1, 0.05)
    assert (results.shape, sets, n_tests) == ((0, N_RESULTS), [], [])


def test_what_may_be_determined_is_told_from_correlations() -> None:
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, 200))
    columns = np.array([a, b, c, a + b, -a])
    pairs = np.array([[3, 2], [4, 2], [0, 1]])
    lists = [[0, 1], [0], [2, 3]]  # a and b determine a + b; a determines -a
    flat, starts = np.concatenate(lists), np.cumsum([0, *map(len, lists)])
    for size, expected in ((1, [False, True, False]), (2, [True, False, False])):
        found = np.empty(3, dtype=bool)
        may_determine(_correlations(columns), LEAST, pairs, flat, starts, size, found)
        assert found.tolist() == expected
