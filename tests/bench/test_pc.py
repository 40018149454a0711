"""PC on samples of known networks: how much of the skeleton is found, and how fast."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from tests.bench.conftest import Beside
from tests.structure.sampled_networks import network, sample_network

N_ROWS, ALPHA, N_SAMPLES = 10_000, 0.05, 9
# Tables too sparse for chi-square are held against it all the same, as other programs do.
TEST = ms.GTest(sparse="chi-square")


NAMES = ("alarm", "hailfinder", "win95pts")
# PC with the default test takes at most so many times as long as with chi-square throughout.
MOST_BESIDE_CHI_SQUARE = 3.0


def f1(name: str, found: Iterable[Iterable[str]]) -> float:
    """F1 of the edges of the skeleton."""
    edges = {frozenset(e) for e in found}
    true = {frozenset(e) for e in network(name).edges}
    return 2 * len(edges & true) / (len(edges) + len(true))


def learned(table: pd.DataFrame, **options: Any) -> Iterable[Iterable[str]]:
    """The edges of the skeleton."""
    edges: Iterable[Iterable[str]] = ms.PC(ALPHA, TEST, **options).fit(table).skeleton_.edges
    return edges


def test_skeletons_of_known_networks() -> None:
    tables = {name: sample_network(name, N_ROWS, 0) for name in NAMES}
    textbook = {n: f1(n, learned(t, determinism="textbook")) for n, t in tables.items()}
    by_default = {n: f1(n, learned(t)) for n, t in tables.items()}
    print(f"skeleton F1: textbook {textbook}, default {by_default}")  # noqa: T201
    assert textbook["alarm"] > 0.95
    assert np.mean(list(by_default.values())) > 0.84


@pytest.mark.long
@pytest.mark.parametrize("name", [*NAMES, "insurance"])
def test_the_default_test_beside_chi_square(name: str, beside: Beside) -> None:
    data = ms.as_dataset(sample_network(name, N_ROWS, 0))
    ratio = beside(
        f"PC, {name} x {N_ROWS:,} rows, G test as it comes",
        lambda: ms.PC(ALPHA, determinism="textbook").fit(data),
        "sparse tables by chi-square, too",
        lambda: ms.PC(ALPHA, TEST, determinism="textbook").fit(data),
    )
    assert ratio > 1 / MOST_BESIDE_CHI_SQUARE


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_the_default_test_finds_no_less(name: str) -> None:
    tables = [sample_network(name, N_ROWS, seed) for seed in range(N_SAMPLES)]
    found = pd.DataFrame(
        {
            sparse: [
                f1(name, ms.PC(ALPHA, ms.GTest(sparse=sparse)).fit(t).skeleton_.edges)
                for t in tables
            ]
            for sparse in ("moments", "chi-square")
        }
    )
    means = found.mean()
    print(f"skeleton F1, {name}: {means.round(4).to_dict()}")  # noqa: T201
    assert means["moments"] > means["chi-square"] - 0.006  # half of what one edge makes of alarm


def pyagrum_edges(table: pd.DataFrame) -> Iterable[Iterable[str]]:
    """The skeleton by the PC of pyAgrum with its G test."""
    gum = pytest.importorskip("pyagrum")
    learner = gum.BNLearner(table.astype(str).radd("s"))
    learner.usePC()
    learner.useG2Test()
    learner.setPCAlpha(ALPHA)
    learner.setPCStable(True)
    graph = learner.learnPDAG()
    return [
        (learner.nameFromId(a), learner.nameFromId(b)) for a, b in (*graph.arcs(), *graph.edges())
    ]


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_skeletons_of_several_samples_beside_pyagrum(name: str) -> None:
    forms: dict[str, Callable[[pd.DataFrame], Iterable[Iterable[str]]]] = {
        "default": learned,
        "textbook": partial(learned, determinism="textbook"),
        "textbook, fdr 0.05": partial(learned, determinism="textbook", fdr=0.05),
        "pyAgrum": pyagrum_edges,
    }
    rows = [
        {form: f1(name, edges(table)) for form, edges in forms.items()}
        for table in (sample_network(name, N_ROWS, seed) for seed in range(N_SAMPLES))
    ]
    found = pd.DataFrame(rows)
    print(f"skeleton F1, {name}: {found.agg(['mean', 'min', 'max']).round(3).to_dict()}")  # noqa: T201
    means = found.mean()
    assert means["default"] > means["pyAgrum"]
    assert means["textbook"] > means["pyAgrum"] - 0.01


@pytest.mark.long
def test_many_rows_beside_pyagrum(beside: Beside) -> None:
    pytest.importorskip("pyagrum")
    table = sample_network("alarm", 3_000_000, 0)
    data, part = ms.as_dataset(table), table[:100_000]
    ratio = beside(
        "PC with its defaults, alpha 0.05, alarm x 3,000,000 rows",
        lambda: ms.PC(ALPHA).fit(replace(data)),  # for which nothing has been made ready
        "pyAgrum, PC with G test, 30 times that of 100,000 rows",
        lambda: pyagrum_edges(part),
        rounds=2,
        peer_rounds=1,
        scale=30,
    )
    assert ratio > 1


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


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_skeletons_beside_causal_learn(name: str, beside: Beside) -> None:
    table = sample_network(name, N_ROWS, 0)
    values = table.to_numpy()
    constraint_based = pytest.importorskip("causallearn.search.ConstraintBased.PC")
    ratio = beside(
        f"PC, {name} x {N_ROWS:,} rows, G test by chi-square, v-structures by one set",
        lambda: ms.PC(ALPHA, TEST, orientation="standard", determinism="textbook").fit(table),
        "causal-learn, G test",
        lambda: constraint_based.pc(values, ALPHA, "gsq", show_progress=False),
        peer_rounds=2,
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
