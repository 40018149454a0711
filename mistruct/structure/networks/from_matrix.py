"""Trees and networks from a given matrix of mutual information.

`ChowLiu` and `ARACNE` estimate and test the pairs of columns of a table. Where nodes are groups of
columns, or the information comes from elsewhere, there are the matrix and what its owner knows of
chance; these two functions do the rest.
"""

from __future__ import annotations

from numbers import Real

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mistruct.errors import DataError, ParameterError
from mistruct.kernels.graphs.spanning_tree import maximum_spanning_tree
from mistruct.structure.networks.aracne import check_tolerance, explain
from mistruct.structure.networks.base import PairMatrix
from mistruct.structure.networks.significance import Pairs


def chow_liu_tree(matrix: pd.DataFrame) -> nx.Graph:
    """The maximum-weight spanning tree of a matrix of mutual information (Chow and Liu 1968).

    Parameters
    ----------
    matrix : DataFrame, shape (n_nodes, n_nodes)
        Information of each pair of nodes, such as :func:`mistruct.mutual_information_matrix` gives
        for columns or groups of columns. Symmetric, with the same names for rows and columns. The
        diagonal is not looked at, and a pair that is NaN gets no edge.

    Returns
    -------
    networkx.Graph
        All nodes, sorted by name, and edges with the attribute `mi`. It is a tree unless NaN cuts
        it apart.

    Raises
    ------
    DataError
        The matrix is not symmetric, or its names differ or repeat.

    See Also
    --------
    mistruct.ChowLiu : estimates and tests the edges between columns of a table.

    Notes
    -----
    Ties are broken by the order of names.

    References
    ----------
    Chow and Liu (1968), "Approximating discrete probability distributions with dependence trees",
    IEEE Trans. Inf. Theory 14.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> a = rng.normal(size=(300, 3))
    >>> table = np.hstack([a, a + rng.normal(size=(300, 3)), rng.normal(size=(300, 2)) + a[:, :2]])
    >>> groups = {"a": [0, 1, 2], "b": [3, 4, 5], "c": [6, 7]}
    >>> table = pd.DataFrame(table).rename(columns=str)
    >>> groups = {name: [str(c) for c in columns] for name, columns in groups.items()}
    >>> matrix = ms.mutual_information_matrix(table, groups=groups, estimator="copula")
    >>> sorted(ms.chow_liu_tree(matrix).edges)
    [('a', 'b'), ('a', 'c')]
    """
    names, values = _checked(matrix)
    weights = np.where(np.isnan(values), -np.inf, values)
    pairs = np.empty((max(0, len(names) - 1), 2), dtype=np.int64)
    maximum_spanning_tree(weights, pairs)
    return _graph(names, pairs[weights[tuple(pairs.T)] > -np.inf], values)


def aracne_network(
    matrix: pd.DataFrame, *, threshold: float = 0.0, tolerance: float = 0.1
) -> nx.Graph:
    r"""ARACNE network of a matrix of mutual information.

    Parameters
    ----------
    matrix : DataFrame, shape (n_nodes, n_nodes)
        Information of each pair of nodes; see :func:`chow_liu_tree`.
    threshold : float
        Pairs with no more than that are left out and explain nothing. It should be what chance
        gives, such as the largest information among shuffled columns; 0 takes chance for an edge.
    tolerance : float
        The pair i, j is explained by k if
        :math:`I_{ij} < (1 - \tau) \min(I_{ik}, I_{jk})`. At least 0 and less than 1.

    Returns
    -------
    networkx.Graph
        All nodes, sorted by name, and edges with the attribute `mi`.

    Raises
    ------
    DataError
        The matrix is not symmetric, or its names differ or repeat.
    ParameterError
        `threshold` is below 0, or `tolerance` breaks its rule.

    See Also
    --------
    mistruct.ARACNE : estimates and tests the pairs of columns of a table.

    References
    ----------
    Margolin et al. (2006), "ARACNE: an algorithm for the reconstruction of gene regulatory networks
    in a mammalian cellular context", BMC Bioinformatics 7, S7, section "Algorithm".

    Examples
    --------
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> names = ["immune", "cycle", "stroma"]
    >>> nats = [[0, 0.5, 0.4], [0.5, 0, 0.2], [0.4, 0.2, 0]]
    >>> matrix = pd.DataFrame(nats, names, names)
    >>> sorted(ms.aracne_network(matrix, threshold=0.1).edges)
    [('cycle', 'immune'), ('immune', 'stroma')]
    """
    names, values = _checked(matrix)
    check_tolerance(tolerance)
    if isinstance(threshold, bool) or not isinstance(threshold, Real) or not threshold >= 0:
        raise ParameterError(f"threshold must be a number of at least 0, got {threshold!r}")
    row, column = np.nonzero(np.triu(values > threshold, 1))
    found = Pairs(row.astype(np.int32), column.astype(np.int32), np.full(len(row), np.nan))
    through = explain(PairMatrix(np.arange(len(names)), values.copy(), found), float(tolerance))
    return _graph(names, np.column_stack([row, column])[through < 0], values)


def _checked(matrix: pd.DataFrame) -> tuple[list[str], NDArray[np.float64]]:
    """Check a matrix; returns its sorted names, and the matrix in their order."""
    if not isinstance(matrix, pd.DataFrame):
        raise ParameterError(f"matrix must be a DataFrame, got {type(matrix).__name__}")
    if not matrix.index.is_unique or not matrix.columns.is_unique:
        raise DataError("matrix: a name stands for more than one row or column")
    strangers = matrix.index.symmetric_difference(matrix.columns)
    if len(strangers):
        raise DataError(
            f"matrix must have one name for a row and its column; {strangers[0]!r} is only one of "
            "them"
        )
    names = sorted(matrix.columns, key=str)
    values = matrix.loc[names, names].to_numpy(dtype=np.float64)
    differs = ~np.isclose(values, values.T, rtol=1e-6, atol=1e-9, equal_nan=True)
    if differs.any():
        i, j = np.argwhere(differs)[0]
        raise DataError(
            f"matrix must be symmetric; {names[i]!r} with {names[j]!r} has {values[i, j]:g}, and "
            f"the other way round {values[j, i]:g}"
        )
    return names, values


def _graph(names: list[str], pairs: NDArray[np.int64], values: NDArray[np.float64]) -> nx.Graph:
    graph = nx.Graph()
    graph.add_nodes_from(names)
    graph.add_edges_from((names[i], names[j], {"mi": float(values[i, j])}) for i, j in pairs)
    return graph
