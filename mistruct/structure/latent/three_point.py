r"""Probability of an arrowhead, from the information of three columns.

In x - z - y, x and y not adjacent, the set u separates x and y with z or without it. Conditioning
on z as well changes their information by :math:`I(x; y; z | u) = I(x; y | u) - I(x; y | u, z)`.
Where that is negative z is a collider, where it is positive it is none, and n times it is the
logarithm of how much more likely the one is than the other (Verny, Sella, Affeldt, Singh and
Isambert 2017). With :math:`e = \exp(n I)`, both arrowheads of a collider have the probability
:math:`(1 + e) / (1 + 3 e)`; an arrowhead at z of probability P, in a triple with no collider, makes
the tail at z and the arrowhead at y so probable as :math:`(1 / (1 + 1 / e) - 1/2) P + 1/2`.

What a sample shows is larger than the truth by about what a penalty takes off, so the information
is that less :math:`\mathrm{dof} \log(n) / 2 n`, and 0 where this is negative, since the sign of a
difference must not rest on it (Cabeli, Li, Ribeiro-Dantas, Simon and Isambert 2021).
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from mistruct._typing import Floats
from mistruct.data.dataset import Dataset
from mistruct.independence.base import IndependenceTest
from mistruct.independence.protocol import Given, Ragged, TestBatch
from mistruct.structure.causal.v_structures import Triple

End = tuple[int, int]


class ThreePoints(NamedTuple):
    """The value of n I(x; y; z | u) for each triple; NaN if no set or no information is known.

    Attributes
    ----------
    penalised : ndarray of float
        From the information less its penalty, so 0 where neither is sure.
    corrected : ndarray of float
        From the information less its bias.
    """

    penalised: Floats
    corrected: Floats


def three_point_information(
    data: Dataset,
    test: IndependenceTest,
    triples: Sequence[Triple],
    separating_sets: Mapping[End, Given],
    alpha: float,
) -> ThreePoints:
    """The information of three columns, for each triple."""
    known = [k for k, t in enumerate(triples) if (t.x, t.y) in separating_sets]
    pairs = np.array([(triples[k].x, triples[k].y) for k in known], dtype=np.int64).reshape(-1, 2)
    without, given = [], []
    for k in known:
        t = triples[k]
        u = tuple(sorted(set(separating_sets[t.x, t.y]) - {t.middle}))
        without.append(u)
        given.append((*u, t.middle))
    found = ThreePoints(*np.full((2, len(triples)), np.nan))
    if known:
        alone = test.test_each(data, pairs, Ragged.of(without), alpha)
        together = test.test_each(data, pairs, Ragged.of(given), alpha)
        for values, signal in zip(found, (_signal, _corrected), strict=True):
            with np.errstate(invalid="ignore"):  # of copies of a column both may be infinite
                values[known] = signal(alone) - signal(together)
    return found


def _signal(tests: TestBatch) -> Floats:
    """Number of rows times the information, less the penalty, at least 0."""
    n = np.maximum(tests.n_samples, 1)
    penalty = np.where(tests.dof > 0, tests.dof * np.log(n) / 2, n * tests.bias)
    return np.maximum(n * tests.mi - penalty, 0.0)


def _corrected(tests: TestBatch) -> Floats:
    """Estimate of n times the information, less what is expected of none."""
    return tests.n_samples * (tests.mi - tests.bias)


def arrow_probabilities(triples: Sequence[Triple], information: Floats) -> dict[End, float]:
    """The probability of an arrowhead at v for edges (u, v); those that are absent have 1/2.

    Ends are decided one after another, the surest first, and what is decided decides on others.
    """
    through: dict[End, list[tuple[int, float]]] = {}
    queue: list[tuple[float, End, bool]] = []  # less the probability, the end, whether of a head
    for t, signal in zip(triples, information.tolist(), strict=True):
        if signal < 0:
            e = np.exp(signal)
            for x in (t.x, t.y):
                heapq.heappush(queue, (-(1 + e) / (1 + 3 * e), (x, t.middle), True))
        elif signal > 0:
            through.setdefault((t.x, t.middle), []).append((t.y, signal))
            through.setdefault((t.y, t.middle), []).append((t.x, signal))
    decided: dict[End, float] = {}
    while queue:
        less, (u, v), head = heapq.heappop(queue)
        if (u, v) in decided:
            continue
        decided[u, v] = -less if head else 1 + less
        for w, signal in through.get((u, v), ()) if head else ():
            follows = -less * (expit(signal) - 0.5) + 0.5
            if decided.get((w, v), 0.0) <= 0.5:
                heapq.heappush(queue, (-follows, (w, v), False))
                heapq.heappush(queue, (-follows, (v, w), True))
    return decided
