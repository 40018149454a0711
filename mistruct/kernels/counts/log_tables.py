"""Logarithms of counts, from a table for small counts."""

from __future__ import annotations

import math

import numpy as np

from mistruct.kernels.compiler import kernel

_N_KNOWN = 2048
_C_LOG_C = np.array([0.0] + [c * math.log(c) for c in range(1, _N_KNOWN)])
_LOG_FACTORIALS = np.array([math.lgamma(c + 1.0) for c in range(_N_KNOWN)])


@kernel
def c_log_c(count: int) -> float:
    """Count times its logarithm; 0 for 0."""
    return _C_LOG_C[count] if count < _N_KNOWN else count * math.log(count)


@kernel
def log_factorial(count: int) -> float:
    """Natural logarithm of the factorial of a count."""
    return _LOG_FACTORIALS[count] if count < _N_KNOWN else math.lgamma(count + 1.0)
