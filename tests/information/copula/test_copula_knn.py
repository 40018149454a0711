"""Information from the copula and nearest neighbours: what it sees, and what it must not depend on.

That it is accurate on a whole benchmark is measured in tests/bench/test_accuracy.py.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.special import psi

from mistruct.data.dataset import Dataset, as_dataset
from mistruct.errors import DataError, MistructWarning, ParameterError
from mistruct.information.copula.beyond_copula import _View, cut_in_halves
from mistruct.information.copula.copula_knn import CopulaKNN
from mistruct.information.copula.gaussian_copula import GaussianCopula
from mistruct.information.neighbors.knn import KSG
from tests import reference_continuous as reference

Block = NDArray[np.float64]


def table(**blocks: Block) -> tuple[Dataset, ...]:
    """A Dataset of the blocks' columns, and the names of each block's."""
    columns = {f"{b}{i}": v for b, block in blocks.items() for i, v in enumerate(block.T)}
    names = [[f"{b}{i}" for i in range(block.shape[1])] for b, block in blocks.items()]
    return as_dataset(pd.DataFrame(columns), missing="testwise"), *names


def nats(x: Block, y: Block, z: Block | None = None) -> float:
    data = table(x=x, y=y) if z is None else table(x=x, y=y, z=z)
    return CopulaKNN().information(*data)


def copula(x: Block, y: Block, z: Block | None = None) -> float:
    data = table(x=x, y=y) if z is None else table(x=x, y=y, z=z)
    return GaussianCopula().information(*data)


def normal(rng: np.random.Generator, n: int, d: int, rho: float) -> tuple[Block, Block]:
    x = rng.normal(size=(n, d))
    return x, rho * x + math.sqrt(1 - rho**2) * rng.normal(size=(n, d))


def student(rng: np.random.Generator, n: int, d: int, dof: float) -> tuple[Block, Block]:
    scale = np.sqrt(dof / rng.chisquare(dof, size=(n, 1)))
    return rng.normal(size=(n, d)) * scale, rng.normal(size=(n, d)) * scale


def student_information(d: int, dof: float) -> float:
    """Between uncorrelated blocks; from the entropy of the spherical Student distribution."""

    def entropy(d: int) -> float:
        half = (dof + d) / 2
        return (
            math.lgamma(dof / 2)
            - math.lgamma(half)
            + d / 2 * math.log(dof * math.pi)
            + half * float(psi(half) - psi(dof / 2))
        )

    return 2 * entropy(d) - entropy(2 * d)


# What it sees


@pytest.mark.parametrize(("d", "rho"), [(1, 0.0), (1, 0.9), (3, 0.5), (20, 0.3)])
def test_normal_columns_have_the_information_of_the_copula(d: int, rho: float) -> None:
    truth = -d / 2 * math.log(1 - rho**2)
    errors = []
    for seed in range(6):
        x, y = normal(np.random.default_rng(seed), 600, d, rho)
        errors.append([nats(x, y) - truth, copula(x, y) - truth])
    ours, of_copula = np.sqrt(np.mean(np.square(errors), axis=0))
    assert ours <= 1.1 * of_copula + 0.01


@pytest.mark.parametrize(
    ("n", "d", "n_tables"), [(200, 1, 200), (1000, 1, 50), (200, 5, 30), (1000, 5, 10)]
)
def test_independent_columns_have_none_on_average(n: int, d: int, n_tables: int) -> None:
    rng = np.random.default_rng(1)
    found = [nats(rng.normal(size=(n, d)), rng.normal(size=(n, d))) for _ in range(n_tables)]
    assert abs(np.mean(found)) < 3 * np.std(found) / math.sqrt(n_tables)


def test_independent_columns_full_of_ties_have_none_on_average() -> None:
    rng = np.random.default_rng(2)
    found = []
    for _ in range(40):
        x, y = (np.maximum(rng.normal(size=(300, 1)), 0.3) for _ in "xy")
        found.append(nats(x, y))
    assert abs(np.mean(found)) < 3 * np.std(found) / math.sqrt(len(found))


def test_heavy_tails_are_seen_in_the_radii() -> None:
    truth = student_information(4, 2.0)
    for seed in range(3):
        x, y = student(np.random.default_rng(seed), 2000, 4, 2.0)
        assert abs(copula(x, y)) < 0.02
        assert nats(x, y) == pytest.approx(truth, abs=0.06)


def test_a_circle_is_seen() -> None:
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * math.pi, size=(1000, 1))
    x, y = (f(angle) + 0.1 * rng.normal(size=angle.shape) for f in (np.cos, np.sin))
    assert abs(copula(x, y)) < 0.05
    # Where both halves see it, it is the estimate of nearest neighbours.
    assert nats(x, y) == pytest.approx(KSG().information(*table(x=x, y=y)), abs=1e-9)


def test_one_relation_among_many_columns_is_seen() -> None:
    """In 40 columns neighbours look at the leading canonical coordinates, here the first pair."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 20))
    y = rng.normal(size=(2000, 20))
    y[:, 0] = x[:, 0] + np.where(np.abs(x[:, 0]) < 0.7, 1.0, 0.1) * y[:, 0]
    assert nats(x, y) > copula(x, y) + 0.1


