r"""PC: a candidate causal graph from tests of conditional independence.

In three steps (Spirtes, Glymour and Scheines 2000): the skeleton, by removing every pair that some
set separates; the v-structures, by which separating sets leave the middle of a triple out; and
what follows from these. DAGs that imply the same independences are told apart by nothing in the
data, so what comes out is their class, a CPDAG: arrows that all of them share, and undirected
edges where they differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import get_args

import networkx as nx
import pandas as pd

from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError, check_choice, check_count, check_fraction
from mistruct.independence.base import IndependenceTest
from mistruct.independence.names import resolve_or_call
from mistruct.structure.causal.base import CausalLearner
from mistruct.structure.causal.determinism import Determinism
from mistruct.structure.causal.evidence import (
    edge_table,
    explain,
    reasons,
    separation_table,
    triple_table,
)
from mistruct.structure.causal.meek import Oriented, orient
from mistruct.structure.causal.rethreshold import edges_at
from mistruct.structure.causal.search_cost import SearchCost, search_cost
from mistruct.structure.causal.skeleton import Edges, Skeleton
from mistruct.structure.causal.skeleton_search import control_fdr, learn_skeleton
from mistruct.structure.causal.to_dag import nearest_dag
from mistruct.structure.causal.v_structures import Orientation, Triple, judge_triples, middles_of
from mistruct.structure.knowledge import Constraints, Knowledge
from mistruct.structure.reasons import Reasons


class PC(CausalLearner):
    r"""Candidate causal graph by tests of conditional independence.

    Parameters
    ----------
    alpha : float
        Level of each test: a pair is separated by a set whose p-value exceeds it.
    test : str, test or callable
        ``auto``, ``g``, ``copula``, ``knn``, ``hybrid``, a test such as :class:`GTest`, or a
        function ``f(data, x, y, z)`` that returns the p-value of "x is independent of y given z",
        with a pandas DataFrame, two names and a tuple of names.
    max_conditioning : int, optional
        The largest conditioning set. By default as many columns as there are neighbours; but
        where all sets up to one size could take more than a minute, by constants that are the same
        on every machine, the search stops before that size and warns.
    orientation : {"majority", "standard", "conservative"}
        Whether the middle of a triple is a collider: by more than half of the sets that separate
        its ends, by the one that was found first, or by all. Sets of a size vote only if all votes
        up to it take 5 s or less, by the same constants as `max_conditioning`; else a warning
        says so.
    fdr : float, optional
        Keep only edges that pass Benjamini and Hochberg's rule at this share of false ones, by
        their largest p-values over all pairs; beside `alpha`, which governs the search.
    determinism : {"informative", "textbook"}
        What to believe where z determines x in the sample, so that nothing is left to test: that
        z separates x and y only if z says more about y than x does, or always.
    knowledge : Knowledge, optional
        Edges that must or must not be there, and tiers of time.

    Attributes
    ----------
    graph_ : networkx.DiGraph
        The CPDAG; an undirected edge is two opposite arcs. Edge attributes: `mi` (nats), `p_value`,
        `n_samples`, `orientation` ("directed", "undirected" or "contested") and `n_tests`. Graph
        attributes `ambiguous_triples` and `contested_edges` list what the tests disagree on, so
        what no rule may rest on; `groups` lists columns that determine each other, such as one-hot
        columns. The directed part has no cycle.
    edges_ : pandas.DataFrame
        One row an edge, the strongest first: source, target, mi (without conditioning), p_value
        (the largest), n_samples, orientation, separating_set (which gave the largest p-value, so
        came closest to separating), cmi (the information given that set), n_tests.
    separations_ : pandas.DataFrame
        One row a pair that was removed: source, target, separating_set, mi (given the set),
        p_value, n_samples, depth, method, rule ("independent", "determined", "untestable",
        "forbidden" or "fdr"), n_tests.
    triples_ : pandas.DataFrame
        One row an unshielded triple x - middle - y: how many sets separate its ends, how many hold
        the middle, and the verdict.
    skeleton_ : networkx.Graph
        The adjacencies, with `mi`, `p_value`, `n_samples` and `n_tests`.
    dag_ : networkx.DiGraph
        A DAG that keeps every arrow of `graph_`, to fit a Bayesian network to. It is one of the
        class wherever one exists, which contested and ambiguous triples may prevent; then it has
        few v-structures that `graph_` has not.
    separating_sets_ : dict of frozenset to tuple of str
        The set that separated each pair which is not adjacent.
    test_
        What tested, with the seed.
    n_features_in_ : int
        Number of columns seen during `fit`.
    feature_names_in_ : ndarray of str, shape (n_features,)
        Their names.

    Notes
    -----
    Nothing depends on the order of columns: neighbours are those at the beginning of a depth
    (Colombo and Maathuis 2014), candidates are tried strongest first with ties by name, votes and
    rules look at the whole graph at once. v-structures that contradict each other leave the edge
    between them undirected and marked as contested.

    A constant column is adjacent to nothing. Of two identical columns each determines the other;
    under ``informative`` both keep their edge to each other and to whatever either is adjacent to,
    and under ``textbook`` each separates the other from everything else. Under ``informative``
    what depends on a group of columns that determine each other (one-hot columns, sums and their
    parts) keeps an edge to at least one of them.

    The graph means what its assumptions allow; see "Causal graphs" in the user guide.

    References
    ----------
    Spirtes, Glymour and Scheines (2000), "Causation, Prediction, and Search", section 5.4.2.
    Colombo and Maathuis (2014), "Order-independent constraint-based causal structure learning",
    Journal of Machine Learning Research 15.
    Meek (1995), "Causal inference and causal explanation with background knowledge", UAI.
    Ramsey, Zhang and Spirtes (2006), "Adjacency-faithfulness and conservative causal inference",
    UAI.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> rain, sprinkler = rng.random((2, 2000)) < 0.4
    >>> wet = (rain | sprinkler) ^ (rng.random(2000) < 0.1)
    >>> table = pd.DataFrame({"rain": rain, "sprinkler": sprinkler, "wet": wet})
    >>> cause = ms.PC(alpha=0.01).fit(table)
    >>> sorted(cause.graph_.edges)
    [('rain', 'wet'), ('sprinkler', 'wet')]
    >>> cause.why("rain", "sprinkler")
    "'rain' and 'sprinkler' are not adjacent: removed at depth 0: independent, p = 0.78"
    """

    algorithm = "pc"

    def __init__(
        self,
        alpha: float = 0.01,
        test: str | IndependenceTest | Callable[..., float] = "auto",
        *,
        max_conditioning: int | None = None,
        orientation: Orientation = "majority",
        fdr: float | None = None,
        determinism: Determinism = "informative",
        knowledge: Knowledge | None = None,
    ) -> None:
        self.alpha = alpha
        self.test = test  # type: ignore[assignment]  # a function becomes a test in `fit`
        self.max_conditioning = max_conditioning
        self.orientation = orientation
        self.fdr = fdr
        self.determinism = determinism
        self.knowledge = knowledge

    def _check_parameters(self) -> None:
        check_fraction("alpha", self.alpha)
        if self.fdr is not None:
            check_fraction("fdr", self.fdr)
        if self.max_conditioning is not None:
            check_count("max_conditioning", self.max_conditioning, least=0)
        check_choice("orientation", self.orientation, get_args(Orientation))
        check_choice("determinism", self.determinism, get_args(Determinism))
        super()._check_parameters()

    def _learn(self, data: Dataset) -> pd.DataFrame:
        self.test_ = resolve_or_call(self.test)
        constraints = self._known(data)
        found = learn_skeleton(
            data,
            self.test_,
            alpha=self.alpha,
            max_conditioning=self.max_conditioning,
            determinism=self.determinism,
            constraints=constraints,
        )
        if self.fdr is not None:
            found = control_fdr(found, self.fdr, constraints.kept)
        triples, oriented = self._orient(data, found, constraints)
        self._names, self._alpha, self._by_fdr = data.names, self.alpha, self.fdr is not None
        self._found, self._constraints = found, constraints
        self._oriented, self._triples = oriented, triples
        self._separations: pd.DataFrame | None = None
        return edge_table(data.names, found.edges, oriented)

    def _orient(
        self, data: Dataset, found: Skeleton, constraints: Constraints
    ) -> tuple[list[Triple], Oriented]:
        adjacent = found.adjacent
        middles = middles_of(adjacent)
        triples = judge_triples(
            data,
            self.test_,
            self.orientation,
            adjacent,
            middles,
            found.separating_sets(among=middles),
            constraints,
            self.alpha,
            found.depth,
        )
        of_verdict: dict[str, list[tuple[int, int, int]]] = {}
        for t in triples:
            of_verdict.setdefault(t.verdict, []).append((t.x, t.middle, t.y))
        colliders = of_verdict.get("collider", [])
        noncolliders = of_verdict.get("noncollider", [])
        oriented = orient(adjacent, colliders, noncolliders, constraints, data.names)
        arrows = oriented.arrows
        return [
            replace(t, verdict="conflict")
            if t.verdict == "collider" and not {(t.x, t.middle), (t.y, t.middle)} <= arrows
            else t
            for t in triples
        ], oriented

    def _graph(self, nodes: Iterable[str], edges: pd.DataFrame) -> nx.DiGraph:
        graph = super()._graph(nodes, edges.drop(columns=["separating_set", "cmi"]))
        ambiguous = [t for t in self._triples if t.verdict in ("ambiguous", "conflict")]
        graph.graph["ambiguous_triples"] = [
            [self._names[v] for v in (t.x, t.middle, t.y)] for t in ambiguous
        ]
        graph.graph["groups"] = [[self._names[c] for c in g] for g in self._found.groups]
        graph.graph["contested_edges"] = [
            [self._names[v] for v in pair] for pair in sorted(self._oriented.contested)
        ]
        return graph

    @property
    def skeleton_(self) -> nx.Graph:
        """The adjacencies without directions."""
        return self._skeleton_of(self._found.edges)

    @property
    def dag_(self) -> nx.DiGraph:
        """One DAG of the class, to fit a model to; nearly one where the tests disagree."""
        return nearest_dag(self.graph_)

    @property
    def separations_(self) -> pd.DataFrame:
        """Table of the removed pairs, computed on first use, as there can be many."""
        if self._separations is None:
            self._separations = separation_table(self._names, self._found)
        return self._separations

    @property
    def separating_sets_(self) -> dict[frozenset[str], tuple[str, ...]]:
        """The separating set of each pair that a test removed, by names."""
        return {
            frozenset((self._names[a], self._names[b])): tuple(sorted(self._names[z] for z in s))
            for (a, b), s in self._found.separating_sets().items()
        }

    @property
    def triples_(self) -> pd.DataFrame:
        """Table of the unshielded triples and their verdicts."""
        return triple_table(self._names, self._triples)

    def _reason(self, x: str, y: str) -> str:
        tables = self.edges_, self.separations_
        words = explain(x, y, self._names, *tables, self._required)
        return words + self._as_group(x, y)

    def reasons(self, most: int = 20_000) -> Reasons:
        """Reasons as by `why`, for all edges and the `most` absent pairs closest to an edge."""
        found = reasons(self.edges_, self.separations_, self._required, most)
        adjacent = [r._replace(words=r.words + self._as_group(r.x, r.y)) for r in found.adjacent]
        return replace(found, adjacent=adjacent)

    def _as_group(self, x: str, y: str) -> str:
        """Sentence to be appended if a pair was tested as a group of columns."""
        words, pair = "", tuple(sorted((self._names.index(x), self._names.index(y))))
        for group, edges in self._found.groups.items():
            if pair in edges:
                members = ", ".join(self._names[c] for c in group)
                words += f"; tested as one column with all that {members} say, "
                words += "as they determine each other"
        return words

    def _cost(self, data: Dataset) -> SearchCost:
        return search_cost(data, resolve_or_call(self.test), self.alpha, self.max_conditioning)

    def threshold(self, alpha: float) -> nx.Graph:
        """Skeleton at a smaller alpha, without testing again.

        Parameters
        ----------
        alpha : float
            At most the `alpha` of the fit.

        Returns
        -------
        networkx.Graph
            What `skeleton_` would be after a fit at this level, except that the evidence of an
            edge is that of the larger search. Directions need tests of other sets, so fit again
            for these.

        Raises
        ------
        ParameterError
            `alpha` is larger than that of the fit, or only new tests can tell (the message names
            the pair), or the fit chose its edges by `fdr`.
        """
        check_fraction("alpha", alpha)
        if alpha > self._alpha:
            raise ParameterError(
                f"alpha must be at most that of the fit, {self._alpha!r}, got {alpha!r}; fit again"
            )
        if self._by_fdr:
            raise ParameterError("alpha: this fit chose its edges by fdr; fit again without it")
        return self._skeleton_of(edges_at(self._found, alpha, self._constraints, self._names))

    def _skeleton_of(self, edges: Edges) -> nx.Graph:
        graph = nx.Graph()
        graph.graph.update(self.graph_.graph)
        graph.add_nodes_from(self.feature_names_in_.tolist())
        for (a, b), mi, p_value, n_samples, n_tests in zip(
            edges.pairs.tolist(),
            edges.mi.tolist(),
            edges.tests.p_value.tolist(),
            edges.tests.n_samples.tolist(),
            edges.n_tests.tolist(),
            strict=True,
        ):
            graph.add_edge(
                self._names[a],
                self._names[b],
                mi=mi,
                p_value=p_value,
                n_samples=n_samples,
                n_tests=n_tests,
            )
        return graph
