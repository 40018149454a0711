"""Every kind of table goes through every public function that takes one, and gives the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anndata
import networkx as nx
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mistruct as ms

NAMES = ["x0", "x1", "x2"]
CODES = np.random.default_rng(0).integers(0, 3, (60, 3))
CODES[:, 1] = np.where(CODES[:, 2] > 0, CODES[:, 0], CODES[:, 1])
FRAME = pd.DataFrame(CODES, columns=NAMES)
GRAPH = nx.Graph([("x0", "x1"), ("x1", "x2")])

TABLES: dict[str, Callable[[], Any]] = {
    "Dataset": lambda: ms.as_dataset(FRAME),
    "pandas": lambda: FRAME,
    "polars": lambda: pl.DataFrame(FRAME),
    "pyarrow": lambda: pa.Table.from_pandas(FRAME),
    "numpy": lambda: CODES,
    # Whole numbers of an AnnData are counts, so continuous; these are states.
    "AnnData": lambda: ms.as_dataset(
        anndata.AnnData(CODES, var=pd.DataFrame(index=NAMES)),
        kinds=dict.fromkeys(NAMES, "discrete"),
    ),
}

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "as_dataset": lambda t: ms.as_dataset(t).codes.tolist(),
    "discretize": lambda t: ms.discretize(t).codes.tolist(),
    "entropy": ms.entropy,
    "mutual_information": lambda t: ms.mutual_information(t, CODES[:, 0]),
    "conditional_mutual_information": lambda t: ms.conditional_mutual_information(
        CODES[:, 0], CODES[:, 1], t
    ),
    "interaction_information": lambda t: ms.interaction_information(t, CODES[:, 0], CODES[:, 1]),
    "variation_of_information": lambda t: ms.variation_of_information(t, CODES[:, 0]),
    "normalized_mutual_information": lambda t: ms.normalized_mutual_information(t, CODES[:, 0]),
    "total_correlation": ms.total_correlation,
    "mutual_information_matrix": lambda t: ms.mutual_information_matrix(t).to_dict(),
    "independence_test": lambda t: ms.independence_test(t, "x0", "x1", ["x2"]),
    "ChowLiu": lambda t: ms.ChowLiu().fit(t).edges_.to_dict(),
    "TAN": lambda t: ms.TAN("x2").fit(t).edges_.to_dict(),
    "PC": lambda t: ms.PC(0.2).fit(t).edges_.to_dict(),
    "check_graph": lambda t: repr(ms.check_graph(GRAPH, t)),
    "rank_features": lambda t: ms.rank_features(t, "x2").fillna(0).to_dict(),
    "to_bayesian_network": lambda t: [
        cpd.values.tolist() for cpd in ms.to_bayesian_network(GRAPH, t).get_cpds()
    ],
    "to_markov_network": lambda t: [
        f.values.tolist() for f in ms.to_markov_network(GRAPH, t).get_factors()
    ],
}


@pytest.mark.filterwarnings("ignore:.*Transforming to str index.*")
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("kind", TABLES)
def test_every_function_takes_every_kind_of_table(kind: str, function: str) -> None:
    assert FUNCTIONS[function](TABLES[kind]()) == FUNCTIONS[function](FRAME)


def test_the_public_names_are_there() -> None:
    for name in ms.__all__:
        assert getattr(ms, name) is not None
    assert set(ms.__all__) <= set(dir(ms))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ms.nothing  # noqa: B018