# Given z


def test_given_z_normal_columns_have_the_partial_information() -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        z = rng.normal(size=(800, 2))
        x, y = normal(rng, 800, 1, 0.6)
        x, y = x + z[:, :1], y - 2 * z[:, :1] + z[:, 1:]
        assert nats(x, y, z) == pytest.approx(copula(x, y, z), abs=0.03)
        assert nats(x, y, z) == pytest.approx(-0.5 * math.log(1 - 0.6**2), abs=0.1)


def test_given_z_independent_columns_have_none_on_average() -> None:
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        z = rng.normal(size=(200, 1))
        found.append(nats(2 * z + rng.normal(size=z.shape), rng.normal(size=z.shape) - z, z))
    assert abs(np.mean(found)) < 3 * np.std(found) / math.sqrt(len(found))


def test_given_z_what_is_not_monotone_is_seen() -> None:
    rng = np.random.default_rng(0)
    x, z, noise = rng.normal(size=(3, 2000, 1))
    y = x**2 + z + 0.5 * noise
    assert copula(x, y, z) < 0.1
    assert nats(x, y, z) > 0.5
    assert nats(x, y, z) == nats(y, x, z)


def test_the_chain_rule_holds_roughly() -> None:
    rng = np.random.default_rng(3)
    x, y = student(rng, 2000, 2, 2.0)
    z, y = y[:, :1], y[:, 1:]
    both, one, rest = nats(x, np.hstack([y, z])), nats(x, z), nats(x, y, z)
    assert rest > 0.02
    assert both == pytest.approx(one + rest, abs=0.1)


def test_with_more_in_z_than_neighbours_can_see_it_is_the_copula() -> None:
    rng = np.random.default_rng(0)
    x, y, z = rng.normal(size=(100, 1)), rng.normal(size=(100, 1)), rng.normal(size=(100, 5))
    # log2(100) leaves one axis
    assert nats(x, y + x**2, z) == pytest.approx(copula(x, y + x**2, z), rel=1e-12)


# What it must not depend on


def blocks(n: int = 300) -> tuple[Block, Block]:
    """Two and three columns, with an excess that both halves see."""
    rng = np.random.default_rng(5)
    x, y = student(rng, n, 3, 1.0)
    return x[:, :2] + 0.3 * y[:, :2], y


@pytest.mark.parametrize("single", [True, False])
def test_invariance(single: bool) -> None:
    x, y = blocks()
    if single:
        x, y = x[:, :1], y[:, :1]
    value = nats(x, y)
    assert value > copula(x, y) + 0.02
    rows = np.random.default_rng(0).permutation(len(x))
    for other in (
        nats(x[rows], y[rows]),
        nats(y, x),
        nats(x[:, ::-1], y[:, ::-1]),
        nats(np.arctan(x), y**3),
        nats(-x, np.arcsinh(y)),
        nats(np.arctan(x) * 1e6 + 1e9, y * 1e-6),
    ):
        assert other == pytest.approx(value, abs=1e-9)


