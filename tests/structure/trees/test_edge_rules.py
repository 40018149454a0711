"""The rules of spanning forests on their own, away from any table's estimates."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mistruct as ms
from mistruct.data.dataset import Dataset, as_dataset
from mistruct.errors import ParameterError
from mistruct.independence.protocol import TestBatch
from mistruct.structure.trees.edge_rules import check_rule, known_entries, spanning_pairs, staying
from tests import reference


def dataset(cardinalities: list[int], n_samples: int = 12) -> Dataset:
    columns = {f"c{k}": np.arange(n_samples) % r for k, r in enumerate(cardinalities)}
    return as_dataset(pd.DataFrame(columns))


def batch_of(p_values: list[float]) -> TestBatch:
    return TestBatch.of(p_values, n_samples=0, statistic=0.0, mi=0.0)


def edge_set(pairs: np.ndarray) -> frozenset[tuple[int, int]]:
    return frozenset((int(i), int(j)) for i, j in pairs)


matrices = st.integers(2, 6).flatmap(
    lambda p: st.lists(
        st.sampled_from([0.0, 0.1, 0.25, 0.5]), min_size=p * (p - 1) // 2, max_size=p * (p - 1) // 2
    ).map(lambda upper: (p, upper))
)


@given(matrices)
def test_spanning_pairs_are_a_best_tree_also_with_ties(matrix):
    p, upper = matrix
    weights = dict(zip(itertools.combinations(range(p), 2), upper, strict=True))
    mi = np.ones((p, p))
    for (i, j), w in weights.items():
        mi[i, j] = mi[j, i] = w
    pairs, chosen = spanning_pairs(dataset([2] * p), mi, None)
    best, forests = reference.maximum_spanning_forests(weights, range(p))
    assert edge_set(pairs) in forests
    assert chosen.sum() == pytest.approx(best)
    assert [weights[int(i), int(j)] for i, j in pairs] == chosen.tolist()


@pytest.mark.parametrize("place", range(4))
def test_a_constant_column_hangs_on_at_the_end_whatever_its_weights(place):
    cardinalities = [2, 2, 2]
    cardinalities.insert(place, 1)
    mi = np.full((4, 4), 0.1)
    mi[place] = mi[:, place] = 9.0  # as a biased estimator might say
    pairs, weights = spanning_pairs(dataset(cardinalities), mi, None)
    of_constant = (pairs == place).any(axis=1)
    assert of_constant.sum() == 1
    assert weights[of_constant] == -np.inf
    assert (weights[~of_constant] == 0.1).all()


@pytest.mark.parametrize(("penalty", "cost"), [("bic", math.log(12)), ("aic", 2.0)])
@pytest.mark.parametrize("n_strata", [1, 3])
def test_weights_under_a_penalty(penalty, cost, n_strata):
    cardinalities = [2, 5, 3]
    mi = np.array([[0.0, 0.9, 0.3], [0.9, 0.0, 0.8], [0.3, 0.8, 0.0]])
    pairs, weights = spanning_pairs(dataset(cardinalities), mi, penalty, n_strata)
    gain = {
        (i, j): 2 * 12 * mi[i, j]
        - cost * n_strata * (cardinalities[i] - 1) * (cardinalities[j] - 1)
        for i, j in itertools.combinations(range(3), 2)
    }
    _, trees = reference.maximum_spanning_forests(gain, range(3))
    assert edge_set(pairs) in trees
    assert weights.tolist() == pytest.approx([gain[int(i), int(j)] for i, j in pairs])


def test_a_penalty_weighs_a_pair_by_the_rows_complete_for_it():
    table = pd.DataFrame(
        {"a": [0, 1, 0, None, 1], "b": [0, None, 1, None, 1], "c": [1, 0, 1, 0, 1]}
    )
    data = as_dataset(table.astype("Int64"), missing="testwise")
    mi = np.array([[0.0, 0.5, 0.1], [0.5, 0.0, 0.4], [0.1, 0.4, 0.0]])
    pairs, weights = spanning_pairs(data, mi, "aic")
    rows = {(0, 1): 3, (0, 2): 4, (1, 2): 3}
    assert edge_set(pairs) == {(0, 1), (1, 2)}
    expected = [2 * rows[int(i), int(j)] * mi[i, j] - 2 for i, j in pairs]
    assert weights.tolist() == pytest.approx(expected)
    known = known_entries(data)
    assert known is not None
    assert known.tolist() == table.notna().to_numpy().T.astype(float).tolist()
    assert known_entries(dataset([2, 3])) is None


p_value_lists = st.lists(st.floats(0, 1), min_size=1, max_size=8)


@given(p_value_lists, st.integers(0, 20), st.sampled_from([0.001, 0.05, 0.3]))
def test_corrections_by_their_definitions(p_values, n_more, alpha):
    n_pairs = len(p_values) + n_more
    stays = {
        rule: staying(batch_of(p_values), np.ones(len(p_values)), n_pairs, alpha, rule, None)
        for rule in ("none", "bonferroni", "bh")
    }
    assert stays["none"].tolist() == [p <= alpha for p in p_values]
    assert stays["bonferroni"].tolist() == [p <= alpha / n_pairs for p in p_values]
    # Step up over all pairs, the others with p = 1: the largest k with k p-values at or below
    # alpha k / m rejects those k.
    everything = p_values + [1.0] * n_more
    steps = [
        alpha * k / n_pairs
        for k in range(1, n_pairs + 1)
        if sorted(everything)[k - 1] <= alpha * k / n_pairs
    ]
    bound = max(steps, default=-1.0)
    assert stays["bh"].tolist() == [p <= bound for p in p_values]


@pytest.mark.parametrize("correction", ["none", "bonferroni", "bh"])
def test_what_cannot_be_tested_never_stays(correction):
    tests = batch_of([math.nan, 1e-9, math.nan])
    assert staying(tests, np.ones(3), 3, 0.05, correction, None).tolist() == [False, True, False]
    assert staying(tests, np.ones(3), 3, None, correction, None).tolist() == [False, True, False]
    assert staying(tests, np.ones(3), 3, None, correction, "bic").tolist() == [False, True, False]
    assert not staying(batch_of([math.nan]), np.ones(1), 1, 0.5, correction, None).any()


def test_a_penalised_edge_must_gain():
    tests = batch_of([0.5, 0.5, 0.5])
    weights = np.array([0.5, 0.0, -0.5])
    assert staying(tests, weights, 3, None, "bh", "aic").tolist() == [True, False, False]


def test_one_rule_at_a_time():
    check_rule(None, "bonferroni", None)
    check_rule(0.05, "none", None)
    check_rule(None, "bh", "aic")
    with pytest.raises(ParameterError, match="set one of them to None"):
        check_rule(0.05, "none", "aic")


@pytest.mark.parametrize(
    "rule", [{"penalty": "bic"}, {"alpha": 0.2}, {"estimator": "miller-madow"}], ids=str
)
def test_chosen_rows_are_learnt_from_as_a_table_of_their_own(rule):
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.integers(0, 3, (300, 6)), columns=list("abcdef"))
    frame["b"] = np.where(rng.random(300) < 0.5, frame["a"], frame["b"])
    chosen = (frame["c"] == 1).to_numpy() & (frame["a"] != 2).to_numpy()
    part = ms.ChowLiu(**rule).fit(ms.as_dataset(frame).take(chosen)).edges_
    whole = ms.ChowLiu(**rule).fit(frame[chosen]).edges_
    pd.testing.assert_frame_equal(part, whole)
