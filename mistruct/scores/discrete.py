r"""Scores of discrete columns.

With the likelihood of a family :math:`L = n (I(x; parents) - H(x))`, r states of x and q joint
states of its parents:

- BIC: L less log n / 2 for each free parameter (Schwarz 1978).
- BDeu: the log of the probability of x given its parents, when all distributions of x are drawn
  from a Dirichlet distribution (Heckerman, Geiger and Chickering 1995, eq. 26 with eq. 29), or
  from one of several.
- qNML: L less the difference of two regrets, of the joint table and of its margin (Silander,
  Leppä-aho, Jääsaari and Roos 2018, eq. 10).

Each gives Markov-equivalent DAGs the same score.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError, check_choice, check_not_negative, check_positive
from mistruct.information.counts.packing import bytes_of_bitsets, packed_columns
from mistruct.kernels.counts.log_tables import MOST_TERMS
from mistruct.kernels.scores.family_counts import (
    LIKELIHOOD,
    N_STRATA,
    Counted,
    count_families,
)
from mistruct.parallel import n_threads
from mistruct.scores.base import Families, Score, price_of_edge
from mistruct.scores.incomplete import IncompleteCounts

_NOTHING = np.array([-1])

# Labels of the rows by the states of parents.
_BYTES_OF_A_ROW = 12

# Measured on the tuning networks.
_SECONDS_OF_A_FAMILY, _SECONDS_OF_A_ROW, _TIMES_INCOMPLETE = 4e-6, 7e-10, 10.0


class DiscreteScore(Score):
    """Base class of the scores of discrete columns, which count joint states."""

    gamma: float
    _sizes: tuple[float, ...] = ()

    @abstractmethod
    def _price(self, n: int, occupied: Floats, q: Floats, r: float) -> Floats | float:
        """Penalty, to be subtracted from the likelihood."""

    def families(self, data: Dataset) -> Families:
        """The scores of the families of a table of discrete columns."""
        data.require_discrete(f"score {self.name!r}")
        if any(data.n_missing.values()):
            return IncompleteCounts(self, data)
        return _Counts(self, data)

    def n_bytes(self, data: Dataset) -> int:
        """Expected memory: a bit for each row and state, and labels of rows for each thread."""
        return bytes_of_bitsets(data) + _BYTES_OF_A_ROW * data.n_samples * n_threads()

    def seconds(self, data: Dataset) -> float:
        """Expected seconds for one family on one core; more if entries are missing."""
        of_one = _SECONDS_OF_A_FAMILY + _SECONDS_OF_A_ROW * data.n_samples
        return of_one * (_TIMES_INCOMPLETE if any(data.n_missing.values()) else 1.0)


class _Counts(Families):
    """Families whose score follows from counts."""

    def __init__(self, score: DiscreteScore, data: Dataset) -> None:
        counts = np.arange(min(data.n_samples + 1, MOST_TERMS), dtype=np.float64)
        counts[1:] *= np.log(counts[1:])
        self._score, self._n = score, data.n_samples
        self._edge = price_of_edge(score.gamma, data)
        # If all columns are discrete, the position of a column is its row.
        self._sizes = np.array(score._sizes, dtype=np.float64)
        self._counted = Counted(data.codes, data.n_states, packed_columns(data), counts)

    def score(self, column: int, parents: Sequence[int]) -> float:
        return float(self.scores_with(column, parents, _NOTHING)[0])

    def scores_with(self, column: int, parents: Sequence[int], added: Positions) -> Floats:
        results = np.empty((len(added), 2))
        fixed = np.array(parents, dtype=np.int64)
        count_families(self._counted, column, fixed, added, self._sizes, results)
        n_states = self._counted.n_states
        n_parents = len(fixed) + (added >= 0)
        q = n_states[fixed].prod(dtype=np.float64) * np.where(added < 0, 1, n_states[added])
        price = self._score._price(self._n, results[:, N_STRATA], q, float(n_states[column]))
        return np.asarray(results[:, LIKELIHOOD] - price - self._edge * n_parents)


@dataclass(frozen=True)
class BIC(DiscreteScore):
    r"""The Bayesian information criterion of discrete columns.

    A family scores :math:`L - \lambda \frac{\log n}{2} d` nats, with the likelihood L, n rows and
    d free parameters.

    Parameters
    ----------
    penalty : float
        :math:`\lambda`, greater than 0.
    dof : {"table", "occupied"}
        Whether the parameters of all joint states of the parents count, or only of those that
        occur. The latter can give Markov-equivalent DAGs different scores.
    gamma : float
        Each edge costs gamma log p nats more, with p columns (the extended BIC); 0 for none.

    References
    ----------
    Schwarz (1978), "Estimating the dimension of a model", Annals of Statistics 6.
    Chen and Chen (2008), "Extended Bayesian information criteria for model selection with large
    model spaces", Biometrika 95.

    Examples
    --------
    The two halves of the table are as one, which saves log 2 for each of 8 rows:

    >>> import networkx as nx
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> table = pd.DataFrame({"a": [0, 1] * 4, "b": [0, 1] * 4})
    >>> apart, joined = nx.DiGraph(), nx.DiGraph([("a", "b")])
    >>> apart.add_nodes_from("ab")
    >>> round(ms.score(joined, table, "bic") - ms.score(apart, table, "bic"), 4)
    4.5055
    """

    penalty: float = 1.0
    dof: Literal["table", "occupied"] = "table"
    gamma: float = 0.0

    def __post_init__(self) -> None:
        check_positive("penalty", self.penalty)
        check_choice("dof", self.dof, ("table", "occupied"))
        check_not_negative("gamma", self.gamma)

    @property
    def name(self) -> str:
        """The name that resolves to this score."""
        return "bic"

    def _price(self, n: int, occupied: Floats, q: Floats, r: float) -> Floats:
        strata = q if self.dof == "table" else occupied
        return np.asarray(self.penalty * 0.5 * math.log(n) * strata * (r - 1))


@dataclass(frozen=True)
class BDeu(DiscreteScore):
    r"""The Bayesian Dirichlet score of discrete columns, equivalent and uniform.

    The log of the probability of a column given its parents, when each of its distributions is
    drawn from a Dirichlet distribution that is worth :math:`\alpha / q` rows, spread evenly over
    the states: with q joint states of the parents and r of the column,

    .. math:: \sum_j \log \frac{\Gamma(\alpha / q)}{\Gamma(\alpha / q + N_j)}
        + \sum_{jk} \log \frac{\Gamma(\alpha / qr + N_{jk})}{\Gamma(\alpha / qr)}.

    A small :math:`\alpha` suits columns that are nearly functions of their parents, a large one
    those whose joint states all occur. With several, each set S of columns has the mean
    :math:`P(S)` over them of its probability under a Dirichlet distribution worth :math:`\alpha`
    rows, and x scores :math:`\log P(x, parents) - \log P(parents)`; for one :math:`\alpha` this is
    the same as above. As a quotient (Silander et al. 2018) it gives Markov-equivalent DAGs the same
    score.

    Parameters
    ----------
    equivalent_sample_size : float or tuple of floats
        :math:`\alpha`, greater than 0; several are averaged over.
    gamma : float
        Each edge costs gamma log p nats, with p columns: the log of a prior that gives a DAG with
        one more edge :math:`p^{-\gamma}` of the probability. 0 takes all DAGs for equally likely.

    References
    ----------
    Heckerman, Geiger and Chickering (1995), "Learning Bayesian networks: the combination of
    knowledge and statistical data", Machine Learning 20.
    Silander, Leppä-aho, Jääsaari and Roos (2018), "Quotient normalized maximum likelihood criterion
    for learning Bayesian network structures", AISTATS.

    Examples
    --------
    With one row in each of two states, a column has the probability (1/2)(1/4):

    >>> import networkx as nx
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> table = pd.DataFrame({"a": [0, 1], "b": [0, 1]})
    >>> apart = nx.DiGraph()
    >>> apart.add_nodes_from("ab")
    >>> round(ms.score(apart, table, ms.BDeu(1.0)), 4)
    -4.1589
    """

    equivalent_sample_size: float | tuple[float, ...] = 1.0
    gamma: float = 0.0

    def __post_init__(self) -> None:
        if self.equivalent_sample_size == ():
            raise ParameterError("equivalent_sample_size must have one number or more, got ()")
        for size in self._sizes:
            check_positive("equivalent_sample_size", size)
        check_not_negative("gamma", self.gamma)

    @property
    def name(self) -> str:
        """The name that resolves to this score."""
        return "bdeu"

    @property
    def _sizes(self) -> tuple[float, ...]:  # type: ignore[override]
        given = self.equivalent_sample_size
        return given if isinstance(given, tuple) else (given,)

    def _price(self, n: int, occupied: Floats, q: Floats, r: float) -> float:
        return 0.0


@dataclass(frozen=True)
class QNML(DiscreteScore):
    r"""The quotient normalised maximum likelihood of discrete columns.

    A family scores :math:`L - R(qr) + R(q)` nats, where R(k) is the regret of one distribution over
    k states in n rows, for q joint states of the parents and r of the column. It has no parameter
    for the strength of a prior.

    Parameters
    ----------
    gamma : float
        Each edge costs gamma log p nats, with p columns: what it takes to name a parent; 0 for
        none.

    References
    ----------
    Silander, Leppä-aho, Jääsaari and Roos (2018), "Quotient normalized maximum likelihood criterion
    for learning Bayesian network structures", AISTATS.
    Szpankowski and Weinberger (2012), "Minimax pointwise redundancy for memoryless models over
    large alphabets", IEEE Transactions on Information Theory 58.

    Examples
    --------
    >>> import networkx as nx
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> table = pd.DataFrame({"a": [0, 1] * 50, "b": [0, 1, 1, 1] * 25})
    >>> apart, joined = nx.DiGraph(), nx.DiGraph([("a", "b")])
    >>> apart.add_nodes_from("ab")
    >>> ms.score(joined, table, ms.QNML()) > ms.score(apart, table, ms.QNML())
    True
    """

    gamma: float = 0.0

    def __post_init__(self) -> None:
        check_not_negative("gamma", self.gamma)

    @property
    def name(self) -> str:
        """The name that resolves to this score."""
        return "qnml"

    def _price(self, n: int, occupied: Floats, q: Floats, r: float) -> Floats:
        return np.asarray(regret(n, q * r) - regret(n, q))


def regret(n: int, n_states: Floats) -> Floats:
    r"""Log of the normaliser of the maximum likelihood of a distribution over K states.

    By the approximation of Szpankowski and Weinberger (2012), as in Silander et al. (2018): with
    :math:`\alpha = K / n` and :math:`C = 1/2 + \sqrt{1 + 4 / \alpha} / 2`, it is
    :math:`n (\log \alpha + (\alpha + 2) \log C - 1 / C) - \log(C + 2 / \alpha) / 2`.
    """
    alpha = n_states / n
    c = 0.5 + 0.5 * np.sqrt(1 + 4 / alpha)
    nats = n * (np.log(alpha) + (alpha + 2) * np.log(c) - 1 / c) - 0.5 * np.log(c + 2 / alpha)
    return np.asarray(np.where(n_states == 1, 0.0, nats))
