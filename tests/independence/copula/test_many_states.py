"""The test of columns of many states: its moments, what must not matter, and how often it is wrong.

Moments are held against those over all permutations within strata, one by one.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, chi2, f_oneway, gamma

import mistruct as ms
from mistruct.independence.copula import many_states
from mistruct.independence.copula.copula_test import CopulaTest
from mistruct.independence.copula.many_states import (
    States,
    Vectors,
    moments,
    p_value,
    sum_of_squares,
)
from mistruct.independence.copula.residuals import Condition
from mistruct.independence.copula.state_probabilities import (
    probabilities_of_states,
    slopes_of_states,
)
from mistruct.information.copula.residual_blocks import Known
from mistruct.kernels.gaussian.logistic import fit_logistic
from tests import reference_continuous as ref
from tests.independence.copula.test_copula_test import numbers, result_of, same
from tests.information.copula.test_gaussian_copula import Table, states

METHOD = "copula, moments within strata"


def labels_of(values: Any) -> tuple[np.ndarray, int]:
    distinct, labels = np.unique(values, return_inverse=True)
    return labels.astype(np.int64), len(distinct)


def sides(sizes: list[int], of_states: bool, seed: int) -> tuple[Any, np.ndarray, Known]:
    """One side, the states of the other, and strata of these sizes."""
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    known = Known.of_groups(np.repeat(np.arange(len(sizes)), sizes), np.empty((0, n)))
    x: Any = Vectors.of(rng.normal(size=(2, n)), known)
    if of_states:
        x = States(*labels_of(rng.integers(0, 3, n)), known)
    return x, labels_of(rng.integers(0, 3, n))[0], known


@pytest.mark.parametrize("of_states", [False, True])
@pytest.mark.parametrize("sizes", [[5], [4, 3], [3, 2, 3, 1], [2, 4]])
def test_mean_and_variance_are_those_over_all_permutations(
    sizes: list[int], of_states: bool
) -> None:
    x, y, known = sides(sizes, of_states, 1)
    strata = [np.flatnonzero(known.labels == s) for s in range(len(sizes))]
    totals = []
    for orders in itertools.product(*(itertools.permutations(rows) for rows in strata)):
        shuffled = y[np.concatenate(orders)]
        totals.append(sum_of_squares(x, States(shuffled, int(y.max()) + 1, known)))
    mean, variance = moments(x, States(y, int(y.max()) + 1, known))
    assert (mean, variance) == pytest.approx((np.mean(totals), np.var(totals)), rel=1e-9)


@pytest.mark.parametrize("of_states", [False, True])
def test_all_ways_to_sum_over_strata_agree(
    of_states: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y, known = sides([7, 5, 9, 4] * 3, of_states, 2)

    def found() -> tuple[float, float]:
        again = x if not of_states else States(x._labels, x.n_vectors, known)
        return moments(again, States(y, 3, known))

    expected = found()
    monkeypatch.setattr(many_states, "_STRATA_AT_ONCE", 5)
    monkeypatch.setattr(many_states, "_DENSE_ENTRIES", 0)
    assert found() == pytest.approx(expected, rel=1e-10)
    monkeypatch.setattr(many_states, "_MOST_STRATA", 2)
    mean, variance = found()
    assert mean == pytest.approx(expected[0])
    assert variance == pytest.approx(expected[1], rel=0.5)  # as if strata had one shape


def test_the_p_value_is_that_of_a_gamma_distribution() -> None:
    p, statistic, dof = p_value(7.0, 5.0, 2.5)
    assert p == pytest.approx(gamma.sf(7.0, 10.0, scale=0.5))
    assert p == pytest.approx(chi2.sf(statistic, dof))
    assert np.isnan(p_value(1.0, 1.0, 0.0)[0])


def test_without_z_a_number_is_compared_by_an_analysis_of_variance() -> None:
    rng = np.random.default_rng(0)
    w, x = rng.integers(0, 50, 400), rng.normal(size=400)
    result = ms.independence_test(pd.DataFrame({"w": states(w), "x": x}), "w", "x", test="copula")
    scores = ref.normal_scores(x)
    assert result.p_value == pytest.approx(f_oneway(*(scores[w == s] for s in set(w))).pvalue)


def test_given_states_the_sums_of_scores_are_those_within_strata() -> None:
    rng = np.random.default_rng(1)
    z, w, x = rng.integers(0, 3, 300), rng.integers(0, 12, 300), rng.normal(size=300)
    table = Table({"w": states(w), "x": x, "z": states(z)})
    left = pd.Series(ref.normal_scores(x))
    left -= left.groupby(z).transform("mean")
    total = mean = 0.0
    for s in set(w):
        of_state = pd.Series(w == s)
        expected = of_state.groupby(z).transform("mean")
        variance = (expected * (1 - expected)).sum()
        total += left[of_state].sum() ** 2 / variance / (left**2).sum()
        for stratum in set(z):
            rows = z == stratum
            share = (of_state - expected)[rows] ** 2
            mean += (left[rows] ** 2).sum() * share.sum() / (rows.sum() - 1) / variance
    mean /= (left**2).sum()
    condition = Condition(table.data, ["z"])
    x_side, w_side = condition.side(table.data, "x"), condition.side(table.data, "w")
    assert isinstance(w_side, States)
    assert sum_of_squares(x_side, w_side) == pytest.approx(total)
    assert moments(x_side, w_side)[0] == pytest.approx(mean)
    result = result_of(table, 0, 1, [2])
    expected_p = p_value(total, *moments(x_side, w_side))
    assert result.method == METHOD
    assert (result.p_value, result.statistic) == pytest.approx(expected_p[:2])


def test_probabilities_of_many_states_are_those_of_the_regression() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(2, 900))
    odds = rng.normal(size=(9, 2)) @ z + rng.gumbel(size=(9, 900))
    labels, n_labels = labels_of(odds.argmax(axis=0))
    rows = np.linalg.qr((z - z.mean(axis=1, keepdims=True)).T)[0].T
    found = probabilities_of_states(rows, slopes_of_states(rows, labels, n_labels))
    design = np.concatenate([np.ones((1, 900)), rows * 30.0])
    expected = np.empty((n_labels, 900))
    fit_logistic(design, labels, 1e-3, np.zeros((n_labels - 1, 3)), expected)
    np.testing.assert_allclose(found.sum(axis=0), 1.0)
    assert np.abs(found - expected).max() < 0.005


# What must not matter --------------------------------------------------------------------------


def wide(n: int = 150, seed: int = 0) -> Table:
    rng = np.random.default_rng(seed)
    w = rng.integers(0, 36, n)
    x = rng.normal(size=n) + w / 30
    return Table(
        {
            "w": states(w), "u": states((w + rng.integers(0, 9, n)) % 11),
            "d": states(rng.integers(0, 3, n)), "x": x, "v": x + rng.normal(size=n),
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("x", "y", "z"),
    [
        ("w", "x", ""), ("w", "u", ""), ("w", "x", "d"), ("w", "x", "v"), ("w", "d", "v"),
        ("w", "u", "v"), ("w", "u", "dv"), ("x", "v", "w"), ("x", "d", "w"), ("x", "d", "wv"),
        ("u", "x", "wd"), ("u", "d", "wv"), ("x", "v", "wu"),
    ],
)  # fmt: skip
def test_invariance(x: str, y: str, z: str) -> None:
    table = wide()
    rng = np.random.default_rng(3)

    def result(turned: Table, *order: str) -> tuple[Any, ...]:
        place = {name: k for k, name in enumerate(turned.names)}
        return numbers(
            result_of(turned, *(place[n] for n in order[:2]), [place[n] for n in order[2:]])
        )

    expected = result(table, x, y, *z)
    assert same(result(table, y, x, *z), expected, 0.0)
    shuffled = table.frame.iloc[rng.permutation(len(table.frame))].reset_index(drop=True)
    relabelled = {
        n: states(rng.permutation(50)[c.cat.codes]) if c.dtype == "category" else -np.exp(c / 3)
        for n, c in table.frame.items()
    }
    for other in (
        Table(dict(shuffled)),
        Table(dict(table.frame[rng.permutation(list(table.names)).tolist()])),
        Table(relabelled),
    ):
        assert same(result(other, x, y, *z[::-1]), expected, 1e-5)
    pairs = np.array(list(itertools.combinations(range(4), 2)))
    batch = CopulaTest().test_pairs(table.data, pairs, [4])
    for k, (a, b) in enumerate(pairs.tolist()):
        assert same(numbers(batch.result(k, "", "", ())), numbers(result_of(table, a, b, [4])))


def moved_by(
    z: str, n: int, rng: np.random.Generator, *, shuffled: bool = False
) -> tuple[dict[str, Any], np.ndarray]:
    """Columns of z, v a number, d three states, w forty, and the sum of what they do.

    States move by steps in their order, or in one that is drawn.
    """
    columns: dict[str, Any] = {}
    moved = np.zeros(n)
    for i, kind in enumerate(z):
        if kind == "v":
            columns[f"z{i}"] = rng.normal(size=n)
            moved += 2.0 * columns[f"z{i}"] / np.sqrt(len(z))
        else:
            n_states = 3 if kind == "d" else 40
            codes = rng.integers(0, n_states, n)
            columns[f"z{i}"] = states(codes)
            order = rng.permutation(n_states) if shuffled else np.arange(n_states)
            moved += np.linspace(-1.5, 1.5, n_states)[order][codes]
    return columns, moved


def test_a_relation_is_found_beside_many_states() -> None:
    table = wide(600)
    place = {name: k for k, name in enumerate(table.names)}
    for x, y, z in (("w", "u", "d"), ("w", "x", "d"), ("w", "u", "v"), ("x", "v", "w")):
        assert result_of(table, place[x], place[y], [place[z]]).p_value < 1e-4


@pytest.mark.parametrize(
    ("x", "y", "z"),
    [("states", "normal", "v"), ("states", "few", "v"), ("states", "states", "v"),
     ("states", "states", "vvv"), ("states", "normal", "d"), ("states", "states", ""),
     ("normal", "few", "w"), ("few", "few", "wv")],
)  # fmt: skip
def test_a_true_null_is_rejected_as_often_as_said(x: str, y: str, z: str) -> None:
    """z moves both columns by two standard deviations, the wide one of z by one."""
    rng = np.random.default_rng(sum(map(ord, x + y + z)))
    n, n_nulls = 300, 120
    p_values = []
    for _ in range(n_nulls):
        columns, moved = moved_by(z, n, rng)
        for name, kind in (("x", x), ("y", y)):
            latent = moved + rng.normal(size=n)
            cuts = np.linspace(-3, 3, 15) if kind == "states" else [-0.7, 0.9]
            columns[name] = latent if kind == "normal" else states(np.digitize(latent, cuts))
        table = Table(columns)
        m = len(table.names)
        p_values.append(result_of(table, m - 2, m - 1, range(m - 2)).p_value)
    rejected = (np.array(p_values) <= 0.05).sum()
    assert rejected <= binom.ppf(1 - 1e-4, n_nulls, 0.065)
    assert not np.isnan(p_values).any()


# Tables that are no good -----------------------------------------------------------------------


@pytest.mark.parametrize("z", ["", "d", "x", "dx", "wd", "i"])
def test_states_of_one_row_each_say_nothing(z: str) -> None:
    rng = np.random.default_rng(0)
    n = 300
    table = Table(
        {
            "i": states(np.arange(n)), "j": states(rng.permutation(n)), "y": rng.normal(size=n),
            "e": states(rng.integers(0, 2, n)), "d": states(rng.integers(0, 3, n)),
            "x": rng.normal(size=n), "w": states(rng.integers(0, 150, n)),
        }
    )  # fmt: skip
    place = {name: k for k, name in enumerate(table.names)}
    given = [place[c] for c in z]
    for x, y in (("i", "y"), ("i", "e"), ("i", "j"), ("y", "e")):
        if z == "i" and "i" in (x, y):
            continue
        result = result_of(table, place[x], place[y], given)
        assert result.testable == ((x, y) == ("y", "e") and z != "i")


def test_few_complete_rows_of_many_states() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"w": rng.integers(0, 100, 400).astype(str), "x": rng.normal(size=400),
         "v": rng.normal(size=400)}
    )  # fmt: skip
    holes = frame.mask(rng.random(frame.shape) < 0.6)
    data = ms.as_dataset(holes, kinds={"w": "discrete"}, missing="testwise")
    result = ms.independence_test(data, "w", "x", given=["v"], test="copula")
    assert result.n_samples == len(holes.dropna())
    for n in (3, 4, 8):
        few = ms.as_dataset(frame.head(n), kinds={"w": "discrete"})
        assert not ms.independence_test(few, "w", "x", given=["v"], test="copula").testable
