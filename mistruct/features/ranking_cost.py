"""Expected cost of `rank_features`."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from mistruct.data.dataset import Dataset
from mistruct.features.terms import PairTerms
from mistruct.independence.base import IndependenceTest
from mistruct.independence.names import resolve_test
from mistruct.structure.cost import LIBRARIES, Cost, bytes_held

# Binning, counting and weighing of a feature, measured with 20 to 100 of them.
_SECONDS_OF_A_FEATURE, _SECONDS_OF_A_ROW = 1e-3, 4e-7


def ranking_cost(
    data: Dataset,
    target: Hashable,
    *,
    test: str | IndependenceTest = "auto",
    confidence: float | None = 0.95,
) -> Cost:
    """Expected cost of a ranking of all columns, mostly for the intervals of estimates.

    Raises
    ------
    DataError, ParameterError
        As `rank_features`.
    """
    (of_target,) = data.check_names("target", [target])
    terms = PairTerms(data, of_target)
    table, n = terms.data, len(terms.features)
    pairs = np.column_stack([np.arange(n), np.full(n, n)])
    used = resolve_test(test)
    seconds = n * (_SECONDS_OF_A_FEATURE + _SECONDS_OF_A_ROW * table.n_samples)
    seconds += terms.estimator.seconds(table, np.array([n]), np.arange(n))
    seconds += float(used.seconds(table, pairs, 0).sum())
    if confidence is not None:
        for feature in terms.features:
            by = terms.estimator.choose(table, (feature, of_target))
            seconds += by.seconds_of_interval(table.select([feature, of_target]))
    of_table = table.values.nbytes + table.codes.nbytes  # in bins, and packed
    return Cost(
        seconds=seconds, n_bytes=LIBRARIES + bytes_held(data) + of_table + used.n_bytes(table)
    )
