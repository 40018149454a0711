"""The sets that vote on triples against itertools."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistruct.kernels.graphs.votes import count_votes, list_voters, most_voters

lists = st.lists(st.sets(st.integers(0, 7), max_size=5).map(sorted), min_size=8, max_size=8)


@given(lists, st.integers(0, 4), st.sets(st.sampled_from([*itertools.combinations(range(8), 2)])))
@settings(max_examples=60)
def test_each_set_of_neighbours_of_either_end_votes_once(
    neighbours: list[list[int]], size: int, ends: set[tuple[int, int]]
) -> None:
    pairs = sorted(ends)
    expected = [
        (k, given)
        for k, (x, y) in enumerate(pairs)
        for given in dict.fromkeys(
            given for v in (x, y) for given in itertools.combinations(neighbours[v], size)
        )
    ]
    asked = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    flat = np.array([c for around in neighbours for c in around], dtype=np.int64)
    starts = np.cumsum([0, *map(len, neighbours)])
    n_most = np.empty(len(pairs))
    most_voters(asked, starts, size, n_most)
    room = int(n_most.sum())
    owner, sets = np.empty(room, dtype=np.int64), np.empty((room, size), dtype=np.int64)
    n_sets = list_voters(asked, flat, starts, owner, sets)
    assert [*zip(owner[:n_sets].tolist(), map(tuple, sets[:n_sets].tolist()), strict=True)] == (
        expected
    )


@pytest.mark.parametrize("size", [0, 1, 3])
def test_votes_are_counted_for_the_pair_and_for_each_middle(size: int) -> None:
    rng = np.random.default_rng(size)
    middles = [[1, 4, 6], [], [0]]
    owner = rng.integers(0, 3, 50)
    sets = np.array([rng.permutation(8)[:size] for _ in owner], dtype=np.int64).reshape(50, size)
    n_separating, n_with = np.zeros(3, dtype=np.int64), np.zeros(4, dtype=np.int64)
    flat, starts = np.array([1, 4, 6, 0]), np.array([0, 3, 3, 4])
    count_votes(owner, sets, flat, starts, n_separating, n_with)
    assert n_separating.tolist() == np.bincount(owner, minlength=3).tolist()
    assert n_with.tolist() == [
        sum(z in given for given, k in zip(sets.tolist(), owner.tolist(), strict=True) if k == pair)
        for pair, between in enumerate(middles)
        for z in between
    ]


def test_there_is_room_for_all_sets():
    """As many as there are, and not one less by rounding."""
    for n, size in itertools.product(range(45), range(8)):
        starts = np.array([0, n, n])
        found = np.empty(1)
        most_voters(np.array([[0, 1]]), starts, size, found)
        assert found[0] == math.comb(n, size) + math.comb(0, size)
