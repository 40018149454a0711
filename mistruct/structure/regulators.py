"""Lists of regulators, from names or a file, checked against the table."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mistruct.errors import DataError, MistructWarning, ParameterError, nearest_names

# Names that a message shows.
_SHOWN = 5


def find_regulators(regulators: Any, names: Sequence[str]) -> tuple[str, ...]:
    """Sorted names of the regulators that are columns.

    Parameters
    ----------
    regulators : list of str, or path
        Names, or a file of UTF-8 text with one on a line.
    names : sequence of str
        The columns of the table.

    Raises
    ------
    DataError
        The file is not there or is no text.
    ParameterError
        No name is given, or none is a column.

    Warns
    -----
    MistructWarning
        Some names are not columns: how many, which, and what is near to them.
    """
    wanted = tuple(dict.fromkeys(_read(regulators)))
    if not wanted:
        raise ParameterError(f"regulators must name at least one column, got {regulators!r}")
    known = set(names)
    found = sorted(known.intersection(wanted))
    absent = [name for name in wanted if name not in known]
    if not found:
        raise ParameterError(
            f"regulators: none of {len(wanted)} is a column; they are like {_shown(wanted)}, the "
            f"columns like {_shown(names)}"
        )
    if absent:
        listed = [f"{n!r}{_near(n, names)}" for n in absent[:_SHOWN]]
        more = f" and {len(absent) - _SHOWN} more" if len(absent) > _SHOWN else ""
        warnings.warn(
            f"regulators: {len(found)} of {len(wanted)} are columns, not {', '.join(listed)}{more}",
            MistructWarning,
            stacklevel=2,
        )
    return tuple(found)


def _read(regulators: Any) -> Iterable[str]:
    if not isinstance(regulators, (str, os.PathLike)):
        if not isinstance(regulators, Iterable):
            raise ParameterError(
                "regulators must be a list of column names or the path of a file with one on a "
                f"line, got {regulators!r}"
            )
        return (str(name) for name in regulators)
    path = Path(regulators)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise DataError(f"regulators: {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"regulators: {path}: is not UTF-8 text (byte 0x{error.object[error.start]:02x})"
        ) from None
    return (line.strip() for line in lines if line.strip())


def _near(name: str, names: Sequence[str]) -> str:
    near = nearest_names(name, names).removeprefix("; did you mean ").removesuffix("?")
    return f" (near to {near})" if near else ""


def _shown(names: Sequence[str]) -> str:
    return ", ".join(repr(n) for n in names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
