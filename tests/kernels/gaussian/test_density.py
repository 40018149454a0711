"""Sums of kernels, against whole matrices of exponentials."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistruct.kernels.gaussian.density import fill_kernels, sum_kernels


def kernels(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """exp(-|p_i - p_j|^2 / 2) within a category, 0 elsewhere and on the diagonal."""
    distances = ((points[:, :, np.newaxis] - points[:, np.newaxis, :]) ** 2).sum(axis=0)
    matrix = np.exp(-distances / 2) * (labels[:, np.newaxis] == labels)
    np.fill_diagonal(matrix, 0.0)
    return matrix


def test_the_exponential_is_good_to_a_rounding() -> None:
    distances = np.sqrt(2 * np.concatenate([np.linspace(0, 708, 10_001), np.geomspace(1e-9, 1)]))
    points = np.concatenate([[0.0], distances])
    found = np.empty((1, points.size))
    fill_kernels(points[np.newaxis], np.array([0]), np.int64(0), found)
    assert found[0, 0] == 0.0
    np.testing.assert_allclose(found[0, 1:], np.exp(-0.5 * points[1:] ** 2), rtol=4e-16)


def test_the_exponential_of_what_is_too_far_is_as_good_as_nothing() -> None:
    found = np.empty((1, 3))
    fill_kernels(np.array([[0.0, 1e3, 1e200]]), np.array([0]), np.int64(0), found)
    assert (found < 1e-300).all()


@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 3), st.sampled_from([1, 3]))
@settings(max_examples=60)
def test_sums(seed: int, n: int, n_blocks: int, n_labels: int) -> None:
    rng = np.random.default_rng(seed)
    dims = rng.integers(0, 3, n_blocks)
    points = rng.normal(size=(dims.sum(), n))
    labels = rng.integers(0, n_labels, (n_blocks, n)).astype(np.int32)
    members = rng.random((4, n_blocks)) < 0.5
    first = np.concatenate([[0], np.cumsum(dims)])
    cut = rng.integers(0, n + 1)
    found = sum(
        sum_kernels(points, first, labels, members, a, b)
        for a, b in ((np.int64(0), np.int64(cut)), (np.int64(cut), np.int64(n)))
    )
    each = [kernels(points[first[b] : first[b + 1]], labels[b]) for b in range(n_blocks)]
    nothing = 1.0 - np.eye(n)
    for s, chosen in enumerate(members):
        expected = np.prod([nothing, *(k for k, c in zip(each, chosen, strict=True) if c)], axis=0)
        np.testing.assert_allclose(found[s], expected.sum(axis=1), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("i", [0, 7, 16])
def test_kernels_of_columns_at_a_row(i: int) -> None:
    points = np.random.default_rng(0).normal(size=(5, 17))
    columns = np.array([4, 0, 0])
    found = np.empty((3, 17))
    fill_kernels(points, columns, np.int64(i), found)
    one = np.zeros(17)
    expected = [kernels(points[[c]], one)[i] for c in columns]
    np.testing.assert_allclose(found, expected, rtol=1e-14)
