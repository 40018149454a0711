"""Commands that are killed by SIGKILL at random moments, and what they leave.

This process has imported and compiled everything; each command runs in a fork of it, which dies as
any process does, and in which a command takes a fraction of a second.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from mistruct.cli import main
from tests.hostile.tables import plain

#: What is run, with `{out}` for the folder that it writes to.
COMMANDS: dict[str, list[str]] = {
    "learn": ["learn", "t.csv", "--method", "chow-liu", "--output", "{out}/run"],
    "bootstraps": [
        "learn", "t.csv", "--method", "chow-liu", "--bootstraps", "4",
        "--checkpoint", "{out}/kept", "--output", "{out}/run",
    ],
    "aracne": [
        "aracne", "t.csv", "--bootstraps", "4", "--checkpoint", "{out}/kept", "--output",
        "{out}/run", "--for", "viper",
    ],
    "matrix": ["matrix", "t.csv", "--output", "{out}/m.csv", "--plot", "{out}/m.png"],
    "pack": ["pack", "t.csv", "{out}/t.mistruct"],
}  # fmt: skip

Files = dict[str, bytes]


def started(command: Sequence[str], out: Path) -> int:
    """Process id of a fork that runs a command."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        code = run(command, out)
    finally:
        os._exit(code)


def run(command: Sequence[str], out: Path) -> int:
    """Run a command in this process; its exit code."""
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            main([part.format(out=out) for part in command])
        except SystemExit as end:
            return int(end.code or 0)
    return 1


def ended(child: int, seconds: float | None = None) -> int:
    """Wait for a process, or kill it after so many seconds; its exit code, -9 if it was killed."""
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def files_in(folder: Path) -> Files:
    """Every file below a folder, by its relative path, without what a run says of its time."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        if path.name == "run.json":
            record = json.loads(content)
            del record["seconds"], record["parameters"]
            content = json.dumps(record).encode()
        found[path.relative_to(folder).as_posix()] = content
    return found


def partial(left: Files, whole: Files, command: str) -> list[str]:
    """What a killed command left that is neither whole nor to be told from a whole one."""
    seen = {name: c for name, c in left.items() if not any(p[0] == "." for p in name.split("/"))}
    wrong = [name for name, content in seen.items() if whole.get(name) != content]
    results = {name for name in whole if not name.startswith("kept/")}
    # Folders are complete where they have their record, files appear together.
    complete = "run/run.json" in seen or "t.mistruct/header.json" in seen
    if complete and not results <= set(seen):
        wrong += sorted(results - set(seen))
    return wrong


def rounds(name: str, n: int, seed: int) -> Iterator[tuple[str, str]]:
    """What is wrong after each of n kills of a command: a kind of fault, and where."""
    command, random_ = COMMANDS[name], random.Random(f"{name} {seed}")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        plain(np.random.default_rng(0), 60).to_csv("t.csv", index=False)
        out = Path(folder, "whole")
        out.mkdir()
        assert run(command, out) == 0  # here, so that all is imported and compiled
        whole = files_in(out)
        begun = time.perf_counter()
        assert ended(started(command, out)) == 0
        lasts = time.perf_counter() - begun
        for k in range(n):
            out = Path(folder, f"out{k}")
            out.mkdir()
            code = ended(started(command, out), random_.random() * lasts)
            yield ("killed" if code == -signal.SIGKILL else "ended before"), name
            for what in partial(files_in(out), whole, name):
                yield "partial", f"{name}: {what}"
            begun = time.perf_counter()
            code = ended(started(command, out))
            lasts = 0.8 * lasts + 0.2 * (time.perf_counter() - begun)
            again = files_in(out)
            if code or any(again.get(f) != content for f, content in whole.items()):
                yield "differs", f"{name}: code {code}, {sorted(whole.items() ^ again.items())[:2]}"
            for what in sorted(set(again) - set(whole)):
                yield "left over", f"{name}: {what}"
            for what in out.rglob(".*"):
                yield "left over", f"{name}: {what.name}"
        os.chdir("/")


def kill(n: int, seed: int = 0, names: Sequence[str] = tuple(COMMANDS)) -> dict[str, Any]:
    """Kill commands n times in all; how often each kind of thing was seen, and where."""
    counts: Counter[str] = Counter()
    where: list[str] = []
    for i, name in enumerate(names):
        share = n // len(names) + (i < n % len(names))
        for kind, place in rounds(name, share, seed):
            counts[kind] += 1
            if kind not in ("killed", "ended before"):
                where.append(f"{kind} {place}")
    return {"counts": dict(counts), "where": where[:20]}


if __name__ == "__main__":
    sys.stdout.write(
        json.dumps(kill(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] or list(COMMANDS))) + "\n"
    )
