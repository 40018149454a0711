"""Base class of the learners of causal graphs: knowledge, cost and explanations."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterable

import networkx as nx
import pandas as pd

from mistruct.data.dataset import Dataset
from mistruct.structure.causal.evidence import both_ways, check_pair
from mistruct.structure.knowledge import Constraints, Knowledge, check_knowledge
from mistruct.structure.learner import StructureLearner


class CausalLearner(StructureLearner):
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

    @abstractmethod
    def _reason(self, x: str, y: str) -> str:
        """Explain why two columns are adjacent or not."""

    def why(self, x: Hashable, y: Hashable) -> str:
        """Explain why two columns are adjacent or not.

        Parameters
        ----------
        x, y : column names

        Returns
        -------
        str

        Raises
        ------
        ParameterError
            A name is not a column, or both are one.
        """
        check_pair(str(x), str(y), self._names)
        return self._reason(str(x), str(y))

    @property
    def _required(self) -> set[tuple[str, str]]:
        """The edges that knowledge requires."""
        return set((self.knowledge or Knowledge()).required)
