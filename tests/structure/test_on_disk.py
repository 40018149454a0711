"""Learners on packed tables: the same results as in memory, to the last bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.information.copula import gram
from mistruct.structure import rank_products
from mistruct.structure.orders.copies import copies_of
from mistruct.structure.ranked_edges import signs

N = 3000


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gram, "_FEWEST_ROWS", 256)
    monkeypatch.setattr(gram, "_MOST_ROWS", 256)
    monkeypatch.setattr(rank_products, "_SHARD_ROWS", 256)


def numbers() -> pd.DataFrame:
    """Continuous columns, with ties, of heavy tails, constant."""
    rng = np.random.default_rng(3)
    x, y, z = rng.normal(size=(3, N))
    few = np.where(rng.random(N) < 0.9, 0.0, z + x)
    return pd.DataFrame(
        {
            "few": few,
            "none": np.full(N, 1.5),
            "rounded": (x + y).round(1),
            "turned": y / 2 - x,
            "x": x,
            "y": y**3,
            "z": z - few,
        }
    )


def states() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    a, b, c = rng.integers(0, 3, (3, N))
    flip = rng.random((3, N)) < 0.3
    return pd.DataFrame(
        {
            "a": a,
            "b": np.where(flip[0], b, a),
            "c": np.where(flip[1], c, (a + b) % 3),
            "two": np.where(flip[2], 0, b > 0).astype(int),
            "word": np.array(["x", "y", "z"])[c],
        }
    )


def mixed() -> pd.DataFrame:
    table = pd.concat([numbers().drop(columns="none"), states()], axis=1)
    return table.assign(x=table["x"] + table["a"])


TABLES = {"numbers": numbers, "states": states, "mixed": mixed}


@pytest.fixture
def both(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[ms.Dataset, ms.Dataset]:
    """A table in memory and on disk."""
    table = TABLES[request.param]()
    data = ms.as_dataset(table[sorted(table)])
    ms.pack_table(data, tmp_path / "t.mistruct")
    return data, ms.read_table(tmp_path / "t.mistruct")


LEARNERS = {
    "ChowLiu": ms.ChowLiu(estimator="copula"),
    "PC": ms.PC(test="copula"),
    "ARACNE": ms.ARACNE(estimator="copula"),
    "BOSS": ms.BOSS(score="gaussian-bic"),
}


@pytest.mark.parametrize("both", ["numbers", "mixed"], indirect=True)
@pytest.mark.parametrize("learner", LEARNERS.values(), ids=LEARNERS.keys())
def test_the_copula_finds_the_same_on_disk(learner: Any, both: Any) -> None:
    in_memory, on_disk = both
    expected = learner.fit(in_memory).edges_
    assert len(expected)
    pd.testing.assert_frame_equal(learner.fit(on_disk).edges_, expected, check_exact=True)


@pytest.mark.parametrize("bits", [20, 5])
@pytest.mark.parametrize("both", ["numbers", "mixed"], indirect=True)
def test_signs_are_those_in_memory(bits: int, both: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rank_products, "_BITS_OF_A_RANK", bits)
    in_memory, on_disk = both
    pairs = np.triu_indices(in_memory.n_variables, 1)
    found = signs(on_disk, *pairs)
    assert {-1, 1} <= set(found.tolist())
    np.testing.assert_array_equal(found, signs(in_memory, *pairs))


def test_copies_are_found_on_disk(tmp_path: Path) -> None:
    table = numbers().assign(back=lambda t: -(t["x"] ** 3), same=lambda t: np.exp(t["few"]))
    table["gap"] = table["y"].where(table["x"] > -2)
    table["gap2"] = 2 * table["gap"]
    data = ms.as_dataset(table[sorted(table)], missing="testwise")
    names = data.names
    expected = {"x": "back", "same": "few", "gap2": "gap"}
    on_disk = ms.pack_table(data, tmp_path / "t.mistruct")
    for found in (copies_of(data), copies_of(on_disk)):
        assert {names[a]: names[b] for a, b in found.items()} == expected
