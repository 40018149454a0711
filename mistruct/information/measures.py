"""Measures of dependence between columns, blocks of columns and whole tables.

All are raw estimates in nats, never clipped at zero. A column is an array-like of shape
(n_samples,), a block one of shape (n_samples, d) whose columns are taken jointly; their kinds are
inferred as by :func:`mistruct.as_dataset`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from numbers import Real
from typing import Any, Literal, get_args

from mistruct.data.columns import Column
from mistruct.data.dataset import Dataset, Missing, as_dataset, assemble
from mistruct.data.frames import read_columns
from mistruct.errors import DataError, ParameterError, check_choice
from mistruct.information.estimators import Estimator, resolve_estimator

Normalizer = Literal["arithmetic", "geometric", "min", "max", "joint"]


def entropy(
    x: Any,
    *,
    estimator: str | Estimator = "auto",
    missing: Missing = "raise",
    base: float | None = None,
) -> float:
    r"""Entropy :math:`H(X) = -\sum_x p(x) \log p(x)`.

    Parameters
    ----------
    x : array-like, shape (n_samples,) or (n_samples, d)
        A column, or a block of columns taken jointly.
    estimator : str or estimator
        ``auto`` is the plug-in estimate for discrete columns; see :class:`mistruct.PlugIn`.
    missing : {"raise", "testwise", "state"}
        What is done about missing entries, as in :func:`mistruct.as_dataset`.
    base : float, optional
        Base of the logarithm; nats by default, 2 gives bits.

    Returns
    -------
    float

    Raises
    ------
    DataError
        The columns are not fit, or the estimator does not take their kind.
    ParameterError
        Another parameter breaks its rule.

    References
    ----------
    Shannon (1948), "A mathematical theory of communication".

    Examples
    --------
    >>> import mistruct as ms
    >>> ms.entropy([0, 0, 1, 1], base=2)
    1.0
    """
    data, (of_x,) = _blocks({"x": x}, missing)
    return _in_base(resolve_estimator(estimator, data).entropy(data, of_x), base)


def mutual_information(
    x: Any,
    y: Any,
    *,
    estimator: str | Estimator = "auto",
    missing: Missing = "raise",
    base: float | None = None,
) -> float:
    r"""Mutual information :math:`I(X;Y) = H(X) + H(Y) - H(X,Y)`.

    Parameters
    ----------
    x, y : array-like, shape (n_samples,) or (n_samples, d)
        Columns, or blocks of columns taken jointly.
    estimator, missing, base
        As in :func:`entropy`. Under ``testwise`` the rows complete in x and y are used.

    Returns
    -------
    float
        The estimate in nats; it may be slightly negative under a correction for bias.

    Raises
    ------
    DataError, ParameterError
        As in :func:`entropy`; also when x and y differ in length.

    References
    ----------
    Shannon (1948), "A mathematical theory of communication".

    Examples
    --------
    >>> import mistruct as ms
    >>> ms.mutual_information(["a", "a", "b", "b"], [0, 0, 1, 1], base=2)
    1.0
    """
    data, (of_x, of_y) = _blocks({"x": x, "y": y}, missing)
    return _in_base(resolve_estimator(estimator, data).information(data, of_x, of_y), base)


def conditional_mutual_information(
    x: Any,
    y: Any,
    z: Any,
    *,
    estimator: str | Estimator = "auto",
    missing: Missing = "raise",
    base: float | None = None,
) -> float:
    r"""Conditional mutual information :math:`I(X;Y|Z) = H(X,Z) + H(Y,Z) - H(X,Y,Z) - H(Z)`.

    Parameters
    ----------
    x, y, z : array-like, shape (n_samples,) or (n_samples, d)
        Columns, or blocks of columns taken jointly; z is the conditioning set.
    estimator, missing, base
        As in :func:`entropy`. Under ``testwise`` the rows complete in x, y and z are used.

    Returns
    -------
    float
        The estimate in nats.

    Raises
    ------
    DataError, ParameterError
        As in :func:`mutual_information`.

    Examples
    --------
    The sum of two coins says nothing about either alone, and all about one given the other:

    >>> import mistruct as ms
    >>> x, y = [0, 0, 1, 1], [0, 1, 0, 1]
    >>> parity = [0, 1, 1, 0]
    >>> ms.mutual_information(x, parity, base=2)
    0.0
    >>> ms.conditional_mutual_information(x, parity, y, base=2)
    1.0
    """
    data, (of_x, of_y, of_z) = _blocks({"x": x, "y": y, "z": z}, missing)
    value = resolve_estimator(estimator, data).information(data, of_x, of_y, of_z)
    return _in_base(value, base)


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
        As in :func:`entropy`. Under ``testwise`` both terms use the rows complete in all three.

    Returns
    -------
    float
        The estimate in nats.

    Raises
    ------
    DataError, ParameterError
        As in :func:`mutual_information`.

    References
    ----------
    McGill (1954), "Multivariate information transmission", Psychometrika 19.

    Examples
    --------
    >>> import mistruct as ms
    >>> ms.interaction_information([0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0], base=2)
    1.0
    """
    data, (of_x, of_y, of_z) = _blocks({"x": x, "y": y, "z": z}, missing)
    data = data.complete_rows()
    chosen = resolve_estimator(estimator, data)
    value = chosen.information(data, of_x, of_y, of_z) - chosen.information(data, of_x, of_y)
    return _in_base(value, base)


