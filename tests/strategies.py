"""hypothesis strategies for small tables of codes, with the columns that break estimators."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.reference import CORRECTIONS

Codes = np.ndarray[Any, np.dtype[Any]]
Size = int | st.SearchStrategy[int]

KINDS = ("even", "skewed", "constant", "copy", "relabelled", "merged", "high-cardinality")

corrections = st.sampled_from(CORRECTIONS)
alphas = st.sampled_from([1e-4, 0.01, 0.05, 0.2, 0.5])


def _size(draw: st.DrawFn, size: Size) -> int:
    return size if isinstance(size, int) else draw(size)


def _column(draw: st.DrawFn, kind: str, earlier: list[Codes], n_rows: int, n_states: int) -> Codes:
    if earlier and kind in ("copy", "relabelled", "merged"):
        source = earlier[draw(st.integers(0, len(earlier) - 1))]
        if kind == "relabelled":
            return int(source.max()) - source
        return source // 2 if kind == "merged" else source.copy()
    if kind == "constant":
        return np.zeros(n_rows, dtype=np.int64)
    if kind == "high-cardinality":
        # A shuffled identity with few entries changed: nearly every row a state of its own.
        codes = np.array(draw(st.permutations(range(n_rows))), dtype=np.int64)
        codes[: draw(st.integers(0, max(n_rows // 3, 1)))] = 0
        return codes
    fill = st.just(0) if kind == "skewed" else st.nothing()
    return draw(arrays(np.int64, n_rows, elements=st.integers(0, n_states - 1), fill=fill))


@st.composite
def categorical_columns(
    draw: st.DrawFn,
    n_columns: Size = st.integers(2, 5),  # noqa: B008
    n_rows: Size = st.integers(1, 40),  # noqa: B008
    n_states: Size = st.integers(2, 5),  # noqa: B008
    kinds: tuple[str, ...] = KINDS,
) -> Codes:
    """A table of codes, shape (n_columns, n_rows), variable-major, smallest unsigned type.

    The codes of a column are 0 to r - 1 and each occurs, so r is both its number of categories
    and its number of observed states. `n_states` bounds r, except for "high-cardinality" columns,
    where it is near n_rows. Drawn per column; sizes may be numbers or strategies.
    """
    rows = _size(draw, n_rows)
    table: list[Codes] = []
    for _ in range(_size(draw, n_columns)):
        column = _column(draw, draw(st.sampled_from(kinds)), table, rows, _size(draw, n_states))
        table.append(np.unique(column, return_inverse=True)[1])
    codes = np.array(table)
    return codes.astype(np.min_scalar_type(codes.max()))


@st.composite
def conditioned_pairs(
    draw: st.DrawFn,
    n_given: Size = st.integers(0, 3),  # noqa: B008
    n_rows: Size = st.integers(1, 40),  # noqa: B008
    n_states: Size = st.integers(2, 4),  # noqa: B008
) -> tuple[Codes, Codes, list[Codes]]:
    """x, y and a list z of zero or more conditioning columns."""
    x, y, *z = draw(categorical_columns(2 + _size(draw, n_given), n_rows, n_states))
    return x, y, z


@st.composite
def state_counts(
    draw: st.DrawFn, max_states: int = 12, max_count: int = 30, max_unseen: int = 5
) -> tuple[list[int], int]:
    """Positive counts of the observed states, and the number of states with the unseen ones."""
    counts = draw(st.lists(st.integers(1, max_count), min_size=1, max_size=max_states))
    return counts, len(counts) + draw(st.integers(0, max_unseen))


@st.composite
def weighted_graphs(
    draw: st.DrawFn,
    n_nodes: Size = st.integers(2, 6),  # noqa: B008
    tied: bool = True,
) -> tuple[dict[tuple[int, int], float], range]:
    """Weights of some edges (a < b) and the nodes; few distinct weights, hence ties, if `tied`."""
    nodes = range(_size(draw, n_nodes))
    pairs = [(a, b) for b in nodes for a in range(b)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True))
    values = st.sampled_from([0.0, 0.25, 0.5, 1.0]) if tied else st.floats(0, 1, width=32)
    return {edge: draw(values) for edge in edges}, nodes
