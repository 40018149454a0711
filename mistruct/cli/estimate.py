"""What a command says of its work before it begins: time, memory, disk, and what is sent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import typer

from mistruct.cli.report import duration
from mistruct.errors import spelled

if TYPE_CHECKING:
    from mistruct.structure.cost import Cost

# What is less is not worth a line, unless something is sent, or does not fit.
_SECONDS, _BYTES = 60.0, 1e9

#: Time of a command beside its search: importing, fitting a model and drawing.
SECONDS_BESIDE = 3.0


def show_cost(cost: Cost, work: str | None = None) -> None:
    """Print the expected cost to standard error, if it is large, or always of named `work`."""
    long = cost.seconds + SECONDS_BESIDE > _SECONDS
    if work or long or cost.n_bytes > _BYTES or cost.n_bytes_sent or not cost.fits:
        typer.echo((f"{work}: " if work else "this takes ") + in_words(cost), err=True)


def whole_duration(seconds: float) -> str:
    """Duration of a command in words, from that of its search."""
    return duration(seconds + SECONDS_BESIDE)


def in_words(cost: Cost) -> str:
    """The expected cost of a command, and what would make it fit where it does not."""
    from mistruct.memory import memory_limit
    from mistruct.structure.cost import size_in_words

    parts = [] if math.isnan(cost.seconds) else [f"about {whole_duration(cost.seconds)}"]
    parts.append(f"{size_in_words(cost.n_bytes)} of memory")
    if cost.n_bytes_on_disk:
        parts.append(f"at least {size_in_words(cost.n_bytes_on_disk)} on disk")
    if cost.n_bytes_sent:
        parts.append(f"{size_in_words(cost.n_bytes_sent)} sent to workers")
    text = ", ".join(parts)
    if not cost.fits:
        held = size_in_words(memory_limit() or 0)
        text += f"; there are {held} of memory: {spelled(cost.advice, command=True)}"
    return text
