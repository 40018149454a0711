"""What packing is said to take on disk, beside what it takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.data.dialects import TextOptions
from mistruct.data.packed.pack_cost import PackCost, cost_of_table, pack_cost

N = 5000


def _table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "code": rng.integers(0, 4, N),
            "count": rng.integers(0, 900, N),
            "date": pd.Timestamp("2020-01-01"),
            "name": [f"row {k}" for k in range(N)],
            "number": rng.normal(size=N).round(6),
            "word": np.array(["no", "yes", "perhaps"])[rng.integers(0, 3, N)],
        }
    )


def _cost(path: Path) -> PackCost:
    found = pack_cost(path, TextOptions(), ["date"], None)
    assert found is not None
    return found


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet", ".feather"])
def test_what_it_takes_on_disk_is_foreseen(suffix: str, tmp_path: Path) -> None:
    path, packed = tmp_path / f"t{suffix}", tmp_path / "t.mistruct"
    table = _table()
    if suffix == ".parquet":
        table.to_parquet(path)
    elif suffix == ".feather":
        table.to_feather(path)
    else:
        table.to_csv(path, index=False)
    ms.pack_table(path, packed, drop=["date"])
    taken = sum((packed / f"{name}.bin").stat().st_size for name in _ARRAYS)
    assert 0.9 * taken < _cost(path).n_bytes_on_disk < 1.1 * taken
    held = cost_of_table(ms.read_table(packed))
    assert 0.9 * taken < held.n_bytes_on_disk < 1.1 * taken


_ARRAYS = ("codes", "bitsets", "values", "ranks")


def test_the_longer_the_table_the_longer_it_takes(tmp_path: Path) -> None:
    costs = []
    for times in (1, 3):
        pd.concat([_table()] * times).to_parquet(tmp_path / "t.parquet", row_group_size=N)
        costs.append(_cost(tmp_path / "t.parquet"))
    assert costs[1].seconds == pytest.approx(3 * costs[0].seconds)
    assert costs[1].n_bytes_on_disk == pytest.approx(3 * costs[0].n_bytes_on_disk, rel=1e-3)
    assert costs[1].n_bytes == pytest.approx(costs[0].n_bytes, rel=0.05)


def test_a_format_that_is_read_whole_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.sav"
    path.write_bytes(b"$FL2")
    assert pack_cost(path, TextOptions(), [], None) is None
