"""No three-way interaction: against Bartlett's equation, and against tables that have none."""

import numpy as np
from scipy.optimize import brentq

from mistruct.kernels.counts.interaction import interactions, three_way_interaction


def test_of_two_states_it_solves_the_equation_of_bartlett():
    table = np.array([[[156.0, 84.0], [84.0, 156.0]], [[107.0, 133.0], [31.0, 209.0]]])
    signs = np.fromfunction(lambda g, i, j: (-1.0) ** (g + i + j), (2, 2, 2))

    def imbalance(shift):
        fitted = table + shift * signs
        return np.sum(signs * np.log(fitted))

    shift = brentq(imbalance, -30.9, 30.9)  # all margins are kept, all odds ratios are equal
    expected = np.sum(shift**2 / (table + shift * signs))
    statistic, dof = three_way_interaction(table)
    np.testing.assert_allclose(statistic, expected, rtol=1e-6)
    assert dof == 1


def test_tables_with_equal_odds_ratios_fit():
    rng = np.random.default_rng(0)
    joint, rows, columns = rng.random((3, 4)), rng.random((2, 3)), rng.random((2, 4))
    table = 1000 * joint * rows[:, :, np.newaxis] * columns[:, np.newaxis]
    statistic, dof = three_way_interaction(table)
    assert statistic < 1e-6
    assert dof == (2 - 1) * (3 - 1) * (4 - 1)


def test_states_that_a_group_lacks_cost_degrees_of_freedom():
    table = np.ones((2, 3, 3))
    table[1, 2] = 0.0  # then only two of the states of x can be compared
    assert three_way_interaction(table)[1] == 2


def test_strata_add_up_and_missing_codes_are_left_out():
    rng = np.random.default_rng(1)
    codes, group = rng.integers(0, 3, (2, 400)), rng.integers(0, 2, 400)
    stratum = rng.integers(0, 2, 400)  # code 2 of the first column is missing
    statistic, dof = np.empty(1), np.empty(1, dtype=np.int64)
    interactions(codes, np.array([2, 3]), np.array([[0, 1]]), group, stratum, statistic, dof)
    expected = 0.0
    for s in (0, 1):
        table = np.zeros((2, 2, 3))
        for row in np.flatnonzero((codes[0] < 2) & (stratum == s)):
            table[group[row], codes[0, row], codes[1, row]] += 1
        expected += three_way_interaction(table)[0]
    np.testing.assert_allclose(statistic[0], expected)
    assert dof[0] == 2 * 2
