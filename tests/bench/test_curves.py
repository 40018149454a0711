"""How often tests reject a true null where x and y follow the same curve of z.

The copula test is there to be compared with: it takes curves for dependence, as its model says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms

N_TABLES, SIZES, ALPHA = 200, (100, 300), 0.05

Rng = np.random.Generator
Column = np.ndarray


def normal_about(
    curve: Callable[[Column], Column], noise: float
) -> Callable[[Rng, Column], Column]:
    return lambda rng, z: curve(z) + noise * rng.normal(size=z.size)


def sign_of_sine(rng: Rng, z: Column) -> Any:
    return pd.Categorical((np.sin(3 * z) + 0.5 * rng.normal(size=z.size) > 0).astype(int))


# How z is drawn, and x and y from it.
CURVES: dict[str, tuple[str, Any, Any]] = {
    "square": ("normal", *[normal_about(np.square, 0.5)] * 2),
    "sine": ("uniform", *[normal_about(lambda z: np.sin(4 * z), 0.3)] * 2),
    "fast sine and cosine": (
        "uniform",
        normal_about(lambda z: np.sin(9 * z), 0.3),
        normal_about(lambda z: np.cos(9 * z), 0.3),
    ),
    "spread": ("normal", *[lambda rng, z: np.exp(z) * rng.normal(size=z.size)] * 2),
    "counts": ("normal", *[lambda rng, z: rng.poisson(np.exp(z)).astype(float)] * 2),
    "states": ("normal", sign_of_sine, sign_of_sine),
}


@pytest.mark.long
@pytest.mark.parametrize("n_samples", SIZES)
@pytest.mark.parametrize("name", CURVES)
def test_rejections(name: str, n_samples: int, request: pytest.FixtureRequest) -> None:
    of_z, of_x, of_y = CURVES[name]
    rng = np.random.default_rng(3)
    rejected = {"copula": 0.0, "knn": 0.0}
    for _ in range(N_TABLES):
        z = rng.normal(size=n_samples) if of_z == "normal" else rng.uniform(-1, 1, n_samples)
        table = pd.DataFrame({"x": of_x(rng, z), "y": of_y(rng, z), "z": z})
        for test in rejected:
            result = ms.independence_test(table, "x", "y", ["z"], test=test)
            rejected[test] += (result.p_value <= ALPHA) / N_TABLES
    plugins: Any = request.config.pluginmanager
    plugins.getplugin("terminalreporter").write_line(f"{name}, {n_samples} rows: {rejected}")
    assert rejected["knn"] < 0.12
