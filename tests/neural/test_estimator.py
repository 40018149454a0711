"""Information by a trained critic: against closed forms, and what it refuses and warns of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms

torch = pytest.importorskip("torch")

Blocks = tuple[np.ndarray, np.ndarray]


def quick(**parameters: Any) -> ms.NeuralEstimator:
    return ms.NeuralEstimator(**{"n_steps": 100, "n_seeds": 2, "batch_size": 64} | parameters)


def normal_blocks(n: int, d: int, nats: float, seed: int = 0) -> Blocks:
    """Each column of x correlates with one of y: I = -d/2 log(1 - r^2)."""
    rng = np.random.default_rng(seed)
    r = math.sqrt(1 - math.exp(-2 * nats / d))
    x = rng.normal(size=(n, d))
    return x, r * x + math.sqrt(1 - r**2) * rng.normal(size=(n, d))


@pytest.mark.parametrize("critic", ["separable", "concat"])
@pytest.mark.parametrize("bound", ["smile", "mine", "nwj", "infonce"])
def test_every_bound_and_critic_finds_normal_blocks(bound: Any, critic: str) -> None:
    x, y = normal_blocks(2000, 4, 1.0)
    found = quick(bound=bound, critic=critic, n_steps=50).evaluate(x, y)
    # Of 400 rows held out the log ratio has a standard deviation of about 1.3.
    assert found.nats == pytest.approx(1.0, abs=0.2)
    assert found.nats == pytest.approx(np.mean(found.by_seed))
    assert found.spread == pytest.approx(np.std(found.by_seed, ddof=1))
    assert (found.n_train, found.n_validation, found.n_held_out) == (1200, 400, 400)


def test_monotone_transforms_change_next_to_nothing() -> None:
    x, y = normal_blocks(2000, 4, 1.0)
    plain, cubed = (quick().evaluate(x, v).nats for v in (y, y**3))
    assert cubed == pytest.approx(plain, abs=1e-3)


def test_independent_blocks_have_none() -> None:
    x, y = normal_blocks(2000, 20, 0.0)
    assert quick().evaluate(x, y).nats == pytest.approx(0.0, abs=0.02)


def test_a_dependence_that_no_correlation_sees() -> None:
    """y = s x + noise with a random sign s: the copula finds nothing."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=3000)
    y = rng.choice([-1, 1], 3000) * x + 0.3 * rng.normal(size=3000)
    assert ms.mutual_information(x, y, estimator="copula") < 0.01
    reference = ms.mutual_information(x, y, estimator="ksg")
    found = ms.mutual_information(x, y, estimator=quick(critic="concat", n_hidden=32, n_steps=400))
    assert found == pytest.approx(reference, rel=0.25)


