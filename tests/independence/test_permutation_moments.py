"""Moments of sums of products against all permutations, and tails against exact ones."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom, pearsonr

from mistruct.data.dataset import as_dataset
from mistruct.independence.copula.copula_test import CopulaTest
from mistruct.independence.copula.skewed_columns import SkewedScores
from mistruct.independence.permutation_moments import is_skewed, standardised_sum, tail
from mistruct.independence.protocol import Ragged


def all_sums(u: np.ndarray, v: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """The sums of products under every permutation of v within strata."""
    of_strata = [np.flatnonzero(strata == s) for s in range(strata.max() + 1)]
    within = [
        [float(u[rows] @ v[list(order)]) for order in itertools.permutations(rows)]
        for rows in of_strata
    ]
    return np.array([sum(parts) for parts in itertools.product(*within)])


@given(st.lists(st.integers(1, 5), min_size=1, max_size=2), st.integers(0, 2**32))
def test_moments_are_those_of_all_permutations(sizes: Sequence[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    strata = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    u, v = rng.exponential(size=(2, strata.size))
    for s in range(len(sizes)):
        u[strata == s] -= u[strata == s].mean()
        v[strata == s] -= v[strata == s].mean()
    sums = all_sums(u, v, strata)
    standardised, skewness = standardised_sum(u, v, strata)
    if max(sizes) == 1:
        assert math.isnan(standardised)
        assert math.isnan(skewness)
        return
    assert standardised == pytest.approx(float(u @ v) / sums.std(), rel=1e-6)
    expected = ((sums - sums.mean()) ** 3).mean() / sums.std() ** 3
    assert skewness == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_without_skewness_it_is_the_test_of_a_correlation() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 30))
    y += 0.5 * x
    r, p_value = pearsonr(x, y)
    for sign in (1, -1):
        found = tail(sign * r * np.sqrt(29), np.zeros(1), 29)
        assert found[0] == pytest.approx(p_value, rel=1e-9)


@pytest.mark.parametrize(("n", "of_x", "of_y"), [(100, 5, 5), (300, 15, 10), (1000, 20, 30)])
def test_rare_states_are_near_to_fishers_exact_tail(n: int, of_x: int, of_y: int) -> None:
    """Half of the probability of the count itself is in a continuous tail."""
    exact = hypergeom(n, of_x, of_y)
    for shared in range(2, 6):
        x, y = np.zeros(n, bool), np.zeros(n, bool)
        x[:of_x] = True
        y[of_x - shared : of_x - shared + of_y] = True
        u, v = x - x.mean(), y - y.mean()
        found = tail(*standardised_sum(u, v, np.zeros(n, dtype=np.int64)), n - 1)[0]
        expected = exact.sf(shared) + exact.pmf(shared) / 2
        assert expected / 2 < found, shared
        assert found < 4 * expected or expected < 1e-3, shared
        _, by_t = pearsonr(u, v)
        assert shared < 3 or by_t < found  # which the test of a correlation is not


def test_a_pair_of_a_network_has_the_p_value_of_its_test() -> None:
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            **{f"c{i}": np.where(rng.random(150) < 0.1, rng.gamma(2, size=150), 0) for i in "abc"},
            "rare": np.where(rng.random(150) < 0.05, "yes", "no"),
            "even": rng.normal(size=150),
        }
    )
    table.loc[table["ca"] > 0, "cb"] = 3.0
    data = as_dataset(table)
    assert [is_skewed(data, name) for name in data.names] == [True, True, True, True, False]
    pairs = np.array(list(itertools.combinations(range(4), 2)))
    expected = CopulaTest().test_pairs(data, pairs).p_value
    assert SkewedScores().p_values(data, pairs) == pytest.approx(expected, rel=1e-9)
    assert expected.min() < 1e-6 < 0.1 < expected.max()


def test_what_a_search_for_separating_sets_is_told_is_what_the_test_says() -> None:
    rng = np.random.default_rng(2)
    counts = np.where(rng.random((3, 200)) < 0.1, rng.gamma(2, size=(3, 200)), 0)
    data = as_dataset(np.vstack([counts, rng.normal(size=(1, 200))]).T)
    found = CopulaTest().separate(data, np.array([[0, 1]]), Ragged.of([[3]]), 1, 0.05)
    alone = CopulaTest().test_pairs(data, np.array([[0, 1]]), [3])
    assert found.tests.p_value == alone.p_value
