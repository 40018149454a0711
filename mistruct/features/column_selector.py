"""Base class of the feature selectors for scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from mistruct.data.dataset import Dataset, Missing, assemble
from mistruct.data.frames import as_array, read_columns
from mistruct.data.numbers import checked_by, one_target
from mistruct.errors import ParameterError, check_choice


class ColumnSelector(SelectorMixin, BaseEstimator):
    """Base class of selectors, which have a parameter `missing` and select in `fit`."""

    missing: Missing
    selected_: NDArray[np.int64]
    support_: NDArray[np.bool_]

    def fit(self, X: Any, y: Any) -> Self:
        """Choose features of a table for a target.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
            The features.
        y : array-like, shape (n_samples,)
            The target.

        Returns
        -------
        self
        """
        self._check_parameters()
        data, target = self._table(X, y)
        names = [n for n in data.names if n != target]
        place = {name: i for i, name in enumerate(names)}
        chosen = self._choose(data, target, names)
        self.selected_ = np.array([place[n] for n in chosen], dtype=np.int64)
        self.support_ = np.isin(np.arange(len(names)), self.selected_)
        return self

    def _check_parameters(self) -> None:
        """Raise ParameterError if a parameter is invalid whatever the table."""

    def _choose(self, data: Dataset, target: str, names: Sequence[str]) -> Sequence[str]:
        """The selected ones of the features `names`, in order."""
        raise NotImplementedError

    def _table(self, x: Any, y: Any) -> tuple[Dataset, str]:
        """Combine features and target in one table; also returns the name of the target there."""
        if isinstance(x, Dataset):
            raise ParameterError(
                "X must be a DataFrame or an array, got a Dataset; pass its to_pandas(), or give "
                "it to rank_features"
            )
        if y is None:
            name = type(self).__name__
            raise ParameterError(f"{name} requires y to be passed, but the target y is None")
        check_choice("missing", self.missing, ("raise", "testwise"))
        is_frame = hasattr(type(x), "columns")  # a LazyFrame that is asked for them warns
        # The door reads frames itself, since their columns differ in type.
        checked = checked_by(
            validate_data,
            self,
            x if is_frame else as_array(x),
            y if hasattr(y, "name") else as_array(y),
            skip_check_array=is_frame,
            **({} if is_frame else self._checks()),
        )
        x = checked[0]
        y = one_target(y, x)
        columns = read_columns(x, {})
        names = {c.name for c in columns}
        target = str(getattr(y, "name", None) or "target")
        if getattr(y, "name", None) is not None and target in names:
            raise ParameterError(f"the target {target!r} is among the features; drop it from X")
        while target in names:
            target += "_"
        (column,) = read_columns(y, {}, prefix=target)
        return assemble([*columns, replace(column, name=target)], self.missing), target

    def _checks(self) -> dict[str, Any]:
        finite = self.missing == "raise" or "allow-nan"
        x_checks = {"dtype": None, "ensure_all_finite": finite, "ensure_min_samples": 2}
        return {"validate_separately": (x_checks, x_checks | {"ensure_2d": False})}

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        return self.support_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.allow_nan = self.missing != "raise"
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags
