"""Answers from distinct rows are those from all rows, to the last bit."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.independence import fewer_rows, g_test

N = 6000


def _table(n_states: int, gaps: bool) -> ms.Dataset:
    """Columns that nearly determine each other, two of which are enough to make sparse tables."""
    rng = np.random.default_rng(n_states)
    hidden = rng.integers(0, 2 * n_states, N)
    columns = {}
    for name in "abcdefg":
        noisy = rng.random(N) < 0.05
        states = np.where(noisy, rng.integers(0, n_states, N), (hidden + len(columns)) % n_states)
        known = ~(gaps & (rng.random(N) < 0.02))
        columns[name] = pd.Series(states).where(known)
    frame = pd.DataFrame(columns)
    return ms.as_dataset(frame, missing="testwise", kinds={"*": "discrete"})


def _learnt(data: ms.Dataset, sparse: Any) -> list[pd.DataFrame]:
    test = ms.GTest(sparse=sparse, n_permutations=99)
    pc = ms.PC(0.2, test, max_conditioning=2 if sparse == "permutation" else None).fit(data)
    return [pc.edges_, pc.separations_, pc.triples_]


@pytest.mark.parametrize("sparse", ["moments", "chi-square", "permutation"])
@pytest.mark.parametrize(("n_states", "gaps"), [(2, False), (2, True), (5, False), (5, True)])
def test_a_search_finds_the_same(
    sparse: Literal["moments", "chi-square", "permutation"],
    n_states: int,
    gaps: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fewer_rows, "_FEWER", N + 1)
    expected = _learnt(_table(n_states, gaps), sparse)
    shares = []

    def spied(*arguments: Any) -> list[fewer_rows.Part]:
        parts = fewer_rows.on_fewer_rows(*arguments)
        shares.extend(part.share for part in parts if len(part.asked))
        return parts

    monkeypatch.setattr(g_test, "on_fewer_rows", spied)
    for name in ("_NANOSECONDS", "_NANOSECONDS_PER_ROW", "_NANOSECONDS_PER_ROW_AND_COLUMN"):
        monkeypatch.setattr(fewer_rows, name, 0.0)
    monkeypatch.setattr(fewer_rows, "_FEWER", 1)
    for found, table in zip(_learnt(_table(n_states, gaps), sparse), expected, strict=True):
        pd.testing.assert_frame_equal(found, table, check_exact=True)
    assert min(shares) < 0.2
    assert sum(share < 1 for share in shares) > len(shares) / 2


def test_rows_are_found_once_and_serve_smaller_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    data = _table(2, False)
    asked: list[int] = []

    def counted(codes: np.ndarray, *arguments: Any) -> Any:
        asked.append(codes.shape[1])
        return distinct_rows(codes, *arguments)

    distinct_rows = fewer_rows.distinct_rows
    monkeypatch.setattr(fewer_rows, "distinct_rows", counted)
    monkeypatch.setattr(fewer_rows, "_FEWER", 1)
    keys = np.arange(7, dtype=np.uint64)
    table = g_test._coded(data, keys)

    def parts(others: list[int], nanoseconds: float) -> list[fewer_rows.Part]:
        among = fewer_rows.Ragged.of([others])
        pair, cost = np.array([[0, 1]]), np.array([nanoseconds])
        return fewer_rows.on_fewer_rows(data, table, pair, among, cost)

    def n_distinct(columns: Any) -> int:
        return np.unique(data.codes[list(columns)], axis=1).shape[1]

    assert parts([2, 3, 4, 5], 9e4)[0].share == 1  # not worth it
    first = parts([2, 3, 4, 5], 1e9)[0]
    assert first.table.codes.shape == (6, n_distinct(range(6)))
    assert first.table.weights.sum() == N
    assert parts([2, 4], 2e5)[0].table is first.table
    assert parts([5, 4, 3, 2], 1e9)[0].table is first.table
    assert parts([2, 4], 1e9)[0].table.codes.shape == (4, n_distinct([0, 1, 2, 4]))
    assert parts([2, 6], 2e5)[0].table is not first.table
    assert asked == [N, n_distinct(range(6)), N]
