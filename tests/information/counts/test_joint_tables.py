"""Counts of joint states, a part of the rows at a time, against those of all rows at once."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.errors import DataError
from mistruct.information.counts import joint_tables
from mistruct.information.counts.joint_tables import count_complete, count_table

NAMES = ["c", "a", "b"]


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("rows", [7, 100, 1000])
def test_parts_add_up(rows: int, gaps: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joint_tables, "_ROWS", rows)
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.integers(0, [2, 3, 4, 2], (300, 4)), columns=list("abcd"))
    table = table.where(~(gaps & (rng.random(table.shape) < 0.1)))
    data = ms.as_dataset(table, missing="testwise", kinds={"*": "discrete"})
    expected = Counter(table[NAMES].dropna().astype(int).itertuples(index=False, name=None))
    counts = count_table(data, NAMES)
    assert counts.shape == (4, 2, 3)
    assert {cell: n for cell, n in np.ndenumerate(counts) if n} == expected
    np.testing.assert_array_equal(count_complete(data, NAMES), counts)


def test_no_complete_row_is_an_error() -> None:
    table = pd.DataFrame({"a": ["x", None, "x"], "b": [None, "y", None], "c": list("uvw")})
    data = ms.as_dataset(table, missing="testwise")
    with pytest.raises(DataError, match="no row of the table is complete in 'a', 'b'"):
        count_complete(data, ["a", "b"])
