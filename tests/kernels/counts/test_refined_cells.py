"""Tests from cells refined column by column against those of the whole set at once."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistruct.kernels.counts.coded_columns import CodedColumns, count_complete, no_strata
from mistruct.kernels.counts.refined_cells import keep_cells, no_cells
from mistruct.kernels.counts.stratum_bitsets import no_intersections
from mistruct.kernels.g_test.g_statistic import g_test, g_test_of_cells
from mistruct.kernels.g_test.sparse_null import CHI_SQUARE, MOMENTS, SparseRule
from tests.kernels.g_test.test_g_statistic import coded

# So many states in all that no table of three columns of z is dense.
SIZES = [4, 7, 3, 9, 12, 11]


def _table(seed: int, missing: bool) -> CodedColumns:
    """Columns of which some nearly determine others, so that strata fall silent one by one."""
    rng = np.random.default_rng(seed)
    hidden = rng.integers(0, 40, 700)
    columns = []
    for n_states in SIZES:
        noisy = rng.random(700) < 0.1
        column = np.where(noisy, rng.integers(0, n_states, 700), hidden % n_states)
        column[missing & (rng.random(700) < 0.03)] = n_states
        columns.append(column.astype(np.uint8))
    return coded(columns, SIZES)


def _both(
    data: CodedColumns, chosen: list[int], method: int, cells: object
) -> tuple[np.ndarray, np.ndarray]:
    """The test of the last two columns given those `chosen`, from cells and at once."""
    rule = SparseRule(method, 99, np.uint64(0))
    by_key = sorted(chosen, key=lambda z: int(data.keys[z]))
    tested = np.array([*by_key, 4, 5])
    found, expected = np.full((2, 5), -7.0)
    assert g_test_of_cells(data, tested, np.array(chosen), cells, rule, found)
    size = len(chosen)
    room = no_intersections(size + 1), no_strata(data.codes.shape[1], size)
    g_test(data, tested, size + 1, *room, rule, expected)
    return found, expected


@pytest.mark.parametrize("method", [MOMENTS, CHI_SQUARE])
@given(st.integers(0, 2**32), st.booleans())
@settings(max_examples=12, deadline=None)
def test_the_tests_are_those_of_whole_sets_to_the_last_digit(
    method: int, seed: int, missing: bool
) -> None:
    data = _table(seed, missing)
    cells = no_cells(700, 3)
    # In this order some sets share all columns but the last, some one and some none.
    for chosen in itertools.permutations(range(4), 3):
        np.testing.assert_array_equal(*_both(data, list(chosen), method, cells))


def test_only_rows_in_strata_where_both_vary_are_kept() -> None:
    z = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 2], np.uint8)
    x = np.array([0, 1, 1, 0, 0, 0, 0, 1, 2, 2], np.uint8)
    y = np.array([0, 1, 0, 0, 1, 0, 1, 0, 1, 1], np.uint8)
    cells = no_cells(10, 2)
    assert keep_cells(coded([z, x, y], [3, 3, 2]), 1, 2, np.array([0]), cells)
    assert cells.n.tolist() == [[10, 1], [7, 2]]
    assert cells.rows[1, :7].tolist() == [0, 1, 2, 6, 7, 8, 9]
    states = zip(cells.x[1, :6].tolist(), cells.y[1, :6].tolist(), strict=True)
    assert list(states) == [(0, 0), (1, 0), (1, 1), (0, 1), (1, 0), (2, 1)]
    assert cells.starts[1, :3].tolist() == [0, 3, 6]
    assert cells.cell_of[1, :7].tolist() == [0, 2, 1, 3, 4, 5, 5]


def test_no_cells_are_kept_where_there_is_no_room() -> None:
    data = _table(0, False)
    given = np.array([0, 1], dtype=np.int64)
    assert keep_cells(data, 4, 5, given, no_cells(700, 3))
    assert not keep_cells(data, 4, 5, given, no_cells(700, 2))
    wide = np.arange(700, dtype=np.uint16)
    many = coded([wide % 3, wide, wide], [3, 700, 700])
    assert not keep_cells(many, 1, 2, given[:1], no_cells(700, 3))
    assert no_cells(10**8, 3).rows.size == 0


@pytest.mark.parametrize("missing", [False, True])
def test_complete_rows_are_counted(missing: bool) -> None:
    data = _table(1, missing)
    known = np.all(data.codes[[0, 3, 4]] < np.array(SIZES)[[0, 3, 4], None], axis=0)
    assert count_complete(data, np.array([0, 3, 4])) == known.sum()
