"""The base class of the scores of structures, which are sums over families.

A score that decomposes is n I(x; parents) less a price for the parents, up to what no structure
changes, in nats. A learner asks a score for the `Families` of a table, and these for many families
at a time.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset


class Families(ABC):
    """Scores of the families of one table; columns are given by position."""

    @abstractmethod
    def score(self, column: int, parents: Sequence[int]) -> float:
        """The score in nats of a column with these parents, which are in ascending order."""

    def scores_with(self, column: int, parents: Sequence[int], added: Positions) -> Floats:
        """The score with the parents and each column of `added`, shape (n_added,)."""
        of_each = [self.score(column, sorted([*parents, c])) for c in added.tolist()]
        return np.array(of_each, dtype=np.float64)


class Score(ABC):
    """Base class of the scores; larger is better."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Name of the score."""

    @abstractmethod
    def families(self, data: Dataset) -> Families:
        """The scores of the families of a table.

        Raises
        ------
        DataError
            The table has a kind of column that the score does not take.
        """

    def seconds(self, data: Dataset) -> float:
        """Expected seconds for one family on one core; NaN if unknown."""
        return math.nan

    def n_bytes(self, data: Dataset) -> int:
        """Expected memory, beside the table, of many families; by default a copy of the table."""
        return data.values.nbytes + data.codes.nbytes


def price_of_edge(gamma: float, data: Dataset) -> float:
    """Penalty per edge in nats, from a prior over structures with this many columns."""
    return gamma * math.log(data.n_variables)
