r"""The distribution of a chordal graph that has the margins of the data on each clique.

With a junction tree of cliques C and separators S it is :math:`\prod_C p(x_C) / p(x_S)`, so each
clique adds the columns that are not in its separator, given those that are. Discrete margins are
counts, with the uniform prior of s rows spread evenly over the cells of each; these priors agree on
what two cliques share (Dawid and Lauritzen 1993). Continuous margins are normal, and the inverse of
the whole covariance is the sum of those of the cliques less those of the separators, each padded
with zeros (Lauritzen 1996, proposition 5.9).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import coo_array, csr_array

from mistruct._typing import Floats
from mistruct.data.dataset import Dataset, as_dataset
from mistruct.data.door import Kind
from mistruct.errors import DataError, nearest_names
from mistruct.information.counts.joint_tables import (
    MAX_CELLS,
    check_cells,
    complete_part,
    count_table,
)
from mistruct.structure.chordal.cliques import Clique

# Share of the variance of a column below which nothing is taken to be left of it.
_LEAST = 1e-10


class FittedNetwork(ABC):
    """A distribution over the columns of a table."""

    def __init__(self, data: Dataset, kinds: Mapping[str, Kind]) -> None:
        self._like = data.take(np.zeros(data.n_samples, dtype=bool))  # its columns, no rows
        self._kinds = dict(kinds)

    @abstractmethod
    def log_likelihood(self, data: Any) -> float:
        """Log-likelihood in nats, summed over the rows of a table."""

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> pd.DataFrame:
        """Rows that are drawn from it."""

    def precision(self, names: Sequence[str]) -> csr_array:
        """The inverse covariance of the columns in this order; DataError where there is none."""
        raise DataError(
            "precision_ is of continuous columns, and these are discrete; "
            "to_markov_network has their tables"
        )

    def _rows(self, data: Any) -> Dataset:
        """Other rows of the same columns, with the same states, none of them missing."""
        like = self._like
        names = data.names if isinstance(data, Dataset) else getattr(data, "columns", like.names)
        for name in sorted(set(like.names) - set(map(str, names))):
            raise DataError(f"there is no column {name!r}{nearest_names(name, names)}")
        if not isinstance(data, Dataset):
            data = as_dataset(data, kinds=self._kinds, missing="testwise")
        table: Dataset = data.by_order if like.continuous else data.by_states
        for name in like.names:
            if table.is_discrete(name) != like.is_discrete(name):
                raise DataError(
                    f"column {name!r} is {table.kinds[name]}, and {like.kinds[name]} in the table "
                    "that was learned from; declare its kind with kinds="
                )
            if table.n_missing[name]:
                raise DataError(
                    f"column {name!r} has {table.n_missing[name]} missing entries, and the "
                    "likelihood is that of complete rows; leave incomplete ones out"
                )
        return table


def fitted(
    data: Dataset,
    kinds: Mapping[str, Kind],
    cliques: Sequence[Clique],
    equivalent_sample_size: float,
) -> FittedNetwork:
    """The distribution of a table that is all discrete or all continuous.

    `kinds` are those of the columns before ordinal ones were taken as one of the other two.

    Raises
    ------
    DataError
        No row is complete in a connected part of the graph, the table of a clique is too large, or
        the columns of a clique determine each other.
    """
    if data.continuous:
        return _Normal(data, kinds, cliques)
    return _Tables(data, kinds, cliques, equivalent_sample_size)


def _parts(data: Dataset, cliques: Sequence[Clique]) -> list[Dataset]:
    """Rows of each clique that are complete in its connected component."""
    if not any(data.n_missing.values()):
        return [data] * len(cliques)
    roots: list[int] = []
    for k, clique in enumerate(cliques):
        roots.append(k if clique.parent is None else roots[clique.parent])
    of_root = {
        root: complete_part(
            data,
            sorted({v for c, r in zip(cliques, roots, strict=True) if r == root for v in c.nodes}),
        )
        for root in set(roots)
    }
    return [of_root[root] for root in roots]


class _Tables(FittedNetwork):
    """Clique tables of discrete columns."""

    def __init__(
        self, data: Dataset, kinds: Mapping[str, Kind], cliques: Sequence[Clique], size: float
    ) -> None:
        super().__init__(data, kinds)
        # Of each clique: its separator, what it adds, and the probabilities of the latter given
        # the former, shape (n_states of the separator, n_states of the rest).
        self._steps: list[tuple[tuple[str, ...], tuple[str, ...], Floats]] = []
        n_states = {v: len(states) for v, states in data.states.items()}
        for clique, part in zip(cliques, _parts(data, cliques), strict=True):
            rest = tuple(v for v in clique.nodes if v not in clique.separator)
            order = (*clique.separator, *rest)
            check_cells("a clique table", order, n_states, MAX_CELLS)
            counts = count_table(part, order)
            table = counts + size / counts.size
            n_of_separator = int(np.prod([n_states[v] for v in clique.separator], dtype=np.int64))
            given = table.reshape(n_of_separator, -1)
            sums = given.sum(axis=1, keepdims=True)
            probabilities = np.divide(given, sums, out=np.zeros_like(given), where=sums > 0)
            self._steps.append((clique.separator, rest, probabilities))

    def log_likelihood(self, data: Any) -> float:
        table = self._rows(data)
        codes = {name: self._coded(table, name) for name in self._like.names}
        total = 0.0
        with np.errstate(divide="ignore"):
            for separator, rest, probabilities in self._steps:
                place = self._cells(codes, separator, table.n_samples)
                cell = self._cells(codes, rest, table.n_samples)
                total += float(np.log(probabilities[place, cell]).sum())
        return total

    def sample(self, n: int, rng: np.random.Generator) -> pd.DataFrame:
        codes: dict[str, NDArray[np.int64]] = {}
        for separator, rest, probabilities in self._steps:
            place = self._cells(codes, separator, n)
            # One line for all states of the separator: a stretch of length 1 for each.
            ends = np.cumsum(probabilities, axis=1)
            ends /= np.maximum(ends[:, -1:], np.finfo(float).tiny)
            line = (ends + np.arange(len(ends))[:, np.newaxis]).ravel()
            found = np.searchsorted(line, place + rng.random(n), side="right")
            cells = found - place * probabilities.shape[1]
            shape = [len(self._like.states[v]) for v in rest]
            # A sum that was rounded up lies on the next stretch.
            of_rest = np.unravel_index(np.minimum(cells, probabilities.shape[1] - 1), shape)
            codes |= dict(zip(rest, of_rest, strict=True))
        rows = np.array([codes[v] for v in self._like.names], dtype=self._like.codes.dtype)
        return replace(self._like, codes=rows, values=np.empty((0, n)), index=None).to_pandas()

    def _coded(self, table: Dataset, name: str) -> NDArray[np.int64]:
        """A column of another table by the states of this one."""
        place = {state: i for i, state in enumerate(self._like.states[name])}
        strange = [s for s in table.states[name] if s not in place]
        own = np.array([place.get(s, -1) for s in table.states[name]], dtype=np.int64)
        codes = own[table.codes[table.row(name)]]
        if strange and (codes < 0).any():
            raise DataError(
                f"column {name!r} has the state {strange[0]!r}, which it did not have in the table "
                "that was learned from; leave such rows out"
            )
        return np.asarray(codes)

    def _cells(
        self, codes: dict[str, NDArray[np.int64]], names: Sequence[str], n: int
    ) -> NDArray[np.int64]:
        """Joint state of some columns in each row."""
        cells = np.zeros(n, dtype=np.int64)
        for name in names:
            cells = cells * len(self._like.states[name]) + codes[name]
        return cells


class _Normal(FittedNetwork):
    """Model of continuous columns that are jointly normal."""

    def __init__(self, data: Dataset, kinds: Mapping[str, Kind], cliques: Sequence[Clique]) -> None:
        super().__init__(data, kinds)
        # Of each clique: its columns, those of its separator first, their means and covariance.
        self._steps: list[tuple[tuple[str, ...], int, Floats, Floats]] = []
        for clique, part in zip(cliques, _parts(data, cliques), strict=True):
            rest = tuple(v for v in clique.nodes if v not in clique.separator)
            order = (*clique.separator, *rest)
            rows = part.values[[part.row(v) for v in order]]
            means = rows.mean(axis=1)
            covariance = np.cov(rows, bias=True).reshape(len(order), len(order))
            self._refuse_singular(order, covariance)
            self._steps.append((order, len(clique.separator), means, covariance))

    def precision(self, names: Sequence[str]) -> csr_array:
        """The sum of the inverse covariances of cliques, less those of separators."""
        place = {name: i for i, name in enumerate(names)}
        entries: list[tuple[NDArray[np.floating], NDArray[np.int64]]] = []
        for order, n_given, _, covariance in self._steps:
            at = np.array([place[v] for v in order], dtype=np.int64)
            entries.append((np.linalg.inv(covariance), at))
            if n_given:
                entries.append((-np.linalg.inv(covariance[:n_given, :n_given]), at[:n_given]))
        values = np.concatenate([values.ravel() for values, _ in entries])
        rows = np.concatenate([np.repeat(at, len(at)) for _, at in entries])
        columns = np.concatenate([np.tile(at, len(at)) for _, at in entries])
        shape = (len(names), len(names))
        return csr_array(coo_array((values, (rows, columns)), shape=shape))

    def log_likelihood(self, data: Any) -> float:
        table = self._rows(data)
        total = 0.0
        for order, n_given, means, covariance in self._steps:
            rows = table.values[[table.row(v) for v in order]] - means[:, np.newaxis]
            total += _log_density(rows, covariance)
            if n_given:
                total -= _log_density(rows[:n_given], covariance[:n_given, :n_given])
        return total

    def sample(self, n: int, rng: np.random.Generator) -> pd.DataFrame:
        drawn: dict[str, Floats] = {}
        for order, n_given, means, covariance in self._steps:
            given, rest = order[:n_given], order[n_given:]
            expected = np.repeat(means[n_given:, np.newaxis], n, axis=1)
            left = covariance[n_given:, n_given:]
            if n_given:
                slopes = np.linalg.solve(
                    covariance[:n_given, :n_given], covariance[:n_given, n_given:]
                ).T
                known = np.array([drawn[v] for v in given]) - means[:n_given, np.newaxis]
                expected += slopes @ known
                left = left - slopes @ covariance[:n_given, n_given:]
            noise = np.linalg.cholesky(left) @ rng.standard_normal((len(rest), n))
            drawn |= dict(zip(rest, expected + noise, strict=True))
        return pd.DataFrame(drawn)

    def _refuse_singular(self, order: Sequence[str], covariance: Floats) -> None:
        spread = np.sqrt(np.diag(covariance))
        for name, of_one in zip(order, spread, strict=True):
            if of_one == 0:
                raise DataError(
                    f"column {name!r} is constant, so that the normal distribution has no density; "
                    "leave it out"
                )
        if np.linalg.eigvalsh(covariance / np.outer(spread, spread))[0] < _LEAST:
            shown = ", ".join(map(repr, order))
            raise DataError(
                f"columns {shown} determine each other in these rows, so that the normal "
                "distribution has no density; leave one out, or lower max_clique"
            )


def _log_density(rows: Floats, covariance: Floats) -> float:
    """Log-density of centred rows, shape (n_columns, n_samples), summed."""
    factor = cho_factor(covariance, lower=True)
    squares = float((rows * cho_solve(factor, rows)).sum())
    log_determinant = 2.0 * float(np.log(np.diag(factor[0])).sum())
    d, n = rows.shape
    return float(-0.5 * (squares + n * (log_determinant + d * np.log(2 * np.pi))))
