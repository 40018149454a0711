"""Importing torch, with an error that says how to install it.

The modules of this package that compute with tensors take torch from here, and are themselves
imported only inside the functions that need them. So everything else works without torch, and
what does not says which line installs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mistruct.errors import MissingExtraError


@contextmanager
def of_the_extra() -> Iterator[None]:
    """Context manager around imports of packages of the extra."""
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(
            f"mistruct.neural needs {error.name}, which is not installed; "
            'pip install "mistruct[neural]"'
        ) from None


with of_the_extra():
    import torch as torch


def default_device() -> torch.device:
    """Default device for training networks."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
