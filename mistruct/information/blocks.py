"""Conversion of blocks of columns into arrays for continuous and mixed estimators.

Ranks turned into normal scores make an estimate independent of monotone transforms of the columns,
and so of their units: mutual information does not change under such a transform, and estimators
that see distances should not either.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from mistruct.data.dataset import Dataset
from mistruct.errors import TooFewRowsError
from mistruct.kernels.counts.contingency import join_strata
from mistruct.kernels.gaussian.ranks import score_ranks


def complete(data: Dataset, names: Sequence[str]) -> Dataset:
    """Table of the columns `names`, each once, in their complete rows."""
    chosen = data.select(dict.fromkeys(names))
    if any(chosen.n_missing.values()):
        chosen = chosen.complete_rows()
    if not chosen.n_samples:
        raise TooFewRowsError(f"no row is complete in {', '.join(map(repr, names))}")
    return chosen


def continuous_values(data: Dataset, names: Sequence[str]) -> NDArray[np.float64]:
    """Values of the continuous columns among `names`, shape (d, n_samples)."""
    return data.values[[data.row(n) for n in names if not data.is_discrete(n)]]


def joint_labels(data: Dataset, names: Sequence[str]) -> tuple[NDArray[np.int32], int]:
    """Labels of the joint states of the discrete columns among `names`, and their number."""
    labels = np.zeros(data.n_samples, dtype=np.int32)
    n_labels = 1
    for name in names:
        if data.is_discrete(name):
            row = data.row(name)
            n_labels = join_strata(labels, n_labels, data.codes[row], data.n_states[row])
    return labels, n_labels


def normal_scores(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normal quantiles of rank / (n + 1) in each row, ties averaged; no NaN allowed.

    The scores of a reversed row are the negative ones to the last bit, so that distances between
    them, and which of two is larger, do not depend on the direction of a column.
    """
    n = values.shape[1]
    half = ndtri((n + 1 - np.arange(n)) / (2 * (n + 1)))
    scores = np.empty(values.shape)
    score_ranks(values, np.argsort(values, axis=1), half, scores)
    return scores
