r"""Residuals of blocks of columns given others, without a row for each state.

Let G hold an indicator of each of S groups of rows, and K orthonormal rows that sum to zero in
every group. What is left of rows v is v less its mean in each group, and less its part along K
(Frisch and Waugh 1933; Lovell 1963): O(n) for each row, however many groups there are. So of the
discrete columns that are known, the one with the most states is absorbed as groups.

A discrete column x of many states is not written as indicators either. With its indicators as the
columns of X, what is needed of them are products, and those are counts and sums by groups:

.. math:: X^\top (I - P) Y = N_{xy} - N_{xs} D_s^{-1} N_{sy} - (K X)^\top (K Y),

where N are contingency tables and :math:`D_s` the sizes of the groups. A Cholesky factor with
pivots of :math:`X^\top (I - P) X = L L^\top` gives an orthonormal basis, :math:`L^{-1} X^\top`,
without writing it down: products with it take k x k numbers, not k x n.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpstrf
from scipy.sparse import csr_array

from mistruct._typing import Floats
from mistruct.data.dataset import Dataset
from mistruct.information.copula.basis import RESOLUTION, Basis, embed, of_unit_length, spanning
from mistruct.information.copula.gram import rows_held
from mistruct.parallel import n_threads

Labels = NDArray[np.int64]

# A column of more states is kept as codes.
FEW_STATES = 32

_DENSE_ENTRIES = 4_000_000

# Of more states, the rarest share one: the products above are dense in states.
MOST_STATES = 2000

# Matrices of the states of two columns that a pair takes at once.
_PRODUCTS_OF_STATES = 6


@dataclass(frozen=True, eq=False)
class Known:
    """Regressors: groups of rows and further terms, which are removed from other columns.

    Attributes
    ----------
    labels : ndarray of int, shape (n,)
        The group of each row, from 0 on; each occurs.
    sizes : ndarray of float, shape (n_groups,)
    rows : ndarray of float, shape (m, n)
        Orthonormal, and summing to zero in each group.
    """

    labels: Labels
    sizes: Floats
    rows: Basis

    @classmethod
    def of_groups(cls, labels: NDArray[Any], terms: Basis) -> Known:
        """Make regressors of groups of rows and further terms."""
        labels = labels.astype(np.int64)
        groups = cls(labels, np.bincount(labels).astype(np.float64), terms[:0])
        return cls(labels, groups.sizes, spanning(groups.left(of_unit_length(terms))))

    @classmethod
    def of(cls, data: Dataset, names: Sequence[str]) -> Known:
        """Make regressors of complete columns; each state of a discrete one has its own level."""
        names = sorted(dict.fromkeys(names))
        widest = _widest(data, names)
        if widest is None:
            return cls.of_groups(np.zeros(data.n_samples, dtype=np.int64), embed(data, names))
        labels = np.unique(data.codes[data.row(widest)], return_inverse=True)[1]
        return cls.of_groups(labels, embed(data, [n for n in names if n != widest]))

    @property
    def rank(self) -> int:
        """Number of dimensions of the regressors, without the mean."""
        return len(self.sizes) - 1 + len(self.rows)

    @property
    def nbytes(self) -> int:
        """Size in memory in bytes."""
        return self.labels.nbytes + self.sizes.nbytes + self.rows.nbytes

    def means(self, rows: Basis) -> Basis:
        """The mean of each row in each group, shape (d, n_groups)."""
        if len(self.sizes) == 1:
            return np.asarray(rows.mean(axis=1, keepdims=True))
        sums = [np.bincount(self.labels, weights=row) for row in rows]
        return np.reshape(sums, (len(rows), len(self.sizes))) / self.sizes

    def left(self, rows: Basis) -> Basis:
        """Residuals of rows of shape (d, n)."""
        means = self.means(rows)
        rows = rows - (means if len(self.sizes) == 1 else means[:, self.labels])
        return np.asarray(rows - (rows @ self.rows.T) @ self.rows) if len(self.rows) else rows

    def leverage(self) -> Floats:
        """Leverage of each row in the regression, shape (n,)."""
        return np.asarray(1 / self.sizes[self.labels] + (self.rows**2).sum(axis=0))


def _widest(data: Dataset, names: Sequence[str]) -> str | None:
    """The discrete column with the most states, the first by name of several."""
    discrete = [n for n in names if data.is_discrete(n)]
    return max(discrete, key=lambda n: data.n_observed[data.row(n)], default=None)


def pooled(codes: NDArray[Any], most: int = MOST_STATES) -> tuple[Labels, int]:
    """Labels of states and their number; if more than `most`, the rarest are merged."""
    _, labels, counts = np.unique(codes, return_inverse=True, return_counts=True)
    if len(counts) <= most:
        return labels.astype(np.int64), len(counts)
    # States with as many rows as each other have one fate, whatever their names.
    kept = counts > np.sort(counts)[-most]
    place = np.where(kept, np.cumsum(kept) - 1, kept.sum())
    return place[labels].astype(np.int64), int(kept.sum()) + 1


def one_hot(labels: Labels, n_labels: int) -> csr_array:
    """Indicators as the columns of a sparse matrix, shape (n, n_labels)."""
    n = labels.size
    return csr_array((np.ones(n), labels, np.arange(n + 1)), shape=(n, n_labels))


class Indicators:
    """Residuals of the indicators of columns with many states, never stored as rows.

    Parameters
    ----------
    columns : sequence of (labels, n_labels)
        The states of each column, as `pooled` returns them.
    known : Known
    beside : ndarray of float, shape (d, n)
        Orthonormal rows without what is known, which are taken out as well.
    """

    def __init__(
        self, columns: Sequence[tuple[Labels, int]], known: Known, beside: Basis | None = None
    ) -> None:
        self.known = known
        starts = np.cumsum([0, *(k for _, k in columns)])
        n, width = known.labels.size, len(columns)
        places = np.column_stack(
            [of_column + a for (of_column, _), a in zip(columns, starts[:-1], strict=True)]
        )
        self.states = csr_array(
            (np.ones(places.size), places.ravel(), np.arange(n + 1) * width),
            shape=(n, int(starts[-1])),
        )
        self.beside = known.rows[:0] if beside is None else beside
        self.along = self.sums(self.known.rows)
        self.along_beside = self.sums(self.beside)

    @cached_property
    def counts(self) -> csr_array:
        """Rows by group and state, shape (n_groups, n_states)."""
        groups = one_hot(self.known.labels, len(self.known.sizes))
        return csr_array(groups.T @ self.states)

    def sums(self, rows: Basis) -> Floats:
        """Sums of rows by state, shape (d, n_states)."""
        return np.asarray((self.states.T @ rows.T).T).reshape(len(rows), self.states.shape[1])

    def gram(self, other: Indicators) -> Floats:
        """Products with the indicators of other columns, given all regressors of both."""
        found = self.known_left(other) - self.along_beside.T @ other.sums(self.beside)
        shared = self.beside @ other.beside.T
        return np.asarray(
            found + (self.along_beside.T @ shared - self.sums(other.beside).T) @ other.along_beside
        )

    def known_left(self, other: Indicators) -> Floats:
        """Products with the indicators of other columns, given the shared regressors."""
        table = (self.states.T @ other.states).toarray()
        sizes = self.known.sizes[:, np.newaxis]
        if len(sizes) * max(table.shape) <= _DENSE_ENTRIES:
            table -= (self.counts.toarray() / sizes).T @ other.counts.toarray()
        else:
            table -= (csr_array(self.counts.multiply(1 / sizes)).T @ other.counts).toarray()
        return np.asarray(table - self.along.T @ other.along)

    @cached_property
    def _factor(self) -> tuple[Floats, Labels]:
        """Cholesky factor with pivots, and the states that were chosen as pivots."""
        share = self.states.sum(axis=0) / self.states.shape[0]
        scale = np.sqrt(np.maximum(self.states.shape[0] * share * (1 - share), 1.0))
        scaled = self.gram(self) / np.outer(scale, scale)
        factor, pivots, rank, _ = dpstrf(scaled, tol=RESOLUTION**2, lower=1)
        chosen = (pivots[:rank] - 1).astype(np.int64)
        lower = np.tril(factor[:rank, :rank]) * scale[chosen, np.newaxis]
        return lower, chosen

    def __len__(self) -> int:
        return len(self._factor[1])

    @property
    def nbytes(self) -> int:
        """Size in memory in bytes, at most, as the rank is not computed for it."""
        of_factor = 8 * self.states.shape[1] ** 2
        return int(20 * self.states.nnz + self.along.nbytes + self.beside.nbytes + of_factor)

    def turned(self, products: Floats) -> Floats:
        """Convert products with the indicators to products with an orthonormal basis."""
        lower, chosen = self._factor
        return np.asarray(solve_triangular(lower, products[chosen], lower=True))


@dataclass(frozen=True, eq=False)
class Block:
    """Orthonormal basis of the residuals of columns: rows, and indicators of many states."""

    rows: Basis
    wide: Indicators | None = None

    @classmethod
    def of(cls, data: Dataset, names: Sequence[str], known: Known) -> Block:
        """Make the block of complete columns given the regressors."""
        names = list(dict.fromkeys(names))
        wide = [n for n in names if is_wide(data, n)]
        terms = of_unit_length(embed(data, [n for n in names if n not in wide]))
        rows = spanning(known.left(terms))
        if not wide:
            return cls(rows)
        columns = [pooled(data.codes[data.row(n)]) for n in wide]
        return cls(rows, Indicators(columns, known, rows))

    def __len__(self) -> int:
        return len(self.rows) + (len(self.wide) if self.wide is not None else 0)

    @property
    def nbytes(self) -> int:
        """Size in memory in bytes."""
        return self.rows.nbytes + (self.wide.nbytes if self.wide is not None else 0)

    def products(self, other: Block) -> Floats:
        """Products of two bases; their singular values are the canonical correlations."""
        if self.wide is None and other.wide is None:
            return np.asarray(self.rows @ other.rows.T)
        if self.wide is None:
            return other.products(self).T
        upper = [self.rows @ other.rows.T]
        lower = [self.wide.turned(_against_rows(self.wide, other.rows))]
        if other.wide is not None:
            upper.append(other.wide.turned(_against_rows(other.wide, self.rows)).T)
            lower.append(other.wide.turned(self.wide.turned(self.wide.gram(other.wide)).T).T)
        return np.block([upper, lower])


def _against_rows(wide: Indicators, rows: Basis) -> Floats:
    """Products of indicators with residual rows, shape (n_states, d)."""
    return np.asarray((wide.sums(rows) - (rows @ wide.beside.T) @ wide.along_beside).T)


def is_wide(data: Dataset, name: str) -> bool:
    """Whether a column is kept as codes because it has many states."""
    return data.is_discrete(name) and bool(data.n_observed[data.row(name)] > FEW_STATES)


def vectors_held(data: Dataset, names: Sequence[str], size: int = 8) -> tuple[int, int]:
    """How many vectors columns become, and their bytes, twice as they are joined.

    Of columns of many states the products are held instead.
    """
    wide = [min(int(data.n_observed[data.row(n)]), MOST_STATES) for n in names if is_wide(data, n)]
    n_vectors = sum(
        int(data.n_states[data.row(n)]) - 1 if data.is_discrete(n) else 1
        for n in names
        if not is_wide(data, n)
    )
    of_products = 8 * _PRODUCTS_OF_STATES * max(wide, default=0) ** 2 * n_threads()
    return n_vectors, 2 * size * rows_held(data, n_vectors) * n_vectors + of_products
