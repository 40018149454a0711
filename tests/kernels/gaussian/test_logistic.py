"""Logistic regression, against scikit-learn's and against the equations of the maximum."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from mistruct.kernels.gaussian.logistic import fit_logistic


def fitted(
    terms: np.ndarray, labels: np.ndarray, precision: float, start: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    design = np.concatenate([np.ones((1, labels.size)), terms])
    n_states = labels.max() + 1
    coefficients = np.zeros((n_states - 1, len(design))) if start is None else start.copy()
    probabilities = np.empty((n_states, labels.size))
    fit_logistic(design, labels, precision, coefficients, probabilities)
    return probabilities, coefficients


def drawn(n: int, n_terms: int, n_states: int, strength: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([n, n_terms, n_states])
    terms = rng.normal(size=(n_terms, n))
    odds = strength * rng.normal(size=(n_states, n_terms)) @ terms + rng.gumbel(size=(n_states, n))
    _, labels = np.unique(odds.argmax(axis=0), return_inverse=True)
    return terms, labels.astype(np.int64)


@pytest.mark.parametrize("n_states", [2, 3, 5])
@pytest.mark.parametrize(("n", "n_terms"), [(40, 1), (128, 3), (300, 8)])
@pytest.mark.parametrize("strength", [0.0, 1.0, 30.0])
def test_probabilities_are_those_of_scikit_learn(
    n_states: int, n: int, n_terms: int, strength: float
) -> None:
    """With the largest strength some states are separated, and the prior alone holds the fit."""
    terms, labels = drawn(n, n_terms, n_states, strength)
    model = LogisticRegression(C=1e3, solver="newton-cholesky", max_iter=1000, tol=1e-9)
    expected = model.fit(terms.T, labels).predict_proba(terms.T).T
    found, _ = fitted(terms, labels, 1e-3)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_without_terms_the_probabilities_are_shares() -> None:
    labels = np.array([0, 2, 1, 2, 2, 0, 2, 2])
    found, _ = fitted(np.empty((0, 8)), labels, 1e-3)
    np.testing.assert_allclose(found, np.repeat([[0.25], [0.125], [0.625]], 8, axis=1))


def test_one_state_is_certain() -> None:
    found, coefficients = fitted(np.ones((1, 5)), np.zeros(5, dtype=np.int64), 1e-3)
    assert (found == 1.0).all()
    assert coefficients.shape == (0, 2)


@pytest.mark.parametrize("n_states", [2, 4])
def test_no_direction_lessens_the_objective(n_states: int) -> None:
    terms, labels = drawn(200, 4, n_states, 0.7)
    found, coefficients = fitted(terms, labels, 0.5)
    observed = labels == np.arange(n_states)[:, np.newaxis]
    slopes = np.vstack([np.zeros(4), coefficients[:, 1:]])
    # The prior is on the slope of two states, or on those of all states about their mean.
    pulled = 0.5 * (slopes if n_states == 2 else slopes - slopes.mean(axis=0))
    left = found - observed
    np.testing.assert_allclose(left.sum(axis=1), 0.0, atol=1e-8)
    np.testing.assert_allclose((left @ terms.T + pulled)[1:], 0.0, atol=1e-8)


def test_separated_states_and_copied_terms_do_no_harm() -> None:
    terms = np.linspace(-3, 3, 60)[np.newaxis].repeat(3, axis=0)
    terms[2] = 0.0
    labels = (terms[0] > 0).astype(np.int64)
    found, coefficients = fitted(terms, labels, 1e-3)
    assert np.isfinite(coefficients).all()
    assert (np.abs(found[1] - labels) < 0.2).all()
    np.testing.assert_allclose(coefficients[0, 1], coefficients[0, 2])


def test_a_start_changes_nothing_but_the_way() -> None:
    terms, labels = drawn(150, 3, 3, 1.0)
    found, coefficients = fitted(terms, labels, 1e-3)
    far = 20.0 * np.random.default_rng(0).normal(size=coefficients.shape)
    for start in (coefficients, far):
        again, _ = fitted(terms, labels, 1e-3, start)
        np.testing.assert_allclose(again, found, atol=1e-9)
