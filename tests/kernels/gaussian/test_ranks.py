"""Scores of ranks, against scipy's ranks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import rankdata

from mistruct.kernels.gaussian.ranks import score_ranks


@pytest.mark.parametrize("n", [1, 2, 5, 100, 101])
@pytest.mark.parametrize("n_values", [1, 3, 50, 10**6])
def test_scores_are_those_of_averaged_ranks(n: int, n_values: int) -> None:
    values = np.random.default_rng(n).integers(n_values, size=(4, n)).astype(np.float64)
    half = -(np.arange(n) ** 1.5)
    from_middle = rankdata(values, axis=1) - (n + 1) / 2

    def scores_of(columns: NDArray[np.float64]) -> NDArray[np.float64]:
        scores = np.full(columns.shape, np.nan)
        score_ranks(columns, np.argsort(columns, axis=1), half, scores)
        return scores

    expected = np.sign(from_middle) * (2 * np.abs(from_middle)) ** 1.5
    assert (scores_of(values) == expected).all()
    assert (scores_of(-values) == -expected).all()
