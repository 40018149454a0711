"""Formulas as pictures within the page: no script, no font of the reader, no network.

ziamath draws the LaTeX as SVG in the font STIX Two Math, which it brings along. Sizes are in em, so
formulas grow with the text around them, and their colour is that of the text.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from typing import Any

import ziamath
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

SIZE = 16.0  # pixels for one em
TALLEST = 10.0  # em; ziamath stretches \left( around some sums without end, and \Big( does not
SHAPE = re.compile(r'width="([^"]+)" height="([^"]+)" viewBox="(\S+) (\S+) (\S+) (\S+)"')
# A command that is not known comes back as an identifier with its backslash.
UNKNOWN = re.compile(r"<m[a-z]+[^<>]*>(\\[^<>]+)</m")

logger = logging.getLogger(__name__)
ziamath.config.svg2 = False  # shapes in place, not by ids, which have to be unique in a page


@cache
def drawn(text: str, inline: bool) -> tuple[str, str | None]:
    """SVG of a formula that stands on the line of the text, and what is wrong with it."""
    formula = ziamath.Latex(text, size=SIZE, color="currentColor", inline=inline)
    unknown = UNKNOWN.search(formula.mathmlstr())
    svg = formula.svg()
    shape = SHAPE.search(svg)
    assert shape is not None
    width, height, left, top, *_ = map(float, shape.groups())
    below = height + top
    style = f"width:{width / SIZE:.3f}em;height:{height / SIZE:.3f}em"
    style += f";vertical-align:{-below / SIZE:.3f}em"
    attributes = f'role="img" aria-label="{escape(text)}" style="{style}"'
    attributes += f' viewBox="{left} {top} {width} {height}"'
    wrong = f"{unknown.group(1)} is not known" if unknown else None
    if height > TALLEST * SIZE:
        wrong = "brackets without end (try \\Big)"
    return SHAPE.sub(lambda _: attributes, svg, count=1), wrong


def draw(node: nodes.Element, *, inline: bool) -> str:
    """SVG of a formula, with a warning where ziamath cannot draw it."""
    svg, wrong = drawn(" ".join(node.astext().split()), inline)
    if wrong:
        logger.warning("%s in the formula %r", wrong, node.astext(), location=node)
    return svg


def visit_inline(self: Any, node: nodes.Element) -> None:
    """Write a formula within a line."""
    self.body.append(f'<span class="math">{draw(node, inline=True)}</span>')
    raise nodes.SkipNode


def visit_block(self: Any, node: nodes.Element) -> None:
    """Write a formula on a line of its own."""
    self.body.append(f'<div class="math">{draw(node, inline=False)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer, which ``html_math_renderer`` in conf.py chooses."""
    app.add_html_math_renderer("svg", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
