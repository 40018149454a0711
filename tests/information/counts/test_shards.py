"""Counts over shards of the rows add up to those of all rows, to the last bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mistruct as ms
from mistruct.information.counts import pair_matrix
from mistruct.information.counts.corrections import BiasCorrection
from mistruct.information.counts.pair_matrix import PackedTable
from mistruct.kernels.counts.information_tile import (
    CountedColumns,
    count_of_cells,
    count_packed_tile,
)

_ROWS = 64 * 400
_SHARDS = (1, 2, 7, 100)


def _columns(*, gaps: bool) -> tuple[np.ndarray, np.ndarray]:
    """Codes of columns of 2 to 40 states, each a noisy copy of the one before."""
    rng = np.random.default_rng(5)
    n_states = np.array([2, 3, 3, 5, 40, 2, 4])
    codes = np.empty((len(n_states), _ROWS), dtype=np.uint8)
    last = rng.integers(0, 2, _ROWS)
    for row, r in zip(codes, n_states, strict=True):
        last = np.where(rng.random(_ROWS) < 0.4, rng.integers(0, r, _ROWS), last % r)
        row[:] = np.where(rng.random(_ROWS) < 0.1 * gaps, r, last)
    return codes, n_states


@pytest.mark.parametrize("correction", [None, "miller-madow"])
@pytest.mark.parametrize("gaps", [False, True])
def test_the_matrix_is_the_same_for_any_shards(
    gaps: bool, correction: BiasCorrection | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes, n_states = _columns(gaps=gaps)
    every = np.arange(len(n_states))
    found = []
    for shards in _SHARDS:
        monkeypatch.setattr(pair_matrix, "SHARD", -(-400 // shards))
        table = PackedTable(codes, n_states, correction)
        tile = np.zeros((len(every), len(every)))
        table.fill(every, every, True, tile)
        table.fill(every[:2], every[2:], False, tile[:2, 2:])
        found.append((tile.tobytes(), table.margins.tobytes()))
    assert len(set(found)) == 1


def test_parts_add_up_in_any_order() -> None:
    codes, n_states = _columns(gaps=False)
    t = PackedTable(codes, n_states, None)
    counted = CountedColumns(
        codes, n_states, t.margins, t.first_state, t.entropies, t.words, t.first_word, t.complete
    )
    every = np.arange(len(n_states))
    whole = np.zeros(count_of_cells(counted, every, every, True), dtype=np.int64)
    parts = np.zeros_like(whole)
    count_packed_tile(counted, every, every, True, 0, 400, whole)
    for start, stop in ((300, 400), (0, 7), (7, 300)):
        count_packed_tile(counted, every, every, True, start, stop, parts)
    np.testing.assert_array_equal(parts, whole)
    # The first pair is a column of two states with itself.
    assert whole[0] == (codes[0] == 0).sum()


def test_a_tree_from_disk_is_that_from_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes, _ = _columns(gaps=False)
    data = ms.as_dataset(codes.T[:, :4])
    expected = ms.ChowLiu().fit(data).edges_
    ms.pack_table(data, tmp_path / "t.mistruct")
    monkeypatch.setattr(pair_matrix, "SHARD", 60)
    found = ms.ChowLiu().fit(ms.read_table(tmp_path / "t.mistruct")).edges_
    assert found.to_csv() == expected.to_csv()
