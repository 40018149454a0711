"""Maximal ancestral graphs: whether a graph is one, and a walk among those with the same edges.

The walk is one of simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983). A step sets both marks
of an edge; one that loses is taken with a probability that falls with the loss, and as the walk
goes on. So it leaves marks that are best only among those one step away.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.kernels.compiler import kernel
from mistruct.kernels.random import draw_uniform


class Neighbours(NamedTuple):
    """The neighbours of column v, ``near[starts[v] : starts[v + 1]]``."""

    near: NDArray[np.int64]
    starts: NDArray[np.int64]


class Worth(NamedTuple):
    """Worth of the marks of a graph: of colliders, and a price of edges of two arrowheads.

    Attributes
    ----------
    corners : ndarray of int, shape (n_corners, 3)
        Unshielded triples (x, middle, y).
    weights : ndarray of float, shape (n_corners,)
        Worth of a collider at each.
    of_edge, starts : ndarray of int
        The corners of edge e are ``of_edge[starts[e] : starts[e + 1]]``.
    price : float
        Of each edge of two arrowheads.
    """

    corners: NDArray[np.int64]
    weights: NDArray[np.float64]
    of_edge: NDArray[np.int64]
    starts: NDArray[np.int64]
    price: float


@kernel
def is_maximal_ancestral(joined: Neighbours, head: NDArray[np.bool_]) -> bool:
    """Whether a graph is ancestral and maximal; ``head[u, v]`` is an arrowhead at v of u - v."""
    near, starts = joined
    n = starts.size - 1
    above = np.zeros((n, n), np.bool_)
    n_left = np.zeros(n, np.int64)
    ready = np.empty(n, np.int64)
    n_ready = 0
    for v in range(n):
        above[v, v] = True
        for u in near[starts[v] : starts[v + 1]]:
            n_left[v] += head[u, v] and not head[v, u]
        if n_left[v] == 0:
            ready[n_ready] = v
            n_ready += 1
    k = 0
    while k < n_ready:
        u = ready[k]
        k += 1
        for v in near[starts[u] : starts[u + 1]]:
            if head[u, v] and not head[v, u]:
                above[v] |= above[u]
                n_left[v] -= 1
                if n_left[v] == 0:
                    ready[n_ready] = v
                    n_ready += 1
    if n_ready < n:
        return False
    is_end = np.zeros(n, np.bool_)
    for v in range(n):
        around = near[starts[v] : starts[v + 1]]
        has_sibling = False
        for u in around:
            if head[u, v] and head[v, u]:
                if above[u, v]:
                    return False
                has_sibling = True
        if has_sibling:
            for u in around:
                is_end[u] |= head[u, v]
    ends = np.flatnonzero(is_end)
    for i in range(ends.size):
        for j in range(i):
            if not _are_joined(joined, ends[i], ends[j]) and _has_inducing_path(
                joined, head, above, ends[i], ends[j]
            ):
                return False
    return True


@kernel
def _are_joined(joined: Neighbours, x: int, y: int) -> bool:
    return bool((joined.near[joined.starts[x] : joined.starts[x + 1]] == y).any())


@kernel
def _has_inducing_path(
    joined: Neighbours, head: NDArray[np.bool_], above: NDArray[np.bool_], x: int, y: int
) -> bool:
    """Whether colliders that are causes of x or y lead from the one to the other."""
    near, starts = joined
    seen = np.zeros(head.shape[0], np.bool_)
    seen[x] = seen[y] = True
    queue = np.empty(head.shape[0], np.int64)
    queue[0] = x
    first, n = 0, 1
    while first < n:
        v = queue[first]
        first += 1
        if v != x and head[y, v]:
            return True
        for w in near[starts[v] : starts[v + 1]]:
            leads = head[v, w] and (v == x or head[w, v])
            if leads and not seen[w] and (above[x, w] or above[y, w]):
                seen[w] = True
                queue[n] = w
                n += 1
    return False


@kernel
def _worth_of(worth: Worth, head: NDArray[np.bool_], edge: int, u: int, v: int) -> float:
    """The part of the worth that the marks of an edge bear on."""
    total = -worth.price if head[u, v] and head[v, u] else 0.0
    for k in worth.of_edge[worth.starts[edge] : worth.starts[edge + 1]]:
        x, z, y = worth.corners[k]
        if head[x, z] and head[y, z]:
            total += worth.weights[k]
    return total


@kernel
def walk(
    joined: Neighbours,
    head: NDArray[np.bool_],
    edges: NDArray[np.int64],
    possible: NDArray[np.bool_],
    worth: Worth,
    n_steps: int,
    hot: float,
    cold: float,
) -> float:
    """Set the best marks that are met on the way; returns what they gain.

    Parameters
    ----------
    joined : Neighbours
    head : ndarray of bool, shape (n_columns, n_columns)
        Of a maximal ancestral graph; changed in place.
    edges : ndarray of int, shape (n_edges, 2)
    possible : ndarray of bool, shape (n_edges, 3)
        Whether (u, v) may be u --> v, u <-- v, u <-> v.
    worth : Worth
    n_steps : int
    hot, cold : float
        What may be lost with a probability of 1 / e in the first step, and in the last.
    """
    random = np.zeros(1, np.uint64)
    best = head.copy()
    now = highest = 0.0
    for step in range(n_steps):
        heat = hot * (cold / hot) ** (step / n_steps)
        edge = np.int64(draw_uniform(random) * edges.shape[0])
        state = np.int64(draw_uniform(random) * 3)
        luck = draw_uniform(random)
        u, v = edges[edge]
        at_v, at_u = head[u, v], head[v, u]
        if not possible[edge, state] or ((state != 1) == at_v and (state != 0) == at_u):
            continue
        before = _worth_of(worth, head, edge, u, v)
        head[u, v], head[v, u] = state != 1, state != 0
        change = _worth_of(worth, head, edge, u, v) - before
        if luck < math.exp(min(change / heat, 0.0)) and is_maximal_ancestral(joined, head):
            now += change
            if now > highest + 1e-9:
                highest = now
                best[:] = head
        else:
            head[u, v], head[v, u] = at_v, at_u
    head[:] = best
    return highest
