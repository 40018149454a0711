r"""Search for the significant pairs of columns, among up to 200 million.

The p-value of an estimate is looked up where the null of its pair is (see `pair_nulls`), block by
block, and only pairs with a p-value of at most alpha are kept. The rest can pass no correction
(see `multiple_testing`).

Where a null is only near the truth, the p-value is the larger of its own and that of a check of the
pair alone. The first is a lower bound then, so that only pairs which pass by it need the check.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct._typing import Floats
from mistruct.data.dataset import Dataset
from mistruct.independence.base import IndependenceTest
from mistruct.independence.multiple_testing import Correction, threshold
from mistruct.independence.pair_nulls import (
    ByTest,
    Check,
    Reference,
    column_class,
    reference,
)
from mistruct.information.base import Estimator
from mistruct.information.counts.plug_in import PlugIn
from mistruct.information.null_distributions import NullDistribution
from mistruct.parallel import run_blocks

Places = NDArray[np.int32]

# Entries of a matrix that are looked up at a time, and pairs that are tested one by one.
_ENTRIES_AT_ONCE = 1_000_000
_PAIRS_AT_ONCE = 200_000

# Estimates of equal information may differ by so many times the spacing of numbers.
_ROUNDING = 16


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of columns that pass, by row, then by column.

    Attributes
    ----------
    row, column : ndarray of int, shape (n_pairs,)
        Their place in the matrix of information.
    p_value : ndarray of float, shape (n_pairs,)
        Not corrected.
    """

    row: Places
    column: Places
    p_value: Floats

    def take(self, chosen: NDArray[Any]) -> Pairs:
        """Select some of the pairs."""
        return Pairs(self.row[chosen], self.column[chosen], self.p_value[chosen])


class _Found(NamedTuple):
    """Pairs that may be significant, and the check that must confirm them, -1 for none."""

    row: Places
    column: Places
    p_value: Floats
    confirming: NDArray[np.int8]


class _Block(NamedTuple):
    """Block of the matrix whose pairs have the same null distribution."""

    held_against: Reference
    rows: Places
    columns: Places
    critical: float


def significant_pairs(
    data: Dataset,
    estimator: Estimator,
    mi: NDArray[Any],
    rows: NDArray[np.int64],
    alpha: float | None,
    correction: Correction,
    test: IndependenceTest | None = None,
) -> Pairs:
    """Find the significant pairs of a matrix of information.

    Parameters
    ----------
    data : Dataset
        Columns that all vary.
    estimator : estimator
        What the matrix is of.
    mi : ndarray of float, shape (n_rows, n_variables)
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
    """
    lookup = _Lookup(data, estimator, mi, rows, alpha, test)
    row, column, p_value, confirming = map(np.concatenate, zip(*lookup.find(), strict=True))
    order = np.lexsort([column, row])
    pairs, confirming = Pairs(row, column, p_value).take(order), confirming[order]
    del row, column, p_value, order  # there may be tens of millions
    n_tests = count_tests(len(rows), data.n_variables)
    passing = pairs.p_value <= threshold(pairs.p_value, n_tests, alpha, correction)
    pairs = lookup.confirm(pairs.take(passing), confirming[passing])
    return pairs.take(pairs.p_value <= threshold(pairs.p_value, n_tests, alpha, correction))


