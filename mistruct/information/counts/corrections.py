"""Entropy from counts, under each of the corrections for bias."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import psi, xlogy

from mistruct.information.counts.nsb import nsb_entropy
from mistruct.kernels.counts.entropy import (
    CHAO_SHEN,
    JAMES_STEIN,
    MILLER_MADOW,
    TABULATED,
    entropy_of_counts,
    shrinkage_intensity,
)

BiasCorrection = Literal["miller-madow", "james-stein", "grassberger", "chao-shen", "nsb"]

#: The code by which a kernel knows each correction; NSB is an integral and has no kernel.
KERNEL_CODES = {
    None: TABULATED,
    "grassberger": TABULATED,
    "miller-madow": MILLER_MADOW,
    "chao-shen": CHAO_SHEN,
    "james-stein": JAMES_STEIN,
}


def entropy_terms(largest: int, correction: BiasCorrection | None) -> NDArray[np.float64]:
    """Table of ``c log c``, or of Grassberger's ``c G(c)``, for counts c from 0 to `largest`."""
    counts = np.arange(largest + 1.0)
    if correction != "grassberger":
        return np.asarray(xlogy(counts, counts))
    terms = np.zeros(largest + 1)
    c = counts[1:]
    sign = np.where(c % 2 == 0, 0.5, -0.5)
    terms[1:] = c * (psi(c) + sign * (psi((c + 1) / 2) - psi(c / 2)))
    return terms


def shrinkage(
    joint: NDArray[np.int64], n_states: float, correction: BiasCorrection | None
) -> float:
    """Shrinkage intensity of James-Stein for a joint table; 0 for other corrections."""
    if correction != "james-stein":
        return 0.0
    return float(shrinkage_intensity(joint, int(joint.sum()), float(n_states)))


def entropy_from_counts(
    counts: NDArray[np.int64],
    n_states: float,
    correction: BiasCorrection | None,
    intensity: float = 0.0,
) -> float:
    """Entropy in nats of a variable with `n_states` possible states, from its positive counts.

    `intensity` is the shrinkage of the joint table that the counts are a margin of.
    """
    if correction == "nsb":
        return nsb_entropy(counts, n_states)
    terms = entropy_terms(int(counts.max()), correction)
    n = int(counts.sum())
    code = KERNEL_CODES[correction]
    return float(entropy_of_counts(counts, n, float(n_states), code, terms, intensity))
