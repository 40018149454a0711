r"""The score of Gaussian columns: BIC of a linear model, by the Gaussian copula.

With the normal scores of the columns the likelihood of a family gains n I(x; parents) nats over
that of x alone, where the information is that of a Gaussian distribution with their correlations,
and each coefficient costs log n / 2. A discrete column of r states enters as r - 1 indicators, as
if these were Gaussian (the degenerate Gaussian of Andrews, Ramsey and Cooper 2019), so that one
matrix serves a table of any kinds.

Where entries are missing, each correlation is that of the rows in which both columns are known, and
a family that is complete in m of n rows costs n / m times its price in these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset
from mistruct.errors import DataError, check_not_negative, check_positive
from mistruct.information.copula.basis import RESOLUTION, bytes_of_vectors, embed, require_room
from mistruct.information.copula.gram import correlations, moments_of, vectors_of
from mistruct.kernels.scores.gaussian_families import gaussian_families
from mistruct.scores.base import Families, Score, price_of_edge

_NOTHING = np.array([-1])

# Of correlations that come from different rows; below it, a column would seem to be a function of
# others.
_LEAST_EIGENVALUE = 1e-3

# Of two rows or three any correlation says next to nothing; ranks make many of them 1.
_FEWEST_ROWS = 4

# Measured on normal and mixed columns.
_SECONDS_OF_A_FAMILY = 5e-6


def fewest_rows(data: Dataset) -> int:
    """Rows that the score of a table needs."""
    return max(data.n_variables, _FEWEST_ROWS)


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
        check_not_negative("gamma", self.gamma)

    @property
    def name(self) -> str:
        """The name that resolves to this score."""
        return "gaussian-bic"

    def families(self, data: Dataset) -> Families:
        """The scores of the families of a table.

        Raises
        ------
        DataError
            There are fewer rows than columns, or than 4, or less memory than their indicators
            take.
        """
        data = data.by_order
        if data.n_samples < fewest_rows(data):
            few = data.n_samples < data.n_variables
            least = "a row or more for each column" if few else f"{_FEWEST_ROWS} rows or more"
            raise DataError(
                f"score {self.name!r} needs {least}, got "
                f"{data.n_samples} rows of {data.n_variables} columns; choose among the columns, "
                "or use PC"
            )
        require_room(data, data.names, squared=True, in_shards=_in_shards(data))
        return _Correlated(self, data)

    def seconds(self, data: Dataset) -> float:
        """Expected seconds for one family on one core."""
        return _SECONDS_OF_A_FAMILY

    def n_bytes(self, data: Dataset) -> int:
        """Expected memory: the columns as vectors, and their products."""
        data = data.by_order
        return bytes_of_vectors(data, data.names, squared=True, in_shards=_in_shards(data))


def _in_shards(data: Dataset) -> bool:
    """Whether the rows of a table are read in shards."""
    return data.on_disk is not None and not any(data.n_missing.values())


class _Correlated(Families):
    """Families whose score follows from correlations."""

    def __init__(self, score: GaussianBIC, data: Dataset) -> None:
        self._known = None
        if any(data.n_missing.values()):
            self._known = np.array([data.known(name) for name in data.names])
            parts = [_dimensions(data, *of) for of in zip(data.names, self._known, strict=True)]
            self._sizes = np.array([len(part) for part in parts])
            self._correlations = _pairwise(np.concatenate(parts))
        else:
            self._sizes = np.ones(data.n_variables, dtype=np.int64)
            self._sizes[data.discrete_mask] = data.n_observed - 1
            moments = moments_of(vectors_of(data, data.names))
            self._correlations = correlations(moments, data.n_samples)[0]
        self._starts = np.concatenate([[0], np.cumsum(self._sizes)])
        self._n = data.n_samples
        self._edge = price_of_edge(score.gamma, data)
        self._penalty = score.penalty

    def score(self, column: int, parents: Sequence[int]) -> float:
        return float(self.scores_with(column, parents, _NOTHING)[0])

    def scores_with(self, column: int, parents: Sequence[int], added: Positions) -> Floats:
        nats = np.empty(len(added))
        fixed = np.array(parents, dtype=np.int64)
        gaussian_families(
            self._correlations, self._starts, column, fixed, added, RESOLUTION**2, nats
        )
        n_added = np.where(added < 0, 0, self._sizes[added])
        n_complete = self._n_complete([column, *parents], added)
        price = self._penalty * 0.5 * np.log(np.maximum(n_complete, 2.0))
        price *= self._sizes[column] * (self._sizes[fixed].sum() + n_added)
        price += self._edge * (len(fixed) + (added >= 0))
        return np.asarray(self._n * nats - self._n / np.maximum(n_complete, 1.0) * price)

    def _n_complete(self, columns: Sequence[int], added: Positions) -> Floats:
        """Number of complete rows of some columns with each of `added`."""
        if self._known is None:
            return np.full(len(added), float(self._n))
        of_all = self._known[list(columns)].all(axis=0)
        also = np.where((added < 0)[:, np.newaxis], True, self._known[added])
        return np.asarray((also & of_all).sum(axis=1), dtype=np.float64)


def _dimensions(data: Dataset, name: str, known: NDArray[np.bool_]) -> Floats:
    """Vectors of a column, shape (n_dimensions, n_samples), NaN where it is missing."""
    if known.all():
        return embed(data, [name])
    of_known = embed(data.select([name]).take(known), [name])
    rows = np.full((len(of_known), data.n_samples), np.nan)
    rows[:, known] = of_known
    return rows


def _pairwise(rows: Floats) -> Floats:
    """Correlations over the rows known in both vectors, shrunk to be positive definite.

    Correlations of different samples need not be those of any one distribution; theirs are the
    nearest of a distribution on the way to no correlation.
    """
    known = ~np.isnan(rows)
    filled, counted = np.where(known, rows, 0.0), known.astype(np.float64)
    n = np.maximum(counted @ counted.T, 1.0)
    sums, squares = filled @ counted.T, filled**2 @ counted.T
    variances = squares - sums**2 / n
    scale = np.sqrt(variances * variances.T)
    found = np.zeros_like(n)
    np.divide(filled @ filled.T - sums * sums.T / n, scale, out=found, where=scale > 0)
    np.fill_diagonal(found, 1.0)
    least = float(np.linalg.eigvalsh(found)[0])
    if least < _LEAST_EIGENVALUE:
        found *= (1.0 - _LEAST_EIGENVALUE) / (1.0 - least)
        np.fill_diagonal(found, 1.0)
    return found
