"""Small random number generators for kernels.

SplitMix64 (Steele, Lea and Flood 2014): a counter stepped by an odd constant and mixed. A stream's
start is mixed from the seed and the names of the variables tested, so what it yields does not
depend on the order of the tests, on threads, or on which other columns exist.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel

_STEP = np.uint64(0x9E3779B97F4A7C15)


@kernel
def mix(word: np.uint64) -> np.uint64:
    """Scramble a 64-bit word, one to one."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@kernel
def shuffle(values: NDArray[Any], start: int, stop: int, state: NDArray[np.uint64]) -> None:
    """Fisher-Yates shuffle of ``values[start:stop]``, stepping ``state[0]``."""
    for i in range(stop - 1, start, -1):
        state[0] += _STEP
        # The high half times the range, so that no division is needed; ranges stay below 2**32.
        draw = ((mix(state[0]) >> np.uint64(32)) * np.uint64(i - start + 1)) >> np.uint64(32)
        j = start + np.int64(draw)
        values[i], values[j] = values[j], values[i]


@kernel
def draw_uniform(state: NDArray[np.uint64]) -> float:
    """Uniform number in [0, 1), stepping ``state[0]``."""
    state[0] += _STEP
    return float(mix(state[0]) >> np.uint64(11)) * 2.0**-53


@kernel
def draw_hypergeometric(
    n_drawn: int, n_marked: int, n_total: int, state: NDArray[np.uint64]
) -> int:
    """Draw a hypergeometric number: the marked ones of `n_drawn` out of `n_total`.

    By inversion, counting outwards from the mode, which takes about as many steps as the standard
    deviation.
    """
    least = max(0, n_drawn + n_marked - n_total)
    most = min(n_drawn, n_marked)
    if least == most:
        return least
    rest = n_total - n_marked - n_drawn
    mode = int((n_drawn + 1.0) * (n_marked + 1.0) / (n_total + 2.0))
    probability = math.exp(
        math.lgamma(n_marked + 1.0)
        + math.lgamma(n_total - n_marked + 1.0)
        + math.lgamma(n_drawn + 1.0)
        + math.lgamma(n_total - n_drawn + 1.0)
        - math.lgamma(n_total + 1.0)
        - math.lgamma(mode + 1.0)
        - math.lgamma(n_marked - mode + 1.0)
        - math.lgamma(n_drawn - mode + 1.0)
        - math.lgamma(rest + mode + 1.0)
    )
    left = draw_uniform(state) - probability
    above, below = probability, probability
    up, down = mode, mode
    while left >= 0.0 and (up < most or down > least):
        if up < most:
            above *= float(n_marked - up) * (n_drawn - up) / ((up + 1.0) * (rest + up + 1.0))
            up += 1
            left -= above
            if left < 0.0:
                return up
        if down > least:
            below *= (
                float(down) * (rest + down) / ((n_marked - down + 1.0) * (n_drawn - down + 1.0))
            )
            down -= 1
            left -= below
            if left < 0.0:
                return down
        if above + below < 1e-18:
            break
    return mode  # also for what rounding leaves over
