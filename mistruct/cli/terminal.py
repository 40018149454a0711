"""Standard error: errors and warnings in one line each, and the progress of long steps."""

from __future__ import annotations

import re
import shlex
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import typer

from mistruct.errors import MistructError, MistructWarning
from mistruct.parallel import running

INTERRUPTED = 130  # what a shell reports of a program that Ctrl-C ended

_DELAY = 2.0  # seconds before a step is named
_INTERVAL = 30.0  # seconds between lines where there is no terminal


def exit_code(command: Callable[[], Any]) -> int:
    """Run a command; an error of its user becomes one line and exit code 2."""
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            return command() or 0
        except MistructError as error:
            return _fail(error.in_command() if error.advice else _as_options(str(error)))
        except (KeyboardInterrupt, typer.Abort):
            return INTERRUPTED
        except MemoryError as error:
            return _fail(f"out of memory: {error}")
        except OSError as error:
            return _fail(str(error))
        except Exception as error:
            # Whether typer brings click along or leans on it depends on its version, so the errors
            # of usage are known by what they offer.
            if not hasattr(error, "format_message"):
                raise
            return _fail(error.format_message())


class Steps:
    """The steps of a command: their durations, and a message about long ones.

    On a terminal a long step is named; elsewhere a line goes to standard error every 30 s.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, step: str, doing: str | None = None) -> Iterator[None]:
        """Time a step; `doing` describes it, unless it has its own progress bar."""
        started = time.perf_counter()
        shown = threading.Event()
        line = f"{doing} ..."

        def show() -> None:
            shown.set()
            typer.echo(line, err=True, nl=False)

        timer = threading.Timer(_DELAY, show)
        timer.daemon = True
        ended = threading.Event()
        if not sys.stderr.isatty():
            threading.Thread(target=_tell, args=(step, ended), daemon=True).start()
        elif doing is not None:
            timer.start()
        try:
            yield
        finally:
            timer.cancel()
            ended.set()
            if shown.is_set():
                typer.echo(f"\r{' ' * len(line)}\r", err=True, nl=False)
            self.seconds[step] = round(time.perf_counter() - started, 3)


def _tell(step: str, ended: threading.Event) -> None:
    """Write the time and progress of a step every 30 s until it ends."""
    seconds = 0
    while not ended.wait(_INTERVAL):
        seconds += round(_INTERVAL)
        work = running()
        how_far = f", {work.description}: {work.done:,} of {work.total:,} blocks" if work else ""
        how_far += f", {work.found}" if work and work.found else ""
        typer.echo(f"mistruct: {step}, {seconds} s{how_far}", err=True)


def _fail(message: str) -> int:
    typer.echo(f"mistruct: error: {' '.join(message.split())}", err=True)
    return 2


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print warnings of mistruct in one line; those of libraries are for programmers."""
    if issubclass(category, MistructWarning):
        line = " ".join(_as_options(str(message)).split())
        typer.echo(f"mistruct: warning: {line}", err=True)


def _as_options(message: str) -> str:
    """Replace parameters of Python in a message by options of the command."""
    for pattern, spelled in (
        (r"\bkinds=\{'(.*?)': '(\w+)'\}", lambda m: f"--kind {shlex.quote(f'{m[1]}={m[2]}')}"),
        (r"^kinds\['(.*?)'\]", r"--kind \1"),
        (r"^kinds\b", "--kind"),
        (r"\bmissing='(\w+)'", r"--missing \1"),
        (r"^(index|layer|obs|transpose|drop|regulators|tolerance|checkpoint|knowledge)\b", r"--\1"),
        (r"^n_bins\b", "--bins"),
        (r"\bgive regulators=", "give --regulators"),
        (r"^n_features\b", "--features"),
        (
            r"with mistruct\.discretize, make them categories, or declare them with kinds=",
            "with --discretize, or declare them with --kind COLUMN=discrete",
        ),
        (r"\bbin it first, or use 'testwise'", "use --discretize, or --missing testwise"),
        (r"\bmake it the index\b", "make it the --index"),
        (r"\bdrop it\b", "leave it out with --drop"),
    ):
        message = re.sub(pattern, spelled, message)
    return message
