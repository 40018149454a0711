r"""Scores of families of discrete columns where entries are missing.

A family has rows that are complete in its own columns, fewer than another has, and neither the
likelihoods of both nor their averages over rows can be compared: what a parent adds drowns in the
difference between two samples. So the information is that of the distribution which is likeliest in
all rows, also those known in part, and the price of the parents is what it would be in the m
complete rows, for each of these:

.. math:: n I(x; parents) - \frac{n}{m} price_m(parents).

Where nothing is missing that is the score itself, up to what no structure changes. A family without
a complete row costs n nats for each parent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset
from mistruct.kernels.scores.incomplete_families import (
    INFORMATION,
    LIKELIHOOD,
    N_COMPLETE,
    N_STRATA,
    SCORED,
    count_incomplete_families,
)
from mistruct.scores.base import Families, price_of_edge

if TYPE_CHECKING:
    from mistruct.scores.discrete import DiscreteScore

_NOTHING = np.array([-1])
_NO_PARENTS = np.array([], dtype=np.int64)


class IncompleteCounts(Families):
    """Families scored by counts and their expected values for missing entries."""

    def __init__(self, score: DiscreteScore, data: Dataset) -> None:
        self._score, self._data = score, data
        self._edge = price_of_edge(score.gamma, data)
        self._sizes = np.array(score._sizes, dtype=np.float64)
        counts = np.arange(data.n_samples + 1)
        self._terms = counts * np.log(np.maximum(counts, 1))
        self._alone = np.empty(data.n_variables)
        for x in range(data.n_variables):
            found = self._count(x, _NO_PARENTS, _NOTHING)[0]
            self._alone[x] = data.n_samples / found[N_COMPLETE] * found[LIKELIHOOD]

    def score(self, column: int, parents: Sequence[int]) -> float:
        """The score in nats of a column with these parents."""
        return float(self.scores_with(column, parents, _NOTHING)[0])

    def scores_with(self, column: int, parents: Sequence[int], added: Positions) -> Floats:
        """The score with the parents and each column of `added`, shape (n_added,)."""
        fixed = np.array(parents, dtype=np.int64)
        n, n_states = self._data.n_samples, self._data.n_states
        scores = np.empty(len(added))
        for k, found in enumerate(self._count(column, fixed, added)):
            its = fixed if added[k] < 0 else np.append(fixed, added[k])
            m = int(found[N_COMPLETE])
            if not m:  # nothing is known of such a family, and no score may be made of that
                scores[k] = self.score(column, []) - self._alone[column] - n * len(its)
                continue
            q = n_states[its].prod(dtype=np.float64)
            strata = found[N_STRATA : N_STRATA + 1]
            price = self._score._price(m, strata, q.reshape(1), float(n_states[column]))
            price = float(np.sum(price)) + found[LIKELIHOOD] - found[SCORED]
            scores[k] = n * found[INFORMATION] - n / m * (price + self._edge * len(its))
        return np.asarray(scores + self._alone[column])

    def _count(self, column: int, parents: Positions, added: Positions) -> Floats:
        results = np.empty((len(added), 5))
        count_incomplete_families(
            self._data.codes, self._data.n_states, column, parents, added, self._sizes,
            self._terms, results,
        )  # fmt: skip
        return results
