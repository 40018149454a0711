"""Comparison of several estimators on one pair of columns.

Each estimator rests on assumptions of its own: counts on many rows in each joint state, a copula on
a monotone relation, neighbours and kernels on a density that hardly changes within their reach.
Where assumptions hold, estimates agree within their intervals; where they do not, nothing in a
single estimate shows it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import pandas as pd

from mistruct.data.dataset import Dataset, Missing
from mistruct.errors import MistructWarning, check_fraction
from mistruct.information.arguments import as_blocks, nats_per_unit
from mistruct.information.base import Estimator
from mistruct.information.blocks import complete
from mistruct.information.confidence import confidence_interval
from mistruct.information.names import ESTIMATORS

_MORE_NEIGHBORS = ", n_neighbors=10"

_OF_KINDS = {
    "discrete": ("plug-in", "miller-madow", "james-stein", "grassberger", "chao-shen", "nsb"),
    "continuous": (
        "copula", "copula-knn", "ksg", "ksg" + _MORE_NEIGHBORS,
        "kde", "adaptive-partition", "binned",
    ),
    "mixed": ("copula", "mixed-knn", "mixed-knn" + _MORE_NEIGHBORS, "kde", "binned"),
}  # fmt: skip

# Cells grow in number as a power of the dimensions.
_OF_PAIRS = ("adaptive-partition", "binned")

# What lies within a cell or a kernel is lost to these, so being below others means nothing.
_BLUNT = ("adaptive-partition", "binned", "kde")

# Differences of less than this share of the larger estimate do not matter to anyone.
_NEGLIGIBLE = 0.1


@dataclass(frozen=True)
class _Opinion:
    estimator: str
    nats: float
    low: float
    high: float

    @property
    def possible(self) -> float:
        """The estimate, or 0 if it is negative."""
        return max(self.nats, 0.0)

    @property
    def reach(self) -> float:
        """Half the width of the interval, as if it were not cut at 0."""
        if math.isinf(self.low):
            return 0.0
        return max((self.high - self.low) / 2, self.high - self.possible)


def diagnose(
    x: Any,
    y: Any,
    *,
    missing: Missing = "raise",
    base: float | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare estimators of the mutual information of x and y, and warn if they disagree.

    Parameters
    ----------
    x, y : array-like, shape (n_samples,) or (n_samples, d)
        Columns, or blocks of columns taken jointly.
    missing, base
        As in :func:`mistruct.entropy`.
    confidence : float
        Level of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row for each estimator, by which it is indexed: the estimate ``mi`` and its interval
        from ``low`` to ``high``. Which estimators there are depends on the kinds of the columns;
        single columns have more of them than blocks.

    Raises
    ------
    DataError, ParameterError
        As in :func:`mistruct.mutual_information` with a `confidence`. With a continuous column, at
        least 40 complete rows are needed.

    Warns
    -----
    MistructWarning
        Two estimates differ by more than the reaches of their intervals and a tenth of the larger
        one together. An interval reaches as far as its upper end is above the estimate, and half
        its width at least; an estimate below 0 counts as 0. The two that are farthest apart are
        named, with what this is likely to mean. The estimates of ``adaptive-partition``, ``binned``
        and ``kde`` are blunt, which makes them low where dependence is strong: they count only
        where they are above another.

    Notes
    -----
    All estimates come from the same rows, so their errors go together, and a warning by chance is
    rarer than `confidence` says: for 500 rows of jointly normal columns below one in a hundred.
    No warning does not mean that all is well; estimators can be wrong together.

    Examples
    --------
    A parabola is not monotone, so its ranks are uncorrelated:

    >>> import warnings
    >>> import numpy as np
    >>> import mistruct as ms
    >>> from mistruct.information.diagnose import diagnose
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=200)
    >>> y = x**2 + 0.5 * rng.normal(size=200)
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     table = diagnose(x, y)
    >>> table.loc["ksg"].round(1).to_dict()
    {'mi': 0.7, 'low': 0.5, 'high': 1.0}
    >>> str(caught[0].message).partition("; ")[2]
    "the relation is not monotone, or not Gaussian, which 'copula' cannot see"
    """
    unit = nats_per_unit(base)
    check_fraction("confidence", confidence)
    data, (of_x, of_y) = as_blocks({"x": x, "y": y}, missing)
    data = complete(data, (*of_x, *of_y)).by_order
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        opinions = [
            _ask(name, estimator, data, (of_x, of_y), confidence)
            for name, estimator in _estimators_for(data).items()
        ]
    for message, category in dict.fromkeys((str(w.message), w.category) for w in caught):
        warnings.warn(message, category, stacklevel=2)  # once, though many may say the same
    dispute = _dispute(opinions)
    if dispute is not None:
        high, low = dispute
        name_of_unit = "nats" if base is None else f"to base {base:g}"
        warnings.warn(
            f"estimators disagree by more than their intervals: {high.estimator!r} says "
            f"{high.nats / unit:.3g} {name_of_unit}, {low.estimator!r} {low.nats / unit:.3g}; "
            f"{_meaning(data, high, low)}",
            MistructWarning,
            stacklevel=2,
        )
    table = {o.estimator: (o.nats / unit, o.low / unit, o.high / unit) for o in opinions}
    made = pd.DataFrame.from_dict(table, orient="index", columns=["mi", "low", "high"])
    return made.rename_axis(index="estimator")


def _estimators_for(data: Dataset) -> dict[str, Estimator]:
    """Estimators for columns of these kinds, with their names."""
    kinds = set(data.kinds.values())
    chosen: dict[str, Estimator] = {}
    for label in _OF_KINDS[kinds.pop() if len(kinds) == 1 else "mixed"]:
        name = label.removesuffix(_MORE_NEIGHBORS)
        if name not in ESTIMATORS or (name in _OF_PAIRS and data.n_variables > 2):
            continue
        estimator: Any = ESTIMATORS[name]()
        chosen[label] = estimator if name == label else replace(estimator, n_neighbors=10)
    return chosen


def _ask(
    name: str,
    estimator: Estimator,
    data: Dataset,
    blocks: Sequence[Sequence[str]],
    confidence: float,
) -> _Opinion:
    nats = estimator.information(data, *blocks)
    return _Opinion(name, nats, *confidence_interval(estimator, data, blocks, nats, confidence))


def _dispute(opinions: Sequence[_Opinion]) -> tuple[_Opinion, _Opinion] | None:
    """The two disagreeing estimates that are farthest apart, the higher one first."""
    disputes = [
        (high, low)
        for high, low in permutations(opinions, 2)
        if low.estimator not in _BLUNT
        and high.possible - low.possible > high.reach + low.reach + _NEGLIGIBLE * high.possible
    ]
    return max(disputes, key=lambda pair: pair[0].nats - pair[1].nats, default=None)


def _meaning(data: Dataset, high: _Opinion, low: _Opinion) -> str:
    """Likely cause of a disagreement, in words."""
    n = data.n_samples
    if not data.continuous:
        n_states = math.prod(data.n_observed.tolist())
        return f"{n} rows are too few for {n_states} joint states"
    if low.estimator == "copula":
        return "the relation is not monotone, or not Gaussian, which 'copula' cannot see"
    if data.n_variables > 2:
        return (
            f"in {data.n_variables} dimensions {n} rows are too far apart for neighbours; more "
            "rows or fewer columns would tell"
        )
    return f"{n} rows are too few to tell how fine the relation is"
