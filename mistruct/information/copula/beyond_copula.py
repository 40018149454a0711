r"""Information beyond the Gaussian copula from nearest neighbours, if there is evidence of it.

The excess of the information between x and y given z is

.. math:: E\left[\log \frac{p(x, y | z)}{p(x | z)\, p(y | z)} - g(x, y)\right]

with g the log ratio that jointly normal variables with the same canonical correlations would have.

- Neighbours look at views of few axes. By the data-processing inequality a function of x and one
  of y share no more than x and y do, so each view errs to the low side. One view is of canonical
  coordinates, as many as there are rows to halve along each; one of those pairs of them whose
  correlation is significant; one of the radii :math:`|x|` and :math:`|y|` of the whitened blocks,
  which carry all that a common scale, as of heavy tails, adds.
- The same views of Gaussian tables with the same correlations show the excess that is none, so
  the bias of neighbours in many dimensions, and of correlations in few rows, is taken off.
- The rows are cut in two halves that know nothing of each other. Each names the view with the
  largest excess, if that clearly exceeds its standard error, and what is taken is the excess of
  the *other* half. So the choice adds no bias where there is nothing to be found. Where both
  halves name a view, the excess is that of all rows at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import psi
from scipy.stats import chi2, rankdata

from mistruct._typing import Floats
from mistruct.errors import TooFewRowsError
from mistruct.information.blocks import normal_scores
from mistruct.information.copula.basis import Basis, basis
from mistruct.information.copula.gaussian_copula import gaussian_bias
from mistruct.information.neighbors.points import Tree, arrange
from mistruct.information.neighbors.ties import mean_psi_of_spaces, repeat_values

Rows = NDArray[np.bool_]

# Canonical correlations are significant up to this p-value.
_SIGNIFICANT = 0.01

#: An excess is clear from so many standard errors on.
CLEAR = 2.5

_NO_VIEW = -1

# Gaussian tables are drawn until they have so many rows in all.
_SURROGATE_ROWS = 8000
_MOST_SURROGATES = 16


@dataclass(frozen=True)
class _View:
    """Coordinates of the nearest neighbours, shape (d, n) each, and the information explained."""

    x: Floats
    y: Floats
    z: Floats
    explained: Floats

    @cached_property
    def repeats(self) -> bool:
        """Whether a coordinate has repeated values."""
        return any(map(repeat_values, (self.x, self.y, self.z)))

    def excess(self, rows: Rows | slice, k: int) -> Floats:
        """Contribution of each point among some rows to the information, less the explained."""
        parts = [part[:, rows] for part in (self.x, self.z, self.y)]
        spaces = [(0, 1), (1, 2), (1,)][: 2 + (len(self.z) > 0)]
        joint = Tree(np.concatenate(parts))
        arranged = arrange([np.concatenate([parts[b] for b in space]) for space in spaces])
        n = parts[0].shape[1]
        radius = joint.nearest(np.full(n, k))
        if self.repeats:
            of_joint, *of_spaces = (
                np.repeat(space, [len(parts[b]) for b in space]) for space in ((0, 1, 2), *spaces)
            )
            of_x, of_y, *of_z = mean_psi_of_spaces(
                joint, of_joint, arranged, of_spaces, np.full(n, k), radius
            )
        else:
            limits = np.nextafter(radius, 0.0)  # what lies at the radius does not count
            of_x, of_y, *of_z = (psi(space.within(limits)) for space in arranged)
        terms = psi(k) - of_x - of_y + (of_z[0] if of_z else psi(n))
        return np.asarray(terms - self.explained[rows])


class Excess:
    """Information between x and y given z beyond that of their Gaussian copula."""

    def __init__(
        self, x: Basis, y: Basis, known: Basis, scores: Sequence[Floats], nats: float, k: int
    ) -> None:
        self.k = k
        self.nats = nats
        self.dimensions = len(x), len(y), len(known)
        self.n = x.shape[1]
        self.rho = np.asarray(np.linalg.svd(x @ y.T, compute_uv=False), dtype=np.float64)
        self.n_pairs = _n_correlated(self.rho, self.n, self.dimensions)
        self.views = _views(x, y, known, scores, self.n_pairs)

    def estimate(self, first: Rows, seed: int) -> float:
        """Estimate in nats, given half of the rows and the seed of the Gaussian tables."""
        halves = first, ~first
        if not self.views or min(half.sum() for half in halves) <= self.k:
            return 0.0
        tables = self._tables(seed)
        middle = self.n // 2
        none = self._none(tables, [slice(0, middle), slice(middle, self.n)])
        noise = 1 / len(tables) if tables else 0.0  # what `none` adds to the variance
        parts, named = [], []
        for half in halves:
            terms = np.array([view.excess(half, self.k) for view in self.views])
            mean = terms.mean(axis=1) - none
            variance = terms.var(axis=1) / terms.shape[1] * (1 + noise)
            clear = mean > CLEAR * np.sqrt(variance)
            named.append(int(np.where(clear, mean, -np.inf).argmax()) if clear.any() else _NO_VIEW)
            parts.append(mean * terms.shape[1] / self.n)
        if _NO_VIEW in named:
            others = zip(parts[::-1], named, strict=True)
            return float(sum(part[view] for part, view in others if view != _NO_VIEW))
        every = slice(None)
        none = self._none(tables, [every])
        return float(np.mean([self.views[v].excess(every, self.k).mean() - none[v] for v in named]))

    def _none(self, tables: Sequence[Sequence[_View]], parts: Sequence[slice]) -> Floats:
        """Mean excess of each view in parts of Gaussian tables, in which the true one is 0."""
        if not tables:
            # That of `explained`, since neighbours on two axes have almost no bias.
            return np.array([-gaussian_bias(self.n, 1, 1, 0)])
        means = [
            [view.excess(part, self.k).mean() for view in views]
            for views in tables
            for part in parts
        ]
        return np.asarray(np.mean(means, axis=0))

    def _tables(self, seed: int) -> list[list[_View]]:
        """Views of random Gaussian tables with the information that the copula has found."""
        if self.dimensions == (1, 1, 0):
            return []
        rng = np.random.default_rng(seed)
        rho = _shrunk(self.rho, self.nats)[:, np.newaxis]
        drawn = []
        for _ in range(min(max(1, _SURROGATE_ROWS // self.n), _MOST_SURROGATES)):
            x, y, z = (rng.normal(size=(d, self.n)) for d in self.dimensions)
            shared = rng.normal(size=(rho.size, self.n))
            for block in (x, y):
                block[: rho.size] *= np.sqrt(1 - rho)
                block[: rho.size] += np.sqrt(rho) * shared
            known = basis(z)
            blocks = basis(x, known), basis(y, known), known
            drawn.append(_views(*blocks, (x, y, z), self.n_pairs))
        return drawn


def require_neighbors(n_samples: int, k: int, names: Sequence[str]) -> None:
    """Raise TooFewRowsError if there are too few points for k neighbours."""
    if n_samples <= k:
        raise TooFewRowsError(
            f"n_neighbors={k} needs more rows, but {n_samples} are complete in "
            f"{', '.join(map(repr, names))}"
        )


def cut_in_halves(values: Floats) -> tuple[Rows, int]:
    """Choose half of the rows, and a seed, from the ranks of columns of shape (d, n).

    Neither depends on the order of rows or columns, nor on the direction of a column. Equal rows
    are shared out between the halves.
    """
    # What tells a row from others, whatever the direction and order of columns, and all of it.
    code = codes_of_ranks(values).sum(axis=0)
    ranks = _centred_ranks(values)
    content = _mixed(ranks + np.arange(len(ranks))[:, np.newaxis] * 2.0**32).sum(axis=0)
    order = np.lexsort((content, code))
    starts_code = np.diff(code[order], prepend=~code[order[:1]]) != 0
    starts_content = starts_code | (np.diff(content[order], prepend=~content[order[:1]]) != 0)
    at = np.arange(order.size)
    repeated = at - np.maximum.accumulate(np.where(starts_content, at, 0))
    first = np.empty(order.size, dtype=np.bool_)
    first[order] = (np.cumsum(starts_code) + repeated) % 2 == 1
    return first, int(code.sum())


def codes_of_ranks(values: Floats) -> NDArray[np.uint64]:
    """Codes of ranks that do not change if the ranks are reversed."""
    return _mixed(np.abs(_centred_ranks(values)))


def _centred_ranks(values: Floats) -> Floats:
    """Twice the centred rank, a whole number even if tied ranks are averaged."""
    return np.asarray(2 * rankdata(values, axis=1) - values.shape[1] - 1)


def _mixed(values: Floats) -> NDArray[np.uint64]:
    """Hash whole numbers to 64 bits (SplitMix64: Steele, Lea and Flood 2014)."""
    word = values.astype(np.int64).astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


def _views(x: Basis, y: Basis, known: Basis, scores: Sequence[Floats], n_pairs: int) -> list[_View]:
    """Views of blocks with `n_pairs` correlated pairs; none if z has too many axes."""
    (n_x, n), n_y = x.shape, len(y)
    u, rho, vt = np.linalg.svd(x @ y.T)
    x, y = _oriented(u.T @ x, rho.size, scores[0]), _oriented(vt @ y, rho.size, scores[1])
    z = _oriented(known, 0, scores[2])
    n_axes = int(math.log2(n)) - len(known)
    if n_axes < 2:
        return []
    of_x = min(n_x, max(n_axes // 2, n_axes - n_y))
    of_y = min(n_y, max(n_axes // 2, n_axes - n_x))
    a, b, r = x[: rho.size], y[: rho.size], rho[:, np.newaxis]
    left = 1 - r**2
    by_pair = -0.5 * (np.log(left) + (r**2 * (a**2 + b**2) - 2 * r * a * b) / left)
    views = [_View(x[:of_x], y[:of_y], z, by_pair[: min(of_x, of_y)].sum(axis=0))]
    if 0 < n_pairs <= min(of_x, of_y) and n_pairs < max(of_x, of_y):
        views.append(_View(x[:n_pairs], y[:n_pairs], z, by_pair[:n_pairs].sum(axis=0)))
    if max(n_x, n_y) > 1:
        r_x, r_y = (normal_scores((part**2).sum(axis=0, keepdims=True)) for part in (x, y))
        views.append(_View(r_x, r_y, z, np.zeros(n)))
    return views


def _n_correlated(rho: Floats, n: int, dimensions: tuple[int, int, int]) -> int:
    """Number of significant canonical correlations, by Bartlett's sequence of tests."""
    n_x, n_y, n_z = dimensions
    found = np.arange(rho.size)
    of_rest = -np.log1p(-(rho**2))[::-1].cumsum()[::-1]
    statistic = (n - 1 - n_z - (n_x + n_y + 1) / 2) * of_rest
    p = chi2.sf(statistic, (n_x - found) * (n_y - found))
    return int(np.append(p > _SIGNIFICANT, True).argmax())


