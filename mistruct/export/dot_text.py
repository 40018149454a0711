"""Graphs written as lines of edges: dagitty's models and plain DOT.

Both languages list nodes and edges between braces, with attributes in brackets::

    dag { age [exposure]; smoking [latent]; age -> health <- smoking; health -> {cost days} }

dagitty (Textor et al. 2016) has four kinds: ``dag``, ``pdag`` with ``--`` for undirected edges, and
``mag`` and ``pag`` with ``@`` for a circle. In a dag ``a <-> b`` is a hidden common cause, which
becomes a node of its own. A node that is ``latent`` gets the attribute `hidden`. DOT (Gansner and
North 2000) has ``digraph`` and ``graph``; ``dir=none`` makes an edge undirected there, and
``dir=both`` with ``arrowhead`` and ``arrowtail`` gives it the marks of a PAG. Subgraphs, ports and
HTML are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import networkx as nx

from mistruct.export.attributes import unpack

_TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|\#[^\n]*|/\*.*?\*/)
    |"(?P<quoted>(?:[^"\\]|\\.)*)"
    |(?P<edge><->|<-@|@->|@-@|@--|--@|<--|-->|->|<-|--)
    |(?P<sign>[{}\[\]=;,])
    |(?P<word>-?[\w.%:/+*$()?'&|]+)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r'\\(["\\n])')
_MARKS = {"<": "arrow", ">": "arrow", "@": "circle", "-": "tail"}
_SHAPES = {"normal": "arrow", "odot": "circle", "none": "tail"}
_MARKED = {"mag", "pag"}
_KINDS = {"dag", "pdag", "digraph", "graph"} | _MARKED


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


def parse_edges(text: str) -> nx.Graph:
    """The graph that a text describes.

    Parameters
    ----------
    text : str
        A model of dagitty, or DOT.

    Returns
    -------
    networkx.Graph or networkx.DiGraph
        A `Graph` of ``graph``, else a `DiGraph`, in which an undirected edge is two opposite arcs.
        Of ``mag`` and ``pag`` every edge is two opposite arcs, with the mark at its end as
        attribute `mark`.

    Raises
    ------
    ValueError
        The text is neither, or has what is not read; the message has the number of the line.

    Examples
    --------
    >>> graph = parse_edges("dag { u [latent]; x <- u -> y; x -> y }")
    >>> sorted(graph.edges), graph.nodes["u"]["hidden"]
    ([('u', 'x'), ('u', 'y'), ('x', 'y')], True)
    >>> sorted(parse_edges("pag { a @-> b }").edges(data="mark"))
    [('a', 'b', 'arrow'), ('b', 'a', 'circle')]
    """
    return _Parser(list(_tokens(text))).graph()


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while place < len(text):
        line = text.count("\n", 0, place) + 1
        found = _TOKEN.match(text, place)
        if found is None:
            raise ValueError(f"line {line}: cannot read {text[place : place + 20]!r}")
        place = found.end()
        kind, word = found.lastgroup or "", found[found.lastgroup or 0]
        if kind == "quoted":
            kind, word = "name", _ESCAPED.sub(lambda m: "\n" if m[1] == "n" else m[1], word)
        if kind != "skip":
            yield _Token(kind, word, line)


class _Parser:
    """Reads tokens one after another into a graph."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.place = 0
        self.kind = ""
        self.attributes: dict[str, Any] = {}
        self.nodes: dict[str, dict[str, Any]] = {}
        self.edges: list[tuple[str, str, str, dict[str, Any]]] = []

    def graph(self) -> nx.Graph:
        if self._next_is("strict"):
            self.place += 1
        self.kind = self._take("word", "dag, pdag, mag, pag, digraph or graph").text.lower()
        if self.kind not in _KINDS:
            raise ValueError(f"it begins with {self.kind!r}, not with one of {sorted(_KINDS)}")
        if not self._next_is("{"):
            self.place += 1  # a name
        self._take("sign", "'{'", "{")
        while not self._next_is("}"):
            self._statement()
        return self._built()

    def _statement(self) -> None:
        if self._next_is(";", ","):
            self.place += 1
            return
        if self._next_is("graph", "node", "edge"):
            token = self._take("word", "a name")
            common = self._attributes()
            if token.text == "graph":
                self.attributes |= common
            return
        ends = [self._group()]
        ways = []
        while self.place < len(self.tokens) and self.tokens[self.place].kind == "edge":
            ways.append(self.tokens[self.place].text)
            self.place += 1
            ends.append(self._group())
        if self._next_is("="):  # of the whole graph, as the bounding box of a picture
            self.place += 2
            return
        attributes = self._attributes()
        for v in (v for group in ends for v in group):
            self.nodes.setdefault(v, {})
        if not ways:
            self.nodes[ends[0][0]].update(attributes)
        for before, way, after in zip(ends, ways, ends[1:], strict=False):
            self.edges += [(u, way, v, attributes) for u, v in product(before, after)]

    def _group(self) -> list[str]:
        """A node, or several between braces."""
        if not self._next_is("{"):
            token = self._take(None, "a name")
            if token.text == "subgraph" and token.kind == "word":
                raise ValueError(f"line {token.line}: subgraphs are not read")
            return [token.text]
        self.place += 1
        names = []
        while not self._next_is("}"):
            if self._next_is(";", ","):
                self.place += 1
            else:
                names.append(self._take(None, "a name").text)
        self.place += 1
        return names

    def _attributes(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self._next_is("["):
            self.place += 1
            while not self._next_is("]"):
                if self._next_is(";", ","):
                    self.place += 1
                    continue
                key = self._take(None, "an attribute").text
                found[key] = True
                if self._next_is("="):
                    self.place += 1
                    found[key] = _value(self._take(None, "a value").text)
            self.place += 1
        return found

    def _next_is(self, *texts: str) -> bool:
        if self.place >= len(self.tokens):
            if "}" in texts or "]" in texts:
                raise ValueError(f"it ends before {texts[-1]!r}")
            return False
        token = self.tokens[self.place]
        return token.kind != "name" and token.text in texts

    def _take(self, kind: str | None, wanted: str, text: str | None = None) -> _Token:
        if self.place >= len(self.tokens):
            raise ValueError(f"it ends where {wanted} should be")
        token = self.tokens[self.place]
        fits = token.kind == kind if kind else token.kind in ("word", "name")
        if not fits or text not in (None, token.text):
            raise ValueError(f"line {token.line}: {token.text!r} where {wanted} should be")
        self.place += 1
        return token

    def _built(self) -> nx.Graph:
        graph = nx.Graph() if self.kind == "graph" else nx.DiGraph()
        graph.graph.update(self.attributes)
        for v, attributes in self.nodes.items():
            if attributes.pop("latent", False):
                attributes["hidden"] = True
            graph.add_node(v, **attributes)
        marked = self.kind in _MARKED or any(_shapes(edge[3]) for edge in self.edges)
        for u, way, v, attributes in self.edges:
            at_u, at_v = _MARKS[way[0]], _MARKS[way[-1]]
            undirected = attributes.get("dir") == "none"
            at_u, at_v = _shapes(attributes) or (at_u, at_v)
            drawn = ("dir", "arrowhead", "arrowtail")
            kept = {key: value for key, value in attributes.items() if key not in drawn}
            if marked:
                graph.add_edge(u, v, **kept, mark=at_v)
                graph.add_edge(v, u, **kept, mark=at_u)
            elif "circle" in (at_u, at_v):
                raise ValueError(f"the edge {u!r} {way} {v!r} has a circle, which only a pag has")
            elif at_u == at_v == "arrow":
                cause = f"{u} <-> {v}"
                graph.add_node(cause, hidden=True)
                graph.add_edges_from([(cause, u), (cause, v)], **kept)
            else:
                if at_v == "arrow" or undirected or at_u == at_v:
                    graph.add_edge(u, v, **kept)
                if at_u == "arrow" or undirected or at_u == at_v:
                    graph.add_edge(v, u, **kept)
        if marked:
            graph.graph["kind"] = "pag"
        return graph


def _shapes(attributes: dict[str, Any]) -> tuple[str, str] | None:
    """The marks of an edge whose two ends are drawn."""
    at_u, at_v = (_SHAPES.get(attributes.get(f"arrow{end}", "")) for end in ("tail", "head"))
    return (at_u, at_v) if at_u and at_v and attributes.get("dir") == "both" else None


def _value(text: str) -> Any:
    """A number where the text is one."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return unpack(text)
