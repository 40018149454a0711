"""The copula test: exact where it is said to be, invariant, and as often wrong as it says."""

from __future__ import annotations

import gc
import itertools
import math
import pickle
import warnings
import weakref
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chi2, f, linregress, pearsonr, t

import mistruct as ms
from mistruct.independence.base import IndependenceTest
from mistruct.independence.copula.copula_test import CopulaTest
from mistruct.independence.copula.residuals import Condition, score
from mistruct.independence.permutation_moments import is_skewed, tail
from mistruct.independence.protocol import Ragged, Separations, TestBatch
from mistruct.information.copula import score_correlations
from mistruct.information.copula.gaussian_copula import GaussianCopula
from tests import reference_continuous as ref
from tests.independence.separation_loop import first_separating
from tests.information.copula.test_gaussian_copula import (
    Table,
    dimensions,
    make_table,
    of_normal,
    positions,
    states,
    tables,
)

FIELDS = ("statistic", "p_value", "dof", "mi", "n_samples", "method", "testable")


def result_of(table: Table, x: int, y: int, z: Sequence[int] = ()) -> ms.TestResult:
    batch = CopulaTest().test_pairs(table.data, np.array([[x, y]]), z)
    return batch.result(0, table.names[x], table.names[y], tuple(table.names[c] for c in z))


def numbers(result: ms.TestResult) -> tuple[Any, ...]:
    return tuple(getattr(result, name) for name in FIELDS)


def of_batch(batch: TestBatch) -> list[tuple[Any, ...]]:
    return [numbers(batch.result(k, "", "", ())) for k in range(len(batch.p_value))]


def same(one: Sequence[Any], other: Sequence[Any], tolerance: float = 1e-8) -> bool:
    """Numbers alike up to rounding, NaN like NaN; anything else equal."""
    return all(
        (a == pytest.approx(b, rel=tolerance, abs=tolerance / 10, nan_ok=True))
        if isinstance(a, float)
        else a == b
        for a, b in zip(one, other, strict=True)
    )


# Where the null distribution is exact ----------------------------------------------------------


@pytest.mark.parametrize("n_samples", [4, 5, 30, 2000])
def test_two_continuous_columns_are_tested_as_by_pearson(n_samples: int) -> None:
    rng = np.random.default_rng(n_samples)
    x, noise = rng.normal(size=(2, n_samples))
    frame = pd.DataFrame({"x": np.exp(x), "y": 0.2 * x + noise})
    result = ms.independence_test(frame, "x", "y", test="copula")
    expected = pearsonr(ref.normal_scores(x), ref.normal_scores(frame["y"].to_numpy()))
    assert result.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert result.mi == pytest.approx(
        ms.mutual_information(frame["x"], frame["y"], estimator="copula")
    )
    # Bartlett's statistic.
    information = -0.5 * math.log1p(-(expected.statistic**2))
    assert result.statistic == pytest.approx(2 * (n_samples - 2.5) * information)
    assert (result.dof, result.n_samples, result.testable) == (1, n_samples, True)
    assert result.method == "copula"


@pytest.mark.parametrize("n_given", [1, 2, 3, 6])
def test_a_partial_correlation_is_tested_by_students_t(n_given: int) -> None:
    rng = np.random.default_rng(n_given)
    values = rng.normal(size=(n_given + 2, 40))
    values[:2] += values[2:].sum(axis=0)
    values[1] += 0.4 * values[0]
    table = Table({f"c{i}": v for i, v in enumerate(values)})
    scores = np.array([ref.normal_scores(v) for v in values])
    design = np.vstack([np.ones(40), scores[2:]]).T
    left = [s - design @ np.linalg.lstsq(design, s, rcond=None)[0] for s in scores[:2]]
    r = linregress(*left).rvalue
    dof = 40 - 2 - n_given
    expected = 2 * t.sf(abs(r) * math.sqrt(dof / (1 - r**2)), dof)
    result = result_of(table, 0, 1, range(2, n_given + 2))
    assert result.p_value == pytest.approx(expected, rel=1e-9)
    assert result.mi == pytest.approx(
        GaussianCopula().information(table.data, ["c0"], ["c1"], table.names[2:])
    )


