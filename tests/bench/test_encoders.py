"""What a linear classifier reads off embeddings: digits, and series that switch between regimes.

Beside the same classifier on the raw values and on as many principal components. It is chosen for
each of them in the training part, by cross-validation. `pytest -s tests/bench/test_encoders.py
--long` prints the tables of docs/guide/representations.md.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import mistruct as ms

pytest.importorskip("torch")

Say = Callable[[str], None]


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Say:
    write: Say = request.config.pluginmanager.getplugin("terminalreporter").write_line
    return write


def probe(
    train: np.ndarray, test: np.ndarray, labels: np.ndarray, test_labels: np.ndarray
) -> float:
    """Accuracy in percent of logistic regression, scaled and penalised as serves it best."""
    steps = [("scale", "passthrough"), ("classify", LogisticRegression(max_iter=5000))]
    grid = {"scale": ["passthrough", StandardScaler()], "classify__C": [0.01, 0.1, 1.0, 10.0]}
    train, test = train / train.std(), test / train.std()
    search = GridSearchCV(Pipeline(steps), grid, cv=3).fit(train, labels)
    return 100 * float(search.score(test, test_labels))


def summary(name: str, found: list[list[float]]) -> str:
    means, spreads = np.mean(found, axis=0), np.std(found, axis=0, ddof=1)
    cells = [f"{m:.1f} ± {s:.1f}" for m, s in zip(means, spreads, strict=True)]
    return f"| {name} | {' | '.join(cells)} |"


@pytest.mark.long
@pytest.mark.parametrize(("n_components", "n_seeds", "gain"), [(64, 5, 0.5), (16, 3, 0.5)])
def test_digits(n_components: int, n_seeds: int, gain: float, say: Say) -> None:
    images, y = load_digits(return_X_y=True)
    found = []
    for seed in range(n_seeds):
        train, test = train_test_split(
            np.arange(len(y)), test_size=0.3, stratify=y, random_state=seed
        )
        squares = images.reshape(-1, 8, 8)
        model = ms.DeepInfoMax(n_components, seed=seed).fit(squares[train])
        untrained = ms.DeepInfoMax(n_components, max_seconds=1e-9, seed=seed).fit(squares[train])
        pca = PCA(n_components, random_state=seed).fit(images[train])
        embeddings = (untrained.transform(squares), model.transform(squares))
        rows = (images, pca.transform(images), *embeddings)
        found.append([probe(r[train], r[test], y[train], y[test]) for r in rows])
        say(f"{found[-1]} {model.n_steps_} {model.bound_:.3f}")
    say(summary(f"digits, {n_components}", found))
    _, of_pca, _, own = np.mean(found, axis=0)
    assert own > of_pca + gain


COEFFICIENTS = np.array([[1.2, -0.7], [0.0, -0.7], [-1.2, -0.7]])


def switching(
    n_series: int, length: int, seed: int, stay: float = 0.98
) -> tuple[np.ndarray, np.ndarray]:
    """Autoregressions of order two whose coefficients are those of a hidden Markov chain's state.

    Innovations are scaled so that each state has mean 0 and variance 1 once it lasts.
    """
    rng = np.random.default_rng(seed)
    a, b = COEFFICIENTS.T
    # Stationary variance: s^2 (1 - b) / ((1 + b) ((1 - b)^2 - a^2)).
    scale = np.sqrt((1 + b) * ((1 - b) ** 2 - a**2) / (1 - b))
    warm = 100
    x = np.zeros((n_series, warm + length))
    states = np.empty(x.shape, dtype=np.int64)
    state = rng.integers(0, 3, n_series)
    for t in range(2, x.shape[1]):
        jump = rng.random(n_series) > stay
        state = np.where(jump, (state + rng.integers(1, 3, n_series)) % 3, state)
        noise = scale[state] * rng.normal(size=n_series)
        x[:, t] = a[state] * x[:, t - 1] + b[state] * x[:, t - 2] + noise
        states[:, t] = state
    return x[:, warm:], states[:, warm:]


def test_levels_do_not_tell_the_state() -> None:
    x, states = switching(3000, 64, 0)
    for state in range(3):
        of_state = x[states == state]
        assert abs(of_state.mean()) < 0.05
        assert of_state.std() == pytest.approx(1, abs=0.06)


def products(x: np.ndarray, last: int = 24) -> np.ndarray:
    """What one would make by hand who knew: mean products of values up to three apart, of late."""
    x = x[:, -last:]
    return np.stack([(x[:, k:] * x[:, : last - k]).mean(axis=1) for k in range(4)], axis=1)


@pytest.mark.long
@pytest.mark.parametrize("length", [64, 32])
def test_hidden_states(length: int, say: Say) -> None:
    found = []
    for seed in range(5):
        x, states = switching(3000, length, seed)
        y, train, test = states[:, -1], np.arange(2000), np.arange(2000, 3000)
        model = ms.ContrastivePredictiveCoding(n_steps=1000, seed=seed).fit(x[train])
        pca = PCA(model.n_components, random_state=seed).fit(x[train])
        rows = (x, pca.transform(x), products(x), model.transform(x))
        found.append([probe(r[train], r[test], y[train], y[test]) for r in rows])
        say(f"{found[-1]} {model.n_steps_} {model.bound_:.3f} {model.score(x[test]):.3f}")
    say(summary(f"states, {length}", found))
    raw, of_pca, _, own = np.mean(found, axis=0)
    assert own > max(raw, of_pca) + 10
