"""How often intervals hold the true information, estimator by estimator; a table at the end.

Each share is of `REPEATS` tables, drawn with the seed `SEED`, so at 0.95 its standard error is 1.5
percent. Where an estimator is biased by more than its interval shows, the share is far below, and
the table says so; what is asserted is that the share is right where bias is not the matter.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import binom, norm

import mistruct as ms
from mistruct.information.confidence import confidence_interval
from mistruct.information.copula.copula_knn import CopulaKNN
from mistruct.information.counts.binned import Binned
from mistruct.information.counts.partition import AdaptivePartition
from mistruct.information.density.kde import KDE
from mistruct.information.neighbors.knn import KSG, MixedKNN

pytestmark = pytest.mark.long

REPEATS = 200
SEED = 7
SIZES = (100, 400, 1000)
LEVELS = (0.9, 0.95)

Floats = NDArray[np.float64]
Sample = Callable[[np.random.Generator, int], dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """A distribution of x, y and perhaps z, and its information."""

    nats: float
    sample: Sample


def category(codes: NDArray[Any]) -> Any:
    return pd.Categorical(codes.tolist())


def normal(r: float, with_z: bool = False) -> Case:
    def sample(rng: np.random.Generator, n: int) -> dict[str, Any]:
        x, e, z = rng.normal(size=(3, n))
        y = r * x + math.sqrt(1 - r**2) * e
        return {"x": x + z, "y": y + z, "z": z} if with_z else {"x": x, "y": y}

    return Case(-0.5 * math.log(1 - r**2), sample)


def of_noise(density: Floats, grid: Floats, noise: float) -> float:
    """Information between y, with this density, and that to which normal noise was added."""
    of_y = -np.trapezoid(density * np.log(np.maximum(density, 1e-300)), grid)
    return float(of_y) - float(norm.entropy(scale=noise))


def parabola() -> Case:
    x, grid = np.linspace(-7, 7, 4001), np.linspace(-4, 50, 6001)
    density = np.array([np.trapezoid(norm.pdf(x) * norm.pdf(y - x**2, scale=0.5), x) for y in grid])

    def sample(rng: np.random.Generator, n: int) -> dict[str, Any]:
        x, e = rng.normal(size=(2, n))
        return {"x": x, "y": x**2 + 0.5 * e}

    return Case(of_noise(density, grid, 0.5), sample)


def classes(apart: float) -> Case:
    """A coin, and a normal variable about plus or minus `apart`."""
    grid = np.linspace(-12, 12, 6001)
    density = (norm.pdf(grid - apart) + norm.pdf(grid + apart)) / 2

    def sample(rng: np.random.Generator, n: int) -> dict[str, Any]:
        x = rng.integers(0, 2, n)
        return {"x": category(x), "y": rng.normal(size=n) + apart * (2 * x - 1)}

    return Case(of_noise(density, grid, 1.0), sample)


def table(p: Floats, n_strata: int = 1) -> Case:
    """Joint probabilities of x and y, the same in each of the equally likely strata z."""
    independent = np.outer(p.sum(axis=1), p.sum(axis=0))

    def sample(rng: np.random.Generator, n: int) -> dict[str, Any]:
        x, y = np.divmod(rng.choice(p.size, size=n, p=p.ravel()), p.shape[1])
        z = rng.integers(0, n_strata, n)
        found = {"x": category((x + z) % len(p)), "y": category(y), "z": category(z)}
        return found if n_strata > 1 else {k: found[k] for k in ("x", "y")}

    return Case(float((p * np.log(p / independent)).sum()), sample)


def diagonal(share: float, r: int) -> Floats:
    return np.full((r, r), (1 - share) / r**2) + np.eye(r) * share / r


CONTINUOUS = {
    "normal, r = 0": normal(0.0),
    "normal, r = 0.3": normal(0.3),
    "normal, r = 0.8": normal(0.8),
    "y = x^2 + noise": parabola(),
}
CONDITIONAL = {
    "normal given z, r = 0": normal(0, True),
    "normal given z, r = 0.5": normal(0.5, True),
}
DISCRETE = {
    "3 x 3, none": table(diagonal(0.0, 3)),
    "3 x 3, weak": table(diagonal(0.15, 3)),
    "3 x 3, strong": table(diagonal(0.7, 3)),
    "2 x 2, rare, none": table(np.outer([0.95, 0.05], [0.95, 0.05])),
    "2 x 2, rare": table(np.array([[0.93, 0.02], [0.02, 0.03]])),
    "3 x 3 given 3 strata": table(diagonal(0.3, 3), 3),
}
MIXED = {
    "coin, normal, 0": classes(0.0),
    "coin, normal, 0.5": classes(0.5),
    "coin, normal, 1.5": classes(1.5),
}

OF_ESTIMATORS: dict[str, tuple[Any, dict[str, Case]]] = {
    "plug-in": (ms.PlugIn(), DISCRETE),
    "copula": (ms.information.GaussianCopula(), CONTINUOUS | CONDITIONAL | MIXED),
    "ksg": (KSG(), CONTINUOUS | CONDITIONAL),
    "ksg, n_neighbors=10": (KSG(n_neighbors=10), CONTINUOUS),
    "mixed-knn": (MixedKNN(), MIXED | DISCRETE),
    "kde": (KDE(), CONTINUOUS | MIXED),
    "adaptive-partition": (AdaptivePartition(), CONTINUOUS),
    "binned": (Binned(), CONTINUOUS | MIXED),
    "copula-knn": (CopulaKNN(), CONTINUOUS),
}

# Where the bias is small beside the interval, or covered by it.
TRUSTED = {
    "plug-in": tuple(DISCRETE),
    "copula": tuple(n for n in CONTINUOUS | CONDITIONAL if n.startswith("normal")),
    "ksg": (*CONTINUOUS, *CONDITIONAL),
    "mixed-knn": tuple(MIXED),
    "copula-knn": tuple(n for n in CONTINUOUS if n.startswith("normal")),
}

# What is lost at small n without any bias, and what chance does to the share.
TOLERANCE = 0.06


def coverage(estimator: Any, case: Case, n: int) -> tuple[list[float], float, float]:
    """Share of intervals that hold the truth at each level, their mean width, and the bias."""
    rng = np.random.default_rng(SEED)
    held, width, bias = np.zeros(len(LEVELS)), 0.0, 0.0
    for _ in range(REPEATS):
        data = ms.as_dataset(pd.DataFrame(case.sample(rng, n)))
        blocks = [(name,) for name in data.names]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ms.MistructWarning)
            nats = estimator.information(data, *blocks)
            ends = [confidence_interval(estimator, data, blocks, nats, v) for v in LEVELS]
        held += [low <= case.nats + 1e-12 and case.nats <= high for low, high in ends]
        width += (ends[-1][1] - ends[-1][0]) / REPEATS
        bias += (nats - case.nats) / REPEATS
    return (held / REPEATS).tolist(), width, bias


@pytest.fixture(scope="module")
def write(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Writes a line to the terminal at once, for the whole takes minutes."""
    plugins: Any = request.config.pluginmanager
    reporter, capture = map(plugins.getplugin, ("terminalreporter", "capturemanager"))

    def line(text: str) -> None:
        with capture.global_and_fixture_disabled():
            reporter.write_line(text)

    line(f"coverage, {REPEATS} tables each, seed {SEED}")
    line("| estimator | case | truth | n | bias | at 0.90 | at 0.95 | width at 0.95 |")
    line("| --- | --- | --- | --- | --- | --- | --- | --- |")
    return line


@pytest.mark.parametrize("name", OF_ESTIMATORS)
def test_coverage(name: str, write: Callable[[str], None]) -> None:
    estimator, cases = OF_ESTIMATORS[name]
    for of_case, case in cases.items():
        for n in SIZES:
            held, width, bias = coverage(estimator, case, n)
            cells = [name, of_case, f"{case.nats:.3f}", str(n), f"{bias:+.3f}"]
            write(f"| {' | '.join([*cells, *(f'{v:.2f}' for v in held), f'{width:.3f}'])} |")
            if of_case in TRUSTED.get(name, ()):
                for level, share in zip(LEVELS, held, strict=True):
                    assert share >= binom.ppf(1e-4, REPEATS, level - TOLERANCE) / REPEATS, of_case
