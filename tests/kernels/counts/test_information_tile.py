"""Every way in which a tile counts its pairs, against the reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistruct.information.counts.corrections import KERNEL_CODES, BiasCorrection
from mistruct.information.counts.pair_matrix import PackedTable
from mistruct.kernels.counts.information_tile import PACKED_CELLS
from tests import reference as ref
from tests import strategies

WITH_KERNEL: list[BiasCorrection | None] = list(KERNEL_CODES)  # type: ignore[arg-type]


def _tile(
    codes: np.ndarray,
    n_states: list[int],
    correction: BiasCorrection | None,
    rows: list[int],
    columns: list[int],
    symmetric: bool = False,
) -> np.ndarray:
    table = PackedTable(codes, np.array(n_states), correction)
    tile = np.full((len(rows), len(columns)), np.nan)
    table.fill(np.array(rows), np.array(columns), symmetric, tile)
    return tile


def _expected(x: np.ndarray, y: np.ndarray, n_x: int, n_y: int, correction: str | None) -> float:
    known = (x < n_x) & (y < n_y)
    return ref.mutual_information(x[known].tolist(), y[known].tolist(), correction or "plug-in")


# Of two columns, the first pair is packed; the second too wide for that, so a histogram; the
# third has over 1024 + 4 n cells, so its rows are sorted. The last mixes packed and not packed.
SIZES = {"packed": (3, 7), "histogram": (16, 20), "sparse": (300, 400), "mixed": (2, 300)}


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("correction", WITH_KERNEL)
@pytest.mark.parametrize("path", SIZES)
def test_a_pair_is_the_reference_on_every_path(
    path: str, correction: BiasCorrection | None, missing: bool
) -> None:
    n_x, n_y = SIZES[path]
    n_samples = 450
    cells = (n_x - (not missing)) * (n_y - (not missing))
    assert (path == "packed") == (cells <= PACKED_CELLS)
    assert (path == "sparse") == (n_x * n_y > 4 * n_samples + 1024)
    rng = np.random.default_rng(3)
    x = np.concatenate([np.arange(n_x), rng.integers(0, n_x, n_samples - n_x)])
    y = rng.permutation(np.concatenate([np.arange(n_y), x[n_y:] % n_y]))
    y[:200] = x[:200] % n_y
    y[-n_y:] = np.arange(n_y)
    if missing:
        x[rng.random(n_samples) < 0.2] = n_x
        y[rng.random(n_samples) < 0.2] = n_y
    codes = np.array([x, y], dtype=np.uint16)
    found = _tile(codes, [n_x, n_y], correction, [0, 1], [0, 1])
    expected = _expected(codes[0], codes[1], n_x, n_y, correction)
    assert found[0, 1] == pytest.approx(expected, rel=1e-10)
    assert found[1, 0] == pytest.approx(expected, rel=1e-10)
    assert found[0, 0] == pytest.approx(
        _expected(codes[0], codes[0], n_x, n_x, correction), rel=1e-10
    )


@given(
    strategies.categorical_columns(n_columns=4, n_rows=st.integers(1, 150)),
    st.sampled_from(WITH_KERNEL),
    st.integers(0, 2**32),
    st.sampled_from([0.0, 0.3]),
)
@settings(max_examples=60, deadline=None)
def test_tiles_of_any_table(
    codes: np.ndarray, correction: BiasCorrection | None, seed: int, share_missing: float
) -> None:
    n_states = (codes.max(axis=1).astype(int) + 1).tolist()
    codes = codes.astype(np.uint16)
    for row, r in zip(codes, n_states, strict=True):
        row[np.random.default_rng(seed + r).random(row.size) < share_missing] = r
    rows, columns = [2, 0], [1, 2, 3]
    found = _tile(codes, n_states, correction, rows, columns)
    for a, i in enumerate(rows):
        for b, j in enumerate(columns):
            if ((codes[i] < n_states[i]) & (codes[j] < n_states[j])).any():
                expected = _expected(codes[i], codes[j], n_states[i], n_states[j], correction)
                assert found[a, b] == pytest.approx(expected, rel=1e-9, abs=1e-11)
            else:
                assert np.isnan(found[a, b])


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 1, 0, 2], [1, 1, 0, 1]])
def test_a_tile_on_the_diagonal_fills_its_upper_triangle(order: list[int]) -> None:
    codes = np.random.default_rng(0).integers(0, 3, (4, 90), dtype=np.uint16)
    full = _tile(codes, [3] * 4, None, order, order)
    half = _tile(codes, [3] * 4, None, order, order, symmetric=True)
    upper = np.triu_indices(4)
    np.testing.assert_array_equal(half[upper], full[upper])
    assert np.isnan(half[np.tril_indices(4, -1)]).all()


@pytest.mark.parametrize("gaps", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("n_states", [3, 40])
def test_a_column_more_is_as_if_packed_with_the_others(gaps, n_states: int) -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4 if gaps[0] else 3, (5, 200)).astype(np.uint8)
    more = rng.integers(0, n_states + gaps[1], 200).astype(np.uint16)
    joined = PackedTable(codes, np.full(5, 3), "miller-madow").with_column(more, n_states)
    assert joined.codes[-1].tolist() == more.tolist()
    whole = PackedTable(np.vstack([codes, more]), np.array([3] * 5 + [n_states]), "miller-madow")
    tiles = np.full((2, 6, 6), np.nan)
    for table, tile in zip((joined, whole), tiles, strict=True):
        table.fill(np.arange(6), np.arange(6), False, tile)
    assert np.array_equal(tiles[0], tiles[1])
