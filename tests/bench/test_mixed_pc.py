"""PC on tables of both kinds: beside the same after the continuous columns were cut into bins.

Random sparse networks of 50 columns, about half of them discrete. A continuous column moves with
its parents, some along a bend, and by the states of the discrete ones; a discrete column has the
log odds of its states move with its parents.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms

N_COLUMNS, N_ROWS, N_NETWORKS = 50, 1000, 5


def effects(parent: np.ndarray, discrete: bool, rng: np.random.Generator) -> np.ndarray:
    """What a parent does to a child: an offset for each state, or a slope that may bend."""
    sign = rng.choice([-1, 1])
    if discrete:
        offsets = rng.normal(size=parent.max() + 1)
        offsets = (offsets - offsets.mean()) / max(offsets.std(), 1e-9)
        return np.asarray(rng.uniform(0.4, 1.0) * offsets[parent])
    bent = np.tanh(parent) if rng.random() < 0.3 else parent
    return np.asarray(sign * rng.uniform(0.4, 1.0) * bent / bent.std())


def mixed_network(seed: int, n_parents: float) -> tuple[pd.DataFrame, set[frozenset[str]]]:
    """A table and the edges of the skeleton that it comes from, with so many parents on average."""
    rng = np.random.default_rng(seed)
    columns: list[np.ndarray] = []
    discrete = rng.permutation(np.arange(N_COLUMNS) % 2 == 0)
    edges = set()
    for j in range(N_COLUMNS):
        parents = rng.choice(j, min(j, 3, rng.poisson(n_parents)), replace=False) if j else []
        edges |= {frozenset((f"v{i:02}", f"v{j:02}")) for i in parents}
        if discrete[j]:
            n_states = int(rng.integers(2, 5))
            odds = rng.gumbel(size=(n_states, N_ROWS)) + 0.3 * rng.normal(size=(n_states, 1))
            for i in parents:
                # The states differ by what would be one to two deviations of a logistic latent.
                moved = 2.0 * effects(columns[i], bool(discrete[i]), rng)
                odds += moved * rng.permutation(np.linspace(-0.75, 0.75, n_states))[:, np.newaxis]
            columns.append(np.unique(odds.argmax(axis=0), return_inverse=True)[1])
        else:
            moved = sum((effects(columns[i], bool(discrete[i]), rng) for i in parents), 0.0)
            columns.append(moved + rng.normal(size=N_ROWS))
    table = pd.DataFrame({f"v{j:02}": c for j, c in enumerate(columns)})
    return table.astype({f"v{j:02}": "category" for j in np.flatnonzero(discrete)}), edges


def f1(learner: ms.PC, table: object, true: set[frozenset[str]]) -> float:
    """Of the edges of the skeleton."""
    found = {frozenset(e) for e in learner.fit(table).skeleton_.edges}
    return 2 * len(found & true) / (len(found) + len(true))


@pytest.mark.long
@pytest.mark.parametrize("n_parents", [1.25, 2.0])
def test_mixed_tables_beside_discretised_ones(
    request: pytest.FixtureRequest, n_parents: float
) -> None:
    rows = []
    for seed in range(N_NETWORKS):
        table, true = mixed_network(seed, n_parents)
        row = {"as they are": f1(ms.PC(0.01), table, true)}
        cuts = {f"{n} bins": ms.discretize(table, n_bins=n) for n in (2, 3)}
        cuts["bins by default"] = ms.discretize(table)  # 6
        cuts["Bayesian blocks"] = ms.discretize(table, method="bayesian-blocks")
        for name, cut in cuts.items():
            row[name] = f1(ms.PC(0.01, ms.GTest(seed=0)), cut, true)
        rows.append(row)
    means = pd.DataFrame(rows).mean()
    plugins: Any = request.config.pluginmanager
    plugins.getplugin("terminalreporter").write_line(f"mean F1: {means.round(3).to_dict()}")
    assert means["as they are"] > means.drop("as they are").max() + 0.03
    assert means["as they are"] > means["bins by default"] + 0.08
