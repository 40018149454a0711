r"""The d-separation oracle, which answers tests of independence from a known graph.

In a DAG, x and y are independent given z, in every distribution that the graph stands for, where
z d-separates them (Pearl 1988). A path is open unless it has a node of z that is no collider, or a
collider that neither is in z nor has a descendant there. All nodes that open paths from x lead to
are found in one walk over (node, direction of arrival) (Koller and Friedman 2009, algorithm 3.1).

A search among many sets walks less. Of a set that separates x and y, the part among the ancestors
of the two separates them as well, and it does so where it cuts all paths between x and y in the
moral graph of these ancestors (Lauritzen, Dawid, Larsen and Leimer 1990). So a path that was found
open rules out every set that has none of its nodes; a path without candidates, or more paths than
a set has nodes where no two share a candidate, rule out all sets.

A set of nodes is one integer here, a bit for each node, so that a step of a walk takes all the
neighbours of a node at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from itertools import accumulate
from operator import or_
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Positions
from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError, nearest_names
from mistruct.independence.base import IndependenceTest
from mistruct.independence.protocol import Ragged, Separations, TestBatch

_WALKS_KEPT = 100_000


@dataclass(frozen=True, eq=False)
class DSeparation(IndependenceTest):
    """Oracle test of independence by d-separation in a known DAG, for checks and teaching.

    The p-value is 1 where the given columns d-separate the pair in the graph and 0 where they do
    not. Of the data only the names of the columns matter, and each must be a node; nodes that are
    no columns are hidden variables. Where sets that separate a pair must agree on what lies between
    the two, :class:`PC` counts one of them in `triples_` and not all.

    Parameters
    ----------
    graph : networkx.DiGraph
        A DAG, such as a pgmpy Bayesian network. It is copied.
    selected : collection of str
        Nodes that decide which rows are in the table, so that all holds given these; no columns.

    Raises
    ------
    ParameterError
        The graph is undirected or has a cycle, a selected node is not one of it, or (when tested) a
        column is no node or a selected one.

    References
    ----------
    Pearl (1988), "Probabilistic Reasoning in Intelligent Systems", section 3.3.
    Lauritzen, Dawid, Larsen and Leimer (1990), "Independence properties of directed Markov
    fields", Networks 20.
    Richardson and Spirtes (2002), "Ancestral graph Markov models", Annals of Statistics 30.
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
    selected: Collection[str] = ()
    _bit: dict[str, int] = field(init=False, repr=False)
    _parents: list[int] = field(init=False, repr=False)
    _children: list[int] = field(init=False, repr=False)
    _ancestors: list[int] = field(init=False, repr=False)  # with the node itself
    _selected: int = field(init=False, repr=False)
    _above_selected: int = field(init=False, repr=False)
    _reachable: Callable[[int, int], int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.graph, nx.Graph) or not nx.is_directed_acyclic_graph(self.graph):
            raise ParameterError(f"graph must be a directed acyclic graph, got {self.graph!r}")
        graph = nx.DiGraph()
        graph.add_nodes_from(sorted(str(v) for v in self.graph))
        graph.add_edges_from((str(u), str(v)) for u, v in self.graph.edges)
        bit = {v: i for i, v in enumerate(graph)}
        selected = tuple(sorted(str(v) for v in self.selected))
        for name in selected:
            if name not in bit:
                raise ParameterError(
                    f"selected: {name!r} is not a node of the graph{nearest_names(name, bit)}"
                )

        def bits(nodes: Iterable[str]) -> int:
            return sum(1 << bit[v] for v in nodes)

        parents = [bits(graph.pred[v]) for v in graph]
        children = [bits(graph.succ[v]) for v in graph]
        ancestors = [bits({v, *nx.ancestors(graph, v)}) for v in graph]
        object.__setattr__(self, "graph", nx.freeze(graph))
        object.__setattr__(self, "selected", selected)
        object.__setattr__(self, "_selected", bits(selected))
        object.__setattr__(
            self, "_above_selected", reduce(or_, (ancestors[bit[v]] for v in selected), 0)
        )
        object.__setattr__(self, "_bit", bit)
        object.__setattr__(self, "_parents", parents)
        object.__setattr__(self, "_children", children)
        object.__setattr__(self, "_ancestors", ancestors)

        @lru_cache(maxsize=_WALKS_KEPT)
        def reachable(source: int, given: int) -> int:
            return _reachable(source, given | self._selected, parents, children, ancestors)

        object.__setattr__(self, "_reachable", reachable)

    def __repr__(self) -> str:
        return f"DSeparation(<{len(self.graph)} nodes, {self.graph.number_of_edges()} edges>)"

    def __reduce__(self) -> Any:
        return DSeparation, (nx.DiGraph(self.graph), self.selected)

    @property
    def name(self) -> str:
        """The name of the test."""
        return "d-separation"

    def view(self, data: Dataset) -> Dataset:
        """The table, unchanged."""
        return data

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
        """Find a separating set of one size for each pair among its own candidates.

        A set that no path found before rules out is one test, and so is the answer that none
        separates.
        """
        node = self._nodes(data, np.union1d(pairs, candidates.flat))
        p_values = np.full(len(pairs), np.nan)
        sets = np.full((len(pairs), size), -1, dtype=np.int64)
        n_tests = np.zeros(len(pairs), dtype=np.int64)
        for k, (x, y) in enumerate(pairs.tolist()):
            among = candidates[k]
            if len(among) >= size:
                found, n_tests[k] = self._first_set(
                    node[x], node[y], [node[c] for c in among], size
                )
                p_values[k] = float(found is not None)
                sets[k] = [among[i] for i in found or range(size)]
        return Separations(_batch(p_values, data.n_samples), sets, n_tests)

    @property
    def always_answers(self) -> bool:
        """True: an oracle needs no sample."""
        return True

    def known_edges(self, data: Dataset) -> NDArray[np.bool_]:
        """Pairs of columns that no set of others separates, shape (n_variables, n_variables).

        If any set does, the columns among the ancestors of the two do (Richardson and Spirtes
        2002, theorem 4.18). If all nodes are columns, these pairs are the adjacent ones.
        """
        node = self._nodes(data, range(data.n_variables))
        arcs = nx.to_numpy_array(self.graph, list(data.names), dtype=bool, weight=None)
        adjacent = np.asarray(arcs | arcs.T)
        if len(node) < len(self.graph):
            columns = sum(1 << v for v in node)
            for i, j in np.argwhere(np.triu(~adjacent, 1)).tolist():
                x, y = node[i], node[j]
                above = self._ancestors[x] | self._ancestors[y] | self._above_selected
                reached = self._reachable(x, above & columns & ~(1 << x | 1 << y))
                adjacent[i, j] = adjacent[j, i] = bool(reached >> y & 1)
        return adjacent

    def _first_set(
        self, x: int, y: int, candidates: list[int], size: int
    ) -> tuple[tuple[int, ...] | None, int]:
        """Positions of the first candidates that separate x and y, and the number of tests."""
        bits = [1 << c for c in candidates]
        usable = sum(bits)
        paths: list[int] = []  # the candidates on each
        cut = 0
        while (path := self._open_path(x, y, cut)) is not None:
            paths.append(path & usable)
            if not paths[-1] or len(paths) > size:
                return None, 1
            cut |= paths[-1]
        rest = [*accumulate(bits, int.__xor__, initial=usable)]  # from each place on
        n_tests = 0

        def complete(z: int, start: int, left: int) -> tuple[int, ...] | None:
            """The first `left` positions from `start` on that separate x and y together with z."""
            nonlocal n_tests
            apart = n_apart = 0  # open paths of which no two share a candidate
            for path in paths:
                if not path & z:
                    path &= rest[start]
                    if not path:
                        return None
                    if not path & apart:
                        apart |= path
                        n_apart += 1
            if n_apart > left:
                return None
            if not left:
                n_tests += 1
                missed = self._open_path(x, y, z)
                if missed is not None:
                    paths.append(missed & usable)
                    return None
                return None if self._reachable(x, z) >> y & 1 else ()
            for i in range(start, len(bits) - left + 1):
                if n_apart < left or bits[i] & apart:
                    found = complete(z | bits[i], i + 1, left - 1)
                    if found is not None:
                        return (i, *found)
            return None

        return complete(0, 0, size), max(n_tests, 1)

    def _open_path(self, x: int, y: int, cut: int) -> int | None:
        """Inner nodes of a shortest path from x to y in the moral graph of their ancestors.

        These include the ancestors of selected nodes. The path has no node of `cut`; None where
        there is no such path.
        """
        ancestors = self._ancestors[x] | self._ancestors[y] | self._above_selected
        left = ancestors & ~cut & ~self._selected & ~(1 << x)
        families = ancestors  # children whose parents have not been met
        before: dict[int, int] = {x: 0}  # the nodes between x and this one, and itself
        queue = [x]
        for node in queue:
            near = self._parents[node]
            children = self._children[node] & families
            families ^= children
            for child in _members(children):
                near |= 1 << child | self._parents[child]
            near &= left
            if near >> y & 1:
                return before[node]
            left ^= near
            for new in _members(near):
                before[new] = before[node] | 1 << new
                queue.append(new)
        return None

    def _nodes(self, data: Dataset, positions: Iterable[int]) -> list[int]:
        """Node of each column by position; ParameterError if a requested column has none."""
        for name in dict.fromkeys(data.names[p] for p in positions):
            if name not in self._bit:
                raise ParameterError(
                    f"test 'd-separation': column {name!r} is not a node of its graph"
                    f"{nearest_names(name, self._bit)}"
                )
            if name in self.selected:
                raise ParameterError(
                    f"test 'd-separation': column {name!r} is selected, which only a node that is "
                    "no column can be; leave it out of the table"
                )
        return [self._bit.get(n, -1) for n in data.names]


def _reachable(
    source: int, given: int, parents: list[int], children: list[int], ancestors: list[int]
) -> int:
    """Nodes that are d-connected to `source` given `given`."""
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
    mi = np.where(p_values == 1, 0.0, np.nan)
    return TestBatch.of(p_values, n_samples=n_samples, mi=mi, method="d-separation")
