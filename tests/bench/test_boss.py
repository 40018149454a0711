"""BOSS on samples of known networks: how near the truth, how fast, and beside its peers."""

from __future__ import annotations

import logging
import time
import warnings
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from tests.bench.conftest import Beside
from tests.structure.orders.test_boss import Population, columns_of
from tests.structure.orders.test_order_search import random_dag
from tests.structure.sampled_networks import network_graph, sample_network

N_ROWS, N_SAMPLES = 5000, 9
NAMES = ("insurance", "alarm", "hailfinder", "win95pts")


def judged(name: str, graph: nx.Graph) -> tuple[float, int]:
    """Skeleton F1, and SHD of the CPDAGs."""
    found = ms.compare(graph, network_graph(name))
    return found.skeleton_f1, found.shd


def pyagrum_graph(table: pd.DataFrame) -> nx.DiGraph:
    """The DAG of pyAgrum's tabu search by BDeu, which it starts at the empty graph."""
    gum = pytest.importorskip("pyagrum")
    learner = gum.BNLearner(table.astype(str).radd("s"))
    learner.useScoreBDeu()
    learner.useLocalSearchWithTabuList()
    learned = learner.learnBN()
    graph = nx.DiGraph()
    graph.add_nodes_from(table)
    graph.add_edges_from(
        (learned.variable(a).name(), learned.variable(b).name()) for a, b in learned.arcs()
    )
    return graph


def pgmpy_graph(table: pd.DataFrame) -> nx.DiGraph:
    """The DAG of pgmpy's hill climbing by BDeu."""
    logging.getLogger("pgmpy").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is going to be renamed
        estimators = pytest.importorskip("pgmpy.estimators")
        found = estimators.HillClimbSearch(table.astype("category")).estimate(
            scoring_method="bdeu", show_progress=False
        )
    graph = nx.DiGraph()
    graph.add_nodes_from(table)
    graph.add_edges_from(found.edges)
    return graph


def merged(graph: nx.DiGraph, copies: dict[str, str]) -> nx.DiGraph:
    """The graph with each column that equals another in every row merged into that one."""
    found = nx.relabel_nodes(graph, copies)
    found.remove_edges_from(list(nx.selfloop_edges(found)))
    return found


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "least_f1", "most_shd"),
    [
        ("insurance", 0.90, 13.0),
        ("alarm", 0.97, 3.0),
        ("hailfinder", 0.88, 25.0),
        ("win95pts", 0.91, 20.0),
    ],
)
def test_graphs_in_which_equal_columns_count_once(
    name: str, least_f1: float, most_shd: float
) -> None:
    found = []
    for seed in range(N_SAMPLES):
        boss = ms.BOSS().fit(sample_network(name, N_ROWS, seed))
        graphs = [merged(graph, boss.copies_) for graph in (boss.graph_, network_graph(name))]
        comparison = ms.compare(*graphs)
        found.append((comparison.skeleton_f1, comparison.shd))
    f1, shd = np.mean(found, axis=0)
    print(f"{name}, equal columns merged: F1 {f1:.3f}, SHD {shd:.1f}")  # noqa: T201
    assert f1 >= least_f1
    assert shd <= most_shd


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_graphs_of_several_samples(name: str) -> None:
    rows = []
    for seed in range(N_SAMPLES):
        table = sample_network(name, N_ROWS, seed)
        forms: dict[str, nx.Graph] = {
            "BOSS": ms.BOSS().fit(table).graph_,
            "PC": ms.PC(0.05, ms.GTest(sparse="chi-square")).fit(table).graph_,
            "pyAgrum": pyagrum_graph(table),
        }
        rows.append({form: judged(name, graph)[1] for form, graph in forms.items()})
    found = pd.DataFrame(rows).mean()
    print(f"SHD, {name}: {found.round(1).to_dict()}")  # noqa: T201
    assert found["BOSS"] < found[["PC", "pyAgrum"]].min()