def why_none(
    data: Dataset,
    estimator: Estimator,
    mi: NDArray[Any],
    rows: NDArray[np.int64],
    alpha: float,
    correction: Correction,
    test: IndependenceTest | None = None,
) -> str:
    """Explain that no pair is significant: the strongest p-value, and the one it would need."""
    n_tests = count_tests(len(rows), data.n_variables)
    level = alpha if correction == "none" else alpha / n_tests
    known = np.where(np.isnan(mi), -np.inf, mi)
    row, column = np.unravel_index(int(known.argmax()), known.shape)
    x, y = int(rows[row]), int(column)
    names = data.names[x], data.names[y]
    start = (
        f"no pair is significant at alpha {alpha:g} ({correction}, {n_tests:,} pairs): the largest "
        f"mi is {mi[row, column]:.3g} nats, of {names[0]!r} and {names[1]!r}"
    )
    held_against = reference(estimator, data, *names)
    if test is None and held_against.null is not None and not held_against.counted:
        needed = _critical(held_against.null, level)
        if needed > mi[row, column]:
            return f"{start}, and one pair alone needs {needed:.3g}"
    check = held_against.check if test is None else ByTest(test)
    p_value = check.p_values(data, np.array([[x, y]]))[0]
    return f"{start}, with a p-value of {p_value:.2g}, and one pair alone needs {level:.2g}"


def count_tests(n_rows: int, n_columns: int) -> int:
    """Number of different pairs of columns, one of them among `n_rows`."""
    return n_rows * (n_columns - n_rows) + n_rows * (n_rows - 1) // 2


