"""The picture of a learned graph beside the true one."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.legend import Legend

import mistruct as ms
from mistruct.plot.comparison import KINDS
from mistruct.plot.labels import LARGEST_TYPE

Pair = frozenset[str]

# A collider at c and what follows from it; the edge f - g points nowhere in any of its class.
TRUTH = nx.DiGraph([("a", "c"), ("b", "c"), ("c", "d"), ("d", "e"), ("f", "g"), ("h", "e")])
LEARNED = nx.DiGraph(
    # a -> c as in truth; b - c without its direction; d -> c turned; h -> e and d -> e missed;
    # f - g as in the class; a -> h and b -> f besides.
    [("a", "c"), ("b", "c"), ("c", "b"), ("d", "c"), ("f", "g"), ("g", "f"), ("a", "h"), ("b", "f")]
)
LEARNED.add_node("e")
EXPECTED = {
    "found": {"ac", "fg"},
    "direction differs": {"bc", "cd"},
    "missed": {"de", "eh"},
    "extra": {"ah", "bf"},
}


def places(ax: Axes) -> dict[str, np.ndarray]:
    """Where each node is: that whose label is nearest."""
    (dots,) = (c for c in ax.collections if isinstance(c, PathCollection))
    labels = [t for t in ax.texts if t.get_path_effects()]
    centres = np.array([t.get_position() for t in labels])
    found = {}
    for place in np.asarray(dots.get_offsets()):
        found[labels[np.abs(centres - place).sum(axis=1).argmin()].get_text()] = place
    return found


def drawn(ax: Axes) -> dict[str, dict[Pair, np.ndarray]]:
    """The lines of each kind, known by their colour, by the nodes at their ends."""
    at = places(ax)
    names, where = list(at), np.array(list(at.values()))
    kind_of = {colour.lower(): kind for kind, (colour, _) in KINDS.items()}
    found: dict[str, dict[Pair, np.ndarray]] = {kind: {} for kind in KINDS}
    for lines in (c for c in ax.collections if isinstance(c, LineCollection)):
        for line in lines.get_segments():
            ends = [names[np.linalg.norm(where - p, axis=1).argmin()] for p in line[[0, -1]]]
            found[kind_of[to_hex(lines.get_color()[0])]][frozenset(ends)] = np.asarray(line)
    return found


def pairs(ax: Axes) -> dict[str, set[str]]:
    return {kind: {"".join(sorted(p)) for p in lines} for kind, lines in drawn(ax).items()}


def heads(ax: Axes) -> dict[str, set[str]]:
    """Filled and hollow arrowheads, as tail and head: the head at the tip, the tail behind it."""
    at = places(ax)
    lines = [tuple(pair) for of_kind in drawn(ax).values() for pair in of_kind]
    found: dict[str, set[str]] = {"filled": set(), "hollow": set()}
    ground = to_hex(ax.figure.get_facecolor())
    for shapes in (c for c in ax.collections if isinstance(c, PolyCollection)):
        for path in shapes.get_paths():
            tip, *base = path.vertices[:3]
            way = tip - np.mean(base, axis=0)
            fits = {}
            for u, v in lines:
                for tail, head in ((u, v), (v, u)):
                    along = at[head] - at[tail]
                    turn = 1 - way @ along / np.linalg.norm(way) / np.linalg.norm(along)
                    fits[tail + head] = np.linalg.norm(at[head] - tip) + 10 * turn
            inside = to_hex(shapes.get_facecolor()[0])
            found["hollow" if inside == ground else "filled"].add(min(fits, key=fits.__getitem__))
    return found


def legend(ax: Axes) -> list[list[str]]:
    rows = [c for c in ax.get_children() if isinstance(c, Legend)]
    return [[text.get_text() for text in row.get_texts()] for row in rows]


def test_edges_are_told_apart() -> None:
    ax = ms.plot_comparison(LEARNED, TRUTH)
    assert pairs(ax) == EXPECTED
    result = ms.compare(LEARNED, TRUTH)
    assert result.shd == sum(len(p) for kind, p in EXPECTED.items() if kind != "found")
    assert legend(ax)[0] == [f"{kind} ({len(p)})" for kind, p in EXPECTED.items()]
    note = [t.get_text() for t in ax.texts if not t.get_path_effects()]
    assert note == [
        f"8 variables; {result.n_true} edges in truth, {result.n_learned} edges learned"
    ]


def test_arrowheads_are_those_of_the_learned_graph_and_of_the_truth_where_it_differs() -> None:
    # Of the truth all but f - g point, as a -> c <- b and d -> e <- h are v-structures.
    ax = ms.plot_comparison(LEARNED, TRUTH)
    assert heads(ax) == {"filled": {"ac", "dc", "ah", "bf"}, "hollow": {"bc", "cd", "de", "he"}}
    assert legend(ax)[1] == ["as learned", "as in truth, where that differs"]


def test_kinds_differ_by_pattern_as_well_as_by_colour() -> None:
    ax = ms.plot_comparison(LEARNED, TRUTH)
    lines = [c for c in ax.collections if isinstance(c, LineCollection)]
    patterns = {str(line.get_linestyle()[0]) for line in lines}
    colours = {to_hex(line.get_color()[0]) for line in lines}
    assert len(patterns) == len(colours) == len(KINDS)


def test_a_graph_is_found_in_itself_and_in_its_class() -> None:
    chain, turned = nx.DiGraph([("a", "b"), ("b", "c")]), nx.DiGraph([("c", "b"), ("b", "a")])
    for truth in (chain, turned):
        assert pairs(ms.plot_comparison(chain, truth))["found"] == {"ab", "bc"}


@pytest.mark.parametrize("swapped", [False, True])
def test_without_directions_only_lines_are_compared(swapped: bool) -> None:
    tree = nx.Graph(["ac", "bc", "cd", "ef"])
    tree.add_nodes_from("gh")
    graphs = (TRUTH, tree) if swapped else (tree, TRUTH)
    ax = ms.plot_comparison(*graphs)
    other = "extra" if swapped else "missed"
    expected = {"found": {"ac", "bc", "cd"}, "direction differs": set()}
    expected |= {other: {"de", "eh", "fg"}, "missed" if swapped else "extra": {"ef"}}
    assert pairs(ax) == expected
    assert heads(ax) == {"filled": set(), "hollow": set()}
    assert [label.split(" (")[0] for label in legend(ax)[0]] == ["found", "missed", "extra"]
    assert len(legend(ax)) == 1


def test_the_order_of_nodes_and_edges_does_not_matter() -> None:
    turned = nx.DiGraph(list(reversed(list(LEARNED.edges))))
    turned.add_nodes_from(reversed(list(LEARNED)))
    first, second = (places(ms.plot_comparison(g, TRUTH)) for g in (LEARNED, turned))
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def test_a_line_bends_round_a_node_that_is_in_its_way() -> None:
    wheel = nx.Graph([("hub", f"x{i}") for i in range(12)])
    wheel.add_edges_from((f"x{i}", f"x{i + 6}") for i in range(6))  # through the hub
    ax = ms.plot_comparison(wheel, wheel)
    hub = places(ax)["hub"]
    lines = drawn(ax)["found"]
    across = [line for pair, line in lines.items() if "hub" not in pair]
    assert len(across) == 6
    straight = [
        abs(np.linalg.det([line[-1] - line[0], hub - line[0]])) / np.linalg.norm(line[-1] - line[0])
        for line in across
    ]
    assert min(straight) < LARGEST_TYPE / 2  # or else there is nothing to bend round
    for line in across:
        assert np.linalg.norm(line - hub, axis=1).min() > LARGEST_TYPE / 2


def test_nodes_without_an_edge_are_counted() -> None:
    learned, truth = nx.DiGraph([("a", "b")]), nx.DiGraph([("a", "b")])
    for graph in (learned, truth):
        graph.add_nodes_from(["c", "d"])
    ax = ms.plot_comparison(learned, truth)
    assert sorted(places(ax)) == ["a", "b"]
    note = "4 variables; 1 edge in truth, 1 edge learned; not drawn: 2 variables without an edge"
    assert note in [text.get_text() for text in ax.texts]


def test_without_any_edge_and_without_a_legend() -> None:
    empty = nx.empty_graph(["a", "b"])
    ax = ms.plot_comparison(empty, empty, legend=False)
    assert not ax.texts and not legend(ax)


def test_axes_of_the_caller() -> None:
    ax = Figure(figsize=(4, 3)).add_subplot()
    assert ms.plot_comparison(LEARNED, TRUTH, ax=ax) is ax
    assert pairs(ax) == EXPECTED


@pytest.mark.parametrize(
    ("learned", "truth", "ax", "error", "message"),
    [
        ("ab", TRUTH, None, ms.ParameterError, "learned must be a networkx graph, got str"),
        (LEARNED, [1], None, ms.ParameterError, "truth must be a networkx graph, got list"),
        (LEARNED, LEARNED, 3, ms.ParameterError, "ax must be matplotlib axes, got int"),
        (nx.Graph(["ab"]), nx.Graph(["ac"]), None, ms.DataError, "node 'b' is missing from the t"),
        (nx.Graph(["aa"]), nx.Graph(["aa"]), None, ms.DataError, "node 'a' has an edge to itself"),
    ],
)
def test_what_is_refused(
    learned: Any, truth: Any, ax: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        ms.plot_comparison(learned, truth, ax=ax)
