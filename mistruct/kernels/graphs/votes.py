"""Votes on triples by all separating sets of one size among the neighbours of either end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.subsets import next_subset


@kernel
def binomial(n: int, k: int) -> float:
    """Binomial coefficient as a float, exact up to 2^53."""
    product = 1.0
    for i in range(k):
        product = product * (n - i) / (i + 1.0)  # in this order each is a whole number
    return product


@kernel
def most_voters(
    pairs: NDArray[np.int64], starts: NDArray[np.int64], size: int, found: NDArray[np.float64]
) -> None:
    """Largest number of sets of this size for each pair; sets of both ends count twice.

    Those of column v are ``starts[v + 1] - starts[v]``.
    """
    for k in range(pairs.shape[0]):
        found[k] = 0.0
        for v in pairs[k]:
            found[k] += binomial(starts[v + 1] - starts[v], size)


@kernel
def list_voters(
    pairs: NDArray[np.int64],
    neighbours: NDArray[np.int64],
    starts: NDArray[np.int64],
    owner: NDArray[np.int64],
    sets: NDArray[np.int64],
) -> int:
    """Write the sets of each pair (x, y) to `sets`, shape (n_most, size); returns their number.

    Those of x come first, in the order of `itertools.combinations`, then those of y that have a
    column which is no neighbour of x. `owner` says which pair's each is.
    """
    size = sets.shape[1]
    chosen = np.empty(size, np.int64)
    n_sets = 0
    for k in range(pairs.shape[0]):
        x, y = pairs[k]
        x_neighbours = neighbours[starts[x] : starts[x + 1]]
        for v in (x, y):
            around = neighbours[starts[v] : starts[v + 1]]
            if around.size < size or (size == 0 and v == y):
                continue
            for c in range(size):
                chosen[c] = c
            while True:
                is_new = v == x
                for c in range(size):
                    sets[n_sets, c] = around[chosen[c]]
                    if not is_new:
                        place = np.searchsorted(x_neighbours, around[chosen[c]])
                        is_new = (
                            place == x_neighbours.size or x_neighbours[place] != around[chosen[c]]
                        )
                if is_new:
                    owner[n_sets] = k
                    n_sets += 1
                if not next_subset(chosen, around.size):
                    break
    return n_sets


@kernel
def count_votes(
    owner: NDArray[np.int64],
    sets: NDArray[np.int64],
    middles: NDArray[np.int64],
    starts: NDArray[np.int64],
    n_separating: NDArray[np.int64],
    n_with: NDArray[np.int64],
) -> None:
    """Count the sets that separate each pair, and those that contain each middle.

    The middles of pair k are ``middles[starts[k]:starts[k + 1]]``, in ascending order.
    """
    for s in range(owner.size):
        k = owner[s]
        n_separating[k] += 1
        for c in range(sets.shape[1]):
            place = starts[k] + np.searchsorted(middles[starts[k] : starts[k + 1]], sets[s, c])
            if place < starts[k + 1] and middles[place] == sets[s, c]:
                n_with[place] += 1
