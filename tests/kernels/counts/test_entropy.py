"""Entropies of counts and counting of pairs against the reference."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistruct.information.counts.corrections import KERNEL_CODES, BiasCorrection, entropy_terms
from mistruct.kernels.counts.entropy import (
    count_margins,
    count_pair,
    count_pair_sparsely,
    entropy_of_counts,
    information_of_cells,
    shrinkage_intensity,
)
from tests import reference as ref
from tests import strategies

WITH_KERNEL: list[BiasCorrection | None] = list(KERNEL_CODES)  # type: ignore[arg-type]


@given(strategies.state_counts(), st.sampled_from(WITH_KERNEL), st.integers(0, 4))
@settings(max_examples=150, deadline=None)
def test_entropy_of_counts(
    drawn: tuple[list[int], int], correction: BiasCorrection | None, n_zeros: int
) -> None:
    counts, n_states = drawn
    if correction == "grassberger" and len(counts) == 1:
        n_states = 1  # one observed state is one possible state wherever this kernel is used
    table = np.array(counts + [0] * n_zeros)
    n = sum(counts)
    shrinkage = shrinkage_intensity(table, n, float(n_states))
    found = entropy_of_counts(
        table, n, float(n_states), KERNEL_CODES[correction], entropy_terms(n, correction), shrinkage
    )
    expected = ref.entropy_of_counts(counts, correction or "plug-in", n_states)
    assert found == pytest.approx(expected, rel=1e-10, abs=1e-12)


def _pair(seed: int, n_samples: int, n_x: int, n_y: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes with missing entries."""
    rng = np.random.default_rng(seed)
    return (
        rng.integers(0, n_x + 1, n_samples).astype(np.uint16),
        rng.integers(0, n_y + 1, n_samples).astype(np.uint16),
    )


@given(st.integers(0, 2**32), st.integers(0, 80), st.integers(1, 40), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_counts_of_a_pair(seed: int, n_samples: int, n_x: int, n_y: int) -> None:
    x, y = _pair(seed, n_samples, n_x, n_y)
    known = [(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True) if a < n_x and b < n_y]
    expected = Counter(known)

    table = np.full(n_x * n_y + 1, -7)
    count_pair(x, y, n_x, n_y, table)
    assert table.tolist() == [expected[a, b] for a in range(n_x) for b in range(n_y)] + [-7]

    cells = np.full(n_samples, -7)
    n_cells = count_pair_sparsely(x, y, n_x, n_y, cells)
    assert sorted(cells[:n_cells].tolist()) == sorted(expected.values())

    margin_x, margin_y = np.full(n_x, -7), np.full(n_y, -7)
    count_margins(x, y, n_x, n_y, margin_x, margin_y)
    assert margin_x.tolist() == [sum(a == i for a, _ in known) for i in range(n_x)]
    assert margin_y.tolist() == [sum(b == i for _, b in known) for i in range(n_y)]


@pytest.mark.parametrize("correction", WITH_KERNEL)
def test_information_of_no_rows_is_not_a_number(correction: BiasCorrection | None) -> None:
    nothing = np.zeros(4, np.int64)
    found = information_of_cells(
        nothing, nothing[:2], nothing[:2], KERNEL_CODES[correction], entropy_terms(4, correction)
    )
    assert np.isnan(found)
