r"""The score of Gaussian columns, by the copula: BIC of a linear model with Gaussian noise.

With the normal scores of the columns the likelihood of a family gains n I(x; parents) nats over
that of x alone, where the information is that of a Gaussian distribution with their correlations,
and each coefficient costs log n / 2. A discrete column of r states enters as r - 1 indicators, as
if these were Gaussian (the degenerate Gaussian of Andrews, Ramsey and Cooper 2019), so that one
matrix serves a table of any kinds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mistruct.data.dataset import Dataset
from mistruct.errors import DataError, check_positive
from mistruct.information.embedding import RESOLUTION, embed
from mistruct.kernels.gaussian_families import gaussian_families
from mistruct.scores.score import (
    Families,
    Floats,
    Positions,
    Score,
    check_gamma,
    price_of_edge,
    require_complete,
)

_NOTHING = np.array([-1])


@dataclass(frozen=True)
class GaussianBIC(Score):
    r"""BIC of continuous or mixed columns, by Gaussian-copula information.

    A family scores :math:`n I(x; parents) - \lambda \frac{\log n}{2} d_x d_{parents}` nats, where d
    is 1 for a continuous column and r - 1 for a discrete one of r states.

    Parameters
    ----------
    penalty : float
        :math:`\lambda`, greater than 0.
    gamma : float
        Each edge costs gamma log p nats more, with p columns (the extended BIC of Foygel and Drton
        2010); 0 for none.

    References
    ----------
    Schwarz (1978), "Estimating the dimension of a model", Annals of Statistics 6.
    Foygel and Drton (2010), "Extended Bayesian information criteria for Gaussian graphical models",
    NeurIPS 23.
    Andrews, Ramsey and Cooper (2019), "Learning high-dimensional directed acyclic graphs with
    mixed data-types", PMLR 104.

    Examples
    --------
    >>> import networkx as nx
    >>> import numpy as np
    >>> import mistruct as ms
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 200))
    >>> table = ms.as_dataset(np.column_stack([x, x + noise]))
    >>> ms.score(nx.DiGraph([("x0", "x1")]), table, ms.GaussianBIC()) > 0
    True
    """

    penalty: float = 1.0
    gamma: float = 0.0

    def __post_init__(self) -> None:
        check_positive("penalty", self.penalty)
        check_gamma(self.gamma)

    @property
    def name(self) -> str:
        """The name that resolves to this score."""
        return "gaussian-bic"

    def families(self, data: Dataset) -> Families:
        """The scores of the families of a table.

        Raises
        ------
        DataError
            An entry is missing, or there are fewer rows than columns.
        """
        require_complete(self.name, data)
        data = data.by_order
        if data.n_samples < data.n_variables:
            raise DataError(
                f"score {self.name!r} needs a row or more for each column, got "
                f"{data.n_samples} rows of {data.n_variables} columns; choose among the columns, "
                "or use PC"
            )
        return _Correlated(self, data)


class _Correlated(Families):
    """Families whose score follows from correlations."""

    def __init__(self, score: GaussianBIC, data: Dataset) -> None:
        parts = [embed(data, [name]) for name in data.names]
        self._sizes = np.array([len(part) for part in parts])
        self._starts = np.concatenate([[0], np.cumsum(self._sizes)])
        rows = np.concatenate(parts)
        rows -= rows.mean(axis=1, keepdims=True)
        lengths = np.sqrt((rows**2).sum(axis=1, keepdims=True))
        np.divide(rows, lengths, out=rows, where=lengths > 0)
        self._correlations = rows @ rows.T
        self._n = data.n_samples
        self._edge = price_of_edge(score.gamma, data)
        self._price = score.penalty * 0.5 * math.log(data.n_samples)

    def score(self, column: int, parents: Sequence[int]) -> float:
        return float(self.scores_with(column, parents, _NOTHING)[0])

    def scores_with(self, column: int, parents: Sequence[int], added: Positions) -> Floats:
        nats = np.empty(len(added))
        fixed = np.array(parents, dtype=np.int64)
        gaussian_families(
            self._correlations, self._starts, column, fixed, added, RESOLUTION**2, nats
        )
        n_added = np.where(added < 0, 0, self._sizes[added])
        price = self._price * self._sizes[column] * (self._sizes[fixed].sum() + n_added)
        price += self._edge * (len(fixed) + (added >= 0))
        return np.asarray(self._n * nats - price)
