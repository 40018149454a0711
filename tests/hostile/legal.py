"""Large but legal tables, each with the calls that may take too much of them.

The sizes of the ordinary run are smaller, and so is the memory that a call may take.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

import mistruct as ms
from mistruct.features.ranking_cost import ranking_cost
from mistruct.structure.cost import Cost
from tests.hostile.calls import GAPS, command

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
    return "s" + pd.DataFrame(states.T).add_prefix("v").astype(str)


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

LEARNERS: dict[str, Callable[[ms.Dataset], Any]] = {
    "ChowLiu": lambda d: ms.ChowLiu(0.05),
    "ARACNE": lambda d: ms.ARACNE(),
    "CLR": lambda d: ms.CLR(),
    "MRNET": lambda d: ms.MRNET(),
    "TAN": lambda d: ms.TAN(d.names[0]),
    "PC": lambda d: ms.PC(),
    "FCI": lambda d: ms.FCI(),
    "BOSS": lambda d: ms.BOSS(),
    "ChordalNetwork": lambda d: ms.ChordalNetwork(),
    "MarkovBlanket": lambda d: ms.MarkovBlanket(d.names[0]),
}

CALLS: dict[str, Call] = {
    **{n: lambda d, _, make=make: make(d).fit(d) for n, make in LEARNERS.items()},
    "matrix": lambda d, _: ms.mutual_information_matrix(d),
    "rank": lambda d, _: ms.rank_features(d, d.names[0]),
    "compare_clusterings": lambda d, _: ms.compare_clusterings(*_two_columns(d)),
    "score": lambda d, _: ms.score(star(d), d),
    "to_bayesian_network": lambda d, _: ms.to_bayesian_network(star(d), d),
    "to_markov_network": lambda d, _: ms.to_markov_network(star(d), d),
    "check_graph": lambda d, _: ms.check_graph(star(d), d, n_permutations=0),
    "adjustment_set": lambda d, _: ms.adjustment_set(star(d), d.names[0], d.names[-1]),
    **{
        f"$ {method}": lambda d, f, m=method: _commanded("learn", d, f, "--method", m)
        for method in ("chow-liu", "pc", "boss")
    },
    "$ markov-blanket": lambda d, f: _commanded(
        "learn", d, f, "--method", "markov-blanket", "--target", d.names[0]
    ),
    "$ aracne": lambda d, f: _commanded("aracne", d, f),
    "$ rank": lambda d, f: _commanded("rank", d, f, "--target", d.names[0], output="ranks.csv"),
    "$ matrix": lambda d, f: _commanded("matrix", d, f, output="matrix.csv"),
}

#: What a call says before it begins; commands say it themselves, on standard error.
COSTS: dict[str, Callable[[ms.Dataset], Cost]] = {
    **{n: lambda d, make=make: make(d).cost(d) for n, make in LEARNERS.items()},
    "rank": lambda d: ranking_cost(d, d.names[0]),
}
COSTS |= {
    f"$ {command}": COSTS[name]
    for command, name in (
        ("chow-liu", "ChowLiu"),
        ("pc", "PC"),
        ("boss", "BOSS"),
        ("markov-blanket", "MarkovBlanket"),
        ("aracne", "ARACNE"),
        ("rank", "rank"),
    )
}


def _two_columns(data: ms.Dataset) -> list[pd.Series]:
    frame = data.to_pandas()
    return [frame[name] for name in data.names[-2:]]


def _commanded(
    name: str, data: ms.Dataset, folder: Path, *options: str, output: str = "out"
) -> float | None:
    """Run a command on a packed table; the seconds that it says it takes, if it says so."""
    ms.pack_table(data, folder / "t.mistruct")
    said = io.StringIO()
    with redirect_stderr(said):
        command(name, folder / "t.mistruct", "--output", folder / output, *options, *GAPS)
    told = re.search(r"about ([\d,]+|a) (second|s|minutes|hours|days)\b", said.getvalue())
    if told is None:
        return None
    n, unit = told.groups()
    of_unit = {"second": 1, "s": 1, "minutes": 60, "hours": 3600, "days": 86400}[unit]
    return of_unit * (1.0 if n == "a" else float(n.replace(",", "")))


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
