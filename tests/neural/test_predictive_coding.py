"""`ContrastivePredictiveCoding`: the bound against loops over pairs, and what lasts in a series."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import mistruct as ms

torch = pytest.importorskip("torch")

from mistruct.neural.networks import Predictive  # noqa: E402 (needs torch)


def test_the_bound_is_that_of_the_paper() -> None:
    settings = ms.ContrastivePredictiveCoding(3, frame_length=2, horizon=2, n_hidden=4)
    torch.manual_seed(0)
    network = Predictive(None, 2, settings).double()
    x = torch.randn(4, 2, 9, dtype=torch.float64)
    with torch.no_grad():
        frames = [
            x[:, :, start : start + 2] for start in (1, 3, 5, 7)
        ]  # what is left over is first
        codes = torch.stack([network.encoder(f) for f in frames], dim=1)
        contexts = [network.context(codes[:, : t + 1])[0][:, -1] for t in range(4)]
        of_steps = []
        for step in (1, 2):
            weights = network.ahead.weight[3 * (step - 1) : 3 * step]
            terms = []
            for t in range(4 - step):
                for i in range(4):
                    # Eq. 3 and 4, with log K so that it is the bound itself.
                    scores = [
                        float(codes[j, t + step] @ weights @ contexts[t][i]) for j in range(4)
                    ]
                    terms.append(scores[i] - math.log(sum(map(math.exp, scores)) / 4))
            of_steps.append(np.mean(terms))
        assert float(network.bound(x)) == pytest.approx(np.mean(of_steps), rel=1e-10)
        assert torch.allclose(network.encode(x), contexts[-1])


def waves(n: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Noisy waves of one of two frequencies, which nothing but the order of values tells."""
    rng = np.random.default_rng(0)
    fast, phase = rng.integers(0, 2, n), rng.uniform(0, 2 * np.pi, (n, 1))
    time = np.arange(length) * np.where(fast, 1.2, 0.6)[:, np.newaxis]
    return np.sin(time + phase) + 0.3 * rng.normal(size=(n, length)), fast


def test_what_lasts_is_told() -> None:
    x, fast = waves(600, 32)
    model = ms.ContrastivePredictiveCoding(16, n_hidden=32, n_steps=200, batch_size=64).fit(x[:400])
    assert 0.5 < model.score(x[400:]) < math.log(64)

    def probe(rows: np.ndarray) -> float:
        return float(LogisticRegression().fit(rows[:400], fast[:400]).score(rows[400:], fast[400:]))

    assert probe(x) < 0.65
    assert probe(model.transform(x)) > 0.9


def test_of_noise_nothing_is_found() -> None:
    x = np.random.default_rng(0).normal(size=(500, 20))
    model = ms.ContrastivePredictiveCoding(8, n_hidden=32, n_steps=100, batch_size=64).fit(x[:300])
    assert model.score(x[300:]) < 0.05


def test_channels_are_used_together() -> None:
    rng = np.random.default_rng(0)
    # What the second channel does is what the first did a frame before.
    first = rng.normal(size=(500, 24))
    x = np.stack([first, np.roll(first, 4, axis=1)], axis=2)
    settings = ms.ContrastivePredictiveCoding(
        16, horizon=1, n_hidden=32, n_steps=300, batch_size=64
    )
    assert settings.fit(x[:300]).score(x[300:]) > 0.5
    assert settings.fit(x[:300, :, :1]).score(x[300:, :, :1]) < 0.1


def test_what_is_left_over_at_the_start_is_not_used() -> None:
    x, _ = waves(60, 18)
    model = ms.ContrastivePredictiveCoding(3, n_steps=5, batch_size=16, horizon=1, n_hidden=4)
    found = model.fit(x).transform(x)
    x[:, :2] = 9.0
    np.testing.assert_array_equal(model.transform(x), found)
    x[:, 2] = 9.0
    assert not np.array_equal(model.transform(x), found)
