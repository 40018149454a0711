"""The HTML of a page: one file, its scripts and data inside, and a policy that allows no more.

Each script stands in the policy with its hash, so that nothing else can run, whatever the names of
columns are, and nothing can be sent or fetched. The data are JSON, compressed by gzip.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from mistruct.page.content import FILTERS
from mistruct.page.models import documents

_SCRIPTS = (
    *("start", "graph", "network", "view", "pointer"),
    *("filters", "ask", "pair", "take_away", "main"),
)


def document(held: dict[str, Any], title: str) -> str:
    """The page as text.

    Parameters
    ----------
    held : dict
        As from `content`.
    title : str
    """
    from mistruct import __version__

    numbers = list(dict.fromkeys(n for of in held["of"] for n in of["numbers"]))
    items = documents(len(held["of"]), numbers)
    payload = json.dumps(
        {**held, "numbers": numbers, "filters": FILTERS, "documents": items},
        ensure_ascii=False,
        separators=(",", ":"),
        allow_nan=False,
    )
    packed = base64.b64encode(gzip.compress(payload.encode(), 9, mtime=0)).decode()
    scripts = [*_bokeh(), _own()]
    hashes = " ".join(f"'sha256-{_hash(script)}'" for script in scripts)
    policy = (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; connect-src 'none'; base-uri 'none'; form-action 'none'"
    )
    return Template(_read("page.html")).substitute(
        policy=policy,
        title=html.escape(title),
        style=_read("page.css"),
        about=html.escape(_about(held)),
        payload=packed,
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
        version=__version__,
    )


def unpack(page: str) -> dict[str, Any]:
    """The data that a page holds.

    Examples
    --------
    >>> import networkx as nx
    >>> import mistruct as ms
    >>> unpack(ms.explore(nx.path_graph(["a", "b", "c"])).html)["names"]
    ['a', 'b', 'c']
    """
    begin = '<script type="application/octet-stream" id="payload">'
    packed = page.split(begin)[1].split("</script>")[0]
    held: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return held


def _about(held: dict[str, Any]) -> str:
    """Alternative text of the picture of a network."""
    degrees = [0] * len(held["names"])
    for end in (*held["a"], *held["b"]):
        degrees[end] += 1
    hubs = sorted(range(len(degrees)), key=lambda i: (-degrees[i], i))[:3]
    text = f"Network of {held['n_variables']:,} variables and {held['n_edges']:,} edges"
    if held["a"]:
        most = ", ".join(f"{held['names'][i]} ({degrees[i]})" for i in hubs)
        text += f". Most neighbours: {most}"
    return f"{text}. The table below lists all edges."


@cache
def _bokeh() -> tuple[str, ...]:
    """Bokeh's scripts."""
    from bokeh.resources import Resources

    inline = Resources(mode="inline", components=["bokeh", "bokeh-widgets", "bokeh-tables"])
    return tuple(script.strip() for script in inline.js_raw)


@cache
def _own() -> str:
    """The page's own scripts, as one."""
    parts = "\n".join(_read(f"{name}.js") for name in _SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();'


@cache
def _read(name: str) -> str:
    return (files("mistruct.page") / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
