"""to_dag against the definition: same skeleton, arrows and v-structures, and acyclic."""

from __future__ import annotations

import itertools
import random

import networkx as nx
import pytest

from mistruct.errors import DataError
from mistruct.structure.causal.to_dag import nearest_dag, to_dag


def v_structures(graph: nx.DiGraph) -> set[tuple[str, str, str]]:
    """Colliders a -> c <- b with a and b not adjacent, both edges directed."""
    into = {v: {u for u in graph.pred[v] if not graph.has_edge(v, u)} for v in graph}
    return {
        (a, c, b)
        for c in graph
        for a, b in itertools.combinations(sorted(into[c]), 2)
        if not graph.has_edge(a, b) and not graph.has_edge(b, a)
    }


def extensions(pdag: nx.DiGraph) -> list[nx.DiGraph]:
    """Every consistent extension, by trying all directions of all undirected edges."""
    undirected = [(u, v) for u, v in pdag.edges if u < v and pdag.has_edge(v, u)]
    directed = [(u, v) for u, v in pdag.edges if not pdag.has_edge(v, u)]
    found = []
    for flips in itertools.product([False, True], repeat=len(undirected)):
        dag = nx.DiGraph(directed)
        dag.add_nodes_from(pdag)
        pairs = zip(undirected, flips, strict=True)
        dag.add_edges_from((v, u) if flip else (u, v) for (u, v), flip in pairs)
        if nx.is_directed_acyclic_graph(dag) and v_structures(dag) == v_structures(pdag):
            found.append(dag)
    return found


def random_pdag(rng: random.Random) -> nx.DiGraph:
    nodes = list("abcde")
    pdag = nx.DiGraph()
    pdag.add_nodes_from(nodes)
    for u, v in itertools.combinations(nodes, 2):
        kind = rng.choice(["none", "none", "forward", "backward", "both", "both"])
        if kind in ("forward", "both"):
            pdag.add_edge(u, v)
        if kind in ("backward", "both"):
            pdag.add_edge(v, u)
    return pdag


def test_finds_an_extension_exactly_where_one_exists():
    rng = random.Random(0)
    outcomes = set()
    for _ in range(400):
        pdag = random_pdag(rng)
        possible = [set(dag.edges) for dag in extensions(pdag)]
        outcomes.add(bool(possible))
        if possible:
            assert set(to_dag(pdag).edges) in possible
        else:
            with pytest.raises(DataError, match="no consistent extension"):
                to_dag(pdag)
    assert outcomes == {True, False}


def test_does_not_depend_on_the_order_of_nodes_and_edges():
    rng = random.Random(1)
    for _ in range(50):
        pdag = random_pdag(rng)
        if not extensions(pdag):
            continue
        shuffled = nx.DiGraph()
        shuffled.add_nodes_from(rng.sample(list(pdag), len(pdag)))
        shuffled.add_edges_from(rng.sample(list(pdag.edges), pdag.number_of_edges()))
        assert set(to_dag(shuffled).edges) == set(to_dag(pdag).edges)


def test_keeps_attributes_and_leaves_the_graph_alone():
    cpdag = nx.DiGraph(algorithm="PC")
    cpdag.add_node("lonely", colour="red")
    cpdag.add_edge("a", "b", mi=0.5)
    cpdag.add_edge("b", "a", mi=0.5)
    dag = to_dag(cpdag)
    assert dag.graph == {"algorithm": "PC"}
    assert list(dag) == ["lonely", "a", "b"]
    assert dag.nodes["lonely"] == {"colour": "red"}
    assert [d for *_, d in dag.edges(data=True)] == [{"mi": 0.5}]
    assert cpdag.number_of_edges() == 2


def test_a_dag_is_returned_as_it_is():
    dag = nx.DiGraph([("a", "c"), ("b", "c"), ("d", "c"), ("a", "e")])
    assert set(to_dag(dag).edges) == set(dag.edges)


def test_undirected_graphs_extend_where_they_are_chordal():
    assert nx.is_directed_acyclic_graph(to_dag(nx.Graph([("a", "b"), ("b", "c"), ("a", "c")])))
    with pytest.raises(DataError, match="among 'a', 'b', 'c', 'd' take"):
        to_dag(nx.Graph([("a", "b"), ("b", "c"), ("c", "d"), ("d", "a")]))


def test_directed_cycles_and_loops_are_refused():
    with pytest.raises(DataError, match="no consistent extension"):
        to_dag(nx.DiGraph([("a", "b"), ("b", "c"), ("c", "a")]))
    with pytest.raises(DataError, match="'a' has an edge to itself"):
        to_dag(nx.DiGraph([("a", "a")]))


def test_empty_and_large_graphs():
    assert len(to_dag(nx.DiGraph())) == 0
    star = nx.Graph(("hub", f"leaf{i}") for i in range(2000))
    assert to_dag(star).number_of_edges() == 2000


def test_nearest_dag_is_consistent_where_that_is_possible_and_else_keeps_the_arrows() -> None:
    rng = random.Random(11)
    n_extendable = n_others = 0
    for _ in range(300):
        pdag = random_pdag(rng)
        directed = {(u, v) for u, v in pdag.edges if not pdag.has_edge(v, u)}
        if not nx.is_directed_acyclic_graph(nx.DiGraph(sorted(directed))):
            continue
        dag = nearest_dag(pdag)
        assert nx.is_directed_acyclic_graph(dag)
        assert directed <= set(dag.edges)
        assert nx.utils.graphs_equal(
            nx.Graph(sorted(map(sorted, dag.edges))), nx.Graph(sorted(map(sorted, pdag.edges)))
        )
        if extensions(pdag):
            assert v_structures(dag) == v_structures(pdag)
            n_extendable += 1
        else:
            n_others += 1
    assert min(n_extendable, n_others) > 20
