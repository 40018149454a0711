"""Running the command, within a test and as a program of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: What the fixture `run` is: arguments in; exit code, standard output and standard error out.
Run = Callable[..., tuple[int, str, str]]


def program(
    *arguments: str, cwd: Path, code: str = "", n_threads: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run some code and then the command, in a process of its own."""
    threads = {} if n_threads is None else {"MISTRUCT_NUM_THREADS": str(n_threads)}
    return subprocess.run(
        [sys.executable, "-c", f"{code}\nfrom mistruct.cli import main; main()", *arguments],
        cwd=cwd,
        env={**os.environ, **threads, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
