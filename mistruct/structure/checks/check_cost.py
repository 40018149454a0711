"""Expected cost of `check_graph`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import networkx as nx
import numpy as np

from mistruct.independence.base import IndependenceTest
from mistruct.independence.names import resolve_or_call
from mistruct.structure.checks.graph_check import MOST_PERMUTED, check_levels, columns_of
from mistruct.structure.checks.markov_basis import basis_of
from mistruct.structure.cost import LIBRARIES, Cost, bytes_held
from mistruct.structure.mixed_graph import as_mixed_graph

# Memory for a pair of columns: its question, its answers, and its row in the table of them.
_BYTES_OF_A_PAIR = 600

# To ask a question, beside its test.
_SECONDS_OF_A_QUESTION = 2e-5

# Pairs that the time of a test is foreseen by.
_PAIRS = 2000


def check_cost(
    graph: nx.Graph,
    data: Any,
    *,
    test: str | IndependenceTest | Callable[..., float] = "auto",
    alpha: float = 0.05,
    n_permutations: int = 99,
    hidden: Iterable[str] = (),
) -> Cost:
    """Expected cost of `check_graph` with these parameters.

    The columns without an edge are tested once, given as many others as one has parents or
    neighbours, and again with each permutation of the names; then the edges.

    Raises
    ------
    DataError, ParameterError
        As `check_graph`, of the graph and its nodes.
    """
    check_levels(alpha, n_permutations)
    used = resolve_or_call(test)
    basis = basis_of(as_mixed_graph(graph, hidden))
    table = columns_of(basis.names, data)
    n_edges = len(basis.edges)
    n_asked = math.comb(len(basis.names), 2) - n_edges
    n_tests = n_asked + n_edges + n_permutations * min(n_asked, MOST_PERMUTED)
    few = np.random.default_rng(0).permutation(table.n_variables)[: math.isqrt(2 * _PAIRS)]
    pairs = np.sort(few)[np.column_stack(np.triu_indices(len(few), 1))]
    sizes, n_columns = np.unique(basis.sizes(), return_counts=True)
    of_size = [float(np.mean(used.seconds(table, pairs, size))) for size in sizes.tolist()]
    of_test = float(np.average(of_size, weights=n_columns)) + _SECONDS_OF_A_QUESTION
    return Cost(
        seconds=n_tests * of_test,
        n_bytes=LIBRARIES + bytes_held(table) + used.n_bytes(table) + _BYTES_OF_A_PAIR * n_asked,
    ).advised(packs=table.on_disk is None)