def test_insurance_beside_causal_learn(beside: Beside) -> None:
    boss = pytest.importorskip("causallearn.search.PermutationBased.BOSS")
    table = sample_network("insurance", 1000, 0)
    data = ms.as_dataset(table)
    codes = table.to_numpy()

    def theirs() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its own calls to pandas
            boss.boss(codes, "local_score_BDeu", verbose=False)

    ratio = beside(
        "BOSS, insurance x 1,000 rows, BDeu, no restarts",
        lambda: ms.BOSS("bdeu", n_restarts=0).fit(data),
        "causal-learn, BOSS, BDeu",
        theirs,
        peer_rounds=1,
    )
    assert ratio > 200


def test_alarm_beside_pgmpy(beside: Beside) -> None:
    table = sample_network("alarm", N_ROWS, 0)
    data = ms.as_dataset(table)
    ratio = beside(
        f"BOSS, alarm x {N_ROWS:,} rows, BDeu",
        lambda: ms.BOSS("bdeu").fit(data),
        "pgmpy, hill climbing, BDeu",
        lambda: pgmpy_graph(table),
        peer_rounds=1,
    )
    assert ratio > 5


def linear_gaussian(
    n_columns: int, n_rows: int, degree: float, seed: int
) -> tuple[Any, nx.DiGraph]:
    """Rows of a linear Gaussian model on a random DAG, weights of 0.2 to 1 either way."""
    rng = np.random.default_rng(seed)
    dag = random_dag(rng, n_columns, degree)
    values = rng.normal(size=(n_columns, n_rows))
    for x in nx.topological_sort(dag):
        for p in sorted(dag.pred[x]):
            values[x] += rng.uniform(0.2, 1) * rng.choice([-1, 1]) * values[p]
    return values.T, nx.relabel_nodes(dag, {x: f"x{x}" for x in dag})


@pytest.mark.parametrize("degree", [4, 10])
def test_gaussian_columns(degree: int) -> None:
    found = []
    for seed in range(3):
        table, truth = linear_gaussian(80, 1000, degree, seed)
        found.append(ms.compare(ms.BOSS().fit(table).graph_, truth).shd)
    print(f"SHD of 80 Gaussian columns, degree {degree}: {found}")  # noqa: T201
    assert np.mean(found) <= {4: 3, 10: 10}[degree]


@pytest.mark.long
@pytest.mark.parametrize(("degree", "n_rows"), [(4, 320), (4, 1000), (10, 320), (10, 1000)])
def test_the_score_of_gaussian_columns_beside_causal_learn(degree: int, n_rows: int) -> None:
    boss = pytest.importorskip("causallearn.search.PermutationBased.BOSS")
    to_dag = pytest.importorskip("causallearn.utils.PDAG2DAG").pdag2dag
    score = ms.GaussianBIC(2.0)
    for seed in range(1 if degree == 10 else 3):
        table, truth = linear_gaussian(80, n_rows, degree, seed)
        ours = ms.BOSS(score).fit(table)
        theirs = to_dag(
            boss.boss(table, "local_score_BIC_from_cov", {"lambda_value": 2.0}, verbose=False)
        ).graph
        dag = nx.DiGraph()
        dag.add_nodes_from(truth)
        arrows = np.argwhere((theirs == -1) & (theirs.T == 1))
        dag.add_edges_from((f"x{parent}", f"x{child}") for parent, child in arrows)
        assert ours.score_ >= ms.score(dag, table, score)


@pytest.mark.long
@pytest.mark.parametrize("name", ["hailfinder", "win95pts"])
def test_the_oracle_gives_the_exact_cpdag_of_large_networks(name: str) -> None:
    dag = network_graph(name)
    for n_restarts in (0, 10):
        learner = ms.BOSS(Population(dag, 0), start="random", n_restarts=n_restarts)
        assert judged(name, learner.fit(columns_of(dag)).graph_)[1] == 0


@pytest.mark.long
def test_many_columns() -> None:
    tables = {
        "andes": sample_network("andes", N_ROWS, 0),
        "Gaussian": linear_gaussian(1000, 1000, 2, 0)[0],
    }
    for name, table in tables.items():
        start = time.perf_counter()
        ms.BOSS().fit(table)
        took = time.perf_counter() - start
        print(f"BOSS, {name}: {took:.0f} s for {table.shape[1]} columns")  # noqa: T201
        assert took < 60
