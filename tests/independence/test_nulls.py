"""Null distributions drawn once: p-values that are right, also beyond the draws."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, expon, gamma, ks_2samp, kstest, norm

from mistruct.errors import MistructWarning
from mistruct.independence.neighbors.knn_test import KNNTest
from mistruct.independence.nulls import Null, independent_columns, null_of
from mistruct.information.neighbors.knn import KSG, MixedKNN

draws = st.builds(
    lambda seed, n, decimals: np.random.default_rng(seed).gumbel(size=n).round(decimals),
    st.integers(0, 2**32),
    st.integers(10, 300),
    st.sampled_from([0, 1, 15]),
)


# P-values of draws -----------------------------------------------------------------------------


@given(draws)
@settings(max_examples=60)
def test_p_values_fall_from_1_and_never_reach_0(draws: np.ndarray) -> None:
    null = Null(draws)
    low, high = draws.min(), draws.max()
    asked = np.concatenate(
        [np.linspace(low - 1, high + 1, 500), draws, [-np.inf, high + 100, high + 1e6, np.inf]]
    )
    p = null.p_values(np.sort(asked))
    assert p[0] == 1
    assert (p > 0).all()
    assert (np.diff(p) <= 0).all()


@given(draws)
@settings(max_examples=60)
def test_where_ten_draws_are_as_large_they_are_counted(draws: np.ndarray) -> None:
    null = Null(draws)
    n_as_large = (draws >= draws[:, np.newaxis]).sum(axis=1)
    counted = n_as_large >= 10
    expected = (1 + n_as_large) / (1 + draws.size)
    np.testing.assert_allclose(null.p_values(draws)[counted], expected[counted], rtol=1e-12)
    assert (null.p_values(draws)[~counted] <= 11 / (1 + draws.size)).all()


@pytest.mark.parametrize("law", [norm(), gamma(3), expon()])
def test_the_tail_continues_the_count(law: Any) -> None:
    draws = np.sort(law.rvs(4000, random_state=np.random.default_rng(0)))
    null = Null(draws)
    tenth = draws[-10]
    at, beyond = null.p_values([tenth, tenth + 1e-9])
    assert at == pytest.approx(11 / 4001, rel=1e-12)
    assert beyond == pytest.approx(at, rel=1e-6)


@pytest.mark.parametrize("law", [norm(3, 0.1), gamma(30), gamma(4, scale=5), gamma(2, loc=-1)])
def test_the_tail_is_right_within_a_factor_of_two(law: Any) -> None:
    """A statistic that one in ten thousand reaches, and 4000 draws that hardly do.

    The tail starts from ten draws, whose number is off by a third as often as not, so a few sets of
    draws in ten are farther off.
    """
    ratios = []
    for seed in range(40):
        draws = law.rvs(4000, random_state=np.random.default_rng(seed))
        ratios.append(float(Null(draws).p_values(law.isf(1e-4))) / 1e-4)
    off = np.abs(np.log2(ratios))
    assert np.median(ratios) == pytest.approx(1.0, rel=0.4)
    assert (off < 1).mean() > 0.7
    assert off.max() < 3


def test_draws_without_spread() -> None:
    null = Null(np.full(99, 0.7))
    np.testing.assert_array_equal(null.p_values([0.0, 0.7, 0.71, np.inf]), [1, 1, 0.01, 0.01])


def test_infinite_draws_are_counted() -> None:
    """Few rows may be in order by chance."""
    draws = np.append(np.linspace(0.0, 1.0, 97), [np.inf, np.inf])
    p = Null(draws).p_values([-1.0, 0.995, 1.0, 7.0, np.inf])
    np.testing.assert_allclose(p, [1.0, 0.04, 0.04, 0.03, 0.03], rtol=1e-12)


# Independent columns ---------------------------------------------------------------------------


def test_independent_columns_are_permutations_of_the_normal_scores() -> None:
    data = independent_columns(30, 40)
    scores = norm.ppf(np.arange(1, 31) / 31)
    assert len(data.names) == 41
    assert set(data.kinds.values()) == {"continuous"}
    for column in data.values:
        np.testing.assert_array_equal(np.sort(column), scores)
    # None is another's: of 820 correlations of 30 rows the largest is near 0.6.
    between = np.corrcoef(data.values)[np.triu_indices(41, 1)]
    assert np.abs(between).max() < 0.75
    assert between.std() == pytest.approx(29**-0.5, rel=0.1)
    np.testing.assert_array_equal(independent_columns(30, 40).values, data.values)
    assert (independent_columns(30, 40, seed=1).values != data.values).any()


def test_a_discrete_column_has_the_counts_asked_for() -> None:
    data = independent_columns(30, 20, (12, 3, 15))
    assert data.kinds["c0"] == "discrete"
    assert list(data.kinds.values()).count("continuous") == 20
    assert data.values.shape == (20, 30)
    assert np.bincount(data.codes[0]).tolist() == [12, 3, 15]


def _fresh(n_samples: int, n_pairs: int, counts: tuple[int, ...] = ()) -> list[np.ndarray]:
    """Independent columns that owe nothing to those of the library: x, and many y."""
    rng = np.random.default_rng(n_samples)
    values = rng.gumbel(size=(n_pairs, n_samples))
    first = np.repeat(np.arange(len(counts)), counts) if counts else rng.normal(size=n_samples)
    return [rng.permutation(first), values]


@pytest.mark.parametrize(("n_samples", "k"), [(20, 3), (100, 10)])
def test_the_null_of_two_continuous_columns_is_that_of_any_two(n_samples: int, k: int) -> None:
    x, y = _fresh(n_samples, 800)
    data = independent_columns(n_samples, 800)
    data.values[:] = np.vstack([x, y])
    estimates = KSG(k).pairwise(data, np.array([0]), np.arange(1, 801))[0]
    null = null_of(KSG(k), n_samples, n_draws=6_000)  # so many that the fresh ones decide
    assert ks_2samp(null.draws, estimates).pvalue > 1e-3
    assert kstest(null.p_values(estimates), "uniform").pvalue > 1e-3


@pytest.mark.parametrize("counts", [(50, 50), (70, 25, 5)])
def test_the_null_with_a_discrete_column_goes_by_its_counts(counts: tuple[int, ...]) -> None:
    n_samples = sum(counts)
    x, y = _fresh(n_samples, 800, counts)
    data = independent_columns(n_samples, 800, counts)
    data.codes[:], data.values[:] = x, y
    estimates = MixedKNN().pairwise(data, np.array([0]), np.arange(1, 801))[0]
    null = null_of(MixedKNN(), n_samples, counts, n_draws=6_000)
    assert ks_2samp(null.draws, estimates).pvalue > 1e-3
    assert kstest(null.p_values(estimates), "uniform").pvalue > 1e-3
    # Other counts are another distribution.
    other = null_of(MixedKNN(), n_samples, (n_samples - 4, 4)).p_values(estimates)
    assert kstest(other, "uniform").pvalue < 1e-6


def test_a_null_is_drawn_once() -> None:
    assert null_of(KSG(), 20, (), 200) is null_of(KSG(), 20, (), 200)
    assert null_of(KSG(), 20, (), 200) is not null_of(KSG(4), 20, (), 200)


# The tabulated null of the test ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_neighbors", "n_samples", "n_pairs"),
    [(None, 20, 800), (None, 100, 800), (5, 60, 800), (None, 3000, 300)],
)
def test_rejections_of_independent_continuous_columns(
    n_neighbors: int | None, n_samples: int, n_pairs: int
) -> None:
    """Beyond 1000 rows the null of 1000 is scaled."""
    rng = np.random.default_rng(n_samples)
    data = independent_columns(n_samples, 2 * n_pairs - 1)
    data.values[:] = rng.exponential(size=data.values.shape)
    pairs = np.arange(2 * n_pairs).reshape(-1, 2)
    batch = KNNTest(n_neighbors).test_pairs(data, pairs)
    assert (batch.method == "knn, tabulated null").all()
    for alpha in (0.01, 0.05, 0.1, 0.5):
        low, high = binom.ppf([1e-4, 1 - 1e-4], n_pairs, alpha)
        assert low <= (batch.p_value <= alpha).sum() <= high, alpha
    assert kstest(batch.p_value, "uniform").pvalue > 1e-3


def test_two_resolutions_are_standardised_before_the_larger_counts() -> None:
    """Neither decides alone: among independent columns each is the larger one often."""
    rng = np.random.default_rng(0)
    data = independent_columns(200, 400)
    data.values[:] = rng.normal(size=data.values.shape)
    pairs = np.column_stack([np.zeros(400, dtype=int), np.arange(1, 401)])
    both = KNNTest().test_pairs(data, pairs).statistic
    alone = np.array([KSG(k).pairwise(data, np.array([0]), np.arange(1, 401))[0] for k in (3, 20)])
    standardised = (alone - alone.mean(axis=1, keepdims=True)) / alone.std(axis=1, keepdims=True)
    # The same up to the error of 400 means and deviations.
    np.testing.assert_allclose(both, standardised.max(axis=0), atol=0.6)
    assert np.corrcoef(both, standardised.max(axis=0))[0, 1] > 0.99
    assert 0.3 < (standardised[0] > standardised[1]).mean() < 0.7


@pytest.mark.parametrize(("n_samples", "n_neighbors"), [(4, 3), (5, 2), (5, 3), (6, 2), (6, None)])
def test_in_few_rows_it_is_the_share_of_all_orders(n_samples: int, n_neighbors: int | None) -> None:
    """Among them those in which one column is the other, or its mirror image."""
    orders = np.array(list(itertools.permutations(range(n_samples))), dtype=float)
    data = independent_columns(n_samples, len(orders))
    data.values[:] = np.vstack([np.arange(n_samples), orders])
    others = np.arange(1, len(orders) + 1)
    with pytest.warns(MistructWarning, match="is infinite"):
        estimates = KSG(n_neighbors or 3).pairwise(data, np.array([0]), others)[0]
    estimates = estimates.round(9)  # equal ones, summed in another order
    expected = (estimates >= estimates[:, np.newaxis]).mean(axis=1)
    pairs = np.column_stack([np.zeros_like(others), others])
    p = KNNTest(n_neighbors).test_pairs(data, pairs).p_value
    counted = expected >= 20 / 4000
    assert counted.sum() > 0.98 * len(orders)
    error = np.sqrt(expected * (1 - expected) / 4000) + 1 / 4000
    assert (np.abs(p - expected)[counted] < 5 * error[counted]).all()


@pytest.mark.parametrize("n_samples", [6, 8])
def test_no_p_value_is_below_that_of_the_rarest_order(n_samples: int) -> None:
    """The column itself, which has infinite information, and its mirror image."""
    data = independent_columns(n_samples, 2)
    data.values[1:] = data.values[0] * [[1], [-1]]
    for n_neighbors in (None, 1):
        batch = KNNTest(n_neighbors).test_pairs(data, np.array([[0, 1], [0, 2]]))
        assert (batch.p_value >= 2 / math.factorial(n_samples) * (1 - 1e-9)).all()
        assert batch.p_value[0] == batch.p_value[1] < 0.02
        assert np.isfinite(batch.statistic).all()
        assert np.isinf(batch.mi).all()
