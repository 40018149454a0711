"""How near FCI comes to the true graph of random networks with hidden columns, beside causal-learn.

Networks of 35 columns and mean degree 2, of which 5 columns with two effects or more are hidden;
5,000 rows. The true partial ancestral graph is that of a perfect test. F1 of marks counts each end
of an edge with its mark, circles too.
"""

from __future__ import annotations

import contextlib
import io
import time
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.structure.end_marks import marks_of
from tests.structure.latent.reference_pag import mag_of

N_COLUMNS, N_HIDDEN, N_ROWS, N_NETWORKS, ALPHA = 35, 5, 5000, 12, 0.01

Marks = dict[tuple[str, str], str]


def _dag(rng: np.random.Generator) -> nx.DiGraph:
    names = [f"v{i:02}" for i in range(N_COLUMNS)]
    dag = nx.DiGraph()
    dag.add_nodes_from(names)
    order = rng.permutation(names).tolist()
    for i, effect in enumerate(order):
        chosen = rng.random(i) < 2.0 / (N_COLUMNS - 1)
        dag.add_edges_from((cause, effect) for cause, c in zip(order, chosen, strict=False) if c)
    return dag


def _sample(rng: np.random.Generator, dag: nx.DiGraph, kind: str) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for node in nx.topological_sort(dag):
        causes = [columns[c] for c in dag.predecessors(node)]
        if kind == "normal":
            weights = rng.choice([-1, 1], len(causes)) * rng.uniform(0.4, 1.0, len(causes))
            columns[node] = rng.normal(size=N_ROWS) + sum(
                w * c for w, c in zip(weights, causes, strict=True)
            )
            continue
        row = np.zeros(N_ROWS, dtype=int)
        for cause in causes:
            row = 3 * row + cause
        table = rng.dirichlet(np.full(3, 0.6 if causes else 3.0), 3 ** len(causes))
        bounds = table.cumsum(axis=1)[row][:, :-1]
        columns[node] = (rng.random(N_ROWS)[:, np.newaxis] > bounds).sum(axis=1)
    frame = pd.DataFrame({name: columns[name] for name in dag})
    return frame if kind == "normal" else frame.astype(str).astype("category")


def _by_causal_learn(table: pd.DataFrame, kind: str) -> Marks:
    from causallearn.search.ConstraintBased.FCI import fci

    values = table if kind == "normal" else table.apply(lambda c: c.cat.codes)
    test = "fisherz" if kind == "normal" else "chisq"
    with contextlib.redirect_stdout(io.StringIO()):
        graph, _ = fci(values.to_numpy(), test, ALPHA, verbose=False, show_progress=False)
    called = {1: "arrow", -1: "tail", 2: "circle"}
    return {
        (x, y): called[graph.graph[j, i]]
        for i, x in enumerate(table)
        for j, y in enumerate(table)
        if graph.graph[i, j]
    }


def _f1(found: set[Any], true: set[Any]) -> float:
    return 2 * len(found & true) / max(1, len(found) + len(true))


def _latent(marks: Marks) -> set[frozenset[str]]:
    return {frozenset(e) for e in marks if marks[e] == marks[e[::-1]] == "arrow"}


@pytest.mark.long
@pytest.mark.parametrize("kind", ["normal", "discrete"])
def test_marks(kind, benchmark):
    pytest.importorskip("causallearn")
    shares: dict[str, list[list[float]]] = {"mistruct": [], "causal-learn": []}
    for seed in range(N_NETWORKS):
        rng = np.random.default_rng(seed)
        dag = _dag(rng)
        table = _sample(rng, dag, kind)
        several = [v for v in dag if dag.out_degree(v) > 1]
        hidden = set(rng.choice(several, min(N_HIDDEN, len(several)), replace=False).tolist())
        table = table.drop(columns=list(hidden))
        perfect = ms.FCI(test=ms.DSeparation(dag), fast=False).fit(table.head(50))
        true = marks_of(perfect.graph_)
        signs = {">": "arrow", "-": "tail", "o": "circle"}
        mag = {e: signs.get(m, m) for e, m in mag_of(dag, hidden).items()}
        for name in shares:
            start = time.perf_counter()
            if name == "mistruct":
                found = marks_of(ms.FCI(alpha=ALPHA).fit(table).graph_)
            else:
                found = _by_causal_learn(table, kind)
            seconds = time.perf_counter() - start
            latent = _latent(found)
            shares[name].append(
                [
                    _f1(set(found), set(true)),
                    _f1(set(found.items()), set(true.items())),
                    len(latent & _latent(mag)),
                    len(latent),
                    seconds,
                ]
            )
    for name, rows in shares.items():
        edges, marks = np.mean(rows, axis=0)[:2]
        right, latent = np.sum(rows, axis=0)[2:4]
        benchmark.extra_info[name] = (
            f"F1 of edges {edges:.3f}, of marks {marks:.3f}; {right:.0f} of {latent:.0f} latent "
            f"edges right; {np.median(rows, axis=0)[4]:.3f} s"
        )
    benchmark.pedantic(lambda: None, rounds=1)
    ours, theirs = (np.mean(shares[name], axis=0)[1] for name in shares)
    assert ours > theirs
