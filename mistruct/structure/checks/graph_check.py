"""A graph put to the test, and what speaks against it.

Every independence of the graph's Markov basis is tested (:mod:`.markov_basis`). The tests share
columns and rows, so their p-values depend on each other in any way, and those that fail are chosen
by the rule of Benjamini and Yekutieli (2001), which bounds the share of false ones under any
dependence. If the graph is right, the chance that any fails is at most alpha.

One missing edge makes many independences fail. The test of x and y given the parents of y asks
whether x is one more parent, and of all x the missing parent itself has the most information, by
the data processing inequality. So the failures are explained one edge after another: that of the
strongest is added, which explains whatever the larger graph does not imply any more, or implies
given more columns, given which it holds.

Tests of a small sample fail rarely, whatever the graph. So the share of independences that fail one
by one at level alpha is compared with that of the same graph with its names permuted at random
(Eulig, Mastakouri, Bloebaum, Hardt and Janzing 2023): the p-value is the share of those graphs that
fail as rarely.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from mistruct.data.dataset import Dataset, as_dataset
from mistruct.errors import (
    DataError,
    ParameterError,
    Setting,
    check_count,
    check_fraction,
    nearest_names,
)
from mistruct.independence.base import IndependenceTest
from mistruct.independence.names import resolve_or_call
from mistruct.independence.protocol import Ragged, TestBatch
from mistruct.parallel import run_in_turn
from mistruct.structure.checks.graph_verdict import GraphCheck
from mistruct.structure.checks.markov_basis import Independence, MarkovBasis, basis_of
from mistruct.structure.mixed_graph import as_mixed_graph

if TYPE_CHECKING:
    import pandas as pd

# More pairs than this fill the memory.
_MOST_PAIRS = 2_000_000

#: So many questions are asked of each permuted graph, at most.
MOST_PERMUTED = 2_000


def check_graph(
    graph: nx.Graph,
    data: Any,
    *,
    test: str | IndependenceTest | Callable[..., float] = "auto",
    alpha: float = 0.05,
    n_permutations: int = 99,
    hidden: Iterable[str] = (),
    seed: int | None = 0,
) -> GraphCheck:
    """Test a graph against a table: the independences that it implies, and each of its edges.

    Parameters
    ----------
    graph : networkx.DiGraph or networkx.Graph
        A DAG, such as a pgmpy Bayesian network; a CPDAG, whose undirected edges are two opposite
        arcs; a PAG, whose arcs (u, v) have as attribute `mark` what stands at v; or a Markov
        network, which is a `Graph`. Its nodes are columns.
    data : Dataset, DataFrame, array of shape (n_samples, n_variables), or AnnData
        The table; columns that are no nodes are left out.
    test : {"auto", "g", "copula", "knn", "hybrid"}, test or callable
        As of :class:`PC`. The smallest p-value that a test by permutations can give has to be far
        below `alpha` divided by the number of tests.
    alpha : float
        Bound on the expected share of false violations, and of edges that are taken for needed.
    n_permutations : int
        Graphs with permuted names, for `p_value`; 0 for none. Each is asked for at most 2,000 of
        its independences.
    hidden : iterable of nodes
        Nodes of a directed graph that were not measured, beside those with a true node attribute
        `hidden`.
    seed : int or None
        Of the permutations of the names.

    Returns
    -------
    GraphCheck

    Raises
    ------
    DataError
        A node is no column, the graph has a cycle of arrows or is no legal PAG, or more than two
        million pairs of nodes have no edge.
    ParameterError
        A parameter breaks its rule.

    See Also
    --------
    adjustment_set : What to adjust for, if the graph is right.

    References
    ----------
    Eulig, Mastakouri, Bloebaum, Hardt and Janzing (2023), "Toward falsifying causal graphs using a
    permutation-based test", arXiv:2305.09565.
    Benjamini and Yekutieli (2001), "The control of the false discovery rate in multiple testing
    under dependency", Annals of Statistics 29.

    Examples
    --------
    A chain from which the middle edge is missing:

    >>> import networkx as nx
    >>> import numpy as np
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> a = rng.normal(size=500)
    >>> b = a + rng.normal(size=500)
    >>> c = b + rng.normal(size=500)
    >>> table = pd.DataFrame({"a": a, "b": b, "c": c, "d": c + rng.normal(size=500)})
    >>> graph = nx.DiGraph([("a", "b"), ("c", "d")])
    >>> found = ms.check_graph(graph, table, n_permutations=0)
    >>> found.refuted, found.missing
    (True, [('b', 'c')])
    >>> graph.add_edge("b", "c")
    >>> ms.check_graph(graph, table, n_permutations=0).verdict
    'not refuted: all 3 implied independences hold (false discovery rate 0.05)'
    """
    import pandas as pd

    check_levels(alpha, n_permutations)
    if seed is not None:
        check_count("seed", seed, least=0)
    used = resolve_or_call(test)
    mixed = as_mixed_graph(graph, hidden)
    basis = basis_of(mixed)
    table = columns_of(basis.names, data)
    n_pairs = math.comb(len(basis.names), 2) - len(basis.edges)
    if n_pairs > _MOST_PAIRS:
        raise DataError(
            f"{n_pairs:,} pairs of nodes have no edge, more than the {_MOST_PAIRS:,} that can be "
            "tested; check a part of the graph, graph.subgraph(...)"
        )
    asked = basis.independences()
    tests = _ask(used, table, asked, alpha)
    results = _table(tests, asked, basis.names, alpha)
    failing = results[results["p_adjusted"] <= alpha]
    failing = failing.sort_values(["mi", "x", "y"], ascending=[False, True, True])
    explained = _explain(basis, [asked[k] for k in failing.index], failing, used, table)
    return GraphCheck(
        kind=mixed.kind,
        tests=results,
        violations=failing.assign(
            explained_by=pd.Series(explained, failing.index, dtype=object)
        ).reset_index(drop=True),
        needless=_needless(used, basis_of(mixed), table, alpha),
        p_value=_share_as_good(used, table, asked, tests, alpha, n_permutations, seed),
        alpha=alpha,
        test=used.description,
    )


def check_levels(alpha: float, n_permutations: int) -> None:
    """Raise ParameterError if so many permutations cannot reach a level."""
    check_fraction("alpha", alpha)
    check_count("n_permutations", n_permutations, least=0)
    if 0 < n_permutations < 1 / alpha - 1:
        raise ParameterError(
            Setting("n_permutations"),
            f" must be 0 or at least {math.ceil(1 / alpha - 1)}, so that a p-value can be "
            f"{alpha:g}, got {n_permutations}",
        )


def columns_of(names: Sequence[str], data: Any) -> Dataset:
    """The columns of a table that are nodes, in the order of the nodes."""
    table = as_dataset(data)
    absent = [v for v in names if v not in table.kinds]
    if absent:
        shown = ", ".join(f"{v!r}{nearest_names(v, table.names)}" for v in absent[:3])
        raise DataError(
            f"{len(absent)} of {len(names)} nodes of the graph are no columns of the table: {shown}"
            "; rename them, or name those that were not measured: ",
            Setting("hidden"),
        )
    if len(names) < 2:
        raise DataError(f"a graph to check has two measured nodes or more, got {len(names)}")
    return table.select(names)


def _ask(
    test: IndependenceTest, table: Dataset, asked: Sequence[Independence], alpha: float
) -> TestBatch:
    """The answers of a test, exact enough for p-values far below alpha."""
    pairs = np.array([a[:2] for a in asked], dtype=np.int64).reshape(-1, 2)
    sets = Ragged.of([a.z for a in asked])
    return test.test_each(table, pairs, sets, alpha / max(len(asked), 1))


def _table(
    tests: TestBatch, asked: Sequence[Independence], names: Sequence[str], alpha: float
) -> pd.DataFrame:
    """One row per question, with its answer."""
    import pandas as pd
    from scipy.stats import false_discovery_control

    adjusted = np.full(len(asked), np.nan)
    if tests.testable.any():
        known = tests.p_value[tests.testable]
        adjusted[tests.testable] = false_discovery_control(known, method="by")
    return pd.DataFrame(
        {
            "x": [names[a.x] for a in asked],
            "y": [names[a.y] for a in asked],
            "given": pd.Series([tuple(names[c] for c in a.z) for a in asked], dtype=object),
            "mi": tests.mi,
            "p_value": tests.p_value,
            "p_adjusted": adjusted,
            "n_samples": tests.n_samples,
        }
    )


def _explain(
    basis: MarkovBasis,
    failing: Sequence[Independence],
    results: pd.DataFrame,
    test: IndependenceTest,
    table: Dataset,
) -> list[tuple[str, str]]:
    """Find the new edge that would explain each failing independence, strongest first."""
    explained: list[tuple[str, str]] = [("", "")] * len(failing)
    asked, mi = list(failing), results["mi"].tolist()
    limit = results["p_value"].max()
    left = list(range(len(failing)))
    while left:
        x, y, _ = asked[max(left, key=lambda k: mi[k])]
        edge = basis.join(x, y)
        now = {k: basis.question(*asked[k][:2]) for k in left}
        changed = {k: a for k, a in now.items() if a is not None and a != asked[k]}
        tests = _ask(test, table, list(changed.values()), limit)
        held = {k for k, p in zip(changed, tests.p_value, strict=True) if not p <= limit}
        for k, value in zip(changed, tests.mi.tolist(), strict=True):
            asked[k], mi[k] = changed[k], value
        for k in left:
            if now[k] is None or k in held:
                explained[k] = edge
        left = [k for k in left if now[k] is not None and k not in held]
    return explained


def _needless(
    test: IndependenceTest, basis: MarkovBasis, table: Dataset, alpha: float
) -> pd.DataFrame:
    """The edges without which the graph agrees with the data as well."""
    asked = {e: without for e in basis.edges if (without := basis.without(*e)) is not None}
    questions = list(asked.values())
    results = _table(_ask(test, table, questions, alpha), questions, basis.names, alpha)
    results.insert(0, "target", [v for _, v in asked])
    results.insert(0, "source", [u for u, _ in asked])
    found = results[results["p_adjusted"] > alpha].drop(columns=["x", "y"])
    found = found.sort_values(["p_value", "source", "target"], ascending=[False, True, True])
    return found.reset_index(drop=True)


def _share_as_good(
    test: IndependenceTest,
    table: Dataset,
    asked: Sequence[Independence],
    tests: TestBatch,
    alpha: float,
    n_permutations: int,
    seed: int | None,
) -> float:
    """P-value of "no better than with permuted names"."""
    if not n_permutations or not tests.testable.any():
        return np.nan
    rng = np.random.default_rng(seed)
    chosen = np.arange(len(asked))
    if len(asked) > MOST_PERMUTED:
        chosen = rng.choice(len(asked), MOST_PERMUTED, replace=False)
    observed = _share_failing(tests.take(chosen), alpha)

    def permuted(names: NDArray[np.int64]) -> bool:
        others = [
            Independence(int(names[x]), int(names[y]), tuple(names[list(z)].tolist()))
            for x, y, z in (asked[k] for k in chosen.tolist())
        ]
        # As good, too, where nothing could be tested.
        return not _share_failing(_ask(test, table, others, alpha), alpha) > observed

    drawn = [rng.permutation(table.n_variables) for _ in range(n_permutations)]
    as_good = sum(run_in_turn(permuted, drawn, description="permuted names"))
    return (1 + as_good) / (1 + n_permutations)


def _share_failing(tests: TestBatch, alpha: float) -> float:
    """Share of the tests that could be made which reject, one by one; NaN where there are none."""
    known = tests.p_value[tests.testable]
    return float(np.mean(known <= alpha)) if len(known) else np.nan
