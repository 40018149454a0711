r"""Search for the significant pairs of columns among billions.

The p-value of an estimate is looked up where the null of its pair is (see `pair_nulls`), panel by
panel of the matrix of information, and only pairs that may pass are kept: with a p-value of at most
alpha / m under Bonferroni's correction of m tests, and of at most alpha otherwise.

Of 5 billion pairs without any dependence 250 million have a p-value of at most 0.05. Where there
are so many, Benjamini and Hochberg's rule looks at the panels twice. The first time it counts the
pairs with p-values of at most :math:`t_k = \alpha 2^{-k/4}`. The cut is the largest p-value with
:math:`p \le \alpha N(p) / m`, N(p) being the number of those that are no larger. If it lies in
:math:`(t_{k+1}, t_k]`, it is at most :math:`\alpha N(t_k) / m`, so only intervals with
:math:`t_{k+1} < \alpha N(t_k) / m` can hold it; the highest of these bounds what has to be kept the
second time. The pairs that pass are the same.

Where only the best pairs of each column are kept, even the significant ones may be too many to
hold. Then the p-values alone are looked at once more, from the largest
:math:`t_j \le \alpha N(t_j) / m` to that bound. The cut lies between them, and with it a pair
passes or not as soon as it is seen.

Where a null is only near the truth, the p-value is the larger of its own and that of a check of the
pair alone. The first is a lower bound then, so that only pairs which pass by it need the check.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Floats
from mistruct.data.dataset import Dataset
from mistruct.independence.base import IndependenceTest
from mistruct.independence.multiple_testing import Correction, bound_of_cut, threshold
from mistruct.independence.pair_nulls import ByTest, reference
from mistruct.information.base import Estimator
from mistruct.information.panels import Panel, Panels
from mistruct.structure.networks.best_pairs import BestPairs
from mistruct.structure.networks.pair_search import Found, PairSearch, Places, critical_value

# So many pairs at most are kept because their p-values are at most alpha: half a gigabyte.
_MOST_KEPT = 20_000_000

_LEVELS_PER_OCTAVE = 4


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of columns that pass, by row, then by column.

    Attributes
    ----------
    row, column : ndarray of int, shape (n_pairs,)
        Their place in the matrix of information.
    mi : ndarray of float, shape (n_pairs,)
        What stands there, in nats.
    p_value : ndarray of float, shape (n_pairs,)
        Not corrected.
    """

    row: Places
    column: Places
    mi: NDArray[Any]
    p_value: Floats


class Beside(Protocol):
    """Observer of the panels while pairs are searched in them."""

    def see(self, panel: Panel) -> Any:
        """Observe one panel."""
        ...

    def add(self, part: Any) -> None:
        """Take notice of what `see` returned, in the order of the panels."""
        ...


@dataclass(frozen=True)
class _Look:
    """Search in one panel, as an object that can go to another process."""

    search: PairSearch
    beside: Beside | None

    def __call__(self, panel: Panel) -> tuple[Found, Any]:
        part = None if self.beside is None else self.beside.see(panel)
        return self.search.look(panel), part


def significant_pairs(
    data: Dataset,
    estimator: Estimator,
    panels: Panels,
    rows: NDArray[np.int64],
    alpha: float | None,
    correction: Correction,
    test: IndependenceTest | None = None,
    beside: Beside | None = None,
    n_edges: int | None = None,
) -> Pairs:
    """Find the significant pairs of a matrix of information.

    Parameters
    ----------
    data : Dataset
        Columns that all vary.
    estimator : estimator
        What the matrix is of.
    panels : Panels
        Estimates in nats between the columns at `rows` and all columns.
    rows : ndarray of int, shape (n_rows,)
        Positions of columns, ascending. A pair of two of them is tested once, as that of the first
        with the second.
    alpha : float or None
        Level; None lets every pair pass that can be tested.
    correction : {"bh", "bonferroni", "none"}
        Whether `alpha` bounds the expected share of false pairs, the chance of any, or the chance
        of each pair alone.
    test : test, optional
        Of each pair on its own, instead of the null of the estimator.
    beside : Beside, optional
        What else looks at the panels.
    n_edges : int, optional
        Of the significant pairs only those that are among so many of largest information of one of
        their columns.
    """
    search = PairSearch(data, estimator, rows, test)
    n_tests = count_tests(len(rows), data.n_variables)
    rule = n_tests, alpha, correction
    if n_edges is not None and _keeps_the_best(search, *rule):
        best = BestPairs(n_edges, rows, data.n_variables)
        search.keep(_cut(search, panels, *rule), best.least)
        for of_panel in _looked_at(search, panels, beside):
            best.add(of_panel)
        return _as_pairs(best.ranked(panels.dtype))
    search.keep(_level(search, panels, *rule))
    found = Found.join(list(_looked_at(search, panels, beside)), panels.dtype)
    found = found.take(found.p_value <= threshold(found.p_value, *rule))
    found = search.confirm(found)
    found = found.take(found.p_value <= threshold(found.p_value, *rule))
    if n_edges is not None:
        best = BestPairs(n_edges, rows, data.n_variables)
        best.add(found)
        found = best.ranked(panels.dtype)
    return _as_pairs(found)