class _Lookup:
    """The p-values of a matrix, by blocks of columns that are alike."""

    def __init__(
        self,
        data: Dataset,
        estimator: Estimator,
        mi: NDArray[Any],
        rows: NDArray[np.int64],
        alpha: float | None,
        test: IndependenceTest | None,
    ) -> None:
        self.data, self.estimator, self.mi, self.rows = data, estimator, mi, rows
        self.alpha = 1.0 if alpha is None else alpha
        self.is_row = np.zeros(data.n_variables, dtype=np.bool_)
        self.is_row[rows] = True
        self.blocks = list(self._alone(test) if test is not None else self._by_classes())
        checks = (b.held_against.check for b in self.blocks)
        self.checks = list(dict.fromkeys(c for c in checks if c is not None))
        self.counted = self._counted()

    def _alone(self, test: IndependenceTest) -> Iterator[_Block]:
        everything = np.arange(self.data.n_variables, dtype=np.int32)
        of_rows = np.arange(len(self.rows), dtype=np.int32)
        yield from self._cut(Reference(None, ByTest(test)), of_rows, everything)

    def _by_classes(self) -> Iterator[_Block]:
        data = self.data
        classes: dict[Any, list[int]] = {}
        for position, name in enumerate(data.names):
            classes.setdefault(column_class(self.estimator, data, name), []).append(position)
        columns = [np.array(positions, dtype=np.int32) for positions in classes.values()]
        for of_x in columns:
            of_rows = np.searchsorted(self.rows, of_x[self.is_row[of_x]]).astype(np.int32)
            for of_y in columns:
                x = of_x[self.is_row[of_x]][:1]
                y = of_y[of_y != x][:1] if x.size else x
                if y.size:
                    names = (data.names[p] for p in (x[0], y[0]))
                    yield from self._cut(reference(self.estimator, data, *names), of_rows, of_y)

    def _cut(self, held_against: Reference, rows: Places, columns: Places) -> Iterator[_Block]:
        null = held_against.null
        many = len(rows) * len(columns) > _ENTRIES_AT_ONCE // 10
        critical = _critical(null, self.alpha) if many and null is not None else -np.inf
        at_once = _PAIRS_AT_ONCE if null is None else _ENTRIES_AT_ONCE
        step = max(1, at_once // len(columns))
        for a in range(0, len(rows), step):
            yield _Block(held_against, rows[a : a + step], columns, critical)

    def _counted(self) -> NDArray[Any]:
        """Plug-in information of the discrete columns, if the matrix holds another estimate."""
        if not any(b.held_against.counted for b in self.blocks):
            return self.mi
        seen = self.estimator.view(self.data)
        if self.estimator.choose(self.data, seen.discrete) == PlugIn():
            return self.mi
        discrete = seen.discrete_mask
        counted = np.full_like(self.mi, np.nan)
        places, columns = np.flatnonzero(discrete[self.rows]), np.flatnonzero(discrete)
        found = PlugIn().pairwise(self.data, self.rows[places], columns, self.mi.dtype)
        counted[np.ix_(places, columns)] = found
        return counted

    def find(self) -> list[_Found]:
        """Find all pairs that may be significant."""
        nothing = np.empty(0, dtype=np.int32)
        by_null = [b for b in self.blocks if b.held_against.null is not None]
        alone = [b for b in self.blocks if b.held_against.null is None]
        return [
            _Found(nothing, nothing, np.empty(0), nothing.astype(np.int8)),
            *run_blocks(self._look_up, by_null, description="significance"),
            *map(self._alone_checked, alone),  # a check has threads of its own
        ]

    def _look_up(self, block: _Block) -> _Found:
        """Pairs with p-values of at most alpha by their null distribution."""
        null, check, counted = block.held_against
        columns = self._after(block)
        values = (self.counted if counted else self.mi)[block.rows][:, columns]
        row, column = np.nonzero((values >= block.critical) & self._are_pairs(block.rows, columns))
        statistics = values[row, column]
        lower = _ROUNDING * float(np.finfo(values.dtype).eps)
        statistics = statistics * np.where(statistics > 0, 1 - lower, 1 + lower)
        code = self.checks.index(check) if check is not None else -1
        return self._keep(block.rows[row], columns[column], null.p_values(statistics), code)

    def _alone_checked(self, block: _Block) -> _Found:
        """Pairs with p-values of at most alpha by a check."""
        columns = self._after(block)
        places = np.nonzero(self._are_pairs(block.rows, columns))
        row, column = block.rows[places[0]], columns[places[1]]
        return self._keep(row, column, self._checked(block.held_against.check, row, column), -1)

    def _keep(self, row: Places, column: Places, p_value: Floats, code: int) -> _Found:
        keep = p_value <= self.alpha
        codes = np.full(int(keep.sum()), code, dtype=np.int8)
        return _Found(row[keep], column[keep], p_value[keep], codes)

    def _checked(self, check: Check, row: Places, column: Places) -> Floats:
        pairs = np.column_stack([self.rows[row], column.astype(np.int64)])
        parts = [
            check.p_values(self.data, pairs[a : a + _PAIRS_AT_ONCE])
            for a in range(0, len(pairs), _PAIRS_AT_ONCE)
        ]
        return np.concatenate([np.empty(0), *parts])

    def _after(self, block: _Block) -> Places:
        """The columns of a block that can be the second of a pair with one of its rows."""
        first = self.rows[block.rows[0]]
        return np.asarray(block.columns[~self.is_row[block.columns] | (block.columns > first)])

    def _are_pairs(self, rows: Places, columns: Places) -> NDArray[np.bool_]:
        """Mask of the first occurrence of each pair; two rows count once."""
        later = columns > self.rows[rows][:, np.newaxis]
        return np.asarray(later | ~self.is_row[columns])

    def confirm(self, pairs: Pairs, codes: NDArray[np.int8]) -> Pairs:
        """Confirm pairs: raise their p-values to those of their checks."""
        p_value = pairs.p_value.copy()
        for code, check in enumerate(self.checks):
            some = np.flatnonzero(codes == code)
            checked = self._checked(check, pairs.row[some], pairs.column[some])
            p_value[some] = np.maximum(p_value[some], np.nan_to_num(checked, nan=1.0))
        return Pairs(pairs.row, pairs.column, p_value)


def _critical(null: NullDistribution, alpha: float) -> float:
    """A little less than the smallest estimate with a p-value of at most `alpha`."""
    low, high = -1.0, 1.0
    while null.p_values(np.array([high]))[0] > alpha and high < 1e6:
        high *= 2.0
    if null.p_values(np.array([low]))[0] <= alpha:
        return -np.inf
    for _ in range(50):
        middle = (low + high) / 2
        if null.p_values(np.array([middle]))[0] > alpha:
            low = middle
        else:
            high = middle
    return low * (1 - 1e-6) if low > 0 else low
