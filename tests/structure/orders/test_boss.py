"""BOSS: exact with an oracle, obedient to knowledge, the same in any order of columns."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

import mistruct as ms
from mistruct.structure.orders import boss
from tests.structure.orders.test_order_search import random_dag, random_table
from tests.structure.sampled_networks import network_graph, sample_network

# With an oracle ---------------------------------------------------------------------------------


class Population(ms.Score):
    """The BIC of a linear Gaussian model whose covariances are known as if from so many rows."""

    def __init__(self, dag: nx.DiGraph, seed: int, n: float = 1e8) -> None:
        names = sorted(dag)
        rng = np.random.default_rng(seed)
        weights = np.zeros((len(names),) * 2)
        for u, v in sorted(dag.edges):
            weights[names.index(v), names.index(u)] = rng.uniform(0.5, 1) * rng.choice([-1, 1])
        total = np.linalg.inv(np.eye(len(names)) - weights)
        covariance = total @ np.diag(rng.uniform(0.5, 1.5, len(names))) @ total.T
        deviations = np.sqrt(np.diag(covariance))
        self.correlations = covariance / np.outer(deviations, deviations)
        self.n = n

    @property
    def name(self) -> str:
        return "population"

    def families(self, data: ms.Dataset) -> ms.Families:
        score = self

        class Known(ms.Families):
            def score(self, column: int, parents: Sequence[int]) -> float:
                its = list(parents)
                r = score.correlations
                left = 1 - r[column, its] @ np.linalg.solve(r[np.ix_(its, its)], r[its, column])
                return float(-score.n / 2 * np.log(left) - np.log(score.n) / 2 * len(its))

        return Known()


def columns_of(dag: nx.DiGraph) -> pd.DataFrame:
    """A table of these columns, no two alike, whose entries do not matter."""
    return pd.DataFrame(np.random.default_rng(0).normal(size=(100, len(dag))), columns=list(dag))


@pytest.mark.parametrize("name", ["asia", "survey", "sachs", "insurance", "alarm"])
def test_the_oracle_gives_the_exact_cpdag_of_a_network(name: str) -> None:
    dag = network_graph(name)
    learned = ms.BOSS(Population(dag, 0), start="random").fit(columns_of(dag))
    assert ms.compare(learned.graph_, dag).shd == 0


@given(seed=st.integers(0, 10**6), degree=st.sampled_from([1.0, 2.0, 4.0]))
@settings(max_examples=15, deadline=None)
def test_the_oracle_gives_the_exact_cpdag_of_random_dags(seed: int, degree: float) -> None:
    dag = nx.relabel_nodes(random_dag(np.random.default_rng(seed), 10, degree), "v{:02}".format)
    learned = ms.BOSS(Population(dag, seed), start="random").fit(columns_of(dag))
    assert ms.compare(learned.graph_, dag).shd == 0


# With data --------------------------------------------------------------------------------------


def test_alarm_is_found() -> None:
    table = sample_network("alarm", 5000, 0)
    found = ms.compare(ms.BOSS().fit(table).graph_, network_graph("alarm"))
    assert found.skeleton_f1 > 0.96
    assert found.shd <= 4


def test_what_is_said_of_a_fit_holds_together() -> None:
    table = sample_network("insurance", 1000, 0)
    learned = ms.BOSS("bdeu").fit(table)
    assert learned.score_ == pytest.approx(ms.score(learned.dag_, table, "bdeu"), rel=1e-12)
    assert learned.score_ == pytest.approx(ms.score(learned.graph_, table, "bdeu"), rel=1e-9)
    assert list(learned.edges_)[:5] == ["source", "target", "mi", "p_value", "n_samples"]
    assert learned.edges_["gain"].is_monotonic_decreasing
    place = {name: k for k, name in enumerate(learned.order_)}
    assert sorted(place) == sorted(table)
    for u, v in learned.dag_.edges:
        assert place[u] < place[v]
    for row in learned.edges_.itertuples():
        pair = row.source, row.target
        arc = pair if learned.dag_.has_edge(*pair) else pair[::-1]
        assert learned.graph_.has_edge(*pair)
        assert learned.graph_.has_edge(*pair[::-1]) == (row.orientation == "undirected")
        without = learned.dag_.copy()
        without.remove_edge(*arc)
        lost = learned.score_ - ms.score(without, table, "bdeu")
        assert row.gain == pytest.approx(lost, rel=1e-9, abs=1e-6)
        others = [p for p in learned.dag_.pred[arc[1]] if p != arc[0]]
        nats = (
            ms.conditional_mutual_information(
                table[arc[0]], table[arc[1]], table[others], estimator="plug-in"
            )
            if others
            else ms.mutual_information(table[arc[0]], table[arc[1]], estimator="plug-in")
        )
        assert row.cmi == pytest.approx(nats)


def test_why_gives_the_losses() -> None:
    table = sample_network("asia", 2000, 0)
    learned = ms.BOSS("bdeu").fit(table)
    first = learned.edges_.iloc[0]
    assert f"would lose {first.gain:.3g} nats" in learned.why(first.source, first.target)
    assert not learned.graph_.has_edge("asia", "smoke")
    more = learned.dag_.copy()
    more.add_edge("asia", "smoke")
    loss = learned.score_ - ms.score(more, table, "bdeu")
    assert f"'asia' -> 'smoke' would lose {loss:.3g} nats" in learned.why("smoke", "asia")
    n_pairs = len(table.columns) * (len(table.columns) - 1) // 2
    assert len(learned.additions_) + len(learned.edges_) == n_pairs
    for row in learned.additions_.dropna().itertuples():
        for u, v, lost in (
            (row.source, row.target, row.loss),
            (row.target, row.source, row.reverse_loss),
        ):
            more = learned.dag_.copy()
            more.add_edge(u, v)
            assert learned.score_ - ms.score(more, table, "bdeu") == pytest.approx(lost, abs=1e-6)
    with pytest.raises(ms.ParameterError, match="there is no column 'smoker'; did you mean"):
        learned.why("asia", "smoker")


def test_more_restarts_score_no_lower() -> None:
    table = random_table(0, 12, 300, degree=4)
    scores = [ms.BOSS("bic", n_restarts=k).fit(table).score_ for k in (0, 3, 10)]
    assert scores == sorted(scores)


@pytest.mark.parametrize(
    ("n_columns", "kind", "n_restarts"),
    [(12, "discrete", 0), (12, "continuous", 10), (13, "continuous", 0)],
)
def test_restarts_are_for_continuous_columns_unless_there_are_many(
    n_columns: int, kind: str, n_restarts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    search = boss.best_dag

    def asking(*given: Any) -> Any:
        asked.append(given[4])
        return search(*given)

    monkeypatch.setattr(boss, "best_dag", asking)
    monkeypatch.setattr(boss, "_MOST_COLUMNS_TO_RESTART", 12)
    numbers = np.random.default_rng(0).normal(size=(60, n_columns))
    table = pd.DataFrame(numbers if kind == "continuous" else numbers > 0).add_prefix("c")
    ms.BOSS().fit(table)
    assert asked == [n_restarts]


# The same whatever the order --------------------------------------------------------------------


def evidence(learned: ms.BOSS) -> list[Any]:
    return [learned.edges_.to_dict("records"), learned.score_, learned.order_]


@given(seed=st.integers(0, 100))
@settings(max_examples=8, deadline=None)
def test_orders_of_columns_and_rows_do_not_matter(seed: int) -> None:
    table = random_table(seed, 8, 200)
    rng = np.random.default_rng(seed)
    other = table[rng.permutation(list(table))].sample(frac=1, random_state=seed)
    first, second = ms.BOSS(n_restarts=3).fit(table), ms.BOSS(n_restarts=3).fit(other)
    assert evidence(first) == evidence(second)


def test_threads_and_hash_seeds_do_not_matter() -> None:
    script = (
        "import mistruct as ms; from tests.structure.sampled_networks import sample_network; "
        "b = ms.BOSS(n_restarts=2).fit(sample_network('insurance', 500, 0)); "
        "print(b.edges_.to_dict('records'), b.score_, b.order_)"
    )

    def run(threads: str, hash_seed: str) -> str:
        changed = {"MISTRUCT_NUM_THREADS": threads, "PYTHONHASHSEED": hash_seed}
        return subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, **changed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert run("1", "0") == run("3", "7")


# Knowledge --------------------------------------------------------------------------------------


@given(data=st.data(), seed=st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_knowledge_is_obeyed(data: st.DataObject, seed: int) -> None:
    table = random_table(seed, 6, 150)
    names = sorted(table)
    rng = np.random.default_rng(seed)
    order = rng.permutation(names).tolist()
    pairs = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :]]
    required = data.draw(st.lists(st.sampled_from(pairs), max_size=3, unique=True))
    both_ways = [*pairs, *((b, a) for a, b in pairs)]
    forbidden = data.draw(st.lists(st.sampled_from(both_ways), max_size=5, unique=True))
    forbidden = [arc for arc in forbidden if arc not in required]
    cut = data.draw(st.integers(0, 6))
    tiers = [order[:cut], order[cut:]] if data.draw(st.booleans()) else []
    knowledge = ms.Knowledge(required, forbidden, tiers)
    learned = ms.BOSS(knowledge=knowledge, n_restarts=2).fit(table)
    arcs = set(learned.dag_.edges)
    assert nx.is_directed_acyclic_graph(learned.dag_)
    assert set(required) <= arcs
    assert not set(forbidden) & arcs
    assert set(required) <= set(learned.graph_.edges)
    assert not {(b, a) for a, b in required} & set(learned.graph_.edges)
    assert not set(forbidden) & set(learned.graph_.edges)
    if tiers:
        earlier = set(order[:cut])
        for u, v in learned.graph_.edges:
            assert not (v in earlier and u not in earlier)


@pytest.mark.parametrize(
    ("required", "forbidden"),
    [
        ([("v04", "v00"), ("v00", "v02")], [("v04", "v02")]),  # v02 -> v04 would close a cycle
        ([], [("v00", "v04"), ("v02", "v00"), ("v04", "v02")]),
    ],
)
def test_edges_that_are_left_one_way_each_may_not_all_be_there(
    required: list[tuple[str, str]], forbidden: list[tuple[str, str]]
) -> None:
    table = random_table(1, 6, 150)
    dag = ms.BOSS(knowledge=ms.Knowledge(required, forbidden)).fit(table).dag_
    assert nx.is_directed_acyclic_graph(dag)
    assert set(required) <= set(dag.edges)
    assert not set(forbidden) & set(dag.edges)


def test_one_required_edge_does_not_hang_the_search() -> None:
    table = sample_network("alarm", 500, 0)
    edge = ("CVP", "HISTORY")  # against the network, which has neither this nor its reverse
    learned = ms.BOSS(knowledge=ms.Knowledge(required=[edge])).fit(table)
    assert learned.dag_.has_edge(*edge)
    assert len(learned.edges_) > 30


def test_tiers_are_obeyed_where_they_are_against_the_data() -> None:
    table = sample_network("asia", 2000, 0)
    order = list(nx.topological_sort(network_graph("asia")))
    tiers = [[name] for name in reversed(order)]
    dag = ms.BOSS(knowledge=ms.Knowledge(tiers=tiers)).fit(table).dag_
    assert dag.number_of_edges() > 7
    for u, v in dag.edges:
        assert order.index(v) < order.index(u)


def test_why_names_knowledge() -> None:
    table = random_table(0, 5, 100)
    knowledge = ms.Knowledge(required=[("v03", "v01")], forbidden=[("v00", "v02"), ("v02", "v00")])
    learned = ms.BOSS(knowledge=knowledge).fit(table)
    assert "required by knowledge" in learned.why("v01", "v03")
    assert learned.why("v00", "v02").endswith("no edge between them is allowed")


# Tables out of the ordinary ---------------------------------------------------------------------


def test_a_constant_column_gets_no_edge() -> None:
    table = random_table(1, 5, 300).assign(constant="c")
    learned = ms.BOSS().fit(table)
    assert learned.graph_.degree("constant") == 0
    numbers = np.random.default_rng(0).normal(size=300)
    mixed = ms.BOSS().fit(table.assign(number=numbers, flat=1.5))
    assert mixed.graph_.degree("flat") == mixed.graph_.degree("constant") == 0


def test_of_columns_that_say_the_same_the_first_stands_for_all() -> None:
    table = random_table(1, 5, 600)
    alone = ms.BOSS().fit(table).graph_
    renamed = table["v01"].map({k: f"state {9 - k}" for k in range(4)})
    learned = ms.BOSS().fit(table.assign(v99=renamed, v98=table["v01"]))
    assert learned.copies_ == {"v98": "v01", "v99": "v01"}
    rest = learned.graph_.subgraph(list(table))
    assert {frozenset(e) for e in rest.edges} == {frozenset(e) for e in alone.edges}
    for copy in ("v98", "v99"):
        assert set(learned.graph_.to_undirected()[copy]) == {"v01"}
    known = ms.Knowledge(required=[("v99", "v00")])
    assert ms.BOSS(knowledge=known).fit(table.assign(v99=renamed)).dag_.has_edge("v99", "v00")
    numbers = np.random.default_rng(0).normal(size=(200, 3))
    doubled = np.column_stack([numbers, -np.exp(numbers[:, 0])])
    graph = ms.BOSS().fit(pd.DataFrame(doubled, columns=list("abcd"))).graph_
    assert {frozenset(e) for e in graph.edges} == {frozenset("ad")}


def test_a_column_of_identifiers_is_taken_as_it_is() -> None:
    table = pd.DataFrame(
        {"id": [f"r{k}" for k in range(40)], "a": [0, 1] * 20, "b": [0, 0, 1, 1] * 10}
    )
    data = ms.as_dataset(table, kinds=dict.fromkeys(table, "discrete"))
    # What it tells of a is log 2 for each row, and 39 parameters cost log 40 / 2 each.
    assert ms.BOSS("bic").fit(data).graph_.degree("id") == 0
    for score in ("qnml", "bdeu"):
        learned = ms.BOSS(score).fit(data)
        assert np.isfinite(learned.score_)
        assert not learned.graph_.has_edge("a", "b")


def with_gaps(table: pd.DataFrame, share: float) -> pd.DataFrame:
    """The table with entries missing at random."""
    return table.mask(np.random.default_rng(0).random(table.shape) < share)


def test_missing_entries_may_be_a_state() -> None:
    table = with_gaps(sample_network("asia", 2000, 0).astype("category"), 0.05)
    data = ms.as_dataset(table, missing="state")
    assert ms.BOSS().fit(data).graph_.has_edge("bronc", "dysp")


@pytest.mark.parametrize("score", ["qnml", "bdeu", "bic"])
def test_missing_entries_leave_a_graph_nearly_as_good(score: str) -> None:
    whole = sample_network("sachs", 5000, 0).astype("category")
    truth = network_graph("sachs")
    gappy = ms.as_dataset(with_gaps(whole, 0.05), missing="testwise")
    assert ms.compare(ms.BOSS(score).fit(whole).graph_, truth).shd <= 1
    assert ms.compare(ms.BOSS(score).fit(gappy).graph_, truth).shd <= 2


def test_missing_entries_of_any_kind_of_column() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 1000))
    c = a + b + rng.normal(size=1000)
    d = pd.Series(pd.cut(c + rng.normal(size=1000), 3, labels=["low", "mid", "high"]))
    table = with_gaps(pd.DataFrame({"a": a, "b": b, "c": c, "d": d}), 0.1)
    truth = nx.DiGraph([("a", "c"), ("b", "c"), ("c", "d")])
    learned = ms.BOSS().fit(ms.as_dataset(table, missing="testwise"))
    assert ms.compare(learned.graph_, truth).shd == 0
    assert learned.copies_ == {}
    n_known = int(table[["a", "c"]].notna().all(axis=1).sum())
    assert learned.graph_.edges["a", "c"]["n_samples"] == n_known
    assert "given the other parents the two share" in learned.why("a", "c")
    assert "would lose" in learned.why("a", "d")


def test_copies_are_known_by_their_gaps_too() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 300))
    a[:20], b[20:40] = np.nan, np.nan
    table = pd.DataFrame({"a": a, "b": b, "c": -np.exp(a), "d": np.where(np.isnan(a), 0.5, a)})
    learned = ms.BOSS().fit(ms.as_dataset(table, missing="testwise"))
    assert learned.copies_ == {"c": "a"}


def test_a_family_without_a_complete_row_says_so() -> None:
    # a and b move c, and no row knows both.
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 2000))
    c = a + b + 0.1 * rng.normal(size=2000)
    a[:1000], b[1000:] = np.nan, np.nan
    data = ms.as_dataset(pd.DataFrame({"a": a, "b": b, "c": c}), missing="testwise")
    known = ms.Knowledge(required=[("a", "c"), ("b", "c")])
    learned = ms.BOSS(knowledge=known).fit(data)
    assert learned.edges_["cmi"].isna().all()
    assert "too few rows are complete to say" in learned.why("a", "c")


def test_continuous_and_mixed_columns() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 1000))
    c = a + b + rng.normal(size=1000)
    d = pd.cut(c + rng.normal(size=1000), 3, labels=["low", "mid", "high"])
    truth = nx.DiGraph([("a", "c"), ("b", "c"), ("c", "d")])
    learned = ms.BOSS().fit(pd.DataFrame({"a": a, "b": b, "c": c, "d": d}))
    assert ms.compare(learned.graph_, truth).shd == 0


# What is refused --------------------------------------------------------------------------------


class NaNFor(ms.Score):
    """A score of one's own that fails for one family."""

    @property
    def name(self) -> str:
        return "nan"

    def families(self, data: ms.Dataset) -> ms.Families:
        class Broken(ms.Families):
            def score(self, column: int, parents: Sequence[int]) -> float:
                return np.nan if (column, *parents) == (2, 0) else -float(len(parents))

        return Broken()