def _oriented(rows: Basis, n_canonical: int, scores: Floats) -> Floats:
    """Coordinates of unit variance: canonical variables first, then principal axes.

    Beyond the canonical ones any rotation would do, but distances in the max norm depend on it.
    """
    canonical, rest = rows[:n_canonical], rows[n_canonical:]
    if len(rest) > 1:
        rest = np.linalg.svd(rest @ scores.T)[0].T @ rest
    return unit_variance(np.concatenate([canonical, rest]))


def unit_variance(rows: Basis) -> Floats:
    """Scale centred rows of length 1 to variance 1.

    Rounded, so that what is equal stays equal, and distances do not depend on the last digit.
    """
    return np.round(math.sqrt(rows.shape[1]) * rows, 12)


def _shrunk(rho: Floats, nats: float) -> Floats:
    """Correlations with information `nats`, from squares lowered by a common amount."""

    def surplus(amount: float) -> float:
        return -0.5 * float(np.log1p(-np.maximum(rho**2 - amount, 0.0)).sum()) - nats

    if surplus(0.0) <= 0.0:
        return rho
    most = float(rho.max() ** 2)
    amount = float(brentq(surplus, 0.0, most)) if nats > 0 else most
    return np.asarray(np.sqrt(np.maximum(rho**2 - amount, 0.0)))
