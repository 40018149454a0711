"""Tests between ordinal columns: the scores of their ranks, one degree of freedom each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, chi2, norm, pearsonr, rankdata

import mistruct as ms
from mistruct.independence.names import TESTS, resolve_test


def likert(
    rng: np.random.Generator, latent: Any, n_states: int = 5, *, skewed: bool = False
) -> Any:
    """Answers 1 to `n_states` by where a latent number lies; the first ones mostly, if skewed."""
    shares = np.arange(n_states, 0.0, -1.0) ** (3 if skewed else 0)
    cuts = norm.ppf(np.cumsum(shares / shares.sum())[:-1])
    return 1 + np.digitize(latent + rng.normal(size=np.shape(latent)), cuts * np.sqrt(2))


def normal_scores(column: Sequence[int]) -> list[float]:
    return [float(norm.ppf(r / (len(column) + 1))) for r in rankdata(column)]


def mantel(x: Sequence[int], y: Sequence[int], z: Sequence[Any]) -> float:
    """Mantel's (1963) correlation statistic of Cochran, Mantel and Haenszel, stratum by stratum."""
    u, v = normal_scores(x), normal_scores(y)
    difference = variance = 0.0
    for stratum in sorted(set(z)):
        rows = [i for i, value in enumerate(z) if value == stratum]
        n = len(rows)
        if n < 2:
            continue
        sum_u, sum_v = sum(u[i] for i in rows), sum(v[i] for i in rows)
        difference += sum(u[i] * v[i] for i in rows) - sum_u * sum_v / n
        variance += (
            (sum(u[i] ** 2 for i in rows) - sum_u**2 / n)
            * (sum(v[i] ** 2 for i in rows) - sum_v**2 / n)
            / (n - 1)
        )
    return difference**2 / variance


@pytest.fixture
def survey() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    z = rng.choice(["north", "south", "west"], 400)
    shift = pd.Series(z).map({"north": -1.0, "south": 0.0, "west": 1.0}).to_numpy()
    x = likert(rng, shift)
    return pd.DataFrame({"x": x, "y": likert(rng, shift + 0.2 * x, 7), "z": z})


KINDS: Any = {"x": "ordinal", "y": "ordinal"}


def test_within_strata_it_is_mantels_correlation_statistic(survey: pd.DataFrame) -> None:
    found = ms.independence_test(ms.as_dataset(survey, kinds=KINDS), "x", "y", ["z"])
    expected = mantel(survey["x"].tolist(), survey["y"].tolist(), survey["z"].tolist())
    assert found.method == "copula, permutations within strata"
    assert found.dof == 1
    assert found.statistic == pytest.approx(expected, rel=1e-9)
    # Chi-square in the limit; its p-value is that of 400 rows.
    assert found.p_value == pytest.approx(chi2.sf(expected, 1), rel=0.3)


def test_without_a_condition_it_is_linear_by_linear_in_scores(survey: pd.DataFrame) -> None:
    found = ms.independence_test(ms.as_dataset(survey, kinds=KINDS), "x", "y")
    of_scores = pearsonr(normal_scores(survey["x"].tolist()), normal_scores(survey["y"].tolist()))
    assert found.dof == 1
    assert found.p_value == pytest.approx(of_scores.pvalue, rel=1e-6)
    everything = [0] * len(survey)
    statistic = mantel(survey["x"].tolist(), survey["y"].tolist(), everything)
    assert statistic == pytest.approx((len(survey) - 1) * of_scores.statistic**2, rel=1e-9)


@pytest.mark.parametrize("test", [t for t in TESTS if t != "g"])
@pytest.mark.parametrize("z", [(), (2,)])
def test_every_test_but_g_goes_by_order(survey: pd.DataFrame, test: str, z: Any) -> None:
    # Codes, since ranks with ties are the same for any values in their order.
    ordinal = ms.as_dataset(survey.assign(x=survey["x"] ** 2), kinds=KINDS)
    numbers = ms.as_dataset(survey, kinds=dict.fromkeys(KINDS, "continuous"))
    pair = np.array([[0, 1]])
    of_ordinal, of_numbers = (
        resolve_test(test).test_pairs(t, pair, z).result(0, "x", "y", ())
        for t in (ordinal, numbers)
    )
    assert of_ordinal == of_numbers


def test_g_goes_by_states(survey: pd.DataFrame) -> None:
    ordinal = ms.as_dataset(survey, kinds=KINDS)
    states = ms.as_dataset(survey, kinds=dict.fromkeys(KINDS, "discrete"))
    found = ms.independence_test(ordinal, "x", "y", ["z"], test="g")
    assert found == ms.independence_test(states, "x", "y", ["z"], test="g")
    assert found.dof > 1


def test_a_test_beside_a_nominal_column_has_a_degree_for_each_state_but_one(
    survey: pd.DataFrame,
) -> None:
    found = ms.independence_test(ms.as_dataset(survey, kinds=KINDS), "x", "z")
    assert found.dof == 2


def test_a_function_is_given_ordered_categories(survey: pd.DataFrame) -> None:
    def p_value(data: pd.DataFrame, x: str, y: str, z: tuple[str, ...]) -> float:
        assert data["x"].cat.ordered
        assert not data["z"].cat.ordered
        return 0.5

    ms.PC(test=p_value).fit(ms.as_dataset(survey, kinds=KINDS))


@pytest.mark.parametrize("within", [None, 3])
@pytest.mark.parametrize(
    ("n", "n_states", "skewed"),
    [(60, 3, True), (60, 7, False), (200, 5, True), (2000, 3, True), (2000, 7, True)],
)
def test_size(n: int, n_states: int, skewed: bool, within: int | None) -> None:
    rng = np.random.default_rng([n, n_states, within or 0])
    n_pairs, p_values = 100, []
    for _ in range(10):
        z = rng.integers(within or 1, size=n)
        shift = np.array([0.0, 1.0, -0.5])[z] if within else np.zeros(n)
        answers = [likert(rng, shift, n_states, skewed=skewed) for _ in range(2 * n_pairs)]
        frame = pd.DataFrame(np.transpose(answers)).add_prefix("c").assign(z=z.astype(str))
        table = ms.as_dataset(frame, kinds={"c*": "ordinal"})
        pairs = np.arange(2 * n_pairs).reshape(n_pairs, 2)
        found = resolve_test("auto").test_pairs(table, pairs, [2 * n_pairs] if within else [])
        assert set(found.dof[found.testable]) == {1}
        p_values += found.p_value[found.testable].tolist()
    for alpha in (0.05, 0.01):
        low, high = binom.ppf([1e-4, 1 - 1e-4], len(p_values), alpha)
        assert low <= (np.array(p_values) <= alpha).sum() <= high