@pytest.mark.parametrize(
    ("learner", "message"),
    [
        (ms.BOSS(max_parents=0), "max_parents must be a whole number of at least 1, got 0"),
        (ms.BOSS(n_restarts=-1), "n_restarts must be a whole number of at least 0, got -1"),
        (ms.BOSS(seed=-1), "seed must be a whole number of at least 0, got -1"),
        (ms.BOSS("bik"), "score must be one of .*'bik'; did you mean 'bic'"),
        (ms.BOSS(3), "score must be a name or a score such as BIC"),  # type: ignore[arg-type]
        (ms.BOSS(start="best"), "start must be 'pc', 'random' or a list of all columns"),
        (ms.BOSS(start=["v00"]), "start must hold each of the 4 columns once"),
        (ms.BOSS(start=["v00", "v01", "v02", "x"]), "start: there is no column 'x'"),
        (ms.BOSS(knowledge="tiers"), "knowledge must be a Knowledge or None"),  # type: ignore[arg-type]
        (
            ms.BOSS(knowledge=ms.Knowledge(required=[("v00", "y")])),
            "knowledge: there is no column 'y'",
        ),
        (
            ms.BOSS(
                max_parents=1,
                knowledge=ms.Knowledge(required=[("v00", "v02"), ("v01", "v02")]),
            ),
            "max_parents must be at least the 2 parents that knowledge requires of 'v02', got 1",
        ),
        (
            ms.BOSS(NaNFor(), start="random"),
            "score must give a finite number, got nan for 'v02' given 'v00'",
        ),
    ],
)
def test_what_breaks_a_rule_is_refused(learner: ms.BOSS, message: str) -> None:
    with pytest.raises(ms.ParameterError, match=message):
        learner.fit(random_table(0, 4, 50))


