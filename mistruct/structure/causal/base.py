"""Base class of the learners of causal graphs: knowledge, cost and explanations."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterable
from typing import Any

import networkx as nx
import pandas as pd

from mistruct.data.dataset import Dataset
from mistruct.errors import ParameterError
from mistruct.structure.causal.evidence import both_ways, check_pair
from mistruct.structure.knowledge import Constraints, Knowledge
from mistruct.structure.learner import StructureLearner


class CausalLearner(StructureLearner):
    """Base class of the learners of a CPDAG over all columns, with optional knowledge.

    A subclass sets `_names` in `_learn`, gives its edges an `orientation`, and says what it costs
    and why two columns are adjacent or not.
    """

    directed = True
    knowledge: Knowledge | None

    def _check_parameters(self) -> None:
        if self.knowledge is not None and not isinstance(self.knowledge, Knowledge):
            raise ParameterError(
                f"knowledge must be a Knowledge or None, got {self.knowledge!r}; "
                "read_knowledge makes one of a file"
            )

    def _known(self, data: Dataset) -> Constraints:
        """Constraints of the knowledge on the columns of a table."""
        return (self.knowledge or Knowledge()).constraints(data.names)

    def _graph(self, nodes: Iterable[str], edges: pd.DataFrame) -> nx.DiGraph:
        return both_ways(super()._graph(nodes, edges))

    @abstractmethod
    def _cost(self, data: Dataset) -> Any:
        """Expected cost of a fit to a table whose columns are sorted by name."""

    @abstractmethod
    def _reason(self, x: str, y: str) -> str:
        """Explain why two columns are adjacent or not."""

    def cost(self, data: Any) -> Any:
        """Expected cost of a fit, without fitting.

        Parameters
        ----------
        data : Dataset, DataFrame, array of shape (n_samples, n_variables), or AnnData
            The table.

        Returns
        -------
        SearchCost or OrderCost
            The expected seconds on one core of a common machine, with the number of tests, both
            for each size of conditioning sets, or with the number of families that are scored. They
            follow from constants and the table, not from the clock; seconds are NaN for a test of
            your own that does not define them.
        """
        table = self._checked(data)
        self._known(table)
        return self._cost(table.select(sorted(table.names)))

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
