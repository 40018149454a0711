"""Differences of dependence between groups against definitions in loops, and their size."""

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import binom, rankdata

from mistruct.structure.differential import permutation_pool
from mistruct.structure.differential import score_differences as module
from mistruct.structure.differential.group_scores import Groups, Sorted, unit_scores
from mistruct.structure.differential.score_differences import score_differences


def _no_strata(group):
    return Groups(group, np.zeros(len(group), dtype=np.int64))


def _reference(values, group, stratum):
    """The four statistics of the pair of rows in `values`, term by term."""
    transformed, kurtosis, weights = [], [], []
    for g in np.unique(group):
        scores = np.empty((2, int((group == g).sum())))
        inside = stratum[group == g]
        for i in (0, 1):
            for s in np.unique(inside):
                part = values[i, group == g][inside == s]
                normal = ndtri(rankdata(part) / (len(part) + 1))
                scores[i, inside == s] = normal - normal.mean()
        second = []
        for z in scores:
            square = z**2 - np.mean(z**2)
            second.append(square - z * np.mean(square * z) / np.mean(z * z))
        x, y = scores
        pairs = [(x, y), (x, second[1]), (second[0], y), tuple(second)]
        correlations = [np.corrcoef(a, b)[0, 1] for a, b in pairs]
        transformed.append(np.arctanh(correlations))
        kurtosis.append((1 + 2 * correlations[3]) / (1 + 2 * correlations[0] ** 2))
        weights.append(len(x) - 3)
    transformed, weights = np.array(transformed), np.array(weights, dtype=float)
    mean = weights @ transformed / weights.sum()
    spread = weights @ (transformed - mean) ** 2
    mean_kurtosis = weights @ kurtosis / weights.sum()
    # Of values with variances s / w, the mean has s / sum(w), and this has the expectation s.
    s = weights @ (np.array(kurtosis) - mean_kurtosis) ** 2 / (len(weights) - 1)
    noise = s / weights.sum() / mean_kurtosis**2
    return spread[0], spread[1:].sum(), weights.sum() * (mean**2).sum(), noise


@pytest.mark.parametrize("n_strata", [1, 2])
def test_statistics_are_those_of_the_definition(n_strata):
    rng = np.random.default_rng(n_strata)
    values = rng.normal(size=(2, 90)).round(1)
    group, stratum = rng.integers(0, 3, 90), rng.integers(0, n_strata, 90)
    scores = unit_scores(Sorted.of(values), Groups(group, stratum), gaps=False)
    found = [statistic[0, 1] for statistic in module._statistics(scores, scores)]
    np.testing.assert_allclose(found, _reference(values, group, stratum), rtol=1e-4)


def test_missing_entries_leave_a_pair_its_complete_rows():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(2, 200))
    values[1] += values[0]
    group = np.repeat([0, 1], 100)
    values[0, ::7] = np.nan
    scores = unit_scores(Sorted.of(values), _no_strata(group), gaps=True)
    statistic = module._statistics(scores, scores)[0][0, 1]
    transformed, sizes = [], []
    for g in (0, 1):
        known = ~np.isnan(values[0]) & (group == g)
        normal = ndtri(np.apply_along_axis(rankdata, 1, values[:, known]) / (known.sum() + 1))
        transformed.append(np.arctanh(np.corrcoef(normal)[0, 1]))
        sizes.append(known.sum() - 3)
    mean = np.average(transformed, weights=sizes)
    expected = np.dot(sizes, (transformed - mean) ** 2)
    assert np.sqrt(statistic) == pytest.approx(np.sqrt(expected), abs=0.15)


@pytest.mark.parametrize("sizes", [(40, 40), (40, 120)])
def test_halves_of_one_group_differ_as_often_as_the_level_says(sizes):
    rng = np.random.default_rng(1)
    small = 0
    for _ in range(20):
        common = rng.normal(size=(1, sum(sizes)))
        values = common + rng.normal(size=(20, sum(sizes)))
        values /= np.sqrt(rng.chisquare(3, sum(sizes)) / 3)  # heavy tails
        linear, form, _ = score_differences(values, _no_strata(np.repeat([0, 1], sizes)), 60, rng)
        small += np.array([linear < 0.05, form < 0.05]).sum(axis=1)
    # Pairs of one table depend on each other: as if every third were independent of the others.
    n_pairs = 20 * 190
    low, high = binom.interval(0.999, n_pairs // 3, 0.05)
    assert (low * 3 <= small).all()
    assert (small <= high * 3).all()


def test_changes_of_strength_and_of_form_are_told_apart():
    rng = np.random.default_rng(2)
    group = np.repeat([0, 1], 150)
    x, noise = rng.normal(size=(2, 300))
    other = rng.normal(size=(20, 300))
    turned = np.where(group, x, -x) + noise
    curved = np.where(group, x**2, 0.0) + 0.5 * noise
    values = np.vstack([x, turned, curved, other])
    linear, form, depends = score_differences(values, _no_strata(group), 100, rng)
    assert linear[0] < 1e-3 < form[0]  # of x and `turned`
    assert form[1] < 1e-3 < linear[1]  # of x and `curved`
    assert depends[1]
    assert depends.mean() < 0.05


def test_tiles_and_the_pool_of_draws_do_not_matter(monkeypatch):
    rng = np.random.default_rng(3)
    values, groups = rng.normal(size=(12, 60)), _no_strata(rng.integers(0, 2, 60))
    # Shrunken means depend on the tile, so each pair keeps its own here.
    monkeypatch.setattr(module, "_shrunken_means", lambda drawn, noise: drawn.mean(axis=0))
    whole = score_differences(values, groups, 30, np.random.default_rng(0))
    monkeypatch.setattr(module, "columns_at_once", lambda n_permutations: 5)
    tiles = score_differences(values, groups, 30, np.random.default_rng(0))
    np.testing.assert_allclose(whole, tiles, atol=2e-3)  # BLAS rounds products by their shape
    monkeypatch.setattr(permutation_pool, "_MOST_DRAWS", 500)
    monkeypatch.setattr(permutation_pool, "_LARGEST", 200)
    some = score_differences(values, groups, 30, np.random.default_rng(0))
    np.testing.assert_allclose(whole, some, atol=0.1)
    tail = whole[0] < 0.03
    np.testing.assert_allclose(whole[0][tail], some[0][tail], atol=2e-3)


def test_a_column_that_is_constant_in_a_group_has_no_p_value():
    rng = np.random.default_rng(4)
    group = np.repeat([0, 1], 50)
    values = rng.normal(size=(3, 100))
    values[0, group == 0] = 1.0
    linear, *_ = score_differences(values, _no_strata(group), 20, rng)
    assert np.isnan(linear[:2]).all()
    assert not np.isnan(linear[2])
