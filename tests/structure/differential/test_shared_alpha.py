"""Shares of alpha against a definition in loops, and what they must not depend on."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from mistruct.structure.differential.shared_alpha import weighted


def _tests(rng, n_pairs, n_linear, n_form):
    """P-values of pairs, the first of which differ; a fifth of all depends."""
    linear, form = rng.random((2, n_pairs))
    linear[:n_linear] *= 1e-4
    form[n_linear : n_linear + n_form] *= 1e-4
    order = rng.permutation(n_pairs)
    return linear[order], form[order], rng.random(n_pairs) < 0.2


def _reference(linear, form, depends, alpha):
    """Weights of both tests of each pair, one pair after another."""
    m = len(linear)
    number = {k: int((depends == k).sum()) for k in (False, True)}
    seen, part = {False: 0, True: 0}, []
    for k in depends.tolist():
        part.append(seen[k] % 5)
        seen[k] += 1
    first = {}
    for test, of_test in (("linear", 0.9), ("form", 0.1)):
        first[test, False] = of_test * 0.75 * number[False] / m
        first[test, True] = of_test * (0.75 * number[True] / m + 0.25)
    smallest = []
    for i, k in enumerate(depends.tolist()):
        by_test = {
            "linear": linear[i] / (first["linear", k] * m / number[k]),
            "form": form[i] / (first["form", k] * m / number[k]),
        }
        smallest.append(min((p, test, k) for test, p in by_test.items()))
    weights = np.empty((2, m))
    for own in range(5):
        others = [s for s, of in zip(smallest, part, strict=True) if of != own]
        q_values = false_discovery_control([min(p, 1.0) for p, _, _ in others])
        found = dict.fromkeys(first, 0)
        for (_, test, k), q in zip(others, q_values, strict=True):
            found[test, k] += q <= alpha
        n_found = sum(found.values())
        for i in [i for i, of in enumerate(part) if of == own]:
            k = bool(depends[i])
            for row, test in enumerate(("linear", "form")):
                shares = {
                    one: min(of, (4 * of + found[one]) / (4 + n_found)) for one, of in first.items()
                }
                rest = sum(of for one, of in shares.items() if one != ("linear", False))
                shares["linear", False] = 1 - rest
                weights[row, i] = shares[test, k] * m / number[k]
    return weights


@pytest.mark.parametrize(("n_linear", "n_form"), [(0, 0), (20, 0), (5, 15)])
def test_weights_are_those_of_the_definition(n_linear, n_form):
    linear, form, depends = _tests(np.random.default_rng(n_form), 200, n_linear, n_form)
    weights = _reference(linear, form, depends, 0.05)
    expected = np.minimum(np.minimum(linear / weights[0], form / weights[1]), 1.0)
    np.testing.assert_allclose(weighted(linear, form, depends, 0.05), expected)
    assert weights.sum() == pytest.approx(200, rel=0.02)  # parts of a kind differ by one pair
    if n_linear > n_form:
        assert weights[1].sum() < 15  # 20 beforehand
    if not n_linear:
        assert weights.sum() == pytest.approx(200)


def test_pairs_that_are_not_tested_take_no_part():
    linear, form, depends = _tests(np.random.default_rng(0), 100, 10, 5)
    expected = weighted(linear, form, depends, 0.05)
    gaps = [np.insert(v, [0, 50, 100], value) for v, value in ((linear, np.nan), (form, np.nan))]
    found = weighted(*gaps, np.insert(depends, [0, 50, 100], True), 0.05)
    assert np.isnan(found[[0, 51, 102]]).all()
    np.testing.assert_array_equal(found[~np.isnan(found)], expected)
    assert np.isnan(weighted(*np.full((2, 3), np.nan), np.ones(3, dtype=bool), 0.05)).all()


def test_no_p_value_has_a_say_in_its_own_weight():
    linear, form, depends = _tests(np.random.default_rng(1), 100, 30, 0)
    form = np.ones(100)
    before = weighted(linear, form, depends, 0.05)
    found = np.flatnonzero((before < 0.05) & ~depends)
    assert len(found) > 10
    for i in found[:5]:
        other = linear.copy()
        other[i] *= 2.0
        assert weighted(other, form, depends, 0.05)[i] == pytest.approx(2.0 * before[i])
