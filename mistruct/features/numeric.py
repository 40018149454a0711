"""Tables of numbers for the transformers: what they take, and columns as scores and back.

A *score* is a column's normal score (the normal quantile of its rank), centred and of unit
variance. Ranks do not change under a monotone transform of a column, and so nor does anything that
is made of scores. New rows are placed among the rows that were fitted, and a score goes back to the
value that stands at its rank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from sklearn.utils.validation import validate_data

from mistruct.data.dataset import Dataset
from mistruct.data.frames import anndata_frame, is_anndata, read_columns
from mistruct.errors import DataError, ParameterError, check_count

Floats = NDArray[np.float64]
Gaps = Literal["raise", "centre"]


def read_numbers(
    transformer: Any, table: Any, missing: Gaps = "raise", *, reset: bool
) -> tuple[list[str], Floats]:
    """Names of the columns of a table, and their values, shape (n_features, n_samples).

    `reset` is for `fit`; otherwise the columns have to be those that the transformer saw there.
    """
    if isinstance(table, Dataset):
        table = table.to_pandas()
    elif is_anndata(table):
        table = anndata_frame(table)
    if not hasattr(table, "columns"):
        values = validate_data(
            transformer,
            table,
            reset=reset,
            dtype=np.float64,
            ensure_all_finite=True if missing == "raise" else "allow-nan",
            ensure_min_samples=2 if reset else 1,
        )
        names = [f"x{i}" for i in range(values.shape[1])]
        return names, _known(names, np.ascontiguousarray(values.T), missing)
    validate_data(transformer, table, reset=reset, skip_check_array=True)
    columns = read_columns(table, {})
    values = np.empty((len(columns), len(columns[0].values)))
    for row, column in zip(values, columns, strict=True):
        if column.states is None:
            row[:] = column.values
            continue
        strange = next((s for s in column.states if not isinstance(s, (int, float))), None)
        if strange is not None:
            raise DataError(
                f"column {column.name!r} must hold numbers for {type(transformer).__name__}, "
                f"got {strange!r}; drop it, or make numbers of it"
            )
        row[:] = np.array([*column.states, np.nan])[column.values]
    if reset and values.shape[1] < 2:
        raise DataError(f"the table must have two rows or more, got {values.shape[1]}")
    names = [c.name for c in columns]
    return names, _known(names, values, missing)


def _known(names: list[str], values: Floats, missing: Gaps) -> Floats:
    """The values, once it is clear that gaps among them are allowed."""
    gaps = np.isnan(values).sum(axis=1)
    if missing == "raise" and gaps.any():
        shown = ", ".join(f"{names[i]!r} ({gaps[i]})" for i in np.flatnonzero(gaps)[:3])
        raise DataError(
            f"{gaps.sum()} entries are missing, in {shown}{', ...' if (gaps > 0).sum() > 3 else ''}"
        )
    if (gaps == values.shape[1]).any() and values.shape[1] > 1:
        column = names[int((gaps == values.shape[1]).argmax())]
        raise DataError(f"column {column!r} holds only missing entries, so it says nothing")
    return values


def check_n_components(n_components: Any, n_features: int) -> None:
    """Raise ParameterError unless it is a whole number from 1 to the columns that vary."""
    check_count("n_components", n_components)
    if n_components > n_features:
        raise ParameterError(
            f"n_components must be at most the {n_features} columns that are not constant, "
            f"got {n_components}"
        )


@dataclass(frozen=True, eq=False)
class Scores:
    """How values of columns become scores, and back.

    Attributes
    ----------
    ordered : list of ndarray
        Known values of each column that was fitted, in order; empty without normal scores.
    centre, scale : ndarray, shape (n_features,)
        Of the normal scores, or of the values; a constant column has scale 0, and scores 0.
    """

    ordered: list[Floats]
    centre: Floats
    scale: Floats

    @classmethod
    def fit(cls, values: Floats, *, normal_scores: bool) -> Self:
        """From values of shape (n_features, n_samples), NaN where missing."""
        ordered = [np.sort(row[~np.isnan(row)]) for row in values] if normal_scores else []
        n_features = len(values)
        bare = cls(ordered, np.zeros(n_features), np.ones(n_features))
        raw = bare._raw(values)
        centre = np.nanmean(raw, axis=1)
        constant = np.nanmax(raw, axis=1) == np.nanmin(raw, axis=1)
        # Over all rows, so that scores have unit variance where gaps are zeros among them.
        scale = np.sqrt(np.nansum((raw - centre[:, np.newaxis]) ** 2, axis=1) / values.shape[1])
        return cls(ordered, centre, np.where(constant, 0.0, scale))

    def forward(self, values: Floats) -> Floats:
        """Scores of columns; 0, the centre, where a value is missing or the column constant."""
        scores = self._raw(values) - self.centre[:, np.newaxis]
        scores /= np.where(self.scale > 0, self.scale, np.inf)[:, np.newaxis]
        return np.where(np.isnan(scores), 0.0, scores)

    def backward(self, scores: Floats) -> Floats:
        """Values of columns at these scores, of a fitted column between two of its values."""
        raw = self.centre[:, np.newaxis] + self.scale[:, np.newaxis] * scores
        if not self.ordered:
            return raw
        result = np.empty_like(raw)
        for to, row, known in zip(result, raw, self.ordered, strict=True):
            n = len(known)
            to[:] = np.interp(ndtr(row) * (n + 1), np.arange(1, n + 1), known)
        return result

    def _raw(self, values: Floats) -> Floats:
        if not self.ordered:
            return values
        ranks = np.empty_like(values)
        for to, row, known in zip(ranks, values, self.ordered, strict=True):
            # The mean rank of ties, and half a rank between two values of those that were fitted.
            ends = known.searchsorted(row, "left") + known.searchsorted(row, "right")
            to[:] = (ends + 1) / (2 * (len(known) + 1))
        ranks[np.isnan(values)] = np.nan
        return np.asarray(ndtri(ranks))
