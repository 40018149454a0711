"""The reference itself, on cases worked out by hand or by a second route."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import beta as beta_function
from scipy.special import psi
from scipy.stats import chi2_contingency
from sklearn.metrics import normalized_mutual_info_score

from tests import reference as ref
from tests import strategies

LN2, LN3, LN6 = math.log(2), math.log(3), math.log(6)
X_OF_XOR, Y_OF_XOR, Z_OF_XOR = (0, 0, 1, 1), (0, 1, 0, 1), (0, 1, 1, 0)


def binary_entropy(p: float) -> float:
    return -p * math.log(p) - (1 - p) * math.log(1 - p)


# Entropy of counts


@pytest.mark.parametrize(
    ("counts", "correction", "n_states", "expected"),
    [
        ((1, 1, 2), "plug-in", 9, 1.5 * LN2),
        # (K - 1) / 2n with K the three states seen, not the nine possible
        ((1, 1, 2), "miller-madow", 9, 1.5 * LN2 + 2 / 8),
        # theta = .9, .1: lambda = .18 / (9 * .32) = 1/16, and .9 becomes 1/32 + 27/32 = 7/8
        ((9, 1), "james-stein", 2, binary_entropy(7 / 8)),
        # lambda = (3/8) / (3/8) = 1: all the way to uniform
        ((3, 1), "james-stein", 2, LN2),
        # two of four cells seen: lambda = (1/2) / (3/4) = 2/3; 1/3 for the seen, 1/6 unseen
        ((2, 2), "james-stein", 4, 2 / 3 * LN3 + 1 / 3 * LN6),
        # n = 1 has no spread to measure: the target
        ((1,), "james-stein", 3, LN3),
        # f1 = 2 of n = 4: C = 1/2; C p = 1/4, 1/8, 1/8
        (
            (2, 1, 1),
            "chao-shen",
            3,
            0.25 * math.log(4) / (1 - 0.75**4) + 0.25 * math.log(8) / (1 - 0.875**4),
        ),
        # all singletons: C = 1/n = 1/2, C p = 1/4 twice
        ((1, 1), "chao-shen", 2, 0.5 * math.log(4) / (7 / 16)),
        # G(1) = -gamma - ln 2, and ln 1 = 0
        ((1,), "grassberger", 2, np.euler_gamma + LN2),
        # G(2) = G(3) = 2 - gamma - ln 2, so H = ln 5 - G(2)
        ((2, 3), "grassberger", 2, math.log(5) - (2 - np.euler_gamma - LN2)),
    ],
)
def test_entropy_by_hand(
    counts: tuple[int, ...], correction: str, n_states: int, expected: float
) -> None:
    assert ref.entropy_of_counts(counts, correction, n_states) == pytest.approx(expected, abs=1e-13)


def test_grassberger_follows_the_recursion() -> None:
    # G_{2m+1} = G_{2m}, G_{2m+2} = G_{2m} + 2 / (2m + 1), from G_1 = -gamma - ln 2 and G_0 = G_1
    g = {0: -np.euler_gamma - LN2, 1: -np.euler_gamma - LN2}
    for n in range(2, 60):
        g[n] = g[n - 1] if n % 2 else g[n - 2] + 2 / (n - 1)
        estimate = ref.entropy_of_counts([n, n], "grassberger", 2)
        assert estimate == pytest.approx(math.log(2 * n) - g[n], abs=1e-12)


@pytest.mark.parametrize("n_states", [2, 3, 10, 1000, 10**6])
def test_nsb_of_one_row_is_half_the_maximum(n_states: int) -> None:
    # One row has evidence 1/K under every beta, and by symmetry its mean entropy is xi(beta)
    # itself: the posterior mean is that of a uniform xi on [0, ln K].
    estimate = ref.entropy_of_counts([1], "nsb", n_states)
    assert estimate == pytest.approx(math.log(n_states) / 2, abs=1e-9)


@pytest.mark.parametrize("counts", [(1, 1), (0, 2), (3, 5), (1, 20), (15, 15)])
def test_nsb_of_two_states_by_direct_integration(counts: tuple[int, int]) -> None:
    # Second route: integrate over xi itself (Gauss-Legendre, beta by root finding) and over the
    # probability p of the first state, with no formula for the mean entropy under a Dirichlet.
    nodes, node_weights = np.polynomial.legendre.leggauss(60)
    mass = mean = 0.0
    for xi, weight in zip((nodes + 1) / 2 * LN2, node_weights, strict=True):
        log_beta = brentq(
            lambda u, xi=xi: psi(2 * math.exp(u) + 1) - psi(math.exp(u) + 1) - xi, -40, 25
        )
        beta = math.exp(log_beta)
        a, b = counts[0] + beta, counts[1] + beta
        # beta(a, b) / beta(beta, beta), by factors
        evidence = math.prod((beta + j) for c in counts for j in range(c))
        evidence /= math.prod(2 * beta + j for j in range(sum(counts)))
        if beta < 300:
            # p ln p p^(a-1) has no pole at 0: the entropy tames the Dirichlet's
            entropy = quad(
                lambda p, a=a, b=b: p ** (a - 1) * (1 - p) ** (b - 1) * binary_entropy(p), 0, 1
            )[0] / beta_function(a, b)
        else:  # p is 1/2 up to its variance; entropy expanded to fourth order around 1/2
            m, v = a / (a + b) - 0.5, a * b / (a + b) ** 2 / (a + b + 1)
            entropy = LN2 - 2 * (v + m * m) - 4 / 3 * (3 * v * v)
        mass += weight * evidence
        mean += weight * evidence * entropy
    observed = [c for c in counts if c]
    assert ref.entropy_of_counts(observed, "nsb", 2) == pytest.approx(mean / mass, abs=1e-8)


def test_nsb_approaches_the_truth_with_many_rows() -> None:
    estimate = ref.entropy_of_counts([6000, 3000, 1000], "nsb", 3)
    # bias of the plug-in is -(K - 1) / 2n; NSB's is of smaller order
    corrected = ref.entropy_of_counts([6000, 3000, 1000], "miller-madow", 3)
    assert estimate == pytest.approx(corrected, abs=1e-4)


@given(strategies.state_counts())
@settings(max_examples=30, deadline=None)
def test_shrinkage_and_nsb_stay_between_zero_and_the_maximum(drawn: tuple[list[int], int]) -> None:
    counts, n_states = drawn
    for correction in ("plug-in", "james-stein", "nsb"):
        estimate = ref.entropy_of_counts(counts, correction, n_states)
        assert -1e-12 <= estimate <= math.log(n_states) + 1e-12


@pytest.mark.parametrize("correction", ref.CORRECTIONS)
@pytest.mark.parametrize("n", [1, 2, 7])
def test_constants_carry_nothing(correction: str, n: int) -> None:
    constant, other = ["a"] * n, list(range(n))
    assert ref.entropy(constant, correction) == 0
    assert ref.mutual_information(constant, other, correction) == pytest.approx(0, abs=1e-12)
    given_other = ref.conditional_mutual_information(constant, other, [other], correction)
    assert given_other == pytest.approx(0, abs=1e-12)


# Measures


def test_measures_of_xor() -> None:
    x, y, z = X_OF_XOR, Y_OF_XOR, Z_OF_XOR
    assert ref.mutual_information(x, y) == pytest.approx(0, abs=1e-15)
    assert ref.conditional_mutual_information(x, y, [z]) == pytest.approx(LN2)
    assert ref.interaction_information(x, y, z) == pytest.approx(LN2)
    assert ref.total_correlation([x, y, z]) == pytest.approx(LN2)
    assert ref.variation_of_information(x, y) == pytest.approx(2 * LN2)
    # I(x; x | x) - I(x; x): a third copy explains the first two away
    assert ref.interaction_information(x, x, x) == pytest.approx(-LN2)


def test_corrections_use_the_product_of_cardinalities() -> None:
    x = [0, 0, 1, 1]
    # Miller-Madow of a copy: three entropies, each with two observed states, two added, one not
    assert ref.mutual_information(x, x, "miller-madow") == pytest.approx(LN2 + 1 / 8)
    # the joint has four cells of which two were seen
    nsb = 2 * ref.entropy_of_counts([2, 2], "nsb", 2) - ref.entropy_of_counts([2, 2], "nsb", 4)
    assert ref.mutual_information(x, x, "nsb") == pytest.approx(nsb, abs=1e-12)
    # shrunk joint 1/3, 1/6, 1/6, 1/3 (above), margins 1/2
    shrunk = 2 * LN2 - (2 / 3 * LN3 + 1 / 3 * LN6)
    assert ref.mutual_information(x, x, "james-stein") == pytest.approx(shrunk)
    assert ref.total_correlation([x, x], "james-stein") == pytest.approx(shrunk)


def test_james_stein_shrinks_the_conditional_joint_once() -> None:
    # x = y in both strata, 4 rows in each of 4 cells out of 8: sum theta^2 = 1/4,
    # lambda = (3/4) / (15 * 1/8) = 2/5, cells 1/20 + 3/20 = 1/5 and 1/20: in a stratum of
    # probability 1/2 that is 2/5 and 1/10, with margins 1/2.
    x, z = [0, 1, 0, 1] * 4, [0, 0, 1, 1] * 4
    expected = 2 * LN2 + 0.8 * math.log(0.4) + 0.2 * math.log(0.1)
    estimate = ref.conditional_mutual_information(x, x, [z], "james-stein")
    assert estimate == pytest.approx(expected)


def test_states_of_the_conditioning_set_are_the_observed_ones() -> None:
    # two identical columns z have 2 joint configurations, not 4: same as one of them
    x, y, z = [0, 1, 1, 0, 1], [0, 1, 0, 0, 1], [0, 0, 1, 1, 1]
    for correction in ref.CORRECTIONS:
        once = ref.conditional_mutual_information(x, y, [z], correction)
        twice = ref.conditional_mutual_information(x, y, [z, z], correction)
        assert once == pytest.approx(twice, abs=1e-12)


@given(strategies.conditioned_pairs(n_rows=20), strategies.corrections)
@settings(max_examples=60, deadline=None)
def test_identities(
    triple: tuple[strategies.Codes, strategies.Codes, list[strategies.Codes]], correction: str
) -> None:
    x, y, z = triple
    cmi = ref.conditional_mutual_information
    assert cmi(x, y, z, correction) == pytest.approx(cmi(y, x, z, correction), abs=1e-10)
    mi = ref.mutual_information(x, y, correction)
    assert cmi(x, y, [], correction) == pytest.approx(mi, abs=1e-10)
    assert ref.total_correlation([x, y], correction) == pytest.approx(mi, abs=1e-10)
    # chain rule of the plug-in: I(x; y, z) = I(x; z) + I(x; y | z)
    zs = list(zip(*z, strict=True)) if z else [()] * len(x)
    whole = ref.mutual_information(x, list(zip(y, zs, strict=True)))
    assert whole == pytest.approx(ref.mutual_information(x, zs) + cmi(x, y, z), abs=1e-10)


@given(strategies.categorical_columns(n_columns=2))
def test_normalized_mutual_information_is_scikit_learns(table: strategies.Codes) -> None:
    x, y = table
    for normalizer in ("arithmetic", "geometric", "min", "max"):
        peer = normalized_mutual_info_score(x, y, average_method=normalizer)
        assert ref.normalized_mutual_information(x, y, normalizer) == pytest.approx(peer, abs=1e-9)


def test_normalized_mutual_information_over_the_joint() -> None:
    x, y = [0, 0, 1, 1], [0, 1, 2, 3]  # I = ln 2, H(x, y) = 2 ln 2
    assert ref.normalized_mutual_information(x, y, "joint") == pytest.approx(0.5)
    assert ref.normalized_mutual_information([0, 0], [1, 1], "joint") == 1
    assert ref.normalized_mutual_information([0, 0], [0, 1], "geometric") == 0


# Independence


def test_g_test_of_one_table() -> None:
    table = np.array([[10, 20, 5], [30, 10, 7]])
    x, y = (np.repeat(codes.ravel(), table.ravel()) for codes in np.indices(table.shape))
    statistic, dof, cells = ref.g_test(x, y)
    peer = chi2_contingency(table, correction=False, lambda_="log-likelihood")
    assert (dof, cells) == (peer.dof, 6)
    assert statistic == pytest.approx(peer.statistic)
    assert ref.chi_square_p(statistic, dof) == pytest.approx(peer.pvalue)


def test_g_test_counts_only_what_a_stratum_holds() -> None:
    # z = 0 holds 2 x 2 states, z = 1 a single x and three y: dof 1 + 0, cells 4 + 3
    x, y, z = [0, 0, 1, 1, 2, 2, 2], [0, 1, 0, 0, 0, 1, 2], [0, 0, 0, 0, 1, 1, 1]
    statistic, dof, cells = ref.g_test(x, y, [z])
    assert (dof, cells) == (1, 7)
    # counts 1, 1, 2, 0 with rows 2, 2 and columns 3, 1
    expected = 2 * (math.log(4 / 6) + math.log(4 / 2) + 2 * math.log(8 / 6))
    assert statistic == pytest.approx(expected)
    statistic, dof, _ = ref.g_test(x, y, [x])  # x is constant given itself
    assert (statistic, dof) == (0, 0)


@given(strategies.conditioned_pairs())
def test_g_statistic_is_twice_n_times_the_information(
    triple: tuple[strategies.Codes, strategies.Codes, list[strategies.Codes]],
) -> None:
    x, y, z = triple
    cmi = ref.conditional_mutual_information(x, y, z)
    assert ref.g_test(x, y, z)[0] == pytest.approx(2 * len(x) * cmi, abs=1e-9)


def test_separating_set_of_a_fork() -> None:
    # Given z, x and y are exactly independent (odds 3:1, mirrored), without it they are not.
    cells = [(x, y, z) for z in (0, 1) for x in (0, 1) for y in (0, 1)]
    rows = [c for c in cells for _ in range(10 * 3 ** ((c[0] == c[2]) + (c[1] == c[2])))]
    x, y, z = zip(*rows, strict=True)
    noise = [i % 2 for i in range(len(x))]
    columns = [x, y, x, noise, z]
    statistic, dof, _ = ref.g_test(x, y)
    p_marginal = ref.chi_square_p(statistic, dof)
    assert ref.separating_set(0, 1, [2, 3, 4], 0, columns, 0.01) == (None, p_marginal, (), 1)
    # a copy of x is vacuous, noise does not separate, z does with statistic 0
    assert ref.separating_set(0, 1, [2, 3, 4], 1, columns, 0.01) == ((4,), 1.0, (4,), 3)
    found, largest, by, n_tests = ref.separating_set(0, 1, [2], 1, columns, 0.01)
    assert (found, by, n_tests) == (None, None, 1)
    assert math.isnan(largest)
    assert ref.separating_set(0, 1, [2], 2, columns, 0.01)[3] == 0


# Structure


def test_maximum_spanning_forests() -> None:
    weights = {("a", "b"): 3.0, ("b", "c"): 1.0, ("a", "c"): 1.0 + 1e-14}
    best, forests = ref.maximum_spanning_forests(weights, "abcd")  # d stays alone
    assert best == pytest.approx(4)
    assert forests == {
        frozenset({("a", "b"), ("b", "c")}),
        frozenset({("a", "b"), ("a", "c")}),
    }
    assert ref.maximum_spanning_forests({}, "ab") == (0, {frozenset()})


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_equal_weights_give_every_tree(n: int) -> None:
    weights = {(a, b): 1.0 for b in range(n) for a in range(b)}
    best, trees = ref.maximum_spanning_forests(weights, range(n))
    assert (best, len(trees)) == (n - 1, n ** (n - 2))  # Cayley's formula


# Markov networks


def test_ipf_of_a_chain_is_the_closed_form_after_one_iteration() -> None:
    data = np.random.default_rng(1).dirichlet(np.ones(12)).reshape(2, 3, 2)
    cliques = [(0, 1), (2, 1)]  # the second against the order of the axes
    targets = ref.markov_network_marginals(data, cliques)
    np.testing.assert_allclose(targets[1], data.sum(axis=0).T)
    expected = np.einsum("ab,cb,b->abc", *targets, 1 / data.sum(axis=(0, 2)))
    np.testing.assert_allclose(ref.ipf(data.shape, cliques, targets, 1), expected)


def test_ipf_without_a_closed_form() -> None:
    # All pairs but not the triple: margins equal the data's and the two conditional odds ratios
    # of (0, 1) given 2 are equal, which pins the maximum-likelihood fit.
    data = np.random.default_rng(2).dirichlet(np.ones(8)).reshape(2, 2, 2)
    cliques = [(0, 1), (1, 2), (0, 2)]
    targets = ref.markov_network_marginals(data, cliques)
    joint = ref.ipf(data.shape, cliques, targets, 500)
    for clique, target in zip(cliques, targets, strict=True):
        np.testing.assert_allclose(ref.marginal_table(joint, clique), target, atol=1e-12)
    odds = joint[0, 0] * joint[1, 1] / (joint[0, 1] * joint[1, 0])
    assert odds[0] == pytest.approx(odds[1])


def test_ipf_keeps_empty_cells_empty() -> None:
    target = np.array([[0.5, 0.0], [0.0, 0.5]])
    np.testing.assert_allclose(ref.ipf((2, 2), [(0, 1), (0,)], [target, target.sum(1)], 3), target)
