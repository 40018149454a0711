"""The lists among which separating sets are looked for, against their definition."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistruct.kernels.graphs.candidates import candidates_of_pairs


def _expected(
    possible: np.ndarray, strength: np.ndarray, x: int, y: int, joined: bool, least: int
) -> tuple[list[int], list[int]]:
    def ordered(found: set[int]) -> list[int]:
        return sorted(found - {x, y}, key=lambda c: (-min(strength[x, c], strength[y, c]), c))

    of_x, of_y = ({int(c) for c in np.flatnonzero(possible[v])} - {x, y} for v in (x, y))
    if joined:
        return ordered(of_x | of_y), []
    of_x, of_y = (side if len(side) >= least else set() for side in (of_x, of_y))
    short, long = (of_y, of_x) if len(of_y) < len(of_x) else (of_x, of_y)
    return (ordered(long), []) if short <= long else (ordered(short), ordered(long))


@pytest.mark.parametrize(("joined", "least"), [(True, 1), (False, 2), (False, 3)])
@given(
    seed=st.integers(0, 2**32),
    density=st.sampled_from([0.2, 0.5, 0.9]),
    unrelated=st.sampled_from([0.0, 0.5]),
)
@settings(max_examples=30, deadline=None)
def test_lists(seed: int, density: float, unrelated: float, joined: bool, least: int) -> None:
    rng = np.random.default_rng(seed)
    strength = rng.integers(0, 4, (7, 7)).astype(np.float64)  # with ties
    strength[rng.random((7, 7)) < unrelated] = -np.inf
    owner, related = np.nonzero(strength > -np.inf)
    possible = (rng.random((7, 7)) < density) & (strength > -np.inf)
    pairs = np.array(list(combinations(range(7), 2)))
    first, first_starts, second, second_starts = candidates_of_pairs(
        related,
        np.searchsorted(owner, np.arange(8)),
        strength[owner, related],
        possible[owner, related],
        pairs,
        joined,
        least,
    )
    for k, (x, y) in enumerate(pairs.tolist()):
        found = (
            first[first_starts[k] : first_starts[k + 1]].tolist(),
            second[second_starts[k] : second_starts[k + 1]].tolist(),
        )
        expected = _expected(possible, strength, x, y, joined, least)
        if joined and len(expected[0]) < least:
            expected = ([], [])
        assert found == expected
