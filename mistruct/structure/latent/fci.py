r"""FCI: a candidate causal graph where causes may be hidden.

PC takes every common cause for a column of the table. Where one is hidden, the two columns that it
moves are not separated by anything, and PC joins them by an arrow that means nothing. FCI (Spirtes,
Glymour and Scheines 2000) learns what all graphs with hidden columns agree on that imply the same
independences: a partial ancestral graph. It searches as PC does, then among further columns that
hidden causes make necessary (`possible_d_sep`), and marks each end of an edge by the complete rules
of Zhang (2008). On samples it is nearer the truth where it starts from the graph of a score
(`from_scores`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Literal, get_args

import networkx as nx
import numpy as np
import pandas as pd

from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError, check_choice
from mistruct.independence.base import IndependenceTest
from mistruct.independence.names import resolve_or_call
from mistruct.scores.gaussian import fewest_rows
from mistruct.structure.causal.by_separation import SeparationLearner
from mistruct.structure.causal.determinism import Determinism
from mistruct.structure.causal.order_cost import OrderCost
from mistruct.structure.causal.search_cost import SearchCost
from mistruct.structure.causal.skeleton import Edges, Skeleton
from mistruct.structure.causal.skeleton_search import learn_skeleton, search_further
from mistruct.structure.causal.v_structures import Orientation, of_verdict
from mistruct.structure.knowledge import Constraints, Knowledge
from mistruct.structure.latent.contradictions import to_blame
from mistruct.structure.latent.from_scores import orient_from_dag, thinned
from mistruct.structure.latent.mark_evidence import (
    as_pag,
    marked_edge_table,
    marks_in_words,
)
from mistruct.structure.latent.orient_pag import MarkedGraph, orient_pag
from mistruct.structure.latent.possible_d_sep import may_be_ancestors, possible_d_sep
from mistruct.structure.latent.rfci import Doubts
from mistruct.structure.latent.three_point import arrow_probabilities, three_point_information
from mistruct.structure.latent.zhang_rules import Path
from mistruct.structure.orders.boss import BOSS
from mistruct.structure.orders.order_search import as_matrix

Start = Literal["auto", "boss", "pc"]

# Beyond this number of columns BOSS may take minutes, and tests alone do not.
_MOST_COLUMNS_BY_SCORE = 300

# The level after each start, where none is asked for. After BOSS .01 to .5 have been tried on 24
# generated networks of normal and of discrete columns each: .3 had the best marks on average.
_LEVELS = {"boss": 0.3, "pc": 0.01}


class FCI(SeparationLearner):
    r"""Candidate causal graph by tests of conditional independence, where causes may be hidden.

    Parameters
    ----------
    alpha : float, optional
        Level of each test: a pair is separated by a set whose p-value exceeds it. By default .01 if
        the start is PC, and .3 if it is BOSS: the score has chosen the edges, so a test removes one
        only if it looks much like chance, of which a sample of a true edge has less.
    test : str, test or callable
        As for :class:`PC`.
    max_conditioning : int, optional
        The largest conditioning set. By default as many columns as there are neighbours; but where
        all sets up to one size could take more than a minute, by constants that are the same on
        every machine, the search stops before that size and warns.
    start : {"auto", "boss", "pc"}
        What the search starts from. "boss": the edges of :class:`BOSS`, without those that a test
        of the kind of GFCI removes, and marks that always make a legal partial ancestral graph.
        "pc": all pairs, as first described. By default BOSS, which is nearer the truth on samples;
        but PC where the test assumes less than the scores do ("knn", "hybrid", an oracle, a test of
        your own), where a parameter asks for what only PC has (`orientation`, `fast`, `selection`),
        where columns are more than 300, and where some are continuous and rows fewer than columns.
    orientation : {"majority", "standard", "conservative"}
        Whether the middle of a triple is a collider, as for :class:`PC`, if the start is PC. No
        rule rests on a triple that is ambiguous.
    fdr : float, optional
        Keep only edges that pass Benjamini and Hochberg's rule, as for :class:`PC`.
    determinism : {"informative", "textbook"}
        What to believe where z determines x in the sample, as for :class:`PC`.
    knowledge : Knowledge, optional
        Edges that must or must not be there, and tiers of time. An edge from x to y that is
        required is x --> y. One that is forbidden, also by tiers, leaves an arrowhead at x: a
        hidden common cause of the two remains possible unless both directions are forbidden.
    fast : bool, default True
        For a start from PC, RFCI: separating sets are searched among neighbours only, and what
        v-structures and paths rest on is tested before rules use them. Were the tests always
        right, all marks would still be true, but there could be fewer, and more edges. With False
        further columns are searched, for sets of the sizes that take 5 s in all, by constants as
        for `max_conditioning`. On samples that costs more true edges than it removes false ones.
    selection : bool, default False
        Whether rows may be in the table because of what the columns are, as patients are in a
        hospital. Then R5 to R7 apply, and tails at both ends of an edge say that it is so. Only if
        the start is PC.

    Attributes
    ----------
    graph_ : networkx.DiGraph
        The partial ancestral graph. Each edge is two opposite arcs; the attribute `mark` of the
        arc (u, v) stands at v: "arrow" (v is no cause of u), "tail" (v is a cause of u) or
        "circle" (graphs that fit differ). Further attributes of arcs: `rule` that made the mark,
        `p_arrow` (the probability of an arrowhead at v), `mi` (nats), `p_value`, `n_samples`,
        `relation` and `n_tests`. The graph attribute `kind` is "pag"; `ambiguous_triples`,
        `contested_ends` ([u, v] for the end v) and `groups` list what no rule may rest on, as for
        :class:`PC`.
    edges_ : pandas.DataFrame
        One row an edge, the strongest first: source, target, mi (without conditioning), p_value
        (the largest), n_samples, relation ("genuine" for -->, "putative" for o->, "latent" for
        <->, else "undirected"); for source and target each the mark, the rule that made it ("R0"
        to "R10", "knowledge", or "" for a circle), forced_by (the columns to which the rule
        applied) and p_arrow (the probability of an arrowhead, see Notes); separating_set (which
        gave the largest p-value), cmi (the information given that set), n_tests.
    separations_, triples_, skeleton_, separating_sets_, test_
        As for :class:`PC`. After a start from BOSS, the rule "score" in `separations_` says that
        BOSS has no edge there, an edge whose p-value is above `alpha` is one where the score
        was believed, and the verdict "conflict" in `triples_`, that the information of the three
        columns speaks against the graph.
    start_ : {"boss", "pc"}
        What the search started from.
    alpha_ : float
        The level of each test.
    n_features_in_ : int
        Number of columns seen during `fit`.
    feature_names_in_ : ndarray of str, shape (n_features,)
        Their names.

    Raises
    ------
    DataError
        The table is not fit.
    ParameterError
        A parameter breaks its rule.

    Notes
    -----
    A cause may act through other columns, also hidden ones: x --> y says that x is an ancestor of
    y. That no circle is left means no hidden common cause *instead*; there may be one beside.

    The probabilities `source_p_arrow` and `target_p_arrow` come from the information of three
    columns alone (Verny et al. 2017, with the conservative rule of Cabeli et al. 2021), and not
    from the rules, so that the two can disagree: .5 says nothing, less speaks for a tail. They are
    NaN with a test that estimates no information.

    Nothing depends on the order of columns. Where one rule asks for two marks at an end, the end
    keeps its circle and is contested. The candidates of the second search are taken from the
    v-structures that the first separating sets tell. After a start from PC, marks of a sample may
    contradict each other in ways that no rule sees; after one from BOSS there is always a graph
    that has all of them.

    References
    ----------
    Spirtes, Glymour and Scheines (2000), "Causation, Prediction, and Search", section 6.7.
    Zhang (2008), "On the completeness of orientation rules for causal discovery in the presence of
    latent confounders and selection bias", Artificial Intelligence 172.
    Colombo, Maathuis, Kalisch and Richardson (2012), "Learning high-dimensional directed acyclic
    graphs with latent and selection variables", Annals of Statistics 40.
    Verny, Sella, Affeldt, Singh and Isambert (2017), "Learning causal networks with latent
    variables from multivariate information in genomic data", PLOS Computational Biology 13.
    Cabeli, Li, Ribeiro-Dantas, Simon and Isambert (2021), "Reliable causal discovery based on
    mutual information supremum principle for finite datasets", WHY-21 at NeurIPS.
    Ribeiro-Dantas, Li, Cabeli, Dupuis, Simon, Hettal, Hamy and Isambert (2024), "Learning
    interpretable causal networks from very large datasets", iScience 27.
    Ogarrio, Spirtes and Ramsey (2016), "A hybrid causal search algorithm for latent variable
    models", PMLR 52.
    Ramsey, Andrews and Spirtes (2025), "Efficient latent variable causal discovery: combining score
    search and targeted testing", arXiv:2510.04263.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> drug, sport, hidden, *noise = rng.normal(size=(5, 2000))
    >>> table = pd.DataFrame({"drug": drug, "sport": sport})
    >>> table["weight"] = drug + hidden + noise[0]
    >>> table["pulse"] = sport + hidden + noise[1]
    >>> cause = ms.FCI().fit(table)
    >>> cause.graph_.edges["weight", "pulse"]["mark"], cause.graph_.edges["pulse", "weight"]["mark"]
    ('arrow', 'arrow')
    >>> cause.why("pulse", "weight").partition(":")[0]
    "'pulse' <-> 'weight' (a hidden common cause, neither is a cause of the other)"
    """

    algorithm = "fci"
    marked = True
    _chooses_alpha = True

    def __init__(
        self,
        alpha: float | None = None,
        test: str | IndependenceTest | Callable[..., float] = "auto",
        *,
        max_conditioning: int | None = None,
        orientation: Orientation = "majority",
        fdr: float | None = None,
        determinism: Determinism = "informative",
        knowledge: Knowledge | None = None,
        start: Start = "auto",
        fast: bool = True,
        selection: bool = False,
    ) -> None:
        super().__init__(
            alpha,
            test,
            max_conditioning=max_conditioning,
            orientation=orientation,
            fdr=fdr,
            determinism=determinism,
            knowledge=knowledge,
        )
        self.start = start
        self.fast = fast
        self.selection = selection

    def _check_parameters(self) -> None:
        for name in ("fast", "selection"):
            value = getattr(self, name)
            if not isinstance(value, bool | np.bool_):
                raise ParameterError(f"{name} must be True or False, got {value!r}")
        check_choice("start", self.start, get_args(Start))
        if self.start == "boss" and (only := self._only_of_pc()):
            raise ParameterError(f"{only} needs start='pc', got start='boss'")
        super()._check_parameters()

    def _only_of_pc(self) -> str:
        """A parameter that has a meaning only where the search starts from PC, "" if none."""
        asked = {
            f"orientation={self.orientation!r}": self.orientation != "majority",
            "fast=False": not self.fast,
            "selection=True": self.selection,
        }
        return next((name for name, is_asked in asked.items() if is_asked), "")

    def _starts_from(self, data: Dataset) -> Start:
        """Start of the search for a table, if `start` is "auto" chosen by its rows and columns."""
        if self.start != "auto":
            return self.start
        enough = not data.by_order.continuous or data.n_samples >= fewest_rows(data)
        by_score = (
            resolve_or_call(self.test).agrees_with_scores
            and not self._only_of_pc()
            and data.n_variables <= _MOST_COLUMNS_BY_SCORE
            and enough
        )
        return "boss" if by_score else "pc"

    def _learn(self, data: Dataset) -> pd.DataFrame:
        self.start_ = self._starts_from(data)
        self.alpha_ = self._level
        edges = self._from_scores(data) if self.start_ == "boss" else self._from_pairs(data)
        arrows = None
        if not np.isnan(edges.mi).all():
            arrows = arrow_probabilities(self._triples, self._signals)
        return marked_edge_table(data.names, edges, self._marked, arrows)

    @property
    def _level(self) -> float:
        return _LEVELS[self.start_] if self.alpha is None else self.alpha

    def _from_scores(self, data: Dataset) -> Edges:
        """The edges, of those of BOSS; sets the marks."""
        self.test_ = resolve_or_call(self.test)
        constraints = self._known(data)
        arcs = as_matrix(self._boss().best_parents(data))

        def search(within: Constraints) -> Skeleton:
            return learn_skeleton(data, self.test_, **self._rules, constraints=within)

        found = self._controlled(thinned(arcs, search, constraints, self._level), constraints)
        told = orient_from_dag(data, self.test_, arcs, found, constraints, self._level)
        self._marked, self._signals = told.marked, told.points.penalised
        self._keep(data, found, told.triples)
        return found.edges

    def _boss(self) -> BOSS:
        return BOSS(n_restarts=0, knowledge=self.knowledge)

    def _from_pairs(self, data: Dataset) -> Edges:
        """The edges, of all pairs; sets the marks."""
        found, constraints = self._skeleton(data)
        if not self.fast:
            found = self._further(data, found, constraints)
        found = self._controlled(found, constraints)
        doubts = Doubts(data, self.test_, self._level, constraints.kept, found)
        marked = None
        while marked is None:
            marked = self._orient(data, doubts, constraints)
        self._marked = marked
        return doubts.skeleton.edges

    def _cost(self, data: Dataset) -> SearchCost | OrderCost:
        self.start_ = self._starts_from(data)
        return self._boss()._cost(data) if self.start_ == "boss" else super()._cost(data)

    def _further(self, data: Dataset, found: Skeleton, constraints: Constraints) -> Skeleton:
        """Pairs that no set among possible-d-sep separates either."""
        triples = self._judged(data, found, constraints, "standard")
        pool = possible_d_sep(found.adjacent, of_verdict(triples, "noncollider"))
        known = may_be_ancestors(constraints)
        return search_further(data, self.test_, found, pool, **self._rules, constraints=known)

    def _orient(
        self, data: Dataset, doubts: Doubts, constraints: Constraints
    ) -> MarkedGraph | None:
        """The marks, or None where edges were removed on the way and all begins anew."""
        if self.fast:
            doubts.settle_triples()
        found = doubts.skeleton
        triples = self._judged(data, found, constraints, self.orientation)
        sets = found.separating_sets()
        points = three_point_information(data, self.test_, triples, sets, self._level)
        self._signals = points.penalised
        # How far the information of its three columns speaks for the verdict on a triple.
        strength = {
            (t.x, t.middle, t.y): -signal if t.verdict == "collider" else signal
            for t, signal in zip(triples, np.nan_to_num(self._signals).tolist(), strict=True)
        }

        def is_collider(path: Path) -> bool | None:
            ends = min(path.columns[0], path.last), max(path.columns[0], path.last)
            return path.middle not in sets[ends] if ends in sets else None

        while True:
            marked = orient_pag(
                found.adjacent,
                of_verdict(triples, "collider"),
                of_verdict(triples, "noncollider"),
                is_collider,
                constraints,
                self.selection,
                doubts.hold if self.fast else lambda paths: True,
            )
            if marked is None:
                return None
            wrong = to_blame(marked, strength)
            if not wrong:
                self._keep(data, found, triples)
                return marked
            triples = [
                replace(t, verdict="conflict") if (t.x, t.middle, t.y) in wrong else t
                for t in triples
            ]

    def _graph(self, nodes: Iterable[str], edges: pd.DataFrame) -> nx.DiGraph:
        left_out = ["separating_set", "cmi", "source_forced_by", "target_forced_by"]
        graph = super()._graph(nodes, edges.drop(columns=left_out))
        graph.graph |= self._notes()
        graph.graph["contested_ends"] = [
            [self._names[v] for v in end] for end in sorted(self._marked.contested)
        ]
        return graph

    def _arcs(self, graph: nx.DiGraph) -> nx.DiGraph:
        return as_pag(graph)

    def _in_words(self, edge: Any) -> tuple[str, str]:
        return marks_in_words(edge)
