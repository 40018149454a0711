"""Estimates by neighbours where columns lie on lattices: what is known, and that ties are broken.

A lattice has the k-th neighbour as far away as others; how these are counted must neither add
information nor hide any.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import psi
from scipy.stats import norm

from mistruct.data.dataset import Dataset, as_dataset
from mistruct.information.copula.copula_knn import CopulaKNN
from mistruct.information.neighbors.knn import KSG, MixedKNN

# Of so few tables, whose estimates are skewed, the standard error is itself uncertain.
SLACK = 0.003

Floats = NDArray[np.float64]
Make = Callable[[np.random.Generator, int], dict[str, Floats]]
Estimator = KSG | MixedKNN | CopulaKNN

COLUMNS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "age": lambda rng, n: np.round(rng.normal(40, 15, n)),
    "count": lambda rng, n: rng.poisson(20, n).astype(float),
    "one decimal": lambda rng, n: np.round(rng.normal(size=n), 1),
    "zeros": lambda rng, n: np.where(rng.random(n) < 0.6, 0.0, rng.exponential(size=n)),
    "five values": lambda rng, n: rng.integers(0, 5, n).astype(float),
    "2 states": lambda rng, n: rng.integers(0, 2, n).astype(float),
    "4 states": lambda rng, n: rng.choice(4, n, p=[0.4, 0.3, 0.2, 0.1]).astype(float),
}

ESTIMATORS: dict[str, Estimator] = {
    "ksg": KSG(),
    "ksg 2": KSG(variant=2),
    "ksg of values": KSG(normal_scores=False),
    "mixed-knn": MixedKNN(),
    "copula-knn": CopulaKNN(),
}


def table(columns: dict[str, Floats], discrete: Sequence[str] = ()) -> Dataset:
    kinds = {name: "discrete" if name in discrete else "continuous" for name in columns}
    return as_dataset(pd.DataFrame(columns), kinds=kinds)


def mean_and_error(
    estimator: Estimator, make: Make, n: int, repeats: int, discrete: Sequence[str] = ()
) -> tuple[float, float]:
    """Mean of I(x; y | z) over tables, z being all others, and its standard error."""
    values = []
    for seed in range(repeats):
        data = table(make(np.random.default_rng(seed), n), discrete)
        z = [name for name in data.names if name not in "xy"]
        values.append(estimator.information(data, ["x"], ["y"], z))
    return float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(repeats)


# Nothing to be found --------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize(
    ("x", "y"),
    [
        ("age", "normal"),
        ("count", "normal"),
        ("one decimal", "normal"),
        ("zeros", "normal"),
        ("age", "age"),
        ("age", "count"),
        ("zeros", "age"),
        ("zeros", "zeros"),
    ],
)
def test_independent_columns(estimator: str, x: str, y: str) -> None:
    def make(rng: np.random.Generator, n: int) -> dict[str, Floats]:
        scale = 10.0 if "normal" in (x, y) and "age" in (x, y) else 1.0  # values have one scale
        return {"x": COLUMNS[x](rng, n), "y": scale * COLUMNS[y](rng, n)}

    mean, error = mean_and_error(ESTIMATORS[estimator], make, 300, 16)
    assert abs(mean) < 3.5 * error + SLACK


@pytest.mark.parametrize("scores", [True, False])
@pytest.mark.parametrize("x", ["age", "count", "one decimal", "zeros", "five values"])
@pytest.mark.parametrize("y", ["2 states", "4 states"])
def test_independent_states(scores: bool, x: str, y: str) -> None:
    def make(rng: np.random.Generator, n: int) -> dict[str, Floats]:
        return {"x": COLUMNS[x](rng, n), "y": COLUMNS[y](rng, n)}

    mean, error = mean_and_error(MixedKNN(normal_scores=scores), make, 200, 30, ["y"])
    assert abs(mean) < 3.5 * error + SLACK


def around(
    rng: np.random.Generator, z: Floats, decimals: int | None, spread: float = 5.0
) -> Floats:
    values = z + spread * rng.normal(size=z.size)
    return values if decimals is None else np.round(values, decimals)


@pytest.mark.parametrize("estimator", ["ksg", "ksg of values", "mixed-knn", "copula-knn"])
@pytest.mark.parametrize("rounded", ["xyz", "xy", "z", "xz", "x"])
def test_independent_given_a_common_cause(estimator: str, rounded: str) -> None:
    def make(rng: np.random.Generator, n: int) -> dict[str, Floats]:
        x, y, z = (0 if name in rounded else None for name in "xyz")
        cause = around(rng, np.zeros(n), z)
        return {"x": around(rng, cause, x), "y": around(rng, cause, y), "z": cause}

    mean, error = mean_and_error(ESTIMATORS[estimator], make, 300, 12)
    # A common cause in z may leave a bias of 0.01 nats in 300 rows.
    assert abs(mean) < 3.5 * error + 0.01


@pytest.mark.parametrize("scores", [True, False])
def test_independent_states_given_a_lattice(scores: bool) -> None:
    def make(rng: np.random.Generator, n: int) -> dict[str, Floats]:
        z = around(rng, np.zeros(n), 0)
        return {"x": around(rng, z, 0), "y": COLUMNS["2 states"](rng, n), "z": z}

    mean, error = mean_and_error(MixedKNN(normal_scores=scores), make, 300, 15, ["y"])
    assert abs(mean) < 3.5 * error + SLACK


@pytest.mark.parametrize("variant", [1, 2])
@pytest.mark.parametrize("scores", [True, False])
def test_total_correlation_of_independent_lattices(variant: int, scores: bool) -> None:
    estimator = KSG(variant=variant, normal_scores=scores)
    values = []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        columns = {name: around(rng, np.zeros(200), 0, 3.0) for name in "abc"}
        values.append(estimator.total_correlation(table(columns)))
    # In three dimensions KSG itself errs by 0.02 nats at 200 rows.
    assert abs(np.mean(values)) < 3.5 * np.std(values, ddof=1) / math.sqrt(25) + 0.02


# What is to be found --------------------------------------------------------------------------


def rounded_pair(rho: float, step_x: float, step_y: float) -> Make:
    """A normal pair in multiples of steps; a step of 0 leaves a column as it is."""

    def make(rng: np.random.Generator, n: int) -> dict[str, Floats]:
        x, noise = rng.normal(size=(2, n))
        columns = {"x": x, "y": rho * x + math.sqrt(1 - rho**2) * noise}
        steps = {"x": step_x, "y": step_y}
        return {k: np.round(v / steps[k]) if steps[k] else v for k, v in columns.items()}

    return make


def edges_of(step: float) -> Floats:
    """Where a rounded normal variable changes its value."""
    return (np.arange(-math.ceil(8 / step), math.ceil(8 / step)) + 0.5) * step


def information_in_rounded(rho: float, step_x: float, step_y: float | None) -> float:
    """I(x; y) of `rounded_pair`, or with the sign of y for None; from the mass of cells.

    Given x, y is normal with mean rho x, whose mass in a cell of y is integrated over the cell of
    x. In place of y as it is its steps of 0.02 are taken, which lose less than 1e-3 nats.
    """
    bounds_x = edges_of(step_x)
    bounds_y = np.array([0.0]) if step_y is None else edges_of(step_y or 0.02)
    bounds_y = np.concatenate([[-np.inf], bounds_y, [np.inf]])
    nodes, weights = np.polynomial.legendre.leggauss(8)
    x = bounds_x[:-1, np.newaxis] + (nodes + 1) * step_x / 2
    mass = np.diff(norm.cdf((bounds_y - rho * x[..., np.newaxis]) / math.sqrt(1 - rho**2)))
    cells = ((weights * norm.pdf(x))[..., np.newaxis] * mass).sum(axis=1)
    cells /= cells.sum()
    expected = cells.sum(axis=1, keepdims=True) * cells.sum(axis=0)
    some = cells > 0
    return float((cells[some] * np.log(cells[some] / expected[some])).sum())


def test_rounding_loses_information() -> None:
    """Fine steps leave that of the pair, -1/2 log(1 - rho^2); two signs have that of an angle."""
    assert information_in_rounded(0.8, 0.04, 0) == pytest.approx(-math.log(0.36) / 2, abs=1e-3)
    agree = 1 - math.acos(0.8) / math.pi
    of_signs = math.log(2) + agree * math.log(agree) + (1 - agree) * math.log(1 - agree)
    assert information_in_rounded(0.8, 0.04, None) > of_signs
    coarser = [information_in_rounded(0.8, step, step) for step in (0.04, 0.2, 1.0)]
    assert coarser == sorted(coarser, reverse=True)


@pytest.mark.parametrize("estimator", ["ksg", "ksg 2", "mixed-knn", "copula-knn"])
@pytest.mark.parametrize("rho", [0.5, 0.9])
@pytest.mark.parametrize(
    ("step_x", "step_y"), [(1 / 15, 0.0), (0.25, 0.0), (0.1, 0.25), (0.5, 0.5)]
)
def test_a_rounded_normal_pair(estimator: str, rho: float, step_x: float, step_y: float) -> None:
    make = rounded_pair(rho, step_x, step_y)
    truth = information_in_rounded(rho, step_x, step_y)
    mean, error = mean_and_error(ESTIMATORS[estimator], make, 300, 16)
    # KSG errs by up to 0.01 at these rows also if nothing is rounded.
    assert abs(mean - truth) < 3.5 * error + 0.01


@pytest.mark.parametrize("step", [1 / 15, 0.25])
def test_a_rounded_column_and_a_sign(step: float) -> None:
    def make(rng: np.random.Generator, n: int) -> dict[str, Floats]:
        columns = rounded_pair(0.9, step, 0.0)(rng, n)
        return columns | {"y": (columns["y"] > 0).astype(float)}

    truth = information_in_rounded(0.9, step, None)
    mean, error = mean_and_error(MixedKNN(), make, 300, 30, ["y"])
    assert abs(mean - truth) < 3.5 * error + 0.01


# Ties are broken in every way -----------------------------------------------------------------


def with_ties_broken(axes: Sequence[Floats], k: int, spaces: Sequence[Sequence[int]],
                     signs: Sequence[int], rng: np.random.Generator) -> float:  # fmt: skip
    """psi(k) and the signed means of psi(1 + closer points) in spaces, for one way to break ties.

    The distances along each axis get noise, which is far smaller from one axis to the next.
    """
    n = len(axes[0])
    noisy = [d - 1e-3 * 1e-4**a * rng.random((n, n)) for a, d in enumerate(axes)]
    for d in noisy:
        np.fill_diagonal(d, -1.0)  # the point itself is before all others
    radii = np.sort(np.max(noisy, axis=0), axis=1)[:, [k]]
    counts = [(np.max([noisy[a] for a in space], axis=0) < radii).sum(axis=1) for space in spaces]
    return float(psi(k) + sum(sign * psi(c).mean() for sign, c in zip(signs, counts, strict=True)))


@pytest.mark.parametrize("kind", ["pair", "states", "given", "total"])
def test_an_estimate_is_the_mean_over_ways_to_break_ties(kind: str) -> None:
    """In half of them the noise is smaller from x to y, in half from y to x; z is between."""
    n, k, repeats = 60, 3, 150
    rng = np.random.default_rng(0)
    z = rng.integers(0, 4, n).astype(float)
    x, y = (z + rng.integers(0, 4, n) for _ in "xy")
    estimator = MixedKNN(k, normal_scores=False)
    spaces, signs = [[0], [1]], [-1, -1]
    columns = {"x": x, "y": y}
    if kind == "states":
        columns["y"] = (y > 3).astype(float)
    if kind == "given":
        spaces, signs = [[0, 1], [1, 2], [1]], [-1, -1, 1]
        columns = {"x": x, "z": z, "y": y}
    if kind == "total":
        spaces, signs = [[0], [1], [2]], [-1, -1, -1]
        columns = {"x": x, "y": y, "z": z}  # in the order of names
        found = estimator.total_correlation(table(columns)) - 2 * psi(n)
    else:
        data = table(columns, ["y"] if kind == "states" else [])
        found = estimator.information(data, ["x"], ["y"], ["z"] if kind == "given" else [])
        found -= 0 if kind == "given" else psi(n)
    axes = [np.abs(c[:, np.newaxis] - c) for c in columns.values()]
    if kind == "states":
        axes[1] = np.where(axes[1] > 0, 1e9, 0.0)
    last = len(axes) - 1
    turned = [[last - a for a in space] for space in spaces]
    draws = [
        value
        for _ in range(repeats)
        for value in (
            with_ties_broken(axes, k, spaces, signs, rng),
            with_ties_broken(axes[::-1], k, turned, signs, rng),
        )
    ]
    assert np.std(draws) > 0.01
    assert abs(np.mean(draws) - found) < 4 * np.std(draws) / math.sqrt(len(draws))


@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(2, 4))
@settings(max_examples=40)
def test_a_lattice_of_copies_is_counted_as_states(seed: int, n_cells: int, n_values: int) -> None:
    """Each row is there five times, so that the fourth neighbour is at distance 0."""
    cells = np.random.default_rng(seed).integers(0, n_values, (n_cells, 2))
    cells = np.vstack([cells, [(0, 0), (0, 1), (1, 0), (1, 1)]])  # neither column tells the other
    x, y = np.repeat(cells, 5, axis=0).T.astype(float)
    columns = {"x": x, "y": y}
    expected = MixedKNN().information(table(columns, ["x", "y"]), ["x"], ["y"])
    for estimator in (KSG(4), KSG(4, variant=2), MixedKNN(4)):
        found = estimator.information(table(columns), ["x"], ["y"])
        assert found == pytest.approx(expected, abs=1e-12)
