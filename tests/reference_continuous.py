"""Slow, obvious versions of every continuous and mixed measure, to hold the kernels against.

Written from the papers with loops and whole distance matrices; nothing here comes from the
package under test. A block is an array of shape (n, d) or (n,), labels are a sequence of
hashables. Everything is in nats, raw, never clipped at zero. Nothing transforms a column unless
its docstring says so: for an estimate on normal scores hand in normal scores.

References
----------
.. [W35] Wilks (1935), "On the independence of k sets of normally distributed statistical
   variables", Econometrica 3, 309-326.
.. [B38] Bartlett (1938), "Further aspects of the theory of multiple regression",
   Proc. Camb. Philos. Soc. 34, 33-40.
.. [F24] Fisher (1924), "The distribution of the partial correlation coefficient", Metron 3,
   329-332.
.. [MSD05] Misra, Singh, Demchuk (2005), "Estimation of the entropy of a multivariate normal
   distribution", J. Multivar. Anal. 92, 324-342.
.. [I17] Ince, Giordano, Kayser, Rousselet, Gross, Schyns (2017), "A statistical framework for
   neuroimaging data analysis based on mutual information estimated via a Gaussian copula",
   Hum. Brain Mapp. 38, 1541-1573.
.. [ARC19] Andrews, Ramsey, Cooper (2019), "Learning high-dimensional directed acyclic graphs with
   mixed data-types", PMLR 104, 4-21.
.. [KSG04] Kraskov, Stoegbauer, Grassberger (2004), "Estimating mutual information",
   Phys. Rev. E 69, 066138, arXiv:cond-mat/0305641.
.. [KL87] Kozachenko, Leonenko (1987), "Sample estimate of the entropy of a random vector",
   Probl. Inf. Transm. 23, 95-101.
.. [FP07] Frenzel, Pompe (2007), "Partial mutual information for coupling analysis of
   multivariate time series", Phys. Rev. Lett. 99, 204101.
.. [R14] Ross (2014), "Mutual information between discrete and continuous data sets",
   PLoS ONE 9, e87357.
.. [GKOV17] Gao, Kannan, Oh, Viswanath (2017), "Estimating mutual information for
   discrete-continuous mixtures", NIPS 30, arXiv:1709.06212.
.. [MS21] Mesner, Shalizi (2021), "Conditional mutual information estimation for mixed, discrete
   and continuous data", IEEE Trans. Inf. Theory 67, 464-484, arXiv:1912.03387.
.. [S92] Scott (1992), "Multivariate density estimation".
.. [S86] Silverman (1986), "Density estimation for statistics and data analysis".
.. [MRL95] Moon, Rajagopalan, Lall (1995), "Estimation of mutual information using kernel density
   estimators", Phys. Rev. E 52, 2318-2321.
.. [DV99] Darbellay, Vajda (1999), "Estimation of the information by an adaptive partitioning of
   the observation space", IEEE Trans. Inf. Theory 45, 1315-1321.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from scipy.special import logsumexp, ndtri, psi
from scipy.stats import chi2, t

Block = np.ndarray[Any, np.dtype[Any]]
Labels = Sequence[Hashable] | Block


def _block(columns: Any) -> Block:
    """(n, d) from (n,) or (n, d)."""
    array = np.asarray(columns, dtype=float)
    return array.reshape(len(array), -1)


def _blocks(x: Block, y: Block, z: Block | None) -> tuple[Block, Block, Block]:
    """Three blocks; no z is a block without columns."""
    return _block(x), _block(y), np.empty((len(x), 0)) if z is None else _block(z)


# Gaussian copula ------------------------------------------------------------------------------


def normal_scores(column: Block) -> Block:
    """Standard normal quantiles of rank / (n + 1); tied values share the mean of their ranks.

    A rank is the number of values below, plus the mean of 1, ..., (number of values equal).
    """
    values = np.asarray(column, dtype=float)
    ranks = [np.sum(values < v) + (np.sum(values == v) + 1) / 2 for v in values]
    return np.array([ndtri(rank / (len(values) + 1)) for rank in ranks])


def indicators(labels: Labels) -> Block:
    """Degenerate-Gaussian embedding of a discrete column ([ARC19]): r states, r - 1 columns.

    Each column is 1 where its state holds and 0 elsewhere. The first state has none; which one it
    is changes the block by an affine map and so no information.
    """
    rest = list(dict.fromkeys(labels))[1:]
    return np.array([[float(label == state) for state in rest] for label in labels])


def _rank(columns: Sequence[Block]) -> int:
    """Dimension of the span of some columns, each centred and scaled to unit length."""
    if not columns:
        return 0
    centred = [c - c.mean() for c in columns]
    return int(np.linalg.matrix_rank(np.column_stack([c / np.linalg.norm(c) for c in centred])))


def _new_columns(block: Block, given: Sequence[Block] = ()) -> list[Block]:
    """The columns of a block that are no affine combination of earlier ones and of `given`."""
    kept: list[Block] = []
    for column in block.T:
        if np.any(column != column[0]) and _rank([*given, *kept, column]) > len(given) + len(kept):
            kept.append(column)
    return kept


def _log_determinant(columns: Sequence[Block]) -> float:
    """Of the sample covariance, divisor n - 1."""
    if not columns:
        return 0.0
    return float(np.linalg.slogdet(np.atleast_2d(np.cov(np.array(columns), ddof=1)))[1])


def _entropy_bias(d: int, n: int) -> float:
    """Bias of 1/2 log det of the sample covariance of n Gaussian rows in d dimensions.

    1/2 [d log(2 / (n - 1)) + sum_{i=1}^{d} psi((n - i) / 2)], [MSD05], [I17].
    """
    return (d * math.log(2 / (n - 1)) + math.fsum(psi((n - i) / 2) for i in range(1, d + 1))) / 2


def gaussian_information(
    x: Block, y: Block, z: Block | None = None, bias_correction: bool = True
) -> float:
    """I(x; y | z) of Gaussian blocks from their sample covariance S ([I17]).

    1/2 (log det S_xz + log det S_yz - log det S_xyz - log det S_z), each term less the bias of
    the entropy that it stands for.

    Degenerate blocks: a column that is constant, or an affine combination of the columns of z and
    of earlier columns of its own block, says nothing new and is dropped (it then does not count
    in d either). Nothing left of x or of y: 0. A column of y that x and z determine: infinity.
    There must be more rows than columns in all.
    """
    xs, ys, zs = _blocks(x, y, z)
    given = _new_columns(zs)
    left, right = _new_columns(xs, given), _new_columns(ys, given)
    if not left or not right:
        return 0.0
    if len(_new_columns(ys, [*given, *left])) < len(right):
        return math.inf

    def entropy(columns: Sequence[Block]) -> float:
        bias = _entropy_bias(len(columns), len(xs)) if bias_correction else 0.0
        return _log_determinant(columns) / 2 - bias

    plus = entropy([*left, *given]) + entropy([*right, *given])
    return plus - entropy([*left, *right, *given]) - entropy(given)


def gaussian_copula_information(
    x: Block, y: Block, z: Block | None = None, bias_correction: bool = True
) -> float:
    """gaussian_information of the normal scores of every column: continuous blocks ([I17]).

    Mixed columns: gaussian_information of normal_scores and indicators side by side.
    """

    def scores(block: Block) -> Block:
        return np.array([normal_scores(column) for column in block.T]).reshape(block.T.shape).T

    return gaussian_information(*map(scores, _blocks(x, y, z)), bias_correction)


def wilks_test(x: Block, y: Block, z: Block | None = None) -> tuple[float, int, float]:
    """Statistic, degrees of freedom and p-value of x independent of y given z, Gaussian blocks.

    Lambda = det S_xyz det S_z / (det S_xz det S_yz) = exp(-2 I), I not bias-corrected ([W35]).
    With nu = n - 1 - dz degrees of freedom left after the mean and z,
    -(nu - (dx + dy + 1) / 2) log Lambda is near chi-square with dx dy degrees of freedom ([B38]).
    For dx = dy = 1, Lambda is 1 - r^2 with r the partial correlation and
    |r| sqrt((nu - 1) / (1 - r^2)) is exactly |t| with nu - 1 degrees of freedom ([F24]).

    dx, dy and dz count the columns that gaussian_information keeps. None left of x or y: there is
    nothing to test, (0, 0, nan).
    """
    xs, ys, zs = _blocks(x, y, z)
    given = _new_columns(zs)
    dx, dy = len(_new_columns(xs, given)), len(_new_columns(ys, given))
    if dx == 0 or dy == 0:
        return 0.0, 0, math.nan
    log_lambda = -2 * gaussian_information(x, y, z, bias_correction=False)
    nu = len(xs) - 1 - len(given)
    if dx == dy == 1:
        statistic = math.sqrt((nu - 1) * max(math.expm1(-log_lambda), 0.0))
        return statistic, nu - 1, float(2 * t.sf(statistic, nu - 1))
    statistic = -(nu - (dx + dy + 1) / 2) * log_lambda
    return statistic, dx * dy, float(chi2.sf(statistic, dx * dy))


# Nearest neighbours ---------------------------------------------------------------------------


def _distances(block: Block) -> Block:
    """(n, n), max norm; 0 everywhere without columns."""
    block = _block(block)
    distances = np.zeros((len(block), len(block)))
    for column in block.T:
        distances = np.maximum(distances, np.abs(column[:, None] - column[None, :]))
    return distances


def _others(distances: Block, i: int) -> Block:
    """The distances of row i to every row but itself."""
    return np.delete(distances[i], i)


def _n_inside(distances: Block, i: int, radius: float) -> int:
    """How many other rows lie strictly within a radius of row i."""
    return int(np.sum(_others(distances, i) < radius))


def _repeats(columns: Block) -> bool:
    """Whether one of the columns has a value twice."""
    return any(len(set(column)) < len(column) for column in _block(columns).T)


def mean_psi_of_place(inside: int, nth: int, n_marked: int, n_tied: int) -> float:
    """<psi(inside + P)>, P the place of the nth of the marked ones among the tied in random order.

    Before it are nth - 1 marked ones and any of the others, after it the rest of both.
    """
    ways = {
        p: math.comb(p - 1, nth - 1) * math.comb(n_tied - p, n_marked - nth)
        for p in range(nth, n_tied - n_marked + nth + 1)
    }
    return math.fsum(w / math.comb(n_tied, n_marked) * psi(inside + p) for p, w in ways.items())


def psi_with_ties(
    axes: Sequence[Block], spaces: Sequence[Sequence[int]], i: int, k: int
) -> list[float]:
    """<psi(n_s)> of row i in each space s, which is some of the axes, over all ways to break ties.

    `axes` are distances, (n, n) each; a space has the largest of some of them. Rows that are
    equally far from row i along an axis are put in random order by noise in that axis, which is
    far smaller than that in the axis before. So the rows at the k-th distance come in stages: first
    those at it along the first axis and no later one, in random order, then those at it along the
    second and no later one, and so on. n_s counts, beside row i, the rows of s before the k-th; but
    if s has the axis of its stage, the k-th itself in place of row i. Mean of this order of the
    axes and the reverse one.
    """
    far = [np.delete(axis[i], i) for axis in axes]
    radius = np.sort(np.max(far, axis=0))[k - 1]
    result = [0.0] * len(spaces)
    for order in (list(range(len(axes))), list(range(len(axes)))[::-1]):

        def stages(space: Sequence[int], order: list[int] = order) -> tuple[int, list[int]]:
            """How many rows are closer than the radius in a space; the stage of each at it."""
            distance = np.max([far[a] for a in space], axis=0) if space else np.zeros(len(far[0]))
            at = np.flatnonzero(distance == radius)
            last = [max((order.index(a) for a in space if far[a][j] == radius), default=-1)
                    for j in at]  # fmt: skip
            return int(np.sum(distance < radius)), last

        closer, of_joint = stages(order)
        stage = sorted(of_joint)[k - closer - 1]
        nth = k - closer - sum(t < stage for t in of_joint)
        for s, space in enumerate(spaces):
            closer, of_space = stages(space)
            inside = closer + sum(t < stage for t in of_space)
            if order[stage] in space:
                counts = of_joint.count(stage), of_space.count(stage)
                result[s] += mean_psi_of_place(inside, nth, *counts) / 2
            else:
                result[s] += float(psi(inside + 1)) / 2
    return result


def ksg_information(x: Block, y: Block, k: int = 3, variant: int = 1) -> float:
    """[KSG04] eq. 8 (variant 1) and eq. 9 (variant 2), max norm inside and between the blocks.

    Variant 1: psi(k) + psi(n) - <psi(n_x + 1) + psi(n_y + 1)>, n_x the number of other rows whose
    x is strictly closer than the k-th distance in the joint space, as computed.
    Variant 2: psi(k) - 1/k + psi(n) - <psi(n_x) + psi(n_y)>, n_x the number of other rows whose x
    is no farther than the farthest x among the k nearest neighbours in the joint space.
    With repeated values, variant 1 as `ksg_total_correlation`; variant 2 likewise for rows with
    more than k others up to the k-th distance, or several as far as the farthest x or y.
    """
    if variant == 1:
        return ksg_total_correlation([x, y], k)
    spaces = [_distances(x), _distances(y)]
    n, joint = len(spaces[0]), np.maximum(*spaces)
    terms = []
    for i in range(n):
        neighbours = _others(joint, i) <= np.sort(_others(joint, i))[k - 1]
        radii = [_others(d, i)[neighbours].max() for d in spaces]
        sides = list(zip((_others(d, i) for d in spaces), radii, strict=True))
        clear = neighbours.sum() == k and all(np.sum(d == radius) == 1 for d, radius in sides)
        if clear or not (_repeats(x) or _repeats(y)):
            terms += [psi(np.sum(d <= radius)) for d, radius in sides] + [1 / k]
        else:
            terms += psi_with_ties(spaces, [[0], [1]], i, k)
    return float(psi(k) + psi(n) - math.fsum(terms) / n)


def ksg_total_correlation(blocks: Sequence[Block], k: int = 3) -> float:
    """[KSG04] eq. 23, the redundancy of m blocks, counted as in eq. 8.

    psi(k) + (m - 1) psi(n) - <sum over the blocks of psi(n_b + 1)>, n_b strict. With repeated
    values, the counts are those of `psi_with_ties`.
    """
    spaces = [_distances(block) for block in blocks]
    n, joint = len(spaces[0]), np.max(spaces, axis=0)
    terms = []
    for i in range(n):
        if any(map(_repeats, blocks)):
            terms += psi_with_ties(spaces, [[b] for b in range(len(spaces))], i, k)
        else:
            radius = np.sort(_others(joint, i))[k - 1]
            terms += [psi(_n_inside(d, i, radius) + 1) for d in spaces]
    return float(psi(k) + (len(blocks) - 1) * psi(n) - math.fsum(terms) / n)


def kozachenko_leonenko_entropy(x: Block, k: int = 3) -> float:
    """[KL87] in the form of [KSG04] eq. 20: -psi(k) + psi(n) + log c_d + d <log eps>.

    eps is twice the distance to the k-th neighbour; in the max norm c_d, the volume of the ball
    of diameter 1, is 1. A row with k copies of itself has eps = 0: minus infinity.
    """
    distances = _distances(x)
    n, d = _block(x).shape
    eps = [2 * np.sort(_others(distances, i))[k - 1] for i in range(n)]
    if min(eps) == 0:
        return -math.inf
    return float(-psi(k) + psi(n) + d * math.fsum(map(math.log, eps)) / n)


def frenzel_pompe_information(x: Block, y: Block, z: Block, k: int = 3) -> float:
    """[FP07] for I(x; y | z): psi(k) - <psi(n_xz + 1) + psi(n_yz + 1) - psi(n_z + 1)>.

    Counts of other rows strictly closer than the k-th distance in the space of x, y and z.
    """
    dx, dy, dz = _distances(x), _distances(y), _distances(z)
    dxz, dyz = np.maximum(dx, dz), np.maximum(dy, dz)
    joint = np.maximum(dxz, dyz)
    terms = []
    for i in range(len(dx)):
        radius = np.sort(_others(joint, i))[k - 1]
        terms += [psi(_n_inside(dxz, i, radius) + 1), psi(_n_inside(dyz, i, radius) + 1)]
        terms.append(-psi(_n_inside(dz, i, radius) + 1))
    return float(psi(k) - math.fsum(terms) / len(dx))


def ross_information(x: Labels, y: Block, k: int = 3) -> float:
    """[R14] eq. 2 for labels x: psi(n) - <psi(N_x)> + <psi(k_i)> - <psi(m_i)>.

    The radius of row i is the distance to its k_i-th neighbour among the N_x rows of its own
    category, k_i = min(k, N_x - 1). m_i counts the rows of all categories within it: that
    neighbour, and the other rows strictly closer. A row alone in its category has no neighbour:
    it is left out of the sample, of n and of every count. No row left: 0.
    """
    sizes = Counter(x)
    kept = [i for i, label in enumerate(x) if sizes[label] > 1]
    if not kept:
        return 0.0
    labels, distances = [x[i] for i in kept], _distances(_block(y)[kept])
    terms = []
    for i, label in enumerate(labels):
        same = [distances[i, j] for j, other in enumerate(labels) if other == label and j != i]
        k_i = min(k, len(same))
        m_i = _n_inside(distances, i, sorted(same)[k_i - 1]) + 1
        terms.append(psi(len(kept)) - psi(sizes[label]) + psi(k_i) - psi(m_i))
    return math.fsum(terms) / len(kept)


def _is_continuous(part: Block | Labels) -> bool:
    return isinstance(part, np.ndarray) and part.dtype.kind == "f"


def _mixed_distances(parts: Sequence[Block | Labels], n: int) -> Block:
    """Largest distance over the parts; two different labels are infinitely far apart."""
    distances = np.zeros((n, n))
    for part in parts:
        if _is_continuous(part):
            distances = np.maximum(distances, _distances(part))
        else:
            states = list(dict.fromkeys(part))
            codes = np.array([states.index(label) for label in part])
            apart = np.where(codes[:, None] == codes[None, :], 0.0, math.inf)
            distances = np.maximum(distances, apart)
    return distances


def mixed_information(
    x: Sequence[Block | Labels],
    y: Sequence[Block | Labels],
    z: Sequence[Block | Labels] = (),
    k: int = 3,
) -> float:
    """I(x; y | z) of any mixture, after [MS21]; each argument is a list of parts.

    A part that is a float array is continuous (a value may still occur many times), any other is
    labels. Max norm over the parts, different labels infinitely far apart. With f the number of
    other rows at finite distance in the joint space, k_i = min(k, f) and rho the k_i-th distance,
    the estimate is psi(k_i) + <psi(n_z) - psi(n_xz) - psi(n_yz)>, n_z = n where z is empty:

    - without repeated values n_s = 1 + the number of other rows strictly closer than rho in s;
    - with repeated values in a continuous part psi(n_s) is that of `psi_with_ties`, for the axes
      x, z and y;
    - all parts labels: the numbers of equal rows, in place of k_i as well;
    - f = 0, some part continuous: its density cannot be told. The row is left out of the sample,
      of n and of every count. No row left: 0.

    Without repeated values this is, term by term, [KSG04] eq. 8 for blocks without z, [FP07] with
    z, and [R14] for labels against a block; where all is labels, the plug-in with psi for log. A
    row with k copies has the numbers of copies, itself among them, for k_i and all n_s; counting so
    follows [GKOV17], with psi(n) for its log n.

    [MS21] itself counts the rows at distance <= rho in every subspace. The k-th neighbour then
    counts in those subspaces that attain rho and not in the others, where [KSG04] and [FP07] add
    one in each, and in [R14] the category, which counts the row itself, differs by one from the
    ball, which does not: with <= none of the three reductions is exact, whether or not the row
    itself is counted.
    """
    parts = [*x, *y, *z]
    n = len(parts[0])
    n_finite = np.isfinite(_mixed_distances(parts, n)).sum(axis=1) - 1
    continuous = [np.asarray(part) for part in parts if _is_continuous(part)]
    kept = n_finite > 0 if continuous else np.ones(n, dtype=bool)
    if not kept.any():
        return 0.0
    with_ties = any(_repeats(part[kept]) for part in continuous)
    axes = [_mixed_distances(block, n)[np.ix_(kept, kept)] for block in (x, z, y)]
    spaces = [[0, 1], [1, 2], [1]]
    terms = []
    for i, finite in enumerate(n_finite[kept]):
        k_i = min(k, int(finite))
        if with_ties:
            of_joint, psis = psi(k_i), psi_with_ties(axes, spaces, i, k_i)
        else:
            far = [np.max([axes[a][i] for a in space], axis=0) for space in ([0, 1, 2], *spaces)]
            rho = np.sort(far[0])[k_i] if continuous else 0.0  # the first is the row itself
            inside = [np.sum(d < rho) if continuous else np.sum(d == 0) for d in far]
            of_joint, *psis = psi([k_i if continuous else inside[0], *inside[1:]])
        terms.append(of_joint - psis[0] - psis[1] + psis[2])
    return math.fsum(terms) / len(terms)


# Kernel densities -----------------------------------------------------------------------------


def _varying(block: Block) -> Block:
    """Without the constant columns."""
    return block[:, [bool(np.any(column != column[0])) for column in block.T]]


def kde_bandwidths(block: Block, rule: str) -> Block:
    """One width per column of n rows in d dimensions, a factor times the deviation (n - 1).

    "scott": n^(-1 / (d + 4)) ([S92]); "silverman": (n (d + 2) / 4)^(-1 / (d + 4)) ([S86]).
    """
    n, d = block.shape
    factor = {"scott": n, "silverman": n * (d + 2) / 4}[rule] ** (-1 / (d + 4))
    return np.array([factor * np.std(column, ddof=1) for column in block.T])


def _log_densities(block: Block, widths: Block) -> Block:
    """Log density at each row, estimated from the others with a product of Gaussian kernels."""
    n = len(block)
    exponents = np.zeros((n, n))
    for column, width in zip(block.T, widths, strict=True):
        exponents -= ((column[:, None] - column[None, :]) / width) ** 2 / 2
    np.fill_diagonal(exponents, -math.inf)
    norm = math.fsum(math.log(width * math.sqrt(2 * math.pi)) for width in widths)
    return logsumexp(exponents, axis=1) - math.log(n - 1) - norm


def kde_information(
    x: Block, y: Block, z: Block | None = None, bandwidth: str | float | Block = "scott"
) -> float:
    """<log f(x, y, z) + log f(z) - log f(x, z) - log f(y, z)> ([MRL95]), f(z) = 1 without z.

    Densities leave out the row at which they are taken. A column has the same width in all four:
    by a rule with the d of the joint, or given outright, one number for all columns or one per
    column of x, y and z in this order. Constant columns are dropped first and count in no d;
    nothing left of x or y: 0.
    """
    blocks = _blocks(x, y, z)
    if isinstance(bandwidth, str):
        widths = kde_bandwidths(_varying(np.hstack(blocks)), bandwidth)
    else:
        given = np.broadcast_to(bandwidth, np.hstack(blocks).shape[1])
        widths = given[np.any(np.hstack(blocks) != np.hstack(blocks)[0], axis=0)]
    xs, ys, zs = map(_varying, blocks)
    if xs.shape[1] == 0 or ys.shape[1] == 0:
        return 0.0
    hx, hy, hz = np.split(widths, np.cumsum([xs.shape[1], ys.shape[1]]))

    def mean_log(*pairs: tuple[Block, Block]) -> float:
        columns, h = zip(*pairs, strict=True)
        return math.fsum(_log_densities(np.hstack(columns), np.concatenate(h))) / len(xs)

    plus = mean_log((xs, hx), (ys, hy), (zs, hz)) + mean_log((zs, hz))
    return plus - mean_log((xs, hx), (zs, hz)) - mean_log((ys, hy), (zs, hz))


def kde_entropy(x: Block, bandwidth: str | float | Block = "scott") -> float:
    """-<log f(x)>, the density leaving out the row at which it is taken ([MRL95]).

    A constant column is a point: minus infinity.
    """
    block = _block(x)
    if _varying(block).shape != block.shape:
        return -math.inf
    if isinstance(bandwidth, str):
        widths = kde_bandwidths(block, bandwidth)
    else:
        widths = np.broadcast_to(bandwidth, block.shape[1])
    return -math.fsum(_log_densities(block, widths)) / len(block)


# Adaptive partition ---------------------------------------------------------------------------

CHI_SQUARE_95 = float(chi2.isf(0.05, 3))


def _dense_ranks(column: Block) -> list[int]:
    """Position of each value among the distinct values of its column."""
    levels = sorted(set(column))
    return [levels.index(value) for value in column]


def _median_cut(values: Sequence[int]) -> int | None:
    """The value above which to cut, so that the lower part holds nearest to half; None if one.

    A cut lies between two different values that both occur. Of two equally near, the lower.
    """
    ordered = sorted(values)
    m = len(ordered)
    cuts = [size for size in range(1, m) if ordered[size - 1] < ordered[size]]
    if not cuts:
        return None
    return ordered[min(cuts, key=lambda size: (abs(2 * size - m), size)) - 1]


def adaptive_partition(x: Block, y: Block, cut: str = "points") -> list[tuple[int, int, int]]:
    """Final cells of [DV99] for two columns: (rows inside, rows in its x range, in its y range).

    The last two count all rows, inside the cell or not. Everything is done on dense ranks, the
    position of a value among the distinct values of its column, so that ties stay together.

    A cell is a range of x ranks times a range of y ranks; the first holds everything. A cell with
    m rows inside is treated so:

    1. m < 4: final (with m = 0 as well; such cells are not returned).
    2. x is cut at a median of some rows: those inside the cell (cut="points"), or all rows in its
       x range, inside or not (cut="range"). The possible places are those between two different
       x ranks that occur among these rows; the place is the one where the number of them at or
       below is nearest to half of them, and of two equally near, the lower. y likewise and
       independently. A column with one rank only has no such place: final.
    3. The cut is directly above the rank below it: all rows of the x range with a rank up to and
       including that one are in the lower range, the rest in the upper.
    4. The m rows fall into four quadrants. With s_x the share of the rows of step 2 at or below
       the cut of x, and s_y likewise, m s_x s_y are expected in lower-lower, m s_x (1 - s_y) in
       lower-upper, and so on: m / 4 each without ties and with an even number of rows.
    5. The first cell is always split. Any other is split when the sum over the quadrants of
       (observed - expected)^2 / expected exceeds the 95 % point of chi-square with 3 degrees of
       freedom, 7.8147; else it is final.

    With cut="range" the expected numbers are those of the product of the two marginal
    distributions, so the splitting stops where p_xy / (p_x p_y) is even inside a cell, which is
    when the sum below misses nothing. With cut="points" it stops where x and y are independent
    inside a cell, which is not enough: rows huddled in a corner of it may be so too.
    """
    x_ranks, y_ranks = _dense_ranks(x), _dense_ranks(y)
    every_row = range(len(x_ranks))
    cells: list[tuple[int, int, int]] = []

    def visit(rows: list[int], x_range: range, y_range: range, is_first: bool) -> None:
        in_x = [i for i in every_row if x_ranks[i] in x_range]
        in_y = [i for i in every_row if y_ranks[i] in y_range]
        seen_x = [x_ranks[i] for i in (rows if cut == "points" else in_x)]
        seen_y = [y_ranks[i] for i in (rows if cut == "points" else in_y)]
        cut_x, cut_y = _median_cut(seen_x), _median_cut(seen_y)
        if len(rows) >= 4 and cut_x is not None and cut_y is not None:
            lower_x = sum(rank <= cut_x for rank in seen_x) / len(seen_x)
            lower_y = sum(rank <= cut_y for rank in seen_y) / len(seen_y)
            statistic, quadrants = 0.0, []
            for xs, share_x in (
                (range(x_range.start, cut_x + 1), lower_x),
                (range(cut_x + 1, x_range.stop), 1 - lower_x),
            ):
                for ys, share_y in (
                    (range(y_range.start, cut_y + 1), lower_y),
                    (range(cut_y + 1, y_range.stop), 1 - lower_y),
                ):
                    inside = [i for i in rows if x_ranks[i] in xs and y_ranks[i] in ys]
                    expected = len(rows) * share_x * share_y
                    statistic += (len(inside) - expected) ** 2 / expected
                    quadrants.append((inside, xs, ys))
            if is_first or statistic > CHI_SQUARE_95:
                for inside, xs, ys in quadrants:
                    visit(inside, xs, ys, False)
                return
        if rows:
            cells.append((len(rows), len(in_x), len(in_y)))

    visit(list(every_row), every_row, every_row, True)
    return cells


def adaptive_partition_information(x: Block, y: Block, cut: str = "points") -> float:
    """[DV99]: sum of p_xy log(p_xy / (p_x p_y)) over the cells of adaptive_partition."""
    n = len(x)
    cells = adaptive_partition(x, y, cut)
    return math.fsum(m / n * math.log(m * n / (in_x * in_y)) for m, in_x, in_y in cells)
