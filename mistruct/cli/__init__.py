"""The `mistruct` command: a thin face over the public names."""

from mistruct.cli.commands import main

__all__ = ["main"]
