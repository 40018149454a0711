"""`DeepInfoMax`: its terms against loops over pairs, what bounds them, and what it learns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import mistruct as ms

torch = pytest.importorskip("torch")

from mistruct.neural.networks import Against, InfoMax  # noqa: E402 (needs torch)


def softplus(value: float) -> float:
    return math.log1p(math.exp(value))


def by_loops(scores: np.ndarray, objective: str) -> float:
    """Eq. 4 and 5 of the paper, pair by pair; with log K, so that InfoNCE is in nats."""
    k = len(scores)
    if objective == "infonce":
        terms = [scores[i, i] - math.log(sum(np.exp(scores[i])) / k) for i in range(k)]
        return sum(terms) / k
    joint = sum(-softplus(-scores[i, i]) for i in range(k)) / k
    others = [softplus(scores[i, j]) for i in range(k) for j in range(k) if i != j]
    # Less -log 4, which scores of 0 get, twice the Jensen-Shannon divergence.
    return (joint - sum(others) / len(others) + math.log(4)) / 2


def random_network(shape: tuple[int, ...], settings: ms.DeepInfoMax) -> Any:
    """With critics that are not 0, as they are before training."""
    torch.manual_seed(0)
    network = InfoMax(None, shape, settings).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape))
    return network


@pytest.mark.parametrize("objective", ["jsd", "infonce"])
def test_the_terms_of_an_image_are_those_of_the_paper(objective: Any) -> None:
    settings = ms.DeepInfoMax(
        3, objective=objective, global_weight=0.5, local_weight=2.0, patch_size=3, n_hidden=8
    )
    network = random_network((2, 4, 5), settings)
    x = torch.randn(6, 2, 4, 5, dtype=torch.float64)
    with torch.no_grad():
        code = network.encode(x)
        found = float(network.bound(x))
        whole = network.of_whole(x.flatten(1), code).numpy()
        local = []
        for top in range(2):
            for left in range(3):
                patches = x[:, :, top : top + 3, left : left + 3].reshape(6, 18)
                local.append(by_loops(network.of_place(patches, code).numpy(), objective))
    expected = (0.5 * by_loops(whole, objective) + 2.0 * np.mean(local)) / 2.5
    assert found == pytest.approx(expected, rel=1e-10)


def test_the_places_of_a_table_are_its_columns() -> None:
    network = random_network((3,), ms.DeepInfoMax(2, n_hidden=8))
    x = torch.randn(5, 3, dtype=torch.float64)
    with torch.no_grad():
        places = network.places(x)
        assert places.shape == (5, 3, 8)
        changed = x.clone()
        changed[:, 1] += 1.0
        same = (network.places(changed) == places).all(dim=2).all(dim=0)
        assert same.tolist() == [True, False, True]
        scores = [network.of_place(places[:, i], network.encode(x)).numpy() for i in range(3)]
        expected = np.mean([by_loops(s, "jsd") for s in scores])
        assert float(network.bound(x)) == pytest.approx(expected, rel=1e-10)


def test_patches_are_half_a_side_apart() -> None:
    settings = ms.DeepInfoMax(2, patch_size=4, n_hidden=4)
    places = InfoMax(None, (1, 8, 8), settings).places(torch.arange(64.0).reshape(1, 1, 8, 8))
    assert places.shape == (1, 9, 16)
    assert places[0, :, 0].tolist() == [8 * top + left for top in (0, 2, 4) for left in (0, 2, 4)]


def test_what_is_below_climbs_where_all_above_falls() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (Against.apply(x) ** 2).sum().backward()
    assert x.grad.tolist() == [-2.0, -4.0]


@pytest.mark.parametrize("prior_weight", [0.0, 0.5])
def test_the_loss_is_the_objective_and_the_game(prior_weight: float) -> None:
    settings = ms.DeepInfoMax(
        2, objective="infonce", local_weight=2.0, prior_weight=prior_weight, n_hidden=4
    )
    network = random_network((3,), settings)
    x = torch.randn(4, 3, dtype=torch.float64)
    torch.manual_seed(1)
    with torch.no_grad():
        found = float(network.loss(x))
        torch.manual_seed(1)
        code = network.encode(x)
        real, fake = network.of_prior(torch.randn(code.shape).to(code)), network.of_prior(code)
        told = -np.mean([softplus(-float(v)) for v in real])
        told -= np.mean([softplus(float(v)) for v in fake])  # eq. 7: log D(y) + log(1 - D(E(x)))
        assert found == pytest.approx(-2.0 * float(network.bound(x)) - prior_weight * told)


def test_a_bound_starts_at_zero_and_stays_below_its_ceiling() -> None:
    x = np.random.default_rng(0).normal(size=(200, 3))
    small: dict[str, Any] = {"n_hidden": 16, "batch_size": 16, "global_weight": 1.0}
    for objective, ceiling in (("jsd", math.log(2)), ("infonce", math.log(16))):
        model = ms.DeepInfoMax(3, objective=objective, **small)
        assert model.set_params(max_seconds=1e-9).fit(x).score(x) == pytest.approx(0, abs=1e-6)
        assert 0.1 < model.set_params(max_seconds=None, n_steps=200).fit(x).score(x) < ceiling


def test_one_number_tells_the_cause_that_columns_share() -> None:
    rng = np.random.default_rng(0)
    cause = rng.normal(size=600)
    x = cause[:, np.newaxis] + rng.normal(size=(600, 8))
    x[:, 0] = 3 * rng.normal(size=600)  # much variance that nothing else shares
    model = ms.DeepInfoMax(1, n_hidden=32, n_steps=300, batch_size=64).fit(x[:400])
    found = model.transform(x[400:])[:, 0]
    # The best that can be said of the cause is the mean of seven columns.
    best = np.corrcoef(x[400:, 1:].mean(axis=1), cause[400:])[0, 1]
    assert abs(np.corrcoef(found, cause[400:])[0, 1]) > best - 0.05


def test_textures_are_told_wherever_they_begin() -> None:
    rng = np.random.default_rng(0)
    kind, shift = rng.integers(0, 2, 300), rng.integers(0, 4, 300)
    down, right = np.mgrid[:6, :6]
    along = (
        np.where(kind[:, np.newaxis, np.newaxis], down, right) + shift[:, np.newaxis, np.newaxis]
    )
    x = np.where(along % 4 < 2, 1.0, -1.0) + 0.5 * rng.normal(size=(300, 6, 6))
    model = ms.DeepInfoMax(8, n_hidden=32, n_steps=150, batch_size=64).fit(x[:200])

    def probe(rows: np.ndarray) -> float:
        return float(LogisticRegression().fit(rows[:200], kind[:200]).score(rows[200:], kind[200:]))

    raw = probe(x.reshape(300, -1))
    assert raw < 0.75  # no pixel tells it
    assert probe(model.transform(x)) > raw + 0.2


def test_the_prior_gives_embeddings_its_place_and_spread() -> None:
    x = np.random.default_rng(0).normal(size=(400, 3))
    model = ms.DeepInfoMax(1, prior_weight=0.3, n_steps=500, batch_size=32, n_hidden=32)
    found = model.fit(x).transform(x)
    assert abs(found.mean()) < 0.2
    assert 0.8 < found.std() < 1.25
