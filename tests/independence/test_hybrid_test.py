"""The hybrid: each of two tests at half the level, and the slow one asked no more than it must."""

from __future__ import annotations

import itertools
import math
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

import mistruct as ms
from mistruct.data.dataset import Dataset
from mistruct.independence.auto_test import AutoTest
from mistruct.independence.base import IndependenceTest, separate_by
from mistruct.independence.hybrid_test import HybridTest
from mistruct.independence.neighbors.knn_test import KNNTest
from mistruct.independence.protocol import Ragged, TestBatch
from tests.bench.test_size import Cell
from tests.independence.neighbors.test_knn_test import (
    ODD,
    RELATIONS,
    assert_size,
    detections,
    numbers,
    odd_table,
    of_batch,
    result_of,
)
from tests.information.copula.test_gaussian_copula import Table, make_table, states, tables

KINDS = ["normal", "states", "tied", "states", "normal", "states"]


class Spy:
    """A test that keeps what it was asked."""

    def __init__(self, test: Any) -> None:
        self._test = test
        self.asked: list[tuple[int, int, tuple[int, ...]]] = []

    def test_pairs(self, data: Dataset, pairs: np.ndarray, given: Sequence[int] = ()) -> TestBatch:
        self.asked += [(x, y, tuple(given)) for x, y in pairs.tolist()]
        return self._test.test_pairs(data, pairs, given)  # type: ignore[no-any-return]


class Fixed:
    """A test with given p-values by pair; the other fields tell which test it is."""

    def __init__(self, p_values: dict[tuple[int, int], float], mark: float) -> None:
        self._p_values, self._mark = p_values, mark

    def test_pairs(self, data: Dataset, pairs: np.ndarray, given: Sequence[int] = ()) -> TestBatch:
        p = np.array([self._p_values[x, y] for x, y in pairs.tolist()], dtype=float)
        n = len(p)
        return TestBatch(
            statistic=np.full(n, self._mark), p_value=p, dof=np.full(n, int(self._mark)),
            mi=np.full(n, self._mark), n_samples=np.full(n, data.n_samples),
            method=np.full(n, f"test {self._mark:.0f}", dtype=object), bias=np.zeros(n),
        )  # fmt: skip


def hybrid_of(first: Any, second: Any) -> HybridTest:
    return HybridTest(first=first, second=second)


# The p-value -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("z", "n_alone"), [([], 3), ([0], 0), ([3], 1), ([3, 4], 0)])
def test_it_is_twice_the_smaller_p_value(z: list[int], n_alone: int) -> None:
    table = make_table(KINDS, 60, 1)
    left = [c for c in range(6) if c not in z]
    pairs = np.array(list(itertools.combinations(left, 2)))
    both, first, second = (
        test.test_pairs(table.data, pairs, z) for test in (HybridTest(), AutoTest(), KNNTest())
    )
    of_both, of_first, of_second = map(of_batch, (both, first, second))
    kinds = [table.data.kinds[n] for n in table.names]
    for k, (x, y) in enumerate(pairs.tolist()):
        if {kinds[c] for c in (x, y, *z)} == {"discrete"}:
            assert of_both[k] == of_first[k]
            n_alone -= 1
            continue
        one, two = first.p_value[k], second.p_value[k]
        chosen = (of_first if one <= two else of_second)[k]
        assert both.p_value[k] == min(1.0, 2 * min(one, two))
        assert (of_both[k][0], *of_both[k][2:]) == (chosen[0], *chosen[2:])
    assert n_alone == 0


def test_fields_are_those_of_the_smaller_one() -> None:
    nan = math.nan
    cases = {  # p-values of both, and which counts
        (0, 2): (0.2, 0.03, 2), (0, 4): (0.01, 0.03, 1), (2, 4): (0.5, 0.5, 1),
        (1, 2): (0.9, 0.8, 2), (0, 1): (nan, 0.2, 2), (3, 4): (0.3, nan, 1), (2, 3): (nan, nan, 1),
        (4, 5): (1e-12, 1e-30, 1),  # the second is not asked
    }  # fmt: skip
    table = make_table(KINDS, 20, 0)
    first, second = (Fixed({pair: c[i] for pair, c in cases.items()}, i + 1) for i in (0, 1))
    pairs = np.array(list(cases))
    batch = hybrid_of(first, second).test_pairs(table.data, pairs)
    for k, (one, two, which) in enumerate(cases.values()):
        expected = np.minimum(1.0, 2 * (one, two)[which - 1])  # NaN if it is
        assert batch.p_value[k] == pytest.approx(expected, rel=1e-15, nan_ok=True)
        assert batch.method[k] == f"test {which}"
        assert (batch.statistic[k], batch.dof[k], batch.mi[k]) == (which, which, which)
        assert batch.testable[k] == (not math.isnan(expected))


