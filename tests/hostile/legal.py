"""Large but legal tables, each with the calls that may take too much of them.

The sizes of the ordinary run are smaller, and so is the memory that a call may take.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

import mistruct as ms

Rng = np.random.Generator


def wide(rng: Rng, p: int) -> pd.DataFrame:
    """A hundred rows of p columns: 30,000."""
    return pd.DataFrame(rng.normal(size=(100, p)).astype("f4")).add_prefix("g")


def many_categories(rng: Rng, k: int) -> pd.DataFrame:
    """Two columns of k categories, in two rows each, beside others: 50,000."""
    n = 2 * k
    many = rng.permutation(np.arange(n) % k)
    frame = pd.DataFrame({"a": many % 3, "x": rng.normal(size=n) + many % 3})
    frame["d"] = (frame["a"] + rng.integers(0, 2, n)) % 3
    named = pd.Categorical.from_codes(many, [f"s{i}" for i in range(k)])
    return frame.assign(many=named, other=rng.permutation(named))


def many_states(rng: Rng, p: int) -> pd.DataFrame:
    """P columns of p states that share a cause: 200."""
    z = rng.integers(0, p, 2000)
    states = np.where(rng.random((p, 2000)) < 0.5, z, rng.integers(0, p, (p, 2000)))
    return pd.DataFrame(states.T).add_prefix("v").astype(str).add_prefix("s")


def mostly_missing(rng: Rng, p: int) -> pd.DataFrame:
    """P columns, of which 90 percent is missing: 50."""
    values = rng.normal(size=(100 * p, p)).cumsum(axis=1)
    values[:, ::2] = np.sign(values[:, ::2]) + 2
    return pd.DataFrame(values).add_prefix("m").mask(rng.random(values.shape) < 0.9)


def many_parents(rng: Rng, k: int) -> pd.DataFrame:
    """A column with k parents of five states: 12."""
    frame = pd.DataFrame(rng.integers(0, 5, (2000, k))).add_prefix("p")
    return frame.assign(c=(frame.sum(axis=1) // 6) % 5)


def copies(rng: Rng, p: int) -> pd.DataFrame:
    """P noisy copies of one factor: 60."""
    z = rng.normal(size=1000)
    return pd.DataFrame({f"k{i}": z + 0.5 * rng.normal(size=1000) for i in range(p)})


#: Tables: what makes one, its size in the ordinary run, and in the long one.
TABLES: dict[str, tuple[Callable[[Rng, int], pd.DataFrame], int, int]] = {
    "wide": (wide, 4_500, 30_000),
    "many_categories": (many_categories, 8_000, 50_000),
    "many_states": (many_states, 15, 200),
    "mostly_missing": (mostly_missing, 12, 50),
    "many_parents": (many_parents, 12, 12),
    "copies": (copies, 16, 60),
}


def star(data: ms.Dataset) -> nx.DiGraph:
    """All columns but the last as parents of it."""
    graph = nx.DiGraph()
    graph.add_nodes_from(data.names)
    graph.add_edges_from((name, data.names[-1]) for name in data.names[:-1])
    return graph


Call = Callable[[ms.Dataset, Path], Any]

CALLS: dict[str, Call] = {
    "matrix": lambda d, _: ms.mutual_information_matrix(d),
    "rank": lambda d, _: ms.rank_features(d, d.names[0]),
    "ChowLiu": lambda d, _: ms.ChowLiu(0.05).fit(d),
    "ARACNE": lambda d, _: ms.ARACNE().fit(d),
    "TAN": lambda d, _: ms.TAN(d.names[0]).fit(d),
    "PC": lambda d, _: ms.PC().fit(d),
    "FCI": lambda d, _: ms.FCI().fit(d),
    "BOSS": lambda d, _: ms.BOSS().fit(d),
    "ChordalNetwork": lambda d, _: ms.ChordalNetwork().fit(d),
    "MarkovBlanket": lambda d, _: ms.MarkovBlanket(d.names[0]).fit(d),
    "compare_clusterings": lambda d, _: ms.compare_clusterings(*_two_columns(d)),
    "score": lambda d, _: ms.score(star(d), d),
    "to_bayesian_network": lambda d, _: ms.to_bayesian_network(star(d), d),
    "to_markov_network": lambda d, _: ms.to_markov_network(star(d), d),
    "check_graph": lambda d, _: ms.check_graph(star(d), d, n_permutations=0),
    "adjustment_set": lambda d, _: ms.adjustment_set(star(d), d.names[0], d.names[-1]),
}


def _two_columns(data: ms.Dataset) -> list[pd.Series]:
    frame = data.to_pandas()
    return [frame[name] for name in data.names[-2:]]


#: Those that are made in the ordinary run, with a word of the refusal where one is due.
ORDINARY = {
    "wide": {"PC": "GB", "BOSS": "GB", "ChordalNetwork": "GB", "matrix": "GB"},
    "many_categories": {"BOSS": "GB", "compare_clusterings": "GB", "rank": "", "ChowLiu": ""},
    "many_states": {"rank": "", "matrix": ""},
    "mostly_missing": {"PC": "", "BOSS": "", "ChowLiu": ""},
    "many_parents": {
        "to_bayesian_network": "max_cells", "to_markov_network": "max_cells", "score": "",
        "BOSS": "",
    },
    "copies": {"PC": "", "BOSS": "", "FCI": ""},
}  # fmt: skip
