"""Letters that the default font lacks, and a caption that stays on its page."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mistruct.plot import fonts, plot_network

ROOT = "mistruct.plot.fonts"


@pytest.fixture
def one_font(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose default font has Latin letters, and one other font the letters of a name."""
    letters = {"own": frozenset(range(0x250)), "han": frozenset(map(ord, "血糖"))}
    monkeypatch.setattr(f"{ROOT}._installed", lambda: [("Runes", "own"), ("Han", "han")])
    monkeypatch.setattr(f"{ROOT}._letters", lambda path: letters.get(path, letters["own"]))
    yield


@pytest.mark.usefixtures("one_font")
def test_a_font_that_has_the_letters() -> None:
    assert fonts.fallbacks(["glucose", "Ärger"]) == []
    assert fonts.fallbacks(["glucose", "血糖"]) == ["Han"]
    assert fonts.fallbacks(["ᚱ"]) == []  # no font has it


@pytest.mark.filterwarnings("ignore:Glyph")  # the font is made up
@pytest.mark.usefixtures("one_font")
def test_the_labels_of_a_picture_use_it() -> None:
    ax = plot_network(nx.Graph([("血糖", "age")]))
    assert {tuple(text.get_fontfamily()) for text in ax.texts} == {("sans-serif", "Han")}
    plain = plot_network(nx.Graph([("glucose", "age")]))
    assert {tuple(text.get_fontfamily()) for text in plain.texts} == {("sans-serif",)}


def test_no_placeholder_is_a_font_with_letters() -> None:
    assert not any(name.startswith("Last Resort") for name, _ in fonts._installed())
    assert ord("a") in fonts._letters(
        str(Path(__import__("matplotlib").get_data_path(), "fonts/ttf/DejaVuSans.ttf"))
    )
    assert fonts._letters(__file__) == frozenset()


@pytest.mark.parametrize("size", [(3.0, 3.0), (6.0, 5.0)])
def test_the_caption_stays_on_the_page(size: tuple[float, float]) -> None:
    graph = nx.DiGraph()
    for i in range(40):
        graph.add_edge(f"variable{i}", f"variable{i + 1}", mi=0.1, orientation="contested")
        graph.add_edge(f"variable{i + 1}", f"variable{i}", mi=0.1, orientation="contested")
    graph.add_nodes_from(f"alone{i}" for i in range(1500))
    figure = Figure(figsize=size)
    ax = plot_network(graph, ax=figure.add_subplot())
    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        canvas.draw()
    caption = next(t for t in ax.texts if "without an edge" in t.get_text())
    extent = caption.get_window_extent(canvas.get_renderer())
    assert extent.x1 <= figure.bbox.x1
