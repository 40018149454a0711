"""Installed fonts for letters that the default font of matplotlib lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, wraps
from typing import Any, TypeVar

import networkx as nx
import pandas as pd

Plot = TypeVar("Plot", bound=Callable[..., Any])

# matplotlib brings this along; it has a box for every letter.
_PLACEHOLDER = "Last Resort"

# Tried before others, as a font made for a script reads better than one that happens to have it.
_PREFERRED = ("Noto Sans", "Source Han Sans", "PingFang", "Hiragino Sans", "Microsoft YaHei")


def with_glyphs(plot: Plot) -> Plot:
    """Decorator: let a picture use fonts that have all letters of the names in it."""

    @wraps(plot)
    def drawn(of: Any, *arguments: Any, **options: Any) -> Any:
        families = fallbacks(_names(of))
        if not families:
            return plot(of, *arguments, **options)
        from matplotlib import rc_context, rcParams

        with rc_context({"font.family": [*rcParams["font.family"], *families]}):
            return plot(of, *arguments, **options)

    return drawn  # type: ignore[return-value]


def _names(of: Any) -> Iterable[Any]:
    if isinstance(of, nx.Graph):
        return list(of)
    if isinstance(of, pd.DataFrame):
        return [*of.index, *of.columns, *of.get("feature", ()), *of.attrs.values()]
    return []


def fallbacks(texts: Iterable[Any]) -> list[str]:
    """Smallest list of font families with the letters that the default font lacks."""
    wanted = {ord(c) for text in texts for c in str(text) if ord(c) > 0x17F and c.isprintable()}
    if not wanted:
        return []
    from matplotlib.font_manager import FontProperties, findfont

    wanted -= _letters(findfont(FontProperties()))
    families: list[str] = []
    for family, path in _installed() if wanted else ():
        has = wanted & _letters(path)
        if has:
            families.append(family)
            wanted -= has
        if not wanted:
            break
    return families


@cache
def _installed() -> list[tuple[str, str]]:
    """Family and file of the regular fonts, the preferred ones first."""
    from matplotlib.font_manager import fontManager

    regular = {
        f.name: f.fname
        for f in fontManager.ttflist
        if f.style == "normal" and str(f.weight) in ("400", "normal", "regular")
    }
    usable = [(n, p) for n, p in regular.items() if not n.startswith(_PLACEHOLDER)]
    return sorted(usable, key=lambda f: (not f[0].startswith(_PREFERRED), f[0]))


@cache
def _letters(path: str) -> frozenset[int]:
    from matplotlib.font_manager import get_font

    try:
        return frozenset(get_font(path).get_charmap())
    except (OSError, RuntimeError):  # a file that went, or that is broken
        return frozenset()
