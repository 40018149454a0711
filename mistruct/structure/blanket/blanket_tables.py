"""Tables and explanations of a Markov blanket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from mistruct.independence.protocol import Given, TestBatch
from mistruct.structure.blanket.surroundings import Found, Surroundings
from mistruct.structure.causal.evidence import named_sets
from mistruct.structure.causal.skeleton import CORRECTION, INDEPENDENT, UNTESTABLE, Edges, as_array
from mistruct.structure.reasons import Reason, Reasons

_NEIGHBOUR, _SPOUSE, _INTERACTION = "neighbour", "spouse", "interaction"


def member_table(
    names: Sequence[str],
    around: Surroundings,
    target: int,
    neighbours: Sequence[int],
    spouses: Found,
    pairs: Found,
) -> pd.DataFrame:
    """Table with one row per column of the blanket, as in `MarkovBlanket.members_`."""
    of_neighbours, sets = _closest(around, [(target, c) for c in neighbours])
    columns = [*neighbours, *spouses.columns, *pairs.columns]
    tests = _stacked([of_neighbours, spouses.tests, pairs.tests])
    roles = {_NEIGHBOUR: neighbours, _SPOUSE: spouses.columns, _INTERACTION: pairs.columns}
    through = [names[t] for t in (*spouses.through, *pairs.through)]
    return pd.DataFrame(
        {
            "column": [names[c] for c in columns],
            "role": [role for role, of_role in roles.items() for _ in of_role],
            "through": [*[""] * len(neighbours), *through],
            "mi": around.of(target).mi[columns],
            "p_value": tests.p_value,
            "separating_set": named_sets(names, [*sets, *spouses.sets, *pairs.sets]),
            "cmi": tests.mi,
            "n_samples": tests.n_samples,
        }
    )


def removal_table(
    names: Sequence[str],
    around: Surroundings,
    target: int,
    neighbours: Sequence[int],
    alpha: float,
) -> pd.DataFrame:
    """Table with one row per column not adjacent to the target, as in `PC.separations_`."""
    of_target = around.of(target)
    # There may be thousands of columns, of which hardly one is a member that is not a neighbour.
    removed = np.setdiff1d(np.arange(len(names)), [target, *of_target.members])
    asymmetric = [c for c in of_target.members if c not in neighbours]
    of_asymmetric, sets_of_asymmetric = _closest(around, [(target, c) for c in asymmetric])
    others = [*removed.tolist(), *asymmetric]
    tests = _stacked([of_target.tests.take(removed), of_asymmetric])
    sets = [*(of_target.sets[c] for c in removed.tolist()), *sets_of_asymmetric]
    return pd.DataFrame(
        {
            "source": names[target],
            "target": [names[c] for c in others],
            "separating_set": named_sets(names, sets),
            "mi": tests.mi,
            "p_value": tests.p_value,
            "n_samples": tests.n_samples,
            "depth": [len(s) for s in sets],
            "method": tests.method,
            "rule": np.select(
                [~tests.testable, tests.p_value > alpha], [UNTESTABLE, INDEPENDENT], CORRECTION
            ).astype(object),
            "n_tests": of_target.n_tests[others],
        }
    )


def evidence(
    around: Surroundings, target: int, edges: Sequence[tuple[int, int]], pairs: Found
) -> Edges:
    """Edges, with those of pairs, and the test that came closest to separating each."""
    tests, sets = _closest(around, edges)
    mi = [around.of(a).mi[b] for a, b in edges]
    of_pairs = [tuple(sorted((target, c))) for c in pairs.columns]
    return Edges(
        np.array([*edges, *of_pairs], dtype=np.int64).reshape(-1, 2),
        np.array([*mi, *around.of(target).mi[pairs.columns]]),
        np.zeros(len(edges) + len(of_pairs)),
        _stacked([tests, pairs.tests]),
        as_array([*sets, *pairs.sets]),
        np.array(
            [around.of(a).n_tests[b] + around.of(b).n_tests[a] for a, b in edges]
            + [1] * len(of_pairs),
            dtype=np.int64,
        ),
    )


def role_in_words(target: str, x: str, members: pd.DataFrame) -> str:
    """Role of a column in the blanket in words, to be appended to its reason."""
    row: Any
    for row in members[members["column"] == x].itertuples():
        given = ", ".join(row.separating_set)
        dependent = f"dependent given {given}, p = {row.p_value:.2g}"
        if row.role == _SPOUSE:
            return f"; in the blanket as a parent of {row.through!r}: {dependent}"
        if row.role == _INTERACTION:
            return f"; it tells about {target!r} only together with {row.through!r}"
    return ""


def with_roles(found: Reasons, target: str, members: pd.DataFrame) -> Reasons:
    """Append `role_in_words` to the reasons of the target."""

    def with_role(reason: Reason) -> Reason:
        if target not in reason[:2]:
            return reason
        other = reason.y if reason.x == target else reason.x
        return reason._replace(words=reason.words + role_in_words(target, other, members))

    adjacent, absent = ([with_role(r) for r in some] for some in (found.adjacent, found.absent))
    return replace(found, adjacent=adjacent, absent=absent)


def _closest(
    around: Surroundings, pairs: Sequence[tuple[int, int]]
) -> tuple[TestBatch, list[Given]]:
    """The test that came closest to separating each pair, and its set."""
    sides = [around.closest(*pair) for pair in pairs]
    tests = _stacked([side.tests.take(np.array([place])) for side, place in sides])
    return tests, [side.sets[place] for side, place in sides]


def _stacked(parts: Sequence[TestBatch]) -> TestBatch:
    ends = np.cumsum([0, *(len(p.p_value) for p in parts)])
    spans = [np.arange(a, b) for a, b in pairwise(ends)]
    return TestBatch.join(list(zip(spans, parts, strict=True)))