def test_discrete_columns() -> None:
    """Two coins that agree in 9 of 10 rows: log 2 - H(0.1)."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, 3000)
    y = np.where(rng.random(3000) < 0.1, 1 - x, x)
    truth = math.log(2) + 0.1 * math.log(0.1) + 0.9 * math.log(0.9)
    found = ms.mutual_information(x, y, estimator=quick(n_steps=300))
    assert found == pytest.approx(truth, abs=0.06)
    assert (found.estimator, found.n_samples) == ("neural (smile)", 3000)


def test_given_what_joins_them_there_is_nothing_left() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=2000)
    x, y = (z + rng.normal(size=2000) for _ in range(2))
    estimator = quick()
    found = ms.conditional_mutual_information(x, y, z, estimator=estimator)
    assert found == pytest.approx(0.0, abs=0.06)
    # z as a column of x too adds nothing.
    both = np.column_stack([x, z])
    assert ms.conditional_mutual_information(both, y, z, estimator=estimator) == found


def test_it_repeats_and_leaves_torch_as_it_was() -> None:
    x, y = normal_blocks(500, 2, 0.5)
    torch.manual_seed(7)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    first = quick().evaluate(x, y)
    assert torch.equal(torch.get_rng_state(), state) and torch.get_num_threads() == threads
    assert quick().evaluate(x, y) == first
    assert quick(seed=9).evaluate(x, y).by_seed != first.by_seed


def test_the_held_out_rows_are_not_trained_on() -> None:
    from mistruct.neural.inputs import split

    parts = split(101, np.random.default_rng(0))
    assert sorted(np.concatenate(parts)) == list(range(101))


def test_near_the_ceiling_of_infonce_it_warns() -> None:
    x, y = normal_blocks(1000, 2, 4.0)
    with pytest.warns(ms.MistructWarning, match=r"cannot find more than log 16 = 2.77"):
        quick(bound="infonce", batch_size=16).evaluate(x, y)


def test_seeds_that_disagree_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from mistruct.neural.training import Run

    values = iter([1.0, 2.0])
    monkeypatch.setattr(Run, "held_out", lambda self: (next(values), 0.05))
    x, y = normal_blocks(200, 1, 0.0)
    with pytest.warns(ms.MistructWarning, match=r"^seeds disagree: .* found 1, 2 nats"):
        quick(n_steps=1).evaluate(x, y)


def test_a_budget_of_seconds_ends_training() -> None:
    x, y = normal_blocks(500, 2, 0.5)
    found = quick(n_steps=10_000, max_seconds=1e-6).evaluate(x, y)
    assert found.n_steps == (0, 0)


def test_a_matrix_and_constant_columns() -> None:
    x, y = normal_blocks(300, 1, 0.5)
    table = pd.DataFrame({"x": x[:, 0], "y": y[:, 0], "constant": 1.0})
    found = ms.mutual_information_matrix(table, estimator=quick(n_steps=10))
    assert found.loc["x", "y"] == found.loc["y", "x"]
    assert found.loc["x", "constant"] == 0.0


@pytest.mark.filterwarnings("ignore:the information between")
def test_a_column_on_both_sides_is_infinite() -> None:
    x, _ = normal_blocks(300, 2, 0.5)
    assert quick().evaluate(x, x[:, 0]).nats == math.inf


class OneScore(torch.nn.Module):  # type: ignore[name-defined,misc]
    def __init__(self, d_x: int, d_y: int) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(d_x, 1)

    def forward(self, x: Any, y: Any) -> Any:
        return self.layer(x)


def test_a_critic_of_the_wrong_output_shape_is_refused() -> None:
    x, y = normal_blocks(300, 2, 0.5)
    with pytest.raises(ms.ParameterError, match=r"^critic must give scores .* got \(3, 1\)$"):
        quick(critic=OneScore).evaluate(x, y)


def test_bad_data_is_refused() -> None:
    x, y = normal_blocks(100, 2, 0.5)
    with pytest.raises(ms.DataError, match=r"batch_size=64 or more, but 100 rows leave 60$"):
        quick().evaluate(x, y)
    with pytest.raises(ms.DataError, match=r"^y has 99 rows, but x has 100"):
        quick().evaluate(x, y[:99])
    x[0, 0] = math.nan
    with pytest.raises(ms.DataError, match=r"^1 entries are missing"):
        quick().evaluate(x, y)


@pytest.mark.parametrize(
    "parameters",
    [
        {"bound": "best"},
        {"critic": "deep"},
        {"n_hidden": 0},
        {"batch_size": 1},
        {"n_steps": 0},
        {"n_seeds": 0},
        {"seed": -1},
        {"clip": 0.0},
        {"max_seconds": -1.0},
    ],
)
def test_parameters_are_checked(parameters: dict[str, Any]) -> None:
    with pytest.raises(ms.ParameterError, match=f"^{next(iter(parameters))} must be "):
        ms.NeuralEstimator(**parameters)


def test_there_is_no_entropy() -> None:
    with pytest.raises(ms.ParameterError, match="measures dependence, not entropy"):
        ms.entropy([0.5, 1.5, 2.5], estimator=ms.NeuralEstimator())
