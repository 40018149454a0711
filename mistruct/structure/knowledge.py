"""Prior knowledge of a graph: required and forbidden edges, and tiers.

Three ways to say it: an edge that must be there, an edge that must not, and tiers of columns in
the order of time, where nothing in a later tier can cause anything in an earlier one.
"""

from __future__ import annotations

import csv
import os
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from mistruct.errors import DataError, ParameterError, Setting, nearest_names

Arc = tuple[str, str]


@dataclass(frozen=True)
class Knowledge:
    """Prior knowledge of a graph: required and forbidden edges, and tiers of columns.

    Parameters
    ----------
    required : iterable of (str, str)
        Edges (cause, effect) that the graph must have.
    forbidden : iterable of (str, str)
        Edges (cause, effect) that it must not have. Forbidden both ways, a pair is not adjacent.
    tiers : iterable of iterables of str
        Columns in the order of time: no edge leads to an earlier tier. Within a tier, and for
        columns in none, everything is open.

    Raises
    ------
    ParameterError
        The three contradict each other; the message names the pair.

    Examples
    --------
    >>> import mistruct as ms
    >>> ms.Knowledge(required=[("smoking", "cancer")], tiers=[["age"], ["smoking", "cancer"]])
    Knowledge(required=(('smoking', 'cancer'),), forbidden=(), tiers=(('age',), ('smoking', 'cancer')))
    >>> ms.Knowledge(required=[("cancer", "age")], tiers=[["age"], ["cancer"]])
    Traceback (most recent call last):
        ...
    mistruct.errors.ParameterError: required edge 'cancer' -> 'age' leads back to an earlier tier
    """  # noqa: E501  # a doctest cannot break the line

    required: Sequence[Arc] = ()
    forbidden: Sequence[Arc] = ()
    tiers: Sequence[Sequence[str]] = ()

    def __post_init__(self) -> None:
        for parameter in ("required", "forbidden"):
            arcs = _arcs(parameter, getattr(self, parameter))
            object.__setattr__(self, parameter, arcs)
        object.__setattr__(self, "tiers", _tiers(self.tiers))
        tier_of = self._tier_of()
        forbidden = set(self.forbidden)
        for cause, effect in self.required:
            shown = f"required edge {cause!r} -> {effect!r}"
            if (cause, effect) in forbidden:
                raise ParameterError(f"{shown} is forbidden too")
            if (effect, cause) in self.required:
                raise ParameterError(f"{shown} is required the other way too")
            if tier_of.get(cause, 0) > tier_of.get(effect, len(self.tiers)):
                raise ParameterError(f"{shown} leads back to an earlier tier")
        self._refuse_cycles()

    def _tier_of(self) -> dict[str, int]:
        return {name: i for i, tier in enumerate(self.tiers) for name in tier}

    def _refuse_cycles(self) -> None:
        """Raise ParameterError if required edges form a cycle or lead back to an earlier tier."""
        graph = nx.DiGraph(self.required)
        tier_of = self._tier_of()
        for cause, effect in self.required:
            if cause in nx.descendants(graph, effect):
                path = nx.shortest_path(graph, effect, cause)
                shown = " -> ".join(repr(v) for v in (cause, *path))
                raise ParameterError(
                    f"required edges form a cycle with {cause!r} -> {effect!r}: {shown}"
                )
            for other in sorted(nx.descendants(graph, effect)):
                if tier_of.get(cause, 0) > tier_of.get(other, len(self.tiers)):
                    raise ParameterError(
                        f"required edges lead from {cause!r} back to {other!r} in an earlier tier"
                    )

    def constraints(self, names: Sequence[str]) -> Constraints:
        """Convert to positions of columns; ParameterError if a name is not a column."""
        position = {name: i for i, name in enumerate(names)}
        tier_of = self._tier_of()
        for named in (*(v for arc in (*self.required, *self.forbidden) for v in arc), *tier_of):
            if named not in position:
                raise ParameterError(
                    Setting("knowledge"),
                    f": there is no column {named!r}{nearest_names(named, names)}",
                )
        possible = ~np.eye(len(names), dtype=bool)
        required = np.zeros_like(possible)
        earliest = np.array([tier_of.get(n, 0) for n in names])
        latest = np.array([tier_of.get(n, len(self.tiers)) for n in names])
        possible &= earliest[:, np.newaxis] <= latest
        for cause, effect in self.forbidden:
            possible[position[cause], position[effect]] = False
        for cause, effect in self.required:
            required[position[cause], position[effect]] = True
        # An edge from the end of a required path to its beginning would close a cycle.
        for begin, end in nx.transitive_closure(nx.DiGraph(self.required)).edges:
            possible[position[end], position[begin]] = False
        return Constraints(possible, required)


