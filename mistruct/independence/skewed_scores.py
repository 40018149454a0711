r"""P-values of a correlation between columns of which both have one value in most rows.

The lambda of two columns follows its beta distribution if one of them is near to normal. Counts
that are mostly zero are not, nor are rare states: where few rows of x and few of y stand out, how
many they share is nearly a Poisson number, which is skewed. Over all permutations of y, the
correlation r of standardised columns with skewnesses g has mean 0, variance 1 / (n - 1) (Pitman
1937) and skewness

.. math:: s = g_x g_y \frac{\sqrt{n - 1}}{n - 2}.

A gamma distribution with these moments, shifted, against a normal one tells how much larger the
tail is than without skewness, and the p-value of the beta distribution grows by that factor. For a
large skewness the gamma distribution itself is the better of the two, so the p-value is no smaller
than that in proportion to s.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammainc, gammaincc, ndtr

from mistruct.data.dataset import Dataset
from mistruct.information.blocks import normal_scores
from mistruct.parallel import run_blocks

Floats = NDArray[np.float64]

# Skewness below which a column is near enough to normal.
_NEGLIGIBLE = 0.1

_ENTRIES_AT_ONCE = 2_000_000


def scores_of(data: Dataset, name: str) -> Floats | None:
    """The standardised scores of a complete column, None if they need more than one dimension."""
    row = data.row(name)
    if data.kinds[name] == "continuous":
        scores = normal_scores(data.values[[row]])[0]
    elif data.n_observed[row] == 2:
        scores = (data.codes[row] == data.codes[row].max()).astype(np.float64)
    else:
        return None
    scores = scores - scores.mean()
    return np.asarray(scores / np.sqrt((scores**2).mean()))


def is_skewed(data: Dataset, name: str) -> bool:
    """Whether the scores of a complete column are far from symmetric."""
    if data.kinds[name] == "continuous":
        ordered = np.sort(data.values[data.row(name)])
        if (ordered[1:] > ordered[:-1]).all():
            return False
    scores = scores_of(data, name)
    return scores is not None and abs(float((scores**3).mean())) > _NEGLIGIBLE


@dataclass(frozen=True)
class SkewedScores:
    """The check of pairs of which both columns are skewed."""

    def p_values(self, data: Dataset, pairs: NDArray[np.int64]) -> Floats:
        """P-values of the pairs, shape (n_pairs,); by position, shape (n_pairs, 2)."""
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
    # Skewness towards the side on which the correlation lies.
    towards = np.sign(r) * skewness[x] * skewness[y] * np.sqrt(n - 1) / (n - 2)
    p_value = np.asarray(betainc((n - 2) / 2, 0.5, 1.0 - r**2))
    some = np.flatnonzero(towards > 1e-3)
    s, t = towards[some], np.abs(r[some]) * np.sqrt(n - 1)
    shape = 4.0 / s**2
    far, near = shape + t * np.sqrt(shape), np.maximum(shape - t * np.sqrt(shape), 0.0)
    gamma = gammaincc(shape, far) + gammainc(shape, near)
    normal = np.maximum(2.0 * ndtr(-t), np.finfo(np.float64).tiny)
    grown = np.minimum(p_value[some] * np.maximum(gamma / normal, 1.0), 1.0)
    p_value[some] = np.maximum(grown, np.minimum(s, 1.0) * gamma)
    return p_value
