"""Entropy and mutual information of columns and blocks of columns.

All are raw estimates in nats, never clipped at zero. A column is an array-like of shape
(n_samples,), a block one of shape (n_samples, d) whose columns are taken jointly; their kinds are
inferred as by :func:`mistruct.as_dataset`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mistruct.data.dataset import Dataset, Missing
from mistruct.errors import check_fraction
from mistruct.information.arguments import as_blocks, nats_per_unit
from mistruct.information.base import Estimator
from mistruct.information.confidence import confidence_interval, warn_outside
from mistruct.information.estimate import Estimate
from mistruct.information.names import resolve_estimator


def entropy(
    x: Any,
    *,
    estimator: str | Estimator = "auto",
    missing: Missing = "raise",
    base: float | None = None,
) -> Estimate:
    r"""Entropy :math:`H(X) = -\sum_x p(x) \log p(x)`.

    Parameters
    ----------
    x : array-like, shape (n_samples,) or (n_samples, d)
        A column, or a block of columns taken jointly.
    estimator : str or estimator
        ``auto`` goes by the kinds of the columns; see the table in the guide to estimators.
    missing : {"raise", "testwise", "state"}
        What is done about missing entries, as in :func:`mistruct.as_dataset`.
    base : float, optional
        Base of the logarithm; nats by default, 2 gives bits.

    Returns
    -------
    Estimate
        A float with the name of the estimator and the number of rows used.

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
    data, (x_names,) = as_blocks({"x": x}, missing, estimator)
    data = data.by_states if isinstance(estimator, str) and estimator == "auto" else data
    used = resolve_estimator(estimator, data)
    nats = used.entropy(data, x_names)
    return Estimate(nats / nats_per_unit(base), used.name, data.complete_rows().n_samples)


def mutual_information(
    x: Any,
    y: Any,
    *,
    estimator: str | Estimator = "auto",
    missing: Missing = "raise",
    base: float | None = None,
    confidence: float | None = None,
) -> Estimate:
    r"""Mutual information :math:`I(X;Y) = H(X) + H(Y) - H(X,Y)`.

    Parameters
    ----------
    x, y : array-like, shape (n_samples,) or (n_samples, d)
        Columns, or blocks of columns taken jointly.
    estimator, missing, base
        As in :func:`entropy`. Under ``testwise`` the rows complete in x and y are used.
    confidence : float, optional
        Level of a confidence interval, such as 0.95; none is made by default.

    Returns
    -------
    Estimate
        A float, in nats, slightly negative at times; with the name of the estimator, the number
        of rows used and the interval.

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
    data, blocks = as_blocks({"x": x, "y": y}, missing, estimator)
    return _estimate(data, blocks, estimator, confidence, base)


def conditional_mutual_information(
    x: Any,
    y: Any,
    z: Any,
    *,
    estimator: str | Estimator = "auto",
    missing: Missing = "raise",
    base: float | None = None,
    confidence: float | None = None,
) -> Estimate:
    r"""Conditional mutual information :math:`I(X;Y|Z) = H(X,Z) + H(Y,Z) - H(X,Y,Z) - H(Z)`.

    Parameters
    ----------
    x, y, z : array-like, shape (n_samples,) or (n_samples, d)
        Columns, or blocks of columns taken jointly; z is the conditioning set.
    estimator, missing, base
        As in :func:`entropy`. Under ``testwise`` the rows complete in x, y and z are used.
    confidence : float, optional
        As in :func:`mutual_information`.

    Returns
    -------
    Estimate
        As from :func:`mutual_information`.

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
    data, blocks = as_blocks({"x": x, "y": y, "z": z}, missing, estimator)
    return _estimate(data, blocks, estimator, confidence, base)


def _estimate(
    data: Dataset,
    blocks: Sequence[Sequence[str]],
    estimator: str | Estimator,
    confidence: float | None,
    base: float | None,
) -> Estimate:
    """Estimate I(x; y) or I(x; y | z) of blocks, with an interval if a level is given."""
    unit = nats_per_unit(base)
    if confidence is not None:
        check_fraction("confidence", confidence)
    used = resolve_estimator(estimator, data)
    nats = used.information(data, *blocks)
    interval = None
    if confidence is not None:
        low, high = confidence_interval(used, data, blocks, nats, confidence)
        interval = (low / unit, high / unit)
        if not low <= max(nats, 0.0) <= high:
            warn_outside(1, used.name)
    n_samples = data.complete_rows().n_samples
    return Estimate(nats / unit, used.name, n_samples, confidence, interval)
