"""Data of a page about the table itself: counts on a coarse grid and rounded quantiles.

A continuous column is cut at ten quantiles, which are rounded to a hundredth of its spread; the
outermost bins have no end. So no entry of a row can be read from the page, but a count may be
small.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset

_N_BINS = 10
_MOST_STATES = 20
_FEWEST_ROWS = 5  # that quantiles are taken of
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class Pictures:
    """Counts of pairs of columns, each column cut once.

    Parameters
    ----------
    data : Dataset
    """

    def __init__(self, data: Dataset) -> None:
        self._data = data
        self._cut: dict[str, tuple[NDArray[Any], dict[str, Any]]] = {}

    def axis(self, name: str) -> dict[str, Any]:
        """Axis of a column: its ``states``, or the ``bounds`` of its bins."""
        return self._of(name)[1]

    def of_pair(self, x: str, y: str) -> dict[str, Any]:
        """Counts of a pair, row after row of x, and quantiles of a continuous column by states."""
        (a, x_axis), (b, y_axis) = self._of(x), self._of(y)
        known = (a >= 0) & (b >= 0)
        shape = _length(x_axis), _length(y_axis)
        cells = np.bincount(a[known] * shape[1] + b[known], minlength=shape[0] * shape[1])
        found: dict[str, Any] = {"counts": cells.tolist()}
        for states, numbers, codes in ((x_axis, y, a), (y_axis, x, b)):
            if "states" in states and not self._data.is_discrete(numbers):
                values = self._data.values[self._data.row(numbers)]
                found["quantiles"] = [
                    _quantiles(values[known & (codes == state)])
                    for state in range(len(states["states"]))
                ]
        return found

    def _of(self, name: str) -> tuple[NDArray[Any], dict[str, Any]]:
        """Place of each row of a column, -1 where missing, and what the places stand for."""
        if name not in self._cut:
            cut = _states if self._data.is_discrete(name) else _bins
            self._cut[name] = cut(self._data, name)
        return self._cut[name]


def _states(data: Dataset, name: str) -> tuple[NDArray[Any], dict[str, Any]]:
    """States as they are, the rare ones of many as one."""
    states = data.states[name]
    codes = data.codes[data.row(name)].astype(np.int64)
    places = np.arange(len(states) + 1)
    shown = [str(s) for s in states]
    if len(states) > _MOST_STATES:
        frequent = np.argsort(-np.bincount(codes, minlength=len(states) + 1)[:-1], kind="stable")
        kept = np.sort(frequent[: _MOST_STATES - 1])
        places = np.full(len(states) + 1, _MOST_STATES - 1)
        places[kept] = np.arange(len(kept))
        shown = [*(str(states[k]) for k in kept), f"{len(states) - len(kept):,} others"]
    places[-1] = -1
    return places[codes], {"states": shown}


def _bins(data: Dataset, name: str) -> tuple[NDArray[Any], dict[str, Any]]:
    """Bins of about as many rows each; `bounds` are those between two bins."""
    values = data.values[data.row(name)]
    known = ~np.isnan(values)
    levels = np.arange(1, _N_BINS) / _N_BINS
    bounds = np.unique(rounded(_quantile(values[known], levels), _spread(values[known])))
    places = np.searchsorted(bounds, values, side="right")
    return np.where(known, places, -1), {"bounds": bounds.tolist()}


# Of what is smaller, powers of ten are beyond floats.
_LEAST_SPREAD = 1e-300


def _length(axis: dict[str, Any]) -> int:
    return len(axis["states"]) if "states" in axis else len(axis["bounds"]) + 1


def _spread(values: NDArray[np.float64]) -> float:
    low, high = _quantile(values, [0.05, 0.95]).tolist()
    return float(high - low)


def _quantile(
    values: NDArray[np.float64], levels: Sequence[float] | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Quantiles; of halves, since the distance of two large values may overflow."""
    return np.asarray(2 * np.quantile(values / 2, levels))


def rounded(values: NDArray[np.float64], spread: float) -> NDArray[np.float64]:
    """Numbers to about a hundredth of a spread.

    Examples
    --------
    >>> rounded(np.array([61.2345, 1.0]), 30.0).tolist()
    [61.2, 1.0]
    """
    if not _LEAST_SPREAD < spread < math.inf:
        return values
    return np.round(values, 2 - math.floor(math.log10(spread)))


def _quantiles(values: NDArray[np.float64]) -> list[float] | None:
    """Five quantiles, rounded, or None of too few rows."""
    if len(values) < _FEWEST_ROWS:
        return None
    found: list[float] = rounded(_quantile(values, _QUANTILES), _spread(values)).tolist()
    return found
