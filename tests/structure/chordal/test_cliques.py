"""Cliques of chordal graphs, held against networkx."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import pytest

from mistruct.structure.chordal.cliques import arcs_of, cliques_of, junction_tree_of


@pytest.mark.parametrize("seed", range(30))
def test_cliques_are_all_and_their_tree_has_the_running_intersection(seed: int) -> None:
    any_graph = nx.gnp_random_graph(12, 0.02 * (seed % 15), seed=seed)
    graph, _ = nx.complete_to_chordal_graph(any_graph)
    graph = nx.relabel_nodes(nx.Graph(graph), "n{:02}".format)
    cliques = cliques_of(graph)
    nodes = [clique.nodes for clique in cliques]
    assert sorted(nodes) == sorted(tuple(sorted(c)) for c in nx.find_cliques(graph))
    tree = junction_tree_of(cliques)
    assert nx.number_connected_components(tree) == nx.number_connected_components(graph)
    assert nx.is_forest(tree)
    for one, other in combinations(nodes, 2):
        if nx.has_path(tree, one, other):
            shared = set(one) & set(other)
            assert all(shared <= set(between) for between in nx.shortest_path(tree, one, other))
        else:
            assert not set(one) & set(other)
    for k, clique in enumerate(cliques):
        if clique.parent is not None:
            assert clique.parent < k
            assert set(clique.separator) == set(clique.nodes) & set(nodes[clique.parent])
    dag = nx.DiGraph(arcs_of(cliques))
    dag.add_nodes_from(graph)
    assert nx.is_directed_acyclic_graph(dag)
    assert nx.utils.graphs_equal(nx.moral_graph(dag), graph)
    assert dag.number_of_edges() == graph.number_of_edges()
