"""Tests of conditional independence by nearest neighbours, beside tigramite's."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mistruct.data.dataset import as_dataset
from mistruct.independence.neighbors.knn_test import KNNTest
from tests.bench.conftest import Beside

N_ROWS, N_PERMUTATIONS = 1000, 200


def columns(n_given: int, effect: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x and y, each driven by all of z, of shape (n_given, N_ROWS); y by a sine of x as well."""
    rng = np.random.default_rng(n_given)
    z = rng.normal(size=(n_given, N_ROWS))
    shared = z.sum(axis=0) / n_given**0.5
    x = shared + rng.normal(size=N_ROWS)
    return x, shared + effect * np.sin(2 * x) + rng.normal(size=N_ROWS), z


def by_tigramite(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> Callable[[], Any]:
    """As many permutations, with its own number of neighbours (a fifth of the rows), all cores."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip("tigramite.independence_tests.cmiknn")
    test = module.CMIknn(significance="shuffle_test", sig_samples=N_PERMUTATIONS, workers=-1)
    return lambda: test.run_test_raw(x[:, np.newaxis], y[:, np.newaxis], z.T)


@pytest.mark.parametrize("n_given", [1, 3])
def test_a_dependent_pair_beside_tigramite(n_given: int, beside: Beside) -> None:
    """No permutation reaches the statistic, so all are drawn."""
    x, y, z = columns(n_given, effect=1.0)
    theirs = by_tigramite(x, y, z)
    data = as_dataset(np.vstack([x, y, z]).T)
    test, pair, given = (
        KNNTest(n_permutations=N_PERMUTATIONS),
        np.array([[0, 1]]),
        [*range(2, n_given + 2)],
    )
    assert test.test_pairs(data, pair, given).method[0].endswith("fitted tail")
    ratio = beside(
        f"test by neighbours given {n_given}-D, {N_ROWS} rows, {N_PERMUTATIONS} permutations",
        lambda: test.test_pairs(data, pair, given),
        "tigramite CMIknn, all cores",
        theirs,
        rounds=5,
        peer_rounds=3,
    )
    assert ratio >= 10


def test_an_independent_pair_beside_tigramite(beside: Beside) -> None:
    """Most pairs that a search for separating sets asks about: the first permutations tell."""
    x, y, z = columns(1, effect=0.0)
    theirs = by_tigramite(x, y, z)
    data = as_dataset(np.vstack([x, y, z]).T)
    test, pair = KNNTest(n_permutations=N_PERMUTATIONS), np.array([[0, 1]])
    assert test.test_pairs(data, pair, [2]).p_value[0] >= 10 / 40
    ratio = beside(
        f"test by neighbours given 1-D, {N_ROWS} rows, independent pair",
        lambda: test.test_pairs(data, pair, [2]),
        f"tigramite CMIknn, {N_PERMUTATIONS} permutations, all cores",
        theirs,
        rounds=5,
        peer_rounds=3,
    )
    assert ratio >= 20
