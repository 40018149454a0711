"""The cluster that a command sends blocks of its work to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mistruct.errors import ParameterError
from mistruct.executors import executor

_SECONDS_TO_ANSWER = 10


@contextmanager
def on_scheduler(address: str | None) -> Iterator[None]:
    """Send blocks to the scheduler of a Dask cluster, if there is an address."""
    if address is None:
        yield
        return
    try:
        from distributed import Client
    except ImportError:
        raise ParameterError(
            "--scheduler needs distributed, which is not installed; "
            'pip install "mistruct[distributed]"'
        ) from None
    try:
        client = Client(address, timeout=_SECONDS_TO_ANSWER)
    except (OSError, ValueError) as error:  # which a name or a port that is none raises, too
        raise ParameterError(
            f"--scheduler: no Dask scheduler answers at {address!r} ({type(error).__name__}); "
            "start one with `dask scheduler`, and workers with `dask worker ADDRESS`"
        ) from None
    with client, executor(client):
        yield
