"""Selection of features beside scikit-learn, its growth, and what the criteria are worth."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.feature_selection import mutual_info_classif
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mistruct as ms
from tests.bench.conftest import seconds

N_ROWS, N_STRONG, N_CHOSEN = 1000, 20, 50


def labelled(n_features: int) -> tuple[np.ndarray, np.ndarray]:
    """Normal columns, of which the first ones tell a label, each less than the one before."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, N_ROWS)
    x = rng.normal(size=(N_ROWS, n_features))
    x[:, :N_STRONG] += np.linspace(2.5, 0.6, N_STRONG) * y[:, np.newaxis]
    x[:, -1] = 7.0
    return x, y


def test_mim_of_continuous_features(beside) -> None:
    x, y = labelled(10_000)
    few = np.r_[:N_STRONG, 5000:5080]
    ours = ms.InformationSelector("mim", n_features=N_STRONG)
    ratio = beside(
        "mim, 10,000 continuous features x 1000 rows, a label",
        lambda: ours.fit(x, y),
        f"scikit-learn mutual_info_classif, from {len(few)} features",
        lambda: mutual_info_classif(x[:, few], y, random_state=0),
        rounds=2,
        scale=10_000 / len(few),
    )
    theirs = mutual_info_classif(x[:, :N_STRONG], y, random_state=0)
    assert ours.scores_[-1] == 0.0
    assert set(ours.selected_) == set(range(N_STRONG))
    ranks = [np.argsort(np.argsort(-s)) for s in (ours.scores_[:N_STRONG], theirs)]
    assert np.abs(ranks[0] - ranks[1]).max() <= 2
    assert ratio > 20


def discrete(n_features: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, (N_ROWS, n_features))
    return x, (x[:, :5].sum(axis=1) + rng.integers(0, 3, N_ROWS) > 6).astype(int)


def test_jmi_of_discrete_features(record) -> None:
    times = {}
    for n_features in (2500, 5000, 10_000):
        x, y = discrete(n_features)
        selector = ms.InformationSelector("jmi", n_features=N_CHOSEN)
        selector.fit(x, y)
        fit = partial(selector.fit, x, y)
        times[n_features] = min(seconds(fit) for _ in range(3))
        assert set(range(5)) <= set(selector.selected_)
        record(
            f"jmi, {N_CHOSEN} of {n_features:,} discrete features x 1000 rows",
            times[n_features], "", None, None,
        )  # fmt: skip
    assert times[10_000] < 3.0
    assert times[10_000] < 1.6 * 4 * times[2500]


def kuncheva(subsets: list[set[int]], n_features: int) -> float:
    """Mean consistency of pairs of subsets of one size (Kuncheva 2007, eq. 2)."""
    k = len(subsets[0])
    expected = k * k / n_features
    return float(
        np.mean(
            [
                (len(a & b) - expected) / (k - expected)
                for i, a in enumerate(subsets)
                for b in subsets[:i]
            ]
        )
    )


@pytest.mark.parametrize("criterion", ["jmi", "mim", "mrmr"])
@pytest.mark.parametrize("load", [load_breast_cancer, load_wine, load_digits])
@pytest.mark.long
def test_stability_and_accuracy(load, criterion: str, record) -> None:
    """Over 30 bootstraps of the rows; accuracy of 3 neighbours, five-fold, chosen in each fold."""
    x, y = load(return_X_y=True)
    n_features = {load_breast_cancer: 5, load_wine: 5, load_digits: 15}[load]
    x = x + 0.0
    selector = ms.InformationSelector(criterion, n_features=n_features)
    rng = np.random.default_rng(0)
    subsets = []
    for _ in range(30):
        rows = rng.integers(0, len(y), len(y))
        subsets.append(set(selector.fit(x[rows], y[rows]).selected_.tolist()))
    model = make_pipeline(StandardScaler(), selector, KNeighborsClassifier(3))
    accuracy = float(cross_val_score(model, x, y, cv=5).mean())
    stability = kuncheva(subsets, x.shape[1])
    name = load.__name__.removeprefix("load_")
    record(f"{name}, {criterion}: {n_features} of {x.shape[1]}, stability, accuracy",
           stability, "", accuracy, None)  # fmt: skip
    assert accuracy > 0.8
