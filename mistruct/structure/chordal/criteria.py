r"""When an edge is worth its parameters.

``bdeu`` adds edges as long as the columns become more probable, when the tables of all cliques are
drawn from Dirichlet distributions that agree on their separators (Dawid and Lauritzen 1993). Then
an edge gains :math:`\log P(a, b, S) P(S) - \log P(a, S) P(b, S)`, where P is the probability of
some columns under the distribution of their joint states (`scores.discrete`).

``bic`` adds edges as long as the penalised likelihood of the network grows. Where ab has separator
S, an edge has :math:`d = d_a d_b q_S` free parameters, with q joint states of S and r - 1
dimensions of a column of r states, or 1 of a continuous one, and gains

.. math:: n I(a; b \mid S) - \frac{\log n}{2} d - \gamma \log p

nats. What it gains does not depend on how the network came to be, so that the sum over all edges is
the score of the network (Schwarz 1978; Chen and Chen 2008 for the last term).

``alpha`` bounds the chance of any false edge in the whole search. An edge is chosen as the best of
m candidates, so its p-value counts m times. As it is not known beforehand how often an edge will be
chosen, and among how many, each one uses up m p of alpha, and the first edge that would use more
than what is left ends the search (Webb and Petitjean 2016; Webb and van der Laan 2017).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np

from mistruct._typing import Floats, Positions
from mistruct.independence.protocol import Ragged
from mistruct.parallel import for_each, slices
from mistruct.scores.base import price_of_edge
from mistruct.scores.discrete import BDeu
from mistruct.scores.names import AVERAGED_SIZES
from mistruct.structure.chordal.shared_information import SharedInformation

# Decimals of a key. What is equal but for rounding must be, so that names decide.
_DECIMALS = 8

# Pairs that are tested at a time, so that their p-values take little memory.
_PAIRS_AT_ONCE = 1_000_000


class Criterion(ABC):
    """Ranks candidates by keys, the larger the better; -inf for what is never added."""

    @abstractmethod
    def keys_of_pairs(self) -> Floats:
        """The keys of all pairs without a separator, shape (n_variables, n_variables).

        Only those of a first column with a later one count.
        """

    @abstractmethod
    def keys(self, pairs: Positions, separators: Ragged) -> Floats:
        """The keys of some pairs."""

    @abstractmethod
    def accepts(self, key: float, n_candidates: int) -> bool:
        """Whether the best of so many candidates becomes an edge."""


class Penalised(Criterion):
    """The gain in penalised likelihood, in nats, as long as it is one."""

    def __init__(self, shared: SharedInformation, gamma: float) -> None:
        self._shared = shared
        self._of_edge = gamma * math.log(shared.data.n_variables)

    def keys_of_pairs(self) -> Floats:
        """The gains of all pairs."""
        dimensions = self._shared.dimensions
        n = self._shared.n_of_pairs()
        return self._gains(self._shared.of_pairs(), n, np.outer(dimensions, dimensions))

    def keys(self, pairs: Positions, separators: Ragged) -> Floats:
        """The gains of some pairs."""
        dof = self._shared.dimensions[pairs].prod(axis=1) * self._shared.joint_states(separators)
        cmi = self._shared.given(pairs, separators)
        return self._gains(cmi, self._shared.n_complete(pairs, separators), dof)

    def accepts(self, key: float, n_candidates: int) -> bool:
        """Whether a gain is positive."""
        return key > 0

    def _gains(self, nats: Floats, m: Floats | Positions | int, dof: Floats) -> Floats:
        """The gains where m of n rows are complete, which cost n / m times their price."""
        n = self._shared.data.n_samples
        m = np.maximum(np.asarray(m, dtype=np.float64), 2.0)
        price = n / m * (0.5 * np.log(m) * dof + self._of_edge)
        gains = np.round(n * nats - price, _DECIMALS)
        gains[np.isnan(gains) | (dof == 0)] = -np.inf
        return np.asarray(gains)


class Probable(Criterion):
    """The gain in log-probability by Dirichlet distributions, in nats, as long as it is one."""

    def __init__(self, shared: SharedInformation, gamma: float) -> None:
        self._families = BDeu(AVERAGED_SIZES).families(shared.data)
        self._dimensions = shared.dimensions
        self._of_edge = price_of_edge(gamma, shared.data)

    def keys_of_pairs(self) -> Floats:
        """The gains of all pairs."""
        columns = np.arange(len(self._dimensions))
        gains = np.full((len(columns), len(columns)), -np.inf)

        def fill(of_columns: slice) -> None:
            for x in columns[of_columns].tolist():
                later = columns[x + 1 :][self._dimensions[x + 1 :] > 0]
                if len(later) and self._dimensions[x] > 0:
                    with_each = self._families.scores_with(x, [], later)
                    gains[x, later] = with_each - self._families.score(x, []) - self._of_edge

        for_each(fill, slices(len(columns), 1), description="pairs")
        return np.round(gains, _DECIMALS)

    def keys(self, pairs: Positions, separators: Ragged) -> Floats:
        """The gains of some pairs."""
        gains = np.full(len(pairs), -np.inf)
        for k in np.flatnonzero(self._dimensions[pairs].prod(axis=1) > 0).tolist():
            x, y = pairs[k].tolist()
            between = separators[k]
            joined = self._families.score(x, sorted([*between, y]))
            gains[k] = joined - self._families.score(x, between) - self._of_edge
        return np.round(gains, _DECIMALS)

    def accepts(self, key: float, n_candidates: int) -> bool:
        """Whether there is a gain."""
        return key > 0


class Significant(Criterion):
    """The p-value, as long as all edges together use up no more than alpha."""

    def __init__(self, shared: SharedInformation, alpha: float) -> None:
        self._shared = shared
        self._alpha = alpha
        self._left = alpha

    def keys_of_pairs(self) -> Floats:
        """The surprise of all pairs, tested some at a time."""
        n = self._shared.data.n_variables
        keys = np.full((n, n), -np.inf)
        first, second = np.triu_indices(n, 1)
        for some in slices(len(first), _PAIRS_AT_ONCE):
            pairs = np.column_stack([first[some], second[some]])
            tests = self._shared.test.test_pairs(self._shared.data, pairs)
            keys[first[some], second[some]] = _surprise(tests.p_value, tests.mi * tests.n_samples)
        return keys

    def keys(self, pairs: Positions, separators: Ragged) -> Floats:
        """The surprise of some pairs."""
        shared = self._shared
        tests = shared.test.test_each(shared.data, pairs, separators, self._alpha)
        return _surprise(tests.p_value, tests.mi * tests.n_samples)

    def accepts(self, key: float, n_candidates: int) -> bool:
        """Whether the edge uses up no more than is left, which it then does."""
        used = n_candidates * math.exp(-key)
        if used > self._left:
            return False
        self._left -= used
        return True


_LEAST_P_VALUE = 1e-300


def _surprise(p_values: Floats, nats: Floats) -> Floats:
    """-log p; where p is less than a float can hold, by the information; -inf for no p-value."""
    with np.errstate(divide="ignore", invalid="ignore"):
        surprise = -np.log(p_values)
        beyond = 1.0 - np.log(_LEAST_P_VALUE) + np.maximum(nats, 0.0)
    surprise = np.round(np.where(p_values < _LEAST_P_VALUE, beyond, surprise), _DECIMALS)
    surprise[np.isnan(surprise)] = -np.inf
    return np.asarray(surprise)
