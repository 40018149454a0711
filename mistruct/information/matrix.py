"""The matrix of mutual information between the columns of a table."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import DTypeLike, NDArray

from mistruct.data.dataset import Dataset, as_dataset
from mistruct.data.sparse_cells import SparseCells, sparse_cells
from mistruct.errors import Either, ParameterError
from mistruct.information.base import Estimator
from mistruct.information.copula.gaussian_copula import GaussianCopula
from mistruct.information.copula.sparse_scores import sparse_information
from mistruct.information.group_matrix import group_matrix
from mistruct.information.names import resolve_estimator, resolve_pairwise
from mistruct.memory import require_memory

# What needs of a column no more than its normal scores, which are sparse where the column is.
_OF_SCORES = ("copula", GaussianCopula())


def mutual_information_matrix(
    data: Any,
    *,
    estimator: str | Estimator = "auto",
    rows: Sequence[Hashable] | None = None,
    columns: Sequence[Hashable] | None = None,
    groups: Mapping[Hashable, Iterable[Hashable]] | None = None,
    dtype: DTypeLike = np.float64,
) -> pd.DataFrame:
    r"""Mutual information :math:`I(X_i; X_j)` between the columns of a table, or groups of them.

    Parameters
    ----------
    data : Dataset, DataFrame, array of shape (n_samples, n_variables), or AnnData
        The table.
    estimator : str or estimator
        ``auto`` goes by the kinds of each pair; see the table in the guide to estimators.
    rows, columns : sequence of column names, optional
        Which columns of the table become the rows and columns of the matrix; all by default.
    groups : dict of lists of column names, optional
        Groups of columns, such as pathways or sensors, which become the rows and columns of the
        matrix instead: each is taken jointly. None may share a column with another.
    dtype : float64 or float32
        Of the entries, by name or as a numpy type; ``float32`` halves the memory of a large matrix.

    Returns
    -------
    pandas.DataFrame, shape (len(rows), len(columns))
        In nats, with the name of the estimator in ``attrs["estimator"]``. The information of a
        continuous column with itself is infinite, the plug-in information of a discrete one its
        entropy. Where entries are missing (``testwise``), each pair uses the rows complete for
        the two, and is NaN where these are too few for the estimator.

    Raises
    ------
    DataError
        The table is not fit, the estimator does not take the kind of a column, or the matrix does
        not fit into memory.
    ParameterError
        `rows`, `columns` or `groups` name a column that is not there, groups are empty or share
        a column, or `groups` are given beside `rows` or `columns`.

    Notes
    -----
    Counts come from columns packed a bit for each row and state, copula estimates from one matrix
    product, those of nearest neighbours from columns sorted once. Tiles of the matrix are spread
    over ``MISTRUCT_NUM_THREADS`` threads, and little memory is needed beside the result.

    The sparse matrix of an AnnData, in memory or backed, stays sparse for the estimator ``copula``
    with its correction, if the matrix is of all genes: 250,000 cells need no dense table.

    Examples
    --------
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> table = pd.DataFrame({"a": [0, 0, 1, 1], "b": [0, 0, 1, 1], "c": [0, 1, 0, 1]})
    >>> ms.mutual_information_matrix(table).round(3)
           a      b      c
    a  0.693  0.693  0.000
    b  0.693  0.693  0.000
    c  0.000  0.000  0.693

    The parity of two columns is told by both together:

    >>> table["d"] = table["a"] ^ table["c"]
    >>> pathways = {"ac": ["a", "c"], "d": ["d"]}
    >>> ms.mutual_information_matrix(table, groups=pathways).round(3)
           ac      d
    ac  1.386  0.693
    d   0.693  0.693
    """
    _check_dtype(dtype)
    sparse = rows is None and columns is None and groups is None and estimator in _OF_SCORES
    cells = sparse_cells(data) if sparse else None
    if cells is not None:
        return _of_cells(cells, np.dtype(dtype))
    table = as_dataset(data)
    of_rows = _positions(table, "rows", rows)
    of_columns = _positions(table, "columns", columns)
    if groups is not None:
        if rows is not None or columns is not None:
            raise ParameterError("groups must be given without rows and columns")
        by = resolve_estimator(estimator, table)
        frame = group_matrix(table, groups, by, np.dtype(dtype))
        frame.attrs["estimator"] = by.name
        return frame
    used = resolve_pairwise(estimator, table)
    _require_room(len(of_rows), len(of_columns), np.dtype(dtype))
    values = used.pairwise(table, of_rows, of_columns, np.dtype(dtype))
    names = np.array(table.names, dtype=object)
    frame = pd.DataFrame(values, index=names[of_rows], columns=names[of_columns], copy=False)
    frame.attrs["estimator"] = used.name
    return frame


def _check_dtype(dtype: DTypeLike) -> None:
    if dtype is None or dtype not in (np.dtype(np.float64), np.dtype(np.float32)):
        raise ParameterError(f"dtype must be float64 or float32, got {dtype!r}")


def _require_room(n_rows: int, n_columns: int, dtype: np.dtype[Any]) -> None:
    """Refuse a matrix that does not fit into memory."""
    require_memory(
        n_rows * n_columns * dtype.itemsize,
        f"the {n_rows:,} x {n_columns:,} entries of the matrix",
        Either("choose rows or columns, halve it with dtype='float32'", "choose among the columns"),
        ", or learn with ",
        Either("ChowLiu or ARACNE", "--method chow-liu or mistruct aracne"),
        ", which hold few entries at a time",
    )


def _of_cells(cells: SparseCells, dtype: np.dtype[Any]) -> pd.DataFrame:
    """The matrix of an AnnData that is sparse."""
    _require_room(len(cells.names), len(cells.names), dtype)
    used = GaussianCopula()
    names = np.array(cells.names, dtype=object)
    values = sparse_information(cells.counts, cells.names, lambda n: used.bias(n, 1, 1), dtype)
    frame = pd.DataFrame(values, index=names, columns=names, copy=False)
    frame.attrs["estimator"] = used.name
    return frame


def _positions(
    data: Dataset, parameter: str, names: Sequence[Hashable] | None
) -> NDArray[np.int64]:
    if names is None:
        return np.arange(data.n_variables)
    place = {name: i for i, name in enumerate(data.names)}
    return np.array([place[n] for n in data.check_names(parameter, names)], dtype=np.int64)
