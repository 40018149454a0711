"""Graph attributes in file formats that hold only scalars.

A value that a format knows is written as it is, so that other tools can use it. Everything else (a
dict of parameters, a list, ...) becomes JSON text behind a mark, and is read back from it. Strict
JSON has no NaN and no infinity; they are the strings "NaN", "Infinity" and "-Infinity", as in the
JSON form of protocol buffers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

_MARK = "json:"
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def to_json(value: Any) -> Any:
    """The nearest value that strict JSON can hold; text for objects that it cannot.

    Examples
    --------
    >>> to_json({"alpha": float("nan"), "names": ("a", "b")})
    {'alpha': 'NaN', 'names': ['a', 'b']}
    """
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(v) for v in value]
    if isinstance(value, (set, frozenset)):
        return sorted((to_json(v) for v in value), key=str)
    return str(value)


def from_json(value: Any) -> Any:
    """Undo :func:`to_json`; what were tuples and sets stay lists, what were objects stay text.

    Examples
    --------
    >>> from_json({"alpha": "NaN", "names": ["a", "b"]})
    {'alpha': nan, 'names': ['a', 'b']}
    """
    if isinstance(value, str):
        return _NOT_FINITE.get(value, value)
    if isinstance(value, dict):
        return {k: from_json(v) for k, v in value.items()}
    if isinstance(value, list):
        return [from_json(v) for v in value]
    return value


def pack(value: Any, scalars: Collection[type]) -> Any:
    """Convert a value to marked JSON text, unless its type is one of `scalars`.

    Examples
    --------
    >>> pack(0.5, {float, str}), pack([1, 2], {float, str})
    (0.5, 'json:[1, 2]')
    """
    if isinstance(value, np.generic):
        value = value.item()
    if type(value) in scalars and not (isinstance(value, str) and value.startswith(_MARK)):
        return value
    return _MARK + json.dumps(to_json(value), ensure_ascii=False, allow_nan=False)


def unpack(value: Any) -> Any:
    """Undo :func:`pack`."""
    if isinstance(value, str) and value.startswith(_MARK):
        try:
            return from_json(json.loads(value[len(_MARK) :]))
        except ValueError:  # text of someone else that begins alike
            return value
    return value


def pack_columns(records: Iterable[dict[str, Any]], scalars: Collection[type]) -> None:
    """Pack the attributes of all nodes, or of all edges, in place, each attribute as one type.

    Most tools read an attribute as a column, so whole numbers among others become floats, and
    other mixtures text.
    """
    columns: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        for key in record:
            columns.setdefault(key, []).append(record)
    for key, holders in columns.items():
        packed = [pack(r[key], scalars) for r in holders]
        types = {type(v) for v in packed}
        if types == {int, float}:
            packed = [float(v) for v in packed]
        elif len(types) > 1:
            packed = [pack(r[key], ()) for r in holders]
        for record, value in zip(holders, packed, strict=True):
            record[key] = value
