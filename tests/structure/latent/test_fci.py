"""FCI: exact with an oracle, each mark that of all graphs with the same independences."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.structure.causal.v_structures import Triple
from mistruct.structure.latent.three_point import arrow_probabilities, three_point_information
from mistruct.structure.resampling.replicates import draw_rows
from tests.structure.latent import reference_pag as reference

Case = tuple[nx.DiGraph, set[str], set[str]]

SYMBOL = {"arrow": ">", "tail": "-", "circle": "o"}


def random_case(seed: int, most_nodes: int = 25) -> Case:
    """A DAG with nodes that are hidden, and others that select the rows."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, most_nodes + 1))
    chance = rng.uniform(1.5, 5) / (n - 1)
    names = rng.permutation([f"v{i:02d}" for i in range(n)]).tolist()
    dag = nx.DiGraph()
    dag.add_nodes_from(sorted(names))
    dag.add_edges_from(pair for pair in itertools.combinations(names, 2) if rng.random() < chance)
    picked = rng.permutation(names).tolist()
    n_hidden, n_selected = int(rng.integers(0, n // 3 + 1)), int(rng.integers(0, 3))
    return dag, set(picked[:n_hidden]), set(picked[n_hidden : n_hidden + n_selected])


def observed(case: Case) -> list[str]:
    dag, hidden, selected = case
    return sorted(set(dag) - hidden - selected)


def slow_pag(case: Case) -> reference.Marks:
    dag, hidden, selected = case
    mag = reference.mag_of(dag, hidden, selected)
    rules = reference.SlowFCI(mag, lambda x, y: reference.separator(dag, x, y, hidden, selected))
    return rules.run()


def learned(case: Case, **parameters: object) -> ms.FCI:
    table = pd.DataFrame({v: [0, 1] for v in observed(case)})
    options: dict[str, Any] = {"selection": bool(case[2]), **parameters}
    return ms.FCI(test=ms.DSeparation(case[0], case[2]), **options).fit(table)


def marks_of(fci: ms.FCI) -> reference.Marks:
    return {(u, v): SYMBOL[mark] for u, v, mark in fci.graph_.edges(data="mark")}


# The reference ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_the_reference_has_the_marks_that_all_equivalent_graphs_share(seed: int) -> None:
    case = random_case(seed, most_nodes=7)
    mag = reference.mag_of(*case)
    for x, y in itertools.combinations(observed(case), 2):
        assert reference.has_inducing_path(case[0], x, y, *case[1:]) == ((x, y) in mag)
    if len(mag) <= 14:  # 7 edges, 16,384 graphs
        assert slow_pag(case) == reference.pag_by_enumeration(mag, observed(case))


# With an oracle ---------------------------------------------------------------------------------


def test_the_oracle_gives_the_exact_graph_by_every_rule() -> None:
    n_marks: Counter[str] = Counter()
    for seed in range(40):
        case = random_case(seed)
        found = learned(case, fast=False)
        assert marks_of(found) == slow_pag(case), seed
        n_marks.update([*found.edges_["source_rule"], *found.edges_["target_rule"]])
    assert {f"R{k}" for k in range(11)} - {"R8"} <= set(n_marks)


def case_of_r8(seed: int) -> Case:
    """A DAG in which only R8, by a -> b -> c, finds the tail of a o-> c, which is rare at random.

    R1 does not, as the causes of a are causes of c too; and R4 does not, as it is what makes b a
    cause of c, by e *-> q <- b and q -> c. Some arrows stand for a hidden common cause, and further
    nodes are effects of any of these.
    """
    rng = np.random.default_rng(seed)
    dag = nx.DiGraph(["da", "fa", "dc", "fc", "ab", "ac", "bq", "eq", "qc", "bc"])
    replaced = [e for e in [*dag.edges] if "".join(e) in {"da", "fa", "dc", "fc", "eq"}]
    hidden = set()
    for u, v in (e for e in replaced if rng.random() < 0.4):
        dag.remove_edge(u, v)
        dag.add_edges_from([(f"{u}{v}", u), (f"{u}{v}", v)])
        hidden.add(f"{u}{v}")
    for k in range(int(rng.integers(0, 7))):
        causes = [u for u in sorted(set(dag) - hidden) if rng.random() < 0.25]
        dag.add_node(f"v{k}")
        dag.add_edges_from((u, f"v{k}") for u in causes)
    return dag, hidden, set()


def test_rule_8_at_work() -> None:
    n_hit = 0
    for seed in range(30):
        case = case_of_r8(seed)
        found = learned(case, fast=False)
        assert marks_of(found) == slow_pag(case), seed
        n_hit += "R8" in [*found.edges_["source_rule"], *found.edges_["target_rule"]]
    assert n_hit >= 20


# Between x and y: neighbours of x are d and e, of y c and e; the set that separates them is b, c, d
# and e, or one with b, which is a neighbour of neither.
BEYOND_NEIGHBOURS = (
    nx.DiGraph(
        [
            *(("h", "x"), ("h", "e"), ("d", "x"), ("c", "d"), ("b", "c"), ("b", "e")),
            *(("e", "y"), ("g", "y"), ("g", "c")),
        ]
    ),
    {"h", "g"},
    set[str](),
)


def test_a_set_beyond_neighbours_is_found_unless_fast() -> None:
    slow = learned(BEYOND_NEIGHBOURS, fast=False)
    assert marks_of(slow) == slow_pag(BEYOND_NEIGHBOURS)
    assert "b" in slow.separating_sets_[frozenset("xy")]
    assert learned(BEYOND_NEIGHBOURS).graph_.has_edge("x", "y")


@pytest.mark.parametrize("orientation", ["majority", "standard", "conservative"])
def test_fast_marks_are_true_too(orientation: str) -> None:
    for case in [BEYOND_NEIGHBOURS, *map(random_case, range(20))]:
        dag, _, selected = case
        found = marks_of(learned(case, orientation=orientation))
        assert set(reference.mag_of(*case)) <= set(found)
        for (u, v), mark in found.items():
            if mark != "o":
                assert (mark == "-") == (v in reference.ancestors(dag, {u, *selected}))


def test_selected_nodes_are_no_columns() -> None:
    dag = nx.DiGraph([("a", "s"), ("b", "s")])
    with pytest.raises(ms.ParameterError, match="selected: 't' is not a node"):
        ms.DSeparation(dag, ["t"])
    with pytest.raises(ms.ParameterError, match="column 's' is selected"):
        ms.FCI(test=ms.DSeparation(dag, ["s"])).fit(pd.DataFrame({v: [0, 1] for v in dag}))


# With knowledge ---------------------------------------------------------------------------------

CHAIN = (nx.DiGraph([("a", "b"), ("b", "c")]), set[str](), set[str]())


def test_knowledge_sets_marks() -> None:
    known = ms.Knowledge(required=[("a", "b")], tiers=[["a"], ["b", "c"]])
    found = learned(CHAIN, knowledge=known)
    assert marks_of(found) == {
        **{("a", "b"): ">", ("b", "a"): "-"},  # required, and with R1 all that is left
        **{("b", "c"): ">", ("c", "b"): "-"},
    }
    assert "required by knowledge" in found.why("a", "b")
    later = learned(CHAIN, knowledge=ms.Knowledge(tiers=[["b", "c"], ["a"]]))
    # a is no cause of b, which leaves b --> a or a hidden common cause.
    assert marks_of(later)["b", "a"] == ">"
    assert marks_of(later)["a", "b"] == "o"


# On samples -------------------------------------------------------------------------------------


def sample(case: Case, n_samples: int, seed: int = 0) -> pd.DataFrame:
    """Columns that are a sum of their causes and noise; those that are hidden are left out."""
    rng = np.random.default_rng(seed)
    columns: dict[str, np.ndarray] = {}
    for v in nx.topological_sort(case[0]):
        noise = rng.normal(size=n_samples)
        columns[v] = noise + sum(columns[u] * rng.uniform(0.7, 1.2) for u in case[0].pred[v])
    return pd.DataFrame({v: columns[v] for v in observed(case)})


HIDDEN_CAUSE = (
    nx.DiGraph([("drug", "weight"), ("sport", "pulse"), ("h", "weight"), ("h", "pulse")]),
    {"h"},
    set[str](),
)


def test_a_hidden_common_cause_is_found_and_explained() -> None:
    found = ms.FCI().fit(sample(HIDDEN_CAUSE, 2000))
    assert marks_of(found) == slow_pag(HIDDEN_CAUSE)
    assert set(found.edges_["relation"]) == {"putative", "latent"}
    latent = found.edges_.set_index("relation").loc["latent"]
    assert min(latent["source_p_arrow"], latent["target_p_arrow"]) > 0.99
    said = found.why("weight", "pulse")
    assert said.startswith("'pulse' <-> 'weight' (a hidden common cause")
    assert "arrow at 'weight' by R0 (drug, weight, pulse)" in said
    assert found.reasons().adjacent[0].words == found.why(*found.edges_.iloc[0, :2])
    assert "not adjacent: removed at depth 0" in found.why("drug", "sport")


@pytest.mark.parametrize("seed", range(4))
def test_marks_of_a_sample_never_contradict_each_other(seed: int) -> None:
    case = random_case(seed)
    found = ms.FCI(alpha=0.2).fit(sample((case[0], case[1], set()), 150))
    marks = marks_of(found)
    assert reference.is_ancestral(marks)
    used = found.triples_[found.triples_["verdict"] == "collider"]
    assert all(marks[x, z] == marks[y, z] == ">" for x, z, y in used.iloc[:, :3].to_numpy())


def test_nothing_depends_on_the_order_of_columns_and_weights_stand_for_rows() -> None:
    rng = np.random.default_rng(0)
    table = sample(HIDDEN_CAUSE, 400) > 0
    table = table.assign(copy=table["drug"], fixed=1).astype(str)
    table = table.mask(rng.random(table.shape) < 0.05)
    counts = rng.integers(1, 4, len(table))
    written_out = table.loc[table.index.repeat(counts)].reset_index(drop=True)

    def fitted(frame: pd.DataFrame, **options: str) -> pd.DataFrame:
        return ms.FCI().fit(ms.as_dataset(frame, missing="testwise", **options)).edges_

    expected = fitted(written_out)
    assert len(expected)
    pd.testing.assert_frame_equal(fitted(written_out[table.columns[::-1]]), expected)
    pd.testing.assert_frame_equal(fitted(table.assign(n=counts), weights="n"), expected)


def test_parameters_are_checked() -> None:
    with pytest.raises(ms.ParameterError, match="fast must be True or False, got 'yes'"):
        ms.FCI(fast="yes").fit(sample(HIDDEN_CAUSE, 50))  # type: ignore[arg-type]
    with pytest.raises(ms.ParameterError, match="alpha must be"):
        ms.FCI(alpha=2).fit(sample(HIDDEN_CAUSE, 50))


def test_bootstrap_counts_marks() -> None:
    data = ms.as_dataset(sample(HIDDEN_CAUSE, 300))
    n = 5
    fits = [ms.FCI().fit(data.take(draw_rows(300, 0, b))) for b in range(n)]
    fitted = ms.Bootstrap(ms.FCI(), n, seed=0).fit(data)
    assert fitted.graph_.graph["kind"] == "pag"
    for edge in fitted.edges_.to_dict("records"):
        u, v = edge["source"], edge["target"]
        ends = [(marks_of(f).get((v, u)), marks_of(f).get((u, v))) for f in fits]
        assert edge["support"] == sum(e != (None, None) for e in ends) / n
        assert edge["latent"] == ends.count((">", ">")) / n
        for side, place, arc in (("source", 0, (v, u)), ("target", 1, (u, v))):
            for name, mark in (("arrow", ">"), ("tail", "-")):
                share = sum(e[place] == mark for e in ends) / n
                assert edge[f"{side}_{name}"] == share
                if edge["support"] >= 0.5:
                    consensus = fitted.graph_.edges[arc]["mark"]
                    assert (consensus == name) == (share > edge["support"] / 2)


# Probabilities of arrowheads --------------------------------------------------------------------


def test_probabilities_of_arrowheads_by_hand() -> None:
    # 0 -> 1 <- 2 by log 4 = 1.386; 1 - 3 is then no collider in 0 - 1 - 3, by log 3.
    triples = [Triple(0, 1, 2, 1, 0, "collider"), Triple(0, 1, 3, 1, 1, "noncollider")]
    found = arrow_probabilities(triples, np.log([1 / 4, 3]))
    head = (1 + 1 / 4) / (1 + 3 / 4)  # 5 / 7
    follows = head * (3 / 4 - 1 / 2) + 1 / 2
    assert found == pytest.approx(
        {(0, 1): head, (2, 1): head, (3, 1): 1 - follows, (1, 3): follows}
    )
    assert arrow_probabilities(triples, np.array([0.0, np.nan])) == {}


def test_information_of_three_columns_is_that_of_the_test() -> None:
    table = sample(HIDDEN_CAUSE, 500) > 0
    data = ms.as_dataset(table.astype(int)).select(sorted(table))  # drug pulse sport weight
    n, test = len(table), ms.GTest()

    def left(given: list[str]) -> float:
        found = ms.independence_test(data, "drug", "sport", given, test=test)
        return max(n * found.mi - found.dof * np.log(n) / 2, 0)

    triple = Triple(0, 3, 2, 1, 0, "collider")
    (signal,) = three_point_information(data, test, [triple], {(0, 2): (1,)}, 0.01).penalised
    assert signal == pytest.approx(left(["pulse"]) - left(["pulse", "weight"]))
    (signal,) = three_point_information(data, test, [triple], {(0, 2): (1, 3)}, 0.01).penalised
    assert signal == pytest.approx(left(["pulse"]) - left(["pulse", "weight"]))
