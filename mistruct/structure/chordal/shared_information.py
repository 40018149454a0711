"""I(x; y | z) of the pairs of a table, each given a set of its own: that of the likelihood.

Between discrete columns it is the plug-in estimate, between continuous ones that of the Gaussian
copula without correction for bias, so that 2 n I is what an edge adds to twice the log-likelihood.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset
from mistruct.errors import DataError, TooFewRowsError
from mistruct.independence.base import IndependenceTest
from mistruct.independence.copula.copula_test import CopulaTest
from mistruct.independence.g_test import GTest
from mistruct.independence.protocol import Ragged
from mistruct.information.base import Estimator
from mistruct.information.copula.basis import RESOLUTION
from mistruct.information.copula.gaussian_copula import GaussianCopula
from mistruct.information.copula.score_correlations import score_correlations
from mistruct.information.counts.plug_in import PlugIn
from mistruct.kernels.gaussian.partial_correlation import information_of_each
from mistruct.parallel import blocks_by_cost, for_each

_NANOSECONDS_OF_A_PAIR = 100.0

# So many rows beside one for each column of z leave nothing to tell a correlation by.
_LOST_ROWS = 3

# A test that stops at no level.
_ANY = 0.5


class SharedInformation(ABC):
    """Information that columns of a table share, and its test.

    Attributes
    ----------
    data : Dataset
        The table as it is seen, in which ordinal columns are of one of the other kinds.
    estimator : Estimator
    test : IndependenceTest
    dimensions : ndarray of float, shape (n_variables,)
        The product of those of x and y, times the joint states of z, are the free parameters of an
        edge.
    """

    data: Dataset
    estimator: Estimator
    test: IndependenceTest
    dimensions: Floats

    def __init__(self, data: Dataset) -> None:
        self.data = data
        gaps = any(data.n_missing.values())
        self._known = np.array([data.known(n) for n in data.names]) if gaps else None

    @abstractmethod
    def of_pairs(self) -> Floats:
        """I(x; y), shape (n_variables, n_variables)."""

    @abstractmethod
    def given(self, pairs: Positions, sets: Ragged) -> Floats:
        """I(x; y | z) of each pair given its own set, shape (n_pairs,); NaN where none is known."""

    @abstractmethod
    def joint_states(self, sets: Ragged) -> Floats:
        """Number of joint states of each set of columns."""

    def n_complete(self, pairs: Positions, sets: Ragged) -> Positions:
        """The rows that are complete in each pair and its set."""
        if self._known is None:
            return np.full(len(pairs), self.data.n_samples)
        columns = ([*pair, *sets[k]] for k, pair in enumerate(pairs.tolist()))
        return np.array([self._known[some].all(axis=0).sum() for some in columns], dtype=np.int64)

    def n_of_pairs(self) -> Floats | int:
        """The rows that are complete in two columns, of all pairs if they differ."""
        if self._known is None:
            return self.data.n_samples
        known = self._known.astype(np.float32)
        return np.asarray(known @ known.T, dtype=np.float64)


def shared_information(data: Dataset) -> SharedInformation:
    """Information that the columns of a table share.

    Ordinal columns go by their states beside discrete ones, and otherwise by their order.

    Raises
    ------
    DataError
        Some columns are discrete, others continuous.
    """
    seen = data.by_order
    if seen.discrete and data.continuous:
        raise DataError(
            "a chordal network needs columns of one kind, but "
            f"{seen.discrete[0]!r} is discrete and {seen.continuous[0]!r} continuous "
            f"({len(seen.discrete)} and {len(seen.continuous)} columns): make all discrete with "
            "mistruct.discretize, leave one kind out with select, or learn a forest with ChowLiu"
        )
    return _BetweenStates(data.by_states) if seen.discrete else _BetweenNumbers(seen)


class _BetweenStates(SharedInformation):
    """Information that discrete columns share, from counts."""

    def __init__(self, data: Dataset) -> None:
        super().__init__(data)
        self.estimator, self.test = PlugIn(), GTest()
        self._counts = GTest(sparse="chi-square")  # of which no p-value is asked for
        self._n_states = data.n_observed.astype(np.float64)
        self.dimensions = np.maximum(self._n_states - 1.0, 0.0)

    def of_pairs(self) -> Floats:
        columns = np.arange(self.data.n_variables)
        return np.asarray(self.estimator.pairwise(self.data, columns, columns))

    def given(self, pairs: Positions, sets: Ragged) -> Floats:
        return self._counts.test_each(self.data, pairs, sets, _ANY).mi

    def joint_states(self, sets: Ragged) -> Floats:
        return np.array([self._n_states[sets[k]].prod() for k in range(len(sets))])


class _BetweenNumbers(SharedInformation):
    """Information that continuous columns share, from the correlations of their normal scores."""

    def __init__(self, data: Dataset) -> None:
        super().__init__(data)
        self.estimator, self.test = GaussianCopula(bias_correction=False), CopulaTest()
        self.dimensions = np.ones(data.n_variables)
        self._correlations = None
        if self._known is None:
            self._correlations = score_correlations(data, np.arange(data.n_variables))[0]

    def of_pairs(self) -> Floats:
        if self._correlations is None:
            columns = np.arange(self.data.n_variables)
            nats = np.asarray(self.estimator.pairwise(self.data, columns, columns))
        else:
            left = 1.0 - self._correlations**2
            left[left <= RESOLUTION**2] = 0.0
            with np.errstate(divide="ignore"):
                nats = np.asarray(-0.5 * np.log(left))
        nats[np.broadcast_to(self.n_of_pairs() <= _LOST_ROWS, nats.shape)] = np.nan
        return nats

    def given(self, pairs: Positions, sets: Ragged) -> Floats:
        if self._correlations is None:
            of_each = (
                self._in_complete_rows(pair, sets[k]) for k, pair in enumerate(pairs.tolist())
            )
            nats = np.fromiter(of_each, np.float64, len(pairs))
        else:
            nats = self._from_correlations(self._correlations, pairs, sets)
        nats[self.n_complete(pairs, sets) - sets.lengths <= _LOST_ROWS] = np.nan
        return nats

    def joint_states(self, sets: Ragged) -> Floats:
        return np.ones(len(sets))

    def _from_correlations(self, correlations: Floats, pairs: Positions, sets: Ragged) -> Floats:
        nats = np.empty(len(pairs))

        def run(block: slice) -> None:
            starts = sets.starts[block.start : block.stop + 1]
            information_of_each(
                correlations, RESOLUTION**2, pairs[block], sets.flat, starts, nats[block]
            )

        cost = np.asarray(_NANOSECONDS_OF_A_PAIR * (sets.lengths + 1.0) ** 2)
        for_each(run, blocks_by_cost(len(pairs), cost), description="conditional information")
        return nats

    def _in_complete_rows(self, pair: list[int], given: list[int]) -> float:
        of_x, of_y, of_z = (
            [self.data.names[c] for c in some] for some in (pair[:1], pair[1:], given)
        )
        try:
            return self.estimator.information(self.data, of_x, of_y, of_z)
        except TooFewRowsError:
            return np.nan