@given(tables(st.integers(2, 2), st.integers(4, 60), ("states", "normal", "tied", "one state")))
@settings(max_examples=80)
def test_without_z_it_is_wilks(table: Table) -> None:
    x, y = table.block(["c0"]), table.block(["c1"])
    n = len(table.frame)
    d_x, d_y, _ = dimensions(x, y, np.empty((n, 0)))
    result = result_of(table, 0, 1)
    if min(d_x, d_y) == 0 or d_x + d_y >= n - 1:
        assert not result.testable
        assert math.isnan(result.p_value)
        return
    nats = ref.gaussian_information(x, y, bias_correction=False)
    assert result.dof == d_x * d_y
    assert result.statistic == pytest.approx(
        2 * (n - 1 - (d_x + d_y + 1) / 2) * nats, rel=1e-7, abs=1e-8
    )
    if min(d_x, d_y) > 1:
        expected = chi2.sf(result.statistic, result.dof)
    else:  # the F test of the multiple correlation
        d, share = max(d_x, d_y), -math.expm1(-2 * nats)
        left = n - 1 - d
        expected = f.sf(share / (1 - share) * left / d, d, left) if share < 1 - 1e-12 else 0.0
    if all(is_skewed(table.data, name) for name in table.names):
        u, v = (np.ravel(c) - np.mean(c) for c in (x, y))
        u, v = u / u.std(), v / v.std()
        skewness = (u**3).mean() * (v**3).mean() * math.sqrt(n - 1) / (n - 2)
        by_moments = tail((u @ v) / n * math.sqrt(n - 1), skewness, n - 1)[0]
        expected = max(expected, by_moments)
    assert result.p_value == pytest.approx(expected, rel=1e-6, abs=1e-12)


# Products of residuals -------------------------------------------------------------------------


