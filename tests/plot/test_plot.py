from __future__ import annotations

import importlib
import io
import itertools
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib as mpl
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patches import FancyArrowPatch

from mistruct.errors import ParameterError
from mistruct.plot import plot_information_matrix, plot_network
from mistruct.plot.canvas import LONGEST_LABEL, shorten
from mistruct.plot.layout import layout_component, pack, separate
from mistruct.plot.marks import COLOURS


@pytest.fixture(autouse=True)
def no_pyplot(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As for a caller who has not imported pyplot; and whatever is drawn, rcParams stay."""
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    before = _settings()
    yield
    assert _settings() == before


def _settings() -> dict[str, Any]:
    """All rcParams but the backend, which the fixture `pyplot` sets and pyplot may resolve."""
    return {name: value for name, value in mpl.rcParams.items() if name != "backend"}


@pytest.fixture
def pyplot(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """As for a caller who has imported pyplot, on a machine without a screen."""
    module = importlib.import_module("matplotlib.pyplot")
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", module)
    monkeypatch.setitem(mpl.rcParams, "backend", "agg")
    return module


def tree_with_hub(n_nodes: int = 201, n_hub: int = 40) -> nx.Graph:
    """A random tree with gene-like names, and a target with many neighbours."""
    rng = random.Random(0)
    tree = nx.Graph()
    names = ["subtype", *(f"GENE{rng.randrange(10**5)}_{i}" for i in range(n_nodes - 1))]
    for i, name in enumerate(names[1:], start=1):
        tree.add_edge(name, names[0 if i <= n_hub else rng.randrange(i)], mi=rng.random())
    return tree


def axes(width: float = 6.0, height: float = 5.0) -> Axes:
    return Figure(figsize=(width, height)).add_subplot()


def labels(ax: Axes) -> dict[str, mpl.text.Text]:
    """The labels of nodes; the one text without a path effect is the caption."""
    return {text.get_text(): text for text in ax.texts if text.get_path_effects()}


def caption(ax: Axes) -> str:
    (text,) = (text for text in ax.texts if not text.get_path_effects())
    return str(text.get_text())


def lines(ax: Axes) -> LineCollection:
    (found,) = (c for c in ax.collections if isinstance(c, LineCollection))
    return found


def dots(ax: Axes) -> PathCollection:
    (found,) = (c for c in ax.collections if isinstance(c, PathCollection))
    return found


def arrows(ax: Axes) -> list[FancyArrowPatch]:
    return [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]


# --- where it is drawn


def test_new_figure_belongs_to_nobody_without_pyplot(tmp_path: Path) -> None:
    # In a process of its own, because anything in this one may have imported pyplot.
    program = """
import sys, networkx as nx, pandas as pd
from mistruct.plot import plot_information_matrix, plot_network
plot_network(nx.path_graph(3), target=1).figure.savefig(sys.argv[1])
plot_information_matrix(pd.DataFrame([[1.0, 0.2], [0.2, 1.0]], list("ab"), list("ab")))
assert "matplotlib.pyplot" not in sys.modules
"""
    picture = tmp_path / "network.png"
    subprocess.run([sys.executable, "-c", program, str(picture)], check=True)
    assert picture.stat().st_size > 0


def test_new_figure_is_shown_by_pyplot_if_the_caller_uses_pyplot(pyplot: ModuleType) -> None:
    before = pyplot.get_fignums()
    ax = plot_network(nx.path_graph(3))
    try:
        assert len(pyplot.get_fignums()) == len(before) + 1
        assert pyplot.gcf() is ax.figure
    finally:
        pyplot.close(ax.figure)


@pytest.mark.parametrize("draw", [plot_network, plot_information_matrix])
def test_ax_is_respected(draw, pyplot: ModuleType) -> None:
    before = pyplot.get_fignums()
    ax = axes()
    limits = ax.figure.get_size_inches().tolist()
    frame = pd.DataFrame([[1.0, 0.2], [0.2, 1.0]], list("ab"), list("ab"))
    assert draw(nx.path_graph(3) if draw is plot_network else frame, ax=ax) is ax
    assert ax.figure.get_size_inches().tolist() == limits
    assert pyplot.get_fignums() == before


# --- what a network shows


def test_widths_grow_with_mi() -> None:
    star = nx.Graph()
    mis = [0.3, 0.05, 0.8, 0.0, 0.1]
    for i, mi in enumerate(mis):
        star.add_edge("hub", f"x{i}", mi=mi)
    drawn = lines(plot_network(star))
    # Weak edges are drawn first.
    assert np.all(np.diff(drawn.get_linewidths()) > 0)
    assert len(drawn.get_segments()) == len(mis)


def test_contested_directions_are_dashed_and_counted() -> None:
    graph = nx.DiGraph()
    for u, v, orientation in (("a", "b", "contested"), ("b", "c", "undirected")):
        graph.add_edge(u, v, orientation=orientation)
        graph.add_edge(v, u, orientation=orientation)
    ax = plot_network(graph)
    drawn = lines(ax)
    is_solid = [pattern[1] is None for pattern in drawn.get_linestyle()]
    at = {text: label.get_position() for text, label in labels(ax).items()}
    for segment, solid in zip(drawn.get_segments(), is_solid, strict=True):
        near = {min(at, key=lambda name: np.hypot(*(at[name] - end))) for end in segment}
        assert near == ({"b", "c"} if solid else {"a", "b"})
    assert sorted(is_solid) == [False, True]
    assert caption(ax) == "3 variables, 2 edges; dashed: 1 with a contested direction"


def test_legend_shows_the_widths_that_are_drawn() -> None:
    graph = nx.Graph()
    graph.add_edge("a", "b", mi=0.2)
    graph.add_edge("b", "c", mi=0.4)
    ax = plot_network(graph)
    drawn = dict(zip([0.2, 0.4], lines(ax).get_linewidths(), strict=True))
    (legend,) = (artist for artist in ax.artists if isinstance(artist, Legend))
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts[0] == "mutual information (nats):"
    explained = {
        float(t): line.get_linewidth()
        for t, line in zip(texts[1:], legend.get_lines()[1:], strict=True)
    }
    for mi, width in drawn.items():
        assert explained[mi] == pytest.approx(width)


@pytest.mark.parametrize("mi", [None, float("nan"), float("inf"), -0.01, 0.0])
def test_draws_whatever_mi_there_is(mi) -> None:
    graph = nx.Graph([("a", "b")])
    graph.add_edge("b", "c", mi=mi)
    ax = plot_network(graph)
    ax.figure.canvas.draw()
    assert np.all(np.isfinite(lines(ax).get_linewidths()))


def test_target_and_its_neighbourhood_are_highlighted() -> None:
    path = nx.path_graph(["t", "one", "two", "three", "four"])
    ax = plot_network(path, target="t")
    # Nodes are drawn in order of their distance from the target.
    colours = dots(ax).get_facecolors()
    expected = [COLOURS[0], COLOURS[1], COLOURS[2], COLOURS[3], COLOURS[3]]
    np.testing.assert_allclose(colours, [to_rgba(c) for c in expected])
    texts = labels(ax)
    assert texts["t"].get_fontweight() == "bold"
    assert texts["t"].get_fontsize() > texts["one"].get_fontsize()


def test_distance_ignores_direction() -> None:
    ax = plot_network(nx.DiGraph([("cause", "t"), ("t", "effect")]), target="t")
    near = np.sum(np.all(dots(ax).get_facecolors() == to_rgba(COLOURS[1]), axis=1))
    assert near == 2


def test_opposite_arcs_are_one_line_without_arrowhead() -> None:
    graph = nx.DiGraph([("a", "b"), ("b", "a"), ("b", "c")])
    ax = plot_network(graph)
    assert len(lines(ax).get_segments()) == 1
    assert len(arrows(ax)) == 1
    assert caption(ax) == "3 variables, 2 edges"


def test_arrow_points_from_cause_to_effect() -> None:
    ax = plot_network(nx.DiGraph([("z cause", "an effect")]))
    (arrow,) = arrows(ax)
    tail, head = arrow._posA_posB
    texts = labels(ax)

    def distance(point, name: str) -> float:
        return float(np.hypot(*(np.array(point) - texts[name].get_position())))

    assert distance(tail, "z cause") < distance(tail, "an effect")
    assert distance(head, "an effect") < distance(head, "z cause")


def test_nodes_without_an_edge_are_counted_or_drawn() -> None:
    graph = nx.Graph([("a", "b")])
    graph.add_nodes_from(["lone", "t"])
    ax = plot_network(graph, target="t")
    assert set(labels(ax)) == {"a", "b", "t"}
    assert "not drawn: 1 variable without an edge" in caption(ax)
    ax = plot_network(graph, isolated=True)
    assert set(labels(ax)) == {"a", "b", "lone", "t"}
    assert "not drawn" not in caption(ax)


def test_self_loops_are_ignored() -> None:
    graph = nx.Graph([("a", "a"), ("a", "b")])
    assert caption(plot_network(graph)) == "2 variables, 1 edge"


def test_without_legend() -> None:
    ax = plot_network(nx.path_graph(["a", "b"]), legend=False)
    assert not ax.artists
    assert set(labels(ax)) == {text.get_text() for text in ax.texts}


@pytest.mark.parametrize(
    "graph", [nx.Graph(), nx.empty_graph(1), nx.empty_graph(3), nx.DiGraph(), nx.path_graph(2)]
)
@pytest.mark.parametrize("isolated", [False, True])
def test_tiny_graphs(graph: nx.Graph, isolated: bool) -> None:
    ax = plot_network(graph, isolated=isolated)
    ax.figure.canvas.draw()
    assert len(dots(ax).get_offsets()) == (len(graph) if isolated or graph.edges else 0)


def test_hard_names_are_shown_as_they_are() -> None:
    names = ["Größe $x_1$", "_hidden", "пол", "ΔG‡", 7, True, "$"]
    ax = plot_network(nx.cycle_graph(names), target="_hidden")
    ax.figure.canvas.draw()
    assert set(labels(ax)) == {str(name) for name in names}


def test_characters_without_a_glyph_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    graph = nx.Graph([("a\x1b[31m", "\ud800")])
    axes = plot_network(graph)
    axes.get_figure(root=True).savefig(io.BytesIO(), format="png")
    assert {"a\\x1b[31m", "\\ud800"} <= {text.get_text() for text in axes.texts}


def test_long_names_lose_their_middle() -> None:
    name = "how often did you feel\n tired in the last week"
    assert shorten(name) == "how often did y…ast week"
    assert len(shorten("x" * 100)) == LONGEST_LABEL
    assert shorten("x" * LONGEST_LABEL) == "x" * LONGEST_LABEL


# --- whether it can be read


def overlaps(ax: Axes) -> list[tuple[str, str]]:
    """Pairs of labels whose rendered boxes overlap by more than a point in both directions."""
    ax.figure.canvas.draw()
    point = ax.figure.dpi / 72
    boxes = {name: text.get_window_extent() for name, text in labels(ax).items()}
    return [
        (a, b)
        for (a, p), (b, q) in itertools.combinations(boxes.items(), 2)
        if min(p.x1, q.x1) - max(p.x0, q.x0) > point and min(p.y1, q.y1) - max(p.y0, q.y0) > point
    ]


def test_tree_of_200_genes_can_be_read() -> None:
    tree = tree_with_hub()
    ax = plot_network(tree, target="subtype")
    near = nx.single_source_shortest_path_length(tree, "subtype", 2)
    assert len(near) > 60
    assert set(near) <= set(labels(ax))
    assert len(labels(ax)) > 190
    assert len(overlaps(ax)) <= 2
    width, height = ax.figure.get_size_inches()
    assert width <= 16.1 and height <= 13
    assert min(text.get_fontsize() for text in labels(ax).values()) >= 6
    # Every dot lies on the page, and no two on one another.
    places = np.asarray(dots(ax).get_offsets())
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert np.all((places > [left, bottom]) & (places < [right, top]))
    assert np.min(np.linalg.norm(places[:, None] - places, axis=2) + 99 * np.eye(201)) > 4


def test_small_axes_label_only_what_matters_most() -> None:
    tree = tree_with_hub()
    ax = plot_network(tree, target="subtype", ax=axes(4, 4))
    shown = labels(ax)
    assert "subtype" in shown
    assert set(shown) <= set(nx.single_source_shortest_path_length(tree, "subtype", 2))
    assert f"without a label: {201 - len(shown)} variables" in caption(ax)
    assert len(overlaps(ax)) <= 2


def test_dense_graph_has_thinner_edges() -> None:
    def thickest(graph: nx.Graph) -> float:
        nx.set_edge_attributes(graph, 0.5, "mi")
        return float(max(lines(plot_network(graph)).get_linewidths()))

    assert thickest(nx.gnm_random_graph(60, 300, seed=1)) < thickest(nx.path_graph(60))


def test_picture_does_not_depend_on_order() -> None:
    tree = tree_with_hub(60, 10)
    tree.remove_edges_from(list(tree.edges)[20::9])
    edges = list(tree.edges(data=True))
    random.Random(1).shuffle(edges)
    shuffled = nx.Graph()
    shuffled.add_nodes_from(reversed(list(tree)))
    shuffled.add_edges_from((v, u, d) for u, v, d in edges)
    first, second = (labels(plot_network(g, target="subtype")) for g in (tree, shuffled))
    assert first.keys() == second.keys()
    for name, text in first.items():
        assert text.get_position() == pytest.approx(second[name].get_position())


# --- layout


def test_layout_draws_a_path_straight_and_lying() -> None:
    path = nx.path_graph(6)
    places = layout_component(path, list(path), None)
    assert np.ptp(places[:, 1]) < 0.05 * np.ptp(places[:, 0])
    steps = np.diff(places[:, 0])
    assert np.all(steps > 0) or np.all(steps < 0)


def test_layout_of_a_tree_has_no_crossings() -> None:
    tree = nx.balanced_tree(2, 4)
    places = layout_component(tree, list(tree), 0)

    def side(a, b, c) -> float:
        (ux, uy), (vx, vy) = places[b] - places[a], places[c] - places[a]
        return float(np.sign(ux * vy - uy * vx))

    for (a, b), (c, d) in itertools.combinations(tree.edges, 2):
        if len({a, b, c, d}) == 4:
            assert side(a, b, c) == side(a, b, d) or side(c, d, a) == side(c, d, b)


def test_layout_beyond_the_stress_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mistruct.plot.layout.MAX_STRESS_NODES", 10)
    tree = nx.balanced_tree(2, 4)
    places = layout_component(tree, list(tree), 0)
    radius = np.linalg.norm(places, axis=1)
    depth = nx.single_source_shortest_path_length(tree, 0)
    np.testing.assert_allclose(radius, [1.5 * depth[node] for node in tree], atol=1e-12)
    assert len(np.unique(places.round(6), axis=0)) == len(tree)


def test_separate_leaves_no_overlap() -> None:
    rng = np.random.default_rng(0)
    places, halves = rng.normal(0, 20, (40, 2)), rng.uniform(2, 15, (40, 2))
    centres = rng.normal(0, 5, (40, 2))
    moved = separate(places, centres, halves) + centres
    for i, j in itertools.combinations(range(40), 2):
        assert (np.abs(moved[i] - moved[j]) >= halves[i] + halves[j] - 0.02).any()


def test_separate_parts_boxes_in_one_place() -> None:
    moved = separate(np.zeros((3, 2)), np.zeros((3, 2)), np.ones((3, 2)))
    assert len(np.unique(moved.round(3), axis=0)) == 3


def test_packed_boxes_do_not_overlap() -> None:
    sizes = np.random.default_rng(0).uniform(1, 10, (30, 2))
    low = pack(sizes, 1.5)
    high = low + sizes
    for i, j in itertools.combinations(range(30), 2):
        assert (np.minimum(high[i], high[j]) - np.maximum(low[i], low[j]) <= 1e-9).any()


# --- refused


def test_unknown_target_names_the_nearest() -> None:
    with pytest.raises(ParameterError) as caught:
        plot_network(nx.path_graph(["subtype", "ESR1"]), target="subtpye")
    assert str(caught.value) == (
        "target must be a node of the graph, got 'subtpye'; did you mean 'subtype'?"
    )


def test_not_a_graph_and_not_axes() -> None:
    with pytest.raises(ParameterError, match="graph must be a networkx graph, got DataFrame"):
        plot_network(pd.DataFrame())
    with pytest.raises(ParameterError, match="ax must be matplotlib axes, got Figure"):
        plot_network(nx.path_graph(2), ax=Figure())


# --- heat map


def block_matrix(sizes: tuple[int, ...] = (4, 3, 5)) -> pd.DataFrame:
    """Groups that know about one another, in shuffled order."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    names = [f"{g}:{i}" for i, g in enumerate(group)]
    values = np.where(group[:, None] == group, 0.4, 0.02) + np.eye(len(group))
    matrix = pd.DataFrame(values, names, names)
    order = np.random.default_rng(3).permutation(len(names))
    return matrix.iloc[order, order]


def tick_labels(axis) -> list[str]:
    return [text.get_text() for text in axis.get_ticklabels()]


def test_heat_map_puts_groups_together() -> None:
    matrix = block_matrix()
    ax = plot_information_matrix(matrix)
    rows = tick_labels(ax.yaxis)
    assert sorted(rows) == sorted(matrix.index)
    assert len(list(itertools.groupby(name[0] for name in rows))) == 3
    assert tick_labels(ax.xaxis) == rows
    shown = ax.images[0].get_array()
    expected = matrix.loc[rows, rows].to_numpy()
    assert np.all(shown.mask == np.eye(len(rows), dtype=bool))
    off = ~np.eye(len(rows), dtype=bool)
    np.testing.assert_array_equal(shown.data[off], expected[off])
    # The diagonal, whose entropies are larger, does not take the shades.
    assert ax.images[0].get_clim() == (0.0, pytest.approx(0.42, abs=0.03))


def test_heat_map_aligns_columns_with_rows() -> None:
    matrix = block_matrix()
    ax = plot_information_matrix(matrix[sorted(matrix.columns)])
    assert tick_labels(ax.xaxis) == tick_labels(ax.yaxis)
    assert np.diag(ax.images[0].get_array().mask).all()


def test_heat_map_of_a_block() -> None:
    matrix = block_matrix()
    block = matrix.loc[:, [name for name in matrix if name.startswith("1")]]
    ax = plot_information_matrix(block)
    rows, columns = tick_labels(ax.yaxis), tick_labels(ax.xaxis)
    shown = ax.images[0].get_array()
    assert not np.ma.is_masked(shown)
    np.testing.assert_array_equal(np.asarray(shown), block.loc[rows, columns].to_numpy())


def test_heat_map_has_a_colour_bar_in_nats() -> None:
    ax = plot_information_matrix(block_matrix())
    (bar,) = (other for other in ax.figure.axes if other is not ax)
    assert bar.get_ylabel() == "mutual information (nats)"


def test_heat_map_labels_only_when_they_fit() -> None:
    assert tick_labels(plot_information_matrix(block_matrix(), ax=axes()).yaxis)
    assert not tick_labels(plot_information_matrix(block_matrix((40, 60)), ax=axes()).yaxis)
    assert not tick_labels(plot_information_matrix(block_matrix((200, 200))).yaxis)
    ax = plot_information_matrix(block_matrix((30, 30)))
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.get_yticklabels()]
    assert len(boxes) == 60
    for lower, upper in itertools.pairwise(boxes):
        assert min(lower.y1, upper.y1) - max(lower.y0, upper.y0) < 2


