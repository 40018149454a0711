"""The loop over subsets that `separate` of each test stands for."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import mistruct as ms


def first_separating(
    ask: Callable[[tuple[int, ...]], ms.TestResult],
    candidates: list[int],
    size: int,
    alpha: float,
) -> tuple[ms.TestResult | None, tuple[int, ...], int]:
    """The result with the largest p-value, its subset, and the number of tests."""
    best: ms.TestResult | None = None
    best_set: tuple[int, ...] = (-1,) * size
    n_tests = 0
    for subset in itertools.combinations(candidates, size):
        n_tests += 1
        result = ask(subset)
        if not result.testable:
            continue
        if best is None or result.p_value > best.p_value:
            best, best_set = result, subset
        if result.p_value > alpha:
            break
    return best, best_set, n_tests
