"""Graphs put to the test: by an oracle, which is exact, and by samples."""

from __future__ import annotations

from itertools import combinations, permutations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

import mistruct as ms
from mistruct.export.dot_text import parse_edges
from mistruct.structure.checks.markov_basis import basis_of
from mistruct.structure.mixed_graph import as_mixed_graph
from tests import reference_effects as reference
from tests.reference_pc import random_dag
from tests.structure.sampled_networks import network_graph, sample_network


def gaussian(dag: nx.DiGraph, n_samples: int, seed: int) -> pd.DataFrame:
    """A linear sample of the DAG."""
    rng = np.random.default_rng(seed)
    columns: dict[str, np.ndarray] = {}
    for v in nx.lexicographical_topological_sort(dag):
        columns[v] = rng.normal(size=n_samples)
        for parent in sorted(dag.pred[v]):
            columns[v] += rng.choice([-1, 1]) * rng.uniform(0.5, 1) * columns[parent]
    return pd.DataFrame(columns)


def asked(graph: nx.Graph) -> set[tuple[frozenset[str], frozenset[str]]]:
    """The pairs and sets that are asked about."""
    basis = basis_of(as_mixed_graph(graph))
    name = basis.names
    return {
        (frozenset((name[x], name[y])), frozenset(name[c] for c in z))
        for x, y, z in basis.independences()
    }


def test_a_dag_asks_about_non_descendants_given_parents() -> None:
    for seed in range(20):
        dag = random_dag(np.random.default_rng(seed), 8, 0.3)
        expected = {
            (frozenset((x, v)), frozenset(dag.pred[v]))
            for v, x in permutations(dag, 2)
            if x not in nx.descendants(dag, v) and x not in dag.pred[v]
        }
        assert asked(dag) == expected
        for pair, given in expected:
            x, y = sorted(pair)
            assert nx.is_d_separator(dag, {x}, {y}, set(given))


def test_a_markov_network_asks_about_each_pair_given_what_separates_it() -> None:
    n_smaller = 0
    for seed in range(30):
        graph = nx.gnp_random_graph(9, 0.3, seed=seed)
        graph = nx.relabel_nodes(graph, {v: f"v{v}" for v in graph})
        found = asked(graph)
        assert {pair for pair, _ in found} == {frozenset(p) for p in nx.non_edges(graph)}
        for pair, given in found:
            u, v = sorted(pair)
            assert not nx.has_path(graph.subgraph(set(graph) - given), u, v)
            n_around = min(graph.degree(u), graph.degree(v))
            assert len(given) <= n_around
            n_smaller += len(given) < n_around
            if nx.is_chordal(graph):  # a minimum cut is one of the separators
                assert len(given) == nx.node_connectivity(graph, u, v)
    assert n_smaller > 50


def test_with_hidden_columns_every_pair_that_can_be_separated_is_asked_about() -> None:
    n_asked = 0
    for seed in range(30):
        dag = random_dag(np.random.default_rng(seed), 7, 0.35)
        hidden = sorted(dag)[:2]
        nx.set_node_attributes(dag, dict.fromkeys(hidden, True), "hidden")
        true = reference.independences(dag, set(dag) - set(hidden))
        found = asked(dag)
        assert {tuple(sorted(pair)) for pair, _ in found} == {s[:2] for s in true}
        for pair, given in found:
            assert (*sorted(pair), tuple(sorted(given))) in true
            sizes = [len(z) for x, y, z in true if {x, y} == pair]
            assert len(given) == min(sizes)
        n_asked += len(found)
    assert n_asked > 50


