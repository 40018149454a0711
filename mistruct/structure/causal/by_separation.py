"""Base class of learners that search for separating sets: parameters, tables, reasons in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, get_args

import networkx as nx
import pandas as pd

from mistruct.data.dataset import Dataset
from mistruct.errors import check_choice, check_count, check_fraction
from mistruct.independence.base import IndependenceTest
from mistruct.independence.names import resolve_or_call
from mistruct.structure.causal.base import CausalLearner
from mistruct.structure.causal.determinism import Determinism
from mistruct.structure.causal.evidence import (
    as_group,
    explain,
    orientation_in_words,
    reasons,
    separation_table,
    triple_table,
)
from mistruct.structure.causal.search_cost import search_cost
from mistruct.structure.causal.skeleton import Edges, Skeleton
from mistruct.structure.causal.skeleton_search import control_fdr, learn_skeleton
from mistruct.structure.causal.v_structures import (
    Orientation,
    Triple,
    judge_triples,
    middles_of,
)
from mistruct.structure.knowledge import Constraints, Knowledge
from mistruct.structure.reasons import Reasons


class SeparationLearner(CausalLearner):
    """Base of the learners that test which sets separate which columns.

    A subclass calls `_skeleton`, and `_keep` with what it found in the end.
    """

    bytes_of_a_pair = 200
    alpha: float | None
    _chooses_alpha = False  # whether None stands for a level of its own

    def __init__(
        self,
        alpha: float | None = 0.01,
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
        if self.alpha is not None or not self._chooses_alpha:
            check_fraction("alpha", self.alpha)
        if self.fdr is not None:
            check_fraction("fdr", self.fdr)
        if self.max_conditioning is not None:
            check_count("max_conditioning", self.max_conditioning, least=0)
        check_choice("orientation", self.orientation, get_args(Orientation))
        check_choice("determinism", self.determinism, get_args(Determinism))
        super()._check_parameters()

    def _skeleton(self, data: Dataset) -> tuple[Skeleton, Constraints]:
        """Skeleton of the pairs that no set of neighbours separates, with what is known."""
        self.test_ = resolve_or_call(self.test)
        constraints = self._known(data)
        return learn_skeleton(data, self.test_, **self._rules, constraints=constraints), constraints

    @property
    def _rules(self) -> dict[str, Any]:
        """The parameters of the search."""
        names = ("max_conditioning", "determinism")
        return {"alpha": self._level, **{name: getattr(self, name) for name in names}}

    @property
    def _level(self) -> float:
        """The level of each test."""
        if self.alpha is None:
            raise AssertionError("alpha has been checked")
        return self.alpha

    def _controlled(self, found: Skeleton, constraints: Constraints) -> Skeleton:
        """The edges that pass the bound on false ones, if there is one."""
        return found if self.fdr is None else control_fdr(found, self.fdr, constraints.kept)

    def _judged(
        self, data: Dataset, found: Skeleton, constraints: Constraints, rule: Orientation
    ) -> list[Triple]:
        """The verdicts on unshielded triples."""
        adjacent = found.adjacent
        middles = middles_of(adjacent)
        sets = found.separating_sets(among=middles)
        return judge_triples(
            data, self.test_, rule, adjacent, middles, sets, constraints, self._level, found.depth
        )  # fmt: skip

    def _keep(self, data: Dataset, found: Skeleton, triples: list[Triple]) -> None:
        """Remember what was found, for what is asked later."""
        self._names, self._alpha, self._by_fdr = data.names, self._level, self.fdr is not None
        self._found, self._triples = found, triples
        self._separations: pd.DataFrame | None = None

    def _notes(self) -> dict[str, Any]:
        """Attributes of the graph: what the tests disagree on, and groups of columns."""
        ambiguous = [t for t in self._triples if t.verdict in ("ambiguous", "conflict")]
        return {
            "ambiguous_triples": [
                [self._names[v] for v in (t.x, t.middle, t.y)] for t in ambiguous
            ],
            "groups": [[self._names[c] for c in g] for g in self._found.groups],
        }

    @property
    def skeleton_(self) -> nx.Graph:
        """The adjacencies without directions."""
        return self._skeleton_of(self._found.edges)

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

    def _in_words(self, edge: Any) -> tuple[str, str]:
        """Describe a row of `edges_` in words, with the text that follows its tests."""
        return orientation_in_words(edge)

    def _reason(self, x: str, y: str) -> str:
        tables = self.edges_, self.separations_
        words = explain(x, y, self._names, *tables, self._required, self._in_words)
        return words + as_group(x, y, self.groups_)

    def reasons(self, most: int = 20_000) -> Reasons:
        """Reasons as by `why`, for all edges and the `most` absent pairs closest to an edge."""
        tables = self.edges_, self.separations_
        return reasons(*tables, self._required, most, self.groups_, self._in_words)

    @property
    def groups_(self) -> list[dict[str, list[Any]]]:
        """Groups of columns that were tested as one, and the edges that this gave."""
        named = self._names.__getitem__
        return [
            {"members": [*map(named, g)], "edges": [[*map(named, e)] for e in sorted(edges)]}
            for g, edges in self._found.groups.items()
        ]

    def _cost(self, data: Dataset) -> Any:
        self._known(data)
        return search_cost(
            data, resolve_or_call(self.test), self._level, self.max_conditioning,
            with_votes=self.orientation != "standard",
        )  # fmt: skip

    def _sent(self, data: Dataset) -> Iterator[Any]:
        test = resolve_or_call(self.test)
        if test.travels(data):  # for each size of sets, to all pairs that are left
            for _ in self._cost(data).n_tests[1:]:
                yield test, data

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
