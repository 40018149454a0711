"""The random streams: uniform shuffles, and starts that do not collide."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare, hypergeom

from mistruct.kernels.random import draw_hypergeometric, draw_uniform, mix, shuffle


def test_every_permutation_is_equally_likely() -> None:
    state = np.array([mix(np.uint64(12345))])
    seen: Counter[tuple[int, ...]] = Counter()
    for _ in range(24_000):
        values = np.arange(6, dtype=np.uint8)
        shuffle(values, 1, 5, state)
        assert values[0] == 0
        assert values[5] == 5
        seen[tuple(values[1:5].tolist())] += 1
    counts = [seen[p] for p in itertools.permutations(range(1, 5))]
    assert sum(counts) == 24_000
    assert chisquare(counts).pvalue > 1e-3


def test_a_stream_goes_on_where_it_was_left() -> None:
    state = np.array([7], dtype=np.uint64)
    together = np.arange(20, dtype=np.uint8)
    shuffle(together, 0, 20, state)
    again = np.arange(20, dtype=np.uint8)
    shuffle(again, 0, 20, state)
    assert together.tolist() != again.tolist()
    repeated = np.arange(20, dtype=np.uint8)
    shuffle(repeated, 0, 20, np.array([7], dtype=np.uint64))
    assert repeated.tolist() == together.tolist()


def test_shuffling_one_value_or_none_does_nothing() -> None:
    values = np.arange(3, dtype=np.uint8)
    state = np.array([7], dtype=np.uint64)
    shuffle(values, 1, 2, state)
    shuffle(values, 2, 2, state)
    assert values.tolist() == [0, 1, 2]
    assert state[0] == 7


def test_mixing_is_one_to_one_and_flips_half_the_bits() -> None:
    words = [*range(20_000), *(2**64 - 1 - i for i in range(20_000))]
    mixed = [int(mix(np.uint64(w))) for w in words]
    assert len(set(mixed)) == len(words)
    for bit in range(64):
        flips = [
            (mixed[w] ^ int(mix(np.uint64(w ^ (1 << bit))))).bit_count() for w in range(1, 200)
        ]
        # The mean of 199 numbers of flipped bits of 64 has a standard deviation of about 0.28.
        assert abs(np.mean(flips) - 32) < 1.7


def test_uniform_numbers_fill_the_unit_interval() -> None:
    state = np.array([3], dtype=np.uint64)
    drawn = np.array([draw_uniform(state) for _ in range(20_000)])
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert chisquare(np.histogram(drawn, 50, (0, 1))[0]).pvalue > 1e-3


@pytest.mark.parametrize(
    ("n_drawn", "n_marked", "n_total"),
    [(5, 7, 20), (15, 18, 20), (1, 1, 1000), (40, 300, 1000), (500_000, 30, 1_000_000)],
)
def test_hypergeometric_numbers_follow_their_distribution(
    n_drawn: int, n_marked: int, n_total: int
) -> None:
    state = np.array([5], dtype=np.uint64)
    drawn = [draw_hypergeometric(n_drawn, n_marked, n_total, state) for _ in range(20_000)]
    law = hypergeom(n_total, n_marked, n_drawn)
    # Cells of at least ten expected numbers, what lies beyond them in one cell at each end.
    values = np.arange(n_marked + 1)
    inner = values[law.pmf(values) * 20_000 >= 10]
    edges = [-1, *inner[:-1], n_marked]
    counts, _ = np.histogram(drawn, np.array(edges) + 0.5)
    expected = np.diff(law.cdf(edges)) * 20_000
    assert len(counts) == 1 or chisquare(counts, expected * (20_000 / expected.sum())).pvalue > 1e-3


def test_what_is_certain_is_not_drawn() -> None:
    state = np.array([5], dtype=np.uint64)
    assert draw_hypergeometric(0, 7, 20, state) == 0
    assert draw_hypergeometric(20, 7, 20, state) == 7
    assert draw_hypergeometric(3, 0, 20, state) == 0
    assert state[0] == 5


def test_the_largest_tables_keep_their_mean_and_spread() -> None:
    state = np.array([5], dtype=np.uint64)
    law = hypergeom(10**8, 2 * 10**7, 10**6)
    drawn = [draw_hypergeometric(10**6, 2 * 10**7, 10**8, state) for _ in range(4_000)]
    assert abs(np.mean(drawn) - law.mean()) < 4 * law.std() / 4_000**0.5
    assert np.std(drawn) == pytest.approx(law.std(), rel=0.05)
