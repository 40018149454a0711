"""One true table, stored in ten ways: the same kinds, the same values and the same edges."""

from __future__ import annotations

import bz2
import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mistruct as ms


def true_table(seed: int) -> pd.DataFrame:
    """Columns of several kinds, some of which tell of others; whole numbers, fractions, words."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(40, 120))
    stage = rng.integers(1, 5, n)
    columns: dict[str, Any] = {
        "stage": stage,
        "size": (stage + rng.normal(0, 0.7, n)).round(3),
        "visits": rng.poisson(stage),
        "sick": (stage + rng.integers(0, 3, n) > 3).astype(int),
        "city, old": rng.choice(["Köln", "Bern", "São Paulo"], n),
        "income": rng.integers(10_000, 99_999, n),
    }
    frame = pd.DataFrame(columns)
    return frame[list(rng.permutation(list(frame)))]


def spelled(data: ms.Dataset) -> dict[str, list[str]]:
    return {name: [str(s) for s in states] for name, states in data.states.items()}


def ways(frame: pd.DataFrame, folder: Path) -> dict[str, ms.Dataset]:
    """The table as ten people have it."""

    def stored(name: str, content: str | bytes, **options: Any) -> ms.Dataset:
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return ms.read_table(path, missing="testwise", **options)

    text = frame.to_csv(index=False)
    numbers = frame.select_dtypes("number").columns
    decimals = frame.astype(object).assign(
        **{n: [Decimal(str(v)) for v in frame[n]] for n in numbers}
    )
    named = frame.set_axis([f"r{i}" for i in range(len(frame))])
    return {
        "csv": stored("a.csv", text),
        "floats": ms.as_dataset(frame.astype(dict.fromkeys(numbers, float))),
        "strings": ms.as_dataset(frame.astype(str)),
        "objects and decimals": ms.as_dataset(decimals),
        "nullable": ms.as_dataset(frame.convert_dtypes()),
        "semicolons and decimal commas": stored(
            "b.csv", frame.to_csv(index=False, sep=";", decimal=",")
        ),
        "names of rows, compressed": stored("c.csv.gz", gzip.compress(named.to_csv().encode())),
        "latin-1, tabs, bz2": stored(
            "d.tsv.bz2",
            bz2.compress(frame.to_csv(index=False, sep="\t").encode("latin-1")),
            encoding="latin-1",
        ),
        "UTF-16": stored("e.txt", frame.to_csv(index=False, sep="\t").encode("utf-16")),
        "transposed": stored("f.csv", named.T.to_csv(), transpose=True),
        "comments and blanks": stored(
            "g.csv", "# exported\n" + text.replace(",Bern", ", Bern ") + ",,,,,\n"
        ),
    }


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "table_seed" in metafunc.fixturenames:
        n_tables = 500 if metafunc.config.getoption("--long") else 50
        metafunc.parametrize("table_seed", range(n_tables))


def test_ten_ways(table_seed: int, tmp_path: Path) -> None:
    frame = true_table(table_seed)
    (way, expected), *others = ways(frame, tmp_path).items()
    assert way == "csv"
    edges = ms.ChowLiu(alpha=0.05).fit(expected).edges_
    for way, data in others:
        assert data.kinds == expected.kinds, way
        # A caller's text stays text.
        assert spelled(data) == spelled(expected), way
        np.testing.assert_array_equal(data.codes, expected.codes, way)
        np.testing.assert_array_equal(data.values, expected.values, way)
        pd.testing.assert_frame_equal(ms.ChowLiu(alpha=0.05).fit(data).edges_, edges)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("mark", ["", "NA", "?", "."])
def test_marks_of_missing_in_numbers(seed: int, mark: str, tmp_path: Path) -> None:
    """Whatever stands for missing, the same entries are."""
    frame = true_table(seed).drop(columns="city, old")
    rng = np.random.default_rng(seed)
    holes = rng.random(frame.shape) < 0.05
    holes[0] = False
    expected = ms.as_dataset(frame.mask(holes), missing="testwise")
    text = frame.astype(str).mask(holes, mark)
    text.to_csv(tmp_path / "a.csv", index=False)
    for data in (
        ms.read_table(tmp_path / "a.csv", missing="testwise"),
        ms.as_dataset(text, missing="testwise"),
    ):
        assert data.kinds == expected.kinds
        assert spelled(data) == spelled(expected)
        np.testing.assert_array_equal(data.codes, expected.codes)
        np.testing.assert_array_equal(data.values, expected.values)
        said = [n for n in data.notes if n.rule == "missing mark"]
        assert sum(n.count for n in said) == (holes.sum() if mark else 0)
