r"""Skeletons at a smaller alpha, from the evidence of a search at a larger one.

At a smaller alpha more p-values separate, so at each depth what is adjacent is part of what was.
Follow the search once more: a pair whose largest p-value at this depth is at most the new alpha
stays, since all its sets were tried. One whose largest p-value exceeds it goes, if the set that
gave that p-value still lies among the neighbours of one of the two. If it does not, another set
might separate the pair, or none, and only a new search can say. So it is where a separation by
determinism leans on an edge that goes now, and where columns determine each other as a group.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mistruct.errors import ParameterError
from mistruct.structure.causal.skeleton import (
    DETERMINED,
    FORBIDDEN,
    UNTESTABLE,
    Edges,
    Skeleton,
    adjacency,
)
from mistruct.structure.knowledge import Constraints


def edges_at(
    found: Skeleton, alpha: float, constraints: Constraints, names: Sequence[str]
) -> Edges:
    """Edges of a search at a smaller alpha; ParameterError if tests for it are missing."""
    for group in found.groups:
        raise ParameterError(
            f"alpha={alpha!r} needs new tests: {[names[c] for c in group]} determine each other "
            "and are held together against one column in their place; fit again"
        )
    left: NDArray[np.bool_] | None = None
    removed_by: dict[tuple[int, int], list[int]] = {}
    for of_depth in found.rounds:
        gone = np.isin(of_depth.rule, [UNTESTABLE, FORBIDDEN])
        separated = (of_depth.tests.p_value > alpha) | (
            (of_depth.rule == DETERMINED) & ~(of_depth.relevance > alpha)
        )
        in_doubt = (of_depth.rule == DETERMINED) & (of_depth.relevance > alpha)
        separated &= ~constraints.kept[tuple(of_depth.pairs.T)]
        if left is None:
            left = adjacency(found.n_variables, of_depth.pairs[~gone & ~separated])
            continue
        before = left.copy()
        parents = before & constraints.possible
        for k in np.flatnonzero(separated | in_doubt).tolist():
            x, y = of_depth.pairs[k].tolist()
            if not before[x, y]:
                continue
            given = of_depth.sets[k][of_depth.sets[k] >= 0].tolist()
            if in_doubt[k] or not (parents[given, x].all() or parents[given, y].all()):
                raise ParameterError(
                    f"alpha={alpha!r} needs new tests: {names[x]!r} and {names[y]!r} were "
                    f"separated by {[names[z] for z in given]}, which at this level may no longer "
                    "separate them; fit again"
                )
            left[x, y] = left[y, x] = False
            removed_by[x, y] = given
    for leans in (found_at.leans for found_at in found.rounds):
        for lean in (lean for of_pair in leans.values() for lean in of_pair):
            if lean.shadow in removed_by.get(lean.edge, ()):
                x, y = lean.edge
                raise ParameterError(
                    f"alpha={alpha!r} needs new tests: {names[x]!r} and {names[y]!r} are separated "
                    f"by {names[lean.shadow]!r} among others, which leans on their edge; fit again"
                )
    assert left is not None
    return found.edges.take(left[tuple(found.edges.pairs.T)])