def test_tables_that_a_score_does_not_take() -> None:
    numbers = np.random.default_rng(0).normal(size=(5, 8))
    with pytest.raises(ms.DataError, match="a row or more for each column, got 5 rows of 8"):
        ms.BOSS().fit(numbers)
    with pytest.raises(ms.DataError, match="score 'bdeu' needs discrete columns"):
        ms.BOSS("bdeu").fit(numbers.T)
    table = random_table(0, 3, 50)
    with pytest.raises(ms.DataError, match="node 'v9' is not a column"):
        ms.score(nx.DiGraph([("v00", "v9")]), table)
    with pytest.raises(ms.DataError, match=r"no consistent extension"):
        ms.score(nx.DiGraph([("v00", "v01"), ("v01", "v02"), ("v02", "v00")]), table)


# As other learners ------------------------------------------------------------------------------


def test_it_is_a_learner_like_the_others(tmp_path: Any) -> None:
    table = sample_network("asia", 500, 0)
    learner = ms.BOSS(ms.BDeu(2.0), n_restarts=1)
    assert clone(learner).get_params() == learner.get_params()
    learned = learner.fit(table)
    assert learned.graph_.graph["parameters"]["score"] == repr(ms.BDeu(2.0))
    model = ms.to_bayesian_network(learned.dag_, table)
    assert set(model.edges) == set(learned.dag_.edges)
    ms.write_network(learned.graph_, tmp_path / "net.graphml")
    again = ms.read_network(tmp_path / "net.graphml")
    assert set(again.edges) == set(learned.graph_.edges)
    sampled = ms.Bootstrap(ms.BOSS(n_restarts=0), n_resamples=5).fit(table)
    assert sampled.edges_["support"].between(0, 1).all()
    ms.plot_network(learned.graph_)
