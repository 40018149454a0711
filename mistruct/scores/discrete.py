r"""Scores of discrete columns.

With the likelihood of a family :math:`L = n (I(x; parents) - H(x))`, r states of x and q joint
states of its parents:

- BIC: L less log n / 2 for each free parameter (Schwarz 1978).
- BDeu: the log of the probability of x given its parents, when all distributions of x are drawn
  from a Dirichlet distribution (Heckerman, Geiger and Chickering 1995, eq. 26 with eq. 29).
- qNML: L less the difference of two regrets, of the joint table and of its margin (Silander,
  Leppä-aho, Jääsaari and Roos 2018, eq. 10).

Each gives Markov-equivalent DAGs the same score.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import numpy as np

from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError, check_choice
from mistruct.information.packing import packed_columns
from mistruct.kernels.family_counts import (
    LIKELIHOOD,
    N_CELLS,
    N_ROWS,
    N_STRATA,
    Counted,
    count_families,
)
from mistruct.scores.score import Families, Floats, Positions, Score

_NOTHING = np.array([-1])


def check_positive(parameter: str, value: Any) -> None:
    """Raise ParameterError unless `value` is a finite number above 0."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not 0 < float(value) < math.inf:
        raise ParameterError(f"{parameter} must be a number greater than 0, got {value!r}")


class _Counts(Families):
    """Families whose score follows from counts."""

    def __init__(self, score: DiscreteScore, data: Dataset) -> None:
        data.require_discrete(f"score {score.name!r}")
        counts = np.arange(data.n_samples + 1, dtype=np.float64)
        counts[1:] *= np.log(counts[1:])
        states = np.array([data.row(n) for n in data.names])
        assert (states == np.arange(data.n_variables)).all()  # all are discrete
        self._score = score
        self._n = data.n_samples
        self._counted = Counted(data.codes, data.n_states, packed_columns(data), counts)

    def score(self, column: int, parents: Sequence[int]) -> float:
        return float(self.scores_with(column, parents, _NOTHING)[0])

    def scores_with(self, column: int, parents: Sequence[int], added: Positions) -> Floats:
        results = np.empty((len(added), 4))
        fixed = np.array(parents, dtype=np.int64)
        count_families(self._counted, column, fixed, added, self._score._prior, results)
        n_states = self._counted.n_states
        q = n_states[fixed].prod(dtype=np.float64) * np.where(added < 0, 1, n_states[added])
        likelihood, rows = results[:, LIKELIHOOD], results[:, N_ROWS]
        with np.errstate(invalid="ignore", divide="ignore"):
            # Of rows that are not complete, the mean over those that are (see `BIC`).
            scaled = np.where(rows > 0, likelihood * (self._n / rows), 0.0)
        price = self._score._price(self._n, results, q, float(n_states[column]))
        return np.asarray(scaled - price)


class DiscreteScore(Score):
    """Base of the scores that count."""

    _prior = 0.0

    @abstractmethod
    def _price(self, n: int, counted: Floats, q: Floats, r: float) -> Floats | float:
        """What is taken off the likelihood."""

    def families(self, data: Dataset) -> Families:
        """The scores of the families of a table of discrete columns."""
        return _Counts(self, data)


@dataclass(frozen=True)
class BIC(DiscreteScore):
    penalty: float = 1.0
    dof: Literal["occupied", "table"] = "occupied"

    def __post_init__(self) -> None:
        check_positive("penalty", self.penalty)
        check_choice("dof", self.dof, ("occupied", "table"))

    @property
    def name(self) -> str:
        """The name that resolves to this score."""
        return "bic"

    def _price(self, n: int, counted: Floats, q: Floats, r: float) -> Floats:
        dof = q * (r - 1) if self.dof == "table" else counted[:, N_CELLS] - counted[:, N_STRATA]
        return np.asarray(self.penalty * 0.5 * math.log(n) * dof)


@dataclass(frozen=True)
class BDeu(DiscreteScore):
    equivalent_sample_size: float = 1.0

    def __post_init__(self) -> None:
        check_positive("equivalent_sample_size", self.equivalent_sample_size)

    @property
    def name(self) -> str:
        """The name that resolves to this score."""
        return "bdeu"

    @property
    def _prior(self) -> float:  # type: ignore[override]
        return self.equivalent_sample_size

    def _price(self, n: int, counted: Floats, q: Floats, r: float) -> float:
        return 0.0


@dataclass(frozen=True)
class QNML(DiscreteScore):
    @property
    def name(self) -> str:
        """The name that resolves to this score."""
        return "qnml"

    def _price(self, n: int, counted: Floats, q: Floats, r: float) -> Floats:
        return np.asarray(regret(n, q * r) - regret(n, q))


def regret(n: int, n_states: Floats) -> Floats:
    r"""The log of the normaliser of a multinomial distribution's maximum likelihood.

    By the approximation of Szpankowski and Weinberger (2012), as in Silander et al. (2018, eq. 14):
    with :math:`\alpha = K / n` and :math:`C = 1/2 + \sqrt{1 + 4 / \alpha} / 2`,
    :math:`n (\log \alpha + (\alpha + 2) \log C - 1 / C) - \log(C + 2 / \alpha) / 2`.
    """
    alpha = n_states / n
    c = 0.5 + 0.5 * np.sqrt(1 + 4 / alpha)
    bits = n * (np.log(alpha) + (alpha + 2) * np.log(c) - 1 / c) - 0.5 * np.log(c + 2 / alpha)
    return np.asarray(np.where(n_states == 1, 0.0, bits))
