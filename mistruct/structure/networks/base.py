"""Base class of the networks of pairwise information: ARACNE, CLR and MRNET.

All three estimate the information of every pair of columns, or of regulators with columns, keep
the pairs that are significant, and rank these by a score of their own.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, Literal

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset
from mistruct.errors import MistructWarning, check_choice, check_count, check_fraction
from mistruct.independence.base import IndependenceTest
from mistruct.independence.multiple_testing import Correction, threshold
from mistruct.information.base import Estimator
from mistruct.information.panels import Panels
from mistruct.structure.cost import LIBRARIES, bytes_held
from mistruct.structure.learner import StructureLearner, describe
from mistruct.structure.networks.network_cost import (
    BYTES_OF_A_PAIR,
    NetworkCost,
    check_memory,
    share_of_dependent,
)
from mistruct.structure.networks.significance import (
    Beside,
    Pairs,
    count_tests,
    passes,
    significant_pairs,
    why_none,
)
from mistruct.structure.ranked_edges import (
    count_samples,
    heavier_way,
    hub_weights,
    in_network,
    ranked,
    ranked_both_ways,
    signs,
)
from mistruct.structure.regulators import find_regulators
from mistruct.structure.resampling.consensus import Votes
from mistruct.structure.resampling.replicates import (
    Arrays,
    Folder,
    Work,
    check_replicates,
    cost_of_replicates,
    run_replicates,
)
from mistruct.structure.trees.edge_rules import degrees_of_freedom

Direction = Literal["hubs"]

# A matrix of more entries is made in single precision.
_MOST_DOUBLES = 50_000_000


@dataclass(frozen=True, eq=False)
class Network:
    """The significant pairs of a table.

    Attributes
    ----------
    data : Dataset
        Columns that vary, in the order of their names.
    rows : ndarray of int, shape (n_rows,)
        Positions of the regulators, or of all columns.
    pairs : Pairs
        Those that passed.
    beside : object
        What the learner has taken from the information of all pairs, besides.
    """

    data: Dataset
    rows: Positions
    pairs: Pairs
    beside: Any

    @property
    def source(self) -> NDArray[Any]:
        """Position of the first column of each pair, a regulator; shape (n_pairs,)."""
        return self.rows.astype(np.int32)[self.pairs.row]

    @property
    def target(self) -> NDArray[Any]:
        """Position of the second column of each pair, which may be a regulator too."""
        return self.pairs.column

    @property
    def mi(self) -> NDArray[Any]:
        """Information of each pair."""
        return self.pairs.mi

    @property
    def row_of(self) -> Positions:
        """Row of each column in the matrix of information, -1 where it has none."""
        row_of = np.full(self.data.n_variables, -1, dtype=np.int64)
        row_of[self.rows] = np.arange(len(self.rows))
        return row_of


class NetworkLearner(StructureLearner):
    """Base class of the learners that rank pairs by their information.

    A subclass scores the significant pairs in `_score`.
    """

    regulators_: tuple[str, ...]
    #: Whether edges without a direction are ranked by their shares, too, instead of their score.
    _by_shares = False
    test_: Any  # a test, or None where the p-values are from the null of the estimator
    _made: Any  # the graph, or its nodes before it is made
    _cut: float  # the largest p-value in the graph

    def __init__(
        self,
        alpha: float | None = 0.05,
        *,
        correction: Correction = "bh",
        regulators: Sequence[str] | str | PathLike[str] | None = None,
        direction: Direction | None = None,
        n_edges: int | None = None,
        estimator: str | Estimator = "auto",
        test: str | IndependenceTest = "auto",
        n_bootstraps: int | None = None,
        checkpoint: Folder | None = None,
        seed: int | None = 0,
    ) -> None:
        self.alpha = alpha
        self.correction = correction
        self.regulators = regulators
        self.direction = direction
        self.n_edges = n_edges
        self.estimator = estimator
        self.test = test
        self.n_bootstraps = n_bootstraps
        self.checkpoint = checkpoint
        self.seed = seed

    @property
    def directed(self) -> bool:  # type: ignore[override]  # it depends on a parameter here
        """Whether `graph_` has arcs."""
        return self.direction is not None

    def _check_parameters(self) -> None:
        if self.alpha is not None:
            check_fraction("alpha", self.alpha)
        check_choice("correction", self.correction, ("bh", "bonferroni", "none"))
        check_choice("direction", self.direction, (None, "hubs"))
        if self.n_edges is not None:
            check_count("n_edges", self.n_edges)
        check_replicates("n_bootstraps", self.n_bootstraps, self.seed, self.checkpoint)

    def _beside(self, data: Dataset, rows: Positions, panels: Panels) -> Beside | None:
        """Observer of all pairs of a table besides the search for significant ones."""
        return None

    def _score(self, network: Network) -> tuple[Floats, dict[str, NDArray[Any]]]:
        """The score of each pair, and further columns of `edges_`."""
        raise NotImplementedError

    def _cost(self, data: Dataset) -> NetworkCost:
        data, rows = _varying(*self._prepare(data))
        n_pairs = count_tests(len(rows), data.n_variables)
        n_bytes = self._check_memory(data, rows)
        if n_pairs and self.alpha is not None:
            share = share_of_dependent(data, self.alpha)
            n_bytes += BYTES_OF_A_PAIR * self._n_kept(data, rows, share)
        everything = np.arange(data.n_variables)
        of_one = self.estimator_.seconds(data, rows, everything) if n_pairs else 0.0
        cost = NetworkCost(seconds=of_one, n_bytes=n_bytes, n_pairs=n_pairs)
        if self.n_bootstraps is None:
            return cost
        n, kept = self.n_bootstraps, self.checkpoint is not None
        return cost_of_replicates(cost, data, n, n_times=n + 1, checkpoint=kept)

    def _sent(self, data: Dataset) -> Iterator[Any]:
        data, rows = _varying(*self._prepare(data))
        if self.n_bootstraps is not None:
            yield Work.of(self._replicate(data, rows), data, self.seed)
        if count_tests(len(rows), data.n_variables):
            panels = self._panels(data, rows)
            rule = self.alpha, self.correction, self.test_
            beside = self._beside(data, rows, panels)
            sent = passes(data, self.estimator_, panels, rows, *rule, beside, self.n_edges)
            yield from (shared for shared in sent if shared is not None)

    def _prepare(self, data: Dataset) -> tuple[Dataset, Sequence[str]]:
        """The table, and the columns that may regulate others."""
        self.regulators_ = data.names
        if self.regulators is not None:
            self.regulators_ = find_regulators(self.regulators, data.names)
        self._choose(data, penalised=False)
        if isinstance(self.test, str) and self.test == "auto":
            self.test_ = None
        return data, self.regulators_

    def _learn(self, data: Dataset) -> pd.DataFrame:
        if self.n_bootstraps is None:
            return self._learn_once(*self._prepare(data))
        return self._learn_consensus(*self._prepare(data), self.n_bootstraps)

    def _learn_once(self, data: Dataset, regulators: Sequence[str]) -> pd.DataFrame:
        self._cut = 1.0
        network = self._estimate(*_varying(data, regulators))
        data, source, target = network.data, network.source, network.target
        columns: dict[str, NDArray[Any]] = {
            "mi": network.mi.astype(np.float64),
            "p_value": network.pairs.p_value,
            "n_samples": count_samples(data, source, target),
        }
        columns["weight"], own = self._score(network)
        regulates = network.row_of >= 0
        del network  # with what the learner has taken beside, which may be the matrix
        columns |= {"sign": signs(data, source, target), **own}
        return self._ranked(data, source, target, columns, regulates)

    def _learn_consensus(self, data: Dataset, regulators: Sequence[str], n: int) -> pd.DataFrame:
        data, rows = _varying(data, regulators)
        replicate = self._replicate(data, rows)
        regulators = replicate.regulators
        made_with = self._made_with(regulators)
        replicates = run_replicates(replicate, data, n, self.seed, made_with, self.checkpoint)
        votes = Votes(data.n_variables)
        for found in replicates:
            votes.add(found)
        # Chance associations of the table recur in its replicates: support alone is not enough.
        whole = self._estimate(data, rows)
        votes.restrict(whole.source, whole.target)
        del whole
        source, target = votes.source, votes.target
        n_tests = max(1, count_tests(len(rows), data.n_variables))
        p_value = votes.p_values(n_tests)
        self._cut = threshold(p_value, n_tests, self.alpha, self.correction)
        columns: dict[str, NDArray[Any]] = {
            "mi": votes.mi / votes.count,
            "p_value": p_value,
            "n_samples": count_samples(data, source, target),
            "weight": votes.weight / n,
            "support": votes.count / n,
            "sign": signs(data, source, target),
        }
        return self._ranked(data, source, target, columns, np.isin(data.names, regulators))

    def _replicate(self, data: Dataset, rows: Positions) -> _Replicate:
        position = {name: i for i, name in enumerate(data.names)}
        return _Replicate(self, [data.names[r] for r in rows], position)

    def _made_with(self, regulators: Sequence[str]) -> dict[str, Any]:
        """Parameters that replicates depend on, besides the table and the seed."""
        used = self._used()
        for name in ("n_bootstraps", "seed"):
            del used[name]
        described = {name: describe(value) for name, value in used.items()}
        # A file may have other names the next time.
        described["regulators"] = None if self.regulators is None else list(regulators)
        return {"algorithm": self.algorithm, **described}

    def _ranked(
        self,
        data: Dataset,
        source: Positions,
        target: Positions,
        columns: dict[str, NDArray[Any]],
        regulates: NDArray[np.bool_],
    ) -> pd.DataFrame:
        names = np.array(data.names, dtype=object)
        if not (self.directed or self._by_shares):
            return ranked(names, source, target, columns)
        information = columns["mi"] * columns.get("support", 1.0)
        back = regulates[target]
        weights = hub_weights(source, target, information, back, data.n_variables)
        absent = ~(columns["weight"] > 0)
        weights[0][absent], weights[1][absent[back]] = 0.0, 0.0
        if self.directed:
            return ranked_both_ways(names, source, target, columns, back, weights)
        weights[0][back] += weights[1]
        weights[0][back] /= 2.0
        columns["weight"] = weights[0]
        return ranked(names, source, target, columns)

    def _estimate(self, data: Dataset, rows: Positions) -> Network:
        """The pairs that pass."""
        self._check_memory(data, rows)
        if not count_tests(len(rows), data.n_variables):
            none = np.empty(0, dtype=np.int32)
            return Network(data, rows, Pairs(none, none, np.empty(0), np.empty(0)), None)
        panels = self._panels(data, rows)
        beside = self._beside(data, rows, panels)
        rule = self.alpha, self.correction, self.test_
        pairs = significant_pairs(data, self.estimator_, panels, rows, *rule, beside, self.n_edges)
        if self.alpha is not None and not len(pairs.row):
            # Say what the strongest pair would have needed.
            why = why_none(data, self.estimator_, panels, rows, self.alpha, *rule[1:])
            warnings.warn(why, MistructWarning, stacklevel=5)  # of `fit`
        return Network(data, rows, pairs, beside)

    def _panels(self, data: Dataset, rows: Positions) -> Panels:
        columns = np.arange(data.n_variables)
        return self.estimator_.panels(data, rows, columns, precision(len(rows), len(columns)))

    def _check_memory(self, data: Dataset, rows: Positions) -> int:
        n_pairs = count_tests(len(rows), data.n_variables)
        dtype = precision(len(rows), data.n_variables)
        share = 1.0 if self.alpha is None else self.alpha if self.correction == "none" else 0.0
        of_panels = self.estimator_.n_bytes(data, rows, np.arange(data.n_variables), dtype)
        needed = LIBRARIES + bytes_held(data) + of_panels
        needed += self._entries_kept(len(rows)) * dtype.itemsize
        return check_memory(needed, n_pairs, self._n_kept(data, rows, share))

    def _n_kept(self, data: Dataset, rows: Positions, share: float) -> int:
        """Pairs that are kept, if such a share of all passes the level."""
        n_kept = round(count_tests(len(rows), data.n_variables) * share)
        return min(n_kept, data.n_variables * (self.n_edges or n_kept))

    def _entries_kept(self, n_rows: int) -> int:
        """Entries of the matrix of information that are kept."""
        return 0

    def chosen_edges(self) -> pd.DataFrame:
        """The rows of `edges_` that are in the network, in both directions if both are ranked."""
        return in_network(self.edges_[self.edges_["p_value"] <= self._cut])

    @property
    def graph_(self) -> nx.Graph:
        """Graph of the network, made on first use, as a million edges take a gigabyte."""
        if not isinstance(self._made, nx.Graph):
            chosen = self.chosen_edges()
            if self.directed:
                chosen = heavier_way(chosen)
            chosen = chosen.drop(columns=["direct", "explained_by"], errors="ignore")
            self._made = super()._graph(self._made, chosen)
        return self._made

    @graph_.setter
    def graph_(self, nodes: Iterable[str]) -> None:
        self._made = nodes

    def _graph(self, nodes: Iterable[str], edges: pd.DataFrame) -> Any:
        """The graph that `fit` stores."""
        return nodes

    def _used(self) -> dict[str, Any]:
        used = super()._used()
        del used["checkpoint"]  # where a replicate is kept does not change it
        return used

    def _seed(self) -> int | None:
        return super()._seed() if self.n_bootstraps is None else self.seed


@dataclass(frozen=True, eq=False)
class _Replicate:
    """The pairs that are in the network of a sample of the rows."""

    learner: NetworkLearner
    regulators: Sequence[str]
    position: dict[str, int]

    def __call__(self, sample: Dataset) -> Arrays:
        network = self.learner._estimate(*_varying(sample, self.regulators))
        place = np.array([self.position[n] for n in network.data.names], dtype=np.int32)
        mi = network.mi.astype(np.float64)
        weight, own = self.learner._score(network)
        found: dict[str, NDArray[Any]] = {"mi": mi, "weight": weight}
        found |= {"source": place[network.source], "target": place[network.target]}
        held = (weight > 0) & own.get("direct", True)
        return {name: values[held] for name, values in found.items()}


def precision(n_rows: int, n_columns: int) -> np.dtype[Any]:
    """The type of the entries of a matrix of information."""
    return np.dtype(np.float32 if n_rows * n_columns > _MOST_DOUBLES else np.float64)


def _varying(data: Dataset, regulators: Sequence[str]) -> tuple[Dataset, Positions]:
    """The columns that vary, and the positions of regulators among them."""
    varies = degrees_of_freedom(data) > 0
    data = data.select(n for n, v in zip(data.names, varies, strict=True) if v)
    chosen = set(regulators)
    rows = np.array([i for i, n in enumerate(data.names) if n in chosen], dtype=np.int64)
    return data, rows
