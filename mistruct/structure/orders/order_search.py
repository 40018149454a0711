"""Search over orders of columns, with grow-shrink trees that are scored on demand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.errors import ParameterError
from mistruct.kernels.graphs.best_positions import Position, Trees, move_columns, trace
from mistruct.scores.base import Families

Order = NDArray[np.int64]

# Nodes of all trees together, and scores kept beside them. With what is kept of each they take a
# gigabyte at most; where more are wanted, they are forgotten and made anew, which costs time and
# changes nothing.
MOST_NODES = 1 << 21

# Numbers in the arrays of scores that are kept.
_MOST_SCORES = 1 << 24

# A gain below this share of the score is rounding.
_ROUNDING = 1e-11


class Forest:
    """Grow-shrink trees over the families of a table.

    Parameters
    ----------
    families : Families
    names : sequence of str
    allowed, required : ndarray of bool, shape (n_columns, n_columns)
        Where column i may be, or must be, a parent of j.
    max_parents : int or None
    """

    def __init__(
        self,
        families: Families,
        names: Sequence[str],
        allowed: NDArray[np.bool_],
        required: NDArray[np.bool_],
        max_parents: int | None,
        most_nodes: int = MOST_NODES,
    ) -> None:
        self.families, self.names = families, names
        self._allowed, self.required = allowed, required
        self.max_parents = len(names) if max_parents is None else max_parents
        # A way down one tree has to find room.
        self._most_nodes = max(most_nodes, len(names) * (len(names) + 2))
        self._always = [np.flatnonzero(r).tolist() for r in required.T]
        self._known: dict[tuple[int, tuple[int, ...]], float] = {}
        self._known_with: dict[tuple[int, tuple[int, ...]], NDArray[np.float64]] = {}
        self._roots = np.array([self.score(c, p) for c, p in enumerate(self._always)])
        self.tolerance = max(float(np.abs(self._roots).sum()) * _ROUNDING, 1e-12)
        self._plant()

    def _plant(self) -> None:
        """Make trees that have only their roots."""
        n = len(self.names)
        capacity = 4 * n
        self._trees = Trees(
            np.zeros(capacity, np.int32),
            np.full(capacity, -1, np.int32),
            np.zeros(capacity, np.int32),
            np.full(capacity, np.nan),
        )
        self._above = np.full(capacity, -1, np.int64)
        self._score = np.zeros(capacity)
        self._score[:n] = self._roots
        self._n_nodes = n
        self._kept: dict[int, list[int]] = {}

    def climb(self, order: Order, visits: Order | None = None) -> Order:
        """The order after each column has gone to its best position until none moves."""
        n = len(order)
        order = order.copy()
        while True:
            position = Position(
                order,
                order.copy() if visits is None else visits,
                np.zeros(2, np.int64),
                np.full((3, n), np.nan),
            )
            while (node := move_columns(self._trees, position, self.required, self.tolerance)) >= 0:
                self._answer(int(node))
            if not position.progress[1]:
                return order

    def total(self, order: Order) -> float:
        """The score of the best parents in an order."""
        return self.score_of(self.parents(order))

    def score(self, column: int, parents: Sequence[int]) -> float:
        """The score of one family, kept once it is known."""
        key = (column, tuple(parents))
        if key not in self._known:
            if len(self._known) >= self._most_nodes:
                self._known.clear()
            self._known[key] = self._checked(column, parents, self.families.score(column, parents))
        return self._known[key]

    def scores_with(
        self, column: int, parents: Sequence[int], added: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """The scores with the parents and each column of `added`."""
        scores = self.families.scores_with(column, parents, added)
        for k in np.flatnonzero(~np.isfinite(scores)).tolist():
            self._checked(column, sorted([*parents, int(added[k])]), float(scores[k]))
        return scores

    def scores_with_any(self, column: int, parents: Sequence[int]) -> NDArray[np.float64]:
        """The scores with each further column that is allowed, -inf for others; kept."""
        key = (column, tuple(parents))
        if key not in self._known_with:
            if len(self._known_with) * len(self.names) >= _MOST_SCORES:
                self._known_with.clear()
            free = self._allowed[:, column].copy()
            free[list(parents)] = False
            scores = np.full(len(self.names), -np.inf)
            if len(parents) < self.max_parents:
                scores[free] = self.scores_with(column, parents, np.flatnonzero(free))
            self._known_with[key] = scores
        return self._known_with[key]

    def score_of(self, parents: Sequence[Sequence[int]]) -> float:
        """The score of a DAG, given by the parents of each column."""
        return sum(self.score(column, its) for column, its in enumerate(parents))

    def parents(self, order: Order) -> list[list[int]]:
        """The best parents of each column in an order."""
        found: list[list[int]] = [[] for _ in order]
        before = np.zeros(len(order), np.bool_)
        for column in order.tolist():
            while (node := int(trace(self._trees, column, before))) < 0:
                self._answer(~node)
            found[column] = self._kept[node]
            before[column] = True
        return found

    def _answer(self, node: int) -> None:
        """Score the families that a node needs: its children, or its shrunk set."""
        path = []
        top = node
        while self._above[top] >= 0:
            path.append(top)
            top = int(self._above[top])
        set_ = sorted([*self._always[top], *(int(self._trees.added[i]) for i in path)])
        if self._trees.first_child[node] < 0:
            self._grow(node, top, path, set_)
        else:
            self._shrink(node, top, set_)

    def _grow(self, node: int, column: int, path: Sequence[int], parents: list[int]) -> None:
        # What stands before a node among its siblings is not before the column in the order.
        free = self._allowed[:, column].copy()
        free[parents] = False
        for step in path:
            first = self._trees.first_child[self._above[step]]
            free[self._trees.added[first:step]] = False
        added = np.flatnonzero(free) if len(parents) < self.max_parents else np.empty(0, np.int64)
        scores = np.empty(0)
        if len(added):
            scores = self.scores_with(column, parents, added)
            better = scores > self._score[node] + self.tolerance
            added, scores = added[better], scores[better]
            best_first = np.argsort(-scores, kind="stable")
            added, scores = added[best_first], scores[best_first]
        if self._n_nodes + len(added) > len(self._above):
            if self._n_nodes + len(added) > self._most_nodes:
                self._plant()
                return
            self._enlarge(self._n_nodes + len(added))
        first = self._n_nodes
        self._n_nodes += len(added)
        of_children = slice(first, self._n_nodes)
        self._trees.added[of_children] = added
        self._above[of_children] = node
        self._score[of_children] = scores
        self._trees.first_child[node] = first
        self._trees.n_children[node] = len(added)

    def _enlarge(self, wanted: int) -> None:
        capacity = max(2 * len(self._above), wanted)

        def larger(array: NDArray[Any], fill: float) -> NDArray[Any]:
            more = np.full(capacity, fill, array.dtype)
            more[: len(array)] = array
            return more

        trees = self._trees
        self._trees = Trees(
            larger(trees.added, 0),
            larger(trees.first_child, -1),
            larger(trees.n_children, 0),
            larger(trees.best, np.nan),
        )
        self._above = larger(self._above, -1)
        self._score = larger(self._score, 0.0)

    def _shrink(self, node: int, column: int, parents: list[int]) -> None:
        best = float(self._score[node])
        always = self._always[column]
        last = int(self._trees.added[node]) if node != column else -1
        while True:
            # Without what was added last the score was lower.
            removable = [p for p in parents if p not in always and p != last]
            last = -1
            if len(parents) < 2 or not removable:
                break
            fewer = [[q for q in parents if q != p] for p in removable]
            scores = [self.score(column, s) for s in fewer]
            highest = int(np.argmax(scores))
            if scores[highest] <= best + self.tolerance:
                break
            best, parents = scores[highest], fewer[highest]
        self._trees.best[node] = best
        self._kept[node] = parents

    def _checked(self, column: int, parents: Sequence[int], score: float) -> float:
        if not np.isfinite(score):
            of = ", ".join(repr(self.names[p]) for p in parents) or "no parents"
            raise ParameterError(
                f"score must give a finite number, got {score} for {self.names[column]!r} "
                f"given {of}"
            )
        return score


def order_of(parents: Sequence[Sequence[int]]) -> Order:
    """Topological order of a DAG; of several possible columns, the first comes first."""
    return obedient(np.arange(len(parents)), as_matrix(parents))


def as_matrix(parents: Sequence[Sequence[int]]) -> NDArray[np.bool_]:
    """Adjacency matrix of a DAG: entry [i, j] is True if i is a parent of j."""
    arcs = np.zeros((len(parents),) * 2, dtype=bool)
    for column, its in enumerate(parents):
        arcs[list(its), column] = True
    return arcs


def obedient(order: Order, required: NDArray[np.bool_]) -> Order:
    """The order with each column moved behind its required parents, and no further."""
    waiting = required.sum(axis=0)
    left = order.tolist()
    placed = []
    while left:
        column = next(c for c in left if not waiting[c])
        left.remove(column)
        placed.append(column)
        waiting = waiting - required[column]
    return np.array(placed, dtype=np.int64)


def reachable(parents: Sequence[Sequence[int]]) -> NDArray[np.bool_]:
    """Reachability matrix: entry [i, j] is True if j is i or a descendant of i."""
    reached = np.eye(len(parents), dtype=bool)
    for column in order_of(parents):
        for parent in parents[column]:
            reached[:, column] |= reached[:, parent]
    return reached
