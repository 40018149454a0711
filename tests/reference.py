"""Slow, obvious versions of every discrete measure and search, to hold the kernels against.

Written from the papers with dictionaries and loops; nothing here comes from the package under
test. A sample is a sequence of hashable states, a conditioning set a list of such sequences, and
a table a list of columns. Everything is in nats, raw, never clipped at zero.

References
----------
.. [S48] Shannon (1948), "A mathematical theory of communication", Bell Syst. Tech. J. 27.
.. [M54] McGill (1954), "Multivariate information transmission", Psychometrika 19, 97-116.
.. [M55] Miller (1955), "Note on the bias of information estimates", in Information Theory in
   Psychology, 95-100.
.. [W60] Watanabe (1960), "Information theoretical analysis of multivariate correlation",
   IBM J. Res. Dev. 4, 66-82.
.. [WW95] Wolpert, Wolf (1995), "Estimating functions of probability distributions from a finite
   set of samples", Phys. Rev. E 52, 6841-6854.
.. [NSB02] Nemenman, Shafee, Bialek (2002), "Entropy and inference, revisited", NIPS 14.
.. [G03] Grassberger (2003), "Entropy estimates from insufficient samplings",
   arXiv:physics/0307138.
.. [CS03] Chao, Shen (2003), "Nonparametric estimation of Shannon's index of diversity when there
   are unseen species in sample", Environ. Ecol. Stat. 10, 429-443.
.. [M07] Meila (2007), "Comparing clusterings: an information based distance",
   J. Multivar. Anal. 98, 873-895.
.. [HS09] Hausser, Strimmer (2009), "Entropy inference and the James-Stein estimator",
   J. Mach. Learn. Res. 10, 1469-1484.
.. [VEB10] Vinh, Epps, Bailey (2010), "Information theoretic measures for clusterings
   comparison", J. Mach. Learn. Res. 11, 2837-2854.
.. [W38] Wilks (1938), "The large-sample distribution of the likelihood ratio for testing
   composite hypotheses", Ann. Math. Stat. 9, 60-62.
.. [CL68] Chow, Liu (1968), "Approximating discrete probability distributions with dependence
   trees", IEEE Trans. Inf. Theory 14, 462-467.
.. [SGS00] Spirtes, Glymour, Scheines (2000), "Causation, prediction, and search", 2nd ed.
.. [DS40] Deming, Stephan (1940), "On a least squares adjustment of a sampled frequency table when
   the expected marginal totals are known", Ann. Math. Stat. 11, 427-444.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.special import polygamma, psi
from scipy.stats import chi2

Table = np.ndarray[Any, np.dtype[Any]]
Column = Sequence[Hashable] | Table
Edge = tuple[Any, Any]

CORRECTIONS = ("plug-in", "miller-madow", "james-stein", "grassberger", "chao-shen", "nsb")


# Entropy from counts --------------------------------------------------------------------------


def entropy_of_counts(counts: Iterable[int], correction: str, n_states: int) -> float:
    """Entropy estimated from the positive counts of the observed states.

    `n_states` is the number of possible states, seen and unseen; James-Stein and NSB use it.
    With a single possible state there is nothing to estimate and the entropy is 0. Every
    formula below says so itself, save Grassberger's, which leaves ln n - G(n), of order 1/n.
    """
    counts = sorted(counts)
    assert counts
    assert counts[0] > 0
    assert len(counts) <= n_states
    if n_states == 1:
        return 0.0
    return _ENTROPIES[correction](tuple(counts), n_states)


def _entropy_of_probabilities(probabilities: Iterable[float]) -> float:
    """-sum p ln p, [S48] section 6."""
    return -math.fsum(p * math.log(p) for p in probabilities if p > 0)


def _plug_in(counts: tuple[int, ...], n_states: int) -> float:
    """Relative frequencies put into [S48] section 6 (maximum likelihood)."""
    n = sum(counts)
    return _entropy_of_probabilities(c / n for c in counts)


def _miller_madow(counts: tuple[int, ...], n_states: int) -> float:
    """[M55]: plug-in + (K - 1) / 2n, where K counts the states that were observed."""
    return _plug_in(counts, n_states) + (len(counts) - 1) / (2 * sum(counts))


def _shrinkage_intensity(counts: Iterable[int], n_states: int) -> float:
    """[HS09] eq. 5 for the uniform target, clipped to [0, 1].

    lambda = (1 - sum theta^2) / ((n - 1) sum (1/K - theta)^2), both sums over all K cells.
    0/0 is 1: a single row says nothing of the spread, and frequencies that are uniform already
    do not change whatever lambda is.
    """
    counts = list(counts)
    n = sum(counts)
    theta = [c / n for c in counts] + [0.0] * (n_states - len(counts))
    spread = (n - 1) * math.fsum((1 / n_states - t) ** 2 for t in theta)
    if spread == 0:
        return 1.0
    return min(1.0, max(0.0, (1 - math.fsum(t * t for t in theta)) / spread))


def _james_stein(counts: tuple[int, ...], n_states: int) -> float:
    """[HS09] eqs. 4 to 6: plug-in entropy of lambda / K + (1 - lambda) theta."""
    n, lam = sum(counts), _shrinkage_intensity(counts, n_states)
    seen = [lam / n_states + (1 - lam) * c / n for c in counts]
    return _entropy_of_probabilities(seen + [lam / n_states] * (n_states - len(counts)))


def _grassberger(counts: tuple[int, ...], n_states: int) -> float:
    """[G03] eq. 35: H_G = ln n - 1/n sum n_i G(n_i).

    Eq. 31, its integral solved: G(n) = psi(n) + (-1)^n / 2 [psi((n + 1) / 2) - psi(n / 2)].
    """

    def g(c: int) -> float:
        return float(psi(c) + (-1) ** c * (psi((c + 1) / 2) - psi(c / 2)) / 2)

    n = sum(counts)
    return math.log(n) - math.fsum(c * g(c) for c in counts) / n


def _chao_shen(counts: tuple[int, ...], n_states: int) -> float:
    """[CS03], coverage-adjusted Horvitz-Thompson estimator.

    -sum C p ln(C p) / (1 - (1 - C p)^n) with Good's coverage C = 1 - f1 / n. When every state
    was seen once, C would be 0; f1 is then taken as n - 1, so C = 1/n.
    """
    n, singletons = sum(counts), counts.count(1)
    coverage = 1 - min(singletons, n - 1) / n
    adjusted = [coverage * c / n for c in counts]
    return -math.fsum(p * math.log(p) / (1 - (1 - p) ** n) for p in adjusted)


@lru_cache(maxsize=100_000)
def _nsb(counts: tuple[int, ...], n_states: int) -> float:
    """[NSB02]: posterior mean of the entropy, prior flat in the expected entropy xi(beta).

    xi(beta) = psi(K beta + 1) - psi(beta + 1) is the mean entropy under a symmetric Dirichlet of
    concentration beta over K cells. The posterior over u = ln beta is d xi/du times the evidence
    Gamma(K beta) / Gamma(n + K beta) prod Gamma(n_i + beta) / Gamma(beta); the mean entropy given
    beta is [WW95]'s. Work grows with n for each of about 1000 values of beta.
    """
    n, unseen = sum(counts), n_states - len(counts)
    # Gamma(c + b) / Gamma(b) = b (b + 1) ... (b + c - 1): a product loses no digits to the
    # difference of two large log-gammas. n_longer[j] states have the factor b + j.
    j = np.arange(n)
    n_longer = np.array([sum(c > i for c in counts) for i in j])

    def log_weight(u: float) -> float:
        beta = math.exp(u)
        evidence = float(np.sum(n_longer * np.log1p(j / beta) - np.log1p(j / (n_states * beta))))
        return evidence + math.log(_xi_slope(beta, n_states)) + u

    def mean_entropy(u: float) -> float:
        beta = math.exp(u)
        total = n + n_states * beta
        cells = [(c, m) for c, m in Counter(counts).items()] + [(0, unseen)]
        return float(
            sum(m * (c + beta) / total * (psi(total + 1) - psi(c + beta + 1)) for c, m in cells)
        )

    # Both tails of the weight fall at least as fast as exp(-|u|), and a peak can be 1e-3 wide:
    # narrow the range to where the weight is within e^-45 of its peak, then cut it in pieces.
    low, high = -math.log(n_states) - 60, math.log(n) + 60
    for _ in range(3):
        grid = np.linspace(low, high, 101)
        logs = np.array([log_weight(u) for u in grid])
        alive = np.flatnonzero(logs > logs.max() - 45)
        peak = logs.max()
        low, high = grid[max(alive[0] - 1, 0)], grid[min(alive[-1] + 1, 100)]
    cuts = np.linspace(low, high, 9)

    def integral(f: Callable[[float], float]) -> float:
        pieces = (
            quad(f, a, b, epsabs=1e-14 * (high - low), epsrel=1e-11, limit=200)[0]
            for a, b in itertools.pairwise(cuts)
        )
        return math.fsum(pieces)

    mass = integral(lambda u: math.exp(log_weight(u) - peak))
    return integral(lambda u: mean_entropy(u) * math.exp(log_weight(u) - peak)) / mass


def _xi_slope(beta: float, k: int) -> float:
    """d xi / d beta of [NSB02]: K psi1(K beta + 1) - psi1(beta + 1).

    From beta = 1000 on by psi1(b + 1) = 1/b - 1/2b^2 + 1/6b^3 - 1/30b^5 + ..., because the
    leading terms cancel.
    """
    if beta < 1000:
        return float(k * polygamma(1, k * beta + 1) - polygamma(1, beta + 1))
    return (1 - k**-1) / (2 * beta**2) - (1 - k**-2) / (6 * beta**3) + (1 - k**-4) / (30 * beta**5)


_ENTROPIES: dict[str, Callable[[tuple[int, ...], int], float]] = {
    "plug-in": _plug_in,
    "miller-madow": _miller_madow,
    "james-stein": _james_stein,
    "grassberger": _grassberger,
    "chao-shen": _chao_shen,
    "nsb": _nsb,
}


# Measures of columns --------------------------------------------------------------------------


def _joint(columns: Sequence[Column], n: int) -> list[tuple[Hashable, ...]]:
    return list(zip(*columns, strict=True)) if columns else [()] * n


def _n_states(x: Column) -> int:
    return len(set(x))


def _shrunk_joint(columns: Sequence[Column]) -> dict[tuple[Hashable, ...], float]:
    """[HS09] eq. 4 on every cell of the product of the observed states, target uniform."""
    counts = Counter(zip(*columns, strict=True))
    cells = list(itertools.product(*(sorted(set(c), key=repr) for c in columns)))
    lam = _shrinkage_intensity(counts.values(), len(cells))
    n = counts.total()
    return {cell: lam / len(cells) + (1 - lam) * counts[cell] / n for cell in cells}


def _marginal_entropy(joint: Mapping[tuple[Hashable, ...], float], axes: Sequence[int]) -> float:
    marginal: dict[tuple[Hashable, ...], float] = {}
    for cell, p in joint.items():
        key = tuple(cell[a] for a in axes)
        marginal[key] = marginal.get(key, 0.0) + p
    return _entropy_of_probabilities(marginal.values())


def _entropy_over(x: Column, correction: str, n_states: int) -> float:
    return entropy_of_counts(Counter(x).values(), correction, n_states)


def entropy(x: Column, correction: str = "plug-in") -> float:
    """H(x), [S48] section 6; the possible states are the observed ones."""
    return _entropy_over(x, correction, _n_states(x))


def mutual_information(x: Column, y: Column, correction: str = "plug-in") -> float:
    """I(x; y) = H(x) + H(y) - H(x, y), [S48] section 12; the joint has r_x r_y states.

    James-Stein shrinks the joint once and marginalises it ([HS09] section 5).
    """
    if correction == "james-stein":
        p = _shrunk_joint([x, y])
        return _marginal_entropy(p, [0]) + _marginal_entropy(p, [1]) - _marginal_entropy(p, [0, 1])
    joint = _entropy_over(_joint([x, y], len(x)), correction, _n_states(x) * _n_states(y))
    return entropy(x, correction) + entropy(y, correction) - joint


def conditional_mutual_information(
    x: Column, y: Column, z: Sequence[Column], correction: str = "plug-in"
) -> float:
    """I(x; y | z) = H(x, z) + H(y, z) - H(x, y, z) - H(z), [M54].

    The columns of z count as one variable whose states are the joint configurations observed.
    """
    zs = _joint(z, len(x))
    if correction == "james-stein":
        p = _shrunk_joint([x, y, zs])
        plus = _marginal_entropy(p, [0, 2]) + _marginal_entropy(p, [1, 2])
        return plus - _marginal_entropy(p, [0, 1, 2]) - _marginal_entropy(p, [2])
    rx, ry, rz = _n_states(x), _n_states(y), _n_states(zs)
    plus = _entropy_over(_joint([x, zs], len(x)), correction, rx * rz)
    plus += _entropy_over(_joint([y, zs], len(x)), correction, ry * rz)
    minus = _entropy_over(_joint([x, y, zs], len(x)), correction, rx * ry * rz)
    return plus - minus - _entropy_over(zs, correction, rz)


def total_correlation(columns: Sequence[Column], correction: str = "plug-in") -> float:
    """C = sum H(x_i) - H(x_1, ..., x_d), [W60]; of two columns it is their I(x; y)."""
    if correction == "james-stein":
        p = _shrunk_joint(columns)
        singles = math.fsum(_marginal_entropy(p, [i]) for i in range(len(columns)))
        return singles - _marginal_entropy(p, range(len(columns)))
    n_states = math.prod(_n_states(c) for c in columns)
    joint = _entropy_over(_joint(columns, len(columns[0])), correction, n_states)
    return math.fsum(entropy(c, correction) for c in columns) - joint


def interaction_information(x: Column, y: Column, z: Column) -> float:
    """A(x, y, z) = I(x; y | z) - I(x; y), [M54]; positive where z makes x and y depend (XOR)."""
    return conditional_mutual_information(x, y, [z]) - mutual_information(x, y)


def variation_of_information(x: Column, y: Column) -> float:
    """VI(x, y) = H(x | y) + H(y | x), [M07]."""
    joint = entropy(_joint([x, y], len(x)))
    return (joint - entropy(y)) + (joint - entropy(x))


def normalized_mutual_information(x: Column, y: Column, normalizer: str) -> float:
    """I(x; y) over a mean of H(x) and H(y), or over H(x, y): [VEB10] table 2.

    0/0 as in scikit-learn's normalized_mutual_info_score: 1 when both are constant, and 0 when
    one of the two is, whatever the normaliser ("geometric" and "min" are 0/0 there).
    """
    hx, hy = entropy(x), entropy(y)
    if _n_states(x) == 1 or _n_states(y) == 1:
        return 1.0 if _n_states(x) == _n_states(y) else 0.0
    denominators = {
        "arithmetic": (hx + hy) / 2,
        "geometric": math.sqrt(hx * hy),
        "min": min(hx, hy),
        "max": max(hx, hy),
        "joint": entropy(_joint([x, y], len(x))),
    }
    return mutual_information(x, y) / denominators[normalizer]


# Independence ---------------------------------------------------------------------------------


def g_test(x: Column, y: Column, z: Sequence[Column] = ()) -> tuple[float, int, int]:
    """Likelihood-ratio statistic 2 n I(x; y | z), its degrees of freedom, and its cells ([W38]).

    Stratum by stratum, 2 sum O ln(O / E) with E = row total x column total / stratum total. Only
    rows and columns that occur in a stratum count: it has (r - 1)(c - 1) degrees of freedom and
    r c cells.
    """
    strata: dict[tuple[Hashable, ...], list[tuple[Hashable, Hashable]]] = {}
    for a, b, c in zip(x, y, _joint(z, len(x)), strict=True):
        strata.setdefault(c, []).append((a, b))
    terms, dof, cells = [], 0, 0
    for pairs in strata.values():
        table = Counter(pairs)
        rows = Counter(a for a, _ in pairs)
        cols = Counter(b for _, b in pairs)
        for (a, b), observed in table.items():
            terms.append(observed * math.log(observed * len(pairs) / (rows[a] * cols[b])))
        dof += (len(rows) - 1) * (len(cols) - 1)
        cells += len(rows) * len(cols)
    return 2 * math.fsum(terms), dof, cells


def chi_square_p(statistic: float, dof: int) -> float:
    """P(chi-square with `dof` degrees of freedom > statistic), [W38]."""
    return float(chi2.sf(statistic, dof))


def separating_set(
    x_index: int,
    y_index: int,
    candidates: Sequence[int],
    size: int,
    columns: Sequence[Column],
    alpha: float,
) -> tuple[tuple[int, ...] | None, float, tuple[int, ...] | None, int]:
    """First subset of `candidates` that separates x from y; the inner loop of PC ([SGS00] 5.4.2).

    Subsets in the order of itertools.combinations; one separates when its dof > 0 and its
    p > alpha. Returns it (or None), the largest p among the testable subsets up to the stop (nan
    if none was), the first subset that gave it, and how many subsets were looked at, vacuous ones
    (dof = 0) included.
    """
    largest, largest_set, n_tests = math.nan, None, 0
    for subset in itertools.combinations(candidates, size):
        n_tests += 1
        statistic, dof, _ = g_test(columns[x_index], columns[y_index], [columns[i] for i in subset])
        if dof == 0:
            continue
        p = chi_square_p(statistic, dof)
        if largest_set is None or p > largest:
            largest, largest_set = p, subset
        if p > alpha:
            return subset, largest, largest_set, n_tests
    return None, largest, largest_set, n_tests


# Structure ------------------------------------------------------------------------------------


def maximum_spanning_forests(
    weights: Mapping[Edge, float], nodes: Iterable[Hashable]
) -> tuple[float, set[frozenset[Edge]]]:
    """Largest total weight of a spanning forest, and every forest within 1e-12 of it ([CL68]).

    Tries every set of edges that joins all that can be joined (all spanning trees when the edges
    connect the nodes). Edges come back spelled as in `weights`. For 7 nodes or fewer.
    """
    nodes = list(nodes)

    def n_components(edges: Iterable[Edge]) -> int:
        group = {node: i for i, node in enumerate(nodes)}
        for a, b in edges:
            old, new = group[a], group[b]
            group = {node: new if g == old else g for node, g in group.items()}
        return len(set(group.values()))

    n_trees = n_components(weights)
    totals = {
        frozenset(edges): math.fsum(weights[e] for e in edges)
        for edges in itertools.combinations(weights, len(nodes) - n_trees)
        if n_components(edges) == n_trees
    }
    best = max(totals.values())
    return best, {forest for forest, total in totals.items() if total >= best - 1e-12}


# Markov networks ------------------------------------------------------------------------------


def marginal_table(joint: Table, clique: Sequence[int]) -> Table:
    """Marginal of a dense joint over the axes of `clique`, in the order given."""
    table = np.zeros([joint.shape[axis] for axis in clique])
    for cell in np.ndindex(joint.shape):
        table[tuple(cell[axis] for axis in clique)] += joint[cell]
    return table


def markov_network_marginals(joint: Table, cliques: Sequence[Sequence[int]]) -> list[Table]:
    """The marginal of each clique: the sufficient statistics of the network."""
    return [marginal_table(joint, clique) for clique in cliques]


def ipf(
    joint_shape: Sequence[int],
    cliques: Sequence[Sequence[int]],
    target_marginals: Sequence[Table],
    iterations: int,
) -> Table:
    """Iterative proportional fitting from the uniform joint ([DS40] section 5).

    Each step scales the joint to one clique's target, an iteration goes through all cliques; the
    limit is the maximum-likelihood Markov network. A cell whose target is 0 becomes and stays 0.
    """
    joint = np.full(tuple(joint_shape), 1 / math.prod(joint_shape))
    for _ in range(iterations):
        for clique, target in zip(cliques, target_marginals, strict=True):
            current = marginal_table(joint, clique)
            for cell in np.ndindex(joint.shape):
                key = tuple(cell[axis] for axis in clique)
                if joint[cell] > 0:
                    joint[cell] *= target[key] / current[key]
    return joint
