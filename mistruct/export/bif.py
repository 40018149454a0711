"""Bayesian networks in the Interchange Format (BIF 0.15, Cozman 1998).

BIF names are identifiers: letters, digits and underscores, no spaces, commas or parentheses; and
all states are names. So each name that is none gets an identifier, unique whatever the case of its
letters, and the variable's block keeps the original in `property` lines, which tools that do not
know them skip::

    variable Ki_67_high {
      type discrete [ 2 ] { s0, s1 };
      property mistruct_name = Ki-67, high ;
      property mistruct_states = [0, 1] ;
    }

The values are percent-encoded, and the states are JSON, so that whole numbers, booleans and text
come back as what they were. A network whose names are identifiers gets no such lines.
"""

from __future__ import annotations

import json
import re
import unicodedata
import urllib.parse
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from mistruct.errors import DataError

if TYPE_CHECKING:
    from pgmpy.models import DiscreteBayesianNetwork

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_RESERVED = {"network", "variable", "probability", "property"}
_RESERVED |= {"type", "discrete", "default", "table"}

# Letters that Unicode does not take apart.
_LETTERS = {"ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "ł": "l"}
_LETTERS |= {"Ł": "L", "đ": "d", "Đ": "D", "þ": "th", "Þ": "Th", "ð": "d"}

# Harmless in a property, and worth having in the clear.
_CLEAR = "[]-,: "


def format_bif(model: Any) -> str:
    """BIF text of a pgmpy DiscreteBayesianNetwork.

    Parameters
    ----------
    model : pgmpy.models.DiscreteBayesianNetwork
        A complete model; states are whole numbers, booleans, floats or strings.

    Returns
    -------
    str
        ASCII text. Probabilities have all their digits.

    Raises
    ------
    DataError
        Not such a model, not a complete one, or a state of another type.

    Examples
    --------
    >>> import networkx as nx
    >>> import pandas as pd
    >>> from mistruct.export.pgmpy_models import to_bayesian_network
    >>> table = pd.DataFrame({"rain": ["no", "yes"], "wet": [False, True]})
    >>> graph = nx.DiGraph([("rain", "wet")])
    >>> print(format_bif(to_bayesian_network(graph, table, equivalent_sample_size=4)))
    network unknown {
    }
    variable rain {
      type discrete [ 2 ] { no, yes };
    }
    variable wet {
      type discrete [ 2 ] { False, True };
      property mistruct_states = [false, true] ;
    }
    probability ( rain ) {
      table 0.5, 0.5;
    }
    probability ( wet | rain ) {
      (no) 0.6666666666666666, 0.3333333333333333;
      (yes) 0.3333333333333333, 0.6666666666666666;
    }
    """
    from pgmpy.models import DiscreteBayesianNetwork

    if not isinstance(model, DiscreteBayesianNetwork):
        raise DataError(
            "BIF holds discrete Bayesian networks of pgmpy, "
            f"got {type(model).__name__}; to_bayesian_network makes one of a graph"
        )
    try:
        model.check_model()
    except (ValueError, AttributeError) as error:
        raise DataError(f"the model is not complete: {error}") from error
    name = model.name if _IDENTIFIER.fullmatch(str(model.name or "")) else "unknown"
    variables = _identifiers(model.nodes, "v")
    states = {v: list(model.get_cpds(v).state_names[v]) for v in model.nodes}
    words = {v: list(_identifiers(states[v], "s").values()) for v in model.nodes}
    lines = [f"network {name} {{", "}"]
    for node, word in variables.items():
        lines.append(f"variable {word} {{")
        lines.append(f"  type discrete [ {len(words[node])} ] {{ {', '.join(words[node])} }};")
        if word != node:
            lines.append(f"  property mistruct_name = {_encode(str(node))} ;")
        if words[node] != states[node]:
            lines.append(f"  property mistruct_states = {_encode(_states_text(node, states))} ;")
        lines.append("}")
    for node, word in variables.items():
        cpd = model.get_cpds(node)
        parents = cpd.variables[1:]
        table = np.asarray(cpd.values)
        given = f" | {', '.join(variables[p] for p in parents)}" if parents else ""
        lines.append(f"probability ( {word}{given} ) {{")
        for configuration in np.ndindex(table.shape[1:]):
            at = [words[p][i] for p, i in zip(parents, configuration, strict=True)]
            start = f"({', '.join(at)})" if parents else "table"
            numbers = ", ".join(map(repr, table[:, *configuration].tolist()))
            lines.append(f"  {start} {numbers};")
        lines.append("}")
    return "\n".join([*lines, ""])


def parse_bif(text: str) -> DiscreteBayesianNetwork:
    """Model of a BIF text, with the original names and states where :func:`format_bif` left them.

    Raises
    ------
    DataError
        The text is not BIF that pgmpy can read, or does not describe a complete model.
    """
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.models import DiscreteBayesianNetwork
    from pgmpy.readwrite import BIFReader

    try:
        reader = BIFReader(string=text, include_properties=True)
    except Exception as error:  # its parser meets broken files with every kind of error
        raise DataError(f"it is not BIF that pgmpy can parse ({error!r})") from error
    if not reader.variable_names:
        raise DataError("it is not BIF: no variable is declared")
    names: dict[str, str] = {}
    states: dict[str, list[Any]] = {}
    for word in reader.variable_names:
        properties = dict(_property(p) for p in reader.variable_properties[word])
        names[word] = properties.get("mistruct_name", word)
        stored = properties.get("mistruct_states")
        states[word] = json.loads(stored) if stored else list(reader.variable_states[word])
    model = DiscreteBayesianNetwork()
    model.name = reader.network_name
    try:
        model.add_nodes_from(names.values())
        model.add_edges_from((names[a], names[b]) for a, b in reader.variable_edges)
        for word, values in reader.variable_cpds.items():
            parents = reader.variable_parents[word]
            model.add_cpds(
                TabularCPD(
                    names[word],
                    len(states[word]),
                    values,
                    evidence=[names[p] for p in parents],
                    evidence_card=[len(states[p]) for p in parents],
                    state_names={names[v]: states[v] for v in (word, *parents)},
                )
            )
        model.check_model()
    except (ValueError, KeyError, AttributeError) as error:
        raise DataError(f"it does not describe a complete model: {error}") from error
    return model


def _identifiers(names: Iterable[Any], prefix: str) -> dict[Any, str]:
    """An identifier for each name: itself where it is one."""
    given: dict[Any, str] = dict.fromkeys(names, "")
    taken = set(_RESERVED)
    # Names that are identifiers come first, so that none is displaced by what another becomes.
    for name in sorted(given, key=lambda n: not _IDENTIFIER.fullmatch(str(n))):
        word = re.sub(r"[^A-Za-z0-9_]+", "_", _in_ascii(str(name))).strip("_") or prefix
        if not _IDENTIFIER.fullmatch(word):
            word = prefix + word
        base, number = word, 1
        while word.lower() in taken:
            number += 1
            word = f"{base}_{number}"
        taken.add(word.lower())
        given[name] = word
    return given


def _in_ascii(text: str) -> str:
    """Letters of other alphabets as letters of ASCII that resemble or name them.

    Some readers of BIF, pyAgrum among them, take no others.
    """
    spelled = []
    for letter in unicodedata.normalize("NFKD", text):
        if letter.isascii() or not letter.isalpha():
            spelled.append("" if unicodedata.combining(letter) else letter)
        elif letter in _LETTERS:
            spelled.append(_LETTERS[letter])
        elif unicodedata.name(letter, "").startswith("GREEK"):
            spelled.append(unicodedata.name(letter).split(" WITH ")[0].split()[-1].lower())
        else:
            spelled.append(f"u{ord(letter):x}")
    return "".join(spelled)


def _states_text(node: str, states: dict[str, list[Any]]) -> str:
    plain = [s.item() if isinstance(s, np.generic) else s for s in states[node]]
    for state in plain:
        if not isinstance(state, (bool, int, float, str)):
            raise DataError(
                f"the state {state!r} of {node!r} is a {type(state).__name__}; "
                "BIF files keep whole numbers, booleans, floats and strings"
            )
    return json.dumps(plain, ensure_ascii=False)


def _encode(text: str) -> str:
    # Spaces at an end or after another may be lost to whoever parses the line.
    return re.sub("^ | $|(?<= ) ", "%20", urllib.parse.quote(text, safe=_CLEAR))


def _property(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key.strip(), urllib.parse.unquote(value.strip())
