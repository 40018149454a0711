"""Limiting BLAS to one thread, for many small products that run in parallel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

_LIBRARIES = ThreadpoolController()


class _Limit:
    """Counter of the users of the limit: the first one sets it, the last one lifts it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._n_asking = 0
        self._limiter: object = None

    def set(self) -> None:
        with self._lock:
            self._n_asking += 1
            if self._n_asking == 1:
                self._limiter = _LIBRARIES.limit(limits=1, user_api="blas")

    def lift(self) -> None:
        with self._lock:
            self._n_asking -= 1
            if self._n_asking == 0:
                self._limiter.restore_original_limits()  # type: ignore[attr-defined]


_LIMIT = _Limit()


@contextmanager
def one_blas_thread(wanted: bool = True) -> Iterator[None]:
    """Context manager: limit BLAS to the calling thread, as other cores are busy."""
    if not wanted:
        yield
        return
    _LIMIT.set()
    try:
        yield
    finally:
        _LIMIT.lift()
