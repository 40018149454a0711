"""Slow, obvious versions of the networks of pairwise information, to hold the fast ones against.

Written from the papers with dictionaries and loops; nothing here comes from the package under
test. Information is a mapping from pairs of names to nats, each pair once; a pair that is not there
was not estimated. Names go in alphabetical order where there is a tie.

References
----------
.. [M06] Margolin et al. (2006), "ARACNE", BMC Bioinformatics 7, S7.
.. [F07] Faith et al. (2007), "Large-scale mapping and validation of Escherichia coli
   transcriptional regulation", PLoS Biology 5, e8.
.. [M07] Meyer et al. (2007), "Information-theoretic inference of large transcriptional regulatory
   networks", EURASIP J. Bioinform. Syst. Biol. 2007, 79879.
.. [BH95] Benjamini, Hochberg (1995), "Controlling the false discovery rate", J. R. Stat. Soc. B 57.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

Pair = tuple[str, str]
Information = Mapping[Pair, float]


def of(information: Information, a: str, b: str) -> float | None:
    """The information of a pair, whichever way it is named; None where there is none."""
    return information.get((a, b), information.get((b, a)))


def names(information: Information) -> list[str]:
    """All that occur."""
    return sorted({name for pair in information for name in pair})


def explanations(information: Information, tolerance: float) -> dict[Pair, str | None]:
    """[M06], section "Algorithm": the weakest edge of each triangle is taken for indirect.

    The edge (i, j) is explained by k if its information is less than (1 - tolerance) times the
    smaller of those of (i, k) and (j, k), which must be positive. The k for which that is largest
    is named, of equal ones the first.
    """
    found: dict[Pair, str | None] = {}
    for (i, j), direct in information.items():
        best, found[i, j] = 0.0, None
        for k in names(information):
            sides = of(information, i, k), of(information, j, k)
            if k in (i, j) or sides[0] is None or sides[1] is None:
                continue
            smaller = min(sides)  # type: ignore[type-var]
            if smaller > best and direct < (1 - tolerance) * smaller:
                best, found[i, j] = smaller, k
    return found


def likelihood_of_relatedness(information: Information) -> dict[Pair, float]:
    """[F07]: sqrt(z_i^2 + z_j^2), z the deviation from the mean of a column, 0 below it."""

    def deviation(column: str, value: float) -> float:
        background = [v for pair, v in information.items() if column in pair]
        mean = math.fsum(background) / len(background)
        variance = math.fsum((v - mean) ** 2 for v in background) / len(background)
        return max(0.0, (value - mean) / math.sqrt(variance)) if variance > 0 else 0.0

    return {
        (i, j): math.hypot(deviation(i, v), deviation(j, v)) for (i, j), v in information.items()
    }


def selection_scores(
    information: Information, significant: Collection[Pair], regulators: Iterable[str]
) -> dict[Pair, float]:
    """[M07]: of each pair the larger score at which one of it was selected for the other, or 0."""
    scores = dict.fromkeys(significant, 0.0)
    pairs = {frozenset(pair): pair for pair in significant}
    for target in names(information):
        relevance = {r: of(information, r, target) for r in sorted(regulators)}
        left = [r for r in relevance if frozenset((r, target)) in pairs]
        selected: list[str] = []
        while left:
            gains = {}
            for candidate in left:
                shared = [of(information, candidate, s) for s in selected]
                gains[candidate] = relevance[candidate] - sum(shared) / max(len(shared), 1)
            best = max(left, key=lambda r: gains[r])
            if not gains[best] > 0:
                break
            pair = pairs[frozenset((best, target))]
            scores[pair] = max(scores[pair], gains[best])
            left.remove(best)
            selected.append(best)
    return scores


def hub_weights(scores: Mapping[Pair, float]) -> dict[Pair, float]:
    """The weight of each direction, from the information of all.

    Each target has one vote, shared by the fourth power of the information of its sources. A
    weight is the votes of the source to the power of 3/4, times the information relative to the
    root of the sum of squares of its target, to which a twentieth of its mean over targets is
    added that have any.
    """

    def power_sum(target: str, power: int) -> float:
        return math.fsum(s**power for (_, t), s in scores.items() if t == target)

    votes = dict.fromkeys((name for pair in scores for name in pair), 0.0)
    for (source, target), score in scores.items():
        votes[source] += score**4 / power_sum(target, 4) if score else 0.0
    squares = {target: power_sum(target, 2) for _, target in scores}
    least = math.fsum(squares.values()) / max(sum(s > 0 for s in squares.values()), 1) / 20
    return {
        (source, target): votes[source] ** 0.75 * score / (squares[target] + least) ** 0.5
        if score
        else 0.0
        for (source, target), score in scores.items()
    }


def passing(p_values: Collection[float], n_tests: int, alpha: float, correction: str) -> list[bool]:
    """Which p-values pass, of `n_tests` of which those that are not given are larger."""
    if correction == "none":
        return [p <= alpha for p in p_values]
    if correction == "bonferroni":
        return [p * n_tests <= alpha for p in p_values]
    # [BH95]: the largest k for which the k-th smallest p-value is at most k alpha / m.
    steps = [k for k, p in enumerate(sorted(p_values), 1) if p <= alpha * k / n_tests]
    largest = sorted(p_values)[max(steps) - 1] if steps else -1.0
    return [p <= largest for p in p_values]
