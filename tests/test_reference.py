"""The reference itself, on cases worked out by hand or by a second route."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import beta as beta_function
from scipy.special import psi
from scipy.stats import chi2_contingency, gaussian_kde, norm, pearsonr, rankdata
from scipy.stats import f as f_distribution
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression
from sklearn.metrics import normalized_mutual_info_score

from tests import reference as ref
from tests import reference_continuous as refc
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


# Gaussian copula


def estimates_of(
    estimator: Callable[..., float], draw: Callable[..., tuple[Any, ...]], n_draws: int = 8
) -> list[float]:
    rng = np.random.default_rng(7)
    return [estimator(*draw(rng)) for _ in range(n_draws)]


def assert_near(estimates: list[float], truth: float, bias: float = 0.0) -> None:
    """Within three standard errors of the truth, and a bias that the test must explain."""
    error = 3 * np.std(estimates, ddof=1) / math.sqrt(len(estimates))
    assert np.mean(estimates) == pytest.approx(truth, abs=error + bias)


def gaussian_pair(
    rng: np.random.Generator, rho: float = 0.6, n: int = 500
) -> tuple[refc.Block, refc.Block]:
    x, noise = rng.normal(size=(2, n))
    return x, rho * x + math.sqrt(1 - rho**2) * noise


def gaussian_truth(covariance: refc.Block, dx: int, dy: int) -> float:
    """I(x; y | z), the columns in the order x, y, z."""

    def log_det(rows: list[int]) -> float:
        return float(np.linalg.slogdet(covariance[np.ix_(rows, rows)])[1]) if rows else 0.0

    x, y, z = np.split(np.arange(len(covariance)), [dx, dx + dy])
    plus = log_det([*x, *z]) + log_det([*y, *z])
    return (plus - log_det([*x, *y, *z]) - log_det([*z])) / 2


def a_covariance(d: int) -> refc.Block:
    mixing = np.random.default_rng(3).normal(size=(d, 2 * d))
    return mixing @ mixing.T


def test_normal_scores_by_hand() -> None:
    # ranks 3.5, 1, 3.5, 2 of 4, over 5
    expected = norm.ppf([0.7, 0.2, 0.7, 0.4])
    np.testing.assert_allclose(refc.normal_scores([3, 1, 3, 2]), expected, atol=1e-15)
    assert list(refc.normal_scores([7, 7, 7])) == [0, 0, 0]
    ranks = rankdata([0.3, -2, 5, 5, 0.3, 0.3])
    np.testing.assert_allclose(
        refc.normal_scores([0.3, -2, 5, 5, 0.3, 0.3]), norm.ppf(ranks / 7), atol=1e-15
    )


@pytest.mark.parametrize(("dx", "dy", "dz"), [(1, 1, 0), (2, 1, 1), (1, 3, 2)])
def test_gaussian_information_is_unbiased(dx: int, dy: int, dz: int) -> None:
    covariance = a_covariance(dx + dy + dz)
    rng = np.random.default_rng(11)
    rows = rng.multivariate_normal(np.zeros(len(covariance)), covariance, size=(400, 12))
    blocks = [np.split(sample, [dx, dx + dy], axis=1) for sample in rows]
    truth = gaussian_truth(covariance, dx, dy)
    assert_near([refc.gaussian_information(*b) for b in blocks], truth)
    raw = [refc.gaussian_information(*b, bias_correction=False) for b in blocks]
    assert np.mean(raw) > truth + 0.03  # about dx dy / 2n


def test_gaussian_information_of_two_columns_is_that_of_their_correlation() -> None:
    x, y = gaussian_pair(np.random.default_rng(0), n=30)
    raw = -math.log1p(-(np.corrcoef(x, y)[0, 1] ** 2)) / 2
    assert refc.gaussian_information(x, y, None, False) == pytest.approx(raw, abs=1e-13)
    # 1/2 sum of psi over 1 and 1 dimensions less that over 2: psi(29/2) - psi(28/2)
    bias = (psi(29 / 2) - psi(28 / 2)) / 2
    assert refc.gaussian_information(x, y) == pytest.approx(raw - bias, abs=1e-13)


@pytest.mark.parametrize("rho", [0.0, 0.3, -0.8])
def test_copula_information_of_a_transformed_gaussian(rho: float) -> None:
    def draw(rng: np.random.Generator) -> tuple[refc.Block, refc.Block]:
        x, y = gaussian_pair(rng, rho)
        return np.exp(x), y**3

    # The scores' variance is short of 1 by O(log n / n) and mostly cancels.
    assert_near(
        estimates_of(refc.gaussian_copula_information, draw), -math.log1p(-(rho**2)) / 2, 0.005
    )


def test_indicators_of_a_discrete_column() -> None:
    labels, y = list("abcabbcca"), np.arange(9.0) ** 2
    block = refc.indicators(labels)
    assert block.shape == (9, 2)
    assert refc.indicators("aa").shape == (2, 0)
    once = refc.gaussian_information(block, y)
    again = refc.gaussian_information(refc.indicators(labels[::-1])[::-1], y)  # drops a state
    assert once == pytest.approx(again, abs=1e-12)
    # between-group share of the sum of squares
    groups = {s: [v for lab, v in zip(labels, y, strict=True) if lab == s] for s in "abc"}
    between = sum(len(g) * (np.mean(g) - y.mean()) ** 2 for g in groups.values())
    expected = -math.log1p(-between / np.sum((y - y.mean()) ** 2)) / 2
    raw = refc.gaussian_information(block, y, bias_correction=False)
    assert raw == pytest.approx(expected, abs=1e-12)


def test_degenerate_gaussian_blocks() -> None:
    rng = np.random.default_rng(5)
    x, y, z = rng.normal(size=(3, 20))
    information = refc.gaussian_information
    assert information(x, np.full(20, 0.1)) == 0
    assert information(2 * z + 1, y, z) == 0
    assert information(x, x) == math.inf
    assert information(x, -x) == math.inf
    assert information(x, z - 3 * x, z) == math.inf
    assert refc.gaussian_copula_information(np.exp(x), -x) == math.inf
    twice = np.column_stack([x, x, np.ones(20)])
    assert information(twice, y, z) == pytest.approx(information(x, y, z), abs=1e-12)
    assert information(x, y, np.ones(20)) == information(x, y)
    statistic, dof, p = refc.wilks_test(2 * z + 1, y, z)
    assert (statistic, dof) == (0, 0)
    assert math.isnan(p)
    assert refc.wilks_test(x, x)[2] == 0


def test_wilks_test_of_two_columns_is_exact() -> None:
    x, y = gaussian_pair(np.random.default_rng(0), 0.2, n=15)
    statistic, dof, p = refc.wilks_test(x, y)
    r, peer_p = pearsonr(x, y)
    assert dof == 13
    assert statistic == pytest.approx(abs(r) * math.sqrt(13 / (1 - r * r)))
    assert p == pytest.approx(peer_p)
    z = np.random.default_rng(1).normal(size=(15, 2))
    design = np.column_stack([np.ones(15), z])
    left, right = (v - design @ np.linalg.lstsq(design, v, rcond=None)[0] for v in (x, y))
    r = left @ right / math.sqrt(left @ left * (right @ right))
    statistic, dof, _ = refc.wilks_test(x, y, z)
    assert dof == 11
    assert statistic == pytest.approx(abs(r) * math.sqrt(11 / (1 - r * r)))


@pytest.mark.parametrize("dz", [0, 3])
def test_bartlett_approximation_against_the_exact_f(dz: int) -> None:
    # One column against three: (1 - Lambda) / Lambda (nu - 3) / 3 is F with 3 and nu - 3
    rng = np.random.default_rng(2)
    for _ in range(20):
        x, y, z = np.split(rng.normal(size=(40, 4 + dz)), [1, 4], axis=1)
        nu = 39 - dz
        over = math.expm1(2 * refc.gaussian_information(x, y, z, bias_correction=False))
        exact = f_distribution.sf(over * (nu - 3) / 3, 3, nu - 3)
        statistic, dof, p = refc.wilks_test(x, y, z)
        assert dof == 3
        assert p == pytest.approx(exact, abs=1e-3)
        assert refc.wilks_test(y, x, z)[0] == pytest.approx(statistic)


# Nearest neighbours

# Distances between the rows in x and in y; the larger is the joint one.
#     0-1 1, 2   0-2 4, 1   0-3 6, 8   0-4 10, 7   1-2 3, 1   1-3 5, 6   1-4 9, 5
#     2-3 2, 7   2-4 6, 6   3-4 4, 1
# Nearest in the joint space: 1 at 2, 0 at 2, 1 at 3, 4 at 4, 3 at 4.
X_OF_FIVE, Y_OF_FIVE = np.array([0.0, 1, 4, 6, 10]), np.array([0.0, 2, 1, 8, 7])
PSI = {m: float(psi(m)) for m in range(1, 7)}


def test_ksg_by_hand() -> None:
    # strictly inside: x 1, 1, 1, 1, 0 and y 1, 1, 2, 1, 1
    first = PSI[1] + PSI[5] - (8 * PSI[2] + PSI[1] + PSI[3]) / 5
    estimate = refc.ksg_information(X_OF_FIVE, Y_OF_FIVE, k=1)
    assert estimate == pytest.approx(first, abs=1e-14)
    # up to the neighbour's own: x 1, 1, 2, 2, 1 and y 2, 2, 2, 1, 1
    second = PSI[1] - 1 + PSI[5] - PSI[1] - PSI[2]
    estimate = refc.ksg_information(X_OF_FIVE, Y_OF_FIVE, k=1, variant=2)
    assert estimate == pytest.approx(second, abs=1e-14)


def test_frenzel_pompe_by_hand() -> None:
    # z 3 apart between {0, 1, 3} and {2, 4}: no joint distance changes. Strictly inside:
    # xz 1, 1, 0, 1, 0; yz 0, 0, 0, 1, 1; z 2, 2, 1, 4, 4
    expected = PSI[1] - (5 * PSI[1] + 4 * PSI[2] - 2 * PSI[3] - 2 * PSI[5]) / 5
    z = np.array([0.0, 0, 3, 0, 3])
    estimate = refc.frenzel_pompe_information(X_OF_FIVE, Y_OF_FIVE, z, k=1)
    assert estimate == pytest.approx(expected, abs=1e-14)


def test_kozachenko_leonenko_by_hand() -> None:
    # 0, 1, 3: twice the distances are 2, 2, 4
    expected = -PSI[1] + PSI[3] + 4 * LN2 / 3
    assert refc.kozachenko_leonenko_entropy([0, 1, 3], k=1) == pytest.approx(expected)
    assert refc.kozachenko_leonenko_entropy([0, 1, 1], k=1) == -math.inf


def test_ross_by_hand() -> None:
    x, y = list("aabbbc"), np.array([0.0, 3, 1, 5, 6, 4])
    # c is alone and left out; radii 3, 3, 4, 1, 1 hold 2, 3, 3, 1, 1 rows, the neighbour with them
    sizes = PSI[5] - (2 * PSI[2] + 3 * PSI[3]) / 5
    first = sizes + PSI[1] - (PSI[2] + 2 * PSI[3] + 2 * PSI[1]) / 5
    assert refc.ross_information(x, y, k=1) == pytest.approx(first, abs=1e-14)
    assert refc.ross_information(x[:5], y[:5], k=1) == pytest.approx(first, abs=1e-14)
    # k = 2 is 1 for a; the radii of b become 5, 4, 5 and hold 4, 3, 3
    second = sizes + (2 * PSI[1] + 3 * PSI[2]) / 5 - (PSI[2] + 3 * PSI[3] + PSI[4]) / 5
    assert refc.ross_information(x, y, k=2) == pytest.approx(second, abs=1e-14)
    assert refc.ross_information("abc", y[:3]) == 0


def test_neighbours_agree_with_scikit_learn() -> None:
    x, y = gaussian_pair(np.random.default_rng(4), 0.7, n=80)
    peer = mutual_info_regression(x[:, None], y, n_neighbors=4, random_state=0)[0]
    assert refc.ksg_information(*(v / v.std() for v in (x, y)), k=4) == pytest.approx(
        peer, abs=1e-9
    )
    labels = [*np.digitize(x[:79], [-1, 0, 0.5]), 9]  # 9 is alone
    peer = mutual_info_classif(y[:, None], labels, n_neighbors=4, random_state=0)[0]
    assert refc.ross_information(labels, y, k=4) == pytest.approx(peer, abs=1e-9)


def test_tied_neighbours_do_not_depend_on_the_order_of_rows() -> None:
    rng = np.random.default_rng(6)
    x, y, z = rng.integers(0, 5, size=(3, 40)).astype(float)
    order = rng.permutation(40)
    for variant in (1, 2):
        once = refc.ksg_information(x, y, 3, variant)
        assert once == pytest.approx(refc.ksg_information(x[order], y[order], 3, variant))
        assert once == pytest.approx(refc.ksg_information(y, x, 3, variant))
    once = refc.mixed_information([x], [y], [z])
    assert once == pytest.approx(refc.mixed_information([x[order]], [y[order]], [z[order]]))


@pytest.mark.parametrize("rho", [0.0, 0.6, 0.9])
@pytest.mark.parametrize("variant", [1, 2])
def test_ksg_of_a_gaussian(rho: float, variant: int) -> None:
    def estimator(x: refc.Block, y: refc.Block) -> float:
        return refc.ksg_information(x, y, 3, variant)

    draw = partial(gaussian_pair, rho=rho)
    assert_near(estimates_of(estimator, draw), -math.log1p(-(rho**2)) / 2, 0.02)


def test_ksg_of_blocks() -> None:
    covariance = a_covariance(3)

    def draw(rng: np.random.Generator) -> tuple[refc.Block, refc.Block]:
        sample = rng.multivariate_normal(np.zeros(3), covariance, size=500)
        return sample[:, :2], sample[:, 2:]

    for variant in (1, 2):
        estimates = estimates_of(lambda x, y, v=variant: refc.ksg_information(x, y, 3, v), draw)
        assert_near(estimates, gaussian_truth(covariance, 2, 1), 0.02)


def test_total_correlation() -> None:
    x, y, z = np.random.default_rng(8).normal(size=(3, 40))
    pair = refc.ksg_total_correlation([x, y], k=2)
    assert pair == pytest.approx(refc.ksg_information(x, y, k=2), abs=1e-14)
    # a constant third block is at distance 0 from all: it adds psi(n) - psi(n)
    assert refc.ksg_total_correlation([x, y, 0 * z], k=2) == pytest.approx(pair, abs=1e-12)
    correlation = np.array([[1, 0.5, 0.3], [0.5, 1, 0.4], [0.3, 0.4, 1]])
    estimates = estimates_of(
        lambda *blocks: refc.ksg_total_correlation(blocks),
        lambda rng: tuple(rng.multivariate_normal(np.zeros(3), correlation, size=500).T),
    )
    assert_near(estimates, -math.log(np.linalg.det(correlation)) / 2, 0.02)


def test_kozachenko_leonenko_of_known_densities() -> None:
    entropy = refc.kozachenko_leonenko_entropy
    # balls at the border reach out of the square
    assert_near(estimates_of(entropy, lambda rng: (rng.random((500, 2)),)), 0, 0.05)
    assert_near(estimates_of(entropy, lambda rng: (rng.exponential(size=500),)), 1, 0.02)
    expected = math.log(2 * math.pi * math.e)
    assert_near(estimates_of(entropy, lambda rng: (rng.normal(size=(500, 2)),)), expected, 0.03)
    x = np.random.default_rng(0).normal(size=30)
    assert entropy(1e3 * x - 7) == pytest.approx(entropy(x) + math.log(1e3), abs=1e-9)


@pytest.mark.parametrize("rho", [0.0, 0.7])
def test_frenzel_pompe_of_a_common_cause(rho: float) -> None:
    def draw(rng: np.random.Generator) -> tuple[refc.Block, refc.Block, refc.Block]:
        (x, y), z = gaussian_pair(rng, rho), rng.normal(size=500)
        return x + z, y - z, z

    estimates = estimates_of(refc.frenzel_pompe_information, draw)
    assert_near(estimates, -math.log1p(-(rho**2)) / 2, 0.02)


@pytest.mark.parametrize("k", [1, 4])
def test_the_mixed_estimator_reduces_to_the_others(k: int) -> None:
    rng = np.random.default_rng(9)
    x, y, z = rng.normal(size=(3, 60, 2))
    mixed = partial(refc.mixed_information, k=k)
    assert mixed([x], [y]) == pytest.approx(refc.ksg_information(x, y, k), abs=1e-13)
    # the columns of a block may be parts of their own
    assert mixed([x[:, 0], x[:, 1]], [y]) == mixed([x], [y])
    assert mixed([x], [y], [z]) == pytest.approx(
        refc.frenzel_pompe_information(x, y, z, k), abs=1e-13
    )
    labels = [*rng.integers(0, 4, size=57), "twice", "twice", "alone"]
    ross = refc.ross_information(labels, y, k)
    assert mixed([labels], [y]) == pytest.approx(ross, abs=1e-13)
    assert mixed([y], [labels]) == pytest.approx(ross, abs=1e-13)
    # labels on both sides of the bar, one for each state of two columns
    a, b = rng.integers(0, 2, size=(2, 60))
    assert mixed([a, b], [y]) == mixed([list(zip(a, b, strict=True))], [y])


@given(strategies.conditioned_pairs(n_rows=20))
@settings(max_examples=40, deadline=None)
def test_the_mixed_estimator_of_labels_is_the_plug_in_with_psi(
    triple: tuple[strategies.Codes, strategies.Codes, list[strategies.Codes]],
) -> None:
    x, y, z = triple
    zs = [tuple(column[i] for column in z) for i in range(len(x))]
    rows = list(zip(x, y, zs, strict=True))
    xyz = Counter(rows)
    xz, yz = Counter((a, c) for a, _, c in rows), Counter((b, c) for _, b, c in rows)
    terms = [
        psi(xyz[a, b, c]) - psi(xz[a, c]) - psi(yz[b, c]) + psi(zs.count(c)) for a, b, c in rows
    ]
    estimate = refc.mixed_information([x], [y], z)
    assert estimate == pytest.approx(np.mean(terms), abs=1e-12)


def test_a_row_without_a_neighbour_is_left_out() -> None:
    rng = np.random.default_rng(10)
    x, y = rng.normal(size=(2, 30))
    a, b = list("uv" * 15), list("rrrsss" * 5)
    a[-1] = "alone"  # with any b
    whole = refc.mixed_information([a], [b], [x], k=2)
    assert whole == refc.mixed_information([a[:-1]], [b[:-1]], [x[:-1]], k=2)
    whole = refc.mixed_information([x], [y], [a], k=2)
    assert whole == refc.mixed_information([x[:-1]], [y[:-1]], [a[:-1]], k=2)
    assert refc.mixed_information([x], [range(30)]) == 0


def test_mixed_information_where_ties_have_mass() -> None:
    # x is 0 three times and y with it; k = 2. For a 0 the others are at distance 0: 3 - 3 - 3 + 6.
    # The second neighbour of 10 is one of the three 0, which are as far in y as in x: the axis that
    # comes first has all of them and the row, the other one the second of three in random order.
    # That of 30 is the first of them, after 10; that of 70 is 10, after 30.
    x = np.array([0.0, 0, 0, 10, 30, 70])
    terms = 3 * (PSI[3] - 2 * PSI[3]) + 3 * PSI[2] - (PSI[4] + PSI[2])
    terms -= PSI[5] + PSI[2] + PSI[3] + PSI[2]
    expected = PSI[6] + terms / 6
    assert refc.mixed_information([x], [x], k=2) == pytest.approx(expected, abs=1e-13)


def uniform_steps(rng: np.random.Generator) -> tuple[refc.Block, refc.Block]:
    """Mesner and Shalizi: x one of 0, ..., 4 and y uniform on [x, x + 2]."""
    x = rng.integers(0, 5, size=400)
    return x, x + 2 * rng.random(400)


def test_mixed_information_of_uniform_steps() -> None:
    truth = math.log(5) - 4 * LN2 / 5
    assert_near(estimates_of(refc.ross_information, uniform_steps), truth, 0.02)
    as_numbers = estimates_of(
        lambda x, y: refc.mixed_information([x.astype(float)], [y]), uniform_steps
    )
    assert_near(as_numbers, truth, 0.02)

    def given_noise(rng: np.random.Generator) -> tuple[Any, ...]:
        return *uniform_steps(rng), rng.integers(0, 3, size=400)

    estimates = estimates_of(lambda x, y, z: refc.mixed_information([x], [y], [z]), given_noise, 4)
    assert_near(estimates, truth, 0.05)


def test_mixed_information_of_an_atomic_mixture() -> None:
    # Gao et al.: an even mixture of a Gaussian pair with correlation 0.8 and of pairs of signs
    # that agree with probability 0.8. Every atom has 0.2 or 0.05 of the mass against 1/16 of the
    # product's; elsewhere the density is 2 f(x, y) / (f(x) f(y)) times the product's.
    atoms = 0.4 * math.log(0.2 * 16) + 0.1 * math.log(0.05 * 16)
    truth = (LN2 - math.log(1 - 0.8**2) / 2) / 2 + atoms
    assert truth == pytest.approx(1.045, abs=1e-3)

    def draw(rng: np.random.Generator) -> tuple[refc.Block, refc.Block]:
        x, y = gaussian_pair(rng, 0.8, n=400)
        sign = rng.choice([-1.0, 1.0], size=400)
        other = np.where(rng.random(400) < 0.8, sign, -sign)
        smooth = rng.random(400) < 0.5
        return np.where(smooth, x, sign), np.where(smooth, y, other)

    # With the atoms as states of their own the estimate is right
    def with_labels(x: refc.Block, y: refc.Block) -> float:
        labels = [[v if abs(v) == 1 else "smooth" for v in column] for column in (x, y)]
        return refc.mixed_information([labels[0], x], [labels[1], y])

    assert_near(estimates_of(with_labels, draw), truth, 0.02)
    # Without, the ball of a Gaussian row near +-1 takes in a whole atom: an error of order
    # n^(-1/2) ln n, -0.3 at n = 400
    plain = estimates_of(lambda x, y: refc.mixed_information([x], [y]), draw)
    assert truth - 0.35 < np.mean(plain) < truth - 0.2


def test_mixed_information_of_a_conditional_xor() -> None:
    def draw(rng: np.random.Generator) -> tuple[refc.Block, refc.Block]:
        x, y = rng.uniform(-1, 1, size=(2, 300))
        return x, y

    # given the sign of x y, (x, y) is uniform on two of four squares
    given_sign = estimates_of(lambda x, y: refc.mixed_information([x], [y], [x * y > 0]), draw, 4)
    assert_near(given_sign, LN2, 0.1)  # balls reach over the borders of the squares
    assert_near(estimates_of(lambda x, y: refc.mixed_information([x], [y]), draw), 0, 0.02)


# Kernel densities


def test_kde_by_hand() -> None:
    x, y = np.array([0.0, 1, 2]), np.array([0.0, 1, 0])
    phi = [norm.pdf(u) for u in range(3)]
    # row 1 has one density, phi(1), wherever it looks; rows 0 and 2 mirror each other
    ratio = 2 * (phi[1] ** 2 + phi[2] * phi[0]) / ((phi[1] + phi[2]) * (phi[1] + phi[0]))
    estimate = refc.kde_information(x, y, bandwidth=1.0)
    assert estimate == pytest.approx(2 / 3 * math.log(ratio), abs=1e-13)
    mean_log = (math.log(phi[1]) + 2 * math.log((phi[1] + phi[2]) / 2)) / 3
    assert refc.kde_entropy(x, 1.0) == pytest.approx(-mean_log, abs=1e-13)
    assert refc.kde_entropy(7 * x, [7.0]) == pytest.approx(math.log(7) - mean_log, abs=1e-13)


def test_kde_bandwidths() -> None:
    block = np.random.default_rng(0).normal(size=(50, 2)) * [1, 100]
    scott, silverman = (refc.kde_bandwidths(block, rule) for rule in ("scott", "silverman"))
    np.testing.assert_allclose(scott, 50 ** (-1 / 6) * block.std(axis=0, ddof=1))
    np.testing.assert_allclose(silverman, scott)  # n (d + 2) / 4 = n for two columns
    peer = gaussian_kde(block[:, 0], "silverman")
    width = refc.kde_bandwidths(block[:, :1], "silverman")[0]
    assert width == pytest.approx(math.sqrt(peer.covariance[0, 0]))


def test_kde_information_of_degenerate_and_repeated_columns() -> None:
    rng = np.random.default_rng(1)
    x, y, z = rng.normal(size=(3, 25))
    ones = np.ones(25)
    assert refc.kde_information(x, ones) == 0
    assert refc.kde_information(x, y, ones) == refc.kde_information(x, y)
    widened = refc.kde_information(np.column_stack([ones, x]), y, bandwidth=[3.0, 0.5, 0.7])
    assert widened == refc.kde_information(x, y, bandwidth=[0.5, 0.7])
    assert refc.kde_entropy(ones) == -math.inf
    scaled = refc.kde_information(1e6 * x, 1e-6 * y, z - 9)
    assert scaled == pytest.approx(refc.kde_information(y, x, z), abs=1e-9)


def smoothed_truth(covariance: refc.Block, dx: int, dy: int, n: int) -> float:
    """What kde_information estimates: the mean log ratio of the Gaussian blurred by the kernel.

    The blurred density is Gaussian too, with h^2 added to the variances.
    """
    factor = n ** (-1 / (len(covariance) + 4))

    def mean_log(rows: list[int]) -> float:
        if not rows:
            return 0.0
        true = covariance[np.ix_(rows, rows)]
        blurred = true + factor**2 * np.diag(np.diag(true))
        log_det = np.linalg.slogdet(2 * math.pi * blurred)[1]
        return float(-log_det - np.trace(np.linalg.solve(blurred, true))) / 2

    x, y, z = np.split(np.arange(len(covariance)), [dx, dx + dy])
    plus = mean_log([*x, *y, *z]) + mean_log([*z])
    return plus - mean_log([*x, *z]) - mean_log([*y, *z])


@pytest.mark.parametrize(("dx", "dy", "dz"), [(1, 1, 0), (1, 2, 0), (1, 1, 1)])
def test_kde_of_gaussians(dx: int, dy: int, dz: int) -> None:
    covariance = a_covariance(dx + dy + dz)

    def draw(rng: np.random.Generator) -> list[refc.Block]:
        sample = rng.multivariate_normal(np.zeros(len(covariance)), covariance, size=200)
        return np.split(sample, [dx, dx + dy], axis=1)

    # what is left is the concavity of the logarithm, of order 1 / (n h^d)
    truth = smoothed_truth(covariance, dx, dy, 200)
    assert_near(estimates_of(refc.kde_information, draw, 6), truth, 0.03)


def test_kde_of_a_narrow_gaussian() -> None:
    draw = partial(gaussian_pair, rho=0.9, n=200)
    covariance = np.array([[1, 0.9], [0.9, 1]])
    smoothed = smoothed_truth(covariance, 1, 1, 200)
    assert_near(estimates_of(refc.kde_information, draw), smoothed, 0.03)
    # Scott's width is that of uncorrelated columns
    assert smoothed < gaussian_truth(covariance, 1, 1) - 0.15
    explicit = estimates_of(lambda x, y: refc.kde_information(x, y, bandwidth=0.2), draw)
    assert np.mean(explicit) > np.mean(estimates_of(refc.kde_information, draw))


def test_kde_entropy_of_a_gaussian() -> None:
    entropies = estimates_of(refc.kde_entropy, lambda rng: (rng.normal(size=200),))
    assert_near(entropies, (1 + math.log(2 * math.pi)) / 2, 0.01)


# Adaptive partition


@pytest.mark.parametrize(
    ("values", "cut"),
    [
        ([0, 1, 2, 3], 1),
        ([4, 2, 0, 1, 3], 1),  # after two or after three of five: the lower
        ([0, 0, 0, 1, 2], 0),
        ([0, 1, 1, 1], 0),
        ([0, 1, 1, 2], 0),  # after one or after three of four: the lower
        ([0, 1, 1, 1, 1, 2, 3], 1),  # after one of seven, or after five
        ([5, 5], None),
    ],
)
def test_median_cut(values: list[int], cut: int | None) -> None:
    assert refc._median_cut(values) == cut


@pytest.mark.parametrize("cut", ["points", "range"])
def test_adaptive_partition_of_a_line(cut: str) -> None:
    information = partial(refc.adaptive_partition_information, cut=cut)
    assert information([1, 2, 3], [1, 2, 3]) == 0  # too few to split
    assert information(range(4), range(4)) == pytest.approx(LN2)
    # 4, 0, 0, 4 of 8 against 2 each: 8 exceeds 7.81; of 4 rows it is 4
    assert information(range(8), range(8)) == pytest.approx(LN2)
    assert information(range(16), range(16)) == pytest.approx(2 * LN2)
    assert information(range(16), range(16, 0, -1)) == pytest.approx(2 * LN2)
    assert refc.adaptive_partition(range(16), range(16), cut) == [(4, 4, 4)] * 4


def test_what_a_cut_at_the_median_of_the_points_misses() -> None:
    # Four diagonals of five rows, one in each quadrant, each in a quarter of its quadrant
    x = np.arange(20)
    y = (x + 5) % 20
    assert refc.adaptive_partition(x, y, "points") == [(5, 10, 10)] * 4
    assert refc.adaptive_partition_information(x, y, "points") == 0
    # 5, 0, 0, 0 rows against 1.25 each: 15. Then 2, 0, 0, 3 against 0.8, 1.2, 1.2, 1.8: 5
    assert refc.adaptive_partition(x, y, "range") == [(5, 5, 5)] * 4
    assert refc.adaptive_partition_information(x, y, "range") == pytest.approx(2 * LN2)


@pytest.mark.parametrize("cut", ["points", "range"])
def test_adaptive_partition_of_tied_columns(cut: str) -> None:
    information = partial(refc.adaptive_partition_information, cut=cut)
    assert information(np.zeros(9), range(9)) == 0
    rng = np.random.default_rng(0)
    x, noise = rng.integers(0, 2, size=(2, 50))
    y = np.where(rng.random(50) < 0.7, x, noise)
    # the first split is the whole table
    assert information(x, y) == pytest.approx(ref.mutual_information(x, y), abs=1e-13)
    # 0 three times and then 1, 2, 3, 4: after three of seven. y the same. 3, 0, 0, 4.
    tied = [0, 0, 0, 1, 2, 3, 4]
    assert refc.adaptive_partition(tied, tied, cut) == [(3, 3, 3), (4, 4, 4)]
    # y [3, 0, 0, 0, 1, 2, 3]: also after three. Quadrants 2, 1, 1, 3, final.
    expected = [(2, 3, 3), (1, 3, 4), (1, 4, 3), (3, 4, 4)]
    assert refc.adaptive_partition(tied, [3, 0, 0, 0, 1, 2, 3], cut) == expected


@pytest.mark.parametrize("cut", ["points", "range"])
def test_adaptive_partition_invariances(cut: str) -> None:
    information = partial(refc.adaptive_partition_information, cut=cut)
    rng = np.random.default_rng(3)
    for n in (10, 61, 200):
        x, y = gaussian_pair(rng, 0.8, n=n)
        y = np.round(y, 1)
        order = rng.permutation(n)
        assert information(y, x) == information(x, y)
        assert information(np.exp(x)[order], y[order] ** 3) == information(x, y)
        cells = refc.adaptive_partition(x, y, cut)
        assert sum(rows for rows, _, _ in cells) == n
        assert sum(a * b for _, a, b in cells) <= n * n  # disjoint; empty cells are not listed
        assert information(x, y) >= 0


def test_adaptive_partition_of_a_gaussian() -> None:
    for rho, bias in ((0.0, 0.005), (0.6, 0.03), (0.9, 0.08)):
        draw = partial(gaussian_pair, rho=rho)
        truth = -math.log1p(-(rho**2)) / 2
        by_range = estimates_of(
            lambda x, y: refc.adaptive_partition_information(x, y, "range"), draw
        )
        assert_near(by_range, truth, bias)
        by_points = estimates_of(refc.adaptive_partition_information, draw)
        assert np.mean(by_points) < 0.65 * truth + 0.01  # and slow to come nearer as n grows
