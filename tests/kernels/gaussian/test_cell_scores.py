"""Ranks within cells of rows against ranks of each cell on its own."""

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import rankdata

from mistruct.structure.differential.score_differences import Sorted, scores_within


@pytest.mark.parametrize("digits", [0, 1, 8])  # from many ties to none
def test_are_those_of_each_cell_alone(digits):
    rng = np.random.default_rng(digits)
    values, cell = rng.normal(size=(3, 50)).round(digits), rng.integers(0, 3, 50)
    scores, rows = scores_within(Sorted.of(values), cell)
    for of_column, column in zip(scores, values, strict=True):
        for c in range(3):
            inside = column[rows][cell[rows] == c]
            expected = ndtri(rankdata(inside) / (len(inside) + 1))
            np.testing.assert_allclose(of_column[cell[rows] == c], expected, atol=1e-12)


def test_missing_values_score_zero_and_leave_the_order_of_the_others():
    values = np.array([[np.nan, 3.0, 1.0, 2.0, np.nan, 0.0]])
    scores, rows = scores_within(Sorted.of(values), np.zeros(6, dtype=np.int64))
    by_row = scores[0, np.argsort(rows)]
    assert by_row[0] == by_row[4] == 0.0
    assert by_row[5] < by_row[2] < by_row[3] < by_row[1]
    np.testing.assert_allclose(by_row[5], -by_row[1], atol=1e-12)
