"""Memory that is said before a fit beside that of a process of its own, for tables of 100 MB."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.structure.test_cost import said_and_taken

NUMBERS, STATES = ("continuous", 400_000, 30), ("discrete", 1_000_000, 50)
RUNS = [
    ("ms.ARACNE()", ("continuous", 1000, 5000)),
    ("ms.ARACNE()", STATES),
    ("ms.MRNET()", ("continuous", 400, 5000)),
    ("ms.ChowLiu()", NUMBERS),
    ("ms.ChowLiu()", STATES),
    ("ms.ChordalNetwork()", NUMBERS),
    ("ms.PC()", NUMBERS),
    ("ms.PC()", STATES),
    ("ms.PC()", ("continuous", 500, 1500)),
    ("ms.BOSS()", NUMBERS),
    ("ms.BOSS()", ("discrete", 1_000_000, 20)),
    ("ms.MarkovBlanket('v0003')", ("continuous", 1000, 3000)),
    ("ms.MarkovBlanket('v0003')", STATES),
    ("ms.Bootstrap(ms.ChowLiu(), 2)", NUMBERS),
]


@pytest.mark.long
@pytest.mark.parametrize(("learner", "table"), RUNS)
def test_memory_is_foreseen(
    record: Callable[..., None], learner: str, table: tuple[str, int, int]
) -> None:
    said, peak = said_and_taken(learner, table)
    kind, n_rows, n_columns = table
    what = f"{learner}, {n_rows:,} x {n_columns:,} {kind}, peak memory, GB"
    record(what, peak / 1e9, "said before", said / 1e9, said / peak)
    assert peak / 2 < said < 2 * peak
