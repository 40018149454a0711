"""P-values of differences in dependence between groups, for all pairs of columns of any kind.

Pairs of columns with an order are tested by permutation (`score_differences`). Where a column has
states without order, the two are tested for interaction with the groups in a contingency table, in
which a column of numbers is binned at the quartiles of each group: Bartlett's (1935) hypothesis
that odds ratios are the same in all groups, by Pearson's statistic against chi-square.

A pair that differs mostly depends in some group, and so in the mean of the groups. A part of alpha
goes to the pairs that do, whichever they are; the rest is spread evenly. Since such dependence is
independent of the p-value of a pair that does not differ, the false discovery rate of the p-values,
each divided by its weight, is bounded as before (Genovese, Roeder and Wasserman 2006).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtri
from scipy.stats import false_discovery_control

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset
from mistruct.kernels.counts.interaction import interactions
from mistruct.parallel import blocks_by_cost, for_each, slices
from mistruct.structure.differential.edge_changes import pairs_at
from mistruct.structure.differential.score_differences import (
    Groups,
    Sorted,
    score_differences,
    scores_within,
)

# The parts of alpha that the linear and the form statistic may use: most changes are linear.
_LINEAR, _FORM = 0.9, 0.1
# The part of alpha that goes to pairs that depend in the mean of the groups.
_OF_DEPENDENT = 0.25

_QUARTILES = ndtri(np.array([0.25, 0.5, 0.75]))
_NANOSECONDS_PER_ROW = 5.0
_PAIRS_AT_ONCE = 1_000_000


class PairDifferences(NamedTuple):
    """Tests of all pairs of columns, in the order of ``numpy.triu_indices``.

    Attributes
    ----------
    p_values : ndarray of float
        NaN if a pair cannot be tested.
    weights : ndarray of float
        What each p-value is divided by before it is adjusted; their mean is 1.
    """

    p_values: Floats
    weights: Floats

    def adjusted(self) -> Floats:
        """Adjusted p-values (Benjamini and Hochberg 1995) of those that are not NaN."""
        q_values = np.full(len(self.p_values), np.nan)
        told = ~np.isnan(self.p_values)
        if told.any():
            weighted = np.minimum(self.p_values[told] / self.weights[told], 1.0)
            q_values[told] = false_discovery_control(weighted)
        return q_values


def pair_differences(
    data: Dataset,
    groups: Groups,
    n_permutations: int,
    rng: np.random.Generator,
    *,
    n_given: int = 0,
) -> PairDifferences:
    """Test all pairs of columns; for the parameters, see `score_differences`."""
    n_columns = data.n_variables
    n_pairs = n_columns * (n_columns - 1) // 2
    p_values, weights = np.full(n_pairs, np.nan), np.ones(n_pairs)
    numbers = np.array([data.kinds[n] == "continuous" for n in data.names], dtype=bool)
    ordered = np.outer(numbers, numbers)[np.tri(n_columns, k=-1, dtype=bool).T]
    if ordered.any():
        found = score_differences(data.values, groups, n_permutations, rng, n_given=n_given)
        p_values[ordered] = np.minimum(np.minimum(found.linear / _LINEAR, found.form / _FORM), 1.0)
        weights[ordered] = _weights(found.depends, ~np.isnan(found.linear))
    counted = np.flatnonzero(~ordered)
    if len(counted):
        states = _states(data, groups)
        for some in slices(len(counted), _PAIRS_AT_ONCE):
            pairs = pairs_at(counted[some], n_columns)
            p_values[counted[some]] = _by_counts(*states, groups, pairs)
    return PairDifferences(p_values, weights)


def _weights(depends: NDArray[np.bool_], tested: NDArray[np.bool_]) -> Floats:
    """Weights of pairs, whose mean over those tested is 1."""
    dependent = depends & tested
    if not dependent.any():
        return np.ones(len(depends))
    share = float(tested.sum() / dependent.sum())
    return np.asarray(1.0 + _OF_DEPENDENT * (share * dependent - 1.0))


def _by_counts(codes: Positions, n_states: Positions, groups: Groups, pairs: Positions) -> Floats:
    statistic, dof = np.empty(len(pairs)), np.empty(len(pairs), dtype=np.int64)

    def fill(part: slice) -> None:
        interactions(codes, n_states, pairs[part], *groups, statistic[part], dof[part])

    cost = _NANOSECONDS_PER_ROW * codes.shape[1]
    for_each(fill, blocks_by_cost(len(pairs), cost), description="interactions")
    return np.where(dof > 0, chdtrc(np.maximum(dof, 1), statistic), np.nan)


def _states(data: Dataset, groups: Groups) -> tuple[Positions, Positions]:
    """Codes and numbers of states of all columns; numbers are cut at quartiles of each group."""
    codes = np.empty((data.n_variables, data.n_samples), dtype=np.int64)
    n_states = np.empty(data.n_variables, dtype=np.int64)
    for position, name in enumerate(data.names):
        if data.kinds[name] == "continuous":
            values = data.values[[data.row(name)]]
            scores, rows = scores_within(Sorted.of(values), groups.cell)
            codes[position, rows] = np.digitize(scores[0], _QUARTILES)
            codes[position, np.isnan(values[0])] = 4
            n_states[position] = 4
        else:
            codes[position] = data.codes[data.row(name)]
            n_states[position] = len(data.states[name])
    return codes, n_states


def correlations_within(data: Dataset, groups: Groups, pairs: Positions) -> NDArray[np.float64]:
    """Correlation of the normal scores of pairs in each group, shape (n_groups, n_pairs).

    NaN unless both columns have an order.
    """
    n_groups = int(groups.group.max()) + 1
    found = np.full((n_groups, len(pairs)), np.nan)
    numbers = np.array([data.kinds[n] == "continuous" for n in data.names], dtype=bool)
    for k in np.flatnonzero(numbers[pairs].all(axis=1)):
        values = data.values[[data.row(data.names[p]) for p in pairs[k]]]
        known = ~np.isnan(values).any(axis=0)
        inside = Groups(groups.group[known], groups.stratum[known])
        scores, rows = scores_within(Sorted.of(values[:, known]), inside.cell)
        for g in range(n_groups):
            x, y = scores[:, inside.group[rows] == g]
            spread = x.std() * y.std()
            found[g, k] = np.mean((x - x.mean()) * (y - y.mean())) / spread if spread else 0.0
    return found