def test_where_all_is_discrete_the_first_stands_alone() -> None:
    table = make_table(["states"] * 4 + ["normal"], 80, 2)
    spy = Spy(KNNTest())
    hybrid = hybrid_of(AutoTest(), spy)
    pairs = np.array([[0, 1], [1, 2]])
    for z in ([], [3]):
        found = of_batch(hybrid.test_pairs(table.data, pairs, z))
        assert found == of_batch(ms.GTest().test_pairs(table.data, pairs, z))
    assert not spy.asked
    hybrid.test_pairs(table.data, pairs, [4])
    assert spy.asked == [(0, 1, (4,)), (1, 2, (4,))]


# What must not matter --------------------------------------------------------------------------


@given(tables(st.integers(3, 5), st.sampled_from([20, 60])), st.integers(0, 2**32))
@settings(max_examples=10)
def test_what_does_not_matter_at_all(table: Table, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y, *z = table.names
    z = z[: seed % 3]
    hybrid = HybridTest()
    expected = numbers(result_of(table, x, y, z, hybrid))
    assert nearly(numbers(result_of(table, y, x, z, hybrid)), expected)
    assert nearly(numbers(result_of(table, x, y, z[::-1], hybrid)), expected)
    moved = table.frame.iloc[rng.permutation(len(table.frame))].reset_index(drop=True)
    of_order = rng.permutation(list(table.names)).tolist()
    for other in (
        Table(dict(moved)),
        Table(dict(table.frame[of_order])),
        Table({**table.frame, "after": states(np.arange(len(table.frame)) % 4)}),
    ):
        assert nearly(numbers(result_of(other, x, y, z, hybrid)), expected)


def nearly(one: Sequence[str], other: Sequence[str]) -> bool:
    """The copula test sums in the order of the rows and columns."""
    return all(
        a == b or float(a) == pytest.approx(float(b), rel=1e-5, abs=1e-7, nan_ok=True)
        for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("z", [[], [0], [3]])
def test_batches_and_threads_do_not_matter_at_all(
    z: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = make_table(KINDS, 100, 4)
    pairs = np.array([p for p in itertools.combinations(range(6), 2) if not set(p) & set(z)])
    found = []
    for n in ("1", "2"):
        monkeypatch.setenv("MISTRUCT_NUM_THREADS", n)
        found.append(of_batch(HybridTest().test_pairs(table.data, pairs, z)))
    assert all(map(nearly, *found))
    again = of_batch(HybridTest().test_pairs(table.data, pairs[::-1], z))[::-1]
    assert all(map(nearly, again, found[0]))
    for k in (0, len(pairs) - 1):
        one = of_batch(HybridTest().test_pairs(table.data, pairs[k : k + 1], z))
        assert nearly(one[0], found[0][k])


@pytest.mark.parametrize("seed", range(3))
def test_each_test_uses_the_rows_complete_for_its_own_columns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = make_table(["normal", "states", "tied", "states"], 80, seed).frame
    holes = pd.DataFrame(rng.random(columns.shape) < 0.1, columns=columns.columns)
    table = Table(dict(columns.mask(holes)), missing="testwise")
    for x, y, z in (("c0", "c1", []), ("c2", "c1", ["c3"]), ("c1", "c3", ["c0"])):
        rows = table.frame[[x, y, *z]].dropna().reset_index(drop=True)
        complete = Table({n: states(c) if c.dtype == "category" else c for n, c in rows.items()})
        found, expected = (result_of(t, x, y, z, HybridTest()) for t in (table, complete))
        assert nearly(numbers(found), numbers(expected))
        assert found.n_samples == len(rows)


@given(
    st.lists(st.sampled_from(ODD), min_size=2, max_size=4),
    st.sampled_from([1, 2, 3, 4, 5, 8, 13, 40]),
    st.integers(0, 2**32),
)
@settings(max_examples=60)
def test_whatever_comes_there_is_a_result_or_none(kinds: list[str], n: int, seed: int) -> None:
    table = odd_table(kinds, n, seed)
    x, y, *z = table.names
    result = result_of(table, x, y, z, HybridTest())
    assert result.testable == (not math.isnan(result.p_value))
    if result.testable:
        assert 0 <= result.p_value <= 1
        assert not math.isnan(result.statistic)
        assert not math.isnan(result.mi)
    # It can be tested where one of its tests can.
    of_parts = [result_of(table, x, y, z, t).testable for t in (AutoTest(), KNNTest())]
    if "continuous" in table.data.kinds.values():
        assert result.testable == any(of_parts)
    else:
        assert result.testable == of_parts[0]


# Separating sets -------------------------------------------------------------------------------


def _scene(seed: int) -> tuple[Table, np.ndarray, list[list[int]]]:
    """Pairs of all kinds, each with some candidates in some order."""
    rng = np.random.default_rng(seed)
    table = make_table(KINDS, 60, seed)
    pairs = np.array(list(itertools.combinations(range(6), 2)))
    candidates = [
        rng.permutation([c for c in range(6) if c not in pair])[:3].tolist()
        for pair in pairs.tolist()
    ]
    return table, pairs, candidates


@pytest.mark.parametrize("size", [0, 1, 2])
@pytest.mark.parametrize("alpha", [0.01, 0.2])
def test_separate_is_the_loop_over_the_tests(size: int, alpha: float) -> None:
    """What separates is the same test; what does not may be known no better than that."""
    table, pairs, candidates = _scene(size)
    hybrid = HybridTest()
    found = hybrid.separate(table.data, pairs, Ragged.of(candidates), size, alpha)
    looped = separate_by(hybrid.test_pairs, table.data, pairs, candidates, size, alpha)
    assert found.n_tests.tolist() == looped.n_tests.tolist()
    assert found.tests.testable.tolist() == looped.tests.testable.tolist()
    separated = found.tests.p_value > alpha
    assert separated.any()
    assert (separated == (looped.tests.p_value > alpha)).all()
    assert found.sets[separated].tolist() == looped.sets[separated].tolist()
    places = np.flatnonzero(separated)
    assert of_batch(found.tests.take(places)) == of_batch(looped.tests.take(places))
    others = found.tests.testable & ~separated
    assert (found.tests.p_value[others] >= looped.tests.p_value[others]).all()


def test_the_second_test_is_asked_before_an_edge_is_removed() -> None:
    table, pairs, candidates = _scene(7)
    alpha = 0.05
    spy = Spy(KNNTest())
    found = hybrid_of(AutoTest(), spy).separate(table.data, pairs, Ragged.of(candidates), 1, alpha)
    kinds = [table.data.kinds[n] for n in table.names]
    asked, expected = sorted(spy.asked), []
    for k, (x, y) in enumerate(pairs.tolist()):
        for c in candidates[k][: found.n_tests[k]]:
            first = AutoTest().test_pairs(table.data, np.array([[x, y]]), [c]).p_value[0]
            alone = {kinds[i] for i in (x, y, c)} == {"discrete"}
            if not alone and not first <= alpha / 2:
                expected.append((x, y, (c,)))
    assert asked == sorted(expected)
    assert 0 < len(asked) < found.n_tests.sum()


@pytest.mark.parametrize(
    ("first", "second", "separated", "asked"),
    [
        (0.024, 0.9, False, False),  # rejected at half the level
        (0.026, 0.9, True, True),
        (0.026, 0.026, True, True),
        (0.026, 0.024, False, True),
        (0.9, 0.024, False, True),
        (math.nan, 0.9, True, True),
        (0.9, math.nan, True, True),
    ],
)
def test_each_test_has_half_the_level(
    first: float, second: float, separated: bool, asked: bool
) -> None:
    table = make_table(KINDS, 20, 0)
    pair = np.array([[0, 4]])
    spy = Spy(Fixed({(0, 4): second}, 2))
    hybrid = hybrid_of(Fixed({(0, 4): first}, 1), spy)
    found = hybrid.separate(table.data, pair, Ragged.of([[]]), 0, 0.05)
    assert (found.tests.p_value[0] > 0.05) == separated
    assert bool(spy.asked) == asked


def test_a_curve_keeps_its_edge_and_a_chain_loses_it() -> None:
    rng = np.random.default_rng(8)
    a, u, v, w = rng.normal(size=(4, 200))
    b = a**2 + 0.5 * u
    c = np.abs(b) + 0.7 * v
    table = Table({"a": a, "b": b, "c": c, "w": w})
    pairs = np.array([[0, 1], [0, 2]])
    for size, separated in ((0, [False, False]), (1, [False, True])):
        found = HybridTest().separate(table.data, pairs, Ragged.of([[2, 3], [3, 1]]), size, 0.01)
        assert (found.tests.p_value > 0.01).tolist() == separated
    assert found.sets[1].tolist() == [1]
    by_copula = ms.CopulaTest().separate(table.data, pairs, Ragged.of([[], []]), 0, 0.01)
    assert (by_copula.tests.p_value > 0.01).all()


# How often it rejects, and what it finds -------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [Cell("c", "c", "c", 1, 50), Cell("c", "d", "m", 3, 100), Cell("d", "d", "c", 1, 50)],
    ids=str,
)
def test_size(cell: Cell) -> None:
    assert_size(HybridTest(), cell, least=0.5)  # Bonferroni


@pytest.mark.parametrize("name", RELATIONS)
def test_it_finds_what_ranks_do_not(name: str) -> None:
    assert detections(HybridTest(), RELATIONS[name][0]) >= 28


def test_it_finds_what_is_monotone_nearly_as_often_as_the_first() -> None:
    rng = np.random.default_rng(9)
    found = []
    for _ in range(40):
        x, z, noise = rng.normal(size=(3, 100))
        table = Table({"x": x + z, "y": np.exp(0.4 * x + z + noise), "z": z})
        found.append(
            [
                result_of(table, "x", "y", ["z"], test).p_value <= 0.05
                for test in (ms.CopulaTest(), HybridTest(), KNNTest())
            ]
        )
    copula, hybrid, knn = np.sum(found, axis=0)
    assert hybrid >= 0.8 * copula
    assert hybrid > knn


# The object ------------------------------------------------------------------------------------


def test_it_answers_to_the_protocol_and_is_a_value() -> None:
    test: IndependenceTest = HybridTest()
    assert test.name == "hybrid"
    assert test == HybridTest()
    assert test == HybridTest(AutoTest(), KNNTest())
    assert HybridTest(second=KNNTest(seed=3)) != test
    assert HybridTest(second=KNNTest(seed=3)).seed == 3
    assert hash(test) == hash(HybridTest())
    assert pickle.loads(pickle.dumps(test)) == test


def test_the_result_is_a_record_of_plain_values() -> None:
    table = make_table(KINDS, 60, 0)
    for x, y, z in (("c0", "c4", ()), ("c0", "c1", ("c2",)), ("c1", "c3", ())):
        result = ms.independence_test(table.data, x, y, z, test="hybrid")
        assert (result.x, result.y, result.z) == (x, y, z)
        types = [type(v) for v in (result.statistic, result.p_value, result.dof, result.mi,
                                   result.n_samples, result.method, result.testable)]  # fmt: skip
        assert types == [float, float, int, float, int, str, bool]
        assert result == result_of(table, x, y, z, HybridTest())


def test_a_seed_is_that_of_both_tests() -> None:
    rng = np.random.default_rng(10)
    a, b = rng.integers(0, 4, (2, 40))
    b = np.where(rng.random(40) < 0.2, a, b)
    u = (a % 2) * rng.choice([-2, 2], 40) + rng.normal(size=40)
    frame = pd.DataFrame({"a": a, "b": b, "u": u})
    for pair in (("a", "b"), ("a", "u")):
        drawn = [
            HybridTest(AutoTest(ms.GTest(seed=s, sparse="permutation")), KNNTest(seed=s))
            for s in range(4)
        ]
        p = [ms.independence_test(frame, *pair, test=test).p_value for test in drawn]
        assert len(set(p)) > 1
        by_name = ms.independence_test(frame, *pair, test="hybrid")
        assert by_name == ms.independence_test(frame, *pair, test=HybridTest())


def test_no_pairs() -> None:
    table = make_table(["normal", "states", "normal"], 20, 0)
    none = np.empty((0, 2), dtype=np.int64)
    for z in ([], [0], [1], [0, 1]):
        assert HybridTest().test_pairs(table.data, none, z).p_value.shape == (0,)
    separations = HybridTest().separate(table.data, none, Ragged.of([]), 1, 0.05)
    assert separations.sets.shape == (0, 1)


def test_significance_is_shared_between_the_two() -> None:
    """Under the null of each, the smaller of both at half the level is not rejected too often."""
    rng = np.random.default_rng(11)
    values = rng.normal(size=(600, 60))
    table = Table({f"c{i}": v for i, v in enumerate(values)})
    pairs = np.arange(600).reshape(-1, 2)
    p = HybridTest().test_pairs(table.data, pairs).p_value
    assert (p <= 0.1).sum() <= binom.ppf(1 - 1e-4, 300, 0.1)
    assert (p <= 0.1).sum() >= binom.ppf(1e-4, 300, 0.05)