def test_neither_order_nor_direction_of_given_columns_matters() -> None:
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(2, 500, 1))
    z = rng.normal(size=(500, 2))
    y = x**2 + z[:, :1] + 0.3 * noise
    value = nats(x, y, z)
    assert value > copula(x, y, z) + 0.2
    rows = rng.permutation(len(x))
    for other in (
        nats(y, x, z),
        nats(x[rows], y[rows], z[rows]),
        nats(x, y, z[:, ::-1]),
        nats(-x, np.exp(y), -z),
    ):
        assert other == pytest.approx(value, abs=1e-9)


def test_other_columns_and_incomplete_rows_do_not_matter() -> None:
    x, y = blocks()
    data, of_x, of_y = table(x=x, y=y)
    gapped = data.to_pandas()
    gapped.loc[:20, "x0"] = np.nan
    gapped["other"] = np.nan
    gapped.loc[100:, "other"] = 1.5
    whole = CopulaKNN().information(*table(x=x[21:], y=y[21:]))
    assert CopulaKNN().information(as_dataset(gapped, missing="testwise"), of_x, of_y) == whole


@pytest.mark.parametrize("n", [1, 2, 7, 100, 1001])
def test_halves(n: int) -> None:
    rng = np.random.default_rng(n)
    values = rng.normal(size=(2, n))
    first, seed = cut_in_halves(values)
    assert abs(first.sum() - n / 2) <= 1 + n / 50
    rows = rng.permutation(n)
    for other in (values[:, rows], -values[:, rows], values[::-1, rows]):
        again, same_seed = cut_in_halves(other)
        assert np.array_equal(again, first[rows])
        assert same_seed == seed


def test_halves_share_equal_rows() -> None:
    values = np.repeat(np.random.default_rng(0).normal(size=(2, 30)), 10, axis=1)
    first, _ = cut_in_halves(values)
    assert np.array_equal(first.reshape(30, 10).sum(axis=1), np.full(30, 5))


def nearest_by_loops(x: Block, y: Block, z: Block, k: int, tied: bool) -> list[float]:
    """Frenzel and Pompe's terms, or the mean over all ways to break ties."""
    axes = [np.abs(b[:, :, None] - b[:, None, :]).max(axis=0, initial=0.0) for b in (x, z, y)]
    spaces, terms = [[0, 1], [1, 2], [1]], []
    for i in range(x.shape[1]):
        if tied:
            of_x, of_y, of_z = reference.psi_with_ties(axes, spaces, i, k)
        else:
            radius = np.sort(np.max(axes, axis=0)[i])[k]  # the first is the point itself
            counts = [np.sum(np.max([axes[a][i] for a in s], axis=0) < radius) for s in spaces]
            of_x, of_y, of_z = psi(counts)
        terms.append(float(psi(k) - of_x - of_y + of_z))
    return terms


@pytest.mark.parametrize("dims", [(1, 1, 0), (2, 3, 0), (1, 2, 1), (1, 1, 3)])
@pytest.mark.parametrize("tied", [False, True])
def test_terms_of_neighbours(dims: tuple[int, int, int], tied: bool) -> None:
    rng = np.random.default_rng(sum(dims))
    x, y, z = (rng.normal(size=(d, 60)) for d in dims)
    if tied:
        x, y, z = np.round(x), np.round(y), np.round(z)
    explained = rng.normal(size=60)
    half = rng.random(60) < 0.5
    expected = np.array(nearest_by_loops(x[:, half], y[:, half], z[:, half], 3, tied))
    expected -= explained[half]
    assert _View(x, y, z, explained).excess(half, 3) == pytest.approx(expected, abs=1e-12)


# Few rows, and columns that say little


@pytest.mark.parametrize("n", range(4, 31))
def test_few_rows(n: int) -> None:
    x, y = normal(np.random.default_rng(n), n, 1, 0.5)
    assert math.isfinite(nats(x, y))
    if n // 2 <= 3:
        assert nats(x, y) == copula(x, y)


def test_a_constant_column_has_none() -> None:
    x, y = normal(np.random.default_rng(0), 50, 2, 0.5)
    assert nats(np.full((50, 1), 0.5), y) == 0.0
    x[:, 1] = 3.5
    assert nats(x, y) == pytest.approx(nats(x[:, :1], y), abs=1e-9)


def test_what_z_determines_has_none() -> None:
    x, y = normal(np.random.default_rng(0), 50, 1, 0.5)
    assert nats(x, y, np.exp(x)) == 0.0


