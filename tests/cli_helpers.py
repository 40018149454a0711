"""Running the command, within a test and as a program of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

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


# Names that need quotes, in a file, a message and a shell.
WET, SLIP = "wet, cold", 'a "slip"'


def garden() -> pd.DataFrame:
    """Rain and a sprinkler make it wet, which makes it slippery; one column is called NA."""
    rng = np.random.default_rng(0)
    n = 1000
    rain, sprinkler, alone = rng.random((3, n)) < 0.4
    wet = (rain | sprinkler) ^ (rng.random(n) < 0.05)
    slip = wet ^ (rng.random(n) < 0.1)
    last = slip ^ (rng.random(n) < 0.1)
    columns = {"rain": rain, "sprinkler": sprinkler, WET: wet, SLIP: slip, "NA": last}
    return pd.DataFrame({**columns, "alone": alone}).astype(int)


def read_back(path: Path) -> pd.DataFrame:
    """A table that the command has written, as the learner has it."""
    numbers = {name: [""] for name in ("mi", "p_value", "cmi", "loss", "reverse_loss")}
    frame = pd.read_csv(
        path, keep_default_na=False, na_values=numbers, float_precision="round_trip"
    )
    if "separating_set" in frame:
        frame["separating_set"] = [tuple(json.loads(text)) for text in frame["separating_set"]]
    return frame
