"""The variational bounds against their formulas, in loops over scores written by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mistruct as ms

torch = pytest.importorskip("torch")

from mistruct.neural import bounds  # noqa: E402  # it needs torch

Scores = list[list[float]]

MATRICES: dict[str, Scores] = {
    "two rows": [[1.0, -2.0], [0.5, 3.0]],
    "three rows": [[2.0, 0.0, -1.0], [0.3, 1.0, 0.7], [-4.0, 6.5, 0.1]],
    "zeros": [[0.0] * 4 for _ in range(4)],
}


def joint(scores: Scores) -> list[float]:
    return [scores[i][i] for i in range(len(scores))]


def apart(scores: Scores) -> list[float]:
    k = range(len(scores))
    return [scores[i][j] for i in k for j in k if i != j]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def softplus(value: float) -> float:
    return math.log(1 + math.exp(value))


def by_hand(name: str, scores: Scores) -> float:
    of_p, of_q, k = joint(scores), apart(scores), len(scores)
    match name:
        case "donsker_varadhan":
            return mean(of_p) - math.log(mean([math.exp(s) for s in of_q]))
        case "nwj":
            return mean(of_p) - mean([math.exp(s) for s in of_q]) / math.e
        case "infonce":
            rows = [mean([math.exp(s) for s in row]) for row in scores]
            return sum(scores[i][i] - math.log(rows[i]) for i in range(k)) / k
        case "jsd":
            return -mean([softplus(-s) for s in of_p]) - mean([softplus(s) for s in of_q])
        case "nce":
            of_joint = mean([math.log(1 / (1 + 3 * math.exp(-s))) for s in of_p])
            return of_joint + 3 * mean([math.log(3 / (3 + math.exp(s))) for s in of_q])
        case "smile":
            clipped = [min(max(math.exp(s), math.exp(-1)), math.exp(1)) for s in of_q]
            return mean(of_p) - math.log(mean(clipped))
    raise AssertionError(name)


BOUNDS: dict[str, Callable[..., Any]] = {
    "donsker_varadhan": bounds.donsker_varadhan,
    "nwj": bounds.nwj,
    "infonce": bounds.infonce,
    "jsd": bounds.jsd,
    "nce": lambda scores: bounds.nce(scores, 3),
    "smile": lambda scores: bounds.smile(scores, clip=1.0),
}


def tensor(scores: Any) -> Any:
    return torch.tensor(scores, dtype=torch.float64)


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("matrix", MATRICES)
def test_the_formula(name: str, matrix: str) -> None:
    found = BOUNDS[name](tensor(MATRICES[matrix]))
    assert float(found) == pytest.approx(by_hand(name, MATRICES[matrix]), rel=1e-12)


def test_by_hand_of_two_rows() -> None:
    """Of [[a, 0], [0, b]]: means (a + b) / 2 of P, and e^0 = 1 of Q."""
    scores = tensor([[3.0, 0.0], [0.0, 1.0]])
    assert float(bounds.donsker_varadhan(scores)) == pytest.approx(2.0)
    assert float(bounds.nwj(scores)) == pytest.approx(2.0 - 1 / math.e)
    expected = (math.log(2 / (1 + math.exp(-3))) + math.log(2 / (1 + math.exp(-1)))) / 2
    assert float(bounds.infonce(scores)) == pytest.approx(expected)
    expected = (math.log(1 / (1 + math.exp(-3))) + math.log(1 / (1 + math.exp(-1)))) / 2
    assert float(bounds.jsd(scores)) == pytest.approx(expected - math.log(2))


@pytest.mark.parametrize("name", BOUNDS)
def test_each_matrix_of_a_stack_is_one_of_its_own(name: str) -> None:
    stack = np.random.default_rng(0).normal(size=(2, 3, 5, 5))
    found = BOUNDS[name](tensor(stack))
    assert found.shape == (2, 3)
    for place in np.ndindex(2, 3):
        expected = by_hand(name, stack[place].tolist())
        assert float(found[place]) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", BOUNDS)
def test_large_scores_do_not_overflow(name: str) -> None:
    scores = tensor([[900.0, -900.0], [-900.0, 900.0]])
    expected = {
        "donsker_varadhan": 1800.0,
        "nwj": 900.0,
        "infonce": math.log(2),
        "jsd": 0.0,
        "nce": 0.0,
    }
    assert float(BOUNDS[name](scores)) == pytest.approx(expected.get(name, 901.0))


def random_scores(seed: int) -> Any:
    rng = np.random.default_rng(seed)
    return tensor(rng.normal(scale=rng.uniform(0.1, 5), size=(6, 6)))


@pytest.mark.parametrize("seed", range(20))
def test_theorems(seed: int) -> None:
    scores = random_scores(seed)
    largest = float(bounds.donsker_varadhan(scores))
    # log t <= t / e, with equality where the mean of e^f is e.
    assert float(bounds.nwj(scores)) <= largest + 1e-12
    best = scores + 1.0 - bounds.log_mean_exp(scores)
    assert float(bounds.nwj(best)) == pytest.approx(largest)
    # A constant changes nothing, and one for each row nothing to InfoNCE.
    assert float(bounds.donsker_varadhan(scores + 7.0)) == pytest.approx(largest)
    rows = torch.arange(6, dtype=torch.float64).unsqueeze(1)
    assert float(bounds.infonce(scores + rows)) == pytest.approx(float(bounds.infonce(scores)))
    assert float(bounds.infonce(scores)) <= math.log(6)
    assert float(bounds.jsd(scores)) < 0
    assert float(bounds.jsd(scores)) == float(bounds.nce(scores, 1))
    # Nothing is beyond a clip of 100.
    for clip in (100.0, None):
        assert float(bounds.smile(scores, clip)) == pytest.approx(largest)
    # The order of the rows does not matter.
    order = torch.randperm(6, generator=torch.Generator().manual_seed(seed))
    for bound in BOUNDS.values():
        assert float(bound(scores[order][:, order])) == pytest.approx(float(bound(scores)))


def test_the_best_critic_attains_the_information() -> None:
    """Of a 2 x 2 table, with the rows in exact proportion and the log density ratio as scores."""
    p = np.array([[0.4, 0.1], [0.2, 0.3]])
    ratio = np.log(p / np.outer(p.sum(1), p.sum(0)))
    nats = (p * ratio).sum()
    n = 2000
    x, y = (
        np.repeat(codes, (n * p).round().astype(int).ravel())
        for codes in ([0, 0, 1, 1], [0, 1, 0, 1])
    )
    scores = tensor(ratio[x][:, y])
    # Pairs off the diagonal are short of n among n^2.
    assert float(bounds.donsker_varadhan(scores)) == pytest.approx(nats, abs=2 / n)
    assert float(bounds.nwj(1 + scores)) == pytest.approx(nats, abs=2 / n)
    assert float(bounds.smile(scores)) == pytest.approx(nats, abs=2 / n)
    assert float(bounds.infonce(scores)) == pytest.approx(nats, abs=2 / n)
    # JSD of p and q, by its definition.
    q = np.outer(p.sum(1), p.sum(0))
    middle = (p + q) / 2
    divergence = ((p * np.log(p / middle)).sum() + (q * np.log(q / middle)).sum()) / 2
    assert float(bounds.jsd(scores)) == pytest.approx(2 * divergence - math.log(4), abs=2 / n)
    # No other scores are more likely to a classifier of one pair of P and seven of Q.
    best = float(bounds.nce(scores, 7))
    for change in np.random.default_rng(0).normal(scale=0.2, size=(20, 2, 2)):
        assert float(bounds.nce(tensor((ratio + change)[x][:, y]), 7)) < best


def gradient(function: Callable[[Any], Any], scores: Any) -> np.ndarray:
    scores = scores.clone().requires_grad_()
    function(scores).backward()
    return np.asarray(scores.grad)


def test_the_gradient_of_mine_is_divided_by_the_average() -> None:
    scores = random_scores(0)
    k = len(scores)
    average = 3.7
    found = gradient(lambda s: bounds.mine(s, torch.tensor(math.log(average))), scores)
    expected = -np.exp(scores.numpy()) / (k * (k - 1) * average)
    np.fill_diagonal(expected, 1 / k)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    # With the batch itself as the average it is that of Donsker and Varadhan.
    own = bounds.moving_average(scores, None)
    plain = gradient(bounds.donsker_varadhan, scores)
    np.testing.assert_allclose(gradient(lambda s: bounds.mine(s, own), scores), plain, rtol=1e-9)
    value = float(bounds.mine(scores, torch.tensor(math.log(average))))
    assert value == pytest.approx(by_hand("donsker_varadhan", scores.tolist()))


def test_the_moving_average() -> None:
    first, second = random_scores(1), random_scores(2)
    average = bounds.moving_average(first, None)
    average = bounds.moving_average(second, average, rate=0.2)
    means = [mean([math.exp(s) for s in apart(scores.tolist())]) for scores in (first, second)]
    assert float(average) == pytest.approx(math.log(0.8 * means[0] + 0.2 * means[1]))
    assert not average.requires_grad


def test_gradients_of_clipped_scores_are_zero() -> None:
    found = gradient(lambda s: bounds.smile(s, 1.0), tensor([[0.0, 2.0], [0.5, 0.0]]))
    assert found[0, 1] == 0.0 and found[1, 0] < 0.0


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("shape", [(3,), (3, 4), (1, 1), (0, 0), (5, 3, 2)])
def test_other_shapes_are_refused(name: str, shape: tuple[int, ...]) -> None:
    message = r"^scores must be a square matrix of two rows or more, got shape \("
    with pytest.raises(ms.ParameterError, match=message):
        BOUNDS[name](torch.zeros(shape))


@pytest.mark.parametrize("clip", [0.0, -1.0, math.nan])
def test_a_clip_that_is_not_positive_is_refused(clip: float) -> None:
    with pytest.raises(ms.ParameterError, match=r"^clip must be a positive number or None, got "):
        bounds.smile(torch.zeros(2, 2), clip)
