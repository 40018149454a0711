"""Confidence intervals of estimates of information.

Information of counts and of copulas is a likelihood ratio, with a distribution that is known; see
`likelihood_ratio`. Of other estimators, by neighbours, kernels or partitions, only the sample
itself can tell how they vary. A row drawn twice is its own neighbour, so a bootstrap does not work,
but subsets do: the rows are divided into disjoint subsets, several times over. The variance among
the subsets of b rows is that of an estimate from b rows, and that from n rows is b/n times as large
(Politis and Romano 1994; Holmes and Nemenman 2019).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata, t

from mistruct.data.dataset import Dataset
from mistruct.errors import DataError, MistructWarning
from mistruct.information.blocks import complete
from mistruct.information.likelihood_ratio import Interval

if TYPE_CHECKING:
    from mistruct.information.base import Estimator

Blocks = Sequence[Sequence[str]]

# A subset has about so many rows, but there are two at least, so that few rows are divided as
# little as possible, and not too many, since a variance is only nearly proportional to 1/n.
_ROWS_OF_A_SUBSET = 200
_MOST_SUBSETS = 8
# The rows are divided again until the variance has this number of degrees of freedom.
_DOF = 30
_FEWEST_ROWS = 40


def confidence_interval(
    estimator: Estimator, data: Dataset, blocks: Blocks, nats: float, level: float
) -> Interval:
    """Confidence interval of I(x; y | z) in nats, with coverage `level`.

    Parameters
    ----------
    estimator : estimator
        What made the estimate. Counts, bins and copulas have intervals of their own; by default
        an estimator goes by subsets of the rows.
    data : Dataset
        The table.
    blocks : sequence of sequence of str
        The columns of x and y, or of x, y and z.
    nats : float
        The estimate.
    level : float
        The probability, between 0 and 1.

    Returns
    -------
    tuple of float
        Both ends are at least 0, as information is, though an estimate may be below. (0, 0) where
        x or y does not vary given z; (inf, inf) where the estimate is infinite; (0, inf) where it
        is finite but that of a subset is not.

    Raises
    ------
    DataError
        There are fewer than 40 rows to be divided, or too few for the estimator in a subset.

    Warns
    -----
    MistructWarning
        Counts are spread over more joint states than there are rows.

    Notes
    -----
    What is held is the information that the estimator aims at: that between the bins of
    ``binned``, and that of the Gaussian copula of ``copula``, which other copulas mostly exceed.

    Counts have the same interval under every correction. It accounts for the bias of counts by
    itself, so that a plug-in estimate from few rows may lie above it, which callers warn of.

    The interval from subsets reaches further on the side to which the estimate moves from the
    subsets to all rows, by as much as it moves. Bias that vanishes more slowly is not covered:
    that of ``kde`` and ``adaptive-partition``, and of neighbours in many dimensions, where
    dependence is strong. The subsets follow from ranks and a fixed seed, so they depend on the
    order neither of rows nor of continuous columns.

    References
    ----------
    Roulston (1999), "Estimating the errors on measured entropy and mutual information", Physica D
    125, 285-294.
    Politis and Romano (1994), "Large sample confidence regions based on subsamples under minimal
    assumptions", Annals of Statistics 22, 2031-2050.
    Holmes and Nemenman (2019), "Estimation of mutual information for real-valued data with error
    bars and controlled bias", Physical Review E 100, 022404.

    Examples
    --------
    >>> import mistruct as ms
    >>> x, y = [0, 1] * 50, [0, 1] * 40 + [1, 0] * 10
    >>> found = ms.mutual_information(x, y, confidence=0.95)
    >>> round(found, 2), [round(end, 2) for end in found.interval]
    (0.19, [0.09, 0.32])
    """
    if math.isinf(nats):
        return math.inf, math.inf
    x, y, z = (*blocks, ())[:3]
    return estimator.interval(data, (x, y, z), float(nats), level)


def warn_outside(n: int, name: str) -> None:
    """Say that n estimates lie outside their own intervals."""
    warnings.warn(
        f"confidence: {n} estimate{'s lie' if n > 1 else ' lies'} outside the interval: so few "
        f"rows bias estimator {name!r}, which the interval accounts for; trust the interval",
        MistructWarning,
        stacklevel=4,
    )


def interval_from_subsets(
    estimator: Estimator, data: Dataset, blocks: Blocks, nats: float, level: float
) -> Interval:
    """Confidence interval for any estimator, from disjoint subsets of the rows."""
    data = complete(data, [name for block in blocks for name in block])
    n = data.n_samples
    if n < _FEWEST_ROWS:
        raise DataError(
            f"confidence: the interval of estimator {estimator.name!r} needs at least "
            f"{_FEWEST_ROWS} complete rows, got {n}"
        )
    n_subsets = min(max(n // _ROWS_OF_A_SUBSET, 2), _MOST_SUBSETS)
    values = np.empty((math.ceil(_DOF / (n_subsets - 1)), n_subsets))
    rng = np.random.default_rng(0)
    order, subset = _order_of_rows(data), np.empty(n, dtype=np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MistructWarning)  # there was one for all rows already
        for of_division in values:
            subset[order] = rng.permutation(n) % n_subsets
            for i in range(n_subsets):
                try:
                    of_division[i] = estimator.information(data.take(subset == i), *blocks)
                except DataError as error:
                    raise DataError(
                        f"confidence: {n} complete rows are too few for the interval of estimator "
                        f"{estimator.name!r}, which divides them by {n_subsets}: {error}"
                    ) from error
    if not np.isfinite(values).all():
        return 0.0, math.inf
    standard_error = math.sqrt(values.var(axis=1, ddof=1).mean() / n_subsets)
    dof = values.size - len(values)
    reach = float(t.ppf((1 + level) / 2, dof)) * standard_error
    moved = nats - float(values.mean())
    middle = max(nats, 0.0)
    return max(middle - reach + min(moved, 0.0), 0.0), middle + reach + max(moved, 0.0)


def _order_of_rows(data: Dataset) -> NDArray[np.int64]:
    """Order of the rows that depends neither on their order nor on that of the columns.

    They are sorted by the columns, continuous ones first. Which of these comes first is settled
    by third moments of their ranks, for no two columns look alike from each other.
    """
    ranks = 2 * rankdata(data.values, axis=1) - (data.n_samples + 1)
    skews = ranks**2 @ (ranks.sum(axis=0)) - (ranks**3).sum(axis=1)
    return np.lexsort([*data.codes[::-1], *ranks[np.argsort(skews)]])
