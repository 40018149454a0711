"""Binning first: what it delegates, to which table, and what it refuses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.data.dataset import Dataset
from mistruct.information.counts.binned import Binned
from mistruct.information.counts.plug_in import PlugIn
from tests import reference as ref


def table(holes: float = 0.0) -> Dataset:
    rng = np.random.default_rng(0)
    a = rng.normal(size=150)
    frame = pd.DataFrame(
        {
            "a": a,
            "b": a + rng.normal(size=150),
            "c": np.where(a + rng.normal(size=150) > 0, "high", "low"),
            "d": rng.exponential(size=150),
            "e": np.ones(150),
        }
    )
    frame = frame.mask(np.random.default_rng(1).random(frame.shape) < holes)
    return ms.as_dataset(frame, missing="testwise")


CHOICES: list[tuple[Any, int | None, Any]] = [
    ("quantile", None, "miller-madow"),
    ("quantile", 5, None),
    ("equal-width", 4, "james-stein"),
    ("equal-width", None, "nsb"),
    ("bayesian-blocks", None, "grassberger"),
]


@pytest.mark.parametrize("holes", [0.0, 0.15])
@pytest.mark.parametrize(("method", "n_bins", "correction"), CHOICES)
def test_it_counts_the_binned_table(
    method: Any, n_bins: int | None, correction: Any, holes: float
) -> None:
    data = table(holes)
    estimator, counts = Binned(method, n_bins, correction), PlugIn(correction)
    binned = ms.discretize(data, method, n_bins=n_bins)
    x, y, z = ["a"], ["b", "c"], ["d"]
    assert estimator.information(data, x, y) == counts.information(binned, x, y)
    assert estimator.information(data, x, y, z) == counts.information(binned, x, y, z)
    assert estimator.entropy(data, y) == counts.entropy(binned, y)
    assert estimator.total_correlation(data) == counts.total_correlation(binned)
    rows, columns = np.array([3, 0]), np.array([4, 1, 2, 3])
    found = estimator.pairwise(data, rows, columns, np.float32)
    assert found.dtype == np.float32
    expected = counts.pairwise(binned, rows, columns, np.float32)
    np.testing.assert_array_equal(found, expected)


def test_a_pair_does_not_depend_on_other_columns() -> None:
    data = table(0.15)
    pair = data.select(["b", "a"])
    every = np.arange(5)
    full = Binned().pairwise(data, every, every)
    assert Binned().information(pair, ["a"], ["b"]) == pytest.approx(full[0, 1], rel=1e-12)
    np.testing.assert_array_equal(full, full.T)


def test_two_columns_of_bins_are_the_reference() -> None:
    rng = np.random.default_rng(2)
    x = rng.permutation(120)
    y = np.where(rng.random(120) < 0.5, x, rng.permutation(120) + 0.25)
    of_x = x // 30
    of_y = np.searchsorted(np.sort(y), y) // 30
    found = ms.mutual_information(x.astype(float), y, estimator=Binned(n_bins=4))
    expected = ref.mutual_information(of_x.tolist(), of_y.tolist(), "miller-madow")
    assert found == pytest.approx(expected, rel=1e-10)


def test_quantiles_depend_on_ranks_alone() -> None:
    rng = np.random.default_rng(3)
    x, e = rng.normal(size=(2, 200))
    y = x + e
    expected = ms.mutual_information(x, y, estimator=Binned())
    order = rng.permutation(200)
    for of_x, of_y in ((np.exp(x), y), (1e6 * x + 1e9, 1e-6 * y), (y, x), (x[order], y[order])):
        found = ms.mutual_information(of_x, of_y, estimator=Binned())
        assert found == pytest.approx(expected, rel=1e-9)


def test_independent_columns_have_no_bias() -> None:
    """Of second order; without the correction (k - 1)^2 / 2n for k = 4 bins."""
    data = ms.as_dataset(np.random.default_rng(4).normal(size=(200, 60)))
    upper = np.triu_indices(60, 1)
    every = np.arange(60)
    plain = Binned(n_bins=4, correction=None).pairwise(data, every, every)[upper]
    corrected = Binned(n_bins=4).pairwise(data, every, every)[upper]
    assert plain.mean() == pytest.approx(9 / 400, rel=0.1)
    assert corrected.mean() == pytest.approx(0, abs=9 / 4000)


def test_the_entropy_is_that_of_the_bins() -> None:
    x = np.random.default_rng(5).normal(size=100)
    plain = Binned(n_bins=5, correction=None)
    assert ms.entropy(x, estimator=plain) == pytest.approx(math.log(5))
    assert ms.mutual_information(x, x, estimator=plain) == pytest.approx(math.log(5))
    assert ms.entropy(1000 * x, estimator=plain) == pytest.approx(math.log(5))


def test_a_constant_column_tells_nothing() -> None:
    for method in ("quantile", "equal-width", "bayesian-blocks"):
        found = ms.mutual_information(np.full(50, 2.5), np.arange(50.0), estimator=Binned(method))
        assert found == 0.0


def test_discrete_columns_are_counted_as_they_are() -> None:
    data = ms.as_dataset(pd.DataFrame({"a": [*"uvuvww"], "b": [*"xxyyzz"]}))
    assert Binned().information(data, ["a"], ["b"]) == PlugIn("miller-madow").information(
        data, ["a"], ["b"]
    )
    every = np.arange(2)
    np.testing.assert_array_equal(
        Binned().pairwise(data, every, every), PlugIn("miller-madow").pairwise(data, every, every)
    )


def test_no_columns() -> None:
    none = np.array([], dtype=np.int64)
    assert Binned().pairwise(table(), none, none).shape == (0, 0)
    assert Binned().pairwise(table(), np.array([1]), none).shape == (1, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "mdl"}, r"^method must be one of 'quantile', .* got 'mdl'"),
        ({"method": "quantiles"}, r"^method must be .*did you mean 'quantile'"),
        ({"n_bins": 1}, r"^n_bins must be a whole number of at least 2, got 1$"),
        ({"n_bins": 2.5}, r"^n_bins must be a whole number of at least 2, got 2.5$"),
        (
            {"method": "bayesian-blocks", "n_bins": 3},
            r"^n_bins: 'bayesian-blocks' chooses the number itself, got 3$",
        ),
        ({"correction": "none"}, r"^correction must be one of None, .* got 'none'"),
    ],
)
def test_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ms.ParameterError, match=message):
        Binned(**arguments)
