r"""ARACNE: significant pairs of columns that no third column explains.

If two genes interact only through a third, the data processing inequality says that their
information is no more than the smaller of those along the way. So of every triangle of significant
edges the weakest is taken for indirect (Margolin et al. 2006), unless it is weaker by less than a
tolerance, which makes up for the error of the estimates.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mistruct._typing import Floats
from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError, Setting
from mistruct.independence.base import IndependenceTest
from mistruct.independence.multiple_testing import Correction
from mistruct.information.base import Estimator
from mistruct.kernels.graphs.data_processing import (
    Ties,
    choose_ends,
    explain_edges,
    list_neighbors,
)
from mistruct.parallel import for_each, slices
from mistruct.structure.networks.base import Direction, Network, NetworkLearner
from mistruct.structure.reasons import Reasons, network_reasons
from mistruct.structure.resampling.replicates import Folder

_COLUMNS_OF_A_BLOCK = 1000
_EDGES_OF_A_BLOCK = 20_000


class ARACNE(NetworkLearner):
    r"""Network of the pairs of columns that no third column explains.

    The information of all pairs is estimated, the significant ones are kept, and of these a pair
    is explained by a third column if it has less information than either has with that (Margolin
    et al. 2006).

    Parameters
    ----------
    alpha : float, optional
        Level of significance that a pair must reach; None keeps all pairs.
    correction : {"bh", "bonferroni", "none"}
        What `alpha` bounds: the expected share of false edges, the chance of any, or the chance of
        each pair alone. All pairs of columns that vary count as tested, or those of a regulator
        with a column.
    tolerance : float
        The pair i, j is explained by k if
        :math:`I_{ij} < (1 - \tau) \min(I_{ik}, I_{jk})`. At least 0 and less than 1: the larger,
        the fewer pairs are explained.
    regulators : list of str or path, optional
        Columns that may regulate others, or a file with one name on a line. Only pairs with a
        regulator are tested, which also limits what explains them (see Notes).
    direction : {"hubs"}, optional
        Weigh both directions of each pair by how much their source looks like a regulator; see
        Notes.
    n_edges : int, optional
        Keep of the significant pairs only those that are among so many of largest information of
        one of their columns; equal ones by name. All by default.
    estimator : str or estimator
        Of the mutual information; ``auto`` takes counts between discrete columns, else the copula.
    test : str or test
        Of each pair on its own; ``auto`` looks p-values up in the null distribution of the
        estimator instead, which is much faster.
    n_bootstraps : int, optional
        Learn from so many samples of the rows instead, and make a consensus; see Notes.
    checkpoint : path, optional
        Folder that keeps each finished replicate, so that a run which was ended at any moment goes
        on from there, also to more bootstraps, with the same result. It must be of the same
        table, parameters and seed.
    seed : int or None
        Of the rows that `n_bootstraps` draws; None draws afresh.

    Attributes
    ----------
    graph_ : networkx.Graph or networkx.DiGraph
        The pairs that nothing explains, with the evidence as edge attributes. With `direction` a
        DiGraph, where a pair has the arc of the larger weight; both, if they are equal.
    edges_ : pandas.DataFrame
        All significant pairs, the largest `weight` first: source (a regulator, if there are any),
        target, mi (nats), p_value (not corrected), n_samples, weight, sign, direct
        (bool) and explained_by (name or None). With `direction` there is a row for each direction,
        of which the source is a regulator. With `n_bootstraps` there is `support` before `sign`,
        and no `explained_by`; see Notes, also for the weight.
    regulators_ : tuple of str
        The columns that may regulate others, sorted: all of them, unless `regulators` says which.
    estimator_
        What estimated the information.
    test_
        What tested the pairs; None for the null distribution of the estimator.
    n_features_in_ : int
        Number of columns seen during `fit`.
    feature_names_in_ : ndarray of str, shape (n_features,)
        Their names.

    Raises
    ------
    DataError
        The estimator or test does not take the kind of a column, the file of regulators cannot
        be read, the checkpoint is of another table, or there are fewer than 10 rows to draw from.
    ParameterError
        A parameter breaks its rule, no regulator is a column, or the checkpoint was made with
        other parameters.

    Warns
    -----
    MistructWarning
        Some regulators are not columns, a column determines another, or a file of the checkpoint
        is damaged and made again.

    Notes
    -----
    A pair is explained only through two other significant pairs of positive information. Whether
    they are themselves explained does not matter, so the result does not depend on any order. Of
    several explanations `explained_by` has the one whose weaker information is largest, then the
    first by name.

    With regulators, pairs of two other columns have no estimate. So at least two of three columns
    are regulators: a regulator and another column are explained by a regulator only, two
    regulators by any column.

    `sign` is that of Spearman's correlation: 1, -1, or 0 where there is none, as where a column has
    more than two states.

    Under ``test="auto"`` the p-values of the copula are those of :class:`CopulaTest`, made larger
    where most rows of both columns are tied, as in counts of single cells. Those of two discrete
    columns are chi-square's or, if that is larger, :class:`GTest`'s. Other estimators are compared
    with 2000 draws for as many rows, whose tail is fitted; where over 5 percent of rows tie, or the
    estimator sees more than ranks, :class:`KNNTest` has to confirm what is significant by that,
    which takes milliseconds for each pair. Pairs with missing entries are tested one by one.

    What many columns share says little about each of them. So the weight of a direction is the
    information of the pair relative to that of all pairs of its target (the root of their sum of
    squares and a twentieth of its mean over targets), times :math:`v^{3/4}`, where v are the votes
    of its source: every column has one vote, which its pairs share by the fourth power of their
    information. Without `direction` the weight is the mean of both. The weight ranks pairs that
    are explained, too. See "How edges are ranked" in the user guide for what that is worth.

    Information has no direction. ``direction="hubs"`` assumes that few regulators have many
    targets each, as in the networks of genes, and takes the weight of each direction for itself.
    It misleads where many columns follow one that does not regulate them, such as a kind of cell, a
    batch, or what stands at the end of many pathways; where regulators have few targets; and
    between two regulators. It changes neither which pairs are significant nor which are direct.

    Each of `n_bootstraps` replicates has 63.2 percent of the rows, drawn without replacement: as
    many different rows as a bootstrap has, while rows that are repeated would be evidence to
    p-values and to estimators by neighbours. A replicate holds the pairs that are in the network of
    those rows. `edges_` then has the pairs that some replicate holds and that are significant in
    the whole table. `support` is the share of replicates that hold the pair, `mi` the mean over
    these, and `weight` is made of their product; `sign` and `n_samples` are those of the whole
    table. `p_value` is the probability of a support as large if every replicate had drawn as many
    pairs as it holds at random from all that are tested (Poisson-binomial). `graph_` has the pairs
    that pass `alpha` and `correction` by it; `direct` says the same. It is no p-value of
    independence, since chance associations of the table recur in replicates, which share rows: of
    150 tables of noise, of 20 columns and 100 rows, 30 percent had an edge by support alone, and 5
    percent had one with the whole table's significance.

    An estimator or test of your own needs a `repr` that says its parameters, since that is how a
    checkpoint knows it again.

    The result does not depend on the order of columns and threads. The matrix of information is
    made in panels, of which only pairs that may be significant are kept: memory grows with their
    number. With more than 50 million entries they are in single precision. `graph_` is made when
    it is first asked for.

    References
    ----------
    Margolin, Nemenman, Basso, Wiggins, Stolovitzky, Dalla Favera and Califano (2006), "ARACNE: an
    algorithm for the reconstruction of gene regulatory networks in a mammalian cellular context",
    BMC Bioinformatics 7, S7, section "Algorithm".

    Examples
    --------
    A regulator of two genes explains what they have in common:

    >>> import numpy as np
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> regulator = rng.normal(size=300)
    >>> a, b = regulator + rng.normal(size=(2, 300))
    >>> net = ms.ARACNE().fit(pd.DataFrame({"a": a, "b": b, "regulator": regulator}))
    >>> sorted(net.graph_.edges)
    [('a', 'regulator'), ('b', 'regulator')]
    >>> net.edges_.loc[~net.edges_["direct"], ["source", "target", "explained_by"]]
      source target explained_by
    2      a      b    regulator
    """

    algorithm = "aracne"
    _by_shares = True

    def __init__(
        self,
        alpha: float | None = 0.05,
        *,
        correction: Correction = "bh",
        tolerance: float = 0.1,
        regulators: Sequence[str] | str | PathLike[str] | None = None,
        direction: Direction | None = None,
        n_edges: int | None = None,
        estimator: str | Estimator = "auto",
        test: str | IndependenceTest = "auto",
        n_bootstraps: int | None = None,
        checkpoint: Folder | None = None,
        seed: int | None = 0,
    ) -> None:
        super().__init__(
            alpha,
            correction=correction,
            regulators=regulators,
            direction=direction,
            n_edges=n_edges,
            estimator=estimator,
            test=test,
            n_bootstraps=n_bootstraps,
            checkpoint=checkpoint,
            seed=seed,
        )
        self.tolerance = tolerance

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_tolerance(self.tolerance)

    def _learn_consensus(self, data: Dataset, regulators: Sequence[str], n: int) -> pd.DataFrame:
        edges = super()._learn_consensus(data, regulators, n)
        return edges.assign(direct=edges["p_value"] <= self._cut)

    def reasons(self, most: int = 20_000) -> Reasons:
        """Reasons why pairs have an edge or not; the `most` strongest pairs of those without."""
        level = f"alpha {self.alpha}, {self.correction}"
        if "explained_by" not in self.edges_ and self.n_bootstraps is None:
            return super().reasons(most)
        asked = level, self.regulators is not None, self.n_bootstraps
        return network_reasons(self.edges_, self.graph_, *asked, most)

    def _score(self, network: Network) -> tuple[Floats, dict[str, NDArray[Any]]]:
        mi = network.mi.astype(np.float64)
        ends = network.source, network.target
        through = explain(*ends, network.mi, network.data.n_variables, float(self.tolerance))
        direct = through < 0
        names = np.array([*network.data.names, None], dtype=object)
        return mi, {"direct": direct, "explained_by": names[through]}


def check_tolerance(value: float) -> None:
    """Raise ParameterError unless the tolerance of ARACNE is valid."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < 1:
        raise ParameterError(
            Setting("tolerance"), f" must be a number from 0 to below 1, got {value!r}"
        )


