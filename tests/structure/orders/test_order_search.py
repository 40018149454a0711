"""The search over orders beside slow references: trees, best positions, deletions, the optimum."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mistruct as ms
from mistruct.structure.knowledge import Constraints
from mistruct.structure.orders import restarts
from mistruct.structure.orders.backward import delete_edges
from mistruct.structure.orders.optimum import optimal_dag
from mistruct.structure.orders.order_search import Forest, as_matrix, obedient
from mistruct.structure.orders.restarts import best_dag
from tests import reference_pc, reference_scores


def random_dag(rng: np.random.Generator, n: int, degree: float) -> nx.DiGraph:
    """A random DAG over columns 0 to n - 1 in a random order."""
    order = rng.permutation(n).tolist()
    dag = nx.DiGraph()
    dag.add_nodes_from(range(n))
    pairs = itertools.combinations(order, 2)
    dag.add_edges_from(e for e in pairs if rng.random() < degree / (n - 1))
    return dag


def random_table(seed: int, n_columns: int, n_rows: int, degree: float = 3.0) -> pd.DataFrame:
    """A sample of a random DAG with random conditional probabilities of two to four states."""
    rng = np.random.default_rng(seed)
    dag = random_dag(rng, n_columns, degree)
    n_states = rng.integers(2, 5, n_columns)
    codes = np.zeros((n_columns, n_rows), dtype=int)
    for x in nx.topological_sort(dag):
        state = np.zeros(n_rows, dtype=int)
        for p in sorted(dag.pred[x]):
            state = state * n_states[p] + codes[p]
        chances = rng.dirichlet(np.full(n_states[x], 0.7), state.max() + 1)[state]
        codes[x] = (rng.random((n_rows, 1)) > np.cumsum(chances, axis=1)[:, :-1]).sum(axis=1)
    return pd.DataFrame({f"v{j:02}": codes[j] for j in range(n_columns)})


def open_constraints(n: int) -> Constraints:
    return Constraints(~np.eye(n, dtype=bool), np.zeros((n, n), dtype=bool))


def planted(
    table: pd.DataFrame,
    score: ms.Score,
    most_nodes: int = 1 << 21,
    max_parents: int | None = None,
) -> Forest:
    data = ms.as_dataset(table)
    open_ = open_constraints(data.n_variables)
    return Forest(
        score.families(data), data.names, open_.possible, open_.required, max_parents, most_nodes
    )


def best_of(forest: Forest) -> list[list[int]]:
    """What the search finds from the order of the columns' names with ten restarts."""
    n = len(forest.names)
    rng = np.random.default_rng(0)
    return best_dag(forest, open_constraints(n), forest.names, np.arange(n), 10, rng)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_a_tree_finds_what_grow_and_shrink_find(seed: int) -> None:
    forest = planted(random_table(seed, 7, 150), ms.BDeu())
    rng = np.random.default_rng(seed)
    for _ in range(4):
        order = rng.permutation(7)
        parents = forest.parents(order)
        for k, x in enumerate(order.tolist()):
            before = sorted(order[:k].tolist())
            assert parents[x] == reference_scores.grow_shrink(x, before, forest.families.score)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_no_column_has_a_better_position_in_the_end(seed: int) -> None:
    forest = planted(random_table(seed, 7, 150), ms.BIC())
    start = np.random.default_rng(seed).permutation(7)
    order = forest.climb(start).tolist()
    family = forest.score
    total = reference_scores.score_of_order(order, family)
    assert forest.total(np.array(order)) == pytest.approx(total, rel=1e-12)
    assert total >= reference_scores.score_of_order(start.tolist(), family) - 1e-6
    for x in order:
        others = [c for c in order if c != x]
        for place in range(7):
            moved = [*others[:place], x, *others[place:]]
            assert reference_scores.score_of_order(moved, family) <= total + 1e-6


def test_a_column_goes_to_its_best_position() -> None:
    for seed in range(10):
        forest = planted(random_table(seed, 6, 200), ms.BDeu())
        order = list(range(6))
        totals = {}
        for place in range(6):
            moved = [*order[1 : place + 1], 0, *order[place + 1 :]]
            totals[place] = reference_scores.score_of_order(moved, forest.score)
        # One round that moves column 0 alone, since the others would gain nothing before it ends.
        climbed = forest.climb(np.array(order), visits=np.zeros(6, dtype=np.int64)).tolist()
        assert reference_scores.score_of_order(climbed, forest.score) == pytest.approx(
            max(totals.values())
        )


def test_trees_that_are_forgotten_change_nothing() -> None:
    table = random_table(5, 8, 4000, degree=7)
    with_room, without = planted(table, ms.BIC(0.1)), planted(table, ms.BIC(0.1), most_nodes=0)
    rng = np.random.default_rng(0)
    for _ in range(10):
        start = rng.permutation(8)
        order = with_room.climb(start)
        assert without.climb(start).tolist() == order.tolist()
        assert without.parents(order) == with_room.parents(order)
    assert with_room._n_nodes > without._most_nodes  # so that the other one had to forget


