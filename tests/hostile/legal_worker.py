"""A process that makes calls on large tables, with a given amount of memory."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np

import mistruct as ms
from mistruct import memory
from tests.hostile.legal import CALLS, TABLES
from tests.hostile.worker import judge, serve

_MEMORY = 5_000_000_000


@cache
def table(name: str) -> ms.Dataset:
    """The table of a name and a size."""
    of, size = name.split(":")
    return ms.as_dataset(TABLES[of][0](np.random.default_rng(0), int(size)), missing="testwise")


def judge_legal(call: str, of: str, folder: Path) -> tuple[str, str]:
    """The verdict on a call."""

    def answer(_: object) -> str:
        return type(CALLS[call](table(of), folder)).__name__

    return judge(answer, None)


if __name__ == "__main__":
    said = os.environ.get("LEGAL_BYTES")
    if said is not None:  # too little for a process, so that small tables do
        memory._of_system = lambda: int(said)  # type: ignore[assignment]
    serve(judge_legal, _MEMORY)
