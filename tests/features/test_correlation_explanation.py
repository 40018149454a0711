"""`CorrelationExplanation`: the bound, the modules it finds, the tree, and what it refuses."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import polars as pl
import pytest
from anndata import AnnData
from scipy.optimize import approx_fprime, minimize_scalar
from scipy.special import ndtri
from scipy.stats import multivariate_normal, norm
from sklearn.base import clone
from sklearn.decomposition import PCA, FactorAnalysis
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

import mistruct as ms
from mistruct.features import explanation
from mistruct.features.explanation import unexplained
from tests.reference_factors import explained, explained_exactly


@parametrize_with_checks(
    [
        ms.CorrelationExplanation(1),
        ms.CorrelationExplanation(1, missing="centre"),
    ]
)
def test_scikit_learns_checks(estimator, check) -> None:
    check(estimator)


def modular(
    n_samples: int, n_features: int, n_modules: int, ratio: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Columns with one normal cause each, of so much signal to noise, and which cause that is."""
    rng = np.random.default_rng(seed)
    parent = rng.permutation(np.arange(n_features) % n_modules)
    signal = rng.normal(size=(n_samples, n_modules))[:, parent] * rng.choice([-1, 1], n_features)
    return np.sqrt(ratio) * signal + rng.normal(size=(n_samples, n_features)), parent


def with_correlations(correlations: np.ndarray, n_samples: int = 200) -> np.ndarray:
    """Rows that have these correlations exactly."""
    noise = np.random.default_rng(0).normal(size=(n_samples, len(correlations)))
    white = np.linalg.qr(noise - noise.mean(axis=0))[0]
    return white @ np.linalg.cholesky(correlations).T


def test_the_bound_is_that_of_the_paper() -> None:
    rng = np.random.default_rng(0)
    correlations = np.corrcoef(modular(50, 7, 2, 1.0)[0].T)
    for noise in (0.0, 0.6):
        noisy = (1 - noise**2) * correlations + noise**2 * np.eye(7)
        for size in (0.1, 1.0, 10.0):
            w = size * rng.normal(size=(3, 7))
            bound, gradient = unexplained(w.ravel(), np.linalg.cholesky(correlations), 3, noise)
            assert -bound == pytest.approx(explained(noisy, w), rel=1e-9)
            assert -bound <= explained_exactly(noisy, w) + 1e-9
            numeric = approx_fprime(w.ravel(), lambda v: -explained(noisy, v.reshape(3, 7)))  # noqa: B023
            np.testing.assert_allclose(gradient, numeric, rtol=1e-4, atol=1e-5)


def test_one_factor_of_equal_correlations() -> None:
    """By symmetry all weights are one w; then the bound is a function of w alone.

    With q = 1 + (p - 1) rho: <z^2> = 1 + p q w^2, R^2 = q^2 w^2 / <z^2>, and of one factor the
    error is 1 - R^2.
    """
    p, rho = 6, 0.4
    q = 1 + (p - 1) * rho

    def bound(w: float) -> float:
        variance = 1 + p * q * w**2
        return -p / 2 * np.log(1 - q**2 * w**2 / variance) - 0.5 * np.log(variance)

    best = minimize_scalar(lambda w: -bound(w), (0.1, 1.0))
    x = with_correlations(np.full((p, p), rho) + (1 - rho) * np.eye(p))
    model = ms.CorrelationExplanation(1, normal_scores=False).fit(x)
    assert model.total_correlation_ == pytest.approx(-best.fun, abs=1e-4)
    r2 = q**2 * best.x**2 / (1 + p * q * best.x**2)
    np.testing.assert_allclose(model.mi_, -0.5 * np.log(1 - r2), atol=1e-2)
    # Unit variance of a sum of p equal weights needs w^2 p q = 1.
    np.testing.assert_allclose(model.components_, (p * q) ** -0.5, rtol=2e-2)
    # nu = R z / sd(z), and the part of z / sd(z) that is not its noise has the variance p q w^2.
    np.testing.assert_allclose(
        model.loadings_, np.sqrt(r2 * p * q * best.x**2 / (1 + p * q * best.x**2)), rtol=2e-2
    )


@pytest.mark.parametrize("n_components", [1, 3, 6])
def test_no_more_is_explained_than_there_is(n_components: int) -> None:
    x, _ = modular(100, 8, 3, 1.5)
    model = ms.CorrelationExplanation(n_components, normal_scores=False).fit(x)
    whole = -0.5 * np.linalg.slogdet(np.corrcoef(x.T))[1]
    assert 0 < model.total_correlation_ < whole
    assert model.tcs_.sum() == pytest.approx(model.total_correlation_)
    assert (np.diff(model.tcs_) <= 0).all()


