"""Sums of products of the ranks of a packed table, in whole numbers and over shards of its rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset
from mistruct.data.packed.table_folder import forget
from mistruct.information.copula.blas import one_blas_thread
from mistruct.parallel import n_slots, run_anywhere, slices

# Entries of a shard, and how many rows it has at least and at most: with these products of halves
# of ranks add up to less than 2^53, so that floats hold the sums.
_SHARD_ENTRIES = 1 << 19
_FEWEST_ROWS, _MOST_ROWS = 1 << 8, 1 << 14
_BITS_OF_A_HALF = 10

# Bits of a rank, and of the sum of the products of two columns of ranks.
_BITS_OF_A_RANK = 20
_BITS_OF_A_SUM = 63

Sums = tuple[NDArray[np.int64], NDArray[np.int64]]


def bits_to_drop(n: int) -> int:
    """How many bits ranks of n rows are coarsened by, so that sums of products fit into 64."""
    bits = n.bit_length()
    return max(0, bits - min(_BITS_OF_A_RANK, (_BITS_OF_A_SUM - bits) // 2))


def sums_of_products(data: Dataset) -> Sums:
    """Sums of columns of a packed table without gaps, and of the products of each two of them.

    A continuous column enters by its coarsened doubled centred ranks, another one as 1 where it has
    its largest state.
    """
    fitting = max(_FEWEST_ROWS, _SHARD_ENTRIES // data.n_variables)
    shards = slices(data.n_samples, min(_MOST_ROWS, fitting))
    blocks = [shards[some] for some in slices(len(shards), -(-len(shards) // (4 * n_slots())))]
    found = run_anywhere(_sums, data, blocks, description="signs")
    sums, products = next(found)
    for more in found:
        sums += more[0]
        products += more[1]
    return sums, products


def _sums(data: Dataset, shards: list[slice]) -> Sums:
    p = data.n_variables
    sums, products = np.zeros(p, dtype=np.int64), np.zeros((p, p), dtype=np.int64)
    with one_blas_thread():
        for rows in shards:
            levels = np.array([_levels(data, name, rows) for name in data.names])
            high = levels >> _BITS_OF_A_HALF
            low = (levels - (high << _BITS_OF_A_HALF)).astype(np.float64)
            high = high.astype(np.float64)
            crossed = (high @ low.T).astype(np.int64)
            products += (high @ high.T).astype(np.int64) << (2 * _BITS_OF_A_HALF)
            products += ((crossed + crossed.T) << _BITS_OF_A_HALF) + (low @ low.T).astype(np.int64)
            sums += levels.sum(axis=1)
            if data.on_disk is not None:
                forget(data.on_disk.ranks)
    return sums, products


def _levels(data: Dataset, name: str, rows: slice) -> NDArray[np.int64]:
    row, stored = data.row(name), data.on_disk
    if data.is_discrete(name):
        largest = len(data.states[name]) - 1
        return np.asarray(data.codes[row, rows] == largest, dtype=np.int64)
    assert stored is not None
    coarser = 2.0 ** bits_to_drop(data.n_samples)
    return np.asarray((stored.ranks[row, rows] / coarser).astype(np.int64))
