r"""CLR and MRNET: relevance networks with a background, and without redundancy.

Both rank the significant pairs by their information, once it is taken into account what a column
shares with all others. CLR asks how far a pair stands out of what either column has in common with
the others (Faith et al. 2007). MRNET selects for each column those that are informative about it
and not redundant with the ones selected before (Meyer et al. 2007).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset
from mistruct.information.panels import Panels
from mistruct.structure.networks.background import Background
from mistruct.structure.networks.base import Network, NetworkLearner
from mistruct.structure.networks.selection import Redundancies, entries_kept, select_candidates


class CLR(NetworkLearner):
    r"""CLR: network of the pairs whose information stands out of the background of both.

    The information of a pair is compared with that of either column with all others (Faith et al.
    2007): z is how many standard deviations it lies above their mean, 0 below it, and the weight of
    the pair is :math:`\sqrt{z_i^2 + z_j^2}`.

    Parameters
    ----------
    alpha, correction, estimator, test
        How pairs are estimated and which are significant, as in :class:`ARACNE`.
    regulators : list of str or path, optional
        Columns that may regulate others, or a file with one name on a line. Only pairs with a
        regulator are tested, and they are the background of the other columns.
    direction : {"hubs"}, optional
        Weigh both directions of each pair by how much their source looks like a regulator of
        many, in place of the score; :class:`ARACNE` says what this assumes and when it misleads.
    n_edges : int, optional
        Keep of the significant pairs only those that are among so many of largest information of
        one of their columns, as in :class:`ARACNE`.
    n_bootstraps, checkpoint, seed
        A consensus of as many samples of the rows, as in :class:`ARACNE`.

    Attributes
    ----------
    graph_ : networkx.Graph or networkx.DiGraph
        The significant pairs of positive weight, with the evidence as edge attributes; of two
        directions the arc of the larger weight.
    edges_ : pandas.DataFrame
        All significant pairs, the largest `weight` first: source, target, mi (nats), p_value,
        n_samples, weight, sign. With `direction`, a row for each direction; with `n_bootstraps`,
        `support` before `sign`.
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
        be read, or `n_bootstraps` cannot work with the table or the checkpoint.
    ParameterError
        A parameter breaks its rule, no regulator is a column, or the checkpoint was made with
        other parameters.

    Warns
    -----
    MistructWarning
        Some regulators are not columns, or a column determines another.

    Notes
    -----
    The background is all pairs that are estimated, significant or not. It makes weights of columns
    comparable that differ in how much they have in common with all others.

    References
    ----------
    Faith, Hayete, Thaden, Mogno, Wierzbowski, Cottarel, Kasif, Collins and Gardner (2007),
    "Large-scale mapping and validation of Escherichia coli transcriptional regulation from a
    compendium of expression profiles", PLoS Biology 5, e8, section "Materials and Methods".

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> table = pd.DataFrame(rng.normal(size=(200, 10)), columns=list("abcdefghij"))
    >>> table["k"] = table["a"] + 0.3 * rng.normal(size=200)
    >>> net = ms.CLR().fit(table)
    >>> net.edges_.loc[0, ["source", "target"]].tolist()
    ['a', 'k']
    """

    algorithm = "clr"

    def _beside(self, data: Dataset, rows: Positions, panels: Panels) -> Background:
        return Background(rows, data.n_variables)

    def _score(self, network: Network) -> tuple[Floats, dict[str, NDArray[Any]]]:
        if not len(network.mi):
            return np.empty(0), {}
        mean: Floats
        deviation: Floats
        mean, deviation = network.beside.moments()
        mi = network.mi.astype(np.float64)

        def stands_out(column: NDArray[np.int64]) -> Floats:
            excess, unit = np.maximum(mi - mean[column], 0.0), deviation[column]
            return np.asarray(np.divide(excess, unit, out=np.zeros_like(mi), where=unit > 0))

        return np.hypot(stands_out(network.source), stands_out(network.target)), {}


class MRNET(NetworkLearner):
    r"""MRNET: network of columns that are relevant to each other and not redundant.

    For each column y others are selected, one by one: that with the largest
    :math:`I(x_j; y) - \frac{1}{|S|} \sum_{k \in S} I(x_j; x_k)`, given those already selected, S,
    until it is no longer positive (Meyer et al. 2007). It is the score of the pair; the weight is
    the larger of the two that a pair has.

    Parameters
    ----------
    alpha, correction, estimator, test
        How pairs are estimated and which are significant, as in :class:`ARACNE`.
    regulators : list of str or path, optional
        Columns that may regulate others, or a file with one name on a line. Only pairs with a
        regulator are tested, and only regulators are selected.
    direction : {"hubs"}, optional
        Weigh both directions of each pair by how much their source looks like a regulator of
        many, in place of the score; :class:`ARACNE` says what this assumes and when it misleads.
    n_edges : int, optional
        Keep of the significant pairs only those that are among so many of largest information of
        one of their columns, as in :class:`ARACNE`.
    n_bootstraps, checkpoint, seed
        A consensus of as many samples of the rows, as in :class:`ARACNE`.

    Attributes
    ----------
    graph_ : networkx.Graph or networkx.DiGraph
        The pairs of which one was selected for the other, with the evidence as edge attributes;
        of two directions the arc of the larger weight.
    edges_ : pandas.DataFrame
        All significant pairs, the largest `weight` first: source, target, mi (nats), p_value,
        n_samples, weight, sign. With `direction`, a row for each direction; with `n_bootstraps`,
        `support` before `sign`.
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
        be read, or `n_bootstraps` cannot work with the table or the checkpoint.
    ParameterError
        A parameter breaks its rule, no regulator is a column, or the checkpoint was made with
        other parameters.

    Warns
    -----
    MistructWarning
        Some regulators are not columns, or a column determines another.

    Notes
    -----
    Only significant pairs can be selected. The weight of those that are not is 0; in `edges_` they
    are ranked by `mi`. The time grows with the cube of the number of columns: minutes for 10,000.
    The matrix of information between regulators, or all columns, is held in memory where there
    are at most 20,000; otherwise its rows are made again, in blocks, when a column is selected, so
    that memory grows with the number of significant pairs.

    References
    ----------
    Meyer, Kontos, Lafitte and Bontempi (2007), "Information-theoretic inference of large
    transcriptional regulatory networks", EURASIP Journal on Bioinformatics and Systems Biology
    2007, 79879, section "MRNET".
    Ding and Peng (2005), "Minimum redundancy feature selection from microarray gene expression
    data", Journal of Bioinformatics and Computational Biology 3.

    Examples
    --------
    The best predictor of c is b, and then nothing is left to say about it for a:

    >>> import numpy as np
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> a = rng.normal(size=300)
    >>> b = a + 0.5 * rng.normal(size=300)
    >>> c = b + 0.5 * rng.normal(size=300)
    >>> net = ms.MRNET().fit(pd.DataFrame({"a": a, "b": b, "c": c}))
    >>> sorted(net.graph_.edges)
    [('a', 'b'), ('b', 'c')]
    """

    algorithm = "mrnet"

    def _beside(self, data: Dataset, rows: Positions, panels: Panels) -> Redundancies:
        return Redundancies(panels, rows)

    def _entries_kept(self, n_rows: int) -> int:
        return entries_kept(n_rows)

    def _score(self, network: Network) -> tuple[Floats, dict[str, NDArray[Any]]]:
        return _selected(network) if len(network.mi) else np.empty(0), {}


def _selected(network: Network) -> Floats:
    """The score at which one column of each pair was selected for the other, the larger of two."""
    row_of = network.row_of
    back = np.flatnonzero(row_of[network.target] >= 0)
    of_pair = np.concatenate([np.arange(len(network.target)), back])
    target = np.concatenate([network.target, network.source[back]])
    candidate = np.concatenate([network.pairs.row, row_of[network.target[back]]]).astype(np.int32)
    order = np.lexsort([candidate, target])
    starts = np.searchsorted(target[order], np.arange(network.data.n_variables + 1))
    relevance = network.mi[of_pair[order]].astype(np.float64)
    scores = select_candidates(network.beside, starts, candidate[order], relevance)
    weight = np.zeros(len(network.target))
    np.maximum.at(weight, of_pair[order], scores)
    return weight
