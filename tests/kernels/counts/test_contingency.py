"""Strata and runs of rows against dictionaries."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistruct.kernels.counts.contingency import join_strata, sort_by_stratum, sum_over_runs


def _sample(seed: int, n_samples: int, n_states: int, missing: bool) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, n_states + missing, n_samples).astype(np.uint16)


def _join(columns: list[np.ndarray], sizes: list[int]) -> tuple[np.ndarray, int]:
    strata = np.zeros(columns[0].size, np.int32)
    n_strata = 1
    for column, n_states in zip(columns, sizes, strict=True):
        n_strata = join_strata(strata, n_strata, column, n_states)
    return strata, n_strata


# Beyond four cells a row and 1024, labels come from a sort: 60_000 states, or 40 three times over.
@pytest.mark.parametrize("sizes", [[3], [3, 2, 4], [1, 5], [60_000], [40, 40, 40], [50_000, 2]])
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("n_samples", [1, 70, 500])
def test_strata_are_the_joint_configurations(
    sizes: list[int], missing: bool, n_samples: int
) -> None:
    columns = [_sample(i, n_samples, r, missing) for i, r in enumerate(sizes)]
    strata, n_strata = _join(columns, sizes)
    label_of: dict[tuple[int, ...], set[int]] = {}
    for t in range(n_samples):
        row = tuple(int(c[t]) for c in columns)
        if any(code == r for code, r in zip(row, sizes, strict=True)):
            assert strata[t] == -1
        else:
            label_of.setdefault(row, set()).add(int(strata[t]))
    assert all(len(labels) == 1 for labels in label_of.values())
    assert sorted(label for labels in label_of.values() for label in labels) == list(
        range(n_strata)
    )
    assert len(label_of) == n_strata


@pytest.mark.parametrize("sizes", [[3], [60_000]])
def test_no_stratum_where_all_is_missing(sizes: list[int]) -> None:
    strata, n_strata = _join([np.full(9, sizes[0], np.uint16)], sizes)
    assert n_strata == 0
    assert (strata == -1).all()
    assert join_strata(strata, n_strata, np.zeros(9, np.uint16), 2) == 0


@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(1, 4), st.booleans())
@settings(max_examples=60, deadline=None)
def test_rows_sort_by_stratum_and_x_and_y(
    seed: int, n_samples: int, n_z: int, missing: bool
) -> None:
    n_x, n_y = 3, 4
    x, y, z = (_sample(seed + i, n_samples, r, missing) for i, r in enumerate((n_x, n_y, n_z)))
    strata, n_strata = _join([z], [n_z])
    order = sort_by_stratum(x, y, strata, n_x, n_y, n_strata)
    known = [t for t in range(n_samples) if x[t] < n_x and y[t] < n_y and strata[t] >= 0]
    assert order.tolist() == sorted(known, key=lambda t: (strata[t], x[t], y[t]))


@given(st.integers(0, 2**32), st.lists(st.integers(1, 9), max_size=6))
@settings(max_examples=60, deadline=None)
def test_sums_over_runs(seed: int, lengths: list[int]) -> None:
    y = _sample(seed, sum(lengths), 4, False)
    starts = np.cumsum([0, *lengths])
    terms = np.random.default_rng(seed).random(y.size + 1)
    terms[0] = 0.0
    counts = np.zeros(4, np.int64)
    total = sum_over_runs(starts, y, counts, terms)
    runs = [Counter(y[a:b].tolist()) for a, b in itertools.pairwise(starts)]
    assert total == pytest.approx(sum(terms[c] for run in runs for c in run.values()))
    assert not counts.any()
