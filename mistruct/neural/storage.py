"""Storing tensors with their description in one file, atomically.

The file is one of safetensors: numbers, and a header in JSON. The description is JSON under a key
of the header. Nothing in it is ever executed.
"""

from __future__ import annotations

import json
import os
from operator import methodcaller
from typing import Any

from mistruct import __version__
from mistruct.atomic import replacing
from mistruct.errors import DataError
from mistruct.neural.torch_backend import of_the_extra

with of_the_extra():
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import save_file

_FORMAT = 1
_KEY = "mistruct"


def write(path: str | os.PathLike[str], kind: str, about: dict[str, Any], tensors: Any) -> None:
    """Write the tensors of an object of class `kind`, with its description as JSON."""
    header = {"format": _FORMAT, "class": kind, "version": __version__} | about
    # Values of numpy are parameters too.
    text = json.dumps(header, default=methodcaller("item"))
    whole = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    with replacing(path) as temporary:
        save_file(whole, temporary, {_KEY: text})


def read(path: str | os.PathLike[str], kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read the description of an object of class `kind`, and its tensors."""
    cannot = f"cannot read {os.fspath(path)!r}"
    try:
        with safe_open(os.fspath(path), "pt") as file:
            header = json.loads((file.metadata() or {})[_KEY])
            form, of = header["format"], header["class"]
            if form == _FORMAT and of == kind:
                return header, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except OSError as error:
        raise DataError(f"{cannot}: {error.strerror or error}") from error
    except SafetensorError as error:
        raise DataError(f"{cannot}: it is no safetensors file, or damaged ({error})") from error
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{cannot}: it was not written by mistruct") from error
    if form != _FORMAT:
        raise DataError(f"{cannot}: its format is {form!r}, and this version reads {_FORMAT}")
    raise DataError(f"{cannot}: it holds a {of}, so {of}.load reads it, not {kind}.load")