def passes(
    data: Dataset,
    estimator: Estimator,
    panels: Panels,
    rows: NDArray[np.int64],
    alpha: float | None,
    correction: Correction,
    test: IndependenceTest | None = None,
    beside: Beside | None = None,
    n_edges: int | None = None,
) -> Iterator[Any]:
    """Objects that `significant_pairs` shares with an executor, for each pass over the panels."""
    search = PairSearch(data, estimator, rows, test)
    n_tests = count_tests(len(rows), data.n_variables)
    at_once = n_edges is not None and _keeps_the_best(search, n_tests, alpha, correction)
    looks: list[Any] = []
    if alpha is not None and correction == "bh" and (at_once or alpha * n_tests > _MOST_KEPT):
        levels = _levels(n_tests, alpha)
        looks.append(partial(search.count, levels, search.critical_values(levels)))
        looks += [partial(search.p_values, 0.0)] if at_once else []
    for look in looks:
        yield panels.shared(look)
    if at_once:
        search.keep(1.0, BestPairs(1, rows, data.n_variables).least)
    yield panels.shared(_Look(search, beside))


def _keeps_the_best(
    search: PairSearch, n_tests: int, alpha: float | None, correction: Correction
) -> bool:
    """Whether pairs that are not among the best are dropped as they come.

    For this it has to be known when a pair is seen whether it is significant.
    """
    many = n_tests > _MOST_KEPT or alpha is None or correction != "bh"
    return many and not search.checks


def _looked_at(search: PairSearch, panels: Panels, beside: Beside | None) -> Iterator[Found]:
    """The pairs of each panel that may pass."""
    for of_panel, taken in panels.see(_Look(search, beside), in_turn=search.in_turn):
        if beside is not None:
            beside.add(taken)
        yield of_panel


def _as_pairs(found: Found) -> Pairs:
    return Pairs(found.row, found.column, found.mi, found.p_value)


def _level(
    search: PairSearch, panels: Panels, n_tests: int, alpha: float | None, correction: Correction
) -> float:
    """The largest p-value that can pass the correction."""
    if alpha is None or correction != "bh" or alpha * n_tests <= _MOST_KEPT:
        return _highest(n_tests, alpha, correction)
    return bound_of_cut(*_counts(search, panels, n_tests, alpha), n_tests, alpha)


def _cut(
    search: PairSearch, panels: Panels, n_tests: int, alpha: float | None, correction: Correction
) -> float:
    """The largest p-value that passes the correction, without keeping all that do."""
    if alpha is None or correction != "bh":
        return _highest(n_tests, alpha, correction)
    levels, counts = _counts(search, panels, n_tests, alpha)
    search.keep(bound_of_cut(levels, counts, n_tests, alpha))
    for low in [*levels[levels <= alpha * counts / n_tests], 0.0]:  # the first, nearly always
        look = partial(search.p_values, float(low))
        seen = list(panels.see(look, "p-values", in_turn=search.in_turn))
        n_low = sum(n for n, _ in seen)
        above = np.concatenate([part for _, part in seen])
        cut = threshold(above, n_tests, alpha, correction, n_low)
        if cut >= 0 or low * n_tests <= alpha * n_low:
            return max(cut, float(low))
    return -1.0


def _highest(n_tests: int, alpha: float | None, correction: Correction) -> float:
    """The largest p-value that can pass whatever the others are."""
    if alpha is None:
        return 1.0
    return alpha / n_tests if correction == "bonferroni" else alpha


def _counts(
    search: PairSearch, panels: Panels, n_tests: int, alpha: float
) -> tuple[Floats, NDArray[np.int64]]:
    """Levels, and how many pairs may have p-values of at most each."""
    levels = _levels(n_tests, alpha)
    count = partial(search.count, levels, search.critical_values(levels))
    counts = np.zeros(len(levels), dtype=np.int64)
    for of_panel in panels.see(count, "p-values", in_turn=search.in_turn):
        counts += of_panel
    return levels, counts


def _levels(n_tests: int, alpha: float) -> Floats:
    n_levels = 1 + int(np.ceil(_LEVELS_PER_OCTAVE * np.log2(n_tests)))
    return np.asarray(alpha * 0.5 ** (np.arange(n_levels) / _LEVELS_PER_OCTAVE))


def why_none(
    data: Dataset,
    estimator: Estimator,
    panels: Panels,
    rows: NDArray[np.int64],
    alpha: float,
    correction: Correction,
    test: IndependenceTest | None = None,
) -> str:
    """Explain that no pair is significant: the strongest p-value, and the one it would need."""
    n_tests = count_tests(len(rows), data.n_variables)
    level = alpha if correction == "none" else alpha / n_tests
    search = PairSearch(data, estimator, rows, test)
    mi, row, y = max(panels.see(search.largest), key=lambda found: found[0])
    x = int(rows[row])
    names = data.names[x], data.names[y]
    start = (
        f"no pair is significant at alpha {alpha:g} ({correction}, {n_tests:,} pairs): the largest "
        f"mi is {mi:.3g} nats, of {names[0]!r} and {names[1]!r}"
    )
    held_against = reference(estimator, data, *names)
    if test is None and held_against.null is not None and not held_against.counted:
        needed = critical_value(held_against.null, level)
        if needed > mi:
            return f"{start}, and one pair alone needs {needed:.3g}"
    check = held_against.check if test is None else ByTest(test)
    p_value = check.p_values(data, np.array([[x, y]]))[0]
    return f"{start}, with a p-value of {p_value:.2g}, and one pair alone needs {level:.2g}"


def count_tests(n_rows: int, n_columns: int) -> int:
    """Number of different pairs of columns, one of them among `n_rows`."""
    return n_rows * (n_columns - n_rows) + n_rows * (n_rows - 1) // 2
