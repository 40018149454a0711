"""A process that makes calls on large tables, with a given amount of memory."""

from __future__ import annotations

import os
import time
from functools import cache
from pathlib import Path

import numpy as np

import mistruct as ms
from mistruct import memory
from tests.hostile.calls import Broken
from tests.hostile.legal import CALLS, COSTS, TABLES
from tests.hostile.worker import judge, serve

_MEMORY = 5_000_000_000

# What says that it takes longer is not made.
_MOST_SECONDS = 300.0

# A call may take so many times the seconds that it says, and some to import and compile.
_TIMES, _SECONDS_BESIDE = 3.0, 15.0


@cache
def table(name: str) -> ms.Dataset:
    """The table of a name and a size."""
    of, size = name.split(":")
    return ms.as_dataset(TABLES[of][0](np.random.default_rng(0), int(size)), missing="testwise")


def judge_legal(call: str, of: str, folder: Path) -> tuple[str, str]:
    """The verdict on a call."""

    def answer(_: object) -> str:
        data = table(of)
        told = COSTS[call](data).seconds if call in COSTS else None
        if told is not None and told > _MOST_SECONDS:
            return f"says that it takes {told:.0f} s"
        begun = time.process_time()
        found = CALLS[call](data, folder)
        took = time.process_time() - begun
        if call.startswith("$") and found is not None:
            told = found
        if told is not None and took > _TIMES * told + _SECONDS_BESIDE:
            raise Broken(f"took {took:.1f} s of the {told:.1f} that it says")
        return type(found).__name__

    return judge(answer, None)


if __name__ == "__main__":
    said = os.environ.get("LEGAL_BYTES")
    if said is not None:  # too little for a process, so that small tables do
        memory._of_system = lambda: int(said)  # type: ignore[assignment]
    serve(judge_legal, _MEMORY)
