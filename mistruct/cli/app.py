"""The Typer application to which the commands belong, and the entry point of the program.

Everything heavy is imported by the command that needs it, so that `--help` answers at once.
Results go to standard output, progress and errors to standard error.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer

from mistruct.cli.terminal import exit_code
from mistruct.errors import ParameterError

app = typer.Typer(
    name="mistruct",
    help="Learn the structure of probabilistic graphical models from tables.",
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    if version:
        from mistruct import __version__

        typer.echo(__version__)
    elif context.invoked_subcommand is None:
        raise ParameterError(
            "no command; choose learn, aracne, diff, why, page, test, mi, matrix, describe, rank "
            "or compare, or ask mistruct --help"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; errors are one line on standard error and exit code 2."""
    if arguments is None:
        # The imports make so many objects that looking for garbage among them takes a while.
        gc.set_threshold(100_000)
    code = exit_code(lambda: app(arguments, prog_name="mistruct", standalone_mode=False))
    if arguments is None:
        # Nothing is left to do, and taking down what was imported, or waiting for a thread that
        # compiles after Ctrl-C, would take a second or more.
        with suppress(BrokenPipeError):
            sys.stdout.flush()
        os._exit(code)
    sys.exit(code)
