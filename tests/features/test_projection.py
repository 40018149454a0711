"""`InformationProjection`: its gradient, what it sees that LDA and PLS do not, bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import check_grad
from scipy.stats import ortho_group
from sklearn.cross_decomposition import PLSRegression
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.utils.estimator_checks import parametrize_with_checks

import mistruct as ms
from mistruct.features.kernel_information import kernel_information


@parametrize_with_checks([ms.InformationProjection()])
def test_scikit_learns_checks(estimator, check) -> None:
    check(estimator)


def cosine(found: np.ndarray, true: np.ndarray) -> float:
    return float(abs(found @ true) / np.linalg.norm(found) / np.linalg.norm(true))


def test_the_estimate_is_that_of_the_formula() -> None:
    rng = np.random.default_rng(0)
    z, labels, width = rng.normal(size=12), np.arange(12) % 3, 0.7
    before = rng.normal(size=(12, 1))

    def bump(i: int, j: int) -> float:
        distance = (z[i] - z[j]) ** 2 + (before[i, 0] - before[j, 0]) ** 2
        return float(np.exp(-distance / (2 * width**2)))

    nats = 0.0
    for i in range(12):
        others = [j for j in range(12) if j != i]
        mates = [j for j in others if labels[j] == labels[i]]
        of_class = np.mean([bump(i, j) for j in mates]) + 1e-6  # no density is below that
        of_all = np.mean([bump(i, j) for j in others]) + 1e-6
        nats += np.log(of_class / of_all) / 12
    assert kernel_information(z, before, labels, width)[0] == pytest.approx(nats, abs=1e-12)
    error = check_grad(
        lambda v: kernel_information(v, before, labels, width)[0],
        lambda v: kernel_information(v, before, labels, width)[1],
        z,
    )
    assert error < 1e-5


def wider(n: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Eight mixed columns; one direction of them is wider in one of two classes of equal mean."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, n)
    hidden = rng.normal(size=(n, 8))
    hidden[:, 0] *= np.where(y, 3.0, 1.0)
    mix = ortho_group.rvs(8, random_state=0)
    return hidden @ mix, y, mix[0]


def test_a_spread_that_lda_cannot_see() -> None:
    x, y, true = wider()
    model = ms.InformationProjection().fit(x, y)
    # A projection of x has to be that of `true`, so the covariance of the two is compared.
    told = model.transform(x)[:, 0]
    assert abs(np.corrcoef(told, x @ true)[0, 1]) > 0.97
    lda = LinearDiscriminantAnalysis().fit(x, y).transform(x)[:, 0]
    assert abs(np.corrcoef(lda, x @ true)[0, 1]) < 0.9
    # Two centred normal columns of spread 1 and 3: some 0.13 nats by numerical integration.
    grid = np.linspace(-15, 15, 20001)
    normal = [np.exp(-(grid**2) / 2 / s**2) / s / np.sqrt(2 * np.pi) for s in (1.0, 3.0)]
    mixed = (normal[0] + normal[1]) / 2
    step = grid[1] - grid[0]
    true_nats = sum(np.sum(p * np.log(p / mixed)) * step / 2 for p in normal)
    assert model.information_[0] == pytest.approx(true_nats, abs=0.06)
    assert model.information_[0] > 0.06


def test_a_shape() -> None:
    """One class is a mixture of two modes that has the mean and the spread of the other."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 800)
    x = rng.normal(size=(800, 5))
    modes = rng.choice([-1, 1], 800) * 0.95 + np.sqrt(1 - 0.95**2) * rng.normal(size=800)
    x[:, 3] = np.where(y, modes, x[:, 3])
    model = ms.InformationProjection(n_folds=0).fit(x, y)
    assert cosine(model.components_[0], np.eye(5)[3]) > 0.95
    assert np.isnan(model.information_).all()


def test_means_are_seen_as_lda_sees_them() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 600)
    centres = np.array([[0, 0, 0, 0], [2, 1, 0, 0], [-1, 2, 0, 0]])
    x = rng.normal(size=(600, 4)) + centres[y]
    model = ms.InformationProjection(2).fit(x, y)
    lda = LinearDiscriminantAnalysis().fit(x, y).transform(x)
    z = model.transform(x)
    # The two planes are nearly one: canonical correlations near 1.
    q = [np.linalg.qr(a - a.mean(axis=0))[0] for a in (z, lda)]
    assert np.linalg.svd(q[0].T @ q[1])[1].min() > 0.95
    assert model.information_[1] > model.information_[0] > 0
    np.testing.assert_allclose(np.cov(z, rowvar=False, ddof=0), np.eye(2), atol=1e-8)


def test_a_square_that_pls_cannot_see() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 6))
    true = np.array([1.0, -1.0, 0.5, 0, 0, 0])
    y = (x @ true) ** 2 + 0.1 * rng.normal(size=600)
    model = ms.InformationProjection().fit(x, y)
    assert cosine(model.components_[0], true) > 0.98
    pls = PLSRegression(1).fit(x, y)
    assert cosine(pls.x_weights_[:, 0], true) < 0.9
    assert model.information_[0] > 1


def test_frames_names_and_repetition() -> None:
    x, y, _ = wider(300)
    frame = pd.DataFrame(x).add_prefix("c")
    labels = pd.Series(np.where(y, "yes", "no"), name="ill")
    model = ms.InformationProjection(2, n_folds=2).fit(frame, labels)
    assert model.get_feature_names_out().tolist() == [
        "informationprojection0", "informationprojection1",
    ]  # fmt: skip
    again = ms.InformationProjection(2, n_folds=2).fit(x, y)
    np.testing.assert_array_equal(model.components_, again.components_)
    np.testing.assert_array_equal(model.information_, again.information_)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parameters": {"n_components": 9}}, "n_components must be at most the 8 directions"),
        ({"parameters": {"n_components": 0}}, "n_components must be a whole number"),
        ({"parameters": {"n_folds": 1}}, "n_folds must be 0 or at least 2"),
        ({"y": np.zeros(50, dtype=int)}, "is constant; nothing tells it"),
        ({"y": pd.Series([None, *["a", "b"] * 24, "a"])}, "1 missing entries"),
        ({"y": pd.Series(range(50), dtype="category")}, "every class of the target has one row"),
        ({"y": np.zeros(49, dtype=int)}, "inconsistent numbers of samples"),
        ({"x": pd.DataFrame({"a": ["u", "v"] * 25, "b": range(50)})}, "column 'a' must hold num"),
        ({"x": pd.DataFrame({"a": [np.nan, *range(49)], "b": range(50)})}, "missing"),
    ],
)
def test_bad_input(change: dict[str, Any], message: str) -> None:
    x, y, _ = wider(50)
    with pytest.raises(ValueError, match=message):
        ms.InformationProjection(**change.get("parameters", {})).fit(
            change.get("x", x), change.get("y", y)
        )


@pytest.mark.parametrize("unit", [2.0**1000, 2.0**-1000])
def test_a_unit_changes_nothing(unit: float) -> None:
    """Not even one in which squares are beyond floats."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 60)
    x = rng.normal(size=(60, 2)) + y[:, np.newaxis]
    plain = ms.InformationProjection(n_folds=0).fit(x, y)
    scaled = ms.InformationProjection(n_folds=0).fit(x * unit, y)
    np.testing.assert_allclose(scaled.transform(x * unit), plain.transform(x), rtol=1e-12)
    np.testing.assert_allclose(scaled.components_ * unit, plain.components_, rtol=1e-12)
