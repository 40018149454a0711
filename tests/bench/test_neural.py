"""How near the neural estimator comes to the truth: the staircase of correlated Gaussians.

20 columns and 20 more, of which each is correlated with its partner so that all share 2, 4, 6, 8 or
10 nats; the same cubed; and the same cubed and then mixed by a rotation, where no longer any
transform of single columns makes them Gaussian. `pytest -s tests/bench/test_neural.py --long`
prints the table of docs/guide/neural.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import ortho_group

import mistruct as ms

pytest.importorskip("torch")

N_SAMPLES, N_COLUMNS = 10_000, 20
LEVELS = (2, 4, 6, 8, 10)


def blocks(nats: float, form: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    # I = -d/2 log(1 - rho^2)
    rho = np.sqrt(1 - np.exp(-2 * nats / N_COLUMNS))
    x, noise = rng.normal(size=(2, N_SAMPLES, N_COLUMNS))
    y = rho * x + np.sqrt(1 - rho**2) * noise
    if form != "gaussian":
        y = y**3
    if form == "rotated":
        y = y @ ortho_group.rvs(N_COLUMNS, random_state=0)
    return x, y


@pytest.mark.long
@pytest.mark.parametrize("nats", LEVELS)
@pytest.mark.parametrize("form", ["gaussian", "cubed", "rotated"])
@pytest.mark.filterwarnings("ignore::mistruct.MistructWarning")
def test_the_staircase(nats: float, form: str, request: pytest.FixtureRequest) -> None:
    x, y = blocks(nats, form)
    found = ms.NeuralEstimator(n_seeds=2).evaluate(x, y)
    copula = ms.mutual_information(x, y, estimator="copula")
    seeds = ", ".join(f"{value:.2f}" for value in found.by_seed)
    line = f"| {form} | {nats} | {found.nats:.2f} ({seeds}) | {copula:.2f} | {found.n_steps} |"
    plugins: Any = request.config.pluginmanager
    plugins.getplugin("terminalreporter").write_line(line)
    if form != "rotated" and nats <= 8:
        assert found.nats == pytest.approx(nats, rel=0.1)
    assert found.nats < 1.1 * nats
