"""A process that makes calls on hostile tables: jobs come in as lines, verdicts go out as lines.

Before each call its name goes out, so that whoever watches knows what hangs or kills the process.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mistruct.errors import MistructError, MistructWarning
from tests.hostile.calls import CALLS, Broken, Case, Skipped
from tests.hostile.tables import make_table

_MEMORY = 4 << 30  # bytes of address space beside what the imports take

# A refusal is one line that can be read on a terminal.
_UNREADABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LONGEST = 1000


def canonical(answer: Any) -> Any:
    """What an answer says, so that two of them can be compared."""
    if isinstance(answer, pd.DataFrame):
        return {str(c): canonical(answer[c].tolist()) for c in answer.columns}
    if isinstance(answer, np.ndarray):
        return canonical(answer.tolist())
    if isinstance(answer, (list, tuple)):
        return [canonical(a) for a in answer]
    if isinstance(answer, (float, np.floating)):
        return f"{answer:.7g}"
    if hasattr(answer, "kinds"):  # a Dataset; how floats are stored does not matter
        return [answer.names, canonical(answer.n_missing), dict(answer.kinds)]
    if answer is None or isinstance(answer, (str, int, bool, dict)):
        return str(answer)
    return type(answer).__name__


def judge(call: Any, case: Case | None) -> tuple[str, str]:
    """Verdict and detail of one call."""
    try:
        return "answered", json.dumps(canonical(call(case)))
    except Skipped:
        return "skipped", ""
    except MistructError as error:
        message = str(error)
        if _UNREADABLE.search(message) or not message or len(message) > _LONGEST:
            return "fault", f"unreadable refusal: {message[:300]!r}"
        return "refused", message
    except Broken as error:
        return "fault", f"broken promise: {error}"
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [f for f in frames if "/mistruct/" in f.filename] or frames
        place = f"{Path(own[-1].filename).name}:{own[-1].lineno}"
        return "fault", f"{type(error).__name__} at {place}: {str(error)[:300]}"


def judge_both(name: str, of: str, folder: Path) -> tuple[str, str]:
    """The verdict on a table, and whether its plain twin is answered in the same way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = make_table(of)
    verdict, detail = judge(CALLS[name], Case(table.data, folder))
    if table.truth is not None and verdict != "fault" and not name.startswith("$"):
        of_truth = judge(CALLS[name], Case(table.truth, folder))
        if of_truth[0] != "fault" and (
            verdict != of_truth[0] or (verdict == "answered" and detail != of_truth[1])
        ):
            return "fault", f"differs: {verdict} {detail[:200]}, but plain {of_truth}"[:600]
    return verdict, detail


def limit_memory(n_bytes: int) -> None:
    """A call that wants more gets a MemoryError, where the system can do that."""
    try:
        import resource
    except ImportError:  # Windows
        return
    statm = Path("/proc/self/statm")
    if statm.exists():
        taken = int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + n_bytes, taken + n_bytes))


def serve(answer: Callable[[str, str, Path], tuple[str, str]], n_bytes: int) -> None:
    """Answer jobs until there are none."""
    out, sys.stdout = sys.stdout, sys.stderr
    limit_memory(n_bytes)
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", message="`pgmpy.estimators.StructureScore`")
    warnings.simplefilter("ignore", MistructWarning)
    # Of matplotlib, to whoever saves a picture on a machine without a font for its names.
    warnings.filterwarnings("ignore", message="Glyph .* missing from font")

    def say(**what: Any) -> None:
        out.write(json.dumps(what) + "\n")
        out.flush()

    say(ready=True)
    for line in sys.stdin:
        job = json.loads(line)
        for name in job["calls"]:
            say(start=name)
            started = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
                verdict, detail = answer(name, job["table"], Path(folder))
            seconds = round(time.perf_counter() - started, 3)
            say(
                table=job["table"], call=name, verdict=verdict, detail=detail[:700],
                seconds=seconds,
            )  # fmt: skip
        say(done=True)


if __name__ == "__main__":
    serve(judge_both, _MEMORY)
