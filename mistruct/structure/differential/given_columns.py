"""What some columns leave of others in each group: differences of conditional dependence.

In each group, and each stratum of it, columns are replaced by normal scores; those of the given
columns are then taken out by linear regression. If the scores are normal, the rest of two columns
shares the information that the two share given the others.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mistruct._typing import Floats
from mistruct.data.dataset import Dataset
from mistruct.errors import DataError
from mistruct.structure.differential.group_scores import Groups, Sorted, scores_within

# A smaller share of the variance of a column is taken for rounding.
_RESOLUTION = 1e-12
# Rows beyond the given columns that leave something to compare.
_FEWEST_LEFT = 5


def left_by(table: Dataset, given: Dataset, groups: Groups) -> Dataset:
    """The table with each column as what the columns of another leave of it.

    Raises
    ------
    DataError
        A column has states without order, or a group has too few rows.
    """
    seen, of_given = table.by_order, given.by_order
    if seen.discrete:
        raise DataError(
            f"given: all columns must have an order, and {seen.discrete[0]!r} has states without "
            "one; leave it out, or make it one of strata"
        )
    if of_given.discrete:
        raise DataError(
            f"given: column {of_given.discrete[0]!r} has states without an order; compare within "
            "them by strata"
        )
    n_given = of_given.n_variables
    fewest = int(np.bincount(groups.group).min())
    if fewest < n_given + _FEWEST_LEFT:
        raise DataError(
            f"given: {n_given} columns in a group of {fewest} rows leave nothing to compare; give "
            f"{max(fewest - _FEWEST_LEFT, 0)} at most"
        )
    scores, z = (_scores(part.values, groups) for part in (seen, of_given))
    for g in range(int(groups.group.max()) + 1):
        rows = groups.group == g
        design = np.column_stack([np.ones(int(rows.sum())), z[:, rows].T])
        known = ~np.isnan(scores[:, rows])
        whole = known.all(axis=1)
        scores[np.ix_(whole, rows)] = _rest(design, scores[np.ix_(whole, rows)].T).T
        for column in np.flatnonzero(~whole):
            there = np.flatnonzero(rows)[known[column]]
            scores[column, there] = _rest(design[known[column]], scores[column, there])
    return replace(seen, values=scores)


def _scores(values: Floats, groups: Groups) -> Floats:
    """Normal scores within each cell; NaN where a value is missing."""
    found, rows = scores_within(Sorted.of(values), groups.cell)
    scores = np.empty_like(values)
    scores[:, rows] = found
    scores[np.isnan(values)] = np.nan
    return scores


def _rest(design: Floats, columns: Floats) -> Floats:
    """Residuals of linear regression, shape (n_rows, ...); 0 if only rounding is left."""
    rest = columns - design @ np.linalg.lstsq(design, columns, rcond=None)[0]
    rest *= (rest**2).sum(axis=0) > _RESOLUTION * (columns**2).sum(axis=0)
    return np.asarray(rest)