@pytest.mark.parametrize(
    "values",
    [
        [[0.0, 0.0], [0.0, 0.0]],
        [[np.inf, -0.1], [-0.1, np.inf]],
        [[np.nan, np.nan], [np.nan, np.nan]],
    ],
)
def test_heat_map_of_odd_values(values: list[list[float]]) -> None:
    plot_information_matrix(pd.DataFrame(values, list("ab"), list("ab"))).figure.canvas.draw()


def test_heat_map_of_one_cell() -> None:
    plot_information_matrix(pd.DataFrame([[0.5]], ["a"], ["b$"])).figure.canvas.draw()


def test_heat_map_leaves_the_matrix_alone() -> None:
    matrix = block_matrix()
    before = matrix.copy(deep=True)
    plot_information_matrix(matrix)
    pd.testing.assert_frame_equal(matrix, before)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.eye(2), "matrix must be a pandas DataFrame, got ndarray"),
        (pd.DataFrame(), r"matrix must have rows and columns, got shape \(0, 0\)"),
        (pd.DataFrame({"a": ["x"]}), "matrix must hold numbers, got .* in column 'a'"),
        (
            pd.DataFrame(np.eye(2), index=["a", "a"]),
            "matrix must have no name twice in its rows, got 'a'",
        ),
    ],
)
def test_heat_map_refuses(matrix, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        plot_information_matrix(matrix)
