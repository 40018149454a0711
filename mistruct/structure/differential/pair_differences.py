"""P-values of differences in dependence between groups, for all pairs of columns of any kind.

Pairs of columns with an order are tested by permutation (`score_differences`). Where a column has
states without order, the two are tested for interaction with the groups in a contingency table, in
which a column of numbers is binned at the quartiles of each group: Bartlett's (1935) hypothesis
that odds ratios are the same in all groups, by Pearson's statistic against chi-square.

A pair that differs mostly depends in some group, and so in the mean of the groups, and most changes
are linear. Tests are weighted accordingly (`shared_alpha`).
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
from mistruct.structure.differential.group_scores import Groups, Sorted, scores_within
from mistruct.structure.differential.score_differences import score_differences
from mistruct.structure.differential.shared_alpha import FORM, LINEAR, weighted

_QUARTILES = ndtri(np.array([0.25, 0.5, 0.75]))
_NANOSECONDS_PER_ROW = 5.0
_PAIRS_AT_ONCE = 1_000_000
_PAIRS_OF_SCORES = 10_000


class PairDifferences(NamedTuple):
    """Tests of all pairs of columns, in the order of ``numpy.triu_indices``.

    Attributes
    ----------
    p_values : ndarray of float
        NaN if a pair cannot be tested.
    weighted : ndarray of float
        What is adjusted: p-values divided by weights.
    """

    p_values: Floats
    weighted: Floats

    def adjusted(self) -> Floats:
        """Adjusted p-values (Benjamini and Hochberg 1995) of those that are not NaN."""
        q_values = np.full(len(self.p_values), np.nan)
        told = ~np.isnan(self.p_values)
        if told.any():
            q_values[told] = false_discovery_control(self.weighted[told])
        return q_values


def pair_differences(
    data: Dataset,
    groups: Groups,
    n_permutations: int,
    rng: np.random.Generator,
    *,
    n_given: int = 0,
    alpha: float = 0.05,
) -> PairDifferences:
    """Test all pairs of columns.

    For the parameters, see `score_differences`; shares of `alpha` are learned for it.
    """
    n_columns = data.n_variables
    n_pairs = n_columns * (n_columns - 1) // 2
    p_values, of_alpha = np.full(n_pairs, np.nan), np.full(n_pairs, np.nan)
    numbers = np.array([data.kinds[n] == "continuous" for n in data.names], dtype=bool)
    ordered = np.outer(numbers, numbers)[np.tri(n_columns, k=-1, dtype=bool).T]
    if ordered.any():
        found = score_differences(data.values, groups, n_permutations, rng, n_given=n_given)
        p_values[ordered] = np.minimum(np.minimum(found.linear / LINEAR, found.form / FORM), 1.0)
        of_alpha[ordered] = weighted(*found, alpha)
    counted = np.flatnonzero(~ordered)
    if len(counted):
        states = _states(data, groups)
        for some in slices(len(counted), _PAIRS_AT_ONCE):
            pairs = pairs_at(counted[some], n_columns)
            p_values[counted[some]] = _by_counts(*states, groups, pairs)
        of_alpha[counted] = p_values[counted]
    return PairDifferences(p_values, of_alpha)


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
    gaps = np.array([data.n_missing[n] > 0 for n in data.names], dtype=bool)
    ordered = numbers[pairs].all(axis=1)
    whole = np.flatnonzero(ordered & ~gaps[pairs].any(axis=1))
    used = np.unique(pairs[whole])
    scores, rows = scores_within(Sorted.of(data.values[_rows(data, used)]), groups.cell)
    first, second = np.searchsorted(used, pairs[whole]).T
    for g in range(n_groups):
        found[g, whole] = _correlations(scores[:, groups.group[rows] == g], first, second)
    for k in np.flatnonzero(ordered & gaps[pairs].any(axis=1)):
        values = data.values[_rows(data, pairs[k])]
        known = ~np.isnan(values).any(axis=0)
        inside = Groups(groups.group[known], groups.stratum[known])
        scores, rows = scores_within(Sorted.of(values[:, known]), inside.cell)
        for g in range(n_groups):
            of_group = scores[:, inside.group[rows] == g]
            found[g, k] = _correlations(of_group, np.array([0]), np.array([1]))[0]
    return found


def _rows(data: Dataset, columns: Positions) -> list[int]:
    return [data.row(data.names[c]) for c in columns]


def _correlations(scores: Floats, first: Positions, second: Positions) -> Floats:
    """Correlations of pairs of rows; 0 with a constant one."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    lengths = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    unit = np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > 1e-12)
    parts = slices(len(first), _PAIRS_OF_SCORES)
    found = [np.einsum("ij,ij->i", unit[first[part]], unit[second[part]]) for part in parts]
    return np.concatenate([np.zeros(0), *found])
