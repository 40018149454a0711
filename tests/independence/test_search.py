"""The search with any test, and batches put together, with a test whose answers are given."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mistruct as ms
from mistruct.data.dataset import Dataset
from mistruct.independence.auto_test import AutoTest
from mistruct.independence.base import separate_by
from mistruct.independence.protocol import Ragged, Separations, TestBatch
from mistruct.independence.same_questions import originals
from mistruct.independence.streams import column_keys, in_key_order
from mistruct.parallel import THREADS_VARIABLE, blocks_by_cost
from tests.information.copula.test_gaussian_copula import of_normal

Asked = list[tuple[int, int, tuple[int, ...]]]

DATA = of_normal(np.zeros((8, 5)))


def batch(p_values: Sequence[float]) -> TestBatch:
    """Tests that differ in every field."""
    p = np.array(p_values, dtype=float)
    return TestBatch(
        statistic=10 * p,
        p_value=p,
        dof=np.arange(p.size) + 1,
        mi=p / 2,
        n_samples=np.arange(p.size) + 100,
        method=np.array([f"method {v}" for v in p_values], dtype=object),
        bias=p / 4,
    )


class Oracle:
    """Answers that go by x, y and z alone; keeps what it was asked."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.asked: Asked = []

    def p_value(self, x: int, y: int, z: Sequence[int]) -> float:
        drawn = np.random.default_rng([self._seed, x, y, *sorted(z)]).choice(
            [np.nan, 0.0, 0.01, 0.05, 0.2, 0.9]
        )
        return float(drawn)

    def test_pairs(self, data: Dataset, pairs: np.ndarray, given: Sequence[int]) -> TestBatch:
        assert data is DATA
        assert pairs.shape == (1, 2)
        x, y = pairs[0].tolist()
        self.asked.append((x, y, tuple(given)))
        return batch([self.p_value(x, y, given)])


@given(st.integers(0, 999), st.integers(0, 3), st.sampled_from([0.0, 0.01, 0.05, 0.5]))
def test_it_stops_at_the_first_set_that_separates(seed: int, size: int, alpha: float) -> None:
    rng = np.random.default_rng(seed)
    pairs = np.array([(0, 1), (5, 2), (3, 4)])
    candidates = [
        rng.permutation([c for c in range(8) if c not in pair])[: rng.integers(0, 6)].tolist()
        for pair in pairs.tolist()
    ]
    oracle = Oracle(seed)
    found = separate_by(oracle.test_pairs, DATA, pairs, candidates, size, alpha)
    asked: Asked = []
    for k, (x, y) in enumerate(pairs.tolist()):
        tried = []
        for z in itertools.combinations(candidates[k], size):
            asked.append((x, y, z))
            tried.append((oracle.p_value(x, y, z), z))
            if tried[-1][0] > alpha:
                break
        assert found.n_tests[k] == len(tried)
        testable = [p for p, _ in tried if not np.isnan(p)]
        if not testable:
            assert np.isnan(found.tests.p_value[k])
            assert (found.sets[k] == -1).all()
            assert not found.tests.testable[k]
            continue
        largest = max(testable)
        first = next(z for p, z in tried if p == largest)
        assert found.tests.p_value[k] == largest
        assert tuple(found.sets[k].tolist()) == first
        # The other fields are of the same test.
        assert found.tests.method[k] == f"method {largest}"
        assert found.tests.statistic[k] == 10 * largest
    assert sorted(oracle.asked) == sorted(asked)


def test_a_p_value_at_alpha_does_not_separate() -> None:
    answers = {(2,): 0.05, (3,): 0.04, (4,): 0.9}

    def test_pairs(data: Dataset, pairs: np.ndarray, given: Sequence[int]) -> TestBatch:
        return batch([answers[tuple(given)]])

    pair = np.array([[0, 1]])
    found = separate_by(test_pairs, DATA, pair, [[2, 3, 4]], 1, 0.05)
    assert (found.sets.tolist(), found.n_tests.tolist()) == ([[4]], [3])
    found = separate_by(test_pairs, DATA, pair, [[2, 3, 4]], 1, 0.049)
    assert (found.sets.tolist(), found.n_tests.tolist()) == ([[2]], [1])


def test_no_pairs() -> None:
    found = separate_by(Oracle(0).test_pairs, DATA, np.empty((0, 2), dtype=int), [], 2, 0.05)
    assert found.sets.shape == (0, 2)
    assert found.n_tests.shape == found.tests.p_value.shape == (0,)


# Batches ---------------------------------------------------------------------------------------


def _equal(one: TestBatch, other: TestBatch) -> bool:
    return all(
        np.array_equal(getattr(one, f.name).astype(str), getattr(other, f.name).astype(str))
        for f in fields(TestBatch)
    )


@given(st.permutations(range(7)), st.lists(st.integers(0, 7), max_size=3))
def test_parts_in_any_order_make_the_whole(order: list[int], cuts: list[int]) -> None:
    whole = batch([0.1, 0.9, np.nan, 0.3, 0.3, 0.0, 1.0])
    parts = np.split(np.array(order), sorted(cuts))
    joined = TestBatch.join([(places, whole.take(places)) for places in parts])
    assert _equal(joined, whole)
    assert joined.n_samples.dtype == joined.dof.dtype == np.int64
    sets = np.arange(14).reshape(7, 2)
    n_tests = np.arange(7)
    found = Separations.join([(p, Separations(whole, sets, n_tests).take(p)) for p in parts])
    assert _equal(found.tests, whole)
    np.testing.assert_array_equal(found.sets, sets)
    np.testing.assert_array_equal(found.n_tests, n_tests)


