"""P-values of a difference in dependence between groups, for all pairs of columns of any kind.

Pairs of columns with an order are tested by permutation (`score_differences`). Where a column has
states without order, the two are tested for interaction with the groups in a contingency table, in
which a column of numbers is binned at the quartiles of each group: Bartlett's (1935) hypothesis
that odds ratios are the same in all groups, by Pearson's statistic against chi-square.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtri

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset
from mistruct.kernels.counts.interaction import interactions
from mistruct.parallel import blocks_by_cost, for_each
from mistruct.structure.differential.score_differences import (
    Groups,
    Sorted,
    score_differences,
    scores_within,
)

# The parts of alpha that the linear and the form statistic may use: most changes are linear.
LINEAR, FORM = 0.9, 0.1

_QUARTILES = ndtri(np.array([0.25, 0.5, 0.75]))
_NANOSECONDS_PER_ROW = 5.0


def pair_differences(
    data: Dataset, groups: Groups, n_permutations: int, rng: np.random.Generator
) -> tuple[Positions, Floats]:
    """All pairs of columns by position, and the p-value of each, NaN where none can be told."""
    n_columns = data.n_variables
    pairs = np.column_stack(np.triu_indices(n_columns, 1))
    p_values = np.full(len(pairs), np.nan)
    numbers = np.array([data.kinds[n] == "continuous" for n in data.names], dtype=bool)
    ordered = numbers[pairs].all(axis=1)
    if ordered.any():
        linear, form = score_differences(data.values, groups, n_permutations, rng)
        p_values[ordered] = np.minimum(np.minimum(linear / LINEAR, form / FORM), 1.0)
    counted = np.flatnonzero(~ordered)
    if len(counted):
        p_values[counted] = _by_counts(data, groups, pairs[counted])
    return pairs, p_values


def _by_counts(data: Dataset, groups: Groups, pairs: Positions) -> Floats:
    codes, n_states = _states(data, groups)
    statistic, dof = np.empty(len(pairs)), np.empty(len(pairs), dtype=np.int64)

    def fill(part: slice) -> None:
        interactions(codes, n_states, pairs[part], *groups, statistic[part], dof[part])

    cost = _NANOSECONDS_PER_ROW * data.n_samples
    for_each(fill, blocks_by_cost(len(pairs), cost), description="interactions")
    return np.where(dof > 0, chdtrc(np.maximum(dof, 1), statistic), np.nan)


def _states(data: Dataset, groups: Groups) -> tuple[Positions, Positions]:
    """Codes of all columns, those of numbers by the quartiles of each group; numbers of states."""
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
