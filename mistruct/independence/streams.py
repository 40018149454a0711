"""Random streams of tests: seeds, keys of columns, and the order of a pair.

A random stream depends on the seed and the names of the columns tested alone, so a p-value does
not change with the order of tests, the number of threads or what other columns there are.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Positions
from mistruct.errors import check_count


def entropy_of(seed: int | None) -> np.uint64:
    """Entropy from which the streams of a test start; fresh entropy if the seed is None."""
    if seed is not None:
        check_count("seed", seed, least=0)
    return np.uint64(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])


@lru_cache(maxsize=8)
def column_keys(names: tuple[str, ...]) -> NDArray[np.uint64]:
    """A 64-bit key for each name, the same in every process."""
    digests = b"".join(blake2b(n.encode(), digest_size=8).digest() for n in names)
    keys = np.frombuffer(digests, dtype="<u8").astype(np.uint64)
    keys.flags.writeable = False  # every call gets the same array
    return keys


def in_key_order(pairs: Positions, keys: NDArray[np.uint64]) -> Positions:
    """Order each pair by keys, so that (x, y) and (y, x) give the same result."""
    x, y = pairs.T
    swapped = keys[x] > keys[y]
    return np.column_stack([np.where(swapped, y, x), np.where(swapped, x, y)])
