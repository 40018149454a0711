"""What a search takes: told beforehand, from constants, and bounded by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.independence.names import resolve_test
from mistruct.information.names import ESTIMATORS, auto
from mistruct.structure.causal import skeleton_search, v_structures
from tests.structure.sampled_networks import sample_network

OF_NUMBERS = ("copula", "ksg", "mixed-knn", "copula-knn", "kde", "adaptive-partition", "binned")


def noisy_copies(n_columns: int, n_rows: int = 400) -> pd.DataFrame:
    """Measurements of one quantity, of which no set makes two independent."""
    rng = np.random.default_rng(0)
    noise = 0.7 * rng.normal(size=(n_rows, n_columns))
    return pd.DataFrame(rng.normal(size=(n_rows, 1)) + noise).add_prefix("v")


def gaussian_chain() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.normal(size=(500, 12)).cumsum(axis=1)).add_prefix("v")


@pytest.mark.parametrize(
    "table",
    [
        sample_network("asia", 2000, 0),
        sample_network("alarm", 500, 0),
        sample_network("insurance", 2000, 1),
        gaussian_chain(),
    ],
    ids=["asia", "alarm", "insurance", "chain"],
)
def test_the_number_of_tests_is_foreseen(table: pd.DataFrame) -> None:
    cause = ms.PC()
    cost = cause.cost(table)
    cause.fit(table)
    made = cause.edges_.n_tests.sum() + cause.separations_.n_tests.sum()
    assert cost.n_tests[0] == table.shape[1] * (table.shape[1] - 1) / 2
    assert made / 3 < cost.n_tests.sum() < 3 * made


def test_the_cost_depends_on_nothing_but_the_table() -> None:
    table = sample_network("asia", 500, 0)
    one, other = ms.PC().cost(table), ms.PC().cost(table[table.columns[::-1]])
    np.testing.assert_array_equal(one.n_tests, other.n_tests)
    np.testing.assert_array_equal(one.seconds_by_size, other.seconds_by_size)
    bounded = ms.PC(max_conditioning=1).cost(table)
    np.testing.assert_array_equal(bounded.n_tests, one.n_tests[:2])


@pytest.mark.parametrize("test", ["auto", "g", "knn", "hybrid"])
def test_more_columns_to_condition_on_cost_more(test: Any) -> None:
    data = ms.as_dataset(sample_network("insurance", 1000, 0))
    resolved = resolve_test(test)
    pairs = np.array([[0, 1], [2, 3]])
    seconds = [resolved.seconds(data, pairs, size) for size in range(4)]
    assert (np.diff(seconds, axis=0) >= 0).all()
    assert np.isfinite(seconds).all() and (np.array(seconds) > 0).all()


def test_columns_of_many_states_are_searched_too() -> None:
    """Copies of one cause, too sparse for chi-square: no column makes two independent."""
    rng = np.random.default_rng(0)
    p, n = 12, 600
    cause = rng.integers(0, 60, n)
    states = np.where(rng.random((p, n)) < 0.5, cause, rng.integers(0, 60, (p, n)))
    table = "s" + pd.DataFrame(states.T).add_prefix("v").astype(str)
    cost = ms.PC(max_conditioning=1).cost(table)
    assert cost.n_tests.tolist() == [p * (p - 1) / 2, p * (p - 1) / 2 * (p - 2)]


def test_a_column_of_many_states_takes_no_indicators() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"x": rng.normal(size=20_000), "y": rng.normal(size=20_000)})
    table["many"] = pd.Categorical(np.arange(20_000) % 10_000)
    bytes_of_indicators = 8 * 20_000 * 10_000
    for learner in (ms.ChowLiu(), ms.ARACNE(), ms.PC()):
        assert learner.cost(table).n_bytes < bytes_of_indicators
    assert ms.BOSS().cost(table).n_bytes > bytes_of_indicators


def test_a_function_does_not_say_what_it_costs() -> None:
    cost = ms.PC(test=lambda data, x, y, z: 0.5).cost(sample_network("asia", 200, 0))
    assert np.isnan(cost.seconds)


def test_a_search_that_explodes_stops_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    table = noisy_copies(12)
    monkeypatch.setattr(skeleton_search, "MOST_SECONDS", 1e-4)
    said = r"stops at sets of 1, as all sets of 2 columns could take more than 0.0001 s \(0 s\)"
    with pytest.warns(ms.MistructWarning, match=said):
        bounded = ms.PC().fit(table)
    asked = ms.PC(max_conditioning=1).fit(table)
    pd.testing.assert_frame_equal(bounded.edges_, asked.edges_)


def test_as_many_sizes_as_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skeleton_search, "MOST_SECONDS", 0.0)
    asked = ms.PC(max_conditioning=3).fit(noisy_copies(8))
    assert (asked.edges_.separating_set.str.len() <= 3).all()
    assert asked.edges_.n_tests.max() > 6 + 15


def test_votes_that_explode_stop_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    table = sample_network("insurance", 500, 0)
    monkeypatch.setattr(v_structures, "MOST_SECONDS_OF_VOTES", 0.0)
    with pytest.warns(ms.MistructWarning, match="sets of 0 columns and more have no vote"):
        none = ms.PC(0.05).fit(table)
    # The set that was found has voted, as it does alone under "standard".
    standard = ms.PC(0.05, orientation="standard").fit(table)
    verdicts = none.triples_.merge(standard.triples_, on=["x", "middle", "y"])
    assert (verdicts.n_separating_x == verdicts.n_separating_y).all()
    assert (verdicts.n_with_middle_x == verdicts.n_with_middle_y).all()


def test_votes_are_part_of_the_cost() -> None:
    chain = pd.DataFrame(np.random.default_rng(0).normal(size=(500, 3)).cumsum(axis=1))
    cost, without = ms.PC().cost(chain), ms.PC(orientation="standard").cost(chain)
    # One pair with one neighbour each, in common: the empty set and that neighbour, for both ends.
    each = resolve_test("auto").seconds(ms.as_dataset(chain), np.array([[0, 2]]), 1)[0]
    assert cost.seconds_of_votes == pytest.approx(4 * each)
    assert without.seconds_of_votes == 0
    assert cost.seconds - without.seconds == pytest.approx(cost.seconds_of_votes)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimators_say_what_a_matrix_takes(name: str) -> None:
    rng = np.random.default_rng(0)
    numbers = pd.DataFrame(rng.normal(size=(400, 6))).add_prefix("v")
    data = ms.as_dataset(numbers if name in OF_NUMBERS else (numbers > 0).astype(int))
    estimator, columns = ESTIMATORS[name](), np.arange(6)
    whole, part = (estimator.seconds(data, rows, columns) for rows in (columns, columns[:1]))
    assert 0 < whole < np.inf
    assert whole == pytest.approx(3 * part)  # 18 pairs, the symmetric half of 36, and 6


def test_an_estimator_by_kinds_takes_what_its_parts_take() -> None:
    rng = np.random.default_rng(0)
    numbers = pd.DataFrame(rng.normal(size=(400, 5))).add_prefix("v")
    data = ms.as_dataset(numbers.assign(a=numbers.v0 > 0, b=numbers.v1 > 0))
    kinds = np.array([data.kinds[name] for name in data.names])
    of = {kind: np.flatnonzero(kinds == kind) for kind in ("discrete", "continuous")}
    parts = [
        auto().discrete.seconds(data, of["discrete"], of["discrete"]),
        auto().continuous.seconds(data, of["continuous"], of["continuous"]),
        auto().mixed.seconds(data, of["discrete"], of["continuous"]),
    ]
    columns = np.arange(7)
    assert auto().seconds(data, columns, columns) == pytest.approx(sum(parts))


class Counting(ms.Score):
    """A score that counts the families it is asked for."""

    def __init__(self) -> None:
        self.n_families = 0

    @property
    def name(self) -> str:
        return "counting"

    def families(self, data: ms.Dataset) -> ms.Families:
        known, score = ms.QNML(gamma=1.0).families(data), self

        class Counted(ms.Families):
            def score(self, column: int, parents: Sequence[int]) -> float:
                score.n_families += 1
                return known.score(column, parents)

            def scores_with(self, column: int, parents: Sequence[int], added: Any) -> Any:
                score.n_families += len(added)
                return known.scores_with(column, parents, added)

        return Counted()


@pytest.mark.parametrize(("name", "n"), [("asia", 2000), ("insurance", 500), ("alarm", 2000)])
def test_the_number_of_families_is_foreseen(name: str, n: int) -> None:
    table = sample_network(name, n, 1)
    for n_restarts in (0, 4):
        score = Counting()
        learner = ms.BOSS(score, n_restarts=n_restarts)
        cost = learner.cost(table)
        learner.fit(table)
        assert score.n_families / 4 < cost.n_families < 4 * score.n_families
        assert np.isnan(cost.seconds)


def test_the_cost_of_boss_depends_on_nothing_but_the_table() -> None:
    table = sample_network("asia", 500, 0)
    assert ms.BOSS().cost(table) == ms.BOSS().cost(table[table.columns[::-1]])
    few, many = (ms.BOSS(n_restarts=n).cost(table).seconds for n in (0, 10))
    assert 0 < few < many
    assert ms.BOSS(start="random").cost(table).seconds < ms.BOSS().cost(table).seconds
    numbers = np.random.default_rng(0).normal(size=(200, 5))
    assert 0 < ms.BOSS().cost(numbers).seconds < 1
    with pytest.raises(ms.ParameterError, match="knowledge: there is no column 'x'"):
        ms.BOSS(knowledge=ms.Knowledge(required=[("asia", "x")])).cost(table)
