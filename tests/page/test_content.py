"""What a page holds, without a browser."""

from __future__ import annotations

import base64
import hashlib
import re
from itertools import combinations
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import mistruct as ms
from mistruct.page.document import unpack
from tests.cli_helpers import garden


def said(page: ms.NetworkPage) -> dict[frozenset[str], str]:
    """The words that a page has for each pair."""
    held = unpack(page.html)
    names = held["names"]
    return {frozenset((names[a], names[b])): text for a, b, text, _ in held["reasons"][0]["rows"]}


def numbers_in(value: Any) -> set[float]:
    """All numbers in data."""
    if isinstance(value, dict):
        return set().union(*map(numbers_in, value.values()))
    if isinstance(value, list):
        return set().union(*map(numbers_in, value))
    return {float(value)} if isinstance(value, (int, float)) else set()


@pytest.fixture(scope="module")
def numbers() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(300, 3)), columns=list("abc"))
    table["b"] += table["a"]
    table["group"] = np.where(table["a"] > 0.3, "high", "low")
    return table


@pytest.mark.parametrize("learner", [ms.PC(alpha=0.01), ms.BOSS()], ids=["PC", "BOSS"])
def test_words_are_those_of_why(learner: Any) -> None:
    table = garden()
    learner.fit(table)
    words = said(ms.explore(learner))
    for x, y in combinations(table, 2):
        assert words[frozenset((x, y))] == learner.why(x, y)


def test_words_of_a_blanket_are_those_of_why() -> None:
    target, *others = garden()
    learner = ms.MarkovBlanket(target).fit(garden())
    words = said(ms.explore(learner, target=target))
    nodes = set(learner.graph_)
    assert len(nodes) > 2
    for other in others:
        if other in nodes:
            assert words[frozenset((target, other))] == learner.why(other)


def test_no_entry_of_the_table_is_in_the_page(numbers: pd.DataFrame) -> None:
    learner = ms.ChowLiu().fit(numbers)
    entries = set(numbers[list("abc")].to_numpy().ravel())
    assert not entries & numbers_in(unpack(ms.explore(learner, numbers).html))
    with_points = unpack(ms.explore(learner, numbers, data_points=True).html)
    assert entries <= numbers_in(with_points)


def test_pictures_count_rows(numbers: pd.DataFrame) -> None:
    held = unpack(ms.explore(ms.ChowLiu().fit(numbers), numbers).html)
    names = held["names"]
    for a, b, picture in held["pairs"]:
        places = []
        for node in (a, b):
            column, axis = numbers[names[node]], held["axes"][str(node)]
            if "states" in axis:
                places.append(pd.Series([axis["states"].index(v) for v in column]))
            else:
                ends = [-np.inf, *axis["bounds"], np.inf]
                places.append(pd.cut(column, ends, right=False, labels=False))
        expected = pd.crosstab(*places)
        assert picture["counts"] == expected.to_numpy().ravel().tolist()


def test_quantiles_need_rows(numbers: pd.DataFrame) -> None:
    few = numbers.assign(group=["rare"] * 4 + ["usual"] * 296)
    graph = nx.Graph([("a", "group")])
    ((_, _, picture),) = unpack(ms.explore(graph, few[["a", "group"]]).html)["pairs"]
    rare, usual = picture["quantiles"]
    assert rare is None
    expected = few["a"][4:].quantile([0.05, 0.25, 0.5, 0.75, 0.95])
    assert np.allclose(usual, expected, atol=0.01)


def test_equal_networks_make_equal_bytes() -> None:
    rng = np.random.default_rng(1)
    graph = nx.gnp_random_graph(20, 0.2, seed=3)
    for edge in graph.edges.values():
        edge["mi"] = rng.random()
    shuffled = nx.Graph()
    shuffled.add_nodes_from(rng.permutation(20).tolist())
    shuffled.add_edges_from((v, u, e) for u, v, e in reversed(list(graph.edges(data=True))))
    assert ms.explore(graph).html == ms.explore(shuffled).html


def test_the_policy_names_every_script_and_nothing_else() -> None:
    page = ms.explore(nx.path_graph(["<b>", "</script>"]), title="<i>").html
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    hashes = {base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts}
    assert set(rules["script-src"].split()) == {f"'sha256-{h}'" for h in hashes}
    assert rules["default-src"] == rules["connect-src"] == "'none'"
    assert "<i>" not in page.split("<script>")[0]


def test_size_of_large_pages() -> None:
    for n_nodes, n_edges, most in ((200, 600, 4e6), (2_000, 5_000, 12e6)):
        graph = nx.gnm_random_graph(n_nodes, n_edges, seed=0)
        for i, edge in enumerate(graph.edges.values()):
            edge |= {"mi": 1 / (i + 1), "p_value": 10.0**-i}
        held = ms.explore(graph).html
        assert len(held.encode()) < most
        assert unpack(held)["notes"] == []


def test_more_than_can_be_shown_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mistruct.page.content.MOST_EDGES", 5)
    graph = nx.path_graph(10)
    for (u, _), edge in graph.edges.items():
        edge["mi"] = u / 10
    held = unpack(ms.explore(graph, target=0).html)
    assert held["notes"] == [
        "The network has 10 variables and 9 edges. Shown are 10 variables and the 5 strongest "
        "edges."
    ]
    kept = {(held["a"][e], held["b"][e]) for e in range(5)}
    assert kept == {(0, 1), (5, 6), (6, 7), (7, 8), (8, 9)}


def test_columns_of_a_table_become_colours() -> None:
    table = pd.DataFrame({"fold": [1.5, -2.0], "path": ["x", None]}, index=["a", "b"])
    colours = unpack(ms.explore(nx.path_graph(["a", "b", "c"]), columns=table).html)["colours"]
    assert colours["fold"] == [1.5, -2.0, None]
    assert colours["path"] == ["x", None, None]


@pytest.mark.parametrize(
    ("network", "options", "message"),
    [
        ("net", {}, "network must be a learner or a networkx graph, got str"),
        (ms.PC(), {}, "network must be fitted"),
        ([nx.Graph()] * 3, {}, "network must be one network or two, got 3"),
        (nx.path_graph(["abc", "d"]), {"target": "abd"}, "did you mean 'abc'"),
        (nx.path_graph(2), {"data_points": True}, "data_points needs data"),
        (
            nx.DiGraph([("a", "b", {"mark": "dot"})]),
            {},
            "must be one of tail, circle, arrow, got 'dot'",
        ),
    ],
)
def test_refusals(network: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ms.ParameterError, match=message):
        ms.explore(network, **options)
