"""A build whose pages load anything from another host fails: they must read the same offline."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# What a browser fetches by itself. Links that a reader may follow are not among it.
LOADED = {"src", "srcset", "data", "poster", "xlink:href"}
LINKED = {"stylesheet", "preload", "modulepreload", "icon", "preconnect", "prefetch"}
ELSEWHERE = re.compile(r"(https?:)?//")
IN_STYLE = re.compile(r"""(?:url\(|@import)\s*['"]?\s*((?:https?:)?//[^'")\s]+)""")


class Loaded(HTMLParser):
    """Addresses on other hosts that a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the addresses of one element."""
        values = {name: value or "" for name, value in attrs}
        loaded = [values[name] for name in LOADED & values.keys()]
        if tag == "link" and LINKED & set(values.get("rel", "").split()):
            loaded.append(values.get("href", ""))
        self.addresses += [address for address in loaded if ELSEWHERE.match(address.strip())]
        self.addresses += IN_STYLE.findall(values.get("style", ""))

    def handle_data(self, data: str) -> None:
        """Collect the addresses in an inline style sheet."""
        self.addresses += IN_STYLE.findall(data)


def loaded_from_elsewhere(folder: Path) -> list[str]:
    """What pages and style sheets in a folder load from other hosts, as "file: address"."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix not in {".html", ".css"}:
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".css":
            addresses = IN_STYLE.findall(text)
        else:
            page = Loaded()
            page.feed(text)
            addresses = page.addresses
        found += [f"{path.relative_to(folder)}: {address}" for address in addresses]
    return found


def check(app: Sphinx, error: Exception | None) -> None:
    """Fail a finished build of HTML that loads from other hosts."""
    if error is None and app.builder.format == "html":
        found = loaded_from_elsewhere(Path(app.outdir))
        if found:
            from sphinx.errors import SphinxError

            raise SphinxError("these pages load from other hosts:\n" + "\n".join(found))


def setup(app: Sphinx) -> dict[str, bool]:
    """Check after each build."""
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
