"""Batches of G tests and the search for separating sets, as a learner asks for them."""

from __future__ import annotations

import itertools
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

import mistruct as ms
from mistruct.data.dataset import Dataset
from mistruct.independence.base import IndependenceTest
from mistruct.independence.protocol import Ragged, Separations, TestBatch
from tests.independence.separation_loop import first_separating

NAMES = [f"c{i}" for i in range(6)]


def _data(seed: int, n_samples: int, n_states: int = 3, holes: float = 0.0) -> Dataset:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, n_states, (n_samples, 6)).astype(object)
    codes[:, 1] = np.where(rng.random(n_samples) < 0.5, codes[:, 0], codes[:, 1])
    codes[:, 2] = np.where(rng.random(n_samples) < 0.5, codes[:, 1], codes[:, 2])
    codes[rng.random(codes.shape) < holes] = None
    frame = pd.DataFrame(codes, columns=NAMES)
    return ms.as_dataset(frame, missing="testwise", kinds={"*": "discrete"})


def _pairs(without: tuple[int, ...] = ()) -> np.ndarray:
    left = [i for i in range(6) if i not in without]
    return np.array(list(itertools.combinations(left, 2)), dtype=np.int64)


def _fields(batch: TestBatch) -> list[list[object]]:
    return [
        np.asarray(getattr(batch, name)).astype(str).tolist()
        for name in ("statistic", "p_value", "dof", "mi", "n_samples", "method", "testable")
    ]


@pytest.mark.parametrize("n_samples", [30, 1500])
@pytest.mark.parametrize("given", [(), (3,), (5, 3)])
@pytest.mark.parametrize("holes", [0.0, 0.1])
def test_a_batch_is_its_tests_one_by_one(
    n_samples: int, given: tuple[int, ...], holes: float
) -> None:
    data = _data(0, n_samples, holes=holes)
    pairs = _pairs(given)
    batch = ms.GTest().test_pairs(data, pairs, given)
    for k, (i, j) in enumerate(pairs):
        z = tuple(NAMES[g] for g in given)
        expected = ms.independence_test(data, NAMES[i], NAMES[j], z)
        assert repr(batch.result(k, NAMES[i], NAMES[j], z)) == repr(expected)
    assert ("g, moments" if n_samples == 30 else "g, chi-square") in batch.method


def test_wide_columns_take_the_way_without_a_dense_table() -> None:
    rng = np.random.default_rng(1)
    codes = rng.permuted(np.tile(np.arange(300) % 60, (3, 1)), axis=1)
    frame = pd.DataFrame({n: pd.Categorical(c) for n, c in zip("abc", codes, strict=True)})
    batch = ms.GTest().test_pairs(ms.as_dataset(frame), np.array([[0, 1], [0, 2], [1, 2]]))
    assert (batch.method == "g, moments").all()
    assert (batch.dof == 59 * 59).all()
    mi = [ms.mutual_information(frame[a], frame[b]) for a, b in ("ab", "ac", "bc")]
    np.testing.assert_allclose(batch.mi, mi, rtol=1e-9)


@pytest.mark.parametrize("given", [(), (3,), (5, 3)])
@pytest.mark.parametrize(("n_samples", "n_states"), [(30, 3), (300, 60)])
def test_sparse_tables_are_held_against_chi_square_on_request(
    n_samples: int, n_states: int, given: tuple[int, ...]
) -> None:
    data = _data(2, n_samples, n_states)
    by_default = ms.GTest().test_pairs(data, _pairs(given), given)
    permuted = ms.GTest(sparse="permutation").test_pairs(data, _pairs(given), given)
    batch = ms.GTest(sparse="chi-square").test_pairs(data, _pairs(given), given)
    sparse = np.isin(by_default.method, ["g, moments", "g, exact"])
    assert sparse.any()
    assert (permuted.method[sparse] == "g, permutation").all()
    np.testing.assert_array_equal(permuted.p_value[~sparse], by_default.p_value[~sparse])
    np.testing.assert_array_equal(permuted.statistic, by_default.statistic)
    assert set(batch.method) <= {"g, chi-square", "g, untestable"}
    np.testing.assert_allclose(batch.statistic, by_default.statistic, rtol=1e-9)
    expected = np.where(sparse, chi2.sf(batch.statistic, batch.dof), by_default.p_value)
    np.testing.assert_allclose(batch.p_value, expected, rtol=1e-9)


