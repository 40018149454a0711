r"""The oracle: independence read off a known graph instead of data.

In a DAG, x and y are independent given z, in every distribution that the graph stands for, where
z d-separates them (Pearl 1988). A path is open unless it has a node of z that is no collider, or a
collider that neither is in z nor has a descendant there. All nodes that open paths from x lead to
are found in one walk over (node, direction of arrival) (Koller and Friedman 2009, algorithm 3.1).

A set of nodes is one integer here, a bit for each node, so that a step of the walk takes all the
neighbours of a node at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from typing import Any

import networkx as nx
import numpy as np

from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError, nearest_names
from mistruct.independence.protocol import Positions, Ragged, Separations, TestBatch

_WALKS_KEPT = 100_000


@dataclass(frozen=True, eq=False)
class DSeparation:
    """The true answer to every question of independence, from a DAG; for checks and teaching.

    The p-value is 1 where the given columns d-separate the pair in the graph and 0 where they do
    not. Of the data only the names of the columns matter, and each must be a node; nodes that are
    no columns are hidden variables.

    Parameters
    ----------
    graph : networkx.DiGraph
        A DAG, such as a pgmpy Bayesian network. It is copied.

    Raises
    ------
    ParameterError
        The graph is undirected or has a cycle, or (when tested) a column is not a node of it.

    References
    ----------
    Pearl (1988), "Probabilistic Reasoning in Intelligent Systems", section 3.3.
    Koller and Friedman (2009), "Probabilistic Graphical Models", algorithm 3.1.

    Examples
    --------
    >>> import networkx as nx
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> table = pd.DataFrame({"rain": [0, 1], "sprinkler": [0, 1], "wet": [0, 1]})
    >>> oracle = ms.DSeparation(nx.DiGraph([("rain", "wet"), ("sprinkler", "wet")]))
    >>> ms.independence_test(table, "rain", "sprinkler", test=oracle).p_value
    1.0
    >>> ms.independence_test(table, "rain", "sprinkler", given=["wet"], test=oracle).p_value
    0.0
    """

    graph: nx.DiGraph
    _bit: dict[str, int] = field(init=False, repr=False)
    _reachable: Callable[[int, int], int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.graph, nx.Graph) or not nx.is_directed_acyclic_graph(self.graph):
            raise ParameterError(f"graph must be a directed acyclic graph, got {self.graph!r}")
        graph = nx.DiGraph()
        graph.add_nodes_from(str(v) for v in self.graph)
        graph.add_edges_from((str(u), str(v)) for u, v in self.graph.edges)
        bit = {v: i for i, v in enumerate(graph)}

        def bits(nodes: Iterable[str]) -> int:
            return sum(1 << bit[v] for v in nodes)

        parents = [bits(graph.pred[v]) for v in graph]
        children = [bits(graph.succ[v]) for v in graph]
        ancestors = [bits(nx.ancestors(graph, v)) for v in graph]
        object.__setattr__(self, "graph", nx.freeze(graph))
        object.__setattr__(self, "_bit", bit)

        @lru_cache(maxsize=_WALKS_KEPT)
        def reachable(source: int, given: int) -> int:
            return _reachable(source, given, parents, children, ancestors)

        object.__setattr__(self, "_reachable", reachable)

    def __repr__(self) -> str:
        return f"DSeparation(<{len(self.graph)} nodes, {self.graph.number_of_edges()} edges>)"

    def __reduce__(self) -> Any:
        return DSeparation, (nx.DiGraph(self.graph),)

    @property
    def name(self) -> str:
        """What the test is called."""
        return "d-separation"

    @property
    def answers_always(self) -> bool:
        """No sample can be too small for it."""
        return True

    def test_pairs(self, data: Dataset, pairs: Positions, given: Sequence[int] = ()) -> TestBatch:
        """Test each pair of columns, shape (n_pairs, 2), given one conditioning set."""
        node = self._nodes(data, (*pairs.ravel(), *given))
        z = sum(1 << node[c] for c in given)
        apart = [not self._reachable(node[x], z) >> node[y] & 1 for x, y in pairs.tolist()]
        return _batch(np.array(apart, dtype=np.float64), data.n_samples)

    def separate(
        self,
        data: Dataset,
        pairs: Positions,
        candidates: Ragged,
        size: int,
        alpha: float,
    ) -> Separations:
        """Find a separating set of one size for each pair among its own candidates."""
        node = self._nodes(data, np.union1d(pairs, candidates.flat))
        p_values = np.full(len(pairs), np.nan)
        sets = np.full((len(pairs), size), -1, dtype=np.int64)
        n_tests = np.zeros(len(pairs), dtype=np.int64)
        for k, (x, y) in enumerate(pairs.tolist()):
            for given in combinations(candidates[k], size):
                n_tests[k] += 1
                z = sum(1 << node[c] for c in given)
                apart = not self._reachable(node[x], z) >> node[y] & 1
                if apart or n_tests[k] == 1:
                    p_values[k], sets[k] = float(apart), given
                if apart:
                    break
        return Separations(_batch(p_values, data.n_samples), sets, n_tests)

    def _nodes(self, data: Dataset, positions: Iterable[int]) -> list[int]:
        """The node of each column by its position; those that are asked for must have one."""
        for name in dict.fromkeys(data.names[p] for p in positions):
            if name not in self._bit:
                raise ParameterError(
                    f"test 'd-separation': column {name!r} is not a node of its graph"
                    f"{nearest_names(name, self._bit)}"
                )
        return [self._bit.get(n, -1) for n in data.names]


def _reachable(
    source: int, given: int, parents: list[int], children: list[int], ancestors: list[int]
) -> int:
    """All nodes that paths open under `given` lead to from `source`."""
    opens = given  # colliders in z or with a descendant in z
    for node in _members(given):
        opens |= ancestors[node]
    reached = 0
    from_child, from_parent = 0, 0  # visited, by the direction of arrival
    up, down = 1 << source, 0  # to be visited
    while up or down:
        if up:
            low = up & -up
            up ^= low
            from_child |= low
            if low & given:
                continue
            node = low.bit_length() - 1
            up |= parents[node] & ~from_child
            down |= children[node] & ~from_parent
        else:
            low = down & -down
            down ^= low
            from_parent |= low
            node = low.bit_length() - 1
            if low & opens:
                up |= parents[node] & ~from_child
            if not low & given:
                down |= children[node] & ~from_parent
        reached |= low
    return reached & ~given


def _members(nodes: int) -> Iterator[int]:
    while nodes:
        low = nodes & -nodes
        yield low.bit_length() - 1
        nodes ^= low


def _batch(p_values: Any, n_samples: int) -> TestBatch:
    n_tests = len(p_values)
    return TestBatch(
        statistic=np.full(n_tests, np.nan),
        p_value=p_values,
        dof=np.zeros(n_tests, dtype=np.int64),
        mi=np.where(p_values == 1, 0.0, np.nan),
        n_samples=np.full(n_tests, n_samples),
        method=np.full(n_tests, "d-separation", dtype=object),
    )