def test_an_oracle_finds_what_is_wrong() -> None:
    """No true independence fails; a removed edge is missed, and an added one is not needed."""
    n_removed = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        dag = random_dag(rng, 7, 0.35)
        table = pd.DataFrame(0, index=range(2), columns=sorted(dag))
        oracle = ms.DSeparation(dag)
        for true in (dag, nx.DiGraph(reference.union(reference.dags_like(dag)))):
            found = ms.check_graph(true, table, test=oracle, n_permutations=0)
            assert not found.refuted and len(found.needless) == 0
        absent = [p for p in combinations(nx.topological_sort(dag), 2) if not dag.has_edge(*p)]
        if absent:
            extra = absent[rng.integers(len(absent))]
            more = nx.DiGraph([*dag.edges, extra])
            more.add_nodes_from(dag)
            found = ms.check_graph(more, table, test=oracle, n_permutations=0)
            assert not found.refuted
            assert extra in set(
                found.needless[["source", "target"]].itertuples(index=False, name=None)
            )
        for edge in dag.edges:
            less = nx.DiGraph(dag)
            less.remove_edge(*edge)
            found = ms.check_graph(less, table, test=oracle, n_permutations=0)
            assert found.refuted
            for row in found.violations.itertuples():
                assert not nx.is_d_separator(dag, {row.x}, {row.y}, set(row.given))
            n_removed += 1
    assert n_removed > 100


def test_an_oracle_accepts_true_pags() -> None:
    pag = parse_edges("pag { a @-> c; b @-> c; c -> d; e <-> d; f @-> e }")
    truth = parse_edges("dag { a -> c <- b; c -> d; e <-> d; f -> e }")
    table = pd.DataFrame(0, index=range(2), columns=list("abcdef"))
    oracle = ms.DSeparation(truth)
    found = ms.check_graph(pag, table, test=oracle, n_permutations=0)
    assert found.kind == "PAG" and not found.refuted and len(found.needless) == 0
    less = parse_edges("pag { a @-> c; b @-> c; c @-> d; f @-> e }")
    less.edges["d", "c"]["mark"] = "tail"
    found = ms.check_graph(less, table, test=oracle, n_permutations=0)
    assert found.refuted and " - " in found.verdict


@pytest.mark.parametrize("undirected", [False, True])
def test_a_missing_and_a_needless_edge_are_named(undirected: bool) -> None:
    chain = nx.DiGraph([("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")])
    table = gaussian(chain, 1000, 0)
    wrong = nx.DiGraph([("a", "b"), ("b", "c"), ("d", "e"), ("a", "e")])
    found = ms.check_graph(wrong.to_undirected() if undirected else wrong, table)
    assert found.missing == [("c", "d")]
    assert set(found.violations["explained_by"]) == {("c", "d")}
    assert set(found.violations.loc[0, ["x", "y"]]) == {"c", "d"}
    assert found.violations["mi"].is_monotonic_decreasing
    needless = {frozenset(e) for e in found.needless[["source", "target"]].to_numpy()}
    assert needless == {frozenset("ae")}
    arrow = "-" if undirected else "->"
    assert f"explained by a missing edge 'c' {arrow} 'd'; 1 edge not needed" in found.verdict
    assert found.verdict in repr(found) and "violations" in repr(found)


def test_two_missing_parents_are_both_named() -> None:
    truth = nx.DiGraph([("u", "v"), ("u", "y"), ("v", "y"), ("y", "z")])
    found = ms.check_graph(
        nx.DiGraph([("u", "v"), ("y", "z")]), gaussian(truth, 2000, 1), n_permutations=0
    )
    assert {frozenset(e) for e in found.missing} == {frozenset("uy"), frozenset("vy")}


def test_true_graphs_are_accepted_at_the_level() -> None:
    """Each of 150 true graphs is refuted with a chance of at most alpha."""
    n_refuted = 0
    for seed in range(150):
        dag = random_dag(np.random.default_rng(seed), 7, 0.3)
        found = ms.check_graph(dag, gaussian(dag, 200, seed), alpha=0.2, n_permutations=0)
        n_refuted += found.refuted
    assert n_refuted <= binom.ppf(0.999, 150, 0.2)


