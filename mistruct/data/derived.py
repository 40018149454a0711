"""Caching of results that are computed once for each table."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from mistruct.data.dataset import Dataset

Derived = TypeVar("Derived")


def once_per_table(function: Callable[[Dataset], Derived]) -> Callable[[Dataset], Derived]:
    """Decorator: cache the result of a function for each table, as long as the table exists."""
    results: WeakKeyDictionary[Dataset, Derived] = WeakKeyDictionary()
    lock = Lock()

    @wraps(function)
    def derived(data: Dataset) -> Derived:
        with lock:
            if data not in results:
                results[data] = function(data)
            return results[data]

    return derived


class Kept:
    """Cache of the most recently used results, up to a number of bytes.

    Each has `nbytes`. None may hold the table that it is of, or the table would live on with it.
    """

    def __init__(self, most_bytes: int) -> None:
        self._results: OrderedDict[Hashable, Any] = OrderedDict()
        self._free = most_bytes
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The cached result, or that of `make`, which two threads may call at once."""
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
                return self._results[key]
        result = make()
        with self._lock:
            if key not in self._results:
                self._results[key] = result
                self._free -= result.nbytes
                while self._free < 0:
                    self._free += self._results.popitem(last=False)[1].nbytes
        return result
