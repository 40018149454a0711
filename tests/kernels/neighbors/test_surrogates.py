"""Surrogates: permutations within groups, as probable as they should be."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from mistruct.kernels.neighbors.surrogates import shuffle_within, swap_within, tilted_surrogates
from mistruct.kernels.random import mix


def stream(seed: int) -> np.ndarray:
    return np.array([mix(np.uint64(seed))], dtype=np.uint64)


def shuffled(
    values: np.ndarray, groups: list[list[int]], state: np.ndarray, n_surrogates: int = 1
) -> np.ndarray:
    surrogates = np.empty((n_surrogates, values.size), values.dtype)
    members, starts = np.concatenate(groups), np.cumsum([0, *map(len, groups)])
    shuffle_within(values, members, starts, state, surrogates)
    return surrogates


def tilted(
    hub: np.ndarray,
    probabilities: np.ndarray,
    groups: list[list[int]],
    state: np.ndarray,
    n_surrogates: int = 1,
) -> np.ndarray:
    surrogates = np.empty((n_surrogates, hub.size), np.int64)
    members, starts = np.concatenate(groups), np.cumsum([0, *map(len, groups)])
    with np.errstate(divide="ignore"):
        logs = np.log(probabilities)
    tilted_surrogates(hub, logs, members, starts, state, surrogates)
    return surrogates


@st.composite
def grouped_rows(draw: st.DrawFn) -> list[list[int]]:
    """The rows from 0 to n - 1 in groups, in any order."""
    rows = draw(st.permutations(range(draw(st.integers(1, 40)))))
    cuts = draw(st.sets(st.integers(1, len(rows)), max_size=6))
    edges = [0, *sorted(cuts - {len(rows)}), len(rows)]
    return [list(rows[a:b]) for a, b in itertools.pairwise(edges)]


@given(grouped_rows(), st.integers(0, 2**32))
def test_each_group_keeps_its_values(groups: list[list[int]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = sum(map(len, groups))
    values = rng.normal(size=n)
    codes = rng.integers(0, 3, n)
    probabilities = rng.dirichlet(np.ones(3), n).T
    before = codes.copy()
    plain = shuffled(values, groups, stream(seed), 3)
    by_swaps = tilted(codes, probabilities, groups, stream(seed), 3)
    np.testing.assert_array_equal(codes, before)  # the hub is where all surrogates start
    for rows in groups:
        for b in range(3):
            assert Counter(plain[b, rows].tolist()) == Counter(values[rows].tolist())
            assert Counter(by_swaps[b, rows].tolist()) == Counter(codes[rows].tolist())


@given(grouped_rows(), st.integers(0, 2**32))
def test_the_stream_alone_decides(groups: list[list[int]], seed: int) -> None:
    values = np.arange(sum(map(len, groups)), dtype=float)
    drawn = shuffled(values, groups, stream(seed), 4)
    np.testing.assert_array_equal(shuffled(values, groups, stream(seed), 4), drawn)
    # What the values are does not decide which goes where.
    np.testing.assert_array_equal(shuffled(-(values**3), groups, stream(seed), 4), -(drawn**3))

    codes = values.astype(np.int64) % 3
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(3), codes.size).T
    walked = tilted(codes, probabilities, groups, stream(seed), 4)
    np.testing.assert_array_equal(tilted(codes, probabilities, groups, stream(seed), 4), walked)
    state = stream(seed)  # goes on where it was left, and each walk starts from the hub
    one_by_one = [tilted(codes, probabilities, groups, state)[0] for _ in range(4)]
    np.testing.assert_array_equal(one_by_one, walked)


def test_other_streams_give_other_surrogates() -> None:
    values, groups = np.arange(30.0), [list(range(30))]
    drawn = {tuple(shuffled(values, groups, stream(s))[0].tolist()) for s in range(20)}
    assert len(drawn) == 20
    assert len({tuple(row) for row in shuffled(values, groups, stream(0), 20).tolist()}) == 20


def test_every_permutation_of_a_group_is_equally_likely() -> None:
    """Also in two groups at once, of which neither knows of the other."""
    values = np.arange(7.0)
    drawn = shuffled(values, [[6, 1, 3], [0, 2, 4], [5]], stream(1), 36_000)
    counts = Counter(map(tuple, drawn.tolist()))
    assert (drawn[:, 5] == 5).all()
    every = [
        counts[(b[0], a[0], b[1], a[1], b[2], 5.0, a[2])]
        for a in itertools.permutations([6.0, 1.0, 3.0])
        for b in itertools.permutations([0.0, 2.0, 4.0])
    ]
    assert sum(every) == 36_000
    assert chisquare(every).pvalue > 1e-3


# As probable as their codes --------------------------------------------------------------------


def arrangements(codes: list[int], probabilities: np.ndarray) -> dict[tuple[int, ...], float]:
    """The different orders of the codes of one group, and how probable each is."""
    weights = {
        order: math.prod(probabilities[c, i] for i, c in enumerate(order))
        for order in itertools.permutations(codes)
    }
    total = math.fsum(weights.values())
    return {order: weight / total for order, weight in weights.items()}


@pytest.mark.parametrize("codes", [[0, 1, 1, 0], [0, 1, 2, 1], [2, 0, 1], [0, 0, 1, 0, 0]])
def test_tilted_surrogates_are_as_probable_as_their_codes(codes: list[int]) -> None:
    probabilities = np.random.default_rng(len(codes)).dirichlet(np.ones(3), len(codes)).T
    expected = arrangements(codes, probabilities)
    drawn = tilted(np.array(codes), probabilities, [list(range(len(codes)))], stream(2), 20_000)
    counts = Counter(map(tuple, drawn.tolist()))
    assert set(counts) <= set(expected)
    # Orders of less than five expected draws in one cell.
    common = [order for order, p in expected.items() if p * 20_000 >= 5]
    cells = [counts[order] for order in common]
    shares = [expected[order] for order in common]
    if len(common) < len(expected):
        cells.append(20_000 - sum(cells))
        shares.append(1 - math.fsum(shares))
    assert max(shares) > 3 * min(shares)
    assert chisquare(cells, np.array(shares) / sum(shares) * 20_000).pvalue > 1e-3


def test_what_started_there_stays_there() -> None:
    """One walk, whose start is drawn from the distribution itself, does not leave it."""
    rng = np.random.default_rng(7)
    probabilities = rng.dirichlet(np.ones(2), 4).T
    expected = arrangements([0, 1, 1, 0], probabilities)
    starts, state = np.array([0, 4]), stream(3)
    of_group, logs = np.arange(4), np.log(probabilities)
    orders = list(expected)
    drawn = rng.choice(len(orders), 20_000, p=list(expected.values()))
    counts: Counter[tuple[int, ...]] = Counter()
    moved = 0
    for k in drawn.tolist():
        codes = np.array(orders[k])
        swap_within(codes, logs, of_group, starts, state)
        counts[tuple(codes.tolist())] += 1
        moved += tuple(codes.tolist()) != orders[k]
    assert moved > 1000
    shares = np.array(list(expected.values()))
    assert chisquare([counts[o] for o in orders], shares * 20_000).pvalue > 1e-3


def test_groups_of_equal_probabilities_are_plainly_shuffled() -> None:
    probabilities = np.tile(np.random.default_rng(0).dirichlet(np.ones(4)), (4, 1)).T
    drawn = tilted(np.arange(4), probabilities, [[0, 1, 2, 3]], stream(4), 24_000)
    counts = Counter(map(tuple, drawn.tolist()))
    every = [counts[order] for order in itertools.permutations(range(4))]
    assert chisquare(every).pvalue > 1e-3


def test_what_is_impossible_is_not_drawn() -> None:
    """Probabilities as small as floating point has, in rows whose codes then cannot change."""
    tiny = np.finfo(float).tiny
    probabilities = np.array([[1.0, 1.0, 0.5, 0.5], [tiny, tiny, 0.5, 0.5]])
    drawn = tilted(np.array([0, 0, 0, 1]), probabilities, [[0, 1, 2, 3]], stream(5), 500)
    assert (drawn[:, :2] == 0).all()
    assert {tuple(row) for row in drawn[:, 2:].tolist()} == {(0, 1), (1, 0)}
