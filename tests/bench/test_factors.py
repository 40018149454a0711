"""Modules of columns beside the factors of scikit-learn: how many are found, and how soon."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.decomposition import PCA, FactorAnalysis, FastICA
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score

import mistruct as ms
from tests.bench.conftest import seconds

Array = np.ndarray


def modular(n_samples: int, n_features: int, n_modules: int, ratio: float, seed: int = 0):
    """Columns of unit variance with one normal cause each, and which cause that is."""
    rng = np.random.default_rng(seed)
    parent = rng.permutation(np.arange(n_features) % n_modules)
    signal = rng.normal(size=(n_samples, n_modules))[:, parent] * rng.choice([-1, 1], n_features)
    x = np.sqrt(ratio) * signal + rng.normal(size=(n_samples, n_features))
    return x / np.sqrt(1 + ratio), parent


def test_modules_of_1000_columns(beside) -> None:
    x, parent = modular(200, 1000, 20, 0.25)
    model = ms.CorrelationExplanation(20)
    beside(
        "20 modules of 1000 columns x 200 rows",
        lambda: model.fit(x),
        "scikit-learn FactorAnalysis with varimax",
        lambda: FactorAnalysis(20, rotation="varimax", random_state=0).fit(x),
        rounds=3,
    )
    assert adjusted_rand_score(parent, model.clusters_) > 0.95


def test_cost_is_linear_in_columns(record) -> None:
    times = {}
    for n_features in (1000, 2000, 4000):
        x, _ = modular(200, n_features, 20, 0.25)
        times[n_features] = min(
            seconds(lambda: ms.CorrelationExplanation(20).fit(x))  # noqa: B023
            for _ in range(2)
        )
        record(f"20 modules of {n_features} columns x 200 rows", times[n_features], "", None, None)
    assert times[4000] < 1.6 * 4 * times[1000]


SETTINGS = [
    (10, 200, 2, 1.0),
    (50, 50, 5, 1.0),
    (100, 100, 10, 0.5),
    (200, 200, 10, 0.3),
    (500, 50, 10, 0.5),
    (1000, 200, 20, 0.2),
    (1000, 200, 50, 0.5),
    (2000, 300, 64, 0.1),
    (2000, 1000, 20, 0.1),
    (200, 1000, 10, 0.1),
]


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.long
def test_modules_found(setting, record) -> None:
    """Adjusted Rand index, mean of three tables; a column of a peer belongs to its largest loading.

    Beside it the total correlation in nats that models find in new rows.
    """
    n_features, n_samples, m, ratio = setting
    found: dict[str, list[float]] = {}
    held_out: dict[str, list[float]] = {"factors": [], "factor analysis": []}
    for seed in range(3):
        both, parent = modular(2 * n_samples, n_features, m, ratio, seed)
        x, new = both[:n_samples], both[n_samples:]
        model = ms.CorrelationExplanation(m).fit(x)
        analysis = FactorAnalysis(m, random_state=0).fit(x)
        clusters = {
            "factors": model.clusters_,
            "PCA": _largest(PCA(m, random_state=0).fit(x).components_),
            "factor analysis": _largest(analysis.components_),
            "factor analysis, varimax": _largest(
                FactorAnalysis(m, rotation="varimax", random_state=0).fit(x).components_
            ),
            "ICA": _largest(_independent(x, m)),
        }
        for name, labels in clusters.items():
            found.setdefault(name, []).append(adjusted_rand_score(parent, labels))
        held_out["factors"].append(model.score(new))
        alone = -0.5 * (np.log(2 * np.pi) * n_features + (new**2).sum(axis=1).mean())
        held_out["factor analysis"].append(analysis.score(new) - alone)
    what = f"{n_features} columns x {n_samples} rows, {m} modules of signal to noise {ratio}"
    own = float(np.mean(found.pop("factors")))
    for name, values in found.items():
        record(f"{what}: ARI", own, name, float(np.mean(values)), None)
    nats = [float(np.mean(v)) for v in held_out.values()]
    record(f"{what}: nats in new rows", nats[0], "factor analysis", nats[1], None)
    assert own >= max(np.mean(v) for v in found.values()) - 0.05
    assert nats[0] > nats[1] - 0.1


def _largest(components: Array) -> Array:
    return np.abs(components).argmax(axis=0)


def _independent(x: Array, m: int) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # there is nothing but normal causes
        return FastICA(m, random_state=0).fit(x).mixing_.T
