"""The statistic of the nearest-neighbour test, for a column and its surrogates.

An estimate :math:`I(X; Y | Z)` counts among the rows of one joint state of z's discrete columns, as
if other states were infinitely far away. So, if z has no continuous column, it is the sum of the
states' own, weighted by their rows; with one, a kernel takes all surrogates at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy.special import psi

from mistruct._typing import Floats, Positions
from mistruct.data.dataset import Dataset
from mistruct.independence.neighbors.surrogates import LocalShuffles
from mistruct.information.neighbors.pairs import PairTable
from mistruct.information.neighbors.ties import repeat_values
from mistruct.kernels.neighbors.conditional import information_of_surrogates
from mistruct.parallel import run_blocks

DESCRIPTION = "independence tests (nearest neighbours)"

_POINTS_OF_A_BLOCK = 64
_SURROGATES_OF_A_BLOCK = 20

# Estimates that should be equal may differ by rounding, and surrogates reach what they equal.
_DIGITS = 12


def largest(estimates: Floats, mean: Floats, spread: Floats) -> Floats:
    """The largest of the standardised estimates of each row."""
    standardised = (estimates - mean) / np.maximum(spread, 1e-9)
    return np.asarray(np.round(standardised, _DIGITS - 3).max(axis=1))


def estimates_of(
    shuffles: LocalShuffles, n_neighbors: Positions, spread: bool, surrogates: Floats
) -> Floats:
    """Estimates of I(x; y | z) for each surrogate of x and each number of neighbours."""
    run = run_blocks if spread else run_here
    n = shuffles.x.size
    if not len(shuffles.z):
        blocks = np.array_split(surrogates, -(-len(surrogates) // _SURROGATES_OF_A_BLOCK))
        found = run(partial(_in_strata, shuffles, n_neighbors), blocks, description=DESCRIPTION)
        return np.round(np.concatenate(list(found)) / n, _DIGITS)
    table = psi(np.maximum(np.arange(n + 1), 1))
    of_kind = (shuffles.x, shuffles.x_discrete), (shuffles.y, shuffles.y_discrete)
    continuous = [*shuffles.z, *(column for column, is_discrete in of_kind if not is_discrete)]
    with_ties = repeat_values(np.array(continuous))

    def add(first: int) -> Floats:
        sums = np.zeros((len(surrogates), n_neighbors.size))
        information_of_surrogates(
            surrogates, shuffles.y, shuffles.z, shuffles.strata, n_neighbors, with_ties, table,
            first, min(first + _POINTS_OF_A_BLOCK, n), sums,
        )  # fmt: skip
        return sums

    sums = run(add, range(0, n, _POINTS_OF_A_BLOCK), description=DESCRIPTION)
    return np.asarray(np.round(sum(sums) / n, _DIGITS))


def _in_strata(shuffles: LocalShuffles, n_neighbors: Positions, surrogates: Floats) -> Floats:
    """Sums over the strata of a discrete z of I(x; y), weighted by their rows."""
    sums = np.zeros((len(surrogates), n_neighbors.size))
    x, y = np.arange(1, len(surrogates) + 1), np.zeros(len(surrogates), dtype=np.int64)
    for first, last in zip(shuffles.strata[:-1], shuffles.strata[1:], strict=True):
        size = int(last - first)
        if size < 2:
            continue
        table = _as_table(shuffles, surrogates[:, first:last], shuffles.y[first:last])
        for s, k in enumerate(n_neighbors):
            pairs = PairTable(table, min(int(k), size - 1), 1, normal_scores=False)
            sums[:, s] += size * np.minimum(pairs.information(x, y), psi(size))
    return sums


def _as_table(shuffles: LocalShuffles, x: Floats, y: Floats) -> Dataset:
    """Make a table of y and many x from their coordinates."""
    names = tuple(f"c{i}" for i in range(len(x) + 1))
    is_discrete = dict.fromkeys(names, shuffles.x_discrete) | {"c0": shuffles.y_discrete}
    of_kind: dict[bool, list[Floats]] = {
        kind: [v for n, v in zip(names, (y, *x), strict=True) if is_discrete[n] == kind]
        for kind in (True, False)
    }
    found, codes = np.unique(np.reshape(of_kind[True], (-1, y.size)), return_inverse=True)
    states = tuple(range(max(1, found.size)))
    return Dataset(
        names=names,
        kinds={n: "discrete" if is_discrete[n] else "continuous" for n in names},
        states={n: states for n in names if is_discrete[n]},
        codes=codes.reshape(-1, y.size).astype(np.uint32),
        values=np.reshape(of_kind[False], (-1, y.size)),
        missing="raise",
        inferred=frozenset(),
    )


def run_here(
    function: Callable[[Any], Any], blocks: Sequence[Any], *, description: str
) -> Iterator[Any]:
    """Replacement of `run_blocks` that stays in the calling thread, if others are busy."""
    return map(function, blocks)
