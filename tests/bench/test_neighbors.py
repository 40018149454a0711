"""Nearest-neighbour information of pairs of columns, beside others that estimate the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import cKDTree
from scipy.special import psi

import mistruct as ms
from tests.bench.conftest import Beside

N_NEIGHBORS = 3
N_COLUMNS, N_ROWS = 100, 1000
N_OF_ONE_PAIR = 100_000


def expression(n_columns: int, n_rows: int) -> np.ndarray:
    """Columns of shape (n_columns, n_rows), half of them driven by one factor."""
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(n_columns, n_rows))
    columns[::2] += 1.5 * rng.normal(size=n_rows)
    return columns


def test_matrix_beside_npeet(beside: Beside) -> None:
    npeet = pytest.importorskip("npeet_plus")
    columns = expression(N_COLUMNS, N_ROWS)
    data = ms.as_dataset(columns.T)
    pairs = [(x[:, np.newaxis], y[:, np.newaxis]) for x in columns[:6] for y in columns[6:11]]

    ratio = beside(
        f"KSG matrix, {N_COLUMNS} columns x {N_ROWS} rows, k={N_NEIGHBORS}",
        lambda: ms.mutual_information_matrix(data, estimator=ms.KSG(N_NEIGHBORS)),
        f"NPEET, from {len(pairs)} pairs",
        lambda: [npeet.mi(x, y, k=N_NEIGHBORS) for x, y in pairs],
        rounds=10,
        scale=N_COLUMNS * (N_COLUMNS - 1) / 2 / len(pairs),
    )
    assert ratio >= 40


def test_matrix_beside_scikit_learn(beside: Beside) -> None:
    selection = pytest.importorskip("sklearn.feature_selection")
    columns = expression(N_COLUMNS, N_ROWS)
    data = ms.as_dataset(columns.T)

    ratio = beside(
        f"KSG matrix, {N_COLUMNS} columns x {N_ROWS} rows, k={N_NEIGHBORS}",
        lambda: ms.mutual_information_matrix(data, estimator=ms.KSG(N_NEIGHBORS)),
        "scikit-learn, from one row, two threads",
        lambda: selection.mutual_info_regression(
            columns.T, columns[0], n_neighbors=N_NEIGHBORS, n_jobs=-1
        ),
        rounds=5,
        scale=(N_COLUMNS - 1) / 2,
    )
    assert ratio >= 25


def test_labels_beside_scikit_learn(beside: Beside) -> None:
    """One column of labels against many continuous ones, as to rank genes for a disease."""
    selection = pytest.importorskip("sklearn.feature_selection")
    columns = expression(N_COLUMNS, N_ROWS)
    labels = np.random.default_rng(1).choice(["a", "b", "c", "d"], N_ROWS)
    frame = pd.DataFrame(columns.T, columns=[f"g{i}" for i in range(N_COLUMNS)])
    data = ms.as_dataset(frame.assign(label=labels))
    genes = list(frame)

    ratio = beside(
        f"label with {N_COLUMNS} columns x {N_ROWS} rows, k={N_NEIGHBORS}",
        lambda: ms.mutual_information_matrix(
            data, estimator=ms.MixedKNN(N_NEIGHBORS), rows=["label"], columns=genes
        ),
        "scikit-learn, two threads",
        lambda: selection.mutual_info_classif(
            columns.T, labels, n_neighbors=N_NEIGHBORS, n_jobs=-1
        ),
        rounds=5,
    )
    assert ratio >= 5


def test_one_long_pair_beside_trees(beside: Beside) -> None:
    """The k-d tree of scipy on all cores, and sorted columns for the counts on the axes."""
    x, y = expression(2, N_OF_ONE_PAIR)
    points = np.column_stack([x, y])

    def within(column: np.ndarray, radius: np.ndarray) -> np.ndarray:
        ordered = np.sort(column)
        above = np.searchsorted(ordered, column + radius, "left")
        return above - np.searchsorted(ordered, column - radius, "right")

    def theirs() -> float:
        distance, _ = cKDTree(points).query(points, N_NEIGHBORS + 1, p=np.inf, workers=-1)
        radius = distance[:, -1]
        counts = psi(within(x, radius)) + psi(within(y, radius))
        return float(psi(N_NEIGHBORS) + psi(len(x)) - counts.mean())

    ratio = beside(
        f"KSG of one pair, {N_OF_ONE_PAIR:,} rows, k={N_NEIGHBORS}",
        lambda: ms.mutual_information(x, y, estimator=ms.KSG(N_NEIGHBORS)),
        "scipy k-d tree on all cores",
        theirs,
        rounds=10,
    )
    assert ratio >= 2
