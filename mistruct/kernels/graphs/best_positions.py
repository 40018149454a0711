"""Best positions of columns in an order, from grow-shrink trees.

A tree holds what is known of the parents of one column (Andrews et al. 2023, section 3). Its root
is the column with the parents that it must have; the children of a node add one parent each, those
that raise the score, the best first. The parents of the column among those before it in an order
are found by going down, each time to the first child that stands before it, and then by leaving
out what no longer pays. So orders in which the same columns stand before it share the way.

A kernel that meets a node which has not been scored yet stops and says which; it is called again
once the scores are there, and goes on where it was.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel


class Trees(NamedTuple):
    """Grow-shrink trees of all columns; node i < n_columns is the root of column i.

    Attributes
    ----------
    added : ndarray of int32, shape (n_nodes,)
        The parent that a node adds.
    first_child : ndarray of int32, shape (n_nodes,)
        -1 where the node has not been grown.
    n_children : ndarray of int32, shape (n_nodes,)
    best : ndarray of float64, shape (n_nodes,)
        The score once shrunk; NaN where that has not been tried.
    """

    added: NDArray[np.int32]
    first_child: NDArray[np.int32]
    n_children: NDArray[np.int32]
    best: NDArray[np.float64]


class Position(NamedTuple):
    """An order of columns, and the state of the search for a better one.

    Attributes
    ----------
    order : ndarray of int64, shape (n_columns,)
    visits : ndarray of int64, shape (n_columns,)
        The columns in the order in which they are moved.
    progress : ndarray of int64, shape (2,)
        How many columns of this round have been moved to their best position, and how many of
        these to another one.
    scores : ndarray of float64, shape (3, n_columns)
        For the column that is being moved, by the position of each other: the score of the other
        without it before, with it before, and its own score there. NaN where unknown.
    """

    order: NDArray[np.int64]
    visits: NDArray[np.int64]
    progress: NDArray[np.int64]
    scores: NDArray[np.float64]


@kernel
def trace(trees: Trees, column: int, before: NDArray[np.bool_]) -> np.int64:
    """Node of the best parents of a column among those before it; ``~node`` if not scored yet."""
    node = np.int64(column)  # the root
    while True:
        first = trees.first_child[node]
        if first < 0:
            return ~node
        below = np.int64(-1)
        for child in range(first, first + trees.n_children[node]):
            if before[trees.added[child]]:
                below = np.int64(child)
                break
        if below < 0:
            return ~node if np.isnan(trees.best[node]) else node
        node = below


@kernel
def _fill(trees: Trees, scores: NDArray[np.float64], row: int, place: int, column: int,
          before: NDArray[np.bool_]) -> int:  # fmt: skip
    """Fill in a score if missing; returns the node that must be scored first, else -1."""
    if np.isnan(scores[row, place]):
        node = trace(trees, column, before)
        if node < 0:
            return ~node
        scores[row, place] = trees.best[node]
    return -1


@kernel
def _score_positions(
    trees: Trees, others: NDArray[np.int64], column: int, first: int, last: int,
    scores: NDArray[np.float64],
) -> int:  # fmt: skip
    """Fill `scores` for positions first to last of a column; returns a missing node, else -1."""
    before = np.zeros(others.size + 1, np.bool_)
    before[others[:first]] = True
    for place in range(first, last + 1):
        node = _fill(trees, scores, 2, place, column, before)
        if node < 0 and place < last:
            other = others[place]
            node = _fill(trees, scores, 0, place, other, before)
            if node < 0:
                before[column] = True
                node = _fill(trees, scores, 1, place, other, before)
                before[column] = False
            before[other] = True
        if node >= 0:
            return node
    return -1


@kernel
def move_columns(
    trees: Trees, position: Position, required: NDArray[np.bool_], tolerance: float
) -> int:
    """Move each column to its best position; returns -1 when done, else a node to be scored.

    A column moves only for a gain above the tolerance. ``required[i, j]`` keeps i before j.
    """
    order, scores = position.order, position.scores
    n = order.size
    while position.progress[0] < n:
        column = position.visits[position.progress[0]]
        others = np.empty(n - 1, np.int64)
        now = 0
        first, last = 0, n - 1
        k = 0
        for place in range(n):
            other = order[place]
            if other == column:
                now = place
                continue
            others[k] = other
            k += 1
            if required[other, column]:
                first = k
            if required[column, other] and last == n - 1:
                last = k - 1
        node = _score_positions(trees, others, column, first, last, scores)
        if node >= 0:
            return node
        best_gain, best_place = tolerance, now
        for step in (-1, 1):
            gain = 0.0
            place = now
            while (place > first) if step < 0 else (place < last):
                passed = place - 1 if step < 0 else place
                change = scores[1, passed] - scores[0, passed]
                gain += change if step < 0 else -change
                place += step
                total = gain + scores[2, place] - scores[2, now]
                if total > best_gain:
                    best_gain, best_place = total + tolerance, place
        if best_place != now:
            order[:best_place] = others[:best_place]
            order[best_place] = column
            order[best_place + 1 :] = others[best_place:]
            position.progress[1] += 1
        scores[:] = np.nan
        position.progress[0] += 1
    return -1