def test_graphs_with_permuted_names_have_no_small_p_value() -> None:
    """Under the null, names that have nothing to do with the columns, p is at least uniform."""
    dag = random_dag(np.random.default_rng(3), 8, 0.3)
    table = gaussian(dag, 300, 0)
    names, p_values = sorted(dag), []
    assert ms.check_graph(dag, table, n_permutations=49).p_value == 1 / 50
    for seed in range(60):
        others = np.random.default_rng(seed).permutation(names)
        renamed = nx.relabel_nodes(dag, dict(zip(names, others, strict=True)))
        p_values.append(ms.check_graph(renamed, table, n_permutations=19, seed=seed).p_value)
    for level in (0.05, 0.2, 0.5):
        assert sum(p <= level for p in p_values) <= binom.ppf(0.999, 60, level)


def test_alarm() -> None:
    """The true graph is accepted, and in wrong ones the edge is named first."""
    graph, table = network_graph("alarm"), ms.as_dataset(sample_network("alarm", 10_000, 7))
    assert not ms.check_graph(graph, table, n_permutations=0).refuted
    for edge in [("VENTLUNG", "MINVOL"), ("HR", "CO"), ("HISTORY", "LVFAILURE")]:
        less = nx.DiGraph(graph)
        less.remove_edges_from([edge, edge[::-1]])
        found = ms.check_graph(less, table, n_permutations=0)
        assert set(found.missing[0]) == set(edge) == set(found.violations.loc[0, ["x", "y"]])


def test_nothing_depends_on_an_order() -> None:
    dag = random_dag(np.random.default_rng(5), 8, 0.3)
    table = gaussian(dag, 300, 1)
    wrong = nx.relabel_nodes(
        dag, dict(zip(sorted(dag), sorted(dag)[1:] + sorted(dag)[:1], strict=True))
    )
    turned = nx.DiGraph()
    turned.add_nodes_from(reversed(list(wrong)))
    turned.add_edges_from(reversed(list(wrong.edges)))
    one = ms.check_graph(wrong, table)
    other = ms.check_graph(turned, table[table.columns[::-1]])
    assert one.p_value == other.p_value and one.refuted
    pd.testing.assert_frame_equal(one.tests, other.tests)
    pd.testing.assert_frame_equal(one.violations, other.violations)
    pd.testing.assert_frame_equal(one.needless, other.needless)


def test_what_cannot_be_tested() -> None:
    table = gaussian(nx.DiGraph([("a", "b")]), 50, 0).assign(c=1.0)
    full = nx.DiGraph([("a", "b")])
    assert "not testable: the DAG implies no independence" in ms.check_graph(full, table).verdict
    with_constant = nx.DiGraph([("a", "b"), ("b", "c")])
    found = ms.check_graph(with_constant, table)
    assert not found.refuted and np.isnan(found.p_value)
    assert found.tests["p_value"].isna().all()


def test_refusals() -> None:
    table = gaussian(nx.DiGraph([("alpha", "beta")]), 50, 0)
    graph = nx.DiGraph([("alpha", "beta")])
    with pytest.raises(ms.DataError, match=r"1 of 2 nodes .*: 'bet'; did you mean 'beta'"):
        ms.check_graph(nx.DiGraph([("alpha", "bet")]), table)
    with pytest.raises(ms.DataError, match="two measured nodes or more, got 1"):
        ms.check_graph(graph, table, hidden=["beta"])
    with pytest.raises(ms.DataError, match="2,001,000 pairs of nodes have no edge"):
        wide = pd.DataFrame(0, index=range(2), columns=[f"v{k}" for k in range(2002)])
        ms.check_graph(nx.path_graph(wide.columns, nx.DiGraph), wide)
    with pytest.raises(ms.ParameterError, match="n_permutations must be 0 or at least 19"):
        ms.check_graph(graph, table, n_permutations=18)
    with pytest.raises(ms.ParameterError, match="alpha must be a number between 0 and 1"):
        ms.check_graph(graph, table, alpha=1)
    with pytest.raises(ms.ParameterError, match="'alpha' is a node of an undirected graph"):
        ms.check_graph(nx.path_graph(["alpha", "beta", "c"]), table, hidden=["alpha"])
