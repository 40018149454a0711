r"""Null distributions of estimates that are given by formulas.

- Copula: :math:`\exp(-2 \hat I)` without correction for bias is Wilks' lambda. It follows a beta
  distribution where one of the columns has one dimension; else Bartlett's (1938) factor makes its
  logarithm nearly chi-square.
- Two discrete columns: :math:`2 n \hat I` of the plug-in estimate against chi-square (Wilks 1938).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.special import betainc, gammaincc

from mistruct._typing import Floats


class NullDistribution(Protocol):
    """Null distribution of an estimate: that between independent columns."""

    def p_values(self, statistics: Any) -> Floats:
        """P-values of estimates, which fall as the estimates grow."""
        ...


@dataclass(frozen=True)
class WilksNull:
    """Null distribution of the copula's information, less `bias`, by Wilks' lambda."""

    n_samples: int
    d_x: int
    d_y: int
    bias: float = 0.0

    def p_values(self, statistics: Any) -> Floats:
        """P-values of large estimates."""
        nats = np.maximum(np.asarray(statistics, dtype=np.float64) + self.bias, 0.0)
        n_error, wider = self.n_samples - 1, max(self.d_x, self.d_y)
        if min(self.d_x, self.d_y) == 1:
            p = betainc((n_error - wider) / 2, wider / 2, np.exp(-2.0 * nats))
        else:
            dof = self.d_x * self.d_y
            p = gammaincc(dof / 2, (n_error - (self.d_x + self.d_y + 1) / 2) * nats)
        return np.asarray(p)


@dataclass(frozen=True)
class ChiSquareNull:
    """Null distribution of the plug-in information of two discrete columns."""

    n_samples: int
    dof: int

    def p_values(self, statistics: Any) -> Floats:
        """P-values of large estimates."""
        nats = np.maximum(np.asarray(statistics, dtype=np.float64), 0.0)
        return np.asarray(gammaincc(self.dof / 2, self.n_samples * nats))