def test_the_bound_is_near_where_factors_can_be_told() -> None:
    """Of modules with many columns each cause is known nearly, so that nearly all is explained."""
    p, m, rho = 60, 2, 0.7
    correlations = np.kron(np.eye(m), np.full((p // m, p // m), rho)) + (1 - rho) * np.eye(p)
    x = with_correlations(correlations)
    model = ms.CorrelationExplanation(m, normal_scores=False).fit(x)
    assert model.total_correlation_ == pytest.approx(
        -0.5 * np.linalg.slogdet(correlations)[1], rel=0.05
    )


@pytest.mark.parametrize(
    ("n_samples", "n_features", "n_modules", "ratio"),
    [(200, 10, 2, 1.0), (100, 50, 5, 1.0), (50, 300, 10, 1.0), (200, 1000, 20, 0.25)],
)
def test_modules_are_found(n_samples, n_features, n_modules, ratio) -> None:
    x, parent = modular(n_samples, n_features, n_modules, ratio)
    model = ms.CorrelationExplanation(n_modules).fit(x)
    found = adjusted_rand_score(parent, model.clusters_)
    assert found > 0.95
    for other in (PCA(n_modules), FactorAnalysis(n_modules)):
        loadings = other.fit((x - x.mean(axis=0)) / x.std(axis=0)).components_
        assert adjusted_rand_score(parent, np.abs(loadings).argmax(axis=0)) <= found


def test_scores_of_new_rows_find_the_number() -> None:
    x, _ = modular(200, 60, 4, 0.5)
    search = GridSearchCV(ms.CorrelationExplanation(), {"n_components": [2, 3, 4, 5, 6]}, cv=3)
    assert search.fit(x).best_params_ == {"n_components": 4}
    noise = np.random.default_rng(0).normal(size=(2, 100, 40))
    assert ms.CorrelationExplanation(2).fit(noise[0]).score(noise[1]) < 0


def test_score_is_a_likelihood_ratio() -> None:
    x, _ = modular(80, 7, 2, 1.0)
    model = ms.CorrelationExplanation(3, normal_scores=False).fit(x)
    new = modular(30, 7, 2, 1.0, seed=1)[0]
    scores = (new - x.mean(axis=0)) / x.std(axis=0)
    # Columns and factors of unit variance, and columns correlated through factors alone: loadings
    # are for factors without their noise, which `mi_` tells of.
    r2 = 1 - np.exp(-2 * model.mi_)
    b = np.sign(model.loadings_) * np.sqrt(r2) / (1 - r2)
    through = b / (1 + (np.sqrt(r2) * np.abs(b)).sum(axis=0))
    correlations = through.T @ through
    np.fill_diagonal(correlations, 1.0)
    joint = multivariate_normal(np.zeros(7), correlations).logpdf(scores)
    expected = (joint - norm.logpdf(scores).sum(axis=1)).mean()
    assert model.score(new) == pytest.approx(expected, rel=1e-6)


def test_monotone_transforms_do_not_matter() -> None:
    x, _ = modular(150, 12, 3, 1.0)
    model = ms.CorrelationExplanation(3).fit(x)
    bent = ms.CorrelationExplanation(3).fit(np.exp(x))
    np.testing.assert_array_equal(bent.mi_, model.mi_)
    np.testing.assert_array_equal(bent.transform(np.exp(x)), model.transform(x))
    turned = ms.CorrelationExplanation(3).fit(-x)
    np.testing.assert_array_equal(turned.clusters_, model.clusters_)
    np.testing.assert_allclose(turned.mi_, model.mi_, atol=1e-3)


def test_the_order_of_columns_does_not_matter() -> None:
    x, _ = modular(150, 12, 3, 1.0)
    order = np.random.default_rng(0).permutation(12)
    model = ms.CorrelationExplanation(3).fit(x)
    moved = ms.CorrelationExplanation(3).fit(x[:, order])
    np.testing.assert_array_equal(moved.clusters_, model.clusters_[order])
    np.testing.assert_allclose(moved.mi_, model.mi_[:, order], atol=1e-3)


def test_long_tables_are_those_of_their_correlations() -> None:
    """More than twice as many rows as columns go through a decomposition, others do not."""
    x, _ = modular(25, 13, 2, 2.0)
    short = ms.CorrelationExplanation(2, normal_scores=False).fit(x)
    long = ms.CorrelationExplanation(2, normal_scores=False).fit(np.tile(x, (4, 1)))
    assert long.total_correlation_ == pytest.approx(short.total_correlation_, rel=1e-4)


def test_transform_and_back() -> None:
    x, _ = modular(300, 20, 2, 4.0)
    x = np.exp(x)
    model = ms.CorrelationExplanation(2).fit(x)
    factors = model.transform(x)
    np.testing.assert_allclose(factors.mean(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(factors.std(axis=0), 1, rtol=1e-6)
    ranks = np.argsort(np.argsort(x, axis=0), axis=0) + 1
    scores = ndtri(ranks / 301)
    scores /= scores.std(axis=0)
    np.testing.assert_allclose(factors, scores @ model.components_.T, atol=1e-8)
    # What comes back is the column at the expected score, and near it where the factor is known.
    back = model.inverse_transform(factors)
    assert ((back >= x.min(axis=0)) & (back <= x.max(axis=0))).all()
    errors = ((np.log(back) - np.log(x)) ** 2).mean(axis=0) / np.log(x).var(axis=0)
    assert errors.max() < 0.3
    # Rows are transformed one by one, and a value between two of the old ones lies between them.
    np.testing.assert_allclose(model.transform(x[:3]), factors[:3])
    with pytest.raises(ms.DataError, match="X must have 2 columns, one a factor, got 3"):
        model.inverse_transform(np.zeros((4, 3)))


def test_plain_columns_come_back_as_they_are() -> None:
    """Without ranks, and of columns that repeat each other, nothing is lost."""
    x = np.random.default_rng(0).normal(3.0, 2.0, size=(50, 1)) * [1, -2, 3]
    model = ms.CorrelationExplanation(1, normal_scores=False).fit(x)
    np.testing.assert_allclose(model.inverse_transform(model.transform(x)), x, rtol=1e-3)
    assert np.isfinite(model.total_correlation_)
    # The noise that stays, of variance 1e-6, bounds what copies tell: -log(1e-3).
    np.testing.assert_allclose(model.mi_, -np.log(1e-3), atol=0.3)


def test_constant_columns_belong_nowhere() -> None:
    x, _ = modular(100, 8, 2, 1.0)
    model = ms.CorrelationExplanation(2).fit(x)
    wider = np.insert(x, 3, 7.0, axis=1)
    with_constant = ms.CorrelationExplanation(2).fit(wider)
    assert with_constant.clusters_[3] == -1
    np.testing.assert_array_equal(np.delete(with_constant.clusters_, 3), model.clusters_)
    assert (with_constant.mi_[:, 3] == 0).all() and (with_constant.components_[:, 3] == 0).all()
    assert with_constant.graph_.degree("x3") == 0
    np.testing.assert_allclose(with_constant.transform(wider), model.transform(x))
    back = with_constant.inverse_transform(with_constant.transform(wider))
    np.testing.assert_array_equal(back[:, 3], 7.0)
    changed = np.where(np.arange(9) == 3, 8.0, wider)
    np.testing.assert_allclose(with_constant.transform(changed), model.transform(x))


def test_gaps_say_nothing() -> None:
    x, parent = modular(200, 30, 3, 1.5)
    gaps = np.random.default_rng(1).random(x.shape) < 0.1
    model = ms.CorrelationExplanation(3, missing="centre").fit(np.where(gaps, np.nan, x))
    assert adjusted_rand_score(parent, model.clusters_) == 1.0
    assert model.graph_.edges["x0", f"factor{model.clusters_[0]}"]["n_samples"] == int(
        (~gaps[:, 0]).sum()
    )
    np.testing.assert_array_equal(model.transform(np.full((1, 30), np.nan)), 0.0)
    with pytest.raises(ms.DataError, match="holds only missing entries"):
        ms.CorrelationExplanation(1, missing="centre").fit(np.where(np.arange(30) == 4, np.nan, x))


def test_the_latent_tree() -> None:
    x, _ = modular(150, 9, 3, 2.0)
    table = pd.DataFrame(x, columns=[*"abcdefg", "factor1", "factor1_"])
    model = ms.CorrelationExplanation(3).fit(table)
    factors = ["factor0__", "factor1__", "factor2__"]
    assert model.get_feature_names_out().tolist() == factors
    tree = model.graph_
    assert nx.is_forest(tree) and set(tree) == {*table, *factors}
    assert {n for n, latent in tree.nodes(data="latent") if latent} == set(factors)
    for i, name in enumerate(table):
        (parent,) = tree[name]
        evidence = tree.edges[name, parent]
        j = factors.index(parent)
        assert j == model.clusters_[i] == model.mi_[:, i].argmax()
        assert (evidence["mi"], evidence["n_samples"]) == (model.mi_[j, i], 150)
        together = np.corrcoef(model.transform(table)[:, j], x[:, i])[0, 1]
        assert evidence["sign"] == np.sign(together)
    assert [tree.nodes[f]["tc"] for f in factors] == model.tcs_.tolist()
    assert tree.graph["algorithm"] == "linear CorEx" and tree.graph["seed"] == 0
    assert ms.plot_network(tree) is not None


def test_the_tree_can_be_written(tmp_path) -> None:
    tree = ms.CorrelationExplanation(2).fit(modular(60, 5, 2, 1.0)[0]).graph_
    ms.write_network(tree, tmp_path / "tree.graphml")
    assert set(ms.read_network(tmp_path / "tree.graphml").edges) == set(tree.edges)


def test_a_second_layer() -> None:
    """Four modules, of which the causes of two and two have a cause of their own."""
    rng = np.random.default_rng(0)
    above = rng.normal(size=(500, 2))
    causes = 1.5 * above[:, [0, 0, 1, 1]] + rng.normal(size=(500, 4))
    table = pd.DataFrame(causes[:, np.arange(40) % 4] + rng.normal(size=(500, 40))).add_prefix("g")
    first = ms.CorrelationExplanation(4).set_output(transform="pandas").fit(table)
    second = ms.CorrelationExplanation(2).fit(first.transform(table))
    assert second.get_feature_names_out().tolist() == ["factor0_", "factor1_"]
    whole = nx.compose(first.graph_, second.graph_)
    assert nx.is_forest(whole) and nx.number_connected_components(whole) == 2
    assert nx.has_path(whole, "g0", "g1") and not nx.has_path(whole, "g0", "g2")


def test_tables_of_all_sorts() -> None:
    x, _ = modular(60, 4, 2, 1.0)
    frame = pd.DataFrame(x, columns=list("abcd"))
    expected = ms.CorrelationExplanation(2).fit(x)
    adata = AnnData(x, var=pd.DataFrame(index=list("abcd")))
    for table in (frame, pl.DataFrame(frame), ms.as_dataset(frame), adata):
        model = ms.CorrelationExplanation(2).fit(table)
        np.testing.assert_array_equal(model.mi_, expected.mi_)
        np.testing.assert_array_equal(model.transform(table), expected.transform(x))
        assert set("abcd") < set(model.graph_)
    whole = frame.assign(flag=frame["a"] > 0, count=np.round(frame["b"]).astype(int))
    np.testing.assert_array_equal(
        ms.CorrelationExplanation(2).fit(whole).mi_,
        ms.CorrelationExplanation(2).fit(whole.astype(float)).mi_,
    )


def test_seeds() -> None:
    x, _ = modular(60, 10, 3, 0.5)
    model = ms.CorrelationExplanation(3, seed=1)
    np.testing.assert_array_equal(model.fit(x).mi_, clone(model).fit(x).mi_)
    assert not np.array_equal(model.mi_, ms.CorrelationExplanation(3, seed=2).fit(x).mi_)
    ms.CorrelationExplanation(3, seed=None).fit(x)


def test_a_search_that_is_cut_short_says_so(monkeypatch) -> None:
    monkeypatch.setattr(explanation, "_LAST_STEPS", 1)
    with pytest.warns(ms.MistructWarning, match="the factors did not settle in 1 steps"):
        ms.CorrelationExplanation(3).fit(modular(60, 10, 3, 0.5)[0])


FRAME = pd.DataFrame(modular(30, 3, 1, 1.0)[0], columns=list("abc"))


@pytest.mark.parametrize(
    ("parameters", "table", "message"),
    [
        ({"n_components": 0}, FRAME, "n_components must be a whole number of at least 1, got 0"),
        ({"n_components": 4}, FRAME, "n_components must be at most the 3 columns .* got 4"),
        ({"n_components": 3}, FRAME.assign(a=1.0), "at most the 2 columns that are not constant"),
        ({"normal_scores": "no"}, FRAME, "normal_scores must be one of True, False, got 'no'"),
        ({"missing": "drop"}, FRAME, "missing must be one of 'raise', 'centre', got 'drop'"),
        ({"seed": -1}, FRAME, "seed must be a whole number of at least 0, got -1"),
        ({}, FRAME.assign(a="red"), "column 'a' must hold numbers .* got 'red'"),
        ({}, FRAME.mask(FRAME.index.to_series() < 2), "6 entries are missing, in 'a' .2., 'b'"),
        ({}, FRAME.assign(b=np.inf), "column 'b' holds 30 infinite value"),
        ({}, FRAME[:1], "the table must have two rows or more, got 1"),
        ({}, FRAME[:0], "the table has no rows"),
    ],
)
def test_refused(parameters, table, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ms.CorrelationExplanation(**parameters).fit(table)


def test_other_columns_are_refused() -> None:
    model = ms.CorrelationExplanation().fit(FRAME)
    with pytest.raises(ValueError, match="feature names should match"):
        model.transform(FRAME.rename(columns={"a": "z"}))
    with pytest.raises(ValueError, match="expecting 3 features"):
        ms.CorrelationExplanation().fit(FRAME.to_numpy()).transform(FRAME.to_numpy()[:, :2])
