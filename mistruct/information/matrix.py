"""The matrix of mutual information between the columns of a table."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset, as_dataset
from mistruct.information.estimators import Estimator, resolve_estimator


def mutual_information_matrix(
    data: Any,
    *,
    estimator: str | Estimator = "auto",
    rows: Sequence[Hashable] | None = None,
    columns: Sequence[Hashable] | None = None,
) -> pd.DataFrame:
    r"""Mutual information :math:`I(X_i; X_j)` between the columns of a table.

    Parameters
    ----------
    data : Dataset, DataFrame, array of shape (n_samples, n_variables), or AnnData
        The table.
    estimator : str or estimator
        ``auto`` is the plug-in estimate for discrete columns; see :class:`mistruct.PlugIn`.
    rows, columns : sequence of column names, optional
        Which columns of the table become the rows and columns of the matrix; all by default.

    Returns
    -------
    pandas.DataFrame, shape (len(rows), len(columns))
        In nats; the plug-in information of a discrete column with itself is its entropy. Where
        entries are missing (``testwise``), each pair uses the rows complete for the two, and is
        NaN where there is none.

    Raises
    ------
    DataError
        The table is not fit, or the estimator does not take the kind of a column.
    ParameterError
        `rows` or `columns` name a column that is not there.

    Notes
    -----
    Columns of few states are packed, a bit for each row and state, and a cell of a contingency
    table is the number of bits that two columns share; tables with many cells are counted by a
    histogram instead. Tiles of the matrix are spread over ``MISTRUCT_NUM_THREADS`` threads.

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
    """
    table = as_dataset(data)
    of_rows = _positions(table, "rows", rows)
    of_columns = _positions(table, "columns", columns)
    values = resolve_estimator(estimator, table).pairwise(table, of_rows, of_columns)
    names = np.array(table.names, dtype=object)
    return pd.DataFrame(values, index=names[of_rows], columns=names[of_columns], copy=False)


def _positions(
    data: Dataset, parameter: str, names: Sequence[Hashable] | None
) -> NDArray[np.int64]:
    if names is None:
        return np.arange(data.n_variables)
    place = {name: i for i, name in enumerate(data.names)}
    return np.array([place[n] for n in data.check_names(parameter, names)], dtype=np.int64)
