"""`InformationSelector`: scikit-learn's checks, where it stops, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

import mistruct as ms

CRITERIA = ["jmi", "mim", "mrmr", "cmim", "disr"]


# No check is expected to fail. Some draw targets at random, of which the test finds nothing.
@pytest.mark.filterwarnings("ignore:No features were selected")
@parametrize_with_checks(
    [
        ms.InformationSelector(),
        *(ms.InformationSelector(c, n_features=1) for c in CRITERIA),
        ms.InformationSelector(n_features=1, stop="test"),
        ms.InformationSelector(missing="testwise"),
    ]
)
def test_scikit_learns_checks(estimator, check) -> None:
    check(estimator)


def parity(n: int = 1000, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """A strong column and its copy, two that matter only together, and noise."""
    rng = np.random.default_rng(seed)
    a, b, c, noise = rng.integers(0, 2, (4, n))
    y = np.where(rng.random(n) < 0.5, a, b ^ c)
    return pd.DataFrame({"a": a, "copy": a, "noise": noise, "b": b, "c": c}), pd.Series(y)


@pytest.mark.parametrize("criterion", ["jmi", "cmim", "disr"])
def test_the_test_stops_and_finds_pairs(criterion: str) -> None:
    x, y = parity()
    assert ms.InformationSelector(criterion).fit(x, y).get_feature_names_out().tolist() == [
        "a", "b", "c",
    ]  # fmt: skip


def test_two_pairs_are_found() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (2000, 5))
    noisy = np.where(rng.random(2000) < 0.5, x[:, 0] ^ x[:, 1], x[:, 2] ^ x[:, 3])
    assert sorted(ms.InformationSelector().fit(x, noisy).selected_) == [0, 1, 2, 3]


def test_mim_keeps_copies_and_mrmr_sees_no_pairs() -> None:
    x, y = parity()
    assert x.columns[ms.InformationSelector("mim").fit(x, y).support_].tolist() == ["a", "copy"]
    assert x.columns[ms.InformationSelector("mrmr").fit(x, y).support_].tolist() == ["a"]


def test_a_product_of_continuous_columns_is_a_pair() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1500, 6))
    y = x[:, 0] * x[:, 1] + x[:, 2] + 0.3 * rng.normal(size=1500)
    assert sorted(ms.InformationSelector().fit(x, y).selected_) == [0, 1, 2]
    assert sorted(ms.InformationSelector().fit(x, y > 0).selected_) == [0, 1, 2]


def test_noise_is_chosen_as_rarely_as_alpha_says() -> None:
    """At alpha = 0.2, of 60 tables more than 20 have a probability of 0.5 percent."""
    n_found = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(150, 8)), rng.integers(0, 2, 150)
        n_found += ms.InformationSelector(alpha=0.2).fit(x, y).support_.any()
    assert n_found <= 20


def test_both_limits_hold() -> None:
    x, y = parity()
    assert len(ms.InformationSelector(n_features=2, stop="test").fit(x, y).selected_) == 2
    assert len(ms.InformationSelector(n_features=5, stop="test").fit(x, y).selected_) == 3
    assert len(ms.InformationSelector(n_features=5).fit(x, y).selected_) == 5


def test_any_kinds_of_columns() -> None:
    rng = np.random.default_rng(0)
    n = 500
    x = pd.DataFrame(
        {
            "text": rng.choice(["u", "v", "w"], n),
            "flag": rng.random(n) < 0.5,
            "number": rng.normal(size=n),
            "category": pd.Categorical(rng.choice(["k", "l"], n)),
        }
    )
    y = (x["text"] == "u") + x["number"] + 0.5 * rng.normal(size=n)
    for target in (y, y > 0.5, pd.cut(y, 3, labels=["low", "mid", "high"])):
        fitted = ms.InformationSelector(n_features=2).set_output(transform="pandas")
        kept = fitted.fit(x, target.rename("target")).transform(x)
        pd.testing.assert_frame_equal(kept, x[["text", "number"]])


def test_in_a_pipeline() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 20))
    y = (x[:, 3] + x[:, 7] > 0).astype(int)
    selector = ms.InformationSelector(n_features=2)
    alone = cross_val_score(KNeighborsClassifier(3), x, y).mean()
    assert cross_val_score(make_pipeline(selector, KNeighborsClassifier(3)), x, y).mean() > alone
    assert clone(selector).get_params() == selector.get_params()


X, Y = parity(60)


@pytest.mark.parametrize(
    ("parameters", "x", "y", "message"),
    [
        ({"criterion": "jim"}, X, Y, "criterion must be one of .* got 'jim'; did you mean"),
        ({"stop": "count"}, X, Y, "stop must be one of None, 'test', got 'count'"),
        ({"n_features": 0}, X, Y, "n_features must be a whole number of at least 1, got 0"),
        ({"n_features": 6}, X, Y, "n_features must be at most the 5 features .* got 6"),
        ({"alpha": 1}, X, Y, "alpha must be a number between 0 and 1, got 1"),
        ({"test": "t"}, X, Y, "test must be one of"),
        ({"missing": "drop"}, X, Y, "missing must be one of 'raise', 'testwise', got 'drop'"),
        ({}, X, X["b"], "the target 'b' is among the features; drop it from X"),
        ({}, X, pd.Series([1] * 60), "target 'target' is constant, 1 in all rows"),
        ({}, X, pd.Series([0.5] * 60), "target 'target' is constant, 0.5 in all rows"),
        ({}, X, Y[:50], "inconsistent numbers of samples"),
        ({}, X.mask(X.index.to_series() < 3), Y, "15 entries are missing, in 'a' .3."),
        ({}, X, Y.where(Y.index > 2), "3 entries are missing, in 'target' .3."),
        ({}, ms.as_dataset(X), Y, "X must be a DataFrame or an array, got a Dataset"),
    ],
)
def test_refused(parameters, x, y, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ms.InformationSelector(**parameters).fit(x, y)


@pytest.mark.parametrize("frame", [pl.DataFrame, pa.Table.from_pandas, np.asarray])
def test_other_tables(frame) -> None:
    x, y = parity()
    fitted = ms.InformationSelector().fit(frame(x), y.to_numpy())
    assert fitted.selected_.tolist() == ms.InformationSelector().fit(x, y).selected_.tolist()


def test_gaps_of_arrays_testwise() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    y = x[:, 1] + rng.normal(size=300)
    x[:5], y[5:10] = np.nan, np.nan
    assert ms.InformationSelector(missing="testwise").fit(x, y).selected_.tolist() == [1]
    with pytest.raises(ValueError, match="NaN"):
        ms.InformationSelector().fit(x, y)


def test_gaps_testwise() -> None:
    x, y = parity()
    x = x.astype("Int64").mask(np.random.default_rng(1).random(x.shape) < 0.05)
    y = y.astype("Int64").mask(np.arange(len(y)) % 50 == 0)
    chosen = ms.InformationSelector(missing="testwise").fit(x, y)
    assert x.columns[chosen.support_].isin(["a", "copy", "b", "c"]).all()
    assert {"b", "c"} <= set(x.columns[chosen.support_])
