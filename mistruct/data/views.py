"""Views: the table as an estimator or test sees it.

An ordinal column has both states and an order. What counts goes by the states, whatever looks at
ranks, distances or densities by the order; nothing goes by both. So an estimator or a test says
once how it sees a table, its `view`, in which a column is discrete or continuous, and its methods
know these two kinds alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from mistruct.data.dataset import Dataset


def see_views(cls: type, methods: Iterable[str]) -> None:
    """Let methods that a class defines receive ``self.view(data)`` instead of ``data``."""
    for name in methods:
        if name in vars(cls):
            setattr(cls, name, _of_view(vars(cls)[name]))


def _of_view(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def of_view(self: Any, data: Dataset, *args: Any, **kwargs: Any) -> Any:
        return method(self, self.view(data), *args, **kwargs)

    return of_view
