"""Measures of the distance between two clusterings, from entropies and information."""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

from mistruct.data.dataset import Missing
from mistruct.errors import check_choice
from mistruct.information.arguments import as_blocks, nats_per_unit
from mistruct.information.base import Estimator
from mistruct.information.names import resolve_estimator

Normalizer = Literal["arithmetic", "geometric", "min", "max", "joint"]


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
        As in :func:`mistruct.mutual_information`; entropies and mutual information are estimated
        each on its own.

    Returns
    -------
    float
        The estimate in nats; the plug-in estimate is 0 where each column determines the
        other.

    Raises
    ------
    DataError, ParameterError
        As in :func:`mistruct.mutual_information`.

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
    return (h_x + h_y - 2 * mi) / nats_per_unit(base)


def normalized_mutual_information(
    x: Any,
    y: Any,
    *,
    normalizer: Normalizer = "arithmetic",
    estimator: str | Estimator = "auto",
    missing: Missing = "raise",
) -> float:
    """Mutual information divided by a mean of the entropies of x and y.

    Parameters
    ----------
    x, y : array-like, shape (n_samples,)
        Two discrete columns.
    normalizer : {"arithmetic", "geometric", "min", "max", "joint"}
        What I(X;Y) is divided by: the arithmetic (the default, as in scikit-learn) or geometric
        mean, the smaller or the larger of H(X) and H(Y), or the joint entropy H(X,Y).
    estimator, missing
        As in :func:`mistruct.mutual_information`.

    Returns
    -------
    float
        1 where both columns are constant, 0 where one is, as in scikit-learn.

    Raises
    ------
    DataError, ParameterError
        As in :func:`mistruct.mutual_information`.

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
    """Estimates of H(x), H(y) and I(x; y) over the same rows."""
    data, (x_names, y_names) = as_blocks({"x": x, "y": y}, missing)
    data.require_discrete("a measure between clusterings")
    data = data.by_states.complete_rows()
    chosen = resolve_estimator(estimator, data)
    return (
        chosen.entropy(data, x_names),
        chosen.entropy(data, y_names),
        chosen.information(data, x_names, y_names),
    )