def _score_by_strata(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[float, int]:
    """Sums over strata of observed less expected counts, with their covariance under the null.

    In a stratum of m rows that of counts with fixed margins: m^2 / (m - 1) times the covariances of
    its shares.
    """
    states_x, states_y = np.unique(x), np.unique(y)
    total = np.zeros(states_x.size * states_y.size)
    covariance = np.zeros((total.size, total.size))
    for stratum in np.unique(z):
        of_x, of_y = x[z == stratum], y[z == stratum]
        p = np.array([(of_x == s).mean() for s in states_x])
        q = np.array([(of_y == s).mean() for s in states_y])
        m = of_x.size
        for a, b in zip(of_x, of_y, strict=True):
            total += np.outer((states_x == a) - p, (states_y == b) - q).ravel()
        of_shares = np.kron(np.diag(p) - np.outer(p, p), np.diag(q) - np.outer(q, q))
        covariance += m**2 / (m - 1) * of_shares
    statistic = float(total @ np.linalg.pinv(covariance, rcond=1e-9) @ total)
    return statistic, int(np.linalg.matrix_rank(covariance, tol=1e-9 * np.abs(covariance).max()))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("n_given", [1, 2])
def test_discrete_columns_are_compared_with_what_is_expected_in_each_stratum(
    seed: int, n_given: int
) -> None:
    rng = np.random.default_rng(seed)
    z = rng.integers(0, 2, (n_given, 240))
    stratum = (z * 2 ** np.arange(n_given)[:, np.newaxis]).sum(axis=0)
    x = rng.integers(0, 2 + seed % 2, 240) | (stratum > 1)
    y = np.where(rng.random(240) < 0.5, stratum % 2, rng.integers(0, 3, 240))
    table = Table({"x": states(x), "y": states(y), **{f"z{i}": states(c) for i, c in enumerate(z)}})
    result = result_of(table, 0, 1, range(2, 2 + n_given))
    statistic, dof = _score_by_strata(x, y, stratum)
    assert result.method == "copula, products of residuals"
    assert (result.statistic, result.dof) == (pytest.approx(statistic, rel=1e-8), dof)
    assert result.p_value == pytest.approx(chi2.sf(statistic, dof), rel=1e-8)


@pytest.mark.parametrize("kinds", [["normal"], ["normal", "normal"], ["normal", "states"]])
@pytest.mark.parametrize("n_states", [2, 3])
def test_what_is_expected_is_a_logistic_regression(kinds: list[str], n_states: int) -> None:
    table = make_table([*kinds, "normal"], 300, 4)
    latent = table.frame["c0"] + np.random.default_rng(0).logistic(size=300)
    table = Table({**table.frame, "x": states(np.digitize(latent, [-0.7, 0.9][: n_states - 1]))})
    names = [f"c{i}" for i in range(len(kinds))]
    condition = Condition(table.data, names)
    found = condition.residuals(table.data, "x")
    assert found.expected is not None
    assert found.rows.shape == found.expected.shape == (n_states, 300)
    np.testing.assert_allclose(found.expected.sum(axis=0), 1.0)
    assert ((found.expected > 0) & (found.expected < 1)).all()
    # The equations of the maximum of the likelihood, but for a wide prior.
    np.testing.assert_allclose(found.rows.sum(axis=1), 0.0, atol=0.02)
    np.testing.assert_allclose(found.rows @ table.block(names), 0.0, atol=0.05)
    # The share of a row's variance that a line through all rows leaves.
    design = np.column_stack([np.ones(300), table.block(names)])
    kept = 1 - np.diagonal(design @ np.linalg.pinv(design))
    for i in (0, 17, 255):
        p = found.expected[:, i]
        covariance = (np.diag(p) - np.outer(p, p)) / np.sqrt(kept[i])
        np.testing.assert_allclose(found.covariances[:, :, i], covariance)


def test_what_is_expected_need_not_follow_the_logistic_curve() -> None:
    """Here the probability rises to 0.9 and falls again."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=4000)
    p = 0.9 * np.exp(-((z - 1) ** 2))
    table = Table({"x": states((rng.random(4000) < p).astype(int)), "z": z})
    found = Condition(table.data, ["z"]).residuals(table.data, "x").expected
    assert found is not None
    inside = np.abs(z) < 2
    assert np.abs(found[1] - p)[inside].mean() < 0.05


def test_the_score_of_two_continuous_residuals_weighs_rows_by_their_spread() -> None:
    table = make_table(["normal", "normal", "normal"], 90, 1)
    condition = Condition(table.data, ["c2"])
    scores = [ref.normal_scores(table.frame[n].to_numpy()) for n in ("c0", "c1", "c2")]
    design = np.column_stack([np.ones(90), scores[2]])
    hat = design @ np.linalg.pinv(design)
    products = (scores[0] - hat @ scores[0]) * (scores[1] - hat @ scores[1])
    expected = products.sum() ** 2 / (products**2 / (1 - np.diagonal(hat))).sum()
    statistic, dof = score(
        condition.residuals(table.data, "c0"), condition.residuals(table.data, "c1")
    )
    assert (statistic, dof) == (pytest.approx(expected), 1)


@pytest.mark.parametrize("n_states", [2, 4])
def test_given_states_sums_of_scores_have_the_covariance_of_permutations(n_states: int) -> None:
    rng = np.random.default_rng(n_states)
    z, y = rng.integers(0, 2, 9), np.arange(9) % n_states
    table = Table({"x": rng.normal(size=9), "y": states(y), "z": states(z)})
    left = pd.Series(ref.normal_scores(table.frame["x"].to_numpy()))
    left -= left.groupby(z).transform("mean")
    strata = [np.flatnonzero(z == s) for s in range(2)]
    sums = []
    for orders in itertools.product(*(itertools.permutations(rows) for rows in strata)):
        shuffled = np.empty(9, dtype=int)
        shuffled[np.concatenate(strata)] = y[np.concatenate(orders)]
        sums.append([left[shuffled == s].sum() for s in range(n_states)])
    covariance = np.cov(np.array(sums).T, bias=True)
    observed = np.array([left[y == s].sum() for s in range(n_states)])
    expected = float(observed @ np.linalg.pinv(covariance, rcond=1e-9) @ observed)
    condition = Condition(table.data, ["z"])
    statistic, dof = score(
        condition.residuals(table.data, "x"), condition.residuals(table.data, "y")
    )
    assert statistic == pytest.approx(expected)
    assert dof == np.linalg.matrix_rank(covariance, tol=1e-9)


def test_the_score_given_mixed_columns_is_held_against_a_t_statistic() -> None:
    table = make_table(["normal", "normal", "states", "normal"], 90, 1)
    condition = Condition(table.data, ["c2", "c3"])
    statistic, _ = score(
        condition.residuals(table.data, "c0"), condition.residuals(table.data, "c1")
    )
    result = result_of(table, 0, 1, [2, 3])
    assert result.method == "copula, products of residuals"
    assert result.statistic == pytest.approx(statistic)
    # Of a t statistic whose deviation is not centred, so that it is bounded by the root of n.
    n_error = 90 - 1 - (table.frame["c2"].nunique() - 1) - 1
    r = math.sqrt(statistic / n_error)
    by_t = 2 * t.sf(r * math.sqrt((n_error - 1) / (1 - r**2)), n_error - 1)
    assert result.p_value == pytest.approx(by_t)


def test_given_states_the_sum_of_products_is_held_against_permutations_within_them() -> None:
    table = make_table(["normal", "tied", "states"], 120, 3)
    state = table.frame["c2"].astype(str)
    products, variance = 0.0, 0.0
    x, y = (pd.Series(ref.normal_scores(table.frame[n].to_numpy())) for n in ("c0", "c1"))
    for rows in state.groupby(state).groups.values():
        u, v = x[rows] - x[rows].mean(), y[rows] - y[rows].mean()
        products += float((u * v).sum())
        variance += float((u**2).sum() * (v**2).sum()) / (len(rows) - 1)
    result = result_of(table, 0, 1, [2])
    assert (result.method, result.dof) == ("copula, permutations within strata", 1)
    assert result.statistic == pytest.approx(products**2 / variance)


@pytest.mark.parametrize("given", [[], ["z"], ["w"]])
def test_counts_that_are_mostly_zero_are_not_taken_for_dependent(given: list[str]) -> None:
    """Held against the normal distribution they would be, several times too often."""
    rng = np.random.default_rng(0)
    n_pairs, n = 4000, 100
    rejected = 0
    for _ in range(n_pairs // 1000):
        counts = np.where(rng.random((110, n)) < 0.08, rng.poisson(3.0, (110, n)) + 1.0, 0.0)
        columns = {f"c{i}": c for i, c in enumerate(counts)}
        table = Table({**columns, "z": rng.normal(size=n), "w": states(rng.integers(0, 2, n))})
        pairs = np.array([(i, j) for i in range(10) for j in range(10, 110)])
        z = [table.names.index(name) for name in given]
        p_values = CopulaTest().test_pairs(table.data, pairs, z).p_value
        rejected += int((p_values <= 0.002).sum())
    assert rejected <= binom.ppf(1 - 1e-5, n_pairs, 0.002)


# What must not matter --------------------------------------------------------------------------


@given(tables(st.integers(3, 5), st.integers(20, 60)), st.integers(0, 2**32))
@settings(max_examples=20)
def test_invariance(table: Table, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y, *z = table.names
    z = z[: seed % 3]

    def result(turned: Table, *order: str) -> tuple[Any, ...]:
        place = {name: k for k, name in enumerate(turned.names)}
        return numbers(
            result_of(turned, *(place[n] for n in order[:2]), [place[n] for n in order[2:]])
        )

    def changed(of_numbers: Any, of_labels: Any = lambda c: c) -> Table:
        of_kind = {
            n: of_labels if c.dtype == "category" else of_numbers for n, c in table.frame.items()
        }
        return Table({n: of_kind[n](c) for n, c in table.frame.items()})

    expected = result(table, x, y, *z)
    assert same(result(table, y, x, *z), expected, 0.0)
    assert same(result(table, x, y, *z[::-1]), expected, 1e-6)
    shuffled = table.frame.iloc[rng.permutation(len(table.frame))].reset_index(drop=True)
    for other in (
        changed(lambda c: np.exp(c / 3)),
        changed(lambda c: 1e-6 * c),
        changed(lambda c: -c),
        changed(lambda c: c, lambda c: states(rng.permutation(9)[c.cat.codes] + 0.5)),
        Table(dict(shuffled)),
        Table(dict(table.frame[rng.permutation(list(table.names)).tolist()])),
        Table({**table.frame, "extra": states(rng.integers(0, 5, len(table.frame)))}),
    ):
        assert same(result(other, x, y, *z), expected, 1e-5), (result(other, x, y, *z), expected)


@given(tables(st.integers(4, 6), st.integers(20, 60)), st.integers(0, 2))
@settings(max_examples=40)
def test_a_batch_is_its_tests_one_by_one(table: Table, n_given: int) -> None:
    z = list(range(n_given))
    pairs = np.array(list(itertools.combinations(range(n_given, len(table.names)), 2)))
    batch = of_batch(CopulaTest().test_pairs(table.data, pairs, z))
    for found, (x, y) in zip(batch, pairs.tolist(), strict=True):
        assert same(found, numbers(result_of(table, x, y, z)))


def test_the_number_of_threads_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    table = make_table(["normal", "states", "tied", "states", "normal", "normal", "states"], 60, 5)
    holes = table.frame.mask(np.random.default_rng(0).random(table.frame.shape) < 0.05)
    with_holes = Table(dict(holes), missing="testwise")
    pairs = np.array(list(itertools.combinations(range(1, 7), 2)))
    found = []
    for n in ("1", "2", "5"):
        monkeypatch.setenv("MISTRUCT_NUM_THREADS", n)
        found.append(
            [of_batch(CopulaTest().test_pairs(t.data, pairs, [0])) for t in (table, with_holes)]
        )
    for of_many in found[1:]:
        for one, many in zip(found[0], of_many, strict=True):
            assert all(same(a, b) for a, b in zip(one, many, strict=True))


def test_what_a_test_takes_is_told_by_rows_states_and_kinds() -> None:
    rng = np.random.default_rng(0)

    def seconds(n: int, size: int) -> np.ndarray:
        table = Table(
            {"x": rng.normal(size=n), "y": rng.normal(size=n), "d": states(np.arange(n) % 3),
             "w": states(np.arange(n) % 90)}
        )  # fmt: skip
        return CopulaTest().seconds(table.data, np.array([[0, 1], [0, 2], [0, 3]]), size)

    small, large = seconds(1000, 1), seconds(9000, 1)
    assert (np.diff(small) > 0).all()
    assert (large > small).all()
    assert (small > seconds(1000, 0)).all()
    of_numbers = of_normal(rng.normal(size=(4, 500)))
    assert CopulaTest().seconds(of_numbers, np.array([[0, 1]]), 2)[0] < 1e-6


def test_no_filter_of_warnings_is_left_behind() -> None:
    kinds = ["normal", "normal", *["states"] * 20]
    table = make_table(kinds, 60, 5)
    pairs = np.array(list(itertools.combinations(range(2, len(kinds)), 2)))
    before = list(warnings.filters)
    CopulaTest().test_pairs(table.data, pairs, [0, 1])
    assert warnings.filters == before


# Missing entries -------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_each_test_uses_the_rows_complete_for_its_own_columns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = ["normal", "states", "tied", "states", "normal"]
    columns = make_table(kinds, 90, seed).frame
    holes = pd.DataFrame(rng.random(columns.shape) < 0.1, columns=columns.columns)
    holes["c4"] = False
    table = Table(dict(columns.mask(holes)), missing="testwise")
    for z in ([], [4], [3], [3, 4]):
        pairs = np.array([p for p in itertools.combinations(range(5), 2) if not set(p) & set(z)])
        batch = of_batch(CopulaTest().test_pairs(table.data, pairs, z))
        for found, pair in zip(batch, pairs.tolist(), strict=True):
            names = [table.names[c] for c in (*pair, *z)]
            rows = table.frame[names].dropna().reset_index(drop=True)
            complete = Table(
                {n: states(c) if c.dtype == "category" else c for n, c in rows.items()}
            )
            expected = numbers(result_of(complete, 0, 1, range(2, len(names))))
            assert same(found, expected)
            assert found[FIELDS.index("n_samples")] == len(rows)


def test_a_pair_without_a_common_row_is_not_testable() -> None:
    x = np.random.default_rng(0).normal(size=(3, 20))
    x[0, :10] = x[1, 10:] = np.nan
    table = Table(dict(zip("abc", x, strict=True)), missing="testwise")
    batch = CopulaTest().test_pairs(table.data, np.array([[0, 1], [0, 2]]))
    assert batch.testable.tolist() == [False, True]
    assert batch.n_samples.tolist() == [0, 10]
    assert batch.method[0] == "copula, untestable"


# What cannot be tested -------------------------------------------------------------------------


def _untestable(result: ms.TestResult) -> bool:
    assert result.testable == (not math.isnan(result.p_value))
    if not result.testable:
        assert math.isnan(result.statistic)
        assert result.mi == 0.0 or math.isnan(result.mi)
        assert result.method == "copula, untestable"
    return not result.testable


def test_what_z_determines_is_not_testable() -> None:
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=(2, 60))
    table = Table(
        {
            "u": u, "v": v, "w": -np.exp(u), "k": np.ones(60), "s": states(np.digitize(u, [0])),
            "t": states(np.digitize(u, [-1, 0, 1])), "q": states(np.zeros(60)),
            "d": states(rng.integers(0, 3, 60)),
        }
    )  # fmt: skip
    place = {name: k for k, name in enumerate(table.names)}
    for x, y, z in (
        ("u", "v", "w"), ("v", "u", "w"), ("w", "d", "u"), ("s", "v", "t"), ("s", "d", "t"),
        ("k", "v", ""), ("k", "d", ""), ("q", "v", ""), ("q", "d", ""), ("k", "q", ""),
        ("k", "d", "v"), ("q", "v", "d"), ("k", "d", "d"),
    ):  # fmt: skip
        if y != z:
            assert _untestable(result_of(table, place[x], place[y], [place[n] for n in z])), (
                x,
                y,
                z,
            )
    for x, y, *z in itertools.permutations(place.values(), 4):
        for n_z in range(3):
            one = result_of(table, x, y, z[:n_z])
            left = CopulaTest().leaves_something(table.data, np.array([[x, y]]), z[:n_z])
            assert left == one.testable
    for x, y, z in (("u", "v", "s"), ("t", "d", "s"), ("u", "d", "s"), ("t", "v", "s")):
        assert not _untestable(result_of(table, place[x], place[y], [place[n] for n in z])), (
            x,
            y,
            z,
        )


@pytest.mark.parametrize("constant", ["continuous", "discrete", "both"])
@pytest.mark.parametrize("x", ["normal", "states"])
@pytest.mark.parametrize("y", ["normal", "states"])
@pytest.mark.parametrize("z", [None, "normal", "states"])
def test_a_constant_column_of_z_does_nothing(constant: str, x: str, y: str, z: str | None) -> None:
    kinds = [x, y, *([z] if z else [])]
    table = make_table(kinds, 60, 3)
    expected = numbers(result_of(table, 0, 1, range(2, len(kinds))))
    more = {"k": pd.Series(np.full(60, 0.5)), "q": states(np.zeros(60))}
    chosen = {"continuous": ["k"], "discrete": ["q"], "both": ["k", "q"]}[constant]
    wider = Table({**table.frame, **{n: more[n] for n in chosen}})
    found = numbers(result_of(wider, 0, 1, range(2, len(wider.names))))
    assert same(found, expected)


@pytest.mark.parametrize("n_samples", [1, 2, 3])
@pytest.mark.parametrize("kinds", [["normal", "normal"], ["normal", "states"], ["states"] * 2])
def test_fewer_than_four_rows_are_too_few(n_samples: int, kinds: list[str]) -> None:
    table = make_table(kinds, n_samples, 0)
    assert _untestable(result_of(table, 0, 1))


@pytest.mark.parametrize("n_samples", [4, 5, 6, 8, 12])
@pytest.mark.parametrize("kind", ["normal", "states"])
def test_as_many_dimensions_as_rows_are_too_many(n_samples: int, kind: str) -> None:
    table = make_table(["normal", "normal", *[kind] * 10], n_samples, 1)
    for n_given in range(11):
        z = list(range(2, 2 + n_given))
        result = result_of(table, 0, 1, z)
        d_x, d_y, d_z = dimensions(
            *(table.block([table.names[c] for c in block]) for block in ([0], [1], z))
        )
        if kind == "normal":  # indicators may enter by joint states
            assert _untestable(result) == (min(d_x, d_y) == 0 or d_x + d_y + d_z > n_samples - 2)
        else:
            _untestable(result)


@pytest.mark.parametrize("z", [[], [2], [3], [2, 3]])
def test_columns_that_determine_each_other_leave_no_doubt(z: list[int]) -> None:
    table = make_table(["normal", "reversed", "normal", "states"], 60, 2)
    result = result_of(table, 0, 1, z)
    assert result.testable
    assert result.mi == math.inf
    assert result.p_value < (1e-300 if 3 not in z else 1e-6)
    discrete = make_table(["states", "states", "normal", "states"], 200, 3).frame
    copied = Table({**discrete, "c1": discrete["c0"]})
    assert result_of(copied, 0, 1, z).p_value < 1e-12


def test_a_state_of_one_row_does_not_decide() -> None:
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=(2, 80))
    rare = np.zeros(80, dtype=int)
    rare[7] = 1
    other = rare.copy()
    other[8] = 2
    table = Table({"u": u, "v": v, "a": states(rare), "b": states(other), "d": states(u > 0)})
    for x, y, z in ((0, 2, []), (0, 2, [1]), (0, 2, [4]), (2, 4, [1]), (2, 4, []), (3, 4, [1])):
        result = result_of(table, x, y, z)
        assert not result.testable or 1e-4 < result.p_value <= 1


def test_no_pairs() -> None:
    table = make_table(["normal", "states", "normal"], 20, 0)
    none = np.empty((0, 2), dtype=np.int64)
    for z in ([], [0], [1], [0, 1]):
        assert CopulaTest().test_pairs(table.data, none, z).p_value.shape == (0,)
    separations = CopulaTest().separate(table.data, none, Ragged.of([]), 1, 0.05)
    assert separations.sets.shape == (0, 1)
    assert separations.n_tests.shape == separations.tests.p_value.shape == (0,)


# Separating sets -------------------------------------------------------------------------------


def _check_separations(table: Table, size: int, alpha: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = len(table.names)
    pairs = np.array(list(itertools.combinations(range(n), 2)))
    pairs = np.array([p if rng.random() < 0.5 else p[::-1] for p in pairs])
    candidates = [
        rng.permutation([c for c in range(n) if c not in pair])[: rng.integers(1, 5)].tolist()
        for pair in pairs.tolist()
    ]
    separations = CopulaTest().separate(table.data, pairs, Ragged.of(candidates), size, alpha)
    assert isinstance(separations, Separations)
    for k, (x, y) in enumerate(pairs.tolist()):
        best, its_set, n_tests = first_separating(
            partial(result_of, table, x, y), candidates[k], size, alpha
        )
        assert separations.n_tests[k] == n_tests
        found_set = tuple(separations.sets[k].tolist())
        if best is None:
            assert found_set == its_set
            assert not separations.tests.testable[k]
            continue
        found = numbers(separations.tests.result(k, best.x, best.y, best.z))
        assert same(found, numbers(best), 1e-6)
        # Columns that are copies of each other tie, but for rounding.
        assert found_set == its_set or same(found, numbers(result_of(table, x, y, found_set)), 1e-6)


@pytest.mark.parametrize("size", [0, 1, 2, 3])
@pytest.mark.parametrize("alpha", [0.01, 0.3])
@pytest.mark.parametrize("n_samples", [4, 12, 400])
def test_separate_is_the_loop_over_subsets_of_continuous_columns(
    size: int, alpha: float, n_samples: int
) -> None:
    kinds = ["normal", "normal", "tied", "normal", "sum", "copy", "normal", "constant"]
    _check_separations(make_table(kinds, n_samples, size), size, alpha, n_samples)


@pytest.mark.parametrize("size", [0, 1, 2])
def test_separate_is_the_loop_over_subsets_of_mixed_columns(size: int) -> None:
    table = make_table(["normal", "states", "normal", "tied", "merged"], 80, size)
    _check_separations(table, size, 0.05, 0)
    holes = np.random.default_rng(0).random((80, 5)) < 0.1
    holes[:, 2:4] = False
    _check_separations(Table(dict(table.frame.mask(holes)), missing="testwise"), size, 0.05, 1)


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("alpha", [0.01, 0.3])
def test_sets_with_a_discrete_column_keep_their_place_among_the_others(
    size: int, alpha: float
) -> None:
    kinds = ["normal", "states", "normal", "sum", "normal", "copy", "normal"]
    _check_separations(make_table(kinds, 100, size), size, alpha, size)


@pytest.mark.parametrize("n_samples", [1, 2, 3])
def test_nothing_is_separated_in_fewer_than_four_rows(n_samples: int) -> None:
    table = make_table(["normal"] * 4, n_samples, 0)
    pairs = np.array([[0, 1], [2, 1]])
    for size in (0, 1):
        separations = CopulaTest().separate(
            table.data, pairs, Ragged.of([[2, 3], [0, 3]]), size, 0.05
        )
        assert not separations.tests.testable.any()
        assert (separations.sets == -1).all()
        assert (separations.n_tests == (2 if size else 1)).all()


def test_where_nothing_was_testable_there_is_no_set() -> None:
    table = make_table(["normal", "normal", "normal", "states", "states"], 60, 5)
    pairs = np.array([[0, 1], [0, 1], [3, 4], [3, 4]])
    separations = CopulaTest().separate(table.data, pairs, Ragged.of([[], [2], [], [2]]), 1, 0.05)
    assert separations.tests.testable.tolist() == [False, True, False, True]
    assert separations.sets.tolist() == [[-1], [2], [-1], [2]]
    assert separations.n_tests.tolist() == [0, 1, 0, 1]
    assert np.isnan(separations.tests.p_value[[0, 2]]).all()


def test_a_chain_is_separated_by_its_middle_whatever_its_kind() -> None:
    rng = np.random.default_rng(4)
    a = rng.normal(size=1500)
    middle = np.digitize(a + 0.4 * rng.normal(size=1500), [-0.5, 0.5])
    c = middle + 0.7 * rng.normal(size=1500)
    table = Table({"a": a, "b": states(middle), "c": c, "d": rng.normal(size=1500)})
    found = CopulaTest().separate(
        table.data, np.array([[0, 2]] * 2), Ragged.of([[3, 1], [3]]), 1, 0.01
    )
    assert found.sets.tolist() == [[1], [3]]
    assert found.n_tests.tolist() == [2, 1]
    assert found.tests.p_value[0] > 0.01 > found.tests.p_value[1]


# How often it rejects --------------------------------------------------------------------------

N_NULLS = 1000


def _within_binomial_bounds(p_values: np.ndarray, *, tail: float = 1e-4) -> None:
    p = p_values[~np.isnan(p_values)]
    assert p.size > 0.9 * len(p_values)
    for alpha in (0.01, 0.05, 0.1):
        low, high = binom.ppf([tail, 1 - tail], p.size, alpha)
        assert low <= (p <= alpha).sum() <= high, (alpha, (p <= alpha).mean())


@pytest.mark.parametrize("n_samples", [50, 200, 1000])
@pytest.mark.parametrize("n_given", [0, 1, 3])
def test_size_of_continuous_columns_given_continuous_ones(n_samples: int, n_given: int) -> None:
    """All nulls share z, on which both columns of each depend."""
    rng = np.random.default_rng(n_samples + n_given)
    z = rng.normal(size=(n_given, n_samples))
    shared = z.sum(axis=0) / math.sqrt(max(n_given, 1))
    columns = shared + rng.normal(size=(2 * N_NULLS, n_samples))
    data = of_normal(np.vstack([columns, z]))
    pairs = np.arange(2 * N_NULLS).reshape(2, N_NULLS).T.copy()
    batch = CopulaTest().test_pairs(data, pairs, range(2 * N_NULLS, 2 * N_NULLS + n_given))
    _within_binomial_bounds(batch.p_value)


@pytest.mark.parametrize(("kind_x", "kind_y"), [("normal", 3), ("normal", 2), (3, 3), (2, 3)])
@pytest.mark.parametrize("n_given", [0, 1])
@pytest.mark.parametrize("n_samples", [50, 200])
def test_size_of_discrete_columns_given_a_discrete_one(
    kind_x: str | int, kind_y: int, n_given: int, n_samples: int
) -> None:
    rng = np.random.default_rng(n_samples + n_given)
    z = np.arange(n_samples) % 2
    latent = n_given * z + rng.normal(size=(2, N_NULLS, n_samples))
    columns: dict[str, Any] = {}
    for side, kind, values in zip("xy", (kind_x, kind_y), latent, strict=True):
        for i, v in enumerate(values):
            columns[f"{side}{i}"] = (
                v if kind == "normal" else np.digitize(v, [0.2, 1.0][: kind - 1])
            )
    kinds: Any = {
        n: "continuous" if n[0] == "x" and kind_x == "normal" else "discrete" for n in columns
    }
    data = ms.as_dataset(pd.DataFrame({**columns, "z": z}), kinds={**kinds, "z": "discrete"})
    pairs = np.arange(2 * N_NULLS).reshape(2, N_NULLS).T.copy()
    batch = CopulaTest().test_pairs(data, pairs, [2 * N_NULLS] * n_given)
    _within_binomial_bounds(batch.p_value)


def test_it_finds_what_is_monotone() -> None:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(100):
        z, noise = rng.normal(size=(2, 200))
        x = z + rng.normal(size=200)
        columns = {
            "x": x, "y": np.exp(0.4 * x + z + noise), "d": states(x + noise > 0),
            "e": states(np.digitize(0.5 * x + z + noise, [-1, 0.5])), "z": z,
        }  # fmt: skip
        table = Table(columns)
        found.append([result_of(table, 0, k, [4]).p_value < 0.01 for k in (1, 2, 3)])
    assert (np.mean(found, axis=0) > 0.9).all()


# The object ------------------------------------------------------------------------------------


def test_it_answers_to_the_protocol_and_is_a_value() -> None:
    test: IndependenceTest = CopulaTest()
    assert test.name == "copula"
    assert test == CopulaTest()
    assert hash(test) == hash(CopulaTest())
    assert repr(test) == "CopulaTest()"
    assert pickle.loads(pickle.dumps(test)) == test


def test_the_result_is_a_record_of_plain_values() -> None:
    table = make_table(["normal", "states", "normal"], 40, 0)
    for z in ([], [2]):
        types = [type(v) for v in numbers(result_of(table, 0, 1, z))]
        assert types == [float, float, int, float, int, str, bool]
    assert result_of(table, 0, 1, positions(2)).z == ("c2",)


def test_what_is_kept_of_a_table_does_not_keep_the_table() -> None:
    table = make_table(["normal", "states", "normal", "states"], 60, 0)
    data = ms.as_dataset(table.frame)
    CopulaTest().test_pairs(data, np.array([[0, 1]]), [2, 3])
    gone = weakref.ref(data)
    del data
    gc.collect()
    assert gone() is None


def test_the_order_of_a_conditioning_set_does_not_matter() -> None:
    table = make_table(["normal", "states", "normal", "states", "tied"], 150, 0)
    for order in itertools.permutations((2, 3, 4)):
        again = make_table(["normal", "states", "normal", "states", "tied"], 150, 0)
        assert numbers(result_of(again, 0, 1, order)) == numbers(result_of(table, 0, 1, (2, 3, 4)))


def test_one_column_with_each_of_many_takes_no_matrix_of_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = np.random.default_rng(0).normal(size=(40, 60))
    pairs = np.column_stack([np.zeros(59, dtype=np.int64), np.arange(1, 60)])
    whole = CopulaTest().test_pairs(ms.as_dataset(values), pairs)
    monkeypatch.setattr(score_correlations, "MOST_CORRELATED", 10)
    monkeypatch.setattr(score_correlations, "_PAIRS_AT_ONCE", 5)
    data = ms.as_dataset(values)
    assert len(score_correlations.cut_pairs(data, pairs)) == 12
    assert len(score_correlations.cut_pairs(data, np.argwhere(np.tri(60, k=-1)))) == 1
    in_parts = CopulaTest().test_pairs(data, pairs)
    np.testing.assert_allclose(in_parts.p_value, whole.p_value, rtol=1e-9)
