"""Scores of discrete families beside the slow reference, and the theorems on them."""

from __future__ import annotations

import itertools
import math
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mistruct as ms
from mistruct.kernels.scores.family_counts import log_rising
from mistruct.scores.discrete import regret
from tests import reference_scores as reference

Rows = list[list[Any]]


@st.composite
def tables(draw: st.DrawFn) -> tuple[Rows, list[int]]:
    """Rows of four columns in which each state occurs, and their numbers of states."""
    n_states = draw(st.lists(st.integers(1, 5), min_size=4, max_size=4))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n = draw(st.sampled_from([6, 70, 400]))
    rows = [[int(rng.integers(r)) for r in n_states] for _ in range(n)]
    for row in rows:
        if rng.random() < 0.5:
            row[1] = row[0] % n_states[1]
    for j, r in enumerate(n_states):
        for k in range(min(r, n)):
            rows[k][j] = k
    return rows, n_states


def families(score: ms.Score, rows: Rows) -> ms.Families:
    frame = pd.DataFrame(rows, columns=list("abcd")).astype("category")
    return score.families(ms.as_dataset(frame))


SCORES: list[tuple[ms.Score, Any]] = [
    (ms.BIC(), reference.bic),
    (ms.BIC(0.5), lambda *family: reference.bic(*family, penalty=0.5)),
    (ms.BIC(dof="occupied"), lambda *family: reference.bic(*family, occupied=True)),
    (ms.BDeu(), lambda *family: reference.bdeu(*family, 1.0)),
    (ms.BDeu(7.5), lambda *family: reference.bdeu(*family, 7.5)),
    (ms.BDeu((0.5, 4, 60)), lambda *family: reference.averaged_bdeu(*family, (0.5, 4, 60))),
]
FAMILIES = [
    (x, parents)
    for x in range(4)
    for k in range(4)
    for parents in itertools.combinations([c for c in range(4) if c != x], k)
]


@pytest.mark.parametrize(("score", "expected"), SCORES, ids=[repr(s) for s, _ in SCORES])
@given(table=tables())
@settings(max_examples=25)
def test_families_are_scored_as_the_reference_does(
    score: ms.Score, expected: Any, table: tuple[Rows, list[int]]
) -> None:
    rows, n_states = table
    of_table = families(score, rows)
    for x, parents in FAMILIES:
        assert of_table.score(x, parents) == pytest.approx(
            expected(rows, n_states, x, parents), rel=1e-9, abs=1e-8
        )


@given(table=tables())
@settings(max_examples=25)
def test_parents_are_added_as_one_at_a_time(table: tuple[Rows, list[int]]) -> None:
    rows, _ = table
    for score in (ms.BIC(), ms.BDeu((2.0, 9.0), gamma=1.0), ms.QNML(gamma=0.5)):
        of_table = families(score, rows)
        for x, parents in FAMILIES:
            added = np.array([c for c in range(4) if c != x and c not in parents], dtype=np.int64)
            np.testing.assert_allclose(
                of_table.scores_with(x, parents, added),
                [of_table.score(x, sorted([*parents, c])) for c in added],
                rtol=1e-12,
                atol=1e-9,
            )


@pytest.mark.parametrize(("n", "k"), [(20, 2), (20, 5), (50, 300), (1000, 12), (300, 4)])
def test_the_regret_is_near_the_exact_one(n: int, k: int) -> None:
    # The approximation is for as many states as rows; at two states it errs by 0.09 nats.
    error = float(regret(n, np.array([float(k)]))[0]) - reference.regret(n, k)
    assert 0 <= error < 0.2 / k
    assert regret(n, np.array([1.0]))[0] == 0.0


@given(table=tables())
@settings(max_examples=15)
def test_qnml_is_near_that_with_the_exact_regret(table: tuple[Rows, list[int]]) -> None:
    rows, n_states = table
    of_table = families(ms.QNML(), rows)
    for x, parents in FAMILIES:
        exact = reference.qnml(rows, n_states, x, parents)
        assert of_table.score(x, parents) == pytest.approx(exact, rel=1e-9, abs=0.1)


def test_tables_larger_than_the_sample_are_counted_by_labels() -> None:
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 40, (300, 4)).tolist()
    for j in range(4):
        for k in range(40):
            rows[k][j] = k
    of_table = families(ms.BDeu((3.0, 70.0)), rows)
    assert of_table.score(0, [1, 2, 3]) == pytest.approx(
        reference.averaged_bdeu(rows, [40] * 4, 0, [1, 2, 3], (3.0, 70.0)), rel=1e-9
    )


