"""Forward selection of chordal graphs as slow and obvious as it can be: every edge is tried."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

import networkx as nx
import numpy as np
from scipy.stats import norm, rankdata


def plug_in_information(rows: Sequence[Sequence[int]], x: int, y: int, z: Iterable[int]) -> float:
    """I(x; y | z) from counts of dictionaries; `rows` is a list of rows."""

    def entropy(columns: list[int]) -> float:
        counts = Counter(tuple(row[c] for c in columns) for row in rows)
        return -sum(n / len(rows) * math.log(n / len(rows)) for n in counts.values())

    given = list(z)
    return entropy([x, *given]) + entropy([y, *given]) - entropy([x, y, *given]) - entropy(given)


def correlations_of_scores(columns: np.ndarray) -> np.ndarray:
    """Correlations of normal scores; `columns` are rows."""
    return np.corrcoef([norm.ppf(rankdata(c) / (len(c) + 1)) for c in columns])


def gaussian_information(correlations: np.ndarray, x: int, y: int, z: Iterable[int]) -> float:
    """The same from determinants of correlations of normal scores."""

    def nats(some: list[int]) -> float:
        return 0.5 * math.log(np.linalg.det(correlations[np.ix_(some, some)])) if some else 0.0

    given = list(z)
    return nats([x, *given]) + nats([y, *given]) - nats([x, y, *given]) - nats(given)


def slow_bic_search(
    n_columns: int,
    information: Callable[[int, int, Iterable[int]], float],
    n_samples: int,
    n_states: Sequence[int] | None,
    gamma: float,
    max_clique: int,
) -> list[tuple[int, int]]:
    """Edges in the order in which they are added; `n_states` is None of continuous columns."""
    graph = nx.empty_graph(n_columns)
    added = []
    while True:
        gains = {}
        for a, b in combinations(range(n_columns), 2):
            if graph.has_edge(a, b):
                continue
            larger = graph.copy()
            larger.add_edge(a, b)
            if not nx.is_chordal(larger):
                continue
            if max(map(len, nx.find_cliques(larger))) > max_clique:
                continue
            separator = set(graph[a]) & set(graph[b])
            dof = 1.0
            if n_states is not None:
                dof = (n_states[a] - 1) * (n_states[b] - 1)
                dof *= math.prod(n_states[s] for s in separator)
            price = 0.5 * math.log(n_samples) * dof + gamma * math.log(n_columns)
            gains[a, b] = round(n_samples * information(a, b, separator) - price, 8)
        best = max(gains, key=lambda p: (gains[p], -p[0], -p[1]), default=None)
        if best is None or gains[best] <= 0:
            return added
        graph.add_edge(*best)
        added.append(best)
