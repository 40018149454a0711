"""Differential networks: pairs of columns whose dependence differs between groups of rows."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset
from mistruct.errors import (
    DataError,
    ParameterError,
    check_count,
    check_fraction,
)
from mistruct.structure.cost import LIBRARIES, Cost, bytes_held
from mistruct.structure.differential.edge_changes import changes_of_edges, pairs_at, place_of_pair
from mistruct.structure.differential.given_columns import left_by
from mistruct.structure.differential.group_scores import Groups
from mistruct.structure.differential.pair_cost import check_memory_of_pairs, cost_of_differences
from mistruct.structure.differential.pair_differences import correlations_within, pair_differences
from mistruct.structure.differential.row_groups import (
    group_of_rows,
    strata_of,
    without_small_strata,
)
from mistruct.structure.learner import StructureLearner
from mistruct.structure.ranked_edges import count_samples
from mistruct.structure.reasons import ExplainsPairs, Reason, Reasons
from mistruct.structure.resampling.bootstrap import Bootstrap

_FEWEST_ROWS = 10  # of a group


class DifferentialNetwork(ExplainsPairs, StructureLearner):
    """Differential network: the differences between the networks of groups of rows.

    For each pair of columns a permutation test asks whether their dependence differs between the
    groups, and a learner finds the network of each group in samples of equal size.

    Parameters
    ----------
    learner : learner
        Learner of the network of each group; it is cloned, not fitted.
    condition : str
        Column that says which group a row is in. It is not a node.
    levels : sequence, optional
        The states of `condition` to compare, the reference first; default: all that occur, in
        their order. Rows of other states are left out.
    strata : sequence of str, default ()
        Columns of states, such as batch or sex, within which groups are compared; no nodes.
    given : sequence of str, default ()
        Columns of numbers, such as age or another gene, given which dependence is compared; no
        nodes. All other columns must have an order. Rows in which one is missing are left out.
    alpha : float
        Bound of the false discovery rate among the pairs that differ.
    n_permutations : int
        Number of permutations of the labels of the groups.
    n_resamples : int
        Number of samples of the rows of each group that `learner` is fitted to.
    threshold : float
        Share of the samples that must hold an edge of the network of a group.
    seed : int or None
        Seed of permutations and samples; None draws afresh.

    Attributes
    ----------
    levels_ : tuple
        The groups compared.
    graphs_ : dict of networkx.Graph or networkx.DiGraph
        The network of each group, by level; see :class:`Bootstrap`.
    graph_ : networkx.Graph
        All rows of `edges_` as edges.
    edges_ : pandas.DataFrame
        One row per pair that differs or has an edge in a group, the smallest p-value first:

        - source, target;
        - mi: estimate of I(source; target | condition) in nats;
        - p_value: of the same dependence in all groups, NaN where a column is constant in one;
        - n_samples: the rows that are complete in both columns;
        - q_value: `p_value` adjusted over all pairs (Benjamini and Hochberg 1995), with weights
          (Genovese, Roeder and Wasserman 2006);
        - differs: whether `q_value` is at most `alpha`;
        - change: ``kept`` if the networks of all groups have the edge, ``turned`` if they have it
          in different directions, ``lost`` or ``gained`` if only the network of the first or of
          the second of two groups has it, ``some`` if those of some of more groups have it,
          ``none`` if no network has it;
        - for each level, in brackets: ``mi[level]`` in nats, ``correlation[level]`` of normal
          scores (NaN unless both columns have an order), and ``support[level]``, the share of the
          samples of the group that hold the edge.
    n_features_in_ : int
        Number of columns seen during `fit`.
    feature_names_in_ : ndarray of str, shape (n_features,)
        Their names.

    Raises
    ------
    DataError
        `condition` has one level, a group has fewer than 10 rows, or the table is not fit.
    ParameterError
        A parameter breaks its rule, or `condition` is a node, as the target of `learner` is.

    Warns
    -----
    MistructWarning
        A stratum is left out, as a group has fewer than 5 rows in it.

    Notes
    -----
    Columns are compared by their ranks within each group, so a gene that is merely higher or more
    variable in a group does not differ. P-values are shares over the permutations of all pairs
    together, so the smallest is 1 / (1 + n_permutations * n_pairs). Nine tenths of them go to
    linear changes, one tenth to changes of form. A quarter of `alpha` goes to pairs whose columns
    depend on each other in the mean of the groups, so that their q-values are smaller than those of
    others with the same p-value. Both parts are smaller where they find nothing. Pairs with a
    column of unordered states are tested against chi-square, which is too small a p-value where
    most cells hold fewer than five rows.

    A group of more rows would have more edges, so all groups are sampled alike: 63.2 percent of
    the rows of the smallest. `differs` is a test of the pair alone, `change` compares networks, and
    neither follows from the other.

    With `given`, each column is replaced by what linear regression on the given ones leaves of it
    in each group, all in normal scores, for the tests as for the networks.

    References
    ----------
    Bartlett (1935), "Contingency table interactions", Journal of the Royal Statistical Society 2.
    de la Fuente (2010), "From 'differential expression' to 'differential networking'", Trends in
    Genetics 26.
    Genovese, Roeder and Wasserman (2006), "False discovery control with p-value weighting",
    Biometrika 93.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> group = np.repeat(["healthy", "ill"], 100)
    >>> a, b, c = rng.normal(size=(3, 200))
    >>> table = pd.DataFrame({"a": a, "b": np.where(group == "ill", a + b, b), "c": c})
    >>> table["group"] = group
    >>> differential = ms.DifferentialNetwork(ms.ChowLiu(alpha=0.01), "group").fit(table)
    >>> differential.edges_[["source", "target", "differs", "change"]].values.tolist()
    [['a', 'b', True, 'gained']]
    """

    algorithm = "differential"
    bytes_of_a_pair = 200

    def __init__(
        self,
        learner: StructureLearner,
        condition: str,
        *,
        levels: Sequence[Hashable] | None = None,
        strata: Sequence[str] = (),
        given: Sequence[str] = (),
        alpha: float = 0.05,
        n_permutations: int = 200,
        n_resamples: int = 20,
        threshold: float = 0.5,
        seed: int | None = 0,
    ) -> None:
        self.learner = learner
        self.condition = condition
        self.levels = levels
        self.strata = strata
        self.given = given
        self.alpha = alpha
        self.n_permutations = n_permutations
        self.n_resamples = n_resamples
        self.threshold = threshold
        self.seed = seed

    def _reason(self, x: str, y: str) -> str:
        ends = {x, y}
        row: Any
        for row in self.edges_.to_dict("records"):
            if {row["source"], row["target"]} == ends:
                return self._in_words(row)
        return f"{x!r} and {y!r} do not differ, and have an edge in no group"

    def _in_words(self, row: Mapping[Any, Any]) -> str:
        """Explain a row of `edges_`."""
        differs = "differ" if row["differs"] else "do not differ significantly"
        words = f"{row['source']!r} and {row['target']!r} {differs} between the groups"
        if not np.isnan(row["p_value"]):
            words += f" (p {row['p_value']:.2g}, q {row['q_value']:.2g})"
        of_groups = []
        for level in self.levels_:
            correlation, support = row[f"correlation[{level}]"], row[f"support[{level}]"]
            said = f"mi {row[f'mi[{level}]']:.3f} nats"
            said += "" if np.isnan(correlation) else f", correlation {correlation:.2f}"
            of_groups.append(f"{level}: {said}, an edge in {support:.0%} of samples")
        change = "" if row["change"] in ("none", "some") else f"; the edge is {row['change']}"
        return f"{words}; {'; '.join(of_groups)}{change}"

    def reasons(self, most: int = 20_000) -> Reasons:
        """Words of `why` for all pairs of `edges_`."""
        return self._reasons(self.graph_)

    def networks(self) -> list[tuple[nx.Graph, Reasons, str]]:
        """Networks of both groups, if there are two; otherwise all pairs as one."""
        if len(self.levels_) != 2:
            return super().networks()
        return [(g, self._reasons(g), str(level)) for level, g in self.graphs_.items()]

    def _reasons(self, graph: nx.Graph) -> Reasons:
        adjacent: list[Reason] = []
        absent: list[Reason] = []
        for row in self.edges_.to_dict("records"):
            x, y = row["source"], row["target"]
            joined = graph.has_edge(x, y) or graph.has_edge(y, x)
            (adjacent if joined else absent).append(Reason(x, y, self._in_words(row)))
        return Reasons(adjacent, absent, otherwise="no group has this edge, nor does it differ")

    def _check_parameters(self) -> None:
        check_fraction("alpha", self.alpha)
        check_count("n_permutations", self.n_permutations)
        self._bootstrap(None)._check_parameters()
        for parameter in ("target", "regulators"):
            named = getattr(self.learner, parameter, None)
            if named == self.condition or (
                isinstance(named, (list, tuple)) and self.condition in named
            ):
                raise ParameterError(
                    f"condition must not be a node, got {self.condition!r}, which is the "
                    f"{parameter} of the learner"
                )

    def _bootstrap(self, n_rows: int | None) -> Bootstrap:
        return Bootstrap(
            self.learner,
            n_resamples=self.n_resamples,
            seed=self.seed,
            threshold=self.threshold,
            n_rows=n_rows,
        )

    def _checked(self, data: Any) -> Dataset:
        """Table of the nodes, without the columns of groups and strata."""
        table = super()._checked(data)
        (condition,) = table.check_names("condition", [self.condition])
        strata = table.check_names("strata", _listed(self.strata))
        given = table.check_names("given", _listed(self.given))
        for parameter, named in (("strata", strata), ("given", given)):
            if condition in named:
                raise ParameterError(f"condition must not be among {parameter}, got {condition!r}")
        self.levels_, group = group_of_rows(table, condition, self.levels)
        stratum = strata_of(table, strata)
        for name in given:
            stratum[~table.known(name)] = -1
        group = without_small_strata(group, stratum, len(self.levels_))
        rows = group >= 0
        sizes = np.bincount(group[rows], minlength=len(self.levels_))
        if sizes.min() < _FEWEST_ROWS:
            level = self.levels_[int(sizes.argmin())]
            raise DataError(
                f"group {level!r} of {condition!r} has {sizes.min()} rows, but {_FEWEST_ROWS} or "
                "more are needed; leave it out with levels, or join it with another"
            )
        _, codes = np.unique(stratum[rows], return_inverse=True)
        self._groups = Groups(group[rows], codes)
        nodes = [n for n in table.names if n not in (condition, *strata, *given)]
        if len(nodes) < 2:
            raise DataError(f"a network needs two columns beside {condition!r}, got {nodes}")
        of_nodes = table.select(nodes).take(rows)
        check_memory_of_pairs(of_nodes, self.n_permutations)
        if not given:
            return of_nodes
        return left_by(of_nodes, table.select(given).take(rows), self._groups)

    def _cost(self, data: Dataset) -> Cost:
        of_groups = self._bootstrap(None)._cost(data)
        seconds, n_bytes = cost_of_differences(data, self.n_permutations)
        return replace(
            of_groups,
            seconds=of_groups.seconds * len(self.levels_) + seconds,
            n_bytes=max(of_groups.n_bytes, LIBRARIES + bytes_held(data) + n_bytes),
        )

    def _learn(self, data: Dataset) -> pd.DataFrame:
        groups, n_levels = self._groups, len(self.levels_)
        seen = data.by_order
        rng = np.random.default_rng(np.random.SeedSequence(self.seed))
        n_given = len(_listed(self.given))
        tests = pair_differences(
            seen, groups, self.n_permutations, rng, n_given=n_given, alpha=self.alpha
        )
        p_values, adjusted = tests.p_values, tests.adjusted()
        parts = [data.take(groups.group == g) for g in range(n_levels)]
        fewest = min(part.n_samples for part in parts)
        found = [self._bootstrap(round(0.632 * fewest)).fit(part) for part in parts]
        self.graphs_ = {level: net.graph_ for level, net in zip(self.levels_, found, strict=True)}
        joined, change = changes_of_edges(list(self.graphs_.values()), data.names)
        position = {name: i for i, name in enumerate(data.names)}
        chosen = adjusted <= self.alpha
        rows = np.flatnonzero(chosen).tolist()
        differing = pairs_at(np.array(rows, dtype=np.int64), data.n_variables)
        place = {pair: k for k, pair in enumerate(map(tuple, differing.tolist()))}
        for pair in joined:
            if pair not in place:
                place[pair] = len(rows)
                rows.append(place_of_pair(*pair, data.n_variables))
        kept, differs = pairs_at(np.array(rows, dtype=np.int64), data.n_variables), chosen[rows]
        edges = self._table(data, parts, kept, p_values[rows], adjusted[rows], differs)
        edges.insert(7, "change", [change.get(tuple(p), "none") for p in kept.tolist()])
        for level, net in zip(self.levels_, found, strict=True):
            support = {
                (min(a, b), max(a, b)): s
                for a, b, s in zip(
                    net.edges_["source"].map(position),
                    net.edges_["target"].map(position),
                    net.edges_["support"],
                    strict=True,
                )
            }
            edges[f"support[{level}]"] = [support.get(tuple(p), 0.0) for p in kept.tolist()]
        by = ["p_value", "mi", "source", "target"]
        return edges.sort_values(by, ascending=[True, False, True, True], ignore_index=True)

    def _table(
        self,
        data: Dataset,
        parts: list[Dataset],
        pairs: Positions,
        p_values: Floats,
        adjusted: Floats,
        differs: NDArray[np.bool_],
    ) -> pd.DataFrame:
        """Table of these pairs, with their evidence in each group."""
        from mistruct.independence.auto_test import AutoTest

        test = AutoTest()
        mi = []
        for part in parts:
            tests = test.test_pairs(part, pairs)
            mi.append(np.where(tests.testable, tests.mi - tests.bias, 0.0))
        shares = np.array([part.n_samples for part in parts]) / data.n_samples
        names = np.array(data.names, dtype=object)
        table = pd.DataFrame(
            {
                "source": names[pairs[:, 0]],
                "target": names[pairs[:, 1]],
                "mi": shares @ np.array(mi),
                "p_value": p_values,
                "n_samples": count_samples(data, *pairs.T),
                "q_value": adjusted,
                "differs": differs,
            }
        )
        correlations = correlations_within(data.by_order, self._groups, pairs)
        for g, level in enumerate(self.levels_):
            table[f"mi[{level}]"] = mi[g]
            table[f"correlation[{level}]"] = correlations[g]
        return table

    def _seed(self) -> int | None:
        return self.seed


def _listed(names: Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)
