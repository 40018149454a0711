"""Base class of the learners of causal graphs: knowledge, cost and explanations."""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx
import pandas as pd

from mistruct.data.dataset import Dataset
from mistruct.structure.causal.evidence import both_ways
from mistruct.structure.knowledge import Constraints, Knowledge, check_knowledge
from mistruct.structure.learner import StructureLearner
from mistruct.structure.reasons import ExplainsPairs


class CausalLearner(ExplainsPairs, StructureLearner):
    """Base class of the learners of a CPDAG over all columns, with optional knowledge.

    A subclass sets `_names` in `_learn`, gives its edges an `orientation`, and says what it costs
    and why two columns are adjacent or not.
    """

    directed = True
    knowledge: Knowledge | None

    def _check_parameters(self) -> None:
        check_knowledge(self.knowledge)

    def _known(self, data: Dataset) -> Constraints:
        """Constraints of the knowledge on the columns of a table."""
        return (self.knowledge or Knowledge()).constraints(data.names)

    def _graph(self, nodes: Iterable[str], edges: pd.DataFrame) -> nx.DiGraph:
        return self._arcs(super()._graph(nodes, edges))

    def _arcs(self, graph: nx.DiGraph) -> nx.DiGraph:
        """The arcs that stand for the edges of a graph."""
        return both_ways(graph)

    @property
    def _required(self) -> set[tuple[str, str]]:
        """The edges that knowledge requires."""
        return set((self.knowledge or Knowledge()).required)
