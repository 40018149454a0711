"""A real browser, in which no page may reach the network or complain."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import mistruct as ms

Show = Callable[..., Any]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next((p for p in map(shutil.which, names) if p), None)
    if program is None:
        pytest.skip("needs chromium")
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra browser)")
    # A root user has no sandbox.
    options = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=options)
        yield running
        running.close()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Show]:
    """Open a page from a file, offline; its errors and requests fail the test."""
    contexts, wrong = [], []

    def open_page(page: ms.NetworkPage, address: str = "", **options: Any) -> Any:
        file = tmp_path / "network.html"
        page.save(file)
        size = {"width": 1400, "height": 950}
        context = browser.new_context(offline=True, viewport=size, **options)
        contexts.append(context)
        opened = context.new_page()
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        opened.on("console", lambda said: wrong.append(said.text) if said.type in WORTH else None)
        opened.on("request", lambda asked: wrong.append(asked.url) if _far(asked.url) else None)
        opened.goto(file.as_uri() + address)
        opened.wait_for_selector("html[data-ready=yes]", state="attached", timeout=60_000)
        return opened

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


WORTH = ("error", "warning")


def _far(url: str) -> bool:
    return not url.startswith(("file:", "data:", "blob:"))
