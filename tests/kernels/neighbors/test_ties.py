"""Counts of tied neighbours against all ways to break the ties, one by one."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import psi
from scipy.stats import nhypergeom

from mistruct.kernels.neighbors.pair_axes import SortedColumns, lay_out, make_axes
from mistruct.kernels.neighbors.ties import (
    count_across,
    count_tied,
    mean_psi,
    mean_psi_of_points,
    psi_of_axes,
    shell,
)
from tests import reference_continuous as reference

PSI = np.asarray(psi(np.maximum(np.arange(30_000), 1)))


@given(st.integers(0, 5), st.integers(1, 7), st.data())
def test_mean_psi_is_that_over_all_orders(n_closer: int, n_tied: int, data: st.DataObject) -> None:
    n_marked = data.draw(st.integers(1, n_tied))
    nth = data.draw(st.integers(1, n_marked))
    places = [marked[nth - 1] for marked in itertools.combinations(range(1, n_tied + 1), n_marked)]
    expected = math.fsum(psi(n_closer + p) for p in places) / len(places)
    assert mean_psi(n_closer, nth, n_marked, n_tied, PSI) == pytest.approx(expected, abs=1e-12)
    by_weights = reference.mean_psi_of_place(n_closer, nth, n_marked, n_tied)
    assert by_weights == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("n_closer", [0, 3, 20_000])
@pytest.mark.parametrize(
    ("nth", "n_marked", "n_tied"),
    [(1, 1, 5000), (1, 2, 5000), (2, 2, 5000), (3, 1000, 5000), (150, 160, 5000), (999, 999, 1000)],
)
def test_mean_psi_of_many(n_closer: int, nth: int, n_marked: int, n_tied: int) -> None:
    """What is not marked before the nth marked one is negative hypergeometric."""
    others = np.arange(n_tied - n_marked + 1)
    weights = nhypergeom.pmf(others, n_tied, n_tied - n_marked, nth)
    expected = weights @ psi(n_closer + nth + others) / weights.sum()
    found = mean_psi(n_closer, nth, n_marked, n_tied, PSI)
    assert found == pytest.approx(expected, abs=1e-9)


def test_mean_psi_without_ties() -> None:
    """Of two blocks, one point at the radius along the first or the second."""
    joint, space = [[0, 1, 0, 1, 0], [0, 0, 1, 0, 1]], [[0, 1, 0, 1, 0], [7, 0, 1, 0, 1]]
    counts = np.array([joint, space]).swapaxes(0, 1)
    found = mean_psi_of_points(counts, np.array([1, 1]), PSI)
    np.testing.assert_array_equal(found, PSI[[[1], [8]]])


@given(st.integers(0, 2**32), st.integers(1, 60), st.sampled_from([0, 1, 15]))
@settings(max_examples=60)
def test_shells(seed: int, n: int, decimals: int) -> None:
    rng = np.random.default_rng(seed)
    u = np.sort(rng.normal(size=n).round(decimals))
    v = rng.normal(size=n).round(decimals)
    padded = np.concatenate([[-np.inf], u, [np.inf]])
    at = int(rng.integers(n))
    distances = np.abs(u - u[at])
    for radius in (0.0, 5e-324, float(rng.choice(distances)), 0.5):
        low, begin, end, high = shell(padded, at + 1, 1, n + 1, radius)
        closer, within = distances < radius, distances <= radius
        np.testing.assert_array_equal(np.flatnonzero(within) + 1, np.arange(low, high))
        np.testing.assert_array_equal(np.flatnonzero(closer) + 1, np.arange(begin, end))
        n_closer = max(int(closer.sum()) - 1, 0)
        expected = n_closer, int(within.sum()) - 1 - n_closer
        assert count_tied(padded, at + 1, 1, n + 1, radius) == expected
        across = np.abs(v[low - 1 : high - 1] - v[at])
        found = count_across(v, low - 1, high - 1, at, radius)
        assert found == ((across < radius).sum(), (across <= radius).sum())


@given(st.integers(0, 2**32), st.integers(2, 30), st.integers(1, 4))
@settings(max_examples=60)
def test_both_axes_against_the_reference(seed: int, n: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    k = min(k, n - 1)
    x, y = rng.integers(0, 6, (2, n)).astype(float)
    order = np.argsort([x, y], axis=1).astype(np.int32)
    rank = np.argsort(order, axis=1).astype(np.int32)
    axes = make_axes(n, 1)
    lay_out(SortedColumns(np.sort([x, y], axis=1), order, rank), 0, 1, axes)
    apart = [np.abs(c[:, None] - c) for c in (x, y)]
    for i in range(n):
        radius = np.sort(np.max(apart, axis=0)[i])[k]
        found = psi_of_axes(axes, int(rank[0, i]), k, radius, PSI)
        expected = sum(reference.psi_with_ties(apart, [[0], [1]], i, k))
        assert found == pytest.approx(expected, abs=1e-12)
