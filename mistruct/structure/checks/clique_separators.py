"""Sets that separate the nodes of a Markov network, read off a tree of its cliques.

A chordal graph has a tree of cliques in which what two neighbours share separates the nodes on both
sides, and these separations imply all others (Lauritzen 1996, section 2.1: the global Markov
property). Any graph becomes chordal by further edges, and what separates two nodes then separates
them without these edges. So a pair that is apart in the chordal graph is separated by the smallest
of the separators between its cliques, which may be far fewer columns than the neighbours of either.
"""

from __future__ import annotations

import networkx as nx


def clique_separators(network: nx.Graph) -> dict[frozenset[str], frozenset[str]]:
    """A small separator for each pair of nodes that the further edges do not join.

    Examples
    --------
    >>> import networkx as nx
    >>> star = nx.Graph([("hub", leaf) for leaf in "abc"] + [("a", "d")])
    >>> separators = clique_separators(star)
    >>> sorted(separators[frozenset("bd")]), sorted(separators[frozenset(["hub", "d"])])
    (['a'], ['a'])
    """
    ordered = nx.Graph()
    ordered.add_nodes_from(sorted(network))
    ordered.add_edges_from(sorted(tuple(sorted(edge)) for edge in network.edges))
    chordal, _ = nx.complete_to_chordal_graph(ordered)
    cliques = sorted(map(sorted, nx.chordal_graph_cliques(chordal)))
    members = [frozenset(clique) for clique in cliques]
    shared = nx.Graph()
    shared.add_nodes_from(range(len(members)))
    of_node: dict[str, list[int]] = {v: [] for v in ordered}
    for k, clique in enumerate(cliques):
        for v in clique:
            of_node[v].append(k)
    for places in of_node.values():
        for i, a in enumerate(places):
            for b in places[i + 1 :]:
                shared.add_edge(a, b, weight=len(members[a] & members[b]))
    tree = nx.maximum_spanning_tree(shared)
    found: dict[frozenset[str], frozenset[str]] = {}
    for v, places in of_node.items():
        nothing: frozenset[str] = frozenset()
        smallest: dict[int, frozenset[str] | None] = dict.fromkeys(places)
        joined = nothing.union(*(members[k] for k in places))
        queue = list(places)
        for k in queue:
            for other in sorted(tree[k]):
                if other in smallest:
                    continue
                between = members[k] & members[other]
                before = smallest[k]
                if before is not None and _size(before) <= _size(between):
                    between = before
                smallest[other] = between
                queue.append(other)
                for w in members[other] - joined:
                    found.setdefault(frozenset((v, w)), between)
                joined |= members[other]
        for w in set(ordered) - joined:  # of another component
            found[frozenset((v, w))] = nothing
    return found


def _size(separator: frozenset[str]) -> tuple[int, list[str]]:
    return len(separator), sorted(separator)
