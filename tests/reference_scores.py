"""Scores of families and the best DAG of all, slow and obvious; nothing here is from the package.

References
----------
.. [HGC95] Heckerman, Geiger, Chickering (1995), "Learning Bayesian networks: the combination of
   knowledge and statistical data", Machine Learning 20.
.. [SLJR18] Silander, Leppä-aho, Jääsaari, Roos (2018), "Quotient normalized maximum likelihood
   criterion for learning Bayesian network structures", AISTATS.
.. [KM07] Kontkanen, Myllymäki (2007), "A linear-time algorithm for computing the multinomial
   stochastic complexity", Information Processing Letters 103.
.. [DLR77] Dempster, Laird, Rubin (1977), "Maximum likelihood from incomplete data via the EM
   algorithm", Journal of the Royal Statistical Society B 39.
.. [SM06] Silander, Myllymäki (2006), "A simple approach for finding the globally optimal Bayesian
   network structure", UAI.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Rows = Sequence[Sequence[Any]]
Family = Callable[[int, Sequence[int]], float]


def log_likelihood(rows: Rows, x: int, parents: Sequence[int]) -> float:
    """sum over rows of log(N_jk / N_j)."""
    chosen = [tuple(row[c] for c in (*parents, x)) for row in rows]
    joint, of_parents = Counter(chosen), Counter(row[:-1] for row in chosen)
    return sum(math.log(joint[row] / of_parents[row[:-1]]) for row in chosen)


def bic(
    rows: Rows,
    n_states: Sequence[int],
    x: int,
    parents: Sequence[int],
    penalty: float = 1.0,
    occupied: bool = False,
) -> float:
    q = math.prod(n_states[p] for p in parents)
    if occupied:
        q = len({tuple(row[p] for p in parents) for row in rows})
    price = penalty * math.log(len(rows)) / 2 * q * (n_states[x] - 1)
    return log_likelihood(rows, x, parents) - price


def bdeu(
    rows: Rows, n_states: Sequence[int], x: int, parents: Sequence[int], sample_size: float
) -> float:
    """[HGC95], over all states j of the parents and k of x, as sequential predictions."""
    q, r = math.prod(n_states[p] for p in parents), n_states[x]
    seen: Counter[tuple[Any, ...]] = Counter()
    total = 0.0
    for entries in rows:
        # The chance of the next state, given those seen before.
        state, of_parents = (
            tuple(entries[c] for c in (x, *parents)),
            tuple(entries[p] for p in parents),
        )
        before = sample_size / (q * r) + seen["joint", state]
        total += math.log(before / (sample_size / q + seen["parents", of_parents]))
        seen["joint", state] += 1
        seen["parents", of_parents] += 1
    return total


def averaged_bdeu(
    rows: Rows, n_states: Sequence[int], x: int, parents: Sequence[int], sizes: Sequence[float]
) -> float:
    """The quotient of two means over sample sizes, of the family and of the parents."""

    def log_mean(columns: Sequence[int]) -> float:
        # The chain rule: BDeu gives the columns of any set the probability of a complete DAG.
        logs = [
            sum(bdeu(rows, n_states, c, columns[:k], size) for k, c in enumerate(columns))
            for size in sizes
        ]
        return max(logs) + math.log(sum(math.exp(t - max(logs)) for t in logs) / len(logs))

    return log_mean([*parents, x]) - log_mean(parents)


def regret(n: int, n_states: int) -> float:
    """The exact log normaliser by the recurrence of [KM07]."""
    before = 1.0
    now = sum(math.comb(n, h) * (h / n) ** h * ((n - h) / n) ** (n - h) for h in range(n + 1))
    if n_states == 1:
        return 0.0
    for k in range(1, n_states - 1):
        before, now = now, now + n / k * before
    return math.log(now)


def qnml(rows: Rows, n_states: Sequence[int], x: int, parents: Sequence[int]) -> float:
    """[SLJR18] with the exact regret."""
    q, n = math.prod(n_states[p] for p in parents), len(rows)
    return log_likelihood(rows, x, parents) - regret(n, q * n_states[x]) + regret(n, q)


def gaussian_bic(
    columns: Sequence[np.ndarray], x: int, parents: Sequence[int], penalty: float = 1.0
) -> float:
    """By least squares; each entry of `columns` has shape (n, d) and d independent columns."""
    n, d_x = columns[x].shape
    design = np.column_stack([np.ones(n), *(columns[p] for p in parents)])

    def log_determinant(design: np.ndarray) -> float:
        left = columns[x] - design @ np.linalg.lstsq(design, columns[x], rcond=None)[0]
        return float(np.linalg.slogdet(left.T @ left / n)[1])

    gain = n / 2 * (log_determinant(np.ones((n, 1))) - log_determinant(design))
    return gain - penalty * math.log(n) / 2 * d_x * (design.shape[1] - 1)


def likeliest(rows: Rows, columns: Sequence[int], n_steps: int = 25) -> dict[Any, float]:
    """The shares of the joint states that occur in full, by expectation and maximisation [DLR77].

    None is a missing entry; each row counts in the states that agree with it, as likely as they
    are.
    """
    parts = [tuple(row[c] for c in columns) for row in rows]
    complete = Counter(part for part in parts if None not in part)
    shares = {state: count / complete.total() for state, count in complete.items()}
    for _ in range(n_steps):
        expected: Counter[Any] = Counter()
        for part in parts:
            agreeing = {
                state: share
                for state, share in shares.items()
                if all(known in (None, s) for known, s in zip(part, state, strict=True))
            }
            total = sum(agreeing.values())
            if set(part) != {None} and total > 0:
                for state, share in agreeing.items():
                    expected[state] += share / total
        shares = {state: expected[state] / expected.total() for state in shares}
    return shares


def incomplete(rows: Rows, n_states: Sequence[int], x: int, parents: Sequence[int], family: Any,
               gamma: float = 0.0) -> float:  # fmt: skip
    """n I(x; parents) of the likeliest distribution, less n / m times the price in m rows.

    `family` is the score of complete rows; without parents, it is the score of the rows in which x
    is known, n / m times.
    """
    n = len(rows)

    def known_in(columns: Sequence[int]) -> Rows:
        return [row for row in rows if all(row[c] is not None for c in columns)]

    shares = likeliest(rows, [*parents, x])
    of_parents: Counter[Any] = Counter()
    of_x: Counter[Any] = Counter()
    for state, share in shares.items():
        of_parents[state[:-1]] += share
        of_x[state[-1]] += share
    information = sum(
        share * math.log(share / (of_parents[state[:-1]] * of_x[state[-1]]))
        for state, share in shares.items()
        if share > 0
    )
    complete, alone = known_in([x, *parents]), known_in([x])
    price = log_likelihood(complete, x, parents) - family(complete, n_states, x, parents)
    price += gamma * math.log(len(n_states)) * len(parents)
    constant = n / len(alone) * log_likelihood(alone, x, [])
    return n * information - n / len(complete) * price + constant


def pairwise_correlations(dimensions: np.ndarray) -> np.ndarray:
    """Of each pair in the rows in which both are known, shape (n_dimensions, n_samples)."""
    n = len(dimensions)
    found = np.eye(n)
    for i, j in itertools.combinations(range(n), 2):
        both = ~np.isnan(dimensions[[i, j]]).any(axis=0)
        found[i, j] = found[j, i] = np.corrcoef(dimensions[[i, j]][:, both])[0, 1]
    return found


def best_score(n_columns: int, family: Family) -> float:
    """The highest score of any DAG, by dynamic programming over subsets [SM06]."""
    everything = range(n_columns)
    subsets = [
        frozenset(s) for k in range(n_columns + 1) for s in itertools.combinations(everything, k)
    ]
    best_parents: dict[tuple[int, frozenset[int]], float] = {}
    for chosen in subsets:
        for x in everything:
            if x not in chosen:
                fewer = (best_parents[x, chosen - {p}] for p in chosen)
                best_parents[x, chosen] = max([family(x, sorted(chosen)), *fewer])
    best = {frozenset[int](): 0.0}
    for chosen in subsets[1:]:
        best[chosen] = max(best[chosen - {x}] + best_parents[x, chosen - {x}] for x in chosen)
    return best[frozenset(everything)]


def grow_shrink(x: int, before: Sequence[int], family: Family) -> list[int]:
    """The parents of x among others: the best added while it helps, then removed while it helps."""
    parents: list[int] = []
    score = family(x, parents)
    while True:
        grown = {c: family(x, sorted([*parents, c])) for c in before if c not in parents}
        best = max(grown, key=lambda c: grown[c], default=None)
        if best is None or grown[best] <= score + 1e-9:
            break
        parents, score = sorted([*parents, best]), grown[best]
    while parents:
        shrunk = {p: family(x, [q for q in parents if q != p]) for p in parents}
        worst = max(shrunk, key=lambda p: shrunk[p])
        if shrunk[worst] <= score + 1e-9:
            break
        parents, score = [q for q in parents if q != worst], shrunk[worst]
    return parents


def score_of_order(order: Sequence[int], family: Family) -> float:
    """The sum over columns with the parents that grow and shrink leave of those before them."""
    return sum(family(x, grow_shrink(x, sorted(order[:k]), family)) for k, x in enumerate(order))
