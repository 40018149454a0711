"""What is computed of a table once, and kept as long as the table lives."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import TypeVar
from weakref import WeakKeyDictionary

from mistruct.data.dataset import Dataset

Derived = TypeVar("Derived")


def once_per_table(function: Callable[[Dataset], Derived]) -> Callable[[Dataset], Derived]:
    """Let a function of a table, which does not change, compute its result once for each."""
    results: WeakKeyDictionary[Dataset, Derived] = WeakKeyDictionary()
    lock = Lock()

    @wraps(function)
    def derived(data: Dataset) -> Derived:
        with lock:
            if data not in results:
                results[data] = function(data)
            return results[data]

    return derived
