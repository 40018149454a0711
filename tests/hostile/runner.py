"""Runs calls on hostile tables in processes that are watched, and starts one again that dies."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent

_START = 300.0  # seconds; the first start of all compiles

#: A table by its name, and the calls on it.
Job = tuple[str, Sequence[str]]


class Worker:
    """One process, which is started when it is needed."""

    def __init__(self, module: str, seconds: float) -> None:
        self.module, self.seconds = module, seconds
        self.process: subprocess.Popen[str] | None = None
        self.pump: threading.Thread | None = None
        self.lines: queue.Queue[str | None] = queue.Queue()

    def start(self) -> None:
        threads = {"MISTRUCT_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", self.module],
            cwd=ROOT,
            env={**os.environ, **threads, "MPLBACKEND": "agg", "PYTHONUTF8": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
        self.lines = queue.Queue()
        self.pump = threading.Thread(target=_pump, args=(self.process, self.lines), daemon=True)
        self.pump.start()
        self.take(_START)

    def take(self, seconds: float) -> dict[str, Any] | None:
        """The next thing it says; None where it says nothing for so long, or has died."""
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            return None
        said: dict[str, Any] | None = None if line is None else json.loads(line)
        return said

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.pump is not None and self.process.stdin and self.process.stdout
            self.pump.join()
            self.process.stdout.close()
            with suppress(OSError):  # what it has not taken is lost
                self.process.stdin.close()
            self.process = None

    def run(self, job: Job) -> list[dict[str, Any]]:
        """The verdicts of one job; what hangs or dies is a fault, and the rest goes on after it."""
        table, calls = job[0], list(job[1])
        verdicts: list[dict[str, Any]] = []
        while calls:
            if self.process is None:
                self.start()
            assert self.process is not None and self.process.stdin is not None
            self.process.stdin.write(json.dumps({"table": table, "calls": calls}) + "\n")
            self.process.stdin.flush()
            current = ""
            while True:
                said = self.take(self.seconds)
                if said is None:
                    ended = self.process.poll()
                    what = f"no answer in {self.seconds:g} s" if ended is None else f"died: {ended}"
                    verdicts.append(
                        {"table": table, "call": current, "verdict": "fault", "detail": what}
                    )
                    self.stop()
                    calls = calls[calls.index(current) + 1 :] if current else []
                    break
                if "start" in said:
                    current = said["start"]
                elif "verdict" in said:
                    verdicts.append(said)
                elif "done" in said:
                    return verdicts
        return verdicts


def _pump(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    lines.put(None)


def run_jobs(
    jobs: Iterable[Job], *, module: str = "tests.hostile.worker", workers: int = 2,
    seconds: float = 60.0, log: Path | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """The verdicts of all jobs, each process taking the next that nobody has.

    A `log` gets a line for each verdict as it comes.
    """
    waiting = iter(jobs)
    lock = threading.Lock()

    def serve(_: int) -> list[dict[str, Any]]:
        worker = Worker(module, seconds)
        verdicts: list[dict[str, Any]] = []
        try:
            while True:
                with lock:
                    job = next(waiting, None)
                if job is None:
                    return verdicts
                found = worker.run(job)
                verdicts += found
                if log is not None:
                    with lock, log.open("a") as file:
                        file.writelines(json.dumps(v) + "\n" for v in found)
        finally:
            worker.stop()

    with ThreadPoolExecutor(workers) as pool:
        return [v for part in pool.map(serve, range(workers)) for v in part]
