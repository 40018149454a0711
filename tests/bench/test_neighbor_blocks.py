"""Nearest-neighbour information of blocks of columns, beside others that estimate the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import cKDTree
from scipy.special import psi

from mistruct.data.dataset import as_dataset
from mistruct.information.neighbors.knn import KSG, MixedKNN
from tests.bench.conftest import Beside

N_NEIGHBORS = 3


def blocks(d_x: int, d_y: int, d_z: int, n: int) -> list[np.ndarray]:
    """x, y and z of shape (n, d), driven by one factor."""
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(n, d_x + d_y + d_z)) + 0.5 * rng.normal(size=(n, 1))
    return np.split(columns, [d_x, d_x + d_y], axis=1)


def by_scipy(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> float:
    """The textbook on scipy's trees, all cores."""
    joint = np.hstack([x, y, z])
    distance, _ = cKDTree(joint).query(joint, N_NEIGHBORS + 1, p=np.inf, workers=-1)
    radius = np.nextafter(distance[:, -1], 0)

    def term(space: np.ndarray) -> float:
        counts = cKDTree(space).query_ball_point(
            space, radius, p=np.inf, workers=-1, return_length=True
        )
        return float(psi(counts).mean())

    of_z = term(z) if z.size else float(psi(len(x)))
    return float(psi(N_NEIGHBORS)) - term(np.hstack([x, z])) - term(np.hstack([y, z])) + of_z


# Two single columns have a way of their own.
SHAPES = [(5, 5, 0), (2, 3, 0), (1, 1, 1), (1, 1, 3)]


def title(d_x: int, d_y: int, d_z: int, n: int) -> str:
    given = f" given {d_z}-D" if d_z else ""
    return f"KSG of {d_x}-D and {d_y}-D{given}, {n:,} rows, k={N_NEIGHBORS}"


@pytest.mark.parametrize("n", [1000, 10_000])
@pytest.mark.parametrize(("d_x", "d_y", "d_z"), SHAPES)
def test_beside_npeet(d_x: int, d_y: int, d_z: int, n: int, beside: Beside) -> None:
    npeet = pytest.importorskip("npeet_plus")
    x, y, z = blocks(d_x, d_y, d_z, n)
    data = as_dataset(np.hstack([x, y, z]))
    names = np.split(np.array(data.names), [d_x, d_x + d_y])
    ratio = beside(
        title(d_x, d_y, d_z, n),
        lambda: KSG(N_NEIGHBORS).information(data, *names),
        "NPEET",
        lambda: npeet.mi(x, y, z if z.size else None, k=N_NEIGHBORS),
        rounds=5,
    )
    assert ratio >= 2


@pytest.mark.parametrize("n", [1000, 10_000, pytest.param(100_000, marks=pytest.mark.long)])
@pytest.mark.parametrize(("d_x", "d_y", "d_z"), SHAPES)
def test_beside_trees(d_x: int, d_y: int, d_z: int, n: int, beside: Beside) -> None:
    if n == 100_000 and d_x + d_y > 5:
        pytest.skip("takes scipy minutes")
    x, y, z = blocks(d_x, d_y, d_z, n)
    data = as_dataset(np.hstack([x, y, z]))
    names = np.split(np.array(data.names), [d_x, d_x + d_y])
    raw = KSG(N_NEIGHBORS, normal_scores=False)
    assert raw.information(data, *names) == pytest.approx(by_scipy(x, y, z), abs=1e-9)
    ratio = beside(
        title(d_x, d_y, d_z, n),
        lambda: KSG(N_NEIGHBORS).information(data, *names),
        "scipy k-d trees on all cores",
        lambda: by_scipy(x, y, z),
        rounds=2 if n == 100_000 else 5,
    )
    assert ratio >= 2


def test_a_mixture_beside_trees(beside: Beside) -> None:
    """A category is a coordinate for scipy's trees as well."""
    x, y, z = blocks(1, 1, 1, 10_000)
    label = np.random.default_rng(1).integers(0, 4, (10_000, 1))
    frame = pd.DataFrame(np.hstack([x, y, z]), columns=["x", "y", "z"])
    data = as_dataset(frame.assign(label=label))
    raw = MixedKNN(N_NEIGHBORS, normal_scores=False)
    given = ["z", "label"]
    z = np.hstack([z, 1000.0 * label])
    assert raw.information(data, ["x"], ["y"], given) == pytest.approx(by_scipy(x, y, z), abs=1e-9)
    ratio = beside(
        "MixedKNN of 1-D and 1-D given 1-D and 4 states, 10,000 rows, k=3",
        lambda: MixedKNN(N_NEIGHBORS).information(data, ["x"], ["y"], given),
        "scipy k-d trees on all cores",
        lambda: by_scipy(x, y, z),
    )
    assert ratio >= 2
