r"""Counts among points whose k-th distance is tied, as if ties were broken at random.

As `mistruct.kernels.neighbors.ties` has it for two axes, in any number of blocks of columns: the
points that are equally far from a point in a block are put into random order. Ties in a block come
only when all ties in the blocks before it have come. So the k-th neighbour is the m-th, in random
order, of the J points at its distance that are there in some block and in no later one. A subspace
counts what is closer in it, what is tied in earlier blocks alone, and

- if the block is one of its own, P of the T points that are tied there in the subspace and in no
  later block, P the place of the m-th of J marked among T in random order;
- else the point itself.

The mean of :math:`\psi` over P is taken, and the mean of this order of blocks and the reverse one.
Given z the order is x, z, y.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import psi

from mistruct._typing import Floats
from mistruct.information.neighbors.points import Counts, Line, Tree
from mistruct.kernels.neighbors.ties import mean_psi_of_points


def repeat_values(coordinates: Floats) -> bool:
    """Whether a coordinate, of shape (d, n), has repeated values."""
    return bool((np.diff(np.sort(coordinates, axis=1), axis=1) == 0).any())


def mean_psi_of_spaces(
    joint: Tree,
    of_joint: Counts,
    spaces: Sequence[Tree | Line],
    of_spaces: Sequence[Counts],
    n_nearest: Counts,
    radii: Floats,
) -> list[Floats]:
    """Mean psi of the counts around each point in each space, arrays of shape (n,).

    `radii` are the distances to the neighbours `n_nearest` in the joint space. `of_joint` and
    `of_spaces` say which block each coordinate belongs to, from 0 on, or that it is of no block
    where negative.
    """
    n_blocks = int(of_joint.max()) + 1
    counts = np.empty((radii.size, 1 + len(spaces), 1 + 2 * n_blocks), np.int64)
    for s, (space, blocks) in enumerate(zip([joint, *spaces], [of_joint, *of_spaces], strict=True)):
        closer, at_radius = space.shells(radii, blocks, n_blocks)
        counts[:, s, 0] = closer
        counts[:, s, 1:] = at_radius.reshape(2 * n_blocks, -1).T
    table = np.asarray(psi(np.maximum(np.arange(radii.size + 1), 1)))
    return list(mean_psi_of_points(counts, n_nearest, table).T)
