"""PC on samples of known networks: how much of the skeleton is found, and how fast."""

from __future__ import annotations

import logging
import warnings

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from tests.bench.conftest import Beside
from tests.structure.networks import network, sample_network

N_ROWS, ALPHA = 10_000, 0.05
# Tables too sparse for chi-square are held against it all the same, as other programs do.
TEST = ms.GTest(sparse="chi-square")


def f1(name: str, table: pd.DataFrame, determinism: str) -> float:
    """F1 of the edges of the skeleton."""
    learner = ms.PC(ALPHA, TEST, determinism=determinism)  # type: ignore[arg-type]
    found = {frozenset(e) for e in learner.fit(table).skeleton_.edges}
    true = {frozenset(e) for e in network(name).edges}
    return 2 * len(found & true) / (len(found) + len(true))


def test_skeletons_of_known_networks() -> None:
    names = ("alarm", "hailfinder", "win95pts")
    tables = {name: sample_network(name, N_ROWS, 0) for name in names}
    textbook = {name: f1(name, table, "textbook") for name, table in tables.items()}
    by_default = {name: f1(name, table, "informative") for name, table in tables.items()}
    print(f"skeleton F1: textbook {textbook}, default {by_default}")  # noqa: T201
    assert textbook["alarm"] > 0.95
    assert np.mean(list(by_default.values())) > 0.84


def test_alarm_beside_pgmpy(beside: Beside) -> None:
    table = sample_network("alarm", N_ROWS, 0)
    data = ms.as_dataset(table)
    logging.getLogger("pgmpy").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is going to be renamed
        estimators = pytest.importorskip("pgmpy.estimators")

    def theirs() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            estimators.PC(table.astype("category")).estimate(
                variant="stable",
                ci_test="log_likelihood",
                significance_level=ALPHA,
                return_type="skeleton",
                show_progress=False,
            )

    ratio = beside(
        f"PC, skeleton and directions, alarm x {N_ROWS:,} rows, G test by chi-square",
        lambda: ms.PC(ALPHA, TEST, determinism="textbook").fit(data),
        "pgmpy, skeleton",
        theirs,
        peer_rounds=1,
    )
    assert ratio > 60


def sparse_gaussian(n_variables: int, n_rows: int) -> np.ndarray:
    """Rows of a linear Gaussian network with about one parent a column."""
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(n_variables, n_rows))
    for j in range(1, n_variables):
        for i in rng.choice(j, min(j, rng.poisson(1.0)), replace=False):
            columns[j] += rng.uniform(0.3, 1) * rng.choice([-1, 1]) * columns[i]
    return columns.T


def test_gaussian_beside_causal_learn(beside: Beside) -> None:
    table = sparse_gaussian(100, 1000)
    constraint_based = pytest.importorskip("causallearn.search.ConstraintBased.PC")
    ratio = beside(
        "PC, 100 continuous columns x 1000 rows, copula test, alpha 0.01",
        lambda: ms.PC(0.01, determinism="textbook").fit(table),
        "causal-learn, Fisher's z",
        lambda: constraint_based.pc(table, 0.01, "fisherz", show_progress=False),
        peer_rounds=1,
    )
    assert ratio > 10
