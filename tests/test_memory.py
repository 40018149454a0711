"""How much memory there is, and the refusal of what takes more."""

from __future__ import annotations

import pytest

from mistruct import memory
from mistruct.errors import DataError


def test_what_takes_more_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_of_system", lambda: 1_000_000_000)
    memory.require_memory(0.9e9, "the rows", "take fewer")
    with pytest.raises(DataError, match=r"^the rows take about 2\.0 GB, of .* GB; take fewer$"):
        memory.require_memory(2e9, "the rows", "take fewer")


def test_the_address_space_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    whole = memory.memory_limit()
    assert whole is not None
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1 << 40, 1 << 40))
    monkeypatch.setattr(memory, "_of_system", lambda: 1 << 50)
    left, limit = memory.memory_left(), memory.memory_limit()
    assert left is not None and limit is not None and 0 < left < limit <= 1 << 40
