"""Which pairs pass: p-values against the tests of single pairs, corrections, and the size."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chi2

import mistruct as ms
from mistruct.data.dataset import Dataset
from mistruct.independence.multiple_testing import bound_of_cut, threshold
from mistruct.independence.pair_nulls import Reference, reference
from mistruct.information.by_kinds import ByKinds
from mistruct.information.null_distributions import ChiSquareNull, WilksNull
from mistruct.structure.networks import pair_search, significance
from mistruct.structure.networks.significance import count_tests, significant_pairs
from tests import reference_networks as ref

COPULA = ms.GaussianCopula()
AUTO = ByKinds(discrete=ms.PlugIn("miller-madow"), continuous=COPULA, mixed=COPULA)


def mixed_table(rng: np.random.Generator, n: int = 80, strength: float = 1.0) -> pd.DataFrame:
    hidden = rng.normal(size=(3, n))

    def noisy(k: int) -> Any:
        return strength * hidden[k] + rng.normal(size=n)

    return pd.DataFrame(
        {
            "a": noisy(0), "b": noisy(0), "c": noisy(1), "d": noisy(2), "e": rng.normal(size=n),
            "two": noisy(0) > 0, "rare": noisy(1) > 1.5,
            "three": pd.Categorical(np.digitize(noisy(1), [-0.5, 0.7])),
            "four": pd.Categorical(np.digitize(noisy(2), [-1, 0, 1])),
        }
    )  # fmt: skip


def with_gaps(rng: np.random.Generator, table: pd.DataFrame) -> pd.DataFrame:
    table = table.astype({n: "boolean" for n in table if table[n].dtype == bool})
    for name in ("b", "two", "three"):
        table[name] = table[name].mask(rng.random(len(table)) < 0.2)
    return table


def pairs_of(
    data: Dataset, estimator: Any, rows: list[int] | None = None, **rule: Any
) -> dict[tuple[str, str], float]:
    """The significant pairs with their p-values."""
    places = np.arange(data.n_variables) if rows is None else np.array(rows)
    panels = estimator.panels(data, places, np.arange(data.n_variables), np.float64)
    rule = {"alpha": None, "correction": "none", **rule}
    found = significant_pairs(data, estimator, panels, places, **rule)
    ends = zip(places[found.row], found.column, strict=True)
    keys = [(data.names[i], data.names[j]) for i, j in ends]
    assert len(set(map(frozenset, keys))) == len(keys)
    return dict(zip(keys, found.p_value.tolist(), strict=True))


def alone_tested(data: Dataset, test: Any, pairs: Any) -> dict[tuple[str, str], float]:
    return {(x, y): ms.independence_test(data, x, y, test=test).p_value for x, y in pairs}


# P-values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("corrected", [True, False])
def test_p_values_of_the_copula_are_those_of_its_test(corrected):
    data = ms.as_dataset(mixed_table(np.random.default_rng(0)))
    found = pairs_of(data, ms.GaussianCopula(bias_correction=corrected))
    expected = alone_tested(data, "copula", itertools.combinations(data.names, 2))
    assert list(found) == list(expected)
    assert found == pytest.approx(expected, rel=1e-8)


def test_p_values_by_kinds_are_those_of_the_automatic_test():
    data = ms.as_dataset(mixed_table(np.random.default_rng(1)))
    found = pairs_of(data, AUTO)
    for (x, y), p_value in found.items():
        alone = ms.independence_test(data, x, y)
        if alone.method.startswith("g"):
            counted = ms.mutual_information(data.select([x]), data.select([y]), estimator="plug-in")
            approximate = chi2.sf(2 * data.n_samples * counted, alone.dof)
            assert p_value == pytest.approx(max(alone.p_value, approximate), rel=1e-8)
        else:
            assert p_value == pytest.approx(alone.p_value, rel=1e-8)


@pytest.mark.parametrize("correction", [None, "miller-madow", "james-stein", "nsb"])
def test_p_values_of_counts_do_not_depend_on_the_correction_for_bias(correction):
    table = mixed_table(np.random.default_rng(2))[["two", "rare", "three", "four"]]
    data = ms.as_dataset(table)
    assert pairs_of(data, ms.PlugIn(correction)) == pytest.approx(
        pairs_of(data, ms.PlugIn()), rel=1e-9
    )


@pytest.mark.parametrize("estimator", [COPULA, AUTO], ids=["copula", "by kinds"])
def test_pairs_with_gaps_are_alone_tested(estimator):
    rng = np.random.default_rng(3)
    data = ms.as_dataset(with_gaps(rng, mixed_table(rng)), missing="testwise")
    found = pairs_of(data, estimator)
    gaps = [p for p in found if {"b", "two", "three"} & set(p)]
    assert len(gaps) == 6 * 3 + 3
    test = "copula" if estimator is COPULA else "auto"
    alone = alone_tested(data, test, gaps)
    assert {p: found[p] for p in gaps} == pytest.approx(alone, rel=1e-12)


@pytest.mark.parametrize(
    ("null", "dof"), [(ChiSquareNull(50, 6), 6), (WilksNull(50, 2, 3), 6), (WilksNull(50, 1, 1), 1)]
)
def test_large_samples_agree_with_chi_square(null, dof):
    large = type(null)(100_000, *list(vars(null).values())[1:])
    statistics = np.array([0.5, 1.0, 2.0]) * dof
    p_values = large.p_values(statistics / (2 * large.n_samples))
    assert p_values == pytest.approx(chi2.sf(statistics, dof), rel=1e-3)
    assert large.p_values(np.array([-1.0, np.inf])).tolist() == [1.0, 0.0]


def test_the_correction_for_bias_is_undone():
    statistics = np.array([0.01, 0.1])
    bias = COPULA.bias(60, 1, 1)
    assert WilksNull(60, 1, 1, bias).p_values(statistics - bias) == pytest.approx(
        WilksNull(60, 1, 1).p_values(statistics)
    )


def test_other_estimators_are_held_against_draws():
    rng = np.random.default_rng(4)
    data = ms.as_dataset(pd.DataFrame(rng.normal(size=(60, 4)), columns=list("abcd")))
    estimator = ms.KSG()
    held: Reference = reference(estimator, data, "a", "b")
    assert held.check is None
    found = pairs_of(data, estimator)
    for (x, y), p_value in found.items():
        mi = ms.mutual_information(data.select([x]), data.select([y]), estimator=estimator)
        larger = int((held.null.draws >= mi - 1e-12).sum())
        if larger >= 10:
            assert p_value == pytest.approx((1 + larger) / (1 + len(held.null.draws)))


@pytest.mark.parametrize(
    "estimator", [ms.AdaptivePartition(), ms.KSG(normal_scores=False), ms.MixedKNN()], ids=str
)
def test_where_the_draws_are_only_near_a_test_confirms(estimator):
    rng = np.random.default_rng(5)
    x = rng.normal(size=70)
    table = pd.DataFrame({"x": x.round(1), "y": (x + rng.normal(size=70)).round(1)})
    table["z"] = rng.normal(size=70).round(1)
    data = ms.as_dataset(table)
    found = pairs_of(data, estimator)
    for (a, b), p_value in alone_tested(data, "knn", found).items():
        assert found[a, b] >= p_value
    assert found["x", "y"] < 0.05 < found["x", "z"]


def test_a_test_may_be_asked_for():
    data = ms.as_dataset(mixed_table(np.random.default_rng(6))[["two", "rare", "three", "four"]])
    test = ms.GTest(n_permutations=199, seed=4)
    found = pairs_of(data, ms.PlugIn(), test=test)
    assert found == alone_tested(data, test, itertools.combinations(data.names, 2))


def test_single_precision_changes_next_to_nothing():
    data = ms.as_dataset(mixed_table(np.random.default_rng(7)))
    everything = np.arange(data.n_variables)
    found = []
    for dtype in (np.float32, np.float64):
        panels = AUTO.panels(data, everything, everything, dtype)
        found.append(significant_pairs(data, AUTO, panels, everything, 0.2, "bh"))
    assert (found[0].column == found[1].column).all()
    assert found[0].p_value == pytest.approx(found[1].p_value, rel=1e-3)


def test_the_size_of_blocks_changes_nothing(monkeypatch):
    data = ms.as_dataset(mixed_table(np.random.default_rng(8)))
    whole = {rule: pairs_of(data, AUTO, alpha=0.2, correction=rule) for rule in ("bh", "none")}
    monkeypatch.setattr(pair_search, "_ENTRIES_AT_ONCE", 7)  # so all blocks are screened
    monkeypatch.setattr(pair_search, "_PAIRS_AT_ONCE", 3)
    for rule, expected in whole.items():
        assert pairs_of(data, AUTO, alpha=0.2, correction=rule) == expected


@given(st.integers(0, 2**32), st.integers(4, 6))
def test_the_skewness_of_a_correlation_over_all_permutations(seed, n):
    x, y = np.random.default_rng(seed).exponential(size=(2, n))
    x, y = ((v - v.mean()) / v.std() for v in (x, y))
    r = np.array([x @ y[list(order)] / n for order in itertools.permutations(range(n))])
    assert r.mean() == pytest.approx(0, abs=1e-12)
    assert r.var() == pytest.approx(1 / (n - 1))
    skewness = (x**3).mean() * (y**3).mean() * np.sqrt(n - 1) / (n - 2)
    assert (r**3).mean() / r.std() ** 3 == pytest.approx(skewness, abs=1e-9)


# Corrections ------------------------------------------------------------------------------------

corrections = st.sampled_from(["bh", "bonferroni", "none"])
alphas = st.sampled_from([0.01, 0.05, 0.3])


@given(
    st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.05]), max_size=20),
    st.integers(0, 30), corrections, alphas,
)  # fmt: skip
def test_thresholds_are_those_of_the_definitions(p_values, others, correction, alpha):
    # What is larger than alpha may be left out, as it is of 200 million pairs.
    n_tests = len(p_values) + others
    below = [p for p in p_values if p <= alpha]
    limit = threshold(np.array(below), max(n_tests, 1), alpha, correction)
    expected = ref.passing(p_values, max(n_tests, 1), alpha, correction)
    sums = np.array([p * n_tests for p in p_values]) if correction == "bonferroni" else None
    for k, p in enumerate(p_values):
        if sums is None or abs(sums[k] - alpha) > 1e-12:  # rounding of a product and a quotient
            assert (p <= limit) == expected[k]


@pytest.mark.parametrize("correction", ["bh", "bonferroni", "none"])
@pytest.mark.parametrize("rows", [None, [0, 3, 4, 7]])
@pytest.mark.parametrize("strength", [0.3, 1.0])
def test_pairs_that_pass(correction, rows, strength):
    data = ms.as_dataset(mixed_table(np.random.default_rng(9), strength=strength))
    everything = pairs_of(data, AUTO, rows)
    assert len(everything) == count_tests(len(rows or data.names), data.n_variables)
    keep = ref.passing(everything.values(), len(everything), 0.1, correction)
    expected = {pair: p for (pair, p), kept in zip(everything.items(), keep, strict=True) if kept}
    assert pairs_of(data, AUTO, rows, alpha=0.1, correction=correction) == expected


@given(
    st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.001, 0.02, 0.05]), max_size=25),
    st.integers(0, 30), alphas, st.integers(1, 4),
)  # fmt: skip
def test_counts_bound_the_cut(p_values, others, alpha, per_octave):
    n_tests = max(len(p_values) + others, 1)
    levels = alpha * 0.5 ** (np.arange(1 + 8 * per_octave) / per_octave)
    given = np.array(p_values)
    counts = np.array([(given <= level).sum() for level in levels])
    bound = bound_of_cut(levels, counts, n_tests, alpha)
    cut = threshold(given[given <= alpha], n_tests, alpha, "bh")
    assert cut <= bound <= alpha
    # At most as far above as one step of the levels allows.
    above = levels[levels >= bound].min()
    assert bound <= alpha * (given <= above).sum() / n_tests * (1 + 1e-12)


def test_two_looks_find_what_one_does(monkeypatch):
    data = ms.as_dataset(mixed_table(np.random.default_rng(16), strength=0.7))
    once = pairs_of(data, AUTO, alpha=0.3, correction="bh")
    with_regulators = pairs_of(data, AUTO, [0, 3, 5], alpha=0.3, correction="bh")
    monkeypatch.setattr(significance, "_MOST_KEPT", 0)
    assert 3 < len(once) < 36
    assert pairs_of(data, AUTO, alpha=0.3, correction="bh") == once
    assert pairs_of(data, AUTO, [0, 3, 5], alpha=0.3, correction="bh") == with_regulators


@given(st.integers(0, 2**32), corrections)
def test_regulators_change_only_what_is_tested(seed, correction):
    rng = np.random.default_rng(seed)
    data = ms.as_dataset(pd.DataFrame(rng.normal(size=(30, 6)), columns=list("abcdef")))
    rows = np.sort(rng.permutation(6)[: rng.integers(1, 7)]).tolist()
    chosen = {data.names[r] for r in rows}
    everything = pairs_of(data, COPULA)
    found = pairs_of(data, COPULA, rows, correction=correction)
    assert {frozenset(p) for p in found} == {frozenset(p) for p in everything if chosen & set(p)}
    assert all(x in chosen for x, _ in found)
    unordered = {frozenset(p): v for p, v in everything.items()}
    for pair, p_value in found.items():
        assert p_value == pytest.approx(unordered[frozenset(pair)])


# Size -------------------------------------------------------------------------------------------


def shuffled(rng: np.random.Generator, n_columns: int, n: int) -> Dataset:
    return ms.as_dataset(rng.permuted(rng.gamma(2.0, size=(n, n_columns)), axis=0))


def within(count: int, n: int, alpha: float) -> bool:
    low, high = binom.ppf([0.0005, 0.9995], n, alpha)
    return bool(low <= count <= high)


@pytest.mark.parametrize("n_samples", [20, 100, 500])
@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_shuffled_genes_have_as_many_edges_as_were_asked_for(n_samples, alpha):
    data = shuffled(np.random.default_rng(n_samples), 500, n_samples)
    n_tests = 500 * 499 // 2
    found = pairs_of(data, COPULA, alpha=alpha)
    assert within(len(found), n_tests, alpha)


@pytest.mark.parametrize("correction", ["bh", "bonferroni"])
def test_shuffled_genes_seldom_have_any_edge_once_corrected(correction):
    rng = np.random.default_rng(11)
    alpha, n_tables = 0.2, 40
    any_edge = sum(
        bool(pairs_of(shuffled(rng, 500, 60), COPULA, alpha=alpha, correction=correction))
        for _ in range(n_tables)
    )
    # Of so many nearly independent p-values the chance of any below alpha / m is 1 - exp(-alpha);
    # the step-up rule comes to alpha in all.
    chance = 1 - np.exp(-alpha) if correction == "bonferroni" else alpha
    assert within(any_edge, n_tables, float(chance))


@pytest.mark.parametrize(
    ("estimator", "n_columns"),
    [(ms.KSG(), 120), (ms.AdaptivePartition(), 200), (ms.CopulaKNN(), 60), (ms.KDE(), 60)],
    ids=str,
)
@pytest.mark.parametrize("n_samples", [60, 150])
def test_the_size_of_what_is_drawn(estimator, n_columns, n_samples):
    data = shuffled(np.random.default_rng(12), n_columns, n_samples)
    p_values = np.array(list(pairs_of(data, estimator).values()))
    for alpha in (0.2, 0.05, 0.01):
        # 2000 draws know alpha up to their own error, which all pairs have in common.
        error = 4 * np.sqrt(alpha / 2000)
        low, high = binom.ppf([0.0005, 0.9995], p_values.size, [alpha - error, alpha + error])
        count = int((p_values <= alpha).sum())
        assert count <= high
        # What takes few values has p-values with gaps.
        assert count >= low or len(np.unique(p_values)) < p_values.size / 20


@pytest.mark.parametrize("zeros", [0.95, 0.9, 0.75, 0.5, 0.2])
@pytest.mark.parametrize("n_samples", [100, 400])
def test_the_size_of_counts_that_are_mostly_zero(zeros, n_samples):
    rng = np.random.default_rng(14)
    cells = rng.permuted(
        (rng.random((n_samples, 250)) > zeros) * (1.0 + rng.poisson(2, (n_samples, 250))), axis=0
    )
    names = [f"g{k}" for k in range(250)]
    data = ms.as_dataset(
        pd.DataFrame(cells, columns=names), kinds=dict.fromkeys(names, "continuous")
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ms.MistructWarning)  # few cells may be all that two have
        p_values = np.array(list(pairs_of(data, COPULA).values()))
    for alpha in (0.01, 0.001, 0.0001):
        assert (p_values <= alpha).sum() <= binom.ppf(0.9995, p_values.size, 1.3 * alpha)
    # The lambda alone has several times too many.
    alone = WilksNull(n_samples, 1, 1, COPULA.bias(n_samples, 1, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ms.MistructWarning)
        nats = COPULA.pairwise(data, np.arange(250), np.arange(250))[np.triu_indices(250, 1)]
    if zeros >= 0.9 and n_samples == 100:
        assert (alone.p_values(nats) <= 0.001).mean() > 0.003


def test_the_size_of_rare_states():
    # Mutations of one to five in a hundred samples: chi-square alone has too many small p-values.
    rng = np.random.default_rng(13)
    mutated = np.zeros((100, 150), dtype=bool)
    for k in range(150):
        mutated[rng.permutation(100)[: 1 + k % 5], k] = True
    data = ms.as_dataset(pd.DataFrame(mutated, columns=[f"m{k}" for k in range(150)]))
    n_tests = 150 * 149 // 2
    for alpha in (0.05, 0.01, 0.001):
        assert len(pairs_of(data, ms.PlugIn(), alpha=alpha)) <= binom.ppf(0.9995, n_tests, alpha)
    everything = np.arange(150)
    nats = ms.PlugIn().pairwise(data, everything, everything)[np.triu_indices(150, 1)]
    held = reference(ms.PlugIn(), data, "m0", "m1")
    assert (held.null.p_values(nats) <= 0.001).sum() > binom.ppf(0.9, n_tests, 0.001)