def explain(
    source: NDArray[Any], target: NDArray[Any], mi: NDArray[Any], n_columns: int, tolerance: float
) -> NDArray[np.int32]:
    """The position of the column that explains each significant pair best, or -1."""
    edges = np.column_stack([source, target]).astype(np.int32, copy=False)
    network = _strongest_ties(edges, mi, n_columns)
    near, far = np.empty((2, len(edges)), dtype=np.int32)
    choose_ends(network, edges, near, far)
    order = np.argsort(far, kind="stable")
    through = np.empty(len(edges), dtype=np.int32)
    keep = 1.0 - tolerance

    def run(some: slice) -> None:
        through[order[some]] = explain_edges(network, near, far, mi, order[some], keep)

    cut = slices(len(edges), _EDGES_OF_A_BLOCK)
    for_each(run, cut, description="data processing inequality")
    return through


def _strongest_ties(edges: NDArray[np.int32], mi: NDArray[Any], n_columns: int) -> Ties:
    """Neighbours of each column with their positive ties, descending."""
    degrees = np.bincount(edges[mi > 0].ravel(), minlength=n_columns)
    starts = np.concatenate([[0], np.cumsum(degrees)])
    neighbors = np.empty(starts[-1], dtype=np.int32)
    ties = np.empty(starts[-1], dtype=mi.dtype)
    list_neighbors(edges, mi, starts[:-1].copy(), neighbors, ties)

    def sort(some: slice) -> None:
        for column in range(some.start, some.stop):
            own = slice(starts[column], starts[column + 1])
            order = np.argsort(-ties[own])
            neighbors[own], ties[own] = neighbors[own][order], ties[own][order]

    for_each(sort, slices(n_columns, _COLUMNS_OF_A_BLOCK), description="strongest ties")
    return Ties(starts, neighbors, ties)
