"""The files of the commands: whether they can be written, and writing them whole or not at all."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mistruct.cli.report import bins_of
from mistruct.errors import DataError, ParameterError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from mistruct.data import Dataset

_DOTS_PER_INCH = 150
_LIBRARIES = ("numpy", "scipy", "numba", "pandas", "networkx", "pgmpy", "matplotlib")


def check_folder(option: str, path: Path) -> None:
    """Find out before the work whether a folder is writable or can be made; makes nothing."""
    existing = next(p for p in (path, *path.absolute().parents) if os.path.lexists(p))
    if not existing.is_dir():
        raise DataError(f"{option}: cannot make the folder {str(path)!r}: {existing} is a file")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise DataError(f"{option}: the folder {str(existing)!r} is not writable")


def check_file(option: str, path: Path, suffixes: Sequence[str]) -> None:
    """Find out before the work whether a file can be written."""
    if path.suffix.lower() not in suffixes:
        raise ParameterError(f"{option} must end in {' or '.join(suffixes)}, got {str(path)!r}")
    if not path.parent.is_dir():
        raise DataError(f"{option}: there is no folder {str(path.parent)!r}")
    check_folder(option, path.parent)


def write_text(path: Path, text: str) -> None:
    """Write text as it is."""
    from mistruct.export.atomic import replacing

    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def save_picture(axes: Axes, path: Path) -> None:
    """Write the figure of `axes`, in the format of the suffix."""
    from mistruct.export.atomic import replacing

    figure = axes.get_figure(root=True)
    assert figure is not None
    with replacing(path) as temporary:
        # The temporary file has a suffix of its own.
        figure.savefig(temporary, dpi=_DOTS_PER_INCH, format=path.suffix[1:].lower())


def run_record(
    parameters: dict[str, Any],
    table: Dataset,
    binned: Dataset,
    edges: pd.DataFrame,
    seconds: dict[str, float],
) -> str:
    """What it takes to repeat a run, and what came out, as JSON."""
    from mistruct import __version__

    record = {
        "parameters": parameters,
        "data": {
            "n_samples": table.n_samples,
            "n_variables": table.n_variables,
            "n_missing": sum(table.n_missing.values()),
            "kinds": dict(table.kinds),
            "n_bins": bins_of(table, binned),
        },
        "n_edges": len(edges),
        "versions": {
            "mistruct": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in _LIBRARIES},
        },
        "seconds": {**seconds, "total": round(sum(seconds.values()), 3)},
    }
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"
