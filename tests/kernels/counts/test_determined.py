"""The search for determining sets against sets of pairs."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mistruct.kernels.counts.determined import BOTH, NEITHER, X, Y, find_determining
from tests.strategies import Codes, categorical_columns


def determined(table: Codes, n_states: list[int], x: int, y: int, z: tuple[int, ...]) -> int:
    """From the states that x and y take in each stratum; a code of n_states is missing."""
    strata: dict[tuple[int, ...], tuple[set[int], set[int]]] = {}
    for row in table.T.tolist():
        if all(row[c] < n_states[c] for c in (x, y, *z)):
            of_x, of_y = strata.setdefault(tuple(row[c] for c in z), (set(), set()))
            of_x.add(row[x])
            of_y.add(row[y])
    if not strata or any(len(a) > 1 and len(b) > 1 for a, b in strata.values()):
        return NEITHER
    x_varies = any(len(a) > 1 for a, _ in strata.values())
    y_varies = any(len(b) > 1 for _, b in strata.values())
    return BOTH if x_varies == y_varies else Y if x_varies else X


@given(
    categorical_columns(st.integers(4, 6), st.integers(1, 25), st.integers(2, 3)),
    st.integers(1, 3),
    st.booleans(),
    st.sampled_from([1, 60]),
)
def test_all_minimal_sets_in_turn(table: Codes, size: int, gaps: bool, repeated: int) -> None:
    table = np.repeat(table, repeated, axis=1).astype(np.uint8)
    n_states = [int(c.max()) + 1 for c in table]
    if gaps:
        table[2, ::3] = n_states[2]
    candidates = list(range(2, len(table)))[::-1]
    expected = []
    for z in itertools.combinations(candidates, size):
        parts = itertools.combinations(z, size - 1) if size > 1 else ()
        found = determined(table, n_states, 0, 1, z)
        if found and not any(determined(table, n_states, 0, 1, part) for part in parts):
            expected.append((z, found))
    for most in (1, 2, 20):
        sets = np.full((1, most, size), -1)
        result = np.zeros((1, most), dtype=np.int64)
        find_determining(
            table, np.array(n_states), np.array([[0, 1]]), np.array(candidates),
            np.array([0, len(candidates)]), sets, result,
        )  # fmt: skip
        seen = [
            (tuple(z), code) for z, code in zip(sets[0].tolist(), result[0], strict=True) if code
        ]
        assert seen == expected[:most]