def test_a_column_with_itself_is_infinite() -> None:
    x, _ = normal(np.random.default_rng(0), 50, 1, 0.5)
    for y in (x, -(x**3)):
        with pytest.warns(MistructWarning, match="infinite"):
            assert nats(x, y) == math.inf


def test_errors() -> None:
    data = as_dataset(pd.DataFrame({"a": [0.5, 1.5, 2.5, 3.5] * 3, "b": list("uvwu") * 3}))
    with pytest.raises(DataError, match="discrete: 'b'; use 'mixed-knn'"):
        CopulaKNN().information(data, ["a"], ["b"])
    with pytest.raises(DataError, match="discrete: 'b'"):
        CopulaKNN().pairwise(data, np.arange(2), np.arange(2))
    with pytest.raises(DataError, match="n_neighbors=5"):
        CopulaKNN(5).information(
            *table(x=np.random.default_rng(0).normal(size=(5, 1)), y=np.arange(5.0)[:, None] ** 2)
        )
    with pytest.raises(ParameterError, match="n_neighbors must be a whole number"):
        CopulaKNN(0)
    assert CopulaKNN().name == "copula-knn"


# Whole tables


def test_entropy_is_that_of_neighbours() -> None:
    data, of_x, _ = table(x=blocks()[0], y=blocks()[1])
    assert CopulaKNN(4).entropy(data, of_x) == KSG(4).entropy(data, of_x)


def test_total_correlation() -> None:
    x, y = blocks()
    one, other = x[:, :1], y[:, :1]
    data, *_ = table(x=one, y=other)
    assert CopulaKNN().total_correlation(data) == pytest.approx(nats(one, other), abs=1e-9)
    data, *_ = table(x=x, y=y)
    value = CopulaKNN().total_correlation(data)
    assert value > GaussianCopula().total_correlation(data)
    again = CopulaKNN().total_correlation(data.select(data.names[::-1]))
    assert again == pytest.approx(value, abs=1e-9)


def columns_with_gaps() -> Dataset:
    rng = np.random.default_rng(0)
    x, y = student(rng, 120, 2, 1.0)
    frame = pd.DataFrame(
        {
            "a": x[:, 0],
            "b": y[:, 0],
            "tied": np.round(x[:, 1]),
            "rounded": np.round(y[:, 1]),
            "square": x[:, 0] ** 2 + 0.1 * rng.normal(size=120),
            "constant": np.ones(120),
            "gapped": np.where(np.arange(120) < 30, np.nan, y[:, 0] + x[:, 0]),
            "late": np.where(np.arange(120) < 30, 0.5 * np.arange(120), np.nan),
        }
    )
    return as_dataset(frame, missing="testwise", kinds={"*": "continuous"})


def by_pairs(data: Dataset, rows: Sequence[int], columns: Sequence[int]) -> Block:
    values = np.empty((len(rows), len(columns)))
    for a, i in enumerate(rows):
        for b, j in enumerate(columns):
            x, y = data.names[i], data.names[j]
            if i == j:
                values[a, b] = 0.0 if x == "constant" else math.inf
            elif {x, y} == {"gapped", "late"}:
                values[a, b] = math.nan
            else:
                values[a, b] = CopulaKNN().information(data, [x], [y])
    return values


def test_pairwise() -> None:
    data = columns_with_gaps()
    every = np.arange(data.n_variables)
    for rows, columns in ((every, every), (every[:2], every[::-1]), (every[3:], every[:0])):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            values = CopulaKNN().pairwise(data, rows, columns)
        expected = by_pairs(data, rows.tolist(), columns.tolist())
        assert values == pytest.approx(expected, abs=1e-9, nan_ok=True)
    assert CopulaKNN().pairwise(data, every, every, np.float32).dtype == np.float32


def test_a_matrix_warns_of_equal_columns() -> None:
    x, y = normal(np.random.default_rng(0), 60, 1, 0.5)
    data, *_ = table(x=np.hstack([x, np.exp(-x)]), y=y)
    with pytest.warns(MistructWarning, match="infinite"):
        values = CopulaKNN().pairwise(data, np.arange(3), np.arange(3))
    assert values[0, 1] == values[1, 0] == math.inf
