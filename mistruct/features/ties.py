r"""Ties of continuous columns broken at random, for estimators by nearest neighbours.

An age in years or a number of calls lies on a lattice: the k-th neighbour is as far away as several
others, and how many are nearer says little about the density. Estimates by neighbours are then far
too large or small, by 0.1 nats and more between independent columns. Whole rows of equal values
spread at random between their neighbours keep their rank among all others, so what they tell
about any other column is exactly what it was: I(x + u; y) = I(x; y), where u is independent of all
and x can be read off x + u.
"""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

import numpy as np
from scipy.stats import rankdata

from mistruct.data.dataset import Dataset
from mistruct.parallel import run_blocks

_COLUMNS_AT_ONCE = 64


def break_ties(data: Dataset) -> Dataset:
    """The table with each continuous column that has ties replaced by ranks without any.

    The order among equal values follows from the ranks, so that copies stay copies. A constant
    column stays.
    """
    values = data.values

    def has_ties(rows: slice) -> list[bool]:
        steps = np.diff(np.sort(values[rows], axis=1), axis=1)  # NaN comes last, and is no tie
        flagged = (steps == 0.0).any(axis=1) & (steps > 0.0).any(axis=1)
        return [bool(flag) for flag in flagged]

    n = len(values)
    chunks = [slice(a, a + _COLUMNS_AT_ONCE) for a in range(0, n, _COLUMNS_AT_ONCE)]
    flags = [flag for part in run_blocks(has_ties, chunks, description="ties") for flag in part]
    if not any(flags):
        return data
    values = values.copy()
    for row in np.flatnonzero(flags):
        known = ~np.isnan(values[row])
        ranks = rankdata(values[row], method="dense", nan_policy="omit")
        draws = np.random.default_rng(crc32(ranks.tobytes())).random(data.n_samples)
        values[row, np.lexsort((draws, values[row]))] = np.arange(data.n_samples)
        values[row, ~known] = np.nan
    return replace(data, values=values)