@dataclass(frozen=True, eq=False)
class Constraints:
    """Knowledge over positions: [i, j] for an edge from i to j.

    Attributes
    ----------
    possible, required : ndarray of bool, shape (n_variables, n_variables)
    """

    possible: NDArray[np.bool_]
    required: NDArray[np.bool_]

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Pairs that remain adjacent regardless of the data."""
        return np.asarray(self.required | self.required.T)

    @property
    def excluded(self) -> NDArray[np.bool_]:
        """Pairs that are never adjacent."""
        return np.asarray(~(self.possible | self.possible.T))

    def as_one(self, group: Sequence[int]) -> Constraints:
        """Constraints after merging some columns into the first of them."""
        left = np.delete(np.arange(len(self.possible)), group[1:])
        merged = []
        for allowed in (self.possible.copy(), self.required.copy()):
            allowed[group[0]] = allowed[list(group)].any(axis=0)
            allowed[:, group[0]] = allowed[:, list(group)].any(axis=1)
            merged.append(allowed[np.ix_(left, left)])
        return Constraints(*merged)


def check_knowledge(knowledge: Any) -> None:
    """Raise ParameterError unless it is a Knowledge or None."""
    if knowledge is not None and not isinstance(knowledge, Knowledge):
        raise ParameterError(
            Setting("knowledge"),
            f" must be a Knowledge or None, got {knowledge!r}; read_knowledge makes one of a file",
        )


def read_knowledge(path: str | os.PathLike[str]) -> Knowledge:
    """Read knowledge from a small file.

    Parameters
    ----------
    path : str or path
        A TOML file with the arrays ``required``, ``forbidden`` (of pairs) and ``tiers`` (of arrays
        of names); or a CSV file with the columns ``rule``, ``source`` and ``target``, where rule
        is ``required``, ``forbidden``, or ``tier`` with a column's name in ``source`` and the
        number of its tier in ``target``.

    Returns
    -------
    Knowledge

    Raises
    ------
    DataError
        The file cannot be read, or is neither.
    ParameterError
        What it says contradicts itself.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import mistruct as ms
    >>> file = Path(tempfile.mkdtemp(), "knowledge.toml")
    >>> _ = file.write_text('required = [["smoking", "cancer"]]')
    >>> ms.read_knowledge(file).required
    (('smoking', 'cancer'),)
    """
    readers = {".toml": _from_toml, ".csv": _from_csv}
    suffix = Path(path).suffix.lower()
    if suffix not in readers:
        raise DataError(
            Setting("knowledge"), f" is read from .toml and .csv files, got {str(path)!r}"
        )
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {str(path)!r}: {error}") from error
    return Knowledge(**readers[suffix](text, str(path)))


def _from_toml(text: str, path: str) -> dict[str, Any]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{path!r} is not TOML: {error}") from error
    known = ("required", "forbidden", "tiers")
    for key in content:
        if key not in known:
            listed = ", ".join(repr(k) for k in known)
            raise DataError(f"{path!r}: {key!r} is none of {listed}{nearest_names(key, known)}")
    return content


def _from_csv(text: str, path: str) -> dict[str, Any]:
    rows = csv.DictReader(text.splitlines())
    if rows.fieldnames is None or not {"rule", "source", "target"} <= set(rows.fieldnames):
        raise DataError(
            f"{path!r} must have the columns rule, source and target, got {rows.fieldnames}"
        )
    arcs: dict[str, list[Arc]] = {"required": [], "forbidden": []}
    tiers: dict[int, list[str]] = {}
    for number, row in enumerate(rows, start=2):
        rule, source, target = (str(row[c] or "").strip() for c in ("rule", "source", "target"))
        if rule in arcs:
            arcs[rule].append((source, target))
        elif rule == "tier" and target.isdecimal():
            tiers.setdefault(int(target), []).append(source)
        else:
            raise DataError(
                f"{path!r}, line {number}: rule must be 'required', 'forbidden' or 'tier' with a "
                f"whole number as target, got {rule!r} with {target!r}"
            )
    return {**arcs, "tiers": [tiers[t] for t in sorted(tiers)]}


def _arcs(parameter: str, arcs: Any) -> tuple[Arc, ...]:
    if isinstance(arcs, str) or not isinstance(arcs, Iterable):
        raise ParameterError(f"{parameter} must be a list of pairs (cause, effect), got {arcs!r}")
    checked = []
    for arc in arcs:
        ends = (arc,) if isinstance(arc, str) or not isinstance(arc, Iterable) else tuple(arc)
        if len(ends) != 2:
            raise ParameterError(f"{parameter} must hold pairs (cause, effect), got {arc!r}")
        cause, effect = (str(v) for v in ends)
        if cause == effect:
            raise ParameterError(f"{parameter}: {cause!r} has an edge to itself")
        checked.append((cause, effect))
    return tuple(dict.fromkeys(checked))


def _tiers(tiers: Any) -> tuple[tuple[str, ...], ...]:
    if isinstance(tiers, str) or not isinstance(tiers, Iterable):
        raise ParameterError(f"tiers must be a list of lists of column names, got {tiers!r}")
    checked = []
    seen: set[str] = set()
    for tier in tiers:
        if isinstance(tier, str) or not isinstance(tier, Iterable):
            raise ParameterError(f"tiers must hold lists of column names, got {tier!r}")
        names = tuple(str(v) for v in tier)
        for name in names:
            if name in seen:
                raise ParameterError(f"tiers: {name!r} stands in more than one place")
            seen.add(name)
        checked.append(names)
    return tuple(checked)