def test_max_parents_bounds_every_family() -> None:
    table = random_table(2, 8, 3000, degree=5)
    free, bound = planted(table, ms.BDeu()), planted(table, ms.BDeu(), max_parents=2)
    order = np.arange(8)
    assert max(map(len, free.parents(free.climb(order)))) > 2
    assert max(map(len, bound.parents(bound.climb(order)))) == 2


def test_an_order_is_made_obedient() -> None:
    required = np.zeros((4, 4), dtype=bool)
    required[3, 0] = required[2, 3] = True
    assert obedient(np.array([0, 1, 2, 3]), required).tolist() == [1, 2, 3, 0]


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_after_deletions_no_dag_of_the_class_has_an_edge_too_many(seed: int) -> None:
    table = random_table(seed, 5, 80, degree=2)
    forest = planted(table, ms.BIC())
    rng = np.random.default_rng(seed)
    dag = random_dag(rng, 5, 3)
    names = list(table)
    parents = [sorted(dag.pred[x]) for x in range(5)]
    before = forest.score_of(parents)
    fewer = delete_edges(parents, forest.score, open_constraints(5), names, forest.tolerance)
    after = forest.score_of(fewer)
    assert after >= before - 1e-9
    left = nx.DiGraph()
    left.add_nodes_from(range(5))
    left.add_edges_from((p, x) for x, its in enumerate(fewer) for p in its)
    edges = list(left.edges)
    for flips in itertools.product([False, True], repeat=len(edges)):
        other = nx.create_empty_copy(left)
        other.add_edges_from(
            (v, u) if f else (u, v) for (u, v), f in zip(edges, flips, strict=True)
        )
        if not nx.is_directed_acyclic_graph(other):
            continue
        if reference_pc.v_structures(other) != reference_pc.v_structures(left):
            continue
        for x, y in other.edges:
            its = sorted(other.pred[y])
            without = [p for p in its if p != x]
            assert forest.score(y, without) <= forest.score(y, its) + 1e-6


@pytest.mark.parametrize(
    ("score", "least"), [(ms.BDeu(gamma=1.0), 95), (ms.BIC(), 95), (ms.QNML(), 85)], ids=repr
)
def test_the_optimum_of_small_tables_is_found(
    score: ms.Score, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_found = 0
    for seed in range(100):
        forest = planted(random_table(seed, 8, 300), score)
        best = reference_scores.best_score(8, forest.score)
        with monkeypatch.context() as patched:
            assert forest.score_of(best_of(forest)) == pytest.approx(best, abs=1e-6)
            patched.setattr(restarts, "MOST_COLUMNS", 0)  # as if there were more
            found = forest.score_of(best_of(forest))
        assert found <= best + 1e-6
        n_found += found >= best - 1e-6
    assert n_found >= least


@given(data=st.data(), seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_the_optimum_obeys_knowledge(data: st.DataObject, seed: int) -> None:
    n = 4
    forest = planted(random_table(seed, n, 100), ms.BDeu(), max_parents=2)
    open_ = open_constraints(n)
    pairs = list(itertools.permutations(range(n), 2))
    for arc in data.draw(st.lists(st.sampled_from(pairs), max_size=4)):
        open_.possible[arc] = False
    allowed = [(a, b) for a, b in pairs if a < b and open_.possible[a, b]]
    if allowed and data.draw(st.booleans()):
        arc = data.draw(st.sampled_from(allowed))
        open_.required[arc], open_.possible[arc[::-1]] = True, False
    best = -np.inf
    for chosen in itertools.product([None, False, True], repeat=n * (n - 1) // 2):
        dag = nx.DiGraph()
        dag.add_nodes_from(range(n))
        for (a, b), turned in zip(itertools.combinations(range(n), 2), chosen, strict=True):
            if turned is not None:
                dag.add_edge(*((b, a) if turned else (a, b)))
        arcs = nx.to_numpy_array(dag, nodelist=range(n)) > 0
        obeys = not (arcs & ~open_.possible).any() and not (open_.required & ~arcs).any()
        if obeys and arcs.sum(axis=0).max() <= 2 and nx.is_directed_acyclic_graph(dag):
            best = max(best, forest.score_of([sorted(dag.pred[x]) for x in range(n)]))
    parents = optimal_dag(forest, open_)
    arcs = as_matrix(parents)
    assert not (arcs & ~open_.possible).any()
    assert not (open_.required & ~arcs).any()
    assert forest.score_of(parents) == pytest.approx(best, abs=1e-6)


def test_the_optimum_of_twelve_columns_is_found() -> None:
    for seed in range(2):
        forest = planted(random_table(seed, 12, 1000), ms.BDeu())
        best = reference_scores.best_score(12, forest.score)
        assert forest.score_of(best_of(forest)) == pytest.approx(best, abs=1e-6)
