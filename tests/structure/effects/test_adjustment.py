"""Adjustment sets against every set of small graphs, pgmpy, and published examples."""

from __future__ import annotations

from collections.abc import Collection

import networkx as nx
import numpy as np
import pytest
from pgmpy.base import DAG
from pgmpy.identification import Adjustment

import mistruct as ms
from mistruct.export.dot_text import parse_edges
from tests import reference_effects as reference
from tests.reference_pc import random_dag


def ends(rng: np.random.Generator, names: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """One or two causes, and one or two outcomes."""
    mixed = [str(v) for v in rng.permutation(sorted(names))]
    k, m = rng.integers(1, 3), rng.integers(1, 3)
    return tuple(sorted(mixed[:k])), tuple(sorted(mixed[k : k + m]))


def check(
    graph: nx.DiGraph,
    members: list[nx.DiGraph],
    x: tuple[str, ...],
    y: tuple[str, ...],
    seen: Collection[str],
    hidden: Collection[str] = (),
) -> bool:
    """Compare with the sets that are valid in every member; whether there is one."""
    valid = set.intersection(*(reference.valid_sets(dag, x, y, seen) for dag in members))
    for kind in ("auto", "smallest", "canonical"):
        found = ms.adjustment_set(graph, x, y, kind=kind, hidden=hidden)
        assert found.valid == bool(valid), (kind, found, valid)
        assert not found.valid or found.columns in valid
        if found.valid and kind == "smallest":
            assert len(found.columns or ()) == min(map(len, valid))
    return bool(valid)


@pytest.mark.parametrize("form", ["dag", "cpdag", "knowledge"])
def test_every_set_of_small_graphs(form: str) -> None:
    exists = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        dag = random_dag(rng, int(rng.integers(5, 9)), 0.35)
        if form == "dag":
            hidden = sorted(dag)[: rng.integers(0, 3)]
            seen = set(dag) - set(hidden)
            exists.append(check(dag, [dag], *ends(rng, seen), seen, hidden))
        elif dag.number_of_edges() <= 10:
            members = reference.dags_like(dag)
            if form == "knowledge":
                known = [e for e in dag.edges if rng.random() < 0.3]
                members = [m for m in members if all(m.has_edge(*e) for e in known)]
            exists.append(check(reference.union(members), members, *ends(rng, dag), dag))
    assert 20 < sum(exists) < len(exists) - 20


def test_every_set_of_small_pags() -> None:
    exists = []
    for seed in range(50):
        rng = np.random.default_rng(seed)
        dag = random_dag(rng, int(rng.integers(5, 9)), 0.35)
        seen = set(sorted(dag)[rng.integers(0, 3) :])
        n_pairs = len(seen) * (len(seen) - 1) // 2
        apart = {s[:2] for s in reference.independences(dag, seen)}
        if 0 < n_pairs - len(apart) <= 5:
            marks, members = reference.class_of(dag, seen)
            pag = nx.DiGraph()
            pag.add_nodes_from(seen)
            pag.add_edges_from((*arc, {"mark": mark}) for arc, mark in marks.items())
            exists.append(check(pag, members, *ends(rng, seen), seen))
    assert 5 < sum(exists) < len(exists) - 5


def test_the_optimal_set_has_the_smallest_variance() -> None:
    n_compared = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        dag = random_dag(rng, 7, 0.4)
        for x in dag:
            for y in nx.descendants(dag, x):
                found = ms.adjustment_set(dag, x, y, kind="optimal")
                valid = reference.valid_sets(dag, (x,), (y,), dag)
                best = reference.variance(dag, x, y, found.columns or (), seed)
                for z in valid:
                    assert best <= reference.variance(dag, x, y, z, seed) * (1 + 1e-9)
                n_compared += len(valid)
    assert n_compared > 500


def test_pgmpy_agrees_on_random_dags() -> None:
    n_without = 0
    for seed in range(500):
        rng = np.random.default_rng(seed)
        dag = random_dag(rng, int(rng.integers(5, 16)), 0.25)
        x, y = (str(v) for v in rng.choice(sorted(dag), 2, replace=False))
        model = DAG()
        model.add_nodes_from(sorted(dag))
        model.add_edges_from(dag.edges)
        asked = model.with_role("exposures", {x}).with_role("outcomes", {y})
        smallest = ms.adjustment_set(model, x, y, kind="smallest")
        try:
            theirs, exists = Adjustment(variant="minimal").identify(asked)
        except ValueError as error:  # y -> x
            assert "are adjacent" in str(error)
            exists = False
        assert smallest.valid == exists
        n_without += not exists
        if exists:
            assert len(smallest.columns or ()) <= len(theirs.get_role("adjustment"))
            for kind in ("optimal", "smallest", "canonical"):
                columns = ms.adjustment_set(model, x, y, kind=kind).columns or ()
                chosen = asked.with_role("adjustment", set(columns)) if columns else asked
                assert Adjustment().validate(chosen)
    assert n_without > 20


# Figure 2a of Shrier and Platt (2008); the sets are all that are valid and have no valid part.
SHRIER = """dag {
    Coach -> {TeamMotivation FitnessLevel}
    Genetics -> {FitnessLevel NeuromuscularFatigue ConnectiveTissueDisorder}
    TeamMotivation -> {WarmUpExercises PreviousInjury}
    FitnessLevel -> {PreGameProprioception NeuromuscularFatigue}
    PreGameProprioception -> WarmUpExercises -> IntraGameProprioception -> Injury
    NeuromuscularFatigue -> {IntraGameProprioception Injury}
    ConnectiveTissueDisorder -> {NeuromuscularFatigue TissueWeakness}
    ContactSport -> {PreviousInjury IntraGameProprioception}
    TissueWeakness -> Injury
}"""
MINIMAL = [
    ("Coach", "FitnessLevel"),
    ("Coach", "PreGameProprioception"),
    ("ConnectiveTissueDisorder", "NeuromuscularFatigue"),
    ("FitnessLevel", "Genetics"),
    ("FitnessLevel", "TeamMotivation"),
    ("NeuromuscularFatigue", "TissueWeakness"),
    ("PreGameProprioception", "TeamMotivation"),
]


def test_warming_up_and_injury() -> None:
    graph = parse_edges(SHRIER)
    ask = ("WarmUpExercises", "Injury")
    assert ms.adjustment_set(graph, *ask, kind="smallest").columns in MINIMAL
    for columns in MINIMAL:
        others = set(graph) - {*columns, *ask}
        assert ms.adjustment_set(graph, *ask, hidden=others).columns == columns
        assert not ms.adjustment_set(graph, *ask, hidden=others | {columns[0]}).valid


def test_a_collider_is_left_alone() -> None:
    graph = parse_edges("dag { x <- a -> m <- b -> y; x -> y }")
    assert ms.adjustment_set(graph, "x", "y", kind="smallest").columns == ()
    assert ms.adjustment_set(graph, "x", "y").columns == ("b",)  # a parent of y


def test_reasons() -> None:
    def reason(text: str, x: str = "x", y: str = "y") -> str:
        found = ms.adjustment_set(parse_edges(text), x, y)
        assert found.columns is None and not found.valid
        return found.reason

    assert reason("pdag { x -- v; v -> y; w -> y }") == (
        "the edge 'x' - 'v' may point either way, on the possible path 'x' - 'v' -> 'y'"
    )
    assert reason("pag { x -> y }") == (
        "the edge 'x' -> 'y' may hide a common cause of the two, on the possible path 'x' -> 'y'"
    )
    assert reason("dag { u [latent]; x <- u -> y; x -> y }") == (
        "no set of measured columns blocks the path 'x' <- 'u' -> 'y'"
    )
    assert reason("dag { x <-> y; x -> y }") == (
        "no set of measured columns blocks the path 'x' <- 'x <-> y' -> 'y'"
    )
    assert reason("dag { y -> x }") == (
        "no set of measured columns blocks the path 'x' <- 'y'; the effect is zero, as no directed "
        "path leads from the cause to the outcome"
    )
    zero = ms.adjustment_set(parse_edges("dag { u -> x; u -> y }"), "x", "y")
    assert (zero.columns, zero.kind) == (("u",), "smallest")
    assert zero.reason.startswith("the set separates cause and outcome; the effect is zero")


def test_visible_edges_of_a_pag() -> None:
    """With v a cause of x alone, x -> y cannot hide a common cause (Zhang 2008)."""
    assert ms.adjustment_set(parse_edges("pag { v @-> x -> y }"), "x", "y").columns == ()
    # Along v <-> w <-> x, where w is a parent of y and v is not adjacent to it.
    by_colliders = parse_edges("mag { v <-> w; w <-> x; w -> y; x -> y }")
    assert ms.adjustment_set(by_colliders, "x", "y").columns == ("w",)


def test_refusals() -> None:
    dag = nx.DiGraph([("cause", "outcome")])
    for change, message in [
        ({"x": "cuase"}, "x: 'cuase' is no node of the graph; did you mean 'cause'?"),
        ({"y": "cause"}, "x and y must be different columns, but both have 'cause'"),
        ({"x": []}, r"x must be a node or a list of nodes, got \[\]"),
        ({"kind": "best"}, "kind must be one of 'auto', 'optimal'"),
        ({"hidden": ["cause"]}, "x: 'cause' is hidden"),
        ({"hidden": "cause"}, "hidden must be a list of nodes"),
        ({"hidden": ["u"]}, "hidden: 'u' is no node"),
        ({"graph": nx.Graph(dag)}, "graph has no arrows"),
        ({"graph": parse_edges("pag { cause -- outcome }")}, "rows were selected"),
        ({"graph": parse_edges("pag { cause -> outcome }"), "kind": "optimal"}, "this is a PAG"),
    ]:
        given = {"graph": dag, "x": "cause", "y": "outcome", **change}
        with pytest.raises(ms.ParameterError, match=message):
            ms.adjustment_set(given.pop("graph"), given.pop("x"), given.pop("y"), **given)
