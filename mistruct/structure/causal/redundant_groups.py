r"""Groups of columns that determine each other, and the edges that they must keep.

Three 0/1 columns that stand for one category each say together what one column of three states
says, and so do two counts and their sum. What depends on that one column may be independent of
each member alone, or of each given another, and then no member is left with an edge to it. So each
group, with all columns that it determines, is also taken as one column, whose states are the joint
states of its members; whatever is adjacent to that in the skeleton keeps an edge to one member,
the one that tells most about it.

One-hot columns, sums and other recodings are linear relations between the indicators of states, so
they are found from the covariances of these, in the rows where all columns are known: a pivoted
Cholesky factor tells which indicators depend on others, and on which.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve
from scipy.linalg.lapack import dpstrf

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset
from mistruct.independence.protocol import Given
from mistruct.information.counts.packing import packed_columns
from mistruct.kernels.counts.bitsets import count_shared_bits
from mistruct.kernels.counts.contingency import join_strata

# Columns of more states, and all beyond so many states together, are in no group.
_MOST_STATES = 32
_MOST_INDICATORS = 1000

# Joint states with fewer rows each could determine a column by chance.
_ROWS_PER_STATE = 5

_RESOLUTION = 1e-8


def redundant_groups(data: Dataset) -> list[Given]:
    """Find groups of discrete columns of which three or more determine each other, and all of them.

    Returns
    -------
    list of tuple of int
        Positions of the columns of each group, ascending.
    """
    columns = _few_states(data)
    if len(columns) < 3:
        return []
    owner, covariance = _indicators(data, columns)
    groups: set[Given] = set()
    for support in _linear_relations(covariance):
        group = tuple(sorted({int(c) for c in owner[support]}))
        if len(group) > 2 and _is_redundant(data, group):
            groups.add(_closure(data, group, columns))
    return sorted(groups)


def as_one_column(data: Dataset, group: Given) -> Dataset:
    """Replace a group of columns in the table by one column of its joint states."""
    names = [n for p, n in enumerate(data.names) if p not in group[1:]]
    first = data.names[group[0]]
    joint, n_states = _joint_labels(data, group)
    whole = data.select(names)
    codes = whole.codes.astype(np.promote_types(whole.codes.dtype, np.min_scalar_type(n_states)))
    codes[whole.row(first)] = np.where(joint < 0, n_states, joint)
    return replace(
        whole,
        kinds={**whole.kinds, first: "discrete"},  # joint states have no order
        codes=codes,
        states={**whole.states, first: tuple(range(n_states))},
    )


def _few_states(data: Dataset) -> list[int]:
    """The discrete columns that vary and have few states, those with the fewest first."""
    n_states = {p: len(data.states[n]) for p, n in enumerate(data.names) if n in data.states}
    few = sorted(p for p, n in n_states.items() if 2 <= n <= _MOST_STATES)
    few.sort(key=n_states.__getitem__)
    within = np.cumsum([n_states[p] - 1 for p in few]) <= _MOST_INDICATORS
    return sorted(p for p, kept in zip(few, within, strict=True) if kept)


def _indicators(data: Dataset, columns: list[int]) -> tuple[Positions, Floats]:
    """The column of each indicator of all states but one, and their covariances."""
    part = data.select([data.names[c] for c in columns])
    if any(part.n_missing.values()):
        part = part.complete_rows()
    packed, n = packed_columns(part), max(part.n_samples, 1)
    shared = np.empty((len(packed.words),) * 2, dtype=np.int64)
    count_shared_bits(packed.words, shared)
    shares = np.diagonal(shared) / n
    return np.repeat(columns, packed.n_packed), shared / n - np.outer(shares, shares)


def _linear_relations(covariance: Floats) -> Iterator[NDArray[np.int64]]:
    """Indicators in each linear relation: one that depends on others, and the others."""
    varying = np.flatnonzero(np.diagonal(covariance) > _RESOLUTION)
    deviations = np.sqrt(np.diagonal(covariance)[varying])
    correlation = covariance[np.ix_(varying, varying)] / np.outer(deviations, deviations)
    factor, pivots, rank, _ = dpstrf(correlation, tol=_RESOLUTION)
    order = pivots - 1
    free, bound = order[:rank], order[rank:]
    if not len(bound):
        return
    weights = cho_solve((factor[:rank, :rank], False), correlation[np.ix_(free, bound)])
    for k, of_bound in zip(bound, weights.T, strict=True):
        yield varying[np.append(free[np.abs(of_bound) > 1e-4], k)]


def _is_redundant(data: Dataset, group: Given) -> bool:
    """Whether each member is determined by the others, in enough rows to tell."""
    _, n_joint = _joint_labels(data, group)
    return n_joint * _ROWS_PER_STATE <= data.n_samples and all(
        _determines(data, _joint_labels(data, tuple(c for c in group if c != member))[0], member)
        for member in group
    )


def _closure(data: Dataset, group: Given, columns: list[int]) -> Given:
    """The group and all columns that it determines."""
    joint, _ = _joint_labels(data, group)
    return tuple(c for c in columns if c in group or _determines(data, joint, c))


def _determines(data: Dataset, labels: NDArray[np.int32], position: int) -> bool:
    """Whether a column has one state for each label, in the rows where both are known."""
    name = data.names[position]
    known = (labels >= 0) & data.known(name)
    codes, labels = data.codes[data.row(name)][known], labels[known]
    of_label = np.empty(labels.max(initial=0) + 1, dtype=codes.dtype)
    of_label[labels] = codes
    return bool((of_label[labels] == codes).all())


def _joint_labels(data: Dataset, group: Given) -> tuple[NDArray[np.int32], int]:
    """Labels of the joint states of columns, -1 where one is missing, and their number."""
    labels = np.zeros(data.n_samples, dtype=np.int32)
    n_labels = 1
    for position in group:
        row = data.row(data.names[position])
        n_labels = join_strata(labels, n_labels, data.codes[row], data.n_states[row])
    return labels, n_labels
