"""Tables that a spreadsheet takes for text, whatever the names of columns begin with.

A spreadsheet takes a cell for a formula that begins with ``=``, ``+``, ``-`` or ``@``, perhaps
after a tab or a carriage return. An apostrophe before it makes it text. One more goes before a cell
that begins with apostrophes and then one of these, so that the way back is clear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NEUTRAL = re.compile(r"'('*[=+\-@\t\r])")


def neutral(table: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe before each text that may be taken for a formula."""
    return _text(table, lambda s: f"'{s}" if _FORMULA.match(s) else s)


def as_it_was(table: pd.DataFrame) -> pd.DataFrame:
    """Undo `neutral`."""
    return _text(table, lambda s: s[1:] if _NEUTRAL.match(s) else s)


def show_formulas(names: Iterable[str], safe: bool) -> None:
    """Print that a spreadsheet would take some names for formulas, unless they are made safe."""
    found = [] if safe else [n for n in names if _FORMULA.match(n)]
    if found:
        typer.echo(
            f"{len(found)} of the names may be taken for formulas by a spreadsheet, such as "
            f"{found[0]!r}; --safe-csv writes them as text"
        )


def _text(table: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    """The table with its text changed, and everything else as it is."""
    texts = table.select_dtypes(["object", "string"]).columns
    changed = {
        name: [change(v) if isinstance(v, str) else v for v in table[name]] for name in texts
    }
    return table.assign(**changed)
