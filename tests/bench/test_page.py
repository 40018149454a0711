"""How long a page takes to open in a browser, and how smoothly it pans."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

import mistruct as ms

N_OPENED, N_MOVES = 6, 40

# The time between frames, in milliseconds.
_WATCH = """() => {
  window.frames_ = [];
  let last = performance.now();
  const next = () => {
    const now = performance.now();
    window.frames_.push(now - last);
    last = now;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}"""


def _network(n_nodes: int, n_edges: int) -> nx.Graph:
    rng = np.random.default_rng(0)
    graph = nx.Graph()
    graph.add_nodes_from(f"g{i}" for i in range(n_nodes))
    while graph.number_of_edges() < n_edges:
        a, b = rng.choice(n_nodes, 2, replace=False)
        numbers = {"mi": float(rng.exponential()), "p_value": float(rng.random())}
        graph.add_edge(f"g{a}", f"g{b}", n_samples=500, **numbers)
    return graph


@pytest.mark.long
@pytest.mark.parametrize(("n_nodes", "n_edges", "most"), [(200, 400, 1.0), (2000, 5000, 3.0)])
def test_opens_and_pans(
    n_nodes: int, n_edges: int, most: float, tmp_path: Path, record: Callable[..., None]
) -> None:
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra browser)")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs chromium")
    file = tmp_path / "network.html"
    ms.explore(_network(n_nodes, n_edges)).save(file)
    options = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    opening, frames = [], []
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=options)
        for _ in range(N_OPENED):
            page = browser.new_page(viewport={"width": 1400, "height": 950})
            start = time.perf_counter()
            page.goto(file.as_uri())
            page.wait_for_selector("html[data-ready=yes]", state="attached")
            opening.append(time.perf_counter() - start)
            page.wait_for_timeout(800)
            page.evaluate(_WATCH)
            page.mouse.move(620, 160)  # where no node is, so that the view moves
            page.mouse.down()
            for i in range(N_MOVES):
                page.mouse.move(620 + 3 * i, 160 + 2 * i)
            frames += page.evaluate("window.frames_")[2:]
            page.mouse.up()
            page.close()
        browser.close()
    megabytes = file.stat().st_size / 1e6
    of_frames = f"{np.median(frames):.0f} ms (nine in ten under {np.quantile(frames, 0.9):.0f} ms)"
    record(
        f"page of {n_nodes:,} nodes, {n_edges:,} edges, {megabytes:.1f} MB; a frame: {of_frames}",
        float(np.median(opening)),
        "as long as it may take to open",
        most,
        most / float(np.median(opening)),
    )
    assert megabytes < (4 if n_nodes == 200 else 12)