EQUIVALENT = [
    ms.BIC(), ms.BIC(2.0, gamma=0.5), ms.BDeu(), ms.BDeu(10.0, gamma=1.0),
    ms.BDeu((1.0, 16.0, 256.0), gamma=2.0), ms.QNML(), ms.QNML(gamma=1.0),
]  # fmt: skip


@pytest.mark.parametrize("score", EQUIVALENT, ids=repr)
@given(table=tables(), seed=st.integers(0, 10**6))
@settings(max_examples=15)
def test_equivalent_dags_have_equal_scores(
    score: ms.Score, table: tuple[Rows, list[int]], seed: int
) -> None:
    rows, _ = table
    frame = pd.DataFrame(rows, columns=list("abcd")).astype("category")
    rng = np.random.default_rng(seed)
    dag = nx.DiGraph()
    dag.add_nodes_from("abcd")
    order = rng.permutation(list("abcd")).tolist()
    dag.add_edges_from(e for e in itertools.combinations(order, 2) if rng.random() < 0.6)
    expected = ms.score(dag, frame, score)
    # A covered edge, whose ends have the same other parents, may be turned (Chickering 1995).
    for x, y in list(dag.edges):
        if set(dag.pred[x]) == set(dag.pred[y]) - {x}:
            turned = dag.copy()
            turned.remove_edge(x, y)
            turned.add_edge(y, x)
            assert ms.score(turned, frame, score) == pytest.approx(expected, rel=1e-9, abs=1e-8)


@given(table=tables())
@settings(max_examples=15)
def test_a_gain_is_information_less_a_price(table: tuple[Rows, list[int]]) -> None:
    rows, n_states = table
    frame = pd.DataFrame(rows, columns=list("abcd")).astype("category")
    n = len(frame)
    dag = nx.DiGraph([("b", "a"), ("c", "a")])
    dag.add_node("d")
    empty = nx.create_empty_copy(dag)
    nats = ms.mutual_information(frame["a"], frame[["b", "c"]], estimator="plug-in")
    dof = (n_states[0] - 1) * (n_states[1] * n_states[2] - 1)
    gain = ms.score(dag, frame, "bic") - ms.score(empty, frame, "bic")
    assert gain == pytest.approx(n * nats - math.log(n) / 2 * dof, rel=1e-9, abs=1e-8)


def test_gamma_prices_each_edge_by_the_number_of_columns() -> None:
    table = pd.DataFrame({c: [0, 1, 1, 0] for c in "abcde"})
    dag = nx.DiGraph([("a", "b"), ("a", "c"), ("b", "c")])
    for plain, priced in ((ms.BDeu(), ms.BDeu(gamma=2.0)), (ms.QNML(), ms.QNML(gamma=2.0))):
        part = table[["a", "b", "c"]]
        lost = ms.score(dag, part, plain) - ms.score(dag, part, priced)
        assert lost == pytest.approx(3 * 2.0 * math.log(3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ms.BIC(0.0), "penalty must be a number greater than 0, got 0.0"),
        (lambda: ms.BIC(dof="all"), "dof must be one of 'table', 'occupied', got 'all'"),  # type: ignore[arg-type]
        (lambda: ms.BDeu(-1), "equivalent_sample_size must be a number greater than 0, got -1"),
        (lambda: ms.BDeu(np.inf), "equivalent_sample_size must be a number greater than 0"),
        (lambda: ms.BDeu(()), r"equivalent_sample_size must have one number or more, got \(\)"),
        (lambda: ms.BDeu((1.0, 0.0)), "equivalent_sample_size must be a number greater than 0"),
        (lambda: ms.QNML(gamma=-0.1), "gamma must be a number of at least 0, got -0.1"),
    ],
)
def test_parameters_out_of_their_rule_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ms.ParameterError, match=message):
        make()


def test_continuous_columns_are_refused() -> None:
    table = ms.as_dataset(pd.DataFrame({"a": [0.5, 1.5, 2.5], "b": ["x", "y", "x"]}))
    with pytest.raises(ms.DataError, match=r"score 'bdeu' needs discrete columns.*'a'"):
        ms.BDeu().families(table)


@pytest.mark.parametrize("start", [1e-3, 0.7, 256.0])
def test_rising_products_are_those_of_the_gamma_function(start: float) -> None:
    for count in (1, 2, 9, 10, 11, 500, 10**6):
        expected = math.lgamma(start + count) - math.lgamma(start)
        found = log_rising(start, math.lgamma(start), count)
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)