def total_correlation(
    data: Any,
    *,
    estimator: str | Estimator = "auto",
    missing: Missing = "raise",
    base: float | None = None,
) -> float:
    r"""Total correlation :math:`\sum_i H(X_i) - H(X_1, \dots, X_p)` of all columns of a table.

    Parameters
    ----------
    data : Dataset, DataFrame, array of shape (n_samples, n_variables), or AnnData
        The table; of two columns it is their mutual information.
    estimator, missing, base
        As in :func:`entropy`. Under ``testwise`` the rows complete in all columns are used.

    Returns
    -------
    float
        The estimate in nats.

    Raises
    ------
    DataError, ParameterError
        As in :func:`entropy`.

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
    table = as_dataset(data, missing=missing)
    return _in_base(resolve_estimator(estimator, table).total_correlation(table), base)


def variation_of_information(
    x: Any,
    y: Any,
    *,
    estimator: str | Estimator = "auto",
    missing: Missing = "raise",
    base: float | None = None,
) -> float:
    r"""Variation of information :math:`H(X|Y) + H(Y|X)`, a metric between clusterings.

    Parameters
    ----------
    x, y : array-like, shape (n_samples,)
        Two discrete columns, such as the labels of two clusterings.
    estimator, missing, base
        As in :func:`mutual_information`; entropies and mutual information are estimated each on
        its own.

    Returns
    -------
    float
        The estimate in nats; the plug-in estimate is 0 where each column determines the
        other.

    Raises
    ------
    DataError, ParameterError
        As in :func:`mutual_information`.

    References
    ----------
    Meila (2007), "Comparing clusterings - an information based distance".

    Examples
    --------
    >>> import mistruct as ms
    >>> ms.variation_of_information([0, 0, 1, 1], [1, 1, 0, 0])
    0.0
    """
    h_x, h_y, mi = _entropies_and_information(x, y, estimator, missing)
    return _in_base(h_x + h_y - 2 * mi, base)


def normalized_mutual_information(
    x: Any,
    y: Any,
    *,
    normalizer: Normalizer = "arithmetic",
    estimator: str | Estimator = "auto",
    missing: Missing = "raise",
) -> float:
    """Mutual information as a share of the entropies of x and y.

    Parameters
    ----------
    x, y : array-like, shape (n_samples,)
        Two discrete columns.
    normalizer : {"arithmetic", "geometric", "min", "max", "joint"}
        What I(X;Y) is divided by: the arithmetic (the default, as in scikit-learn) or geometric
        mean, the smaller or the larger of H(X) and H(Y), or the joint entropy H(X,Y).
    estimator, missing
        As in :func:`mutual_information`.

    Returns
    -------
    float
        1 where both columns are constant, 0 where one is, as in scikit-learn.

    Raises
    ------
    DataError, ParameterError
        As in :func:`mutual_information`.

    References
    ----------
    Vinh, Epps and Bailey (2010), "Information theoretic measures for clusterings comparison",
    Table 2.

    Examples
    --------
    >>> import mistruct as ms
    >>> ms.normalized_mutual_information([0, 0, 1, 1], [0, 0, 1, 1])
    1.0
    """
    check_choice("normalizer", normalizer, get_args(Normalizer))
    h_x, h_y, mi = _entropies_and_information(x, y, estimator, missing)
    if h_x == 0.0 and h_y == 0.0:
        return 1.0
    if h_x == 0.0 or h_y == 0.0:
        return 0.0
    share = {
        "arithmetic": (h_x + h_y) / 2,
        "geometric": math.sqrt(h_x * h_y),
        "min": min(h_x, h_y),
        "max": max(h_x, h_y),
        "joint": h_x + h_y - mi,
    }
    return mi / share[normalizer]


def _entropies_and_information(
    x: Any, y: Any, estimator: str | Estimator, missing: Missing
) -> tuple[float, float, float]:
    """H(x), H(y) and I(x; y) over the same rows, each estimated on its own."""
    data, (of_x, of_y) = _blocks({"x": x, "y": y}, missing)
    data = data.complete_rows()
    chosen = resolve_estimator(estimator, data)
    return (
        chosen.entropy(data, of_x),
        chosen.entropy(data, of_y),
        chosen.information(data, of_x, of_y),
    )


def _blocks(
    blocks: Mapping[str, Any], missing: Missing
) -> tuple[Dataset, tuple[tuple[str, ...], ...]]:
    """One Dataset of several columns or blocks, with the names of each block's columns."""
    check_choice("missing", missing, get_args(Missing))
    columns: list[Column] = []
    names = []
    for block, values in blocks.items():
        if isinstance(values, Dataset):
            read = [values.column(n) for n in values.names]
        else:
            read = read_columns(values, {}, prefix=block)
        if columns and len(read[0].values) != len(columns[0].values):
            raise DataError(
                f"{block} has {len(read[0].values)} rows, but x has {len(columns[0].values)}; "
                "all must have the same number"
            )
        # Two blocks may have columns of one name, such as one column at two times.
        own = {block, *(f"{block}{i}" for i in range(len(read)))}
        read = [c if c.name in own else replace(c, name=f"{block}[{c.name!r}]") for c in read]
        columns += read
        names.append(tuple(c.name for c in read))
    return assemble(columns, missing), tuple(names)


def _in_base(nats: float, base: float | None) -> float:
    if base is None:
        return nats
    if isinstance(base, bool) or not isinstance(base, Real) or not base > 1:
        raise ParameterError(f"base must be a number greater than 1, got {base!r}")
    return nats / math.log(base)
