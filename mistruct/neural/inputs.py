"""Inputs of networks: disjoint parts of the rows, and columns on one scale.

A continuous column becomes its normal scores and a discrete one an indicator for each state. Both
are read off the rows that are trained on and then only applied, so that nothing of a held-out row
is known before the critic meets it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset
from mistruct.information.blocks import normal_scores

Rows = NDArray[np.int64]
Points = NDArray[np.float32]

# Of ten rows, two are held out, two decide when to stop, and the critic is trained on the rest.
_TENTHS_APART = 2


class Parts(NamedTuple):
    """Rows for training, for early stopping, and for the estimate."""

    train: Rows
    validation: Rows
    held_out: Rows


def split(n_samples: int, rng: np.random.Generator) -> Parts:
    """Split the rows at random in three parts."""
    order = rng.permutation(n_samples)
    apart = n_samples * _TENTHS_APART // 10
    return Parts(order[2 * apart :], order[:apart], order[apart : 2 * apart])


def encode(data: Dataset, names: Sequence[str], train: Rows) -> Points:
    """Encode the columns `names`, scaled by the rows of `train`; shape (n, d).

    Values between two that were trained on get a score between theirs, and values beyond all the
    score of the outermost. A state that was not trained on has no indicator. A column that does
    not vary in `train` is left out.
    """
    parts = [np.empty((0, data.n_samples), dtype=np.float32)]
    for name in dict.fromkeys(names):
        row = data.row(name)
        if not data.is_discrete(name):
            seen = data.values[row, train]
            values, first = np.unique(seen, return_index=True)
            if len(values) > 1:
                scores = normal_scores(seen[np.newaxis])[0]
                parts.append(np.interp(data.values[row], values, scores[first])[np.newaxis])
        else:
            states = np.unique(data.codes[row, train])
            if len(states) > 1:
                parts.append(data.codes[row] == states[:, np.newaxis])
    return np.ascontiguousarray(np.concatenate(parts).T, dtype=np.float32)
