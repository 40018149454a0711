"""The door: reading a file beside pandas with the same parser, and encoding a clean table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mistruct as ms


@pytest.fixture(scope="module")
def entries() -> pd.DataFrame:
    """10^7 entries: whole numbers and fractions."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            f"c{i}": rng.normal(size=100_000).round(4) if i % 2 else rng.integers(0, 5, 100_000)
            for i in range(100)
        }
    )


def test_reading_beside_pandas(beside, entries: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "entries.csv"
    entries.to_csv(path, index=False)
    ratio = beside(
        "`read_table` of a CSV of 10^7 entries",
        lambda: ms.read_table(path),
        "`pandas.read_csv(engine='pyarrow')`",
        lambda: pd.read_csv(path, engine="pyarrow"),
    )
    assert ratio > 1 / 1.5


def test_reading_a_wide_file_beside_pandas(beside, tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    pd.DataFrame(np.random.default_rng(0).normal(size=(1000, 10_000)).round(4)).to_csv(
        path, index=False
    )
    ratio = beside(
        "`read_table` of 1000 rows x 10,000 columns",
        lambda: ms.read_table(path),
        "`pandas.read_csv(engine='pyarrow')`",
        lambda: pd.read_csv(path, engine="pyarrow"),
    )
    assert ratio > 1 / 1.5


def test_a_clean_table_beside_a_copy(beside) -> None:
    """Encoding 10^7 floats costs a few copies of them."""
    values = np.random.default_rng(0).normal(size=(1000, 10_000))
    frame = pd.DataFrame(values).add_prefix("c")
    ratio = beside(
        "`as_dataset` of 1000 rows x 10,000 columns",
        lambda: ms.as_dataset(frame),
        "three copies",
        lambda: [np.ascontiguousarray(values.T) for _ in range(3)],
    )
    assert ratio > 1 / 10


def test_categories_beside_their_matrix(beside) -> None:
    """The door costs less than the matrix of all pairs of 1000 categories in 10,000 rows."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            f"c{i}": pd.Categorical.from_codes(rng.integers(0, 3, 10_000), ["a", "b", "c"])
            for i in range(1000)
        }
    )
    table = ms.as_dataset(frame)
    ms.mutual_information_matrix(table)
    ratio = beside(
        "`as_dataset` of 1000 categories in 10,000 rows",
        lambda: ms.as_dataset(frame),
        "their `mutual_information_matrix`",
        lambda: ms.mutual_information_matrix(table),
    )
    assert ratio > 1
