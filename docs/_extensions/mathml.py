"""Formulas as MathML, which browsers draw by themselves: no script, no font, no network.

docutils converts the LaTeX; a command that it does not know is a warning, so it fails the build.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)


def convert(node: nodes.Element, *, as_block: bool) -> str:
    """MathML of a formula; with a warning, its LaTeX where it cannot be converted."""
    text = node.astext()
    try:
        return tex2mathml(text, as_block=as_block)
    except MathError as error:
        logger.warning("%s in the formula %r", error, text, location=node)
        return f"<code>{nodes.unescape(text)}</code>"


def visit_inline(self: Any, node: nodes.Element) -> None:
    """Write a formula within a line."""
    self.body.append(convert(node, as_block=False))
    raise nodes.SkipNode


def visit_block(self: Any, node: nodes.Element) -> None:
    """Write a formula on a line of its own."""
    self.body.append(f'<div class="math">{convert(node, as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer, which ``html_math_renderer`` in conf.py chooses."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
