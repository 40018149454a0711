"""P-values of many pairs of skewed columns, which have one value in most rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Floats
from mistruct.data.dataset import Dataset
from mistruct.independence.permutation_moments import scores_of, tail
from mistruct.parallel import run_blocks

_ENTRIES_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class SkewedScores:
    """The p-values of :class:`CopulaTest` without z, for columns of one dimension and no gaps."""

    def p_values(self, data: Dataset, pairs: NDArray[np.int64]) -> Floats:
        """P-values of the pairs, shape (n_pairs,); by position, shape (n_pairs, 2)."""
        data = data.by_order
        used, of_used = np.unique(pairs, return_inverse=True)
        scores = np.array([scores_of(data, data.names[p]) for p in used], dtype=np.float64)
        skewness = (scores**3).mean(axis=1) if len(used) else np.empty(0)
        step = max(1, _ENTRIES_AT_ONCE // data.n_samples)
        cut = [of_used.reshape(pairs.shape)[a : a + step] for a in range(0, len(pairs), step)]
        run = partial(_p_values, scores, skewness)
        return np.concatenate([np.empty(0), *run_blocks(run, cut, description="skewed scores")])


def _p_values(scores: Floats, skewness: Floats, pairs: NDArray[Any]) -> Floats:
    x, y = pairs.T
    n = scores.shape[1]
    r = np.clip(np.einsum("ij,ij->i", scores[x], scores[y]) / n, -1.0, 1.0)
    of_sum = skewness[x] * skewness[y] * np.sqrt(n - 1) / (n - 2)
    return tail(r * np.sqrt(n - 1), of_sum, n - 1)
