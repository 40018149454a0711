"""The decorator `kernel`, which compiles all kernels with the same settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

# nogil lets run_blocks spread kernels over threads; the numpy error model drops the checks for
# division by zero, which the callers have made already; no fastmath: results must not depend on it.
kernel: Callable[..., Any] = njit(
    cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True
)