@pytest.mark.parametrize("n_tests", [0, 1, 3])
def test_nothing_to_test(n_tests: int) -> None:
    none = TestBatch.untestable(n_tests)
    assert [len(getattr(none, f.name)) for f in fields(TestBatch)] == [n_tests] * 7
    assert not none.testable.any()
    for k in range(n_tests):
        result = none.result(k, "x", "y", ())
        assert (result.testable, result.n_samples, result.dof) == (False, 0, 0)


# Streams ---------------------------------------------------------------------------------------


def test_keys_go_by_the_name_alone() -> None:
    names = ("a", "b", "gene ü", "", "a ")
    keys = column_keys(names)
    assert keys.dtype == np.uint64
    assert len(set(keys.tolist())) == len(names)
    assert column_keys(names[::-1]).tolist() == keys[::-1].tolist()
    # The same in every process and in every version: seeded results rest on it.
    assert column_keys(("a",)).tolist() == [int.from_bytes(_digest("a"), "little")]


def _digest(name: str) -> bytes:
    from hashlib import blake2b

    return blake2b(name.encode(), digest_size=8).digest()


def test_a_pair_and_its_reverse_are_one() -> None:
    keys = column_keys(tuple(f"c{i}" for i in range(6)))
    pairs = np.array(list(itertools.permutations(range(6), 2)))
    found = in_key_order(pairs, keys)
    assert (keys[found[:, 0]] < keys[found[:, 1]]).all()
    np.testing.assert_array_equal(np.sort(found), np.sort(pairs))
    np.testing.assert_array_equal(found, in_key_order(pairs[:, ::-1], keys))
    assert in_key_order(np.empty((0, 2), dtype=int), keys).shape == (0, 2)


@given(st.integers(0, 3000), st.sampled_from([0.0, 1.0, 1e4, 1e7, 1e12]))
def test_blocks_cover_the_pairs_in_order(n_pairs: int, nanoseconds: float) -> None:
    blocks = blocks_by_cost(n_pairs, nanoseconds)
    covered: list[Any] = [k for b in blocks for k in range(b.start, b.stop)]
    assert covered == list(range(n_pairs))
    assert all(b.stop > b.start for b in blocks)
    assert all((b.stop - b.start) * nanoseconds <= 5e7 or b.stop - b.start == 1 for b in blocks)


@given(st.lists(st.sampled_from([0.0, 1.0, 1e5, 1e6, 3e7, 1e9]), max_size=300), st.integers(1, 8))
def test_blocks_of_unequal_pairs_last_about_as_long(costs: list[float], n_threads: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(THREADS_VARIABLE, str(n_threads))
        blocks = blocks_by_cost(len(costs), np.array(costs))
    assert [k for b in blocks for k in range(b.start, b.stop)] == list(range(len(costs)))
    for b in blocks:
        # None lasts longer than a block may, its last pair left out.
        assert sum(costs[b.start : b.stop - 1]) <= 5e7


@pytest.mark.parametrize("test", [ms.GTest(), ms.GTest(99, sparse="permutation"), AutoTest()])
def test_votes_are_those_of_each_test(test: ms.IndependenceTest) -> None:
    """Also with copies, missing entries, and sets of two kinds, where the test takes these."""
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 3, (300, 6))
    codes[:, 2] = np.where(rng.random(300) < 0.6, codes[:, 0], codes[:, 2])
    codes[:, 1] = np.where(rng.random(300) < 0.5, codes[:, 2], codes[:, 1])
    frame = pd.DataFrame(codes, columns=list("abcdef")).astype("category")
    frame["z copy of c"] = frame.c.cat.rename_categories({0: "x", 1: "z", 2: "y"})
    frame.loc[rng.random(300) < 0.1, "e"] = np.nan
    if test.name == "auto":
        frame["number"] = rng.normal(size=300)
    data = ms.as_dataset(frame, missing="testwise")
    pairs = np.array([[0, 1], [0, 3], [1, 6], [1, 2]])
    for size in range(4):
        asked = [
            (k, given)
            for k, pair in enumerate(pairs.tolist())
            for given in itertools.combinations(sorted({*range(data.n_variables)} - {*pair}), size)
        ]
        owner = np.array([k for k, _ in asked])
        sets = np.array([given for _, given in asked], dtype=np.int64).reshape(len(asked), size)
        each = [test.test_pairs(data, pairs[[k]], given).p_value[0] for k, given in asked]
        votes = test.which_separate(data, pairs, owner, sets, 0.05)
        np.testing.assert_array_equal(votes, np.array(each) > 0.05)
        assert 0 < votes.sum() < len(votes) or size != 1


def test_a_search_with_copies_finds_the_columns_that_were_asked_for() -> None:
    """c and its copy give the same test, each for its own pair and under its own name."""
    rng = np.random.default_rng(0)
    a = rng.integers(0, 3, 500)
    c, d = (np.where(rng.random(500) < 0.8, a, rng.integers(0, 3, 500)) for _ in "cd")
    frame = pd.DataFrame({"a": a, "c": c, "d": d, "copy": np.array([2, 0, 1])[c]})
    data = ms.as_dataset(frame.astype("category"))
    np.testing.assert_array_equal(np.unique(originals(data)), [0, min(originals(data)[1:]), 2])
    candidates = Ragged.of([[0], [0], [3], [1, 3]])
    found = ms.GTest().separate(data, np.array([[1, 2], [3, 2], [0, 2], [0, 2]]), candidates, 1, 1)
    assert found.sets.tolist() == [[0], [0], [3], [1]]
    for same in (0, 1), (2, 3):
        assert found.tests.statistic[same[0]] == pytest.approx(found.tests.statistic[same[1]])
