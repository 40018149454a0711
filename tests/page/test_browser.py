"""The page in a browser: what one clicks and types, and what it then says."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control

import mistruct as ms
from tests.cli_helpers import SLIP, WET, garden

pytestmark = pytest.mark.browser

Show = Callable[..., Any]
HOSTILE = "<img src=x onerror=alert(1)>"

#: Where a node of a layout is on the screen.
ON_SCREEN = """(name) => {
  const of = (label) => [...Bokeh.documents].flatMap((d) => [...d._all_models.values()])
    .find((m) => m.name === label);
  const figure = of("figure0"), nodes = of("nodes").data, n = nodes.name.indexOf(name);
  const view = Bokeh.index.find_one_by_id(figure.id);
  const box = view.el.getBoundingClientRect();
  const { x_scale, y_scale } = view.frame;
  return [box.x + x_scale.compute(nodes.x[n]), box.y + y_scale.compute(nodes.y[n])];
}"""


@cache
def cause() -> ms.PC:
    return ms.PC(alpha=0.01).fit(garden())


@pytest.fixture
def page() -> ms.NetworkPage:
    return ms.explore(cause(), garden())


def words(opened: Any) -> str:
    return str(opened.inner_text("#answer .words"))


def ask(opened: Any, x: str, y: str, button: str = "#why") -> str:
    opened.fill("#x", x)
    opened.fill("#y", y)
    opened.click(button)
    return words(opened)


def node(opened: Any, name: str) -> Any:
    return opened.evaluate(ON_SCREEN, name)


def downloaded(opened: Any, button: str) -> bytes:
    with opened.expect_download() as coming:
        opened.click(button)
    return Path(coming.value.path()).read_bytes()


def test_every_pair_is_answered_with_the_words_of_why(show: Show, page: ms.NetworkPage) -> None:
    opened = show(page)
    for x, y in combinations(garden(), 2):
        assert ask(opened, x, y) == cause().why(x, y)


def test_a_click_on_an_edge_asks_about_it(show: Show, page: ms.NetworkPage) -> None:
    opened = show(page)
    for x, y in cause().skeleton_.edges:
        (x0, y0), (x1, y1) = node(opened, x), node(opened, y)
        opened.mouse.click(0.3 * x0 + 0.7 * x1, 0.3 * y0 + 0.7 * y1)
        assert words(opened) == cause().why(x, y)
        assert opened.is_visible("#pair canvas")


def test_clicks_on_two_nodes_ask_about_them(show: Show, page: ms.NetworkPage) -> None:
    opened = show(page)
    x, y = next(nx.non_edges(cause().skeleton_))
    opened.mouse.click(*node(opened, x))
    assert opened.inner_text("#answer h3") == x
    opened.mouse.click(*node(opened, y))
    assert words(opened) == cause().why(x, y)
    separating = cause().separating_sets_[frozenset((x, y))]
    shown = opened.evaluate("() => document.getElementById('answer').innerText")
    assert not separating or ", ".join(separating) in shown


@pytest.fixture(scope="module")
def weighted() -> nx.Graph:
    rng = np.random.default_rng(0)
    graph = nx.gnm_random_graph(30, 60, seed=0)
    graph = nx.relabel_nodes(graph, {i: f"g{i}" for i in graph})
    for edge in graph.edges.values():
        mi, p_value, support = rng.random(3)
        edge |= {"mi": mi, "p_value": p_value**4, "support": round(support, 1)}
    return graph


@pytest.mark.parametrize(("name", "small"), [("p_value", True), ("mi", False), ("support", False)])
def test_sliders_count_what_pandas_does(
    show: Show, weighted: nx.Graph, name: str, small: bool
) -> None:
    opened = show(ms.explore(weighted))
    table = nx.to_pandas_edgelist(weighted)
    values = sorted(set(table[name]))
    for place in (0, len(values) // 3, len(values) // 2, len(values) - 1):
        kept = table[name] <= values[place] if small else table[name] >= values[place]
        opened.fill(f"#slide-{name}", str(place))
        expected = f"{kept.sum()} of {len(table)} edges"
        opened.wait_for_function(
            "(text) => document.getElementById('counts').textContent.includes(text)", arg=expected
        )
    opened.fill(f"#limit-{name}", "0.3")
    opened.press(f"#limit-{name}", "Enter")
    kept = table[name] <= 0.3 if small else table[name] >= 0.3
    assert f"{kept.sum()} of {len(table)} edges" in opened.inner_text("#counts")


def test_the_false_discovery_rate_is_that_of_all_pairs(show: Show, weighted: nx.Graph) -> None:
    table = nx.to_pandas_edgelist(weighted).sort_values("p_value")
    n_pairs = len(weighted) * (len(weighted) - 1) // 2
    others = np.ones(n_pairs - len(table))
    table["fdr"] = false_discovery_control([*table["p_value"], *others])[: len(table)]
    opened = show(ms.explore(weighted))
    for rate in (0.01, 0.2, 0.9):
        opened.fill("#limit-fdr", str(rate))
        opened.press("#limit-fdr", "Enter")
        left = (table["fdr"] <= rate).sum()
        assert f" {left} of {len(table)} edges" in opened.inner_text("#counts")


def test_the_limit_of_p_values_equals_threshold(show: Show, page: ms.NetworkPage) -> None:
    opened = show(page)
    for alpha in (1e-3, 1e-9, 1e-30):
        opened.fill("#limit-p_value", str(alpha))
        opened.press("#limit-p_value", "Enter")
        left = cause().threshold(alpha).number_of_edges()
        assert f" {left} of {len(cause().edges_)} edges" in opened.inner_text("#counts")


def test_search_surroundings_and_isolated_nodes(show: Show, weighted: nx.Graph) -> None:
    weighted = weighted.copy()
    weighted.add_node("alone")
    opened = show(ms.explore(weighted, target="g3"))
    opened.fill("#search", "g7")
    opened.press("#search", "Enter")
    assert opened.inner_text("#answer h3") == "g7"
    middle = opened.evaluate(
        "() => { const r = document.getElementById('network').getBoundingClientRect();"
        "return [r.x + r.width / 2, r.y + r.height / 2]; }"
    )
    assert np.allclose(node(opened, "g7"), middle, atol=30)
    for depth in (1, 2):
        opened.click("#surroundings")
        opened.fill("#depth", str(depth))
        opened.press("#depth", "Enter")
        near = nx.ego_graph(weighted, "g3", depth)
        expected = f"{len(near)} variables, {near.number_of_edges()} of 60 edges"
        assert opened.inner_text("#counts") == expected
    opened.click("#reset")
    n_joined = len(weighted) - nx.number_of_isolates(weighted)
    opened.check("#isolated")
    assert opened.inner_text("#counts").startswith(f"{n_joined} variables")


def test_shortest_paths(show: Show, weighted: nx.Graph) -> None:
    opened = show(ms.explore(weighted))
    for x, y in (("g0", "g9"), ("g4", "g21")):
        path = ask(opened, x, y, "#path").split(" — ")
        assert path[0] == x and path[-1] == y
        assert nx.is_path(weighted, path)
        assert len(path) - 1 == nx.shortest_path_length(weighted, x, y)


def test_csv_png_and_svg(show: Show, weighted: nx.Graph) -> None:
    opened = show(ms.explore(weighted))
    opened.fill("#limit-mi", "0.5")
    opened.press("#limit-mi", "Enter")
    rows = pd.read_csv(io.BytesIO(downloaded(opened, "#csv")), float_precision="round_trip")
    table = nx.to_pandas_edgelist(weighted)
    table = table[table["mi"] >= 0.5].sort_values("mi", ascending=False, ignore_index=True)
    for name in ("mi", "p_value", "support"):
        assert rows[name].tolist() == table[name].tolist()
    ends = [{*pair} for pair in zip(table["source"], table["target"], strict=True)]
    assert [{*pair} for pair in zip(rows["source"], rows["target"], strict=True)] == ends
    opened.click(".slick-row:nth-child(2) input")
    rows = pd.read_csv(io.BytesIO(downloaded(opened, "#csv")))
    assert len(rows) == 1
    assert downloaded(opened, "#png").startswith(b"\x89PNG")
    assert downloaded(opened, "#svg").startswith(b"<svg")


def test_the_address_keeps_the_view(show: Show, weighted: nx.Graph) -> None:
    page = ms.explore(weighted)
    opened = show(page)
    opened.fill("#limit-mi", "0.4")
    opened.press("#limit-mi", "Enter")
    opened.select_option("#colour", "module")
    said = ask(opened, "g0", "g9")
    counts = opened.inner_text("#counts")
    again = show(page, address="#" + opened.url.split("#")[1])
    assert again.inner_text("#counts") == counts
    assert words(again) == said
    assert again.input_value("#colour") == "module"


def test_hostile_names_do_nothing(show: Show) -> None:
    table = garden().rename(columns={"rain": HOSTILE})
    table[HOSTILE] = table[HOSTILE].map(lambda v: f"</script>{HOSTILE}{v}")
    learner = ms.PC(alpha=0.01).fit(table)
    columns = pd.DataFrame({HOSTILE: [HOSTILE] * 2}, index=list(table)[:2])
    opened = show(ms.explore(learner, table, columns=columns, title=HOSTILE))
    other = next(iter(learner.skeleton_[HOSTILE]))
    assert ask(opened, HOSTILE, other) == learner.why(HOSTILE, other)
    opened.mouse.move(*node(opened, HOSTILE))
    opened.wait_for_timeout(200)
    opened.mouse.click(*node(opened, HOSTILE))
    opened.select_option("#colour", HOSTILE)
    assert opened.locator("img[src=x]").count() == 0
    assert opened.inner_text("h1") == HOSTILE


def test_dragging_a_node_moves_its_edges(show: Show, page: ms.NetworkPage) -> None:
    opened = show(page)
    x, y = next(iter(cause().skeleton_.edges))
    start = node(opened, x)
    opened.mouse.move(*start)
    opened.mouse.down()
    opened.mouse.move(start[0] + 20, start[1] + 40, steps=4)
    opened.mouse.up()
    opened.wait_for_timeout(100)
    assert np.allclose(np.subtract(node(opened, x), start), [20, 40], atol=2)
    (x0, y0), (x1, y1) = node(opened, x), node(opened, y)
    opened.mouse.click((x0 + x1) / 2, (y0 + y1) / 2)
    assert words(opened) == cause().why(x, y)


@pytest.mark.parametrize("tool", ["Box Select", "Lasso Select"])
def test_selected_nodes_leave_their_edges_in_the_table(
    show: Show, page: ms.NetworkPage, tool: str
) -> None:
    opened = show(page)
    chosen = ("rain", WET, SLIP)
    places = np.array([node(opened, name) for name in chosen])
    inside = places.min(axis=0) - 12, places.max(axis=0) + 12
    (left, top), (right, bottom) = inside
    within = [
        name
        for name in garden()
        if (inside[0] < node(opened, name)).all() and (node(opened, name) < inside[1]).all()
    ]
    opened.get_by_title(tool).click()
    opened.mouse.move(left, top)
    opened.mouse.down()
    corners = (
        [(right, bottom)]
        if tool == "Box Select"
        else [(right, top), (right, bottom), (left, bottom)]
    )
    for x, y in corners:
        opened.mouse.move(x, y, steps=5)
    opened.mouse.up()
    rows = pd.read_csv(io.BytesIO(downloaded(opened, "#csv")), keep_default_na=False)
    ends = {frozenset(pair) for pair in zip(rows["source"], rows["target"], strict=True)}
    assert ends == {frozenset(e) for e in cause().skeleton_.subgraph(within).edges}
    assert {*chosen} <= {*within}


def test_copy_link_copies_the_view(show: Show, page: ms.NetworkPage) -> None:
    opened = show(page, permissions=["clipboard-read", "clipboard-write"])
    said = ask(opened, "rain", WET)
    opened.click("#link")
    opened.wait_for_function("() => document.getElementById('copied').textContent === 'Copied.'")
    address = opened.evaluate("() => navigator.clipboard.readText()")
    again = show(page, address="#" + address.split("#")[1])
    assert words(again) == said


def test_keys_move_the_view(show: Show, page: ms.NetworkPage) -> None:
    opened = show(page)
    x, y = list(garden())[:2]

    def span() -> Any:
        return np.subtract(node(opened, y), node(opened, x))

    start, width = node(opened, x), span()
    opened.mouse.click(*np.add(start, 40))
    opened.keyboard.press("ArrowRight")
    assert np.allclose(node(opened, x), np.subtract(start, [60, 0]), atol=1)
    opened.keyboard.press("+")
    assert np.allclose(span(), width / 0.8, rtol=0.01)
    opened.keyboard.press("0")
    assert np.allclose(node(opened, x), start, atol=1)


def test_the_pointer_tells_of_one_thing(show: Show, page: ms.NetworkPage) -> None:
    opened = show(page)
    x, y = next(iter(cause().skeleton_.edges))
    opened.mouse.move(*node(opened, x))
    assert opened.inner_text("#tip b") == x
    opened.mouse.move(*np.add(node(opened, x), node(opened, y)) / 2, steps=3)
    opened.wait_for_function("(x) => document.querySelector('#tip b').textContent !== x", arg=x)
    said = opened.inner_text("#tip")
    assert x in said and y in said and "p_value" in said


def test_mixed_ends_have_marks(show: Show) -> None:
    """A partial ancestral graph: the mark of an arc is that at its end."""
    graph = nx.DiGraph()
    for x, at_x, y, at_y in (
        ("a", "circle", "b", "arrow"),
        ("b", "arrow", "c", "arrow"),
        ("c", "tail", "d", "arrow"),
        ("e", "circle", "d", "tail"),
        ("e", "circle", "f", "circle"),
        ("f", "tail", "g", "tail"),
    ):
        graph.add_edge(x, y, mark=at_y)
        graph.add_edge(y, x, mark=at_x)
    opened = show(ms.explore(graph))
    rows = opened.evaluate(
        """() => { const of = (label) => Bokeh.documents.flatMap((d) => [...d._all_models.values()])
            .find((m) => m.name === label).data;
          const { source, edge, target } = of("rows");
          const texts = source.map((x, n) => `${x} ${edge[n]} ${target[n]}`);
          return [texts, [...of("heads0").marker]]; }"""
    )
    assert rows[0] == ["a o→ b", "b ↔ c", "c → d", "d —o e", "e o—o f", "f — g"]
    assert sorted(rows[1]) == ["circle"] * 4 + ["triangle"] * 4
    assert ask(opened, "b", "a") == "'b' and 'a' are adjacent: circle at a, arrow at b"
    table = pd.read_csv(io.BytesIO(downloaded(opened, "#csv")))
    assert table["orientation"][1] == "arrow at b, arrow at c"


def test_two_networks_side_by_side(show: Show) -> None:
    first = nx.Graph([("a", "b"), ("b", "c")])
    second = nx.Graph([("b", "c"), ("c", "d"), ("d", "e")])
    opened = show(ms.explore([first, second]))
    assert opened.inner_text("#counts") == "5 variables, first: 2 of 2 edges; second: 3 of 3 edges"
    for change, counts in (
        ("kept", "first: 1 of 2 edges; second: 1 of 3 edges"),
        ("lost", "first: 1 of 2 edges; second: 0 of 3 edges"),
        ("gained", "first: 0 of 2 edges; second: 2 of 3 edges"),
    ):
        opened.select_option("#show", change)
        assert counts in opened.inner_text("#counts")


def test_a_notebook_shows_the_page_in_a_frame(
    show: Show, browser: Any, page: ms.NetworkPage
) -> None:
    opened = browser.new_page()
    assert "\n" not in page._repr_html_()
    opened.set_content(page._repr_html_())
    frame = opened.frame_locator("iframe")
    frame.locator("html[data-ready=yes]").wait_for(state="attached", timeout=60_000)
    frame.locator("#limit-mi").fill("0")
    assert "edges" in frame.locator("#counts").inner_text()
    opened.close()


def test_a_narrow_page_shows_the_network_first(show: Show, page: ms.NetworkPage) -> None:
    opened = show(page)
    opened.set_viewport_size({"width": 740, "height": 900})
    network, filters = (opened.locator(at).bounding_box() for at in ("#network", "#filters"))
    assert network["height"] > 400 and network["y"] < filters["y"]


def test_dark_is_as_the_reader_has_it(show: Show, page: ms.NetworkPage) -> None:
    opened = show(page, color_scheme="dark")
    assert opened.evaluate("() => document.documentElement.classList.contains('dark')")
    opened.click("#theme")
    assert not opened.evaluate("() => document.documentElement.classList.contains('dark')")
