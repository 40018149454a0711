"""Continuous pairs of blocks whose mutual information is known.

The kinds of tasks, and the 40 in `BENCHMARK`, are those of Czyz, Grabowski, Vogt, Beerenwinkel and
Marx (2023), "Beyond normal: on the evaluation of mutual information estimators", NeurIPS 36: a few
distributions with closed forms, and maps of x alone and y alone, which leave the information
unchanged. `TUNING` holds tasks of the same kinds with other dimensions, correlations, degrees of
freedom and speeds; estimators are designed on those, and judged by `BENCHMARK`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr, psi

Block = NDArray[np.float64]
Map = Callable[[Block], Block]


@dataclass(frozen=True)
class Task:
    """A distribution of (x, y); samples have shape (n, dim_x) and (n, dim_y)."""

    name: str
    family: str
    dims: tuple[int, int]
    nats: float
    sample: Callable[[np.random.Generator, int], tuple[Block, Block]]


def mapped(task: Task, name: str, of_x: Map, of_y: Map, family: str = "transformed") -> Task:
    """The same information between of_x(x) and of_y(y), where both maps can be undone."""

    def sample(rng: np.random.Generator, n: int) -> tuple[Block, Block]:
        x, y = task.sample(rng, n)
        return of_x(x), of_y(y)

    return replace(task, name=f"{name} {task.name}", family=family, sample=sample)


# Distributions


def elliptical(name: str, dims: tuple[int, int], shape: Block, dof: float = np.inf) -> Task:
    """A normal distribution, or a Student's, whose information has a second part.

    That part is the difference of the entropies of spherical Student distributions: Arellano-Valle,
    Contreras-Reyes and Genton (2013), Scandinavian Journal of Statistics 40, eq. 7.
    """
    d_x, d_y = dims

    def log_determinant(part: slice) -> float:
        return float(np.linalg.slogdet(shape[part, part])[1])

    nats = 0.5 * (
        log_determinant(slice(0, d_x))
        + log_determinant(slice(d_x, None))
        - log_determinant(slice(None))
    )
    if np.isfinite(dof):

        def entropy(d: int) -> float:
            half = (dof + d) / 2
            scale = gammaln(dof / 2) - gammaln(half) + d / 2 * np.log(dof * np.pi)
            return float(scale + half * (psi(half) - psi(dof / 2)))

        nats += entropy(d_x) + entropy(d_y) - entropy(d_x + d_y)
    root = np.linalg.cholesky(shape)

    def sample(rng: np.random.Generator, n: int) -> tuple[Block, Block]:
        points = rng.normal(size=(n, d_x + d_y)) @ root.T
        if np.isfinite(dof):
            points /= np.sqrt(rng.chisquare(dof, size=(n, 1)) / dof)
        return points[:, :d_x], points[:, d_x:]

    family = "normal" if np.isinf(dof) else "student"
    if dims[0] + dims[1] > 20:
        family = "high-dimensional"
    return Task(f"{name} {d_x}x{d_y}", family, dims, nats, sample)


def dense(d_x: int, d_y: int, rho: float = 0.5, dof: float = np.inf) -> Task:
    """Every two coordinates have the same correlation."""
    shape = np.full((d_x + d_y, d_x + d_y), rho)
    np.fill_diagonal(shape, 1.0)
    kind = "normal" if np.isinf(dof) else f"student({dof:g})"
    return elliptical(f"{kind} dense {rho:g}", (d_x, d_y), shape, dof)


def pairs(d_x: int, d_y: int, rho: float = 0.8, n_pairs: int = 2, dof: float = np.inf) -> Task:
    """Correlation within the first pairs of coordinates only."""
    shape = np.eye(d_x + d_y)
    for i in range(n_pairs):
        shape[i, d_x + i] = shape[d_x + i, i] = rho
    kind = "normal" if np.isinf(dof) else f"student({dof:g})"
    return elliptical(f"{kind} {n_pairs}-pair {rho:g}", (d_x, d_y), shape, dof)


def student(d_x: int, d_y: int, dof: float) -> Task:
    """Uncorrelated, and dependent through the common scale."""
    return elliptical(f"student({dof:g})", (d_x, d_y), np.eye(d_x + d_y), dof)


def additive_noise(epsilon: float) -> Task:
    """Uniform x, and y = x + uniform noise in [-epsilon, epsilon]."""
    # The density of y is flat with sloping ends, whose share is 2 epsilon or, if the noise is the
    # wider of the two, 1 / 2 epsilon; each unit of it adds half a nat to the entropy of y.
    nats = epsilon - np.log(2 * epsilon) if epsilon <= 0.5 else 0.25 / epsilon

    def sample(rng: np.random.Generator, n: int) -> tuple[Block, Block]:
        x = rng.uniform(size=(n, 1))
        return x, x + rng.uniform(-epsilon, epsilon, size=(n, 1))

    return Task(f"additive noise {epsilon:g}", "univariate", (1, 1), float(nats), sample)


# Maps of one block


def half_cube(x: Block) -> Block:
    return x * np.sqrt(np.abs(x))


def wiggly_x(x: Block) -> Block:
    return x + 0.4 * np.sin(x) + 0.2 * np.sin(1.7 * x + 1) + 0.03 * np.sin(3.3 * x - 2.5)


def wiggly_y(y: Block) -> Block:
    return y - 0.4 * np.sin(0.4 * y) + 0.17 * np.sin(1.3 * y + 3.5) + 0.02 * np.sin(4.3 * y - 2.5)


def bimodal(weight: float, first: float, second: float) -> Map:
    """A standard normal column to a mixture of two unit normals with these means."""
    grid = np.linspace(min(first, second) - 9, max(first, second) + 9, 200_001)
    shares = weight * ndtr(grid - first) + (1 - weight) * ndtr(grid - second)
    return lambda x: np.interp(ndtr(x), shares, grid)


def swiss_roll(x: Block) -> Block:
    """A column in [0, 1] to a rolled-up curve in the plane."""
    angle = 1.5 * np.pi * (1 + 2 * x)
    return np.hstack([angle * np.cos(angle), angle * np.sin(angle)]) / 21


def spiral(first: int, speed: float) -> Map:
    """Turn two coordinates by an angle that grows with the squared length of the whole block."""

    def turn(x: Block) -> Block:
        angle = speed / x.shape[1] * (x**2).sum(axis=1)
        a, b = x[:, first].copy(), x[:, first + 1].copy()
        turned = x.copy()
        turned[:, first] = np.cos(angle) * a - np.sin(angle) * b
        turned[:, first + 1] = np.sin(angle) * a + np.cos(angle) * b
        return turned

    return turn


def spiralled(task: Task, speed: float = 1.0) -> Task:
    name = f"spiral({speed:g})"
    return mapped(task, name, spiral(0, speed), spiral(1, speed), family="spiral")


def uniform(task: Task, family: str = "transformed") -> Task:
    return mapped(task, "uniform", ndtr, ndtr, family)


def half_cubed(task: Task, family: str = "transformed") -> Task:
    return mapped(task, "half-cube", half_cube, half_cube, family)


def asinh(task: Task, family: str = "student") -> Task:
    return mapped(task, "asinh", np.arcsinh, np.arcsinh, family)


def univariate(task: Task) -> Task:
    return replace(task, family="univariate")


def _benchmark() -> list[Task]:
    normal = univariate(pairs(1, 1, 0.75, 1))
    cauchy = univariate(student(1, 1, 1))
    transformed = [pairs(d, d) for d in (3, 5, 25)]
    return [
        normal,
        uniform(normal, "univariate"),
        additive_noise(0.1),
        additive_noise(0.75),
        mapped(normal, "bimodal", bimodal(0.3, 0, 5), bimodal(0.5, -1, 3), "univariate"),
        mapped(normal, "wiggly", wiggly_x, wiggly_y, "univariate"),
        half_cubed(normal, "univariate"),
        cauchy,
        asinh(cauchy, "univariate"),
        replace(
            mapped(normal, "swiss roll", lambda x: swiss_roll(ndtr(x)), ndtr, "univariate"),
            dims=(2, 1),
        ),
        *(dense(d, d) for d in (2, 3, 5, 25, 50)),
        *(pairs(d, d) for d in (2, 3, 5, 25)),
        *(student(d, d, dof) for d, dof in ((2, 1), (2, 2), (3, 2), (3, 3), (5, 2), (5, 3))),
        *(uniform(task) for task in transformed),
        *(half_cubed(task) for task in transformed),
        *(spiralled(task) for task in transformed),
        *(spiralled(uniform(task)) for task in transformed),
        *(asinh(student(d, d, dof)) for d, dof in ((2, 1), (3, 2), (5, 2))),
    ]


def _tuning() -> list[Task]:
    weak, strong = (univariate(pairs(1, 1, rho, 1)) for rho in (0.5, 0.9))
    heavy = univariate(student(1, 1, 2))
    swap_y = mapped(strong, "wiggly", lambda x: wiggly_y(1.5 * x), wiggly_x, "univariate")
    return [
        weak,
        uniform(strong, "univariate"),
        additive_noise(0.05),
        additive_noise(0.25),
        additive_noise(1.0),
        mapped(weak, "bimodal", bimodal(0.5, 0, 4), bimodal(0.2, -2, 3), "univariate"),
        swap_y,
        half_cubed(weak, "univariate"),
        heavy,
        asinh(univariate(student(1, 1, 3)), "univariate"),
        replace(
            mapped(strong, "swiss roll", lambda x: swiss_roll(ndtr(x)), ndtr, "univariate"),
            dims=(2, 1),
        ),
        dense(4, 4, 0.3),
        dense(2, 4, 0.6),
        dense(15, 15, 0.5),
        dense(40, 40, 0.3),
        pairs(4, 4, 0.7),
        pairs(4, 8, 0.6, 3),
        pairs(20, 20, 0.7),
        student(2, 2, 3),
        student(3, 3, 1),
        student(4, 4, 2),
        student(6, 6, 3),
        student(2, 4, 2),
        dense(3, 3, 0.4, 3),
        pairs(4, 4, 0.5, 2, 2),
        asinh(student(4, 4, 3)),
        asinh(student(3, 3, 1)),
        uniform(pairs(4, 4, 0.7)),
        uniform(pairs(20, 20, 0.7)),
        half_cubed(pairs(6, 6, 0.85)),
        half_cubed(pairs(20, 20, 0.7)),
        spiralled(pairs(3, 3, 0.7), 1.3),
        spiralled(pairs(4, 4, 0.8), 0.8),
        spiralled(pairs(6, 6, 0.8), 1.2),
        spiralled(pairs(20, 20, 0.8), 1.2),
        spiralled(uniform(pairs(3, 3, 0.7)), 1.5),
        spiralled(uniform(pairs(8, 8, 0.8)), 1.5),
        dense(1, 1, 0.0),
        dense(5, 5, 0.0),
        dense(25, 25, 0.0),
    ]


#: The 40 tasks of the paper; never to be tuned on.
BENCHMARK = _benchmark()

#: 40 others of the same kinds.
TUNING = _tuning()
