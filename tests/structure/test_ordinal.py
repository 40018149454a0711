"""Learners on surveys: ordinal columns are taken by their order, models count their states."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.base import clone

import mistruct as ms
from mistruct.structure.causal.redundant_groups import as_one_column, redundant_groups

N_ITEMS = 10
TRUE = {frozenset((f"q{j}", f"q{(j - 1) // 2}")) for j in range(1, N_ITEMS)}


@pytest.fixture(scope="module")
def survey() -> pd.DataFrame:
    """Answers 1 to 6 of 400 persons, each made of the answer above it in a tree."""
    rng = np.random.default_rng(0)
    answers = np.empty((N_ITEMS, 400), dtype=int)
    for j in range(N_ITEMS):
        above = (answers[(j - 1) // 2] - 3.5) / 1.7 if j else 0.0
        latent = (0.6 * above + rng.normal(size=400)) / np.hypot(0.6 if j else 0.0, 1.0)
        answers[j] = 1 + np.digitize(latent, norm.ppf(np.arange(1, 6) / 6))
    return pd.DataFrame(answers.T).add_prefix("q")


@pytest.fixture(scope="module")
def tables(survey: pd.DataFrame) -> dict[str, ms.Dataset]:
    kinds: Any = ("discrete", "ordinal", "continuous")
    return {kind: ms.as_dataset(survey, kinds={"q*": kind}) for kind in kinds}


def edges(net: Any) -> set[frozenset[str]]:
    return {frozenset(e) for e in net.edges_[["source", "target"]].to_numpy().tolist()}


LEARNERS = [
    ms.PC(),
    ms.ChowLiu(),
    ms.ChowLiu(penalty="bic"),
    ms.ARACNE(),
    ms.CLR(),
    ms.MarkovBlanket("q0"),
]


@pytest.mark.parametrize("learner", LEARNERS, ids=str)
def test_learners_find_what_they_find_in_numbers(
    learner: Any, tables: dict[str, ms.Dataset]
) -> None:
    ordinal, numbers = (
        learner.fit(tables[kind]).edges_.copy() for kind in ("ordinal", "continuous")
    )
    pd.testing.assert_frame_equal(ordinal, numbers)


def test_pc_finds_the_edges_of_numbers_and_more_than_states_show(
    tables: dict[str, ms.Dataset],
) -> None:
    found = {kind: edges(ms.PC().fit(table)) for kind, table in tables.items()}
    assert found["ordinal"] >= found["continuous"]
    assert found["ordinal"] >= TRUE
    assert len(found["discrete"] & TRUE) < len(TRUE)


@pytest.mark.parametrize("learner", [ms.ARACNE(), ms.ChowLiu()], ids=str)
def test_estimate_by_order_and_test_by_states(learner: Any, tables: dict[str, ms.Dataset]) -> None:
    found = learner.set_params(estimator="copula", test="g").fit(tables["ordinal"]).edges_
    of_states = ms.independence_test(tables["discrete"], *found.iloc[0, :2], test="g")
    of_order = ms.independence_test(tables["continuous"], *found.iloc[0, :2])
    assert found["p_value"].iloc[0] == of_states.p_value
    assert found["mi"].iloc[0] == pytest.approx(of_order.mi, rel=1e-5)


def test_scores_and_models_count_states(tables: dict[str, ms.Dataset]) -> None:
    ordinal, states = tables["ordinal"], tables["discrete"]
    learner = ms.BOSS("qnml", start="random", n_restarts=0)
    of_ordinal, of_states = learner.fit(ordinal), clone(learner).fit(states)
    assert set(of_ordinal.graph_.edges) == set(of_states.graph_.edges)
    tan = ms.TAN("q0").fit(ordinal)
    pd.testing.assert_frame_equal(tan.edges_, ms.TAN("q0").fit(states).edges_)
    model = ms.to_bayesian_network(of_ordinal.graph_, ordinal)
    assert model.get_cpds("q0").state_names["q0"] == [1, 2, 3, 4, 5, 6]


def test_boss_goes_by_the_order(tables: dict[str, ms.Dataset]) -> None:
    by_order, numbers = (ms.BOSS().fit(tables[kind]) for kind in ("ordinal", "continuous"))
    assert by_order.scored_by_ == ms.GaussianBIC(gamma=1.0)
    assert set(by_order.graph_.edges) == set(numbers.graph_.edges)


def test_a_bootstrap_keeps_the_kind(tables: dict[str, ms.Dataset], tmp_path: Any) -> None:
    options: dict[str, Any] = {"n_resamples": 5, "seed": 0}
    ordinal, numbers = (
        ms.Bootstrap(ms.ChowLiu(), checkpoint=tmp_path / kind, **options).fit(tables[kind])
        for kind in ("ordinal", "continuous")
    )
    pd.testing.assert_frame_equal(ordinal.edges_, numbers.edges_)


def test_signs_are_those_of_ranks(tables: dict[str, ms.Dataset]) -> None:
    assert set(ms.ARACNE().fit(tables["ordinal"]).edges_["sign"]) == {1}
    assert set(ms.ARACNE(test="g").fit(tables["discrete"]).edges_["sign"]) == {0}


def test_selectors_and_rankings(tables: dict[str, ms.Dataset]) -> None:
    neighbours = {next(iter(e - {"q0"})) for e in TRUE if "q0" in e}
    ordinal, numbers = (
        ms.rank_features(tables[kind], "q0").set_index("feature").sort_index()
        for kind in ("ordinal", "continuous")
    )
    columns = ["mi", "p_value"]
    pd.testing.assert_frame_equal(ordinal[columns], numbers[columns])
    assert neighbours <= set(ordinal.index[ordinal["chosen"].notna()])
    frame = tables["ordinal"].to_pandas()
    features, target = frame.drop(columns="q0"), frame["q0"]
    for selector in (ms.InformationSelector(n_features=2), ms.MarkovBlanketSelector()):
        chosen = selector.fit(features, target).get_feature_names_out()
        assert set(chosen) == neighbours


def test_states_are_counted_beside_fractions_too(survey: pd.DataFrame) -> None:
    table = ms.as_dataset(
        survey.assign(noise=np.linspace(0, 1, len(survey))), kinds={"q*": "ordinal"}
    )
    assert ms.BOSS().fit(table).scored_by_.name == "gaussian-bic"
    pc = ms.PC().fit(table)
    assert edges(pc) >= TRUE


def test_joint_states_have_no_order() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 3, (2, 300))
    table = ms.as_dataset(pd.DataFrame({"a": a, "b": b, "c": a + b}), kinds={"*": "ordinal"})
    groups = redundant_groups(table)
    assert groups == [(0, 1, 2)]
    assert as_one_column(table, groups[0]).kinds == {"a": "discrete"}


def test_the_cost_is_told_as_for_numbers(tables: dict[str, ms.Dataset]) -> None:
    ordinal, numbers = (ms.PC().cost(tables[kind]) for kind in ("ordinal", "continuous"))
    np.testing.assert_array_equal(ordinal.n_tests, numbers.n_tests)