@pytest.mark.parametrize("sparse", ["moments", "permutation"])
@pytest.mark.parametrize("n_samples", [30, 900])
def test_the_number_of_threads_does_not_matter(
    n_samples: int, sparse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = _data(2, n_samples)
    test = ms.GTest(sparse=sparse)
    found = []
    for n in ("1", "2", "3"):
        monkeypatch.setenv("MISTRUCT_NUM_THREADS", n)
        batch = test.test_pairs(data, _pairs((3,)), (3,))
        pairs = _pairs()
        others = [[c for c in range(6) if c not in pair] for pair in pairs.tolist()]
        separations = test.separate(data, pairs, Ragged.of(others), 2, 0.05)
        found.append(
            (
                _fields(batch),
                _fields(separations.tests),
                separations.sets.tolist(),
                separations.n_tests.tolist(),
            )
        )
    assert found[0] == found[1] == found[2]


def test_no_pairs() -> None:
    data = _data(3, 50)
    none = np.empty((0, 2), dtype=np.int64)
    assert ms.GTest().test_pairs(data, none).p_value.shape == (0,)
    separations = ms.GTest().separate(data, none, Ragged.of([]), 1, 0.05)
    assert separations.sets.shape == (0, 1)


# Separating sets -------------------------------------------------------------------------------


def _search(
    test: ms.GTest,
    data: Dataset,
    pair: tuple[int, int],
    candidates: list[int],
    size: int,
    alpha: float,
) -> tuple[ms.TestResult | None, tuple[int, ...], int]:
    x, y = (NAMES[c] for c in pair)

    def ask(subset: tuple[int, ...]) -> ms.TestResult:
        return ms.independence_test(data, x, y, [NAMES[c] for c in subset], test=test)

    return first_separating(ask, candidates, size, alpha)


@pytest.mark.parametrize("size", [0, 1, 2, 3])
@pytest.mark.parametrize("alpha", [0.01, 0.3])
@pytest.mark.parametrize(("n_samples", "holes"), [(25, 0.0), (700, 0.0), (700, 0.15)])
@pytest.mark.parametrize(
    "test", [ms.GTest(), ms.GTest(sparse="permutation"), ms.GTest(sparse="chi-square")]
)
def test_separate_is_the_loop_over_subsets(
    size: int, alpha: float, n_samples: int, holes: float, test: ms.GTest
) -> None:
    data = _data(4, n_samples, holes=holes)
    rng = np.random.default_rng(size)
    pairs = _pairs()
    candidates = [
        rng.permutation([c for c in range(6) if c not in pair])[: rng.integers(2, 5)].tolist()
        for pair in pairs.tolist()
    ]
    separations = test.separate(data, pairs, Ragged.of(candidates), size, alpha)
    assert isinstance(separations, Separations)
    for k, pair in enumerate(pairs.tolist()):
        best, its_set, n_tests = _search(test, data, pair, candidates[k], size, alpha)
        assert separations.n_tests[k] == n_tests
        assert tuple(separations.sets[k]) == its_set
        if best is None:
            assert not separations.tests.testable[k]
        else:
            found = separations.tests.result(k, best.x, best.y, best.z)
            assert repr(found) == repr(best)


def test_where_nothing_was_testable_there_is_no_set() -> None:
    data = _data(5, 60)
    separations = ms.GTest().separate(
        data, np.array([[0, 1], [0, 1]]), Ragged.of([[], [2]]), 1, 0.05
    )
    assert separations.tests.testable.tolist() == [False, True]
    assert separations.sets.tolist() == [[-1], [2]]
    assert separations.n_tests.tolist() == [0, 1]
    assert separations.tests.n_samples.tolist() == [0, 60]


# The object ------------------------------------------------------------------------------------


def test_it_answers_to_the_protocol_and_is_a_value() -> None:
    test: IndependenceTest = ms.GTest(n_permutations=199, seed=3)
    assert test.name == "g"
    assert test == ms.GTest(199, 3) != ms.GTest(199, 4)
    assert hash(test) == hash(ms.GTest(199, 3))
    assert repr(test) == "GTest(n_permutations=199, seed=3, sparse='moments')"
    data = _data(6, 30)
    copied = pickle.loads(pickle.dumps(test))
    assert copied == test
    np.testing.assert_array_equal(
        copied.test_pairs(data, _pairs()).p_value, test.test_pairs(data, _pairs()).p_value
    )


def test_continuous_columns_are_refused() -> None:
    frame = pd.DataFrame({"a": [0, 1, 0, 1], "b": [0.5, 1.5, 2.5, 3.5]})
    data = ms.as_dataset(frame)
    with pytest.raises(ms.DataError, match=r"^test 'g' needs discrete columns.*'b'.*discretize"):
        ms.GTest().test_pairs(data, np.array([[0, 1]]))
    with pytest.raises(ms.DataError, match=r"^test 'g' needs discrete columns.*'b'.*discretize"):
        ms.GTest().separate(data, np.array([[0, 1]]), Ragged.of([[]]), 0, 0.05)
