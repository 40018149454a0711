"""Aliases for the types of arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Real numbers.
Floats = NDArray[np.float64]

#: Whole numbers, mostly the positions of columns or rows.
Positions = NDArray[np.int64]
