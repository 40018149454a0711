"""Multivariate information: interaction information and total correlation."""

from __future__ import annotations

import math
from typing import Any

from mistruct.data.dataset import Missing, as_dataset
from mistruct.errors import DataError
from mistruct.information.arguments import as_blocks, nats_per_unit
from mistruct.information.base import Estimator
from mistruct.information.names import resolve_estimator


def interaction_information(
    x: Any,
    y: Any,
    z: Any,
    *,
    estimator: str | Estimator = "auto",
    missing: Missing = "raise",
    base: float | None = None,
) -> float:
    r"""Interaction information :math:`I(X;Y;Z) = I(X;Y|Z) - I(X;Y)`.

    Symmetric in its three arguments. Positive where they are synergistic (a parity), negative
    where they are redundant (three copies); some authors use the opposite sign. Under
    ``james-stein`` the symmetry is only approximate, since each term shrinks its own table.

    Parameters
    ----------
    x, y, z : array-like, shape (n_samples,) or (n_samples, d)
        Columns, or blocks of columns taken jointly.
    estimator, missing, base
        As in :func:`mistruct.entropy`. Under ``testwise`` both terms use the rows complete in all
        three.

    Returns
    -------
    float
        The estimate in nats.

    Raises
    ------
    DataError, ParameterError
        As in :func:`mistruct.mutual_information`; DataError also where any two of the three
        determine each other, with and without the third, so that it is not defined.

    References
    ----------
    McGill (1954), "Multivariate information transmission", Psychometrika 19.

    Examples
    --------
    >>> import mistruct as ms
    >>> ms.interaction_information([0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0], base=2)
    1.0
    """
    data, blocks = as_blocks({"x": x, "y": y, "z": z}, missing, estimator)
    data = data.complete_rows()
    chosen = resolve_estimator(estimator, data)
    for order in ((0, 1, 2), (0, 2, 1), (1, 2, 0)):
        one, other, third = (blocks[i] for i in order)
        nats = chosen.information(data, one, other, third) - chosen.information(data, one, other)
        if not math.isnan(nats):  # else both are infinite, and another order may tell
            return nats / nats_per_unit(base)
    raise DataError(
        "the interaction information of x, y and z is not defined: the information of each two is "
        "infinite, with the third given and without; bin them with mistruct.discretize"
    )


def total_correlation(
    data: Any,
    *,
    estimator: str | Estimator = "auto",
    missing: Missing = "raise",
    weights: str | None = None,
    base: float | None = None,
) -> float:
    r"""Total correlation :math:`\sum_i H(X_i) - H(X_1, \ldots, X_p)` of all columns of a table.

    Parameters
    ----------
    data : Dataset, DataFrame, array of shape (n_samples, n_variables), or AnnData
        The table; of two columns it is their mutual information.
    estimator, missing, base
        As in :func:`mistruct.entropy`. Under ``testwise`` the rows complete in all columns are
        used.
    weights : str, optional
        As in :func:`mistruct.as_dataset`.

    Returns
    -------
    float
        The estimate in nats.

    Raises
    ------
    DataError, ParameterError
        As in :func:`mistruct.entropy`.

    References
    ----------
    Watanabe (1960), "Information theoretical analysis of multivariate correlation".

    Examples
    --------
    >>> import numpy as np
    >>> import mistruct as ms
    >>> round(ms.total_correlation(np.array([[0, 0, 0], [1, 1, 1]]), base=2), 6)
    2.0
    """
    table = as_dataset(data, missing=missing, weights=weights)
    nats = resolve_estimator(estimator, table).total_correlation(table)
    return nats / nats_per_unit(base)
