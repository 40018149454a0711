r"""Consensus of the replicates of a network: pairs found more often than by chance.

Of n replicates, the b-th holds :math:`m_b` of the M pairs that are tested. If it had drawn these
at random, a pair would be in it with the chance :math:`m_b / M`, so that the number of replicates
that hold the pair would be a sum of n independent indicators: Poisson-binomial. The p-value of a
pair is the chance of a sum that is at least as large.

That is no statement about independence. Replicates share rows, so that a pair which is associated
by chance in the table is so in many of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Floats, Positions
from mistruct.structure.resampling.replicates import Arrays


class Votes:
    """Votes of replicates: for each pair, the number with it, and sums of its evidence.

    Attributes
    ----------
    sizes : list of int
        Number of pairs in each replicate.
    pairs : ndarray of int, shape (n_pairs,)
        ``source * n_columns + target`` of the pairs that some replicate holds, ascending.
    count, mi, weight : ndarray, shape (n_pairs,)
        Over the replicates that hold the pair.
    """

    def __init__(self, n_columns: int) -> None:
        self.n_columns = n_columns
        self.sizes: list[int] = []
        self.pairs = np.empty(0, dtype=np.int64)
        self.count = np.empty(0, dtype=np.int64)
        self.mi, self.weight = np.empty(0), np.empty(0)

    def add(self, replicate: Arrays) -> None:
        """Count a replicate with source, target, mi and weight of its pairs."""
        pairs = self._number(replicate["source"], replicate["target"])
        self.sizes.append(len(pairs))
        known, self.pairs = self.pairs, np.union1d(self.pairs, pairs)
        before, now = np.searchsorted(self.pairs, known), np.searchsorted(self.pairs, pairs)
        said = {**replicate, "count": 1}
        for name in ("count", "mi", "weight"):
            total = np.zeros(len(self.pairs), dtype=getattr(self, name).dtype)
            total[before] = getattr(self, name)
            total[now] += said[name]
            setattr(self, name, total)

    def restrict(self, source: Positions, target: Positions) -> None:
        """Keep only these pairs."""
        kept = np.isin(self.pairs, self._number(source, target))
        for name in ("pairs", "count", "mi", "weight"):
            setattr(self, name, getattr(self, name)[kept])

    @property
    def source(self) -> Positions:
        """Position of the first column of each pair."""
        return self.pairs // self.n_columns

    @property
    def target(self) -> Positions:
        """Position of the second column of each pair."""
        return self.pairs % self.n_columns

    def p_values(self, n_tests: int) -> Floats:
        """P-value of each pair: the chance of as many replicates with it, if drawn at random."""
        return poisson_binomial(np.array(self.sizes) / n_tests)[self.count]

    def _number(self, source: NDArray[Any], target: NDArray[Any]) -> Positions:
        return np.asarray(source.astype(np.int64) * self.n_columns + target)


def poisson_binomial(chances: Floats) -> Floats:
    """Upper tail P(S >= k), k = 0 to n, of a sum of independent events with these chances."""
    mass = np.ones(1)
    for chance in chances:
        mass = np.append(mass * (1 - chance), 0.0) + np.append(0.0, mass * chance)
    # From the far end, so that small chances keep all their digits.
    return np.minimum(np.cumsum(mass[::-1])[::-1], 1.0)
